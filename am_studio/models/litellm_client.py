"""Real models through litellm: one request in, one `Reply` or `ModelFailure` out.

The only file that imports litellm, and only when the first request is made: the import takes seconds. What litellm
would do by itself is off: retries (they are the engine's), following redirects, `.env` files, fetching price lists,
telemetry, callbacks, logging, accounts of cost and printing. Keys come from the environment at the moment of the request; they are
neither kept nor told, and are cut out of every message that a provider sends back. A provider's refusal to answer (a
content filter) is a reply, not a failure.

Every request of litellm's own handlers and of the OpenAI library inside it passes `_carry`, which sends it once, reads
the answer within `answers.MOST_BYTES`, and notes it for the attempt. Only providers that bring a transport of their own
escape it: those that litellm calls from a thread (`petals/`, `nlp_cloud/`, and the tokens that Vertex and watsonx
fetch first). For these, failures are told from litellm's exceptions, and their size is bounded by
the engine's limit on an attempt alone.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any
from weakref import WeakSet

from am_studio.models.answers import (
    ACCEPTED_ENCODING,
    REQUEST_SECONDS,
    Answer,
    Body,
    UnreadableBody,
    cut_off,
    first_line,
    read,
    refused,
    with_headers,
)
from am_studio.models.headers import limits_of, retry_after_of
from am_studio.models.keys import excerpt, key_of
from am_studio.models.lazy_package import make_lazy
from am_studio.models.openai_format import RAW_CHARACTERS, messages_of, reply_of, tools_of
from am_studio.models.prices import find_price
from am_studio.models.tokens import encoding
from am_studio.records import ChatRequest, FailureKind, ModelFailure, ModelSettings, Reply, Usage

_KINDS: tuple[tuple[str, FailureKind], ...] = (
    # Subclasses before their bases: the first class in this order that the exception is an instance of decides.
    ("Timeout", "timeout"),
    ("APIConnectionError", "connection"),
    ("APIResponseValidationError", "bad_reply"),
    ("AuthenticationError", "authentication"),
    ("PermissionDeniedError", "authentication"),
    ("NotFoundError", "not_found"),
    ("RateLimitError", "rate_limit"),
    ("BadRequestError", "bad_request"),
    ("InternalServerError", "server"),
    ("ServiceUnavailableError", "server"),
)
_ASKS_FOR_CACHING = re.compile(r"(?:(?:anthropic|bedrock|vertex_ai|openrouter/anthropic)/.*)?claude", re.IGNORECASE)
"""Models that cache a prompt only where a mark says so; others do by themselves, or not at all."""
_INSTEAD = {
    # litellm's `ollama/` melts the messages into one text of its own making; the model is to read what was rendered.
    "ollama": "ollama_chat",
    # The same format over a transport that cannot be bounded.
    "aiohttp_openai": "openai",
}
_WANTS_A_KEY = re.compile(r"api[_ ]?key|credential", re.IGNORECASE)
_WANTS_A_PACKAGE = re.compile(r"No module named|Install it with|Unmapped LLM provider")
"""What litellm says under changing classes when it refuses before anything is sent."""
_TAKES_REASONING_BACK = {"deepseek", "moonshot", "hosted_vllm", "litellm_proxy", "zai", "minimax", "dashscope"}
"""Providers whose own format has `reasoning_content` in earlier turns; others refuse a field that they do not know."""
_TALKATIVE = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx", "httpcore")


class _Attempt:
    """What one call of litellm sent and received."""

    def __init__(self) -> None:
        self.sent: set[str] = set()
        self.answer: Answer | None = None
        self.trouble: ModelFailure | None = None


class _AlreadySent(RuntimeError):
    """litellm would send the same request again."""


_ATTEMPT: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


_USERS: WeakSet[LitellmClient] = WeakSet()
"""Those that have asked and are not closed: litellm keeps its connections for the process, not for a client."""


class LitellmClient:
    """A client for one model; keeps no connection, key or state of its own."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._price = find_price(settings)

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        """Send exactly one request. Never raises for what a provider does; cancellation passes through."""
        key = key_of(self._settings)
        if isinstance(key, ModelFailure):
            return key
        litellm = _litellm()
        _USERS.add(self)
        attempt = _Attempt()
        token = _ATTEMPT.set(attempt)
        try:
            with _unaccounted():
                response = await litellm.acompletion(**_arguments(request, key))
            outcome = reply_of(_plain(response), self._cost)
        except Exception as error:  # noqa: BLE001 - litellm raises what providers, parsers and transports raise
            return self._failed(litellm, error, attempt, key)
        finally:
            _ATTEMPT.reset(token)
        return outcome if attempt.answer is None else with_headers(outcome, attempt.answer, key)

    async def close(self) -> None:
        """Close the connections that litellm keeps for the process, once no other client needs them."""
        if self in _USERS:
            _USERS.discard(self)
            if not _USERS:
                await _litellm().close_litellm_async_clients()

    def _failed(self, litellm: Any, error: Exception, attempt: _Attempt, key: str) -> Reply | ModelFailure:
        """What a call that raised comes to, told from what was received rather than from what litellm makes of it."""
        answer = attempt.answer
        if isinstance(error, litellm.exceptions.ContentPolicyViolationError):
            filtered = Reply(text="", reasoning="", finish="content_filter", usage=Usage(), model_returned="")
            return filtered if answer is None else with_headers(filtered, answer, key)
        if attempt.trouble is not None:
            return attempt.trouble
        if answer is None:
            return _told_by_litellm(litellm, error, key, bool(attempt.sent))
        if not 200 <= answer.status < 300:
            return refused(answer, key)
        # litellm gave up on an answer that has been paid for, such as content in blocks on its `openai/` path. If it is
        # in the OpenAI format it can still be read.
        return read(answer, self._cost, key)

    def _cost(self, usage: Usage) -> float | None:
        return self._price.of(usage) if self._price is not None and usage != Usage() else None


