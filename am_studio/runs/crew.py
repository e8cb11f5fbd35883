"""Tasks that work together: the first that fails takes the others with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Crew:
    """Tasks that may start further ones, and are waited for together."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._idle = asyncio.Event()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """One more; it never begins when another has failed."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        if self._failure is not None:
            task.cancel()

    def cancel(self) -> None:
        """End all of them where they stand."""
        for task in self._tasks:
            task.cancel()

    async def through(self) -> None:
        """Until every task is through; raises what the first that failed raised. Cancelled, it cancels them first."""
        while self._tasks:
            self._idle.clear()
            try:
                await self._idle.wait()
            except asyncio.CancelledError as error:
                self._failure = self._failure or error
                self.cancel()
        if self._failure is not None:
            raise self._failure

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            failure = task.exception()
            if failure is not None and self._failure is None:
                self._failure = failure
                self.cancel()
        if not self._tasks:
            self._idle.set()
