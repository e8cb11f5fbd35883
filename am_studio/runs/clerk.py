"""A second process that reads and judges conversations, for long runs whose subjects answer at once.

A simulated subject answers in less time than it takes to read and judge what it said, and one Python process keeps one core
busy. The clerk (`clerk_process.py`) learns scenario and judge from the run file, is given conversations, and gives verdicts
back as they will be stored. It is a help and nothing more: what it has no room for, cannot do, or had in hand when it died
is read and judged by the engine, with the same code, so that no result depends on it.
"""

from __future__ import annotations

import asyncio
import marshal
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from am_studio.records import Situation, Transcript, TrialSpec
from am_studio.runs.codec import PackedVerdicts, reply_as_json
from am_studio.runs.variants import variant_key

MOST = 512
"""Conversations that are with the clerk, at most: enough to do while the engine is busy elsewhere."""
GROUP = 32
"""Conversations in a message, at most."""
LENGTH = 4
"""Bytes before each message that tell how long it is, the lowest first."""
READY = True
"""The first message of a clerk that knows its run."""
# -P: a module that lies in the working directory, perhaps a stranger's, is never imported in place of the real one.
_COMMAND = (sys.executable, "-P", "-m", "am_studio.runs.clerk_process")


@dataclass(frozen=True, slots=True)
class Heard:
    """A conversation that came to its end, not read yet."""

    spec: TrialSpec
    order: int
    """Its trial's place in what is asked next."""
    situation: Situation
    transcript: Transcript
    begun: bool
    """Whether an earlier session may have asked the judge about it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What reading and judging a conversation comes to, as far as the run keeps it."""

    refused: bool
    truncated: bool
    verdicts: PackedVerdicts


Done = Callable[[Heard, Judged], None]


def can_help() -> bool:
    """Whether there is a second core for it."""
    available = getattr(os, "sched_getaffinity", None)  # not on every system
    return (len(available(0)) if available else os.cpu_count() or 1) > 1


class Clerk:
    """The process, as the engine sees it. Use it inside a running loop."""

    def __init__(self, process: asyncio.subprocess.Process, done: Done) -> None:
        self._done = done
        self._process = process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a process without the pipes that it was given")
        self._pipes = process.stdin, process.stdout
        self._in_hand: dict[int, Heard] = {}
        """By trial."""
        self._group: list[Any] = []
        self._scheduled = False
        self._into: asyncio.StreamWriter | None = None
        """There while it takes something."""
        self._changed = asyncio.Event()
        self._serving = asyncio.create_task(self._serve())

    @classmethod
    async def hired(cls, run: Path, done: Done) -> Self:
        """Started, and not ready yet: until then it takes nothing. `done` is told of every conversation that it judged."""
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*_COMMAND, str(run), stdin=pipe, stdout=pipe, stderr=nowhere)
        return cls(process, done)

    def take(self, heard: Heard) -> bool:
        """Have this read and judged; False: it does not take it."""
        if self._into is None or self._into.is_closing() or len(self._in_hand) >= MOST:
            return False
        replies = [reply_as_json(reply) for reply in heard.transcript.replies]
        self._in_hand[heard.spec.id] = heard
        self._group.append((heard.spec.id, variant_key(heard.situation.variant), replies))
        if len(self._group) >= GROUP:
            self._send()
        elif not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._send)
        return True

    async def settled(self) -> list[Heard]:
        """Returns when it has nothing in hand any more: what it could not judge, for somebody else to."""
        while self._in_hand and self._into is not None:
            self._changed.clear()
            await self._changed.wait()
        left = list(self._in_hand.values())
        self._in_hand.clear()
        return left

    def dismiss(self) -> None:
        """End it now, also one that hangs: `settled` then gives back what it has in hand."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """Let it go, whatever it has in hand; returns when the process is no more."""
        self._serving.cancel()
        try:
            await asyncio.wait((self._serving,))
        finally:
            # Here and not in `_serve`: a task that is cancelled before its first step, or at its last, does neither.
            self.dismiss()
            self._pipes[0].close()
            await self._process.wait()
        if not self._serving.cancelled():
            self._serving.result()

    def _send(self) -> None:
        self._scheduled = False
        group, self._group = self._group, []
        if group and self._into is not None and not self._into.is_closing():
            self._into.write(framed(group))

    async def _serve(self) -> None:
        """Take back what it judged until it ends."""
        into, out = self._pipes
        try:
            # It ends without a word where it cannot work: the engine, which then does the same, tells what is wrong.
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                if await _message(out) == READY:
                    self._into = into
                    while True:
                        self._take_back(await _message(out))
        finally:
            self._into = None
            self._changed.set()
            self.dismiss()

    def _take_back(self, judged: list[tuple[Any, ...]]) -> None:
        for trial, refused, truncated, judge, answers, body in judged:
            heard = self._in_hand.pop(trial, None)
            if heard is not None:
                self._done(heard, Judged(refused, truncated, PackedVerdicts(judge, answers, body)))
        if not self._in_hand:
            self._changed.set()


def framed(message: Any) -> bytes:
    """A message as it goes through a pipe."""
    body = marshal.dumps(message)
    return len(body).to_bytes(LENGTH, "little") + body


async def _message(stream: asyncio.StreamReader) -> Any:
    # Written by our own process, out of what is in our own file: nothing that a stranger could have made.
    length = int.from_bytes(await stream.readexactly(LENGTH), "little")
    return marshal.loads(await stream.readexactly(length))  # noqa: S302
