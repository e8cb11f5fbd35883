"""Tests of the hypothesis that two groups have the same rate, from counts; all two-sided.

Refuses to choose between tests by their p: which one is used depends on the number of trials alone. numpy loads with
Boschloo's test, scipy with Barnard's.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from am_studio.effects.intervals import LEVEL, check_counts

TestName = Literal["boschloo", "fisher-mid-p", "fisher", "barnard"]
"""How a test is called where its p is shown."""
TestChoice = Literal["auto", "boschloo", "mid-p", "fisher-mid-p", "fisher", "barnard"]
"""What may be asked for: `auto` decides by the number of trials, `mid-p` is Fisher's."""

BOSCHLOO_UP_TO = 400
"""Trials of both groups together (200 an arm) up to which Boschloo's test is quick enough."""


def test_for(trials: int) -> TestName:
    """The test for two groups that have this many trials together."""
    return "boschloo" if trials <= BOSCHLOO_UP_TO else "fisher-mid-p"


test_for.__test__ = False  # type: ignore[attr-defined]  # a test of statistics, not one for pytest to collect


def test_named(choice: TestChoice, trials: int) -> TestName:
    """The test that is meant, for two groups with so many trials together."""
    match choice:
        case "auto":
            return test_for(trials)
        case "mid-p":
            return "fisher-mid-p"
        case _:
            return choice


test_named.__test__ = False  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A test of two rates."""

    p: float
    """Two-sided."""
    test: TestName


def compare(k1: int, n1: int, k0: int, n0: int, method: TestChoice = "auto") -> Comparison:
    """The test of this name for k1 of n1 against k0 of n0; ValueError for counts that cannot be."""
    check_counts(LEVEL, (k1, n1), (k0, n0))
    name = test_named(method, n1 + n0)
    return Comparison(_TESTS[name](k1, n1, k0, n0), name)


def difference_test(k1: int, n1: int, k0: int, n0: int, name: TestName | None = None) -> tuple[float, TestName]:
    """The p-value for k1 of n1 against k0 of n0, and the name of its test (by default the one for n1 + n0)."""
    name = name or test_for(n1 + n0)
    return _TESTS[name](k1, n1, k0, n0), name


@lru_cache(maxsize=65536)
def boschloo(k1: int, n1: int, k0: int, n0: int) -> float:
    """Boschloo's unconditional exact test (Boschloo 1970, Stat. Neerl. 24:1): Fisher's p as the statistic.

    Two-sided as scipy has it, to at least six digits: twice the smaller one-sided p, at most 1.
    """
    from am_studio.effects.boschloo import boschloo_p

    return boschloo_p(k1, n1, k0, n0)


@lru_cache(maxsize=65536)
def fisher_mid_p(k1: int, n1: int, k0: int, n0: int) -> float:
    """Fisher's test with the observed table counted half (Lancaster 1961, J. Am. Stat. Assoc. 56:223).

    Twice the smaller one-sided mid-p, at most 1; in whole numbers until the last division.
    """
    events = k1 + k0
    low, high = max(0, events - n0), min(n1, events)
    total = math.comb(n1 + n0, events)
    observed = math.comb(n1, k1) * math.comb(n0, events - k1)
    # The shorter tail is summed outwards from the observed table, each number of tables from the one before it.
    tail, ways = 0, observed
    if k1 - low <= high - k1:
        for k in range(k1, low, -1):
            ways = ways * k * (n0 - events + k) // ((n1 - k + 1) * (events - k + 1))
            tail += ways
    else:
        for k in range(k1, high):
            ways = ways * (n1 - k) * (events - k) // ((k + 1) * (n0 - events + k + 1))
            tail += ways
    other = total - observed - tail
    return min((2 * min(tail, other) + observed) / total, 1.0)


@lru_cache(maxsize=65536)
def fisher(k1: int, n1: int, k0: int, n0: int) -> float:
    """Fisher's exact test: all tables with these margins that are at most as likely as the observed one (Fisher 1935).

    Its size is far below its level where trials are few: it is here to be compared with.
    """
    events = k1 + k0
    observed = math.comb(n1, k1) * math.comb(n0, k0)
    span = range(max(0, events - n0), min(n1, events) + 1)
    unlikely = sum(w for k in span if (w := math.comb(n1, k) * math.comb(n0, events - k)) <= observed)
    return unlikely / math.comb(n1 + n0, events)


@lru_cache(maxsize=65536)
def barnard(k1: int, n1: int, k0: int, n0: int) -> float:
    """Barnard's unconditional exact test with the pooled score statistic (Barnard 1945; Suissa and Shuster 1985)."""
    if k1 + k0 in (0, n1 + n0):
        return 1.0
    from scipy.stats import barnard_exact

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        # Groups are the columns here too.
        p = float(barnard_exact([[k1, k0], [n1 - k1, n0 - k0]], pooled=True).pvalue)
    return min(max(p, 0.0), 1.0)


_TESTS: dict[TestName, Callable[[int, int, int, int], float]] = {
    "boschloo": boschloo,
    "fisher-mid-p": fisher_mid_p,
    "fisher": fisher,
    "barnard": barnard,
}
