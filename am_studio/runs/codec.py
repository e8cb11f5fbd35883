"""Records as bytes and back: JSON, compressed, with a digest that ties them to their row.

Text survives as it came, lone surrogates and NUL included. What a run file holds may come from a stranger: sizes are
capped before anything is unpacked, and content that is not what it should be is told as damage, never as an exception
of another kind.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import zstandard
from pydantic_core import PydanticSerializationError, to_json

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hashing import canonical_json, hash_json
from am_studio.records import Answer, Evidence, FunctionCall, Intent, ModelFailure, Reply, Usage, Verdict

LARGEST = 64 * 1024 * 1024
"""The most that one row may unpack to, in bytes."""
_LEVEL = 3
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)

T = TypeVar("T")


class Damage(StudioError):
    """A row of a run file is not what was written into it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"the run file is damaged: {what}", why, "use a copy; what is whole can still be read", exit_code=1
        )


class _Tools(threading.local):
    """zstandard's objects, one pair a thread: shared by two they give one row the content of another."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_TOOLS = _Tools()


def pack(value: Any) -> bytes:
    """A JSON value as compressed bytes; text may hold any code point."""
    try:
        plain = to_json(value, inf_nan_mode="constants")
    except PydanticSerializationError:  # lone surrogates, which no UTF-8 has; four times as slow
        plain = _ENCODER.encode(value).encode("utf-8", "surrogatepass")
    return _TOOLS.compressor.compress(plain)


def unpack(body: bytes, what: str) -> Any:
    """The value that was packed; Damage when the bytes are something else, or unpack to more than `LARGEST`."""
    try:
        size = zstandard.frame_content_size(body)
        if not 0 <= size <= LARGEST:
            raise Damage(what, f"it claims to hold {size:,} bytes")
        return json.loads(_TOOLS.decompressor.decompress(body).decode("utf-8", "surrogatepass"))
    except (zstandard.ZstdError, ValueError, RecursionError) as error:
        raise Damage(what, str(error)) from error


def digest(table: str, row: int | str, body: bytes) -> bytes:
    """16 bytes that belong to this content in this row of this table."""
    return hashlib.blake2b(body, digest_size=16, key=f"{table}:{row}".encode()[:64]).digest()


def digest_of_parts(table: str, row: int | str, parts: Iterable[bytes]) -> bytes:
    """The digest of a content that comes in parts."""
    made = hashlib.blake2b(digest_size=16, key=f"{table}:{row}".encode()[:64])
    for part in parts:
        made.update(part)
    return made.digest()


def row_digest(table: str, values: Iterable[int | float | str | None]) -> int:
    """64 bits, signed, that belong to these columns of a narrow row; for text, numbers and NULL as SQLite gives them."""
    plain = ascii((table, *values)).encode()
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "big", signed=True)


def said(reply: Reply) -> bytes:
    """A digest of a reply's words; empty where it has none."""
    told = "\0".join(
        [reply.reasoning, reply.text, *(part for call in reply.calls for part in (call.name, call.arguments))]
    )
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest() if len(told) > 1 else b""


def words(conversation: Iterable[bytes], variant: int) -> int | None:
    """64 bits, signed, that are the same where the same was `said` in the same variant; None where nothing was."""
    told = [turn for turn in conversation if turn]
    if not told:
        return None
    plain = b"".join((str(variant).encode(), b":", *told))
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "big", signed=True)


def checked(table: str, row: int | str, body: bytes, stored: bytes) -> Any:
    """The row's value; Damage when its digest does not fit."""
    what = f"{table} {row}"
    if digest(table, row, body) != stored:
        raise Damage(what, "its content does not fit its hash")
    return unpack(body, what)


def decoded(what: str, decode: Callable[[Any], T], value: Any) -> T:
    """What `decode` makes of the value; Damage when the value has another shape."""
    try:
        return decode(value)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Damage(what, f"unexpected content: {error}") from error


