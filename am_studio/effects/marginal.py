"""Each column of factorial data by itself: trials with it on against trials with it off, whatever the others were.

Where every detail is switched on by an independent draw with probability q, the two groups are two independent binomial
samples, so the intervals and tests of two rates hold exactly, with any number of columns and whatever the details do
together; the difference estimates the detail's Banzhaf value at q. Where draws were restricted by constraints, the groups
also differ in other details: then it is an association only, and `effects.firth` adjusts for the others.

For screening many columns (lines of a prompt) it needs no model that has more coefficients than the trials can bear.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from am_studio.effects.firth import Row
from am_studio.effects.intervals import LEVEL, miettinen_nurminen
from am_studio.effects.tests import TestChoice, compare
from am_studio.records import Interval


@dataclass(frozen=True, slots=True)
class Marginal:
    """Trials with one column on (not 0) against those with it off."""

    k1: int
    n1: int
    k0: int
    n0: int
    difference: float | None
    """On minus off; None, as the interval and p, where a group has no trial."""
    interval: Interval | None
    p: float | None


def marginal_effects(rows: Iterable[Row], *, test: TestChoice = "mid-p", level: float = LEVEL) -> tuple[Marginal, ...]:
    """One comparison a column; p-values are not adjusted."""
    known = [row for row in rows if row.n]
    return tuple(_marginal(known, column, test, level) for column in range(len(known[0].x) if known else 0))


def _marginal(rows: list[Row], column: int, test: TestChoice, level: float) -> Marginal:
    on = [row for row in rows if row.x[column]]
    k1, n1 = sum(row.k for row in on), sum(row.n for row in on)
    k0, n0 = sum(row.k for row in rows) - k1, sum(row.n for row in rows) - n1
    if not n1 or not n0:
        return Marginal(k1, n1, k0, n0, None, None, None)
    p = compare(k1, n1, k0, n0, test).p
    return Marginal(k1, n1, k0, n0, k1 / n1 - k0 / n0, miettinen_nurminen(k1, n1, k0, n0, level), p)
