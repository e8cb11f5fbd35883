"""Runs the server of the simulated subjects until Ctrl-C or a polite kill: the address to stdout, talk to stderr."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address

from am_studio.cli.console import data, emit_json, say
from am_studio.cli.explanation_view import STAMP
from am_studio.foundation.errors import StudioError, nearest
from am_studio.models.registry import simulated_names
from am_studio.models.serving.faults import parse_faults
from am_studio.models.serving.server import SimulatedServer

STOPPED = 130
"""Exit code when the user stopped the server."""


def serve(host: str, port: int, *, faults: Iterable[str], aliases: Iterable[str], seed: int, as_json: bool) -> int:
    """Serve until stopped: 130 by Ctrl-C, 0 by a polite kill.

    StudioError for an unknown fault or subject, and for a port that is taken.
    """
    if not 0 <= port <= 65535:
        raise StudioError("--port should be from 0 to 65535")
    server = SimulatedServer(
        [fault for spec in faults for fault in parse_faults(spec)], seed=seed, aliases=dict(map(_alias, aliases))
    )
    return asyncio.run(_served(server, host, port, as_json=as_json))


def _alias(text: str) -> tuple[str, str]:
    name, _, subject = text.rpartition("=")
    if not name:
        raise StudioError(f"--alias takes NAME=SUBJECT, not '{text}'", hint="such as --alias target=sim/strategist")
    if subject not in simulated_names():
        raise StudioError(f"there is no simulated subject '{subject}'", hint=nearest(subject, simulated_names()))
    return name, subject


async def _served(server: SimulatedServer, host: str, port: int, *, as_json: bool) -> int:
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    _listen_to_signals(stopped)
    address = await server.start(host, port)
    try:
        _announce(f"{address}/v1", as_json=as_json)
        if not _is_loopback(host):
            say(
                f"warning: listening on {host}: whoever reaches this machine over the network can ask these subjects "
                "without a key, and keep this process busy"
            )
        return await stopped
    finally:
        await server.close()
        say(f"{server.stats()['requests']} requests answered")


def _announce(base_url: str, *, as_json: bool) -> None:
    names = simulated_names()
    if as_json:
        emit_json({"base_url": base_url, "models": names, "pid": os.getpid()}, indent=None)
    else:
        data(base_url)
    sys.stdout.flush()
    say(f"{', '.join(names)} at {base_url} until Ctrl-C; no key is needed")
    say(f'in a study: {{name: openai/{names[0]}, endpoint: "{base_url}", price: {{input: 0, output: 0}}}}')
    say(STAMP)


def _listen_to_signals(stopped: asyncio.Future[int]) -> None:
    def stop(code: int) -> None:
        if not stopped.done():
            stopped.set_result(code)

    loop = asyncio.get_running_loop()
    for number, code in ((signal.SIGINT, STOPPED), (signal.SIGTERM, 0)):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt there
            loop.add_signal_handler(number, stop, code)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
