"""How fast one provider may be asked: requests in flight that adapt, pacing to known rates, pauses that it asks for.

Additive increase, multiplicative decrease (Chiu and Jain 1989, Comput. Netw. 17:1), with a quick start: until the first
refusal the number in flight doubles each round trip, as long as that brings replies faster; afterwards it grows by a step a
round trip, and halves when a request is refused, once a round trip. Known rates are paced evenly, so that a provider
that keeps to what it says has nothing to refuse; an unknown one is paced as far as refusals tell. Pure: it is told the
time, sends nothing and waits for nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from am_studio.records import RateLimits
from am_studio.runs.pace import Bucket, FoundRate

NOTHING_KNOWN = RateLimits()
START = 8
"""Requests in flight at first, where no number is known."""
FIRST_PAUSE = 0.5
"""Seconds after a refusal that names no time; doubled with each further round that is refused."""
LONGEST_WAIT = 60.0
"""Ceiling of a wait that no provider asked for, in seconds."""
STEP = 1 / 32
"""How much the number in flight grows in a round trip once it has been cut, as a share of its ceiling; at least 1."""
PACE = 0.99
"""The share of a known rate that is used: clocks differ, and requests overtake each other on their way."""
WORTH = 1.25
"""While it starts: twice as many in flight should bring replies so many times as fast, or the start is over."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request that was let through."""

    at: float
    round: int
    """Which stretch between two cuts it was sent in."""
    tokens: float
    """What it was taken to need; 0 where tokens are not paced."""


