"""What a faulty provider sends instead of a true answer: refusals, answers with something wrong in them, huge answers."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from am_studio.models.serving.faults import Fault
from am_studio.models.serving.refusals import error_body

MIB = 1 << 20
JSON = "application/json"
HTML = "text/html; charset=utf-8"
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Welcome</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whole."""

    status: int
    body: bytes
    type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(fault: Fault, key: str) -> Answer | None:
    """The refusal that this fault is, or None when it is none. `key` is what the client sent in `Authorization`."""
    match fault.name:
        case "rate":
            return _limited(f"{fault.extra:.3f}", {"retry-after-ms": f"{fault.extra * 1000:.0f}"})
        case "429":
            return _limited(f"{fault.extra:g}")
        case "429date":
            moment = datetime.now(UTC) + timedelta(seconds=fault.extra)
            return _limited(format_datetime(moment, usegmt=True))
        case "storm" | "500":
            return Answer(500, error_body(500, "The server had an error while processing your request."))
        case "502":
            return Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", HTML)
        case "503":
            told = "The engine is currently overloaded."
            return Answer(503, error_body(503, told), headers={"Retry-After": f"{fault.extra:g}"})
        case "529":
            return Answer(529, error_body(529, "Overloaded."))
        case "400":
            return Answer(400, error_body(400, "This request is malformed, by the fault '400'."))
        case "401":
            told = f"Incorrect API key provided: {key.removeprefix('Bearer ')}."
            return Answer(401, error_body(401, told, code="invalid_api_key"))
        case "403":
            return Answer(403, error_body(403, "This key may not use this model."))
        case "404":
            return Answer(404, error_body(404, "The model does not exist.", code="model_not_found"))
    return None


def _limited(retry_after: str, more: Mapping[str, str] | None = None) -> Answer:
    told = "Rate limit reached; slow down."
    headers = {"Retry-After": retry_after, **(more or {})}
    return Answer(429, error_body(429, told, code="rate_limit_exceeded"), headers=headers)


def spoiled(fault: Fault, true: Mapping[str, Any]) -> Answer | None:
    """The answer with something wrong in it, made from the true one; None when this fault is of another kind."""
    alter = _ALTERED.get(fault.name)
    if alter is not None:
        changed: dict[str, Any] = json.loads(json.dumps(true))
        alter(changed)
        return Answer(200, json.dumps(changed).encode())
    match fault.name:
        case "html":
            return Answer(200, _PAGE, HTML)
        case "truncate":
            body = json.dumps(true).encode()
            return Answer(200, body[: len(body) // 2])
        case "deep":
            return Answer(200, _deep(int(fault.extra)))
        case "big":
            before, after = _around(true)
            return Answer(200, before + b"a" * int(fault.extra * MIB) + after)
        case "gzipbomb":
            # The answer's id and time are left as they are in the first one: packing a gigabyte takes a while.
            return Answer(200, gzip_bomb(int(fault.extra)), headers={"Content-Encoding": "gzip"})
    return None


def _no_choices(answer: dict[str, Any]) -> None:
    answer["choices"] = []


def _null(answer: dict[str, Any]) -> None:
    answer["choices"][0]["message"] = {"role": "assistant", "content": None}


def _nul(answer: dict[str, Any]) -> None:
    message = answer["choices"][0]["message"]
    message["content"] = f"\x00\ud800{message['content'] or ''}\udfff\x00"


def _giant(answer: dict[str, Any]) -> None:
    answer["usage"] = {"prompt_tokens": 10**30, "completion_tokens": 10**30, "total_tokens": 2 * 10**30}


def _filtered(answer: dict[str, Any]) -> None:
    answer["choices"][0].update(message={"role": "assistant", "content": ""}, finish_reason="content_filter")


_ALTERED: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "nochoices": _no_choices,
    "null": _null,
    "nul": _nul,
    "giant": _giant,
    "filter": _filtered,
}


@lru_cache(maxsize=4)
def _deep(levels: int) -> bytes:
    return b'{"choices": ' + b"[" * levels + b"]" * levels + b"}"


def _around(true: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The bytes of an answer before and after its text."""
    mark = "the text goes here"
    choice = {"index": 0, "message": {"role": "assistant", "content": mark}, "finish_reason": "stop"}
    before, _, after = json.dumps({**true, "choices": [choice]}).partition(mark)
    return before.encode(), after.encode()


@lru_cache(maxsize=4)
def gzip_bomb(mebibytes: int) -> bytes:
    """A gzip file of about a thousandth of the size of the answer in it.

    A deflate block that was flushed in full can be repeated: so a gigabyte is packed once a mebibyte.
    """
    before, after = _around({"object": "chat.completion", "model": "sim/strategist"})
    block = b"a" * MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    repeated = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(after) + packer.flush(zlib.Z_FINISH)
    check = zlib.crc32(before)
    for _ in range(mebibytes):
        check = zlib.crc32(block, check)
    check = zlib.crc32(after, check)
    size = len(before) + mebibytes * MIB + len(after)
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return header + start + repeated * mebibytes + end + struct.pack("<II", check, size & 0xFFFFFFFF)
