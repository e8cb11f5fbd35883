"""Adjusted p-values for a family of tests. What a family is, is the caller's to say.

Written here, a few lines each, and held against statsmodels by a test: its `multipletests` needs 0.2 s to load and runs a
full garbage collection at every call (45 ms and more), which live screens and simulations cannot pay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Literal

Adjustment = Literal["holm", "benjamini-hochberg", "bonferroni", "none"]


def holm(ps: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjustment (Holm 1979, Scand. J. Stat. 6:65).

    Rejecting what is at most the level, the chance of any false rejection is at most the level.
    """
    order = sorted(range(len(ps)), key=ps.__getitem__)
    steps = (min(1.0, (len(ps) - rank) * ps[number]) for rank, number in enumerate(order))
    return _in_place(order, accumulate(steps, max))


def benjamini_hochberg(ps: Sequence[float]) -> tuple[float, ...]:
    """The step-up adjustment of Benjamini and Hochberg (1995, J. R. Stat. Soc. B 57:289).

    Controls the expected share of false ones among the rejected: for screening, not for confirmation.
    """
    order = sorted(range(len(ps)), key=ps.__getitem__, reverse=True)
    steps = (min(1.0, ps[number] * (len(ps) / (len(ps) - rank))) for rank, number in enumerate(order))
    return _in_place(order, accumulate(steps, min))


def adjust(ps: Sequence[float], method: Adjustment = "holm") -> tuple[float, ...]:
    """The adjusted values by the method of this name, in the order of `ps`; ValueError for a p outside [0, 1]."""
    wrong = [p for p in ps if not 0 <= p <= 1]
    if wrong:
        raise ValueError(f"a p-value is between 0 and 1, not {wrong[0]}")
    match method:
        case "holm":
            return holm(ps)
        case "benjamini-hochberg":
            return benjamini_hochberg(ps)
        case "bonferroni":
            return tuple(min(1.0, len(ps) * p) for p in ps)
        case "none":
            return tuple(ps)


def _in_place(order: Sequence[int], adjusted: Iterable[float]) -> tuple[float, ...]:
    """The adjusted values, which come in `order`, where their p-values stood."""
    return tuple(value for _, value in sorted(zip(order, adjusted, strict=True)))
