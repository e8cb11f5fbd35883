"""A small check of coverage by simulation: does the interval contain the truth as often as enumeration says it should?

A few thousand draws a point: enough to notice a wrong formula, not to measure coverage (`make bench-stats` does).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from am_studio.effects.intervals import miettinen_nurminen, wilson

ERRORS = 4.0
"""Standard errors that a simulated share may lie from the exact one."""
FLOOR = 0.91
"""No coverage may be below it (score intervals do not reach 95 % everywhere)."""


@dataclass(frozen=True, slots=True)
class CoverageCheck:
    """One point, simulated and enumerated."""

    name: str
    exact: float
    simulated: float
    error: float
    """Monte-Carlo standard error of the simulated share."""

    @property
    def ok(self) -> bool:
        """Whether both agree and coverage is what can be asked."""
        return abs(self.simulated - self.exact) <= ERRORS * self.error + 1e-9 and self.exact >= FLOOR


def coverage_checks(draws: int, seed: int = 0) -> Iterator[CoverageCheck]:
    """Some rates and differences; ValueError for no draws."""
    if draws < 1:
        raise ValueError("coverage is simulated with one draw at least")
    for n, p in ((10, 0.05), (20, 0.5), (50, 0.96), (50, 0.0)):
        yield _of_rate(n, p, draws, random.Random(f"{seed} rate {n} {p}"))
    for n, p1, p0 in ((10, 1.0, 0.05), (20, 0.96, 0.5), (30, 0.5, 0.5), (20, 0.0, 0.05)):
        yield _of_difference(n, p1, p0, draws, random.Random(f"{seed} difference {n} {p1} {p0}"))


def _binomial(n: int, p: float) -> list[float]:
    return [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


def _of_rate(n: int, p: float, draws: int, chance: random.Random) -> CoverageCheck:
    shares = _binomial(n, p)
    covered = [wilson(k, n).low <= p <= wilson(k, n).high for k in range(n + 1)]
    exact = sum(share for share, inside in zip(shares, covered, strict=True) if inside)
    hits = sum(covered[sum(chance.random() < p for _ in range(n))] for _ in range(draws))
    return _checked(f"Wilson, n = {n}, p = {p:g}", exact, hits / draws, draws)


def _of_difference(n: int, p1: float, p0: float, draws: int, chance: random.Random) -> CoverageCheck:
    def inside(k1: int, k0: int) -> bool:
        interval = miettinen_nurminen(k1, n, k0, n)
        return interval.low - 1e-9 <= p1 - p0 <= interval.high + 1e-9

    exact = sum(
        s1 * s0
        for k1, s1 in enumerate(_binomial(n, p1))
        for k0, s0 in enumerate(_binomial(n, p0))
        if s1 * s0 > 1e-14 and inside(k1, k0)
    )
    hits = 0
    for _ in range(draws):
        k1, k0 = (sum(chance.random() < p for _ in range(n)) for p in (p1, p0))
        hits += inside(k1, k0)
    return _checked(f"Miettinen-Nurminen, n = {n} and {n}, {p1:g} v {p0:g}", exact, hits / draws, draws)


def _checked(name: str, exact: float, simulated: float, draws: int) -> CoverageCheck:
    return CoverageCheck(name, exact, simulated, math.sqrt(max(exact * (1 - exact), 0.0) / draws))
