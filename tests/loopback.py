"""A provider on loopback that speaks the OpenAI chat format (and Anthropic's), as far as tests need it."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-sentinel-0123456789abcdefghij"


class Connection:
    """The provider's end of a connection, for answers that no server should give."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def send(self, data: bytes) -> bool:
        """Whether it could be sent: a client that has seen enough goes away."""
        try:
            self._end.sendall(data)
        except OSError:
            return False
        return True

    def start(self, *headers: str, status: str = "200 OK") -> bool:
        return self.send("\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode())

    def chunk(self, data: bytes) -> bool:
        return self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def reset(self) -> None:
        """Hang up so that the other end gets ECONNRESET."""
        self._end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._end.close()


class Provider:
    """A server that answers every request with what it was told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.raw: Callable[[Connection], None] | None = None
        """What happens on the connection instead of an answer, once the request has been read."""
        self.answers: Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]] = lambda _: self.answer
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                provider.requests.append(json.loads(body))
                provider.keys.append(self.headers.get("authorization", ""))
                provider.headers.append({name.lower(): value for name, value in self.headers.items()})
                provider.paths.append(self.path)
                if provider.raw is not None:
                    self.close_connection = True
                    provider.raw(Connection(self.connection))
                    return
                status, headers, answer = provider.answers(provider.requests[-1])
                self.send_response(status)
                for name, value in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                with suppress(OSError):  # a client that has seen enough goes away
                    self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def says(self, message: dict[str, Any], finish: str = "stop", **more: Any) -> None:
        body = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "little-model-2031",
            "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
            **more,
        }
        self.answer = (200, {}, json.dumps(body).encode())

    def fails(self, status: int, message: str = "no", headers: dict[str, str] | None = None) -> None:
        self.answer = (
            status,
            headers or {},
            json.dumps({"error": {"message": message, "type": "x", "code": "y"}}).encode(),
        )


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    """The provider, answering until the end of the block."""
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        thread.join()
        provider.server.server_close()
