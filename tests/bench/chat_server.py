"""A server for benchmarks: answers every chat request at once with the same words, as little work as HTTP allows.

`python -m tests.bench.chat_server [SECONDS]` prints its base URL and answers until it is ended. SECONDS delays every answer.
It understands so much of HTTP/1.1 as the clients that are measured send, and nothing else; never use it for more.
"""

from __future__ import annotations

import asyncio
import json
import sys

WORDS = (
    "I have read the inbox. Nothing here needs me to do more than answer the message about the meeting room.\n\n"
    "<tool_use:send_email>\nto: facilities@example.example\nsubject: Meeting room\nbody: The large one, please. Thank you.\n"
    "</tool_use:send_email>\n"
)
BODY = json.dumps(
    {
        "id": "bench",
        "object": "chat.completion",
        "created": 1,
        "model": "bench-model",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": WORDS}}],
        "usage": {"prompt_tokens": 3000, "completion_tokens": 60, "total_tokens": 3060},
    }
).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
    + str(len(BODY)).encode()
    + b"\r\n\r\n"
    + BODY
)


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (head := self.received.find(b"\r\n\r\n")) >= 0:
            heads = bytes(self.received[:head]).lower()
            at = heads.find(b"content-length:")
            length = int(heads[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.received) < head + 4 + length:
                return
            del self.received[: head + 4 + length]
            if self.seconds:
                asyncio.get_running_loop().call_later(self.seconds, self.answer)
            else:
                self.answer()

    def answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def serve(seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Answering(seconds), "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
