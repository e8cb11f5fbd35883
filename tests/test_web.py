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
from browser_world import Page, browser, needs_chromium
from conftest import WritePack


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def link(small_pack: WritePack, tmp_path: Path) -> Iterator[str]:
    """Where a server shows the studio; it works in a directory with a small pack."""
    small_pack()
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


def test_an_address_that_means_every_address_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for host in ("0.0.0.0", "::"):
        assert main(["--web", "--host", host, "--port", str(free_port())]) == 2
        told = capsys.readouterr().err
        assert "is every address of this machine" in told
        assert "tunnel" in told


async def drawn(page: Page, words: str, since: int = 0) -> int:
    """Wait until these words were drawn after so many bytes; how many there are then."""
    await page.until(
        lambda: words.encode() in page.received[since:], f"never drawn: {words}\n{page.received[since:]!r}"
    )
    return len(page.received)


@needs_chromium
def test_the_studio_is_used_in_a_browser_by_keys_and_mouse(link: str) -> None:
    async def use() -> None:
        async with browser() as page:
            await page.look(1200)
            await page.open(link)
            await drawn(page, "The small one")
            assert await page.tell("document.body.classList.contains('-first-byte')"), "the studio is shown"
            assert not [each for each in page.requests if "127.0.0.1" not in each and not each.startswith("data:")] or (
                any("Content Security Policy" in each or "style" in each for each in page.complaints)
            ), "what is asked of others is blocked"
            await page.click(300, 8)  # a browser sends keys to what was clicked on
            at = len(page.received)
            await page.press("Enter", "\r")
            await drawn(page, "1 Inbox", at)
            at = await drawn(page, "Edit", at)  # the footer, once the inbox has the keys
            await page.press("3", "3")
            at = await drawn(page, "Toggle", at)
            await page.press(" ", " ")
            at = await drawn(page, "‹restriction›", at)
            # The menu is at the right end of the first line.
            box = await page.tell(
                "(() => { const b = document.querySelector('.xterm-screen').getBoundingClientRect();"
                " return [b.left, b.top, b.right, b.bottom] })()"
            )
            await page.click(box[2] - 30, box[1] + 8)
            at = await drawn(page, "Search for commands", at)
            await page.press("Escape")
            # A narrower window is a narrower studio.
            before, at = len(page.sent), len(page.received)
            await page.look(640)
            await page.until(lambda: any("resize" in each for each in page.sent[before:]), "the studio is not told")
            await drawn(page, "3 Details", at)

    asyncio.run(use())


@needs_chromium
def test_a_page_from_elsewhere_and_a_guessed_key_get_nothing(link: str) -> None:
    base = link.partition("/?")[0]
    knock = (
        "new Promise(told => { const s = new WebSocket('ADDRESS'); s.onopen = () => told('open');"
        " s.onerror = () => told('refused'); })"
    ).replace("ADDRESS", base.replace("http", "ws") + "/ws?width=80&height=24")

    async def knocked() -> None:
        async with browser() as page:
            await page.open(f"{base}/?key=guess")
            assert "not the one of this server" in await page.tell("document.body.innerText")
            await page.open(link)
            await drawn(page, "Library")
            await page.open("data:text/html,<title>elsewhere</title>")
            assert await page.tell(knock) == "refused", "with the cookie in the jar"

    asyncio.run(knocked())
