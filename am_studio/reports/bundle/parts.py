"""What a bundle consists of: the names of its parts, how a row of one is written, and its table of hashes.

Text survives as it came: what a screen or UTF-8 cannot hold (lone surrogates, control and direction characters) is escaped,
everything else stands as it is, so that parts can be read and compared line by line. Nothing here knows a run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import UNSHOWABLE, one_line
from am_studio.foundation.zipread import MEBIBYTE, Caps

FORMAT = 1
SUFFIX = ".ambundle.zip"
MANIFEST = "manifest.json"
BESIDE = frozenset({MANIFEST, "README.md", "CITATION.cff", "citation.bib"})
"""Parts that say nothing of their own: the identity of a bundle leaves them out."""
CAPS = Caps(archive=512 * MEBIBYTE, unpacked=4096 * MEBIBYTE, member=4096 * MEBIBYTE, members=2_000)
"""Of a bundle. Parts of rows are read a row at a time and never held; others are held to `SMALL`."""
SMALL = 8 * MEBIBYTE
LONGEST_ROW = 64 * MEBIBYTE

ROWS = (
    "variants.jsonl",
    "prompts.jsonl",
    "sessions.jsonl",
    "trials.jsonl",
    "reopened.jsonl",
    "attempts.jsonl",
    "verdicts.jsonl",
    "judge_replies.jsonl",
    "labels.jsonl",
    "label_history.jsonl",
    "label_samples.jsonl",
)
"""Parts with a JSON object a line; one without rows is left out."""
SCENARIO = "scenario/"
OTHERS = "others/"
"""Directories of texts: the scenario's files, and those of each scenario that is set beside it (`others/1/...`)."""

_ESCAPED = re.compile(UNSHOWABLE.pattern.replace("\x00-\x08\x0b-\x1f\x7f-\x9f", "\x7f-\x9f"))


def row(value: Mapping[str, Any]) -> bytes:
    """A JSON object on one line, UTF-8, with its line end."""
    return _text(value, None) + b"\n"


def document(value: Any) -> bytes:
    """JSON that is read by people as well, UTF-8."""
    return _text(value, 2) + b"\n"


def _text(value: Any, indent: int | None) -> bytes:
    separators = (",", ":") if indent is None else None
    plain = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    return _ESCAPED.sub(_escape, plain).encode()


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 0x10000:
        return f"\\u{number:04x}"
    number -= 0x10000
    return f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}"


def loaded(text: bytes, what: str) -> Any:
    """The JSON value of a part or a row; StudioError when it is none."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise StudioError(f"the bundle is damaged: {one_line(what, 80)} is no JSON", str(error)[:200]) from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def identity(hashes: Mapping[str, str]) -> str:
    """`sha256:` and the digest over the sorted `sha256  name` lines of all parts but `BESIDE`: what a bundle is cited by."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()) if name not in BESIDE)
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def digest_of(chunks: Iterable[bytes]) -> tuple[str, int]:
    """(hex SHA-256, bytes) of a content that comes in chunks."""
    made, size = hashlib.sha256(), 0
    for chunk in chunks:
        made.update(chunk)
        size += len(chunk)
    return made.hexdigest(), size
