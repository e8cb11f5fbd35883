"""Even rates: permits that drip in, at a rate that is known or that is found out from what is refused.

Requests sent in a burst are refused by a strict provider even where their number is allowed, so whatever is known or
guessed of its rate is paced. Pure: it is told the time.
"""

from __future__ import annotations

from collections import deque

BURST_SECONDS = 0.05
"""What was missed for so long is made up for at once; more would be a burst that a strict provider refuses."""
CUT = 0.9
"""What is left of a rate that was refused."""
_LEAST = 1 / 120
"""The slowest rate that is tried, in requests a second."""
_RECENT = 64
"""So many replies tell how fast they come, at most; an eighth of it at least."""
_SOON, _LATER = 0.95, 1.2
"""Shares of the rate that was refused last: up to the first the rate grows quickly, from there to the second it probes."""
_GROWTH = (0.1, 0.005, 0.2)
"""Growth a second: below the rate that was refused last, around it, and well above it, where that is news no more."""


class Bucket:
    """Permits that drip in at an even rate, few of which are kept."""

    def __init__(self, rate: float, now: float) -> None:
        """`rate`: permits a second."""
        self._at = now
        self.set_rate(rate)
        self._level = self._most

    def set_rate(self, rate: float) -> None:
        """Drip faster or slower from now on."""
        self.rate = max(rate, 1e-9)
        self._most = max(1.0, self.rate * BURST_SECONDS)

    def wait(self, now: float, amount: float) -> float:
        """Seconds until so many may go; what is more than the bucket holds goes when it is full, and leaves a debt."""
        self._fill(now)
        missing = min(amount, self._most) - self._level
        return missing / self.rate if missing > 1e-9 else 0.0

    def take(self, now: float, amount: float) -> None:
        """So many go, or come back when the amount is negative."""
        self._fill(now)
        self._level = min(self._most, self._level - amount)

    def _fill(self, now: float) -> None:
        self._level = min(self._most, self._level + max(now - self._at, 0.0) * self.rate)
        self._at = now


class FoundRate:
    """The rate that a provider seems to allow, once it has refused something."""

    def __init__(self) -> None:
        self._bucket: Bucket | None = None
        self._refused = 0.0
        """The rate that was refused last; 0: a guess, which nothing was measured for."""
        self._answers: deque[float] = deque(maxlen=_RECENT)
        """When the latest replies came, since something was refused."""
        self._seconds: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until a request may go."""
        return 0.0 if self._bucket is None else self._bucket.wait(now, 1.0)

    def take(self, now: float) -> None:
        """A request goes."""
        if self._bucket is not None:
            self._bucket.take(now, 1.0)

    def answered(self, now: float, seconds: float) -> None:
        """A reply came, after so many seconds: a little faster from now on, where a rate was refused before."""
        self._answers.append(now)
        self._seconds = seconds if self._seconds is None else 0.9 * self._seconds + 0.1 * seconds
        if self._bucket is not None:
            # There are as many replies a second as the rate says, so this is the growth of a second.
            self._bucket.set_rate(self._bucket.rate + self._growth(self._bucket.rate))

    def _growth(self, rate: float) -> float:
        below, around, above = _GROWTH
        if rate > _LATER * self._refused:
            return above
        return below if rate < _SOON * self._refused else around

    def refused(self, now: float, in_flight: float, known: float | None) -> None:
        """Something was refused while so many were in flight; `known`: the rate a second that should be allowed."""
        measured = self._measured()
        if self._bucket is None:
            self._refused = known or measured or 0.0
            self._bucket = Bucket(CUT * (self._refused or in_flight / (self._seconds or 1.0)), now)
        else:
            rate = self._bucket.rate
            self._refused = rate if measured is None else min(rate, max(measured, rate / 2))
            self._bucket.set_rate(max(_LEAST, CUT * self._refused))
        self._answers.clear()

    def _measured(self) -> float | None:
        """Replies a second of late; None where they are too few to tell."""
        if len(self._answers) < _RECENT // 8:
            return None
        passed = self._answers[-1] - self._answers[0]
        return (len(self._answers) - 1) / passed if passed > 0 else None
