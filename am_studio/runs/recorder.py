"""Groups what a run's workers want stored into few commits: whatever came in while the loop turned once shares one.

When a commit fails everybody who waits is told, and everybody who comes later: nothing is sent without its row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from am_studio.foundation.errors import StudioError
from am_studio.runs.writer import Operation, RunWriter

Committed = Callable[[Sequence[Operation]], None]


class Recorder:
    """The one writer of a run, as its workers see it."""

    def __init__(self, run: RunWriter, committed: Committed) -> None:
        self._run = run
        self._committed = committed
        self._operations: list[Operation] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._scheduled = False
        self.failure: StudioError | None = None
        """Why nothing can be stored any more."""

    def note(self, *operations: Operation) -> None:
        """Have these stored with the next commit, without waiting for it."""
        self._operations += operations
        if not self._scheduled:
            self._scheduled = True
            # Twice around the loop: workers that were woken in this turn still join the group.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.flush)

    def add(self, *operations: Operation) -> None:
        """Have these stored together with whatever is noted or stored next, or by `check`: nothing waits for them."""
        self._operations += operations

    async def store(self, *operations: Operation) -> None:
        """Returns when these, and all that came before them, are durable; StudioError when they cannot be made so."""
        if self.failure:
            raise self.failure
        durable = asyncio.get_running_loop().create_future()
        self._waiting.append(durable)
        self.note(*operations)
        await durable

    def flush(self) -> None:
        """Commit what there is now."""
        self._scheduled = False
        operations, self._operations = self._operations, []
        waiting, self._waiting = self._waiting, []
        if operations and self.failure is None:
            try:
                self._run.commit(operations)
            except StudioError as error:
                self.failure = error
            else:
                self._committed(operations)
        for durable in waiting:
            if durable.done():
                continue
            if self.failure is None:
                durable.set_result(None)
            else:
                durable.set_exception(self.failure)

    def check(self) -> None:
        """Commit the rest; StudioError when anything could not be stored."""
        self.flush()
        if self.failure:
            raise self.failure