class Throttle:
    """The limits of one provider."""

    def __init__(
        self,
        ceiling: int,
        known: RateLimits = NOTHING_KNOWN,
        *,
        start: int = START,
        chance: random.Random | None = None,
    ) -> None:
        self.ceiling = ceiling
        self.limit = float(min(ceiling, known.concurrency or start))
        """Requests in flight, at most, as things are."""
        self.in_flight = 0
        self.refused_since: float | None = None
        """When the first refusal came since the last reply."""
        self._known = known
        self._news = known != NOTHING_KNOWN
        """Whether the rates may be others than they were."""
        self._said: dict[str, RateLimits] = {}
        self._requests: Bucket | None = None
        self._tokens: Bucket | None = None
        self._found = FoundRate()
        self._rates: tuple[float | None, float | None] = (None, None)
        self._paused_until = float("-inf")
        self._level = 0
        self._round = 0
        self._starting = True
        self._wanted_more = False
        self._window = (0.0, 0, 0.0)
        """When it began, replies in it, replies a second in the one before."""
        self._chance = chance or random.Random()

    @property
    def counts_tokens(self) -> bool:
        """Whether a request's tokens matter."""
        return self._rates[1] is not None or self._news

    def learn(self, model: str, said: RateLimits) -> None:
        """What the provider says of its limits for this model; what the user said goes before."""
        if self._said.get(model) != said:
            self._said[model] = said
            self._news = True

    # Asking to go. ---------------------------------------------------------------------------------------------------

    def wait(self, now: float, tokens: float = 0.0) -> float | None:
        """0: a request may go; else the seconds until it is worth asking again; None: when one that is out is back."""
        if self.in_flight >= int(self.limit):
            self._wanted_more = True
            return None
        if now < self._paused_until:
            return self._paused_until - now
        if self._news:
            self._set_rates(now)
        return max(
            self._found.wait(now),
            self._requests.wait(now, 1.0) if self._requests else 0.0,
            self._tokens.wait(now, tokens) if self._tokens else 0.0,
        )

    def take(self, now: float, tokens: float = 0.0) -> Ticket:
        """One goes."""
        self.in_flight += 1
        self._found.take(now)
        if self._requests:
            self._requests.take(now, 1.0)
        if self._tokens:
            self._tokens.take(now, tokens)
        return Ticket(now, self._round, tokens if self._tokens else 0.0)

    # Coming back. ----------------------------------------------------------------------------------------------------

    def answered(self, ticket: Ticket, now: float, tokens: float = 0.0) -> None:
        """A reply came; it took so many tokens."""
        self.in_flight -= 1
        self.refused_since = None
        if self._level:
            self._level -= 1
        if self._tokens and ticket.tokens:
            self._tokens.take(now, tokens - ticket.tokens)
        self._found.answered(now, now - ticket.at)
        if self.limit < self.ceiling:
            self._grow(now)

    def refused(self, ticket: Ticket, now: float, retry_after: float | None) -> float:
        """It was too fast for the provider; the seconds from now for which nothing more may go."""
        self.in_flight -= 1
        if self.refused_since is None:
            self.refused_since = now
        if retry_after is not None:
            wanted = retry_after + self._chance.random() * min(FIRST_PAUSE + 0.1 * retry_after, LONGEST_WAIT)
        elif ticket.round == self._round:
            wanted = min(LONGEST_WAIT, FIRST_PAUSE * 2.0**self._level) * self._chance.uniform(0.5, 1.5)
        else:
            wanted = 0.0
        self._paused_until = max(self._paused_until, now + wanted)
        if ticket.round == self._round:
            self._found.refused(now, self.limit, self._requests.rate if self._requests else None)
        self._cut(ticket, now)
        return self._paused_until - now

    def slow(self, ticket: Ticket, now: float) -> None:
        """No reply came in time: as likely too many were out at once."""
        self.in_flight -= 1
        self._cut(ticket, now)

    def back(self) -> None:
        """One came back, or was never sent, and says nothing about the rate."""
        self.in_flight -= 1

    def _cut(self, ticket: Ticket, now: float) -> None:
        """Half as many; those that left before the last cut are news of the same congestion."""
        if ticket.round == self._round:
            self._round += 1
            self._level = min(self._level + 1, 10)
            self.limit = max(1.0, self.limit / 2)
            self._starting = False
            self._window = (now, 0, 0.0)

    def _grow(self, now: float) -> None:
        began, won, before = self._window
        won += 1
        if self._starting and self._wanted_more:
            self.limit = min(float(self.ceiling), self.limit + 1.0)
        if won < int(self.limit) / (2 if self._starting else 1):
            self._window = (began, won, before)
            return
        speed = won / (now - began) if now > began else 0.0
        if self._starting:
            self._starting = not before or not speed or speed >= WORTH * before
        elif self._wanted_more:
            self.limit = min(float(self.ceiling), self.limit + self._step())
        self._wanted_more = False
        self._window = (now, 0, speed)

    def _step(self) -> float:
        """One at first, for a provider that refuses nothing but gets no faster either."""
        return max(1.0, self.ceiling * STEP) if self._round else 1.0

    def _set_rates(self, now: float) -> None:
        """Buckets for the rates as they are known now: the strictest of all models that share them."""
        self._news = False
        known, said = self._known, self._said.values()
        requests = known.requests_per_minute or _least(each.requests_per_minute for each in said)
        tokens = known.tokens_per_minute or _least(each.tokens_per_minute for each in said)
        if requests != self._rates[0]:
            self._requests = Bucket(requests * PACE / 60.0, now) if requests else None
        if tokens != self._rates[1]:
            self._tokens = Bucket(tokens * PACE / 60.0, now) if tokens else None
        self._rates = (requests, tokens)


def strictest(limits: Iterable[RateLimits]) -> RateLimits:
    """The limits that keep all of these."""
    every = tuple(limits)
    concurrency = _least(each.concurrency for each in every)
    return RateLimits(
        _least(each.requests_per_minute for each in every),
        _least(each.tokens_per_minute for each in every),
        None if concurrency is None else int(concurrency),
    )


def _least(numbers: Iterable[float | None]) -> float | None:
    return min((number for number in numbers if number), default=None)
