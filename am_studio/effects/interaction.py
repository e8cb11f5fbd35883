"""How far the effect of one change depends on another: the difference of two differences of rates.

On the scale of rates, where "together they take more than one by one" has its plain meaning; on the scale of odds the same
data may say otherwise. Interval and test are one and the same: p is 1 minus the level at which the interval reaches 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from am_studio.effects.intervals import LEVEL, normal_quantile, rate_of
from am_studio.records import Counts, Interaction, Interval

_NORMAL = NormalDist()
_GREATEST = 40.0
"""Normal quantile beyond which a p is 0 for every purpose."""
Cells = tuple[Counts, Counts, Counts, Counts]
"""Neither changed, the first alone, the second alone, both."""


def interaction_of(label: str, parts: tuple[str, str], cells: Cells, level: float = LEVEL) -> Interaction:
    """(both - second) - (first - neither), with the interval that combines the four Wilson intervals.

    MOVER: Zou and Donner 2008, Stat. Med. 27:1693, eq. 9, for a sum of four independent estimates; for two of them it is
    Newcombe's method 10. No numbers when a cell is empty. p is not adjusted here.
    """
    rates = tuple(rate_of(cell.yes, cell.completed, level) for cell in cells)
    neither, first, second, both = rates
    shown = (neither, first, second, both)
    if not all(cell.completed for cell in cells):
        return Interaction(label, parts, shown, None, None, None, None)
    groups = [(cell.yes, cell.completed) for cell in (cells[3], cells[0], cells[2], cells[1])]
    estimate = sum(sign * k / n for sign, (k, n) in zip(_SIGNS, groups, strict=True))
    low, high = _bounds(groups, estimate, normal_quantile(level))
    interval = Interval(max(low, -2.0), min(high, 2.0), "mover-wilson", level)
    return Interaction(label, parts, shown, estimate, interval, _p(groups, estimate), None)


_SIGNS = (1, 1, -1, -1)


def _bounds(groups: list[tuple[int, int]], estimate: float, z: float) -> tuple[float, float]:
    below = above = 0.0
    for sign, (k, n) in zip(_SIGNS, groups, strict=True):
        rate = k / n
        low, high = _wilson(rate, n, z)
        down, up = (rate - low, high - rate) if sign > 0 else (high - rate, rate - low)
        below, above = below + down * down, above + up * up
    return estimate - math.sqrt(below), estimate + math.sqrt(above)


def _wilson(rate: float, n: int, z: float) -> tuple[float, float]:
    spread = z * z / n
    middle = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / n + spread / (4 * n)) / (1 + spread)
    return middle - half, middle + half


def _p(groups: list[tuple[int, int]], estimate: float) -> float:
    """Twice the normal tail beyond the smallest z whose interval has 0 in it."""

    def reaches(z: float) -> bool:
        low, high = _bounds(groups, estimate, z)
        return low <= 0 <= high

    z = _first(reaches)
    return 2 * _NORMAL.cdf(-z)


def _first(holds: Callable[[float], bool]) -> float:
    """The smallest z that this holds for, to 1e-6; `_GREATEST` when it holds for none."""
    low, high = 0.0, _GREATEST
    if holds(low):
        return low
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