def reply_as_json(reply: Reply) -> list[Any]:
    """A reply without its intent, which is stored apart; calls, echo and finer usage only where there are any."""
    usage = reply.usage
    plain = [
        reply.text,
        reply.reasoning,
        reply.finish,
        usage.input_tokens,
        usage.output_tokens,
        reply.model_returned,
        reply.cost,
    ]
    finer = [usage.cached_tokens, usage.cache_write_tokens, usage.reasoning_tokens]
    if reply.calls or reply.echo or any(finer):
        plain += [[[call.id, call.name, call.arguments] for call in reply.calls], reply.echo, finer]
    return plain


def reply_from_json(value: Any, intent: Intent | None) -> Reply:
    """The reply with its intent put back."""
    text, reasoning, finish, input_tokens, output_tokens, model_returned, cost, *more = value
    calls, echo, finer = more or ((), "", ())
    return Reply(
        text,
        reasoning,
        finish,
        Usage(input_tokens, output_tokens, *finer),
        model_returned,
        cost,
        intent,
        tuple(FunctionCall(*call) for call in calls),
        echo,
    )


@lru_cache(maxsize=512)
def intent_as_name(intent: Intent) -> str:
    """An intent as one of the run's names: there are few, and they repeat."""
    return canonical_json([intent.kind, list(intent.acts), intent.belief])


def intent_from_name(name: str) -> Intent:
    """The intent that `intent_as_name` gave; Damage when it is none."""
    return decoded("intent", _intent, name)


def _intent(name: str) -> Intent:
    kind, acts, belief = json.loads(name)
    return Intent(str(kind), tuple(map(str, acts)), belief)


def failure_as_json(failure: ModelFailure) -> list[Any]:
    """A failure with its raw bytes as text."""
    return [failure.kind, failure.message, failure.retry_after, failure.raw]


def failure_from_json(value: Any) -> ModelFailure:
    """The failure that `failure_as_json` gave."""
    kind, message, retry_after, raw = value
    return ModelFailure(kind, message, retry_after, raw)


def verdicts_as_json(verdicts: Sequence[Verdict]) -> list[Any]:
    """Verdicts of one judge on one trial, with reasons and evidence."""
    return [
        [verdict.outcome, verdict.answer, verdict.reason, [[e.turn, e.start, e.end, e.quote] for e in verdict.evidence]]
        for verdict in verdicts
    ]


@dataclass(frozen=True, slots=True)
class PackedVerdicts:
    """What one judge says of one trial, as it is stored."""

    judge: str
    """Empty where it was asked nothing."""
    answers: tuple[tuple[str, Answer], ...]
    """By outcome."""
    body: bytes
    """`verdicts_as_json`, packed."""


def packed_verdicts(verdicts: Sequence[Verdict]) -> PackedVerdicts:
    """Verdicts of one judge on one trial, made ready to be stored."""
    answers = tuple([(verdict.outcome, verdict.answer) for verdict in verdicts])
    return PackedVerdicts(verdicts[0].judge if verdicts else "", answers, pack(verdicts_as_json(verdicts)))


def verdicts_from_json(value: Any, judge: str) -> tuple[Verdict, ...]:
    """The verdicts that `verdicts_as_json` gave."""
    return tuple(
        Verdict(outcome, answer, judge, reason, tuple(Evidence(*passage) for passage in evidence))
        for outcome, answer, reason, evidence in value
    )


def prompt_texts(stored_hash: str, body: bytes) -> tuple[tuple[str, str], ...]:
    """(role, text) pairs of a stored prompt; Damage when they do not fit the prompt's hash."""
    messages = decoded(
        "prompt", lambda value: tuple((str(role), str(text)) for role, text in value), unpack(body, "prompt")
    )
    if hash_json(messages) != stored_hash:
        raise Damage("prompt", "its text does not fit its hash")
    return messages
