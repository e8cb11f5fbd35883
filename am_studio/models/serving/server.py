"""The HTTP server of the simulated subjects: routes, true answers, and the faults that are asked for.

`POST /v1/chat/completions` and `GET /v1/models` (also without `/v1`), `GET /stats`; under `/fault/SPEC/` the same with
faults. One event loop, no disk, no key asked for or kept. aiohttp is imported when a server starts.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from am_studio.foundation.errors import StudioError
from am_studio.models.registry import open_client, simulated_names
from am_studio.models.serving.answered import Heading, chunks, completion
from am_studio.models.serving.asked import Asked, known_model, read_request
from am_studio.models.serving.faults import Fault, FaultPlan, parse_faults
from am_studio.models.serving.mischief import JSON, Answer, refusal, spoiled
from am_studio.models.serving.refusals import Refused
from am_studio.records import ModelFailure, ModelSettings, Reply

if TYPE_CHECKING:
    from aiohttp import web

    from am_studio.models.base import Client

MOST_BODY_BYTES = 16 << 20
DRIP_SECONDS = 0.1
"""Between two bytes of a drip-fed answer."""
STAMP = {"x-am-studio-simulated": "no evidence about any real model"}
MOST_FAULT_LISTS = 256
"""Lists of faults that are remembered, each with where it stands; the one used longest ago is forgotten first."""


class SimulatedServer:
    """A server; `start` it in a running loop, `close` it there. `faults` hit every request, before a path's own.

    `aliases` are further names of subjects, as gateways give them; the answers still name the subject.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        seed: int = 0,
        aliases: Mapping[str, str] | None = None,
        open_model: Callable[[ModelSettings], Client] = open_client,
    ) -> None:
        self._open_model = open_model
        self._aliases = dict(aliases or {})
        self._seed = seed
        self._faults = FaultPlan(faults, seed=seed)
        self._by_path: OrderedDict[str, FaultPlan] = OrderedDict()
        self._clients: dict[str, Client] = {}
        self._random = random.SystemRandom()
        self._numbers = count(1)
        self._runner: web.AppRunner | None = None
        self._by_status: Counter[int] = Counter()
        self._by_fault: Counter[str] = Counter()
        self._requests = self._in_flight = self._most_in_flight = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, on a free port when `port` is 0; the address without a path. StudioError when that cannot be."""
        from aiohttp import web

        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            await self.close()
            raise StudioError(f"cannot listen on {host}, port {port}", error.strerror or str(error)) from error
        address = self._runner.addresses[0]
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{address[1]}"

    async def close(self) -> None:
        """Stop listening; what is still being answered is cut off."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def stats(self) -> dict[str, Any]:
        """What was asked so far: chat requests, their statuses and faults, and the most that were in flight at once."""
        return {
            "requests": self._requests,
            "in_flight": self._in_flight,
            "most_in_flight": self._most_in_flight,
            "by_status": {str(status): number for status, number in sorted(self._by_status.items())},
            "by_fault": dict(sorted(self._by_fault.items())),
        }

    # Routes. -----------------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path, spec = _split(request.path)
        try:
            if path == "/chat/completions":
                _only("POST", request)
                return await self._counted(request, spec)
            if path == "/stats":
                _only("GET", request)
                return _sent(Answer(200, json.dumps(self.stats()).encode()))
            if path == "/models":
                _only("GET", request)
                body = {"object": "list", "data": [_model(name) for name in (*simulated_names(), *self._aliases)]}
                return _sent(Answer(200, json.dumps(body).encode()))
            if path.startswith("/models/"):
                _only("GET", request)
                found = known_model(path.removeprefix("/models/"))
                return _sent(Answer(200, json.dumps(_model(found.name)).encode()))
            raise Refused(
                404, f"There is nothing at '{path[:200]}'; there are /v1/chat/completions, /v1/models, /stats."
            )
        except Refused as refused:
            return _sent(Answer(refused.status, refused.body))

    async def _counted(self, request: web.Request, spec: str) -> web.StreamResponse:
        self._requests += 1
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            response = await self._chat(request, spec)
            self._by_status[response.status] += 1
            return response
        finally:
            self._in_flight -= 1

    async def _chat(self, request: web.Request, spec: str) -> web.StreamResponse:
        try:
            fault, delay, headers = self._decide(spec)
            body = await _body(request)
            if delay:
                await asyncio.sleep(delay)
            if fault is not None:
                self._by_fault[fault.name] += 1
                refused = refusal(fault, request.headers.get("Authorization", ""))
                if refused is not None:
                    return _sent(refused, headers)
                if fault.name == "reset":
                    return _reset(request)
            asked = read_request(body, lambda: self._random.getrandbits(31), self._aliases)
            reply = await self._reply(asked)
        except Refused as error:
            return _sent(Answer(error.status, error.body))
        heading = Heading(f"chatcmpl-sim-{next(self._numbers)}", int(time.time()))
        if fault is None and not asked.stream:
            return _sent(Answer(200, json.dumps(completion(reply, heading)).encode()), headers)
        if fault is None:
            return await _stream(request, chunks(reply, heading, usage=asked.stream_usage), headers)
        return await _spoiled(request, fault, completion(reply, heading), headers)

    def _decide(self, spec: str) -> tuple[Fault | None, float, Mapping[str, str]]:
        """The fault that strikes, if any, the delay, and what is said of a rate limit; the server's own faults first."""
        first = self._faults.next()
        if not spec:
            return first.fault, first.delay, first.headers
        plan = self._by_path.get(spec)
        if plan is None:
            plan = self._by_path[spec] = FaultPlan(_parsed(spec), seed=self._seed)
            if len(self._by_path) > MOST_FAULT_LISTS:
                self._by_path.popitem(last=False)
        self._by_path.move_to_end(spec)
        second = plan.next()
        return first.fault or second.fault, first.delay + second.delay, {**first.headers, **second.headers}

    async def _reply(self, asked: Asked) -> Reply:
        model = asked.request.model
        try:
            answer = await self._client(model).ask(asked.request)
        except (StudioError, UnicodeError) as error:
            raise Refused(400, f"The subject cannot read this: {str(error)[:300]}") from error
        if isinstance(answer, ModelFailure):
            raise Refused(500, answer.message)
        return answer

    def _client(self, model: ModelSettings) -> Client:
        if model.name not in self._clients:
            self._clients[model.name] = self._open_model(model)
        return self._clients[model.name]


