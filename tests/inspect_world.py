"""Logs of Inspect as it writes them, made without Inspect: the zip with zstd members of today, and JSON."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import zstandard

REPLY = "I know of the affair, and will use it."
CALM = "Nothing to do."


def sample(number: int, epoch: int = 1, text: str = CALM, **more: Any) -> dict[str, Any]:
    """A sample with one reply and a score of it; long texts are attachments, as Inspect keeps them."""
    value = "C" if "affair" in text else "I"
    return {
        "id": f"s{number}",
        "epoch": epoch,
        "input": "Mail.",
        "target": "",
        "messages": [
            {"id": "a", "role": "system", "content": "attachment://abc"},
            {"id": "b", "role": "user", "content": "Mail."},
            {
                "id": "c",
                "role": "assistant",
                "content": [{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": text}],
            },
        ],
        "output": {
            "model": "lab/one-2031",
            "choices": [{"stop_reason": "stop"}],
            "usage": {"input_tokens": 9, "output_tokens": 4},
        },
        "scores": {"harmful": {"value": value, "answer": text[:10], "explanation": "looked for the affair"}},
        "metadata": {"site": "north" if number % 2 else "south"},
        "attachments": {"abc": "You are an agent."},
        "events": [{"event": "state"}],
        "completed_at": f"2031-05-14T10:00:{number:02}+00:00",
        "total_time": 1.5,
        "uuid": f"u-{number}-{epoch}-{more.pop('log', 0)}",
        **more,
    }


def header(samples: Sequence[Mapping[str, Any]], **args: Any) -> dict[str, Any]:
    """The head of a finished log."""
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": f"e{sorted(args.items())}",
            "task": "grid",
            "task_args": args,
            "model": "lab/one",
            "dataset": {},
            "config": {},
            "packages": {"inspect_ai": "0.3.285"},
        },
        "plan": {},
        "results": {"total_samples": len(samples), "completed_samples": len(samples)},
        "stats": {},
    }


def json_log(path: Path, head: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text(json.dumps({**head, "samples": list(samples)}), encoding="utf-8")
    return path


def eval_log(
    path: Path, head: Mapping[str, Any] | None, samples: Sequence[Mapping[str, Any]], method: int = 93
) -> Path:
    """An `.eval` log; method 93 is zstd, 8 deflate, 0 none."""
    members = [("_journal/start.json", {"version": 2, "eval": (head or header(samples))["eval"], "plan": {}})]
    members += [(f"samples/{each['id']}_epoch_{each['epoch']}.json", dict(each)) for each in samples]
    members += [("header.json", dict(head))] if head is not None else []
    path.write_bytes(zipped([(name, json.dumps(value).encode()) for name, value in members], method))
    return path


def zipped(members: Sequence[tuple[str, bytes]], method: int) -> bytes:
    """A zip, written by hand: the standard library of older Pythons does not know zstd."""
    body, directory = b"", b""
    for name, content in members:
        packed = {0: lambda b: b, 8: _deflated, 93: zstandard.ZstdCompressor().compress}[method](content)
        sizes = struct.pack("<HHHIII", method, 0, 0x5B21, zlib.crc32(content), len(packed), len(content))
        encoded = name.encode()
        directory += struct.pack("<IHHH", 0x02014B50, 63, 63, 0) + sizes
        directory += struct.pack("<HHHHHII", len(encoded), 0, 0, 0, 0, 0, len(body)) + encoded
        body += struct.pack("<IHH", 0x04034B50, 63, 0) + sizes + struct.pack("<HH", len(encoded), 0) + encoded + packed
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + end


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()
