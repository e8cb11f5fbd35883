"""The server of the simulated subjects on loopback, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from am_studio.models.serving import SimulatedServer, parse_faults
from am_studio.scenarios import load_scenario, render


class Served:
    """A server that answers, and where it is."""

    def __init__(self, server: SimulatedServer, address: str) -> None:
        self.server = server
        self.address = address
        self.url = f"{address}/v1"

    def faulty(self, spec: str) -> str:
        return f"{self.address}/fault/{spec}/v1"


@contextmanager
def sim_serving(*faults: str, **options: Any) -> Iterator[Served]:
    """The server, answering until the end of the block."""
    server = SimulatedServer([fault for spec in faults for fault in parse_faults(spec)], **options)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Served(server, asyncio.run_coroutine_threadsafe(server.start(), loop).result())
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def prompt_messages() -> list[dict[str, str]]:
    """A prompt of the library as a request holds it; without a scratchpad, so that some replies reason natively."""
    scenario = load_scenario("core/direction-leak")
    prompt = render(scenario, scenario.variant({"scratchpad": "off"}))
    return [{"role": message.role, "content": message.text} for message in prompt.messages]


async def post(url: str, body: Any, **options: Any) -> tuple[int, dict[str, str], bytes]:
    """(status, headers in lower case, body) of one raw chat request; a body that is not bytes is sent as JSON."""
    import aiohttp

    sent = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/chat/completions", data=sent, **options) as answer,
    ):
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.read()


async def get(url: str) -> tuple[int, Any]:
    """(status, JSON) of what stands there."""
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json()