@cache
def _litellm() -> Any:
    """The module, imported quietly and offline."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    # Other transports would escape `_carry`.
    for name in ("LITELLM_LOG", "OPENAI_LOG", "DISABLE_AIOHTTP_TRANSPORT", "LITELLM_HTTP2"):
        os.environ.pop(name, None)
    # What the OpenAI library says of answers that do not fit its types; they are looked at here anyway.
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings")
    import litellm
    from litellm.litellm_core_utils.litellm_logging import Logging
    from litellm.llms.custom_httpx.aiohttp_transport import LiteLLMAiohttpTransport

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.callbacks = []
    litellm.success_callback = []
    litellm.failure_callback = []
    litellm.input_callback = []
    litellm.cache = None
    _silence()
    make_lazy("openai.resources")
    # Replies are priced here; to look up a model that it does not know takes litellm a fifth of a call's time.
    Logging.response_cost_calculator = lambda *_, **__: None
    litellm.main._encoding_cache = _Encoding()
    # litellm has no hook at this place; a method of the class reaches the transports that exist already as well.
    LiteLLMAiohttpTransport.handle_async_request = _carrying(LiteLLMAiohttpTransport.handle_async_request)
    return litellm


class _Encoding:
    """What litellm counts tokens with where a provider does not: the table is loaded when it does, and there once."""

    def __getattr__(self, name: str) -> Any:
        return getattr(encoding(), name)


@contextmanager
def _unaccounted() -> Iterator[None]:
    """litellm writes no account of the calls made here: nobody reads it, and it takes a tenth of a call's time."""
    mark = _internal_mark()
    token = mark.set(True)
    try:
        yield
    finally:
        mark.reset(token)


@cache
def _internal_mark() -> ContextVar[bool]:
    """What litellm marks calls of its own with, of which it keeps no account."""
    try:
        from litellm._internal_context import is_internal_call
    except ImportError:  # a version that has no such mark keeps an account, which harms nobody
        return ContextVar("unknown", default=False)
    mark: ContextVar[bool] = is_internal_call
    return mark


def _silence() -> None:
    """Keep what these libraries log (requests, headers, prompts) out of every log, whatever its level."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.disabled = True


def _carrying(send: Any) -> Any:
    """litellm's way to send a request, limited to one a call and to answers of a bearable size."""

    async def _carry(transport: Any, request: Any) -> Any:
        attempt = _ATTEMPT.get()
        if attempt is None:
            return await send(transport, request)
        where = f"{request.method} {request.url}"
        if where in attempt.sent:
            raise _AlreadySent("One attempt is one request.")
        attempt.sent.add(where)
        request.headers["accept-encoding"] = ACCEPTED_ENCODING
        try:
            return await _received(attempt, await send(transport, request), request)
        except UnreadableBody:
            raise
        except Exception as error:
            attempt.trouble = attempt.trouble or cut_off(error)
            raise

    return _carry


