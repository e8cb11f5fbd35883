"""The studio in a browser: each tab is a studio process of its own, shown by textual-serve.

Whoever reaches the address can do what the user can: read and write files, start runs and spend money. So it listens on
loopback, answers only to its own address (a page from elsewhere cannot reach in, nor a name that was made to point here),
and asks for a key that is in the link it prints.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from am_studio.foundation.errors import StudioError

COOKIE = "am-studio-key"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class StudioServer(Server):
    """Serves the studio to who has the link."""

    def __init__(self, command: str, host: str, port: int, told: Callable[[str], None]) -> None:
        super().__init__(command, host=host, port=port, title="AM Studio")
        self._told = told
        self._key = secrets.token_urlsafe(24)
        self._telling: asyncio.Task[None] | None = None

    @property
    def link(self) -> str:
        """Where to look."""
        return f"{self.public_url}/?key={self._key}"

    def initialize_logging(self) -> None:
        """Warnings alone: requests carry the key."""
        logging.basicConfig(level="WARNING", format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Say where it is and what that means, as soon as somebody can look."""
        self._telling = asyncio.create_task(self._tell_when_open())

    async def _tell_when_open(self) -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                self._told(self.link)
                return

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Only this address, only with the key; what came over the link is kept as a cookie of this site alone."""
        own = urlsplit(self.public_url).netloc
        origin = request.headers.get("Origin")
        if request.host != own or (origin is not None and urlsplit(origin).netloc != own):
            raise web.HTTPForbidden(text=f"This server answers at {self.public_url} and to its own pages alone.\n")
        given = request.query.get("key", "")
        if request.path == "/" and given:
            if not self._fits(given):
                raise web.HTTPForbidden(text="That key is not the one of this server.\n")
            answer = web.HTTPFound("/")
            answer.set_cookie(COOKIE, given, httponly=True, samesite="Strict")
            return answer
        if not self._fits(request.cookies.get(COOKIE, "")):
            raise web.HTTPForbidden(text="Open the link that am-studio printed: it has the key.\n")
        answered = await handler(request)
        if not answered.prepared:
            answered.headers.update(
                {
                    "X-Frame-Options": "DENY",
                    "Referrer-Policy": "no-referrer",
                    # The page of textual-serve asks another host for a font; nobody else is to learn of this one.
                    "Content-Security-Policy": f"default-src 'self'; connect-src 'self' ws://{own}; img-src 'self' data:; "
                    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
                }
            )
        return answered

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._key.encode())


def serve(command: str, host: str, port: int, told: Callable[[str], None]) -> None:
    """Serve until interrupted; `told` gets the link when it is ready. StudioError when the address cannot be had."""
    try:
        StudioServer(command, host, port, told).serve()
    except OSError as error:
        raise StudioError(
            f"{host}:{port} cannot be listened on", error.strerror or str(error), "choose another --port"
        ) from error
