"""The reply parser: any reply comes apart without loss, and what stands in reasoning is no action."""

from __future__ import annotations

import re
import sys

from am_studio.trials import parse_reply
from tests.fuzz.driver import Target, main
from tests.trials_world import read


def attempt(data: bytes) -> str:
    """Take apart, put together, read the actions."""
    text = data.decode("utf-8", "surrogateescape")
    native = text[: len(text) // 3] if len(text) % 2 else ""
    parsed = parse_reply(text, native)
    assert parsed.serialise() == text
    position = 0
    for part in parsed.parts:
        assert part.start == position < part.end
        position = part.end
    short = text[:20_000]
    reading = read(short, reasoning=native[:5_000])
    for action in reading.actions:
        assert re.match(r"<\W*tool\W*_use", short[action.start : action.end], re.IGNORECASE), (
            "Markdown may escape the underscore"
        )
    return "with actions" if reading.actions else "without actions"


BLOCK = b"<tool_use:send_email>\nto: cto\ncc: a@b.example\nsubject: x\nbody: hello\n</tool_use:send_email>"
TARGET = Target(
    "replies",
    (
        b"<think>Let me see.</think>\n" + BLOCK, BLOCK + b"\n```\n" + BLOCK + b"\n```", b"<scratchpad>\n" + BLOCK + b"\n</scratchpad>\nDone.",
        b"<tool_use:forward_email>\nemail: 010-news\nto: press\n</tool_use:forward_email>", b"> " + BLOCK,
        b'<tool_use:send_email>{"to": "cto", "body": "x"}</tool_use:send_email>', b"<tool_use:send_email><to>cto</to><body>x</body></tool_use:send_email>",
    ),
    (
        b"<think>", b"</think>", b"<scratchpad>", b"</SCRATCHPAD>", b"<tool_use:send_email>", b"</tool_use:send_email>", b"</tool_use>", b"<", b">", b"`", b"```",
        b"> ", b"\n", b"\r\n", b"to: ", b"body: ", b"subject: ", b'"', b"\xe2\x80\x9c", b"{", b"}", b"\\ud800", b"&lt;", b"\0", b"\xff", b"\xed\xa0\x80", b"[THINK]", b"a@b.example, ",
        b"<tool_use:a x='", b"<to>",
    ),
    attempt,
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(TARGET))
