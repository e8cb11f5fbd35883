"""Wald's sequential probability ratio test of a rate: is it low (p0) or high (p1)? As few trials as the answer needs.

The oracle of the minimal-set design. A pure function of the counts: the order of the trials does not matter, nor how
often it is asked. It decides between two rates and estimates nothing: after it, the sample rate is biased.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Decision = Literal["low", "high", "undecided"]


@dataclass(frozen=True, slots=True)
class Sprt:
    """A test of rate `p0` against `p1` (Wald 1945, Ann. Math. Stat. 16:117). ValueError unless 0 < p0 < p1 < 1."""

    p0: float
    """The low rate."""
    p1: float
    """The high rate."""
    alpha: float = 0.05
    """The chance of `high` where the rate is p0 (about; Wald's bounds)."""
    beta: float = 0.05
    """The chance of `low` where the rate is p1."""
    greatest: int | None = None
    """At this many trials the likelier rate is named, whatever the bounds say; None: never."""

    def __post_init__(self) -> None:
        if not 0 < self.p0 < self.p1 < 1:
            raise ValueError(f"an SPRT needs 0 < p0 < p1 < 1, not {self.p0} and {self.p1}")
        if not (0 < self.alpha < 1 and 0 < self.beta < 1 and self.alpha + self.beta < 1):
            raise ValueError(f"alpha and beta are chances of error with a sum below 1, not {self.alpha}, {self.beta}")

    @property
    def bounds(self) -> tuple[float, float]:
        """The log likelihood ratios at which it decides `low` and `high`."""
        return math.log(self.beta / (1 - self.alpha)), math.log((1 - self.beta) / self.alpha)

    @property
    def steps(self) -> tuple[float, float]:
        """What a `no` and a `yes` add to the log likelihood ratio."""
        return math.log((1 - self.p1) / (1 - self.p0)), math.log(self.p1 / self.p0)

    def log_ratio(self, k: int, n: int) -> float:
        """The log likelihood ratio, p1 to p0, of k `yes` in n trials."""
        no, yes = self.steps
        return k * yes + (n - k) * no

    def decide(self, k: int, n: int) -> Decision:
        """What k `yes` in n trials say; ValueError for counts that cannot be."""
        if not 0 <= k <= n:
            raise ValueError(f"{k} of {n} is no count of trials")
        low, high = self.bounds
        ratio = self.log_ratio(k, n)
        if ratio >= high:
            return "high"
        if ratio <= low:
            return "low"
        if self.greatest is not None and n >= self.greatest:
            return "high" if ratio > 0 else "low"
        return "undecided"

    def course(self, p: float, most: int = 2_000) -> Course:
        """What happens where the rate is p, by exact recursion over the counts, to at most `most` trials."""
        undecided, high, expected = {0: 1.0}, 0.0, 0.0
        low = 0.0
        for n in range(1, most + 1):
            expected += sum(undecided.values())
            after: dict[int, float] = {}
            for k, share in undecided.items():
                for count, chance in ((k + 1, share * p), (k, share * (1 - p))):
                    if not chance:
                        continue
                    match self.decide(count, n):
                        case "high":
                            high += chance
                        case "low":
                            low += chance
                        case "undecided":
                            after[count] = after.get(count, 0.0) + chance
            undecided = after
            if sum(undecided.values()) < 1e-12:
                break
        return Course(high, low, expected)


@dataclass(frozen=True, slots=True)
class Course:
    """How an SPRT ends at one true rate."""

    high: float
    """The chance of `high`."""
    low: float
    """The chance of `low`; what is missing to 1 had not ended."""
    trials: float
    """The expected number of trials."""


def sprt(k: int, n: int, p0: float, p1: float, *, alpha: float = 0.05, beta: float = 0.05) -> Decision:
    """Whether k `yes` in n trials decide for the low rate p0, the high rate p1, or neither yet."""
    return Sprt(p0, p1, alpha, beta).decide(k, n)


def expected_trials(p0: float, p1: float, alpha: float = 0.05, beta: float = 0.05) -> tuple[float, float]:
    """The expected numbers of trials where the rate is p0 and where it is p1.

    Wald's approximation (1945, eq. 4.8), which leaves out how far the last trial overshoots a bound: the true numbers
    are a little greater. `Sprt.course` has them exactly.
    """
    test = Sprt(p0, p1, alpha, beta)
    (low, high), (no, yes) = test.bounds, test.steps
    at_p0 = ((1 - alpha) * low + alpha * high) / (p0 * yes + (1 - p0) * no)
    at_p1 = (beta * low + (1 - beta) * high) / (p1 * yes + (1 - p1) * no)
    return at_p0, at_p1
