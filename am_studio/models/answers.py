"""An answer as it came over HTTP, and what it says: the part of both clients that meets hostile bytes.

Bodies are unpacked here and nowhere else, in steps, and given up beyond `MOST_BYTES`: neither a compressed bomb nor an
endless reply takes more memory than that. What cannot be read is a failure with the beginning of its raw bytes. No
library's message and no provider's text leaves without passing `without_keys`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from am_studio.models.headers import limits_of, retry_after_of
from am_studio.models.keys import excerpt
from am_studio.models.openai_format import RAW_CHARACTERS, CostOf, reply_of
from am_studio.records import FailureKind, ModelFailure, Reply, Usage

MOST_BYTES = 8 * 1024 * 1024
"""The largest body that is read, counted after decompression."""
ACCEPTED_ENCODING = "gzip"
"""What is asked of providers: the standard library unpacks it in bounded steps."""
REQUEST_SECONDS = 600.0
"""What HTTP libraries are told; the engine's own limit on an attempt is the one that counts."""
SENTENCE_CHARACTERS = 300
_RAW_BYTES = 4 * RAW_CHARACTERS

_STATUSES: Mapping[int, FailureKind] = {
    400: "bad_request",
    401: "authentication",
    402: "authentication",
    403: "authentication",
    404: "not_found",
    408: "timeout",
    413: "bad_request",
    422: "bad_request",
    429: "rate_limit",
}
_FILTERS = {"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"}
_DELAY = re.compile(r'"retryDelay"\s*:\s*"(\d{1,6}(?:\.\d{1,9})?)s"')
"""Where Gemini says how long to wait."""
_CANNOT_PAY = "insufficient_quota"