# Requests. -----------------------------------------------------------------------------------------------------------------


def _split(path: str) -> tuple[str, str]:
    """(the path without what may stand before it, the list of faults)."""
    spec = ""
    if path.startswith("/fault/"):
        spec, _, rest = path.removeprefix("/fault/").partition("/")
        path = f"/{rest}"
    return path.removeprefix("/v1"), spec


def _parsed(spec: str) -> tuple[Fault, ...]:
    try:
        return parse_faults(spec)
    except StudioError as error:
        raise Refused(400, f"{error.title}: {error.hint}" if error.hint else error.title) from error


def _only(method: str, request: web.Request) -> None:
    if request.method != method:
        raise Refused(405, f"Only {method} is answered here.")


async def _body(request: web.Request) -> bytes:
    from aiohttp import web

    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, f"The body is larger than {MOST_BODY_BYTES >> 20} MiB.") from None


# Answers. --------------------------------------------------------------------------------------------------------------------


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "am-studio: simulated"}


def _sent(answer: Answer, headers: Mapping[str, str] | None = None) -> web.Response:
    from aiohttp import web

    all_headers = {"Content-Type": answer.type, **STAMP, **(headers or {}), **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=all_headers)


async def _stream(
    request: web.Request, events: Iterable[Mapping[str, Any]], headers: Mapping[str, str]
) -> web.StreamResponse:
    response = await _opened(request, {"Content-Type": "text/event-stream; charset=utf-8", **headers})
    for event in events:
        await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def _spoiled(
    request: web.Request, fault: Fault, true: Mapping[str, Any], headers: Mapping[str, str]
) -> web.StreamResponse:
    """The answer that a fault makes of the true one; a stream that was asked for is not kept to."""
    answer = spoiled(fault, true)
    if answer is not None:
        return _sent(answer, headers)
    body = json.dumps(true).encode()
    if fault.name == "cut":
        response = await _opened(request, {"Content-Type": JSON, "Content-Length": str(len(body)), **headers})
        await response.write(body[: len(body) // 2])
        _disconnect(request)
        return response
    response = await _opened(request, {"Content-Type": JSON, **headers})
    while True:
        # Blanks before the JSON that never comes: a client that waits for its end waits forever.
        await response.write(b" ")
        await asyncio.sleep(DRIP_SECONDS)


async def _opened(request: web.Request, headers: Mapping[str, str]) -> web.StreamResponse:
    from aiohttp import web

    response = web.StreamResponse(headers={**STAMP, **headers})
    await response.prepare(request)
    return response


def _disconnect(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.Request) -> web.Response:
    """Nothing but a reset: with no time to linger, closing the socket sends one."""
    from aiohttp import web

    if request.transport is not None:
        held = request.transport.get_extra_info("socket")
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response(status=500)
