"""Whether one model is worth asking: pauses it when nothing but failures come back, and finds out with single requests.

A circuit breaker (Nygard 2007, Release It!): closed while replies come; open, and nothing is asked, after a row of
failures; then one request at a time probes whether the model is back, with longer pauses each time, until one is
answered or all probes are used up. Pure: it is told the time, sends nothing and waits for nothing.
"""

from __future__ import annotations

import random

FIRST_PAUSE = 5.0
"""Seconds of the first pause; doubled after each probe that fails."""
LONGEST_PAUSE = 300.0
"""Ceiling of a pause, in seconds."""
FEW = 3
"""So few trials that are left, of a model that has answered others, may fail by themselves: a pause would save no other."""


class Breaker:
    """The health of one model, in one session."""

    def __init__(self, failures: int = 8, probes: int = 8, chance: random.Random | None = None) -> None:
        self.answers = 0
        """Replies so far."""
        self.openings = 0
        """How often it was paused for its failures."""
        self.exhausted = False
        """Whether every probe failed: the model is not to be asked any more."""
        self._most = failures
        self._probes = probes
        self._chance = chance or random.Random()
        self._row = 0
        self._who: set[int] = set()
        self._open_until: float | None = None
        self._probing = False
        self._failed_probes = 0

    @property
    def open(self) -> bool:
        """Whether it is paused, or being probed."""
        return self._open_until is not None

    def wait(self, now: float) -> float | None:
        """0: it may be asked; else seconds until it may be; None: when the request that probes it is back."""
        if self._open_until is None:
            return 0.0
        return None if self._probing else max(self._open_until - now, 0.0)

    def sent(self) -> bool:
        """A request goes; True when it is a probe."""
        self._probing = self._open_until is not None
        return self._probing

    def answered(self) -> bool:
        """A reply came, good or bad for the study; True when that ends a pause."""
        self.answers += 1
        ended = self.open
        if self._row or ended:
            self._row = self._failed_probes = 0
            self._who.clear()
            self._open_until = None
            self._probing = False
        return ended

    def failed(self, now: float, trial: int, *, probe: bool, left: int | None = None) -> float | None:
        """A request of this trial failed; the seconds of the pause that begins with that, if one does.

        One trial that fails again and again says nothing about the model as long as others were answered: for a pause it
        takes two. Where only a `FEW` trials are `left` (this one included; None: not known) no number of them makes one.
        Whatever left before the pause and fails in it is no news.
        """
        self._row += 1
        self._who.add(trial)
        if probe and self.open:
            self._probing = False
            self._failed_probes += 1
            self.exhausted = self._failed_probes >= self._probes
        elif self.open or self._row < self._most or self._may_be_trials(left):
            return None
        else:
            self.openings += 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self._failed_probes) * self._chance.uniform(1.0, 1.25)
        self._open_until = now + pause
        return pause

    def _may_be_trials(self, left: int | None) -> bool:
        """Whether it may as well be the trials that fail, and not the model."""
        if len(self._who) == 1:
            return self.answers > 0
        return left is not None and left <= FEW and self.answers >= self._most

    def back(self, *, probe: bool) -> None:
        """A request came back, or never left, and says nothing about the model."""
        if probe:
            self._probing = False

    @property
    def failures(self) -> int:
        """In a row, so far."""
        return self._row
