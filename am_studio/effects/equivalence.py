"""What may be concluded from one difference: an effect, equivalence within a margin, or nothing yet.

The absence of significance is not the absence of an effect. Without a margin `delta` there is no equivalence to
conclude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from am_studio.effects.intervals import LEVEL, check_counts, difference_bounds
from am_studio.records import Interval

Conclusion = Literal["effect", "equivalent", "undetermined"]

MOST_TRIALS = 1_000_000
"""Of one arm; where more would be needed, no number is given."""


def conclude(
    interval: Interval | None, p_adjusted: float | None, alpha: float = 0.05, delta: float | None = None
) -> Conclusion:
    """`effect` when the adjusted p is at most alpha; `equivalent` when the interval is inside -delta..delta.

    An effect that is proved and lies inside the margin is still called an effect: its interval says how small it is.
    The interval is two-sided of the table's own level, so at 95 % the chance of a wrong `equivalent` is at most 2.5 %
    (two one-sided tests: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15:657).
    """
    if p_adjusted is not None and p_adjusted <= alpha:
        return "effect"
    if interval is not None and delta is not None and -delta < interval.low and interval.high < delta:
        return "equivalent"
    return "undetermined"


@dataclass(frozen=True, slots=True)
class TrialsNeeded:
    """About how many more trials would settle a difference, were the true rates the observed ones."""

    aim: Literal["effect", "equivalent"]
    """What would be concluded first."""
    more1: int
    """More trials of the first group."""
    more0: int
    """More trials of the second group, in the same proportion."""

    @property
    def more(self) -> int:
        """More trials of both groups together."""
        return self.more1 + self.more0


def trials_needed(
    k1: int,
    n1: int,
    k0: int,
    n0: int,
    *,
    delta: float | None = None,
    level: float = LEVEL,
    grows: Literal["both", "first"] = "both",
) -> TrialsNeeded | None:
    """How many more trials until the Miettinen-Nurminen interval excludes 0 or is inside -delta..delta.

    Both groups grow in proportion (or the first alone, where the other cannot) and their rates stay the observed ones: a
    guide, not a promise (half of the studies that continue so need more). None when neither would come within a million
    trials. ValueError for counts that cannot be.
    """
    check_counts(level, (k1, n1), (k0, n0))

    def settled(factor: float) -> Literal["effect", "equivalent"] | None:
        other = factor if grows == "both" else 1.0
        low, high = difference_bounds(k1 * factor, n1 * factor, k0 * other, n0 * other, level)
        if low > 0 or high < 0:
            return "effect"
        return "equivalent" if delta is not None and -delta < low and high < delta else None

    below, above = 1.0, 1.0
    while settled(above) is None:
        below, above = above, above * 2
        if above * max(n1, n0) > MOST_TRIALS:
            return None
    while above - below > 0.5 / max(n1, n0):
        middle = (below + above) / 2
        below, above = (middle, above) if settled(middle) is None else (below, middle)
    more0 = n0 if grows == "both" else 0
    return TrialsNeeded(
        settled(above) or "effect", math.ceil(n1 * (above - 1) - 1e-9), math.ceil(more0 * (above - 1) - 1e-9)
    )
