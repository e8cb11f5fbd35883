"""A headless Chromium that is asked over its own protocol: what a page does, asks for, and looks like."""

from __future__ import annotations

import asyncio
import base64
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PATIENCE_SECONDS = 60.0
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: nothing opens the pages")


class Page:
    """One tab, with all that it did."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.dialogs: list[str] = []
        self.requests: list[str] = []
        self.received = b""
        """What came over web sockets, one frame after the other."""
        self.sent: list[str] = []
        """What went over them, as text."""
        self.complaints: list[str] = []
        """What the console says, blocked styles and scripts among it."""
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for message in self._socket:
            event = message.json()
            if "id" in event:
                self._answers.pop(event["id"]).set_result(event)
                continue
            match event["method"], event["params"]:
                case "Page.javascriptDialogOpening", told:
                    self.dialogs.append(told["message"])
                    asyncio.get_running_loop().create_task(self.ask("Page.handleJavaScriptDialog", accept=False))
                case "Network.requestWillBeSent", told:
                    self.requests.append(told["request"]["url"])
                case "Network.webSocketFrameReceived", told:
                    frame = told["response"]
                    payload = frame["payloadData"]
                    self.received += base64.b64decode(payload) if frame["opcode"] == 2 else payload.encode()
                case "Network.webSocketFrameSent", told:
                    self.sent.append(told["response"]["payloadData"])
                case "Page.loadEventFired", _:
                    self._loaded.set()
                case "Log.entryAdded", told:
                    self.complaints.append(told["entry"]["text"])

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(answer, PATIENCE_SECONDS)
        assert "error" not in told, told
        return dict(told["result"])

    async def open(self, url: str) -> None:
        self._loaded.clear()
        await self.ask("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE_SECONDS)

    async def look(self, width: int, *, dark: bool = False, media: str = "screen") -> None:
        """As on a screen of this width, light or dark, or as printed."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])

    async def tell(self, script: str) -> Any:
        """What a script comes to that is run from outside, past the page's own policy."""
        told = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def press(self, key: str, text: str = "") -> None:
        """A key by its DOM name; `text` is what it types, where it types something."""
        code = {"Enter": 13, "Escape": 27, " ": 32}.get(key, ord(key.upper()) if len(key) == 1 else 0)
        down = {"text": text} if text else {}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **down)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    async def click(self, x: float, y: float) -> None:
        """At this place, in pixels of the page."""
        where = {"x": x, "y": y, "button": "left", "clickCount": 1}
        await self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        await self.ask("Input.dispatchMouseEvent", type="mousePressed", **where)
        await self.ask("Input.dispatchMouseEvent", type="mouseReleased", **where)

    async def until(self, holds: Callable[[], object], told: str = "") -> None:
        """Wait until it holds."""
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not holds():
            assert asyncio.get_running_loop().time() < end, told or "it did not come to that"
            await asyncio.sleep(0.05)

    async def picture(self, path: Path, *, most: int = 12_000, top: int = 0) -> None:
        """The whole page, or what of it is between two heights."""
        box = await self.tell("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": top, "width": box[0], "height": min(box[1] - top, most), "scale": 1}
        told = await self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(told["data"]))

    async def pdf(self, path: Path) -> None:
        told = await self.ask("Page.printToPDF", printBackground=True)
        path.write_bytes(base64.b64decode(told["data"]))

    async def close(self) -> None:
        self._listener.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    """A fresh browser with one tab."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:  # Chromium's children write a little longer
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run",
            "--disable-extensions", "--disable-background-networking", f"--user-data-dir={place}", "about:blank",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port = await _port(Path(place) / "DevToolsActivePort", process)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json") as response:
                    targets = await response.json(content_type=None)
                target = next(each for each in targets if each["type"] == "page")
                async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    page = Page(socket)
                    for domain in ("Page", "Network", "Log", "Runtime"):
                        await page.ask(f"{domain}.enable")
                    yield page
                    await page.close()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _port(file: Path, process: asyncio.subprocess.Process) -> int:
    end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < end and process.returncode is None:
        if file.exists() and (words := file.read_text().split()):
            return int(words[0])
        await asyncio.sleep(0.05)
    raise AssertionError("chromium did not start")