async def _received(attempt: _Attempt, response: Any, request: Any) -> Any:
    """The response, read and unpacked within bounds, without what would make httpx unpack or follow it again."""
    body = Body(response.headers.get("content-encoding", ""))
    try:
        async for chunk in response.stream:
            body.add(chunk)
        content = body.whole()
    except UnreadableBody as error:
        attempt.answer = Answer(response.status_code, response.headers, body.start, trouble=str(error))
        raise
    finally:
        await response.stream.aclose()
    attempt.answer = Answer(response.status_code, response.headers, content)
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name not in {"content-encoding", "content-length", "transfer-encoding", "location"}
    ]
    return type(response)(response.status_code, headers=headers, content=content, request=request)


def _arguments(request: ChatRequest, key: str) -> dict[str, Any]:
    settings, sampling = request.model, request.sampling
    arguments: dict[str, Any] = {
        "model": _name(settings),
        "messages": _messages(request),
        "temperature": sampling.temperature,
        "max_tokens": sampling.max_tokens,
        "seed": request.seed,
        "stream": False,
        # Not every provider knows `seed`; what it does not know is left out instead of refused.
        "drop_params": True,
        "num_retries": 0,
        "max_retries": 0,
        "timeout": REQUEST_SECONDS,
    }
    kept = []
    if request.functions:
        arguments["tools"] = tools_of(request)
        # Otherwise litellm looks for servers of tools of its own first, and fails without a package that it leaves out.
        arguments["_skip_mcp_handler"] = True
        kept.append("tools")
    if sampling.reasoning_effort:
        arguments["reasoning_effort"] = sampling.reasoning_effort
        if settings.endpoint and settings.name.startswith("openai/"):
            # litellm knows which of OpenAI's models reason, and nothing of those behind an endpoint of one's own.
            kept.append("reasoning_effort")
    if kept:
        arguments["allowed_openai_params"] = kept
    if settings.endpoint:
        arguments["api_base"] = settings.endpoint
        # A server of one's own often wants no key, but the OpenAI protocol's client insists on one.
        arguments["api_key"] = key or "none"
    elif key:
        arguments["api_key"] = key
    return arguments


def _name(settings: ModelSettings) -> str:
    provider, slash, rest = settings.name.partition("/")
    return _INSTEAD.get(provider, provider) + slash + rest


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    """The conversation as litellm takes it: a mark where the repeated prompt ends, reasoning only for who takes it."""
    messages = messages_of(request)
    name = request.model.name
    last = messages[len(request.messages) - 1] if request.messages else {}
    if request.repeats and last.get("content") and _ASKS_FOR_CACHING.match(name):
        last["content"] = [{"type": "text", "text": last["content"], "cache_control": {"type": "ephemeral"}}]
    if name.partition("/")[0] not in _TAKES_REASONING_BACK:
        for message in messages:
            message.pop("reasoning_content", None)
    return messages


def _plain(response: Any) -> dict[str, Any]:
    dumped = response.model_dump(warnings=False) if hasattr(response, "model_dump") else response
    return dict(dumped)


def _told_by_litellm(litellm: Any, error: Exception, key: str, sent: bool) -> ModelFailure:
    """A failure for which no answer was noted: refused before it was sent, or sent past `_carry`."""
    # A traceback would tell of this machine's directories.
    told = excerpt(str(error).partition("Traceback (most recent call last)")[0].strip(), RAW_CHARACTERS, key)
    headers = _headers(error)
    return ModelFailure(
        _kind(litellm, error, told, sent),
        first_line(re.sub(r"^(?:(?:litellm\.)?\w+(?:Error|Exception)(?::| -) ?)+", "", told)),
        retry_after=retry_after_of(headers),
        raw=told,
        limits=limits_of(headers),
    )


def _kind(litellm: Any, error: Exception, told: str, sent: bool) -> FailureKind:
    if not sent and _WANTS_A_PACKAGE.search(told):
        return "bad_request"
    if not sent and _WANTS_A_KEY.search(told):
        return "authentication"
    for name, kind in _KINDS:
        if isinstance(error, getattr(litellm.exceptions, name)):
            return kind
    status = getattr(error, "status_code", None)
    return "server" if isinstance(status, int) and status >= 500 else "other"


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(error, "litellm_response_headers", None) or getattr(
        getattr(error, "response", None), "headers", None
    )
    return dict(headers) if headers else {}