class UnreadableBody(Exception):
    """The body of an answer cannot be read: too large, or packed in a way that was not asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    """Unpacked, at most `MOST_BYTES`."""
    trouble: str = ""
    """Why the body is not whole, in a sentence; empty: it is."""


class Body:
    """Collects a body as it arrives, unpacking it, and refuses to grow beyond `MOST_BYTES`."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        self._packed = self._encoding not in {"", "identity"}
        self._unpacker: Any = None
        self._parts: list[bytes] = []
        self._size = self._arrived = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes; UnreadableBody when the whole grows too large or is not what it claims to be."""
        self._arrived += len(chunk)
        if self._arrived > MOST_BYTES:
            raise _too_large()
        if not self._packed:
            self._keep(chunk)
            return
        try:
            self._unpack(chunk)
        except zlib.error as error:
            raise UnreadableBody("The provider's answer is compressed, and damaged.") from error

    @property
    def start(self) -> bytes:
        """The beginning of what came, for people to look at."""
        return b"".join(self._parts)[:_RAW_BYTES]

    def whole(self) -> bytes:
        """All that came; UnreadableBody when it ends too early."""
        if self._unpacker is not None and not self._unpacker.eof:
            raise UnreadableBody("The provider's answer is compressed, and cut short.")
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def _unpack(self, chunk: bytes) -> None:
        if self._encoding not in {"gzip", "x-gzip", "deflate"}:
            raise UnreadableBody("The provider's answer is compressed in a way that was not asked for.")
        while chunk:
            if self._unpacker is None or self._unpacker.eof:
                self._unpacker = zlib.decompressobj(_window(self._encoding, chunk))
            self._keep(self._unpacker.decompress(chunk, MOST_BYTES - self._size + 1))
            chunk = self._unpacker.unused_data

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > MOST_BYTES:
            raise _too_large()
        if part:
            self._parts.append(part)


def read(answer: Answer, cost_of: CostOf, key: str) -> Reply | ModelFailure:
    """What an answer in the OpenAI chat format says."""
    if not 200 <= answer.status < 300:
        return refused(answer, key)
    if answer.trouble:
        return unreadable(answer.trouble, answer, key)
    try:
        raw = json.loads(answer.body)
    except (ValueError, RecursionError):
        return unreadable(_told_of(answer), answer, key)
    if not isinstance(raw, dict):
        return unreadable("The provider's answer is not a JSON object.", answer, key)
    if "choices" not in raw and isinstance(raw.get("error"), Mapping):
        return _error_inside(raw["error"], answer, key)
    return with_headers(reply_of(raw, cost_of), answer, key)


def with_headers(outcome: Reply | ModelFailure, answer: Answer, key: str) -> Reply | ModelFailure:
    """The same outcome with what the headers say of limits; a failure keeps the bytes that it was read from."""
    limits = limits_of(answer.headers)
    if isinstance(outcome, ModelFailure):
        return replace(outcome, raw=_raw(answer, key), limits=limits)
    return outcome if limits is None else replace(outcome, limits=limits)


def refused(answer: Answer, key: str) -> Reply | ModelFailure:
    """What an answer with a status of an error says: a failure, or a reply that a content filter stopped."""
    raw = _raw(answer, key)
    if answer.status in {400, 403, 422} and _filtered(answer.body):
        reply = Reply(text="", reasoning="", finish="content_filter", usage=Usage(), model_returned="")
        return with_headers(reply, answer, key)
    if 300 <= answer.status < 400:
        told = f"The endpoint answers with a redirect (status {answer.status}), which is not followed."
        return ModelFailure("not_found", told, raw=raw)
    return ModelFailure(
        _kind(answer.status, raw),
        _sentence(answer, key),
        retry_after=_wait(answer.headers, raw),
        raw=raw,
        limits=limits_of(answer.headers),
    )


def unreadable(told: str, answer: Answer, key: str) -> ModelFailure:
    """A `bad_reply` that keeps the beginning of the raw bytes."""
    return ModelFailure("bad_reply", told, raw=_raw(answer, key), limits=limits_of(answer.headers))


def cut_off(error: Exception, key: str = "") -> ModelFailure:
    """Why no answer came, where a transport of aiohttp (or litellm's over it) raised this."""
    import aiohttp

    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return ModelFailure("timeout", f"No whole answer came within {REQUEST_SECONDS:.0f} seconds.")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return ModelFailure("not_found", "The endpoint is not an address that can be reached over HTTP.")
    if isinstance(error, aiohttp.ClientResponseError) or isinstance(error.__cause__, aiohttp.ClientResponseError):
        return ModelFailure("bad_reply", "What the endpoint answers is not HTTP that can be read.")
    told = first_line(excerpt(str(error) or type(error).__name__, RAW_CHARACTERS, key))
    return ModelFailure("connection", f"The connection failed: {told}")


def first_line(text: str) -> str:
    """The first line of a complaint that says anything, cut to a sentence's length."""
    line = next((part.strip() for part in text.splitlines() if part.strip()), "")
    return line[:SENTENCE_CHARACTERS] or "No reason was given."


def _error_inside(error: Mapping[str, Any], answer: Answer, key: str) -> Reply | ModelFailure:
    """An error that a gateway passes on with the status of a success."""
    code = error.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return refused(Answer(status, answer.headers, answer.body), key)


def _kind(status: int, raw: str) -> FailureKind:
    if _CANNOT_PAY in raw:
        # Sent with status 429, but no waiting helps an account that cannot pay.
        return "authentication"
    return "server" if status >= 500 else _STATUSES.get(status, "other")


def _wait(headers: Mapping[str, str], raw: str) -> float | None:
    asked = retry_after_of(headers)
    found = _DELAY.search(raw) if asked is None else None
    return float(found[1]) if found else asked


def _filtered(body: bytes) -> bool:
    """Whether the request was refused by a content filter, as its error's codes say."""
    try:
        error = json.loads(body)["error"]
        inner = error.get("innererror") or {}
        codes = [error.get("code"), error.get("type"), inner.get("code")]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return False
    return any(isinstance(code, str) and code in _FILTERS for code in codes)


def _sentence(answer: Answer, key: str) -> str:
    """What the provider complains of, in one line."""
    told = _complaint(answer.body)
    if not told:
        return f"The provider answered with status {answer.status}."
    return f"{first_line(excerpt(told, RAW_CHARACTERS, key))} (status {answer.status})"


def _complaint(body: bytes) -> str:
    """The message of an error in any of the usual shapes; "" when there is none to find."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        text = body[:_RAW_BYTES].decode("utf-8", "replace")
        return "" if text.lstrip().startswith(("<", "{", "[")) else re.sub(r"[^\S\n]+", " ", text)
    for _ in range(4):
        if isinstance(value, list) and value:
            value = value[0]
        elif isinstance(value, Mapping):
            names = (name for name in ("error", "message", "detail", "msg") if value.get(name))
            value = value.get(next(names, ""))
    return value if isinstance(value, str) else ""


def _told_of(answer: Answer) -> str:
    start = answer.body[:256].lstrip()
    if not start:
        return "The provider's answer is empty."
    if start.startswith(b"<"):
        return "The provider answered with a web page instead of a reply."
    return "The provider's answer is not JSON that can be read."


def _raw(answer: Answer, key: str) -> str:
    return excerpt(answer.body[:_RAW_BYTES].decode("utf-8", "backslashreplace"), RAW_CHARACTERS, key)


def _window(encoding: str, chunk: bytes) -> int:
    """What zlib is told of the format; `deflate` is sent both with and without zlib's own header."""
    if encoding != "deflate":
        return zlib.MAX_WBITS | 16
    return zlib.MAX_WBITS if chunk[0] & 0x0F == 8 else -zlib.MAX_WBITS


def _too_large() -> UnreadableBody:
    return UnreadableBody(f"The provider's reply is larger than {MOST_BYTES // 1024**2} MiB, and was given up.")
