"""Content hashes: one canonical form, one algorithm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces, ASCII only (lone surrogates survive as escapes)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256_text(text: str) -> str:
    """`sha256:` and the hex digest of the text as UTF-8; lone surrogates are hashed as they stand."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hash_json(value: Any) -> str:
    """`sha256:` and the hex digest of the canonical JSON of a value."""
    return sha256_text(canonical_json(value))


def hash_messages(messages: tuple[tuple[str, str], ...]) -> str:
    """`hash_json` of the (role, text) pairs of a prompt, which is asked for by whoever sends it and by whoever gets it."""
    found = _MESSAGES.get(messages)
    return hash_json(messages) if found is None else found


def json_piece(text: str) -> str:
    """A stretch of a text as canonical JSON has it; the pieces of a text joined are the text's own piece."""
    return canonical_json(text)[1:-1]


def hash_of_pieces(messages: tuple[tuple[str, str], ...], pieces: Iterable[Iterable[str]]) -> str:
    """`hash_messages` of these messages, whose texts come as `json_piece`s; kept for whoever asks for it next."""
    parts = ("".join((f'["{role}","', *text, '"]')) for (role, _), text in zip(messages, pieces, strict=True))
    digest = sha256_text(f"[{','.join(parts)}]")
    if len(_MESSAGES) >= _KEPT:
        with suppress(KeyError, StopIteration, RuntimeError):  # another thread may be at it
            del _MESSAGES[next(iter(_MESSAGES))]
    _MESSAGES[messages] = digest
    return digest


_KEPT = 256
_MESSAGES: dict[tuple[tuple[str, str], ...], str] = {}
