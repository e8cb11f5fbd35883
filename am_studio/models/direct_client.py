"""The lean way to a model: one HTTP request to an endpoint that speaks the OpenAI chat format (vLLM, SGLang, llama.cpp,
Ollama, gateways, the simulated subjects' own server).

One request an attempt: no retries, no redirects, no cookies, no proxies or `.netrc` from the environment. No key is sent
that the settings do not name. aiohttp is imported when the first request is made.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from am_studio.foundation.errors import StudioError
from am_studio.models.answers import (
    ACCEPTED_ENCODING,
    MOST_BYTES,
    REQUEST_SECONDS,
    Answer,
    Body,
    UnreadableBody,
    cut_off,
    read,
)
from am_studio.models.keys import key_of
from am_studio.models.openai_format import messages_of, tools_of
from am_studio.models.prices import find_price
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Reply, Usage

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_PATH = "/chat/completions"


class DirectClient:
    """A client for one model at one endpoint, with connections of its own; belongs to one event loop."""

    def __init__(self, settings: ModelSettings) -> None:
        if not settings.endpoint:
            raise no_endpoint(settings)
        self._settings = settings
        self._price = find_price(settings)
        base = settings.endpoint.rstrip("/")
        self._url = base if base.endswith(_PATH) else base + _PATH
        self._model = settings.name.partition("/")[2] or settings.name
        self._session: ClientSession | None = None
        self._closed = False

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        """Send exactly one request. Never raises for what a provider does; cancellation passes through."""
        key = key_of(self._settings)
        if isinstance(key, ModelFailure):
            return key
        if self._closed:
            return ModelFailure("connection", "The client has been closed.")
        answer = await self._exchange(json.dumps(self._body(request)).encode(), key)
        return answer if isinstance(answer, ModelFailure) else read(answer, self._cost, key)

    async def close(self) -> None:
        """Close the connections; the client answers no more."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": self._model,
            "messages": messages_of(request),
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "seed": request.seed,
            "stream": False,
        }
        if request.functions:
            body["tools"] = tools_of(request)
        if sampling.reasoning_effort:
            body["reasoning_effort"] = sampling.reasoning_effort
        return body

    async def _exchange(self, body: bytes, key: str) -> Answer | ModelFailure:
        import aiohttp

        headers = {"Content-Type": "application/json", "Accept-Encoding": ACCEPTED_ENCODING}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        try:
            async with self._open().post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                return await _answer(response)
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            return cut_off(error, key)

    def _open(self) -> ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                # How many requests are in flight is the engine's decision.
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _cost(self, usage: Usage) -> float | None:
        return self._price.of(usage) if self._price is not None and usage != Usage() else None


def no_endpoint(settings: ModelSettings) -> StudioError:
    """The complaint about a model that is to be reached directly, but not told where."""
    return StudioError(
        f"The model '{settings.name}' is to be reached directly, but has no endpoint",
        hint="give its `endpoint`, such as http://127.0.0.1:8000/v1, or leave out `client: direct`",
    )


async def _answer(response: ClientResponse) -> Answer:
    """The whole answer, or as much of it as is taken from a body that is too large or damaged."""
    encoding, length = response.headers.get("Content-Encoding", ""), response.content_length
    if not encoding and length is not None and length <= MOST_BYTES:
        return Answer(response.status, response.headers, await response.read())
    body = Body(encoding)
    try:
        async for chunk in response.content.iter_any():
            body.add(chunk)
        return Answer(response.status, response.headers, body.whole())
    except UnreadableBody as error:
        response.close()
        return Answer(response.status, response.headers, body.start, trouble=str(error))
