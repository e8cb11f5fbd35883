"""Somebody opens the studio in a browser: it is there, for who has the link alone, and for pages of its own alone."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from am_studio.cli.main import main
from am_studio.tui.web import is_loopback


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    """Where a server shows the studio; it works in an empty directory."""
    command = [sys.executable, "-m", "am_studio.cli.main", "--web", "--port", str(free_port())]
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def test_the_studio_is_there_for_who_has_the_link(link: str) -> None:
    async def look() -> tuple[list[int], bytes]:
        base = link.partition("/?")[0]
        refused = []
        async with aiohttp.ClientSession() as stranger:
            for address in (base, f"{base}/ws", f"{base}/?key=guess"):
                async with stranger.get(address) as answer:
                    refused.append(answer.status)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as own:
            async with own.get(link) as page:
                assert page.status == 200
                assert "default-src 'self'" in page.headers["Content-Security-Policy"]
            for foreign in ({"Host": "rebound.example"}, {"Origin": "http://elsewhere.example"}):
                async with own.get(f"{base}/", headers=foreign) as answer:
                    refused.append(answer.status)
            seen = b""
            async with own.ws_connect(f"{base}/ws?width=100&height=30") as studio, asyncio.timeout(60):
                async for message in studio:
                    seen += message.data if isinstance(message.data, bytes) else b""
                    if b"Library" in seen:
                        break
        return refused, seen

    refused, seen = asyncio.run(look())
    assert refused == [403] * 5
    assert b"AM Studio" in seen


def test_only_loopback_is_this_machine_alone() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1", "studio.example")] == [False] * 4


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--web", "--port", str(taken.getsockname()[1])]) == 2
    assert "cannot be listened on" in capsys.readouterr().err
