"""When a request may leave: one queue a provider, with a lane for each of its models, in the order of the trials.

A lane is held up by its model's breaker, all lanes of a provider by the throttle they share. Nothing here sends a request
or knows what is in one; time and waiting are given from outside.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from am_studio.records import ModelFailure, Reply
from am_studio.runs.breaker import Breaker
from am_studio.runs.throttle import LONGEST_WAIT, Throttle, Ticket

FIRST_WAIT = 0.5
"""Seconds before the second try; doubled with each further one."""
LONGEST_PAUSE = 1800.0
"""A provider that asks for a longer pause, in seconds, or refuses for longer, is given up for this session."""
WORTH_TELLING = 5.0
"""Shorter pauses of a provider, in seconds, are not told to those who watch."""

Sleep = Callable[[float], Awaitable[object]]
Now = Callable[[], float]
"""Seconds on a clock that only goes forward."""
TellPause = Callable[[str, float, str], None]
"""(model, seconds, reason)."""


class Halt(Exception):
    """Nothing more is sent for this trial now; it is left for a later session."""


def wait_before(tries: int, chance: random.Random) -> float:
    """Seconds to wait after this many failed tries: longer each time, with jitter, up to a ceiling."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (tries - 1)) * chance.uniform(0.5, 1.5)


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave to send one request."""

    ticket: Ticket
    probe: bool
    """Whether it finds out if its model is back."""


@dataclass(slots=True, order=True)
class _Waiting:
    order: int
    number: int
    tokens: float
    future: asyncio.Future[Pass]


class Provider:
    """The queue of all requests that share their limits."""

    def __init__(self, throttle: Throttle, sleep: Sleep, now: Now) -> None:
        self.throttle = throttle
        self.now = now
        self.sleep = sleep
        self.lanes: list[Lane] = []
        self._paused = False
        self._number = 0
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = 0.0

    async def admit(self, lane: Lane, order: int, tokens: float) -> Pass:
        """Returns once a request of this lane may leave; lower orders first. Halt when the lane is closed."""
        if lane.closed:
            raise Halt
        if not any(each.waiting for each in self.lanes):
            now = self.now()
            if lane.breaker.wait(now) == 0.0 and self.throttle.wait(now, tokens) == 0.0:
                return self._let(lane, now, tokens)
        self._number += 1
        future: asyncio.Future[Pass] = asyncio.get_running_loop().create_future()
        heapq.heappush(lane.waiting, _Waiting(order, self._number, tokens, future))
        self.pump()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                lane.back(future.result())
            raise

    def _let(self, lane: Lane, now: float, tokens: float) -> Pass:
        self._tell_resumed()
        return Pass(self.throttle.take(now, tokens), lane.breaker.sent())

    def pump(self) -> None:
        """Let through whoever may go now, and come back when the next one may."""
        now = self.now()
        later: float | None
        while True:
            lane, later = self._first(now)
            if lane is None:
                break
            wait = self.throttle.wait(now, lane.waiting[0].tokens)
            if wait is None:
                return  # whoever comes back pumps
            if wait > 0.0:
                later = wait if later is None else min(later, wait)
                break
            waiting = heapq.heappop(lane.waiting)
            waiting.future.set_result(self._let(lane, now, waiting.tokens))
        if later is not None:
            self._wake(now, later)

    def _first(self, now: float) -> tuple[Lane | None, float | None]:
        """The lane whose first request is next, and the seconds until a lane that is held up may go on."""
        first, later = None, None
        for lane in self.lanes:
            while lane.waiting and lane.waiting[0].future.done():
                heapq.heappop(lane.waiting)
            if not lane.waiting:
                continue
            wait = lane.breaker.wait(now)
            if wait == 0.0:
                if first is None or lane.waiting[0] < first.waiting[0]:
                    first = lane
            elif wait is not None:
                later = wait if later is None else min(later, wait)
        return first, later

    def _wake(self, now: float, seconds: float) -> None:
        if self._alarm is not None and not self._alarm.done():
            if self._alarm_at <= now + seconds:
                return
            self._alarm.cancel()
        self._alarm_at = now + seconds
        self._alarm = asyncio.create_task(self._ring(seconds))

    async def _ring(self, seconds: float) -> None:
        await self.sleep(seconds)
        self._alarm = None
        self.pump()

    def refused(self, lane: Lane, ticket: Ticket, failure: ModelFailure) -> float:
        """A request came too fast; the seconds until the next may go."""
        seconds = self.throttle.refused(ticket, self.now(), failure.retry_after)
        if seconds >= WORTH_TELLING and not self._paused:
            self._paused = True
            for each in self.lanes:
                if not each.closed and not each.breaker.open:
                    each.tell_pause(each.model, seconds, f"asked too fast: {failure.message}")
        return seconds

    def _tell_resumed(self) -> None:
        if self._paused:
            self._paused = False
            for each in self.lanes:
                if not each.closed and not each.breaker.open:
                    each.tell_resumed(each.model)

    async def close(self) -> None:
        """Wake up no more."""
        if self._alarm is not None:
            self._alarm.cancel()
            with suppress(asyncio.CancelledError):
                await self._alarm


class Lane:
    """Whether and when one model may be asked."""

    def __init__(
        self,
        model: str,
        provider: Provider,
        breaker: Breaker,
        *,
        tell_pause: TellPause = lambda *_: None,
        tell_resumed: Callable[[str], None] = lambda _: None,
        stop: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.model = model
        self.provider = provider
        self.breaker = breaker
        self.waiting: list[_Waiting] = []
        self.trials_left: int | None = None
        """Trials of the model that have not ended; None where nobody counts them."""
        self.tell_pause = tell_pause
        self.tell_resumed = tell_resumed
        self._stop = stop
        self._closed = asyncio.Event()
        provider.lanes.append(self)

    @property
    def closed(self) -> bool:
        """Whether nothing more is asked of this model in this session."""
        return self._closed.is_set()

    def close(self) -> None:
        """Ask nothing more of this model in this session; whoever waits stops waiting."""
        self._closed.set()
        for waiting in self.waiting:
            if not waiting.future.done():
                waiting.future.set_exception(Halt())
        self.waiting.clear()

    def give_up(self, reason: str) -> None:
        """Nothing more is asked of this model in this session, for this reason."""
        self._stop(reason)
        self.close()

    def check(self) -> None:
        """Halt when the lane is closed."""
        if self.closed:
            raise Halt

    async def admit(self, order: int, tokens: float = 0.0) -> Pass:
        """Returns once a request may leave; those of lower order go first. Halt when none may leave any more."""
        return await self.provider.admit(self, order, tokens)

    def back(self, leave: Pass) -> None:
        """A request was not sent after all."""
        self.provider.throttle.back()
        self.breaker.back(probe=leave.probe)
        self.provider.pump()

    def came(self, leave: Pass, trial: int, answer: Reply | ModelFailure) -> float:
        """What came of a request; the seconds for which nothing more is asked because of it."""
        pause = self._came(leave, trial, answer)
        self.provider.pump()
        return pause

    def _came(self, leave: Pass, trial: int, answer: Reply | ModelFailure) -> float:
        provider, throttle = self.provider, self.provider.throttle
        if answer.limits is not None:
            throttle.learn(self.model, answer.limits)
        if isinstance(answer, Reply):
            tokens = answer.usage.input_tokens + answer.usage.output_tokens if throttle.counts_tokens else 0
            throttle.answered(leave.ticket, provider.now(), tokens or leave.ticket.tokens)
            self._healthy()
            return 0.0
        if answer.kind == "rate_limit":
            self.breaker.back(probe=leave.probe)
            return self._refused(leave, answer)
        if answer.kind == "timeout":
            throttle.slow(leave.ticket, provider.now())
        else:
            throttle.back()
        if answer.stops_model:
            self.breaker.back(probe=leave.probe)
            self.give_up(answer.message)
            return 0.0
        return self._failed(leave, trial, answer)

    def _healthy(self) -> None:
        if self.breaker.answered():
            self.tell_resumed(self.model)

    def _refused(self, leave: Pass, failure: ModelFailure) -> float:
        provider, throttle = self.provider, self.provider.throttle
        asked = failure.retry_after or 0.0
        if asked > LONGEST_PAUSE:
            throttle.back()
            self.give_up(f"The provider asks for a pause of {asked:,.0f} s: {failure.message}")
            return asked
        seconds = provider.refused(self, leave.ticket, failure)
        since = throttle.refused_since
        refused_for = 0.0 if since is None else provider.now() - since + seconds
        if refused_for > LONGEST_PAUSE:
            self.give_up(f"The provider has refused everything for {refused_for / 60:,.0f} minutes: {failure.message}")
        return seconds

    def _failed(self, leave: Pass, trial: int, failure: ModelFailure) -> float:
        breaker = self.breaker
        pause = breaker.failed(self.provider.now(), trial, probe=leave.probe, left=self.trials_left)
        if breaker.exhausted:
            self.give_up(f"No usable reply to {breaker.failures} requests in a row, the last: {failure.message}")
        elif pause is not None:
            self.tell_pause(self.model, pause, f"{breaker.failures} failures in a row: {failure.message}")
        return pause or 0.0

    async def rest(self, seconds: float) -> None:
        """Wait before the next try of one trial; Halt when the lane is closed meanwhile."""
        tasks = {asyncio.ensure_future(self.provider.sleep(seconds)), asyncio.ensure_future(self._closed.wait())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        self.check()
