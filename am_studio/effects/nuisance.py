"""How far something that is not the question moves a rate: between the levels of a nuisance factor, arms held apart.

The levels are the ones that there are, not a sample of others: what is estimated is how much the rate differs between
these. On the scale of rates, by an additive model of arm and level, for draws are independent of the arm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from am_studio.effects.intervals import LEVEL, rate_of
from am_studio.records import Interval, NuisanceShare

_ROUNDING = 1e-9
"""A rest below this share of what is between levels is none."""
Arm = Mapping[str, tuple[int, int]]
"""k and n by level."""


def share_of(factor: str, arms: Sequence[Arm], level: float = LEVEL) -> NuisanceShare:
    """The share of a factor's levels in the variance of the outcome within arms.

    With the sum of squares between levels, adjusted for arms, SS on r degrees and the residual variance s2 of N trials:
    variance between levels = max(0, SS - r s2) / N, which is 0 on average before the cut where levels do not differ, and
    share = omega squared (Hays 1963; partial form of Olejnik and Algina 2003, Psychol. Methods 8:434). The interval inverts
    the noncentral F distribution of SS / (r s2) (Steiger 2004, Psychol. Methods 9:164): SD = sqrt(noncentrality s2 / N).
    Outcomes of 0 and 1 make F approximate; it is good where levels have some ten trials in all arms together.
    """
    names = list(dict.fromkeys(name for arm in arms for name in arm))
    totals = {name: [sum(arm.get(name, (0, 0))[part] for arm in arms) for part in (0, 1)] for name in names}
    rates = tuple((name, rate_of(k, n, level)) for name, (k, n) in totals.items())
    found = _between(arms, names)
    if found is None:
        return NuisanceShare(factor, rates, None, None, None, None)
    between, r, within, degrees, trials = found
    residual = 0.0 if within < _ROUNDING * between else within / degrees
    variance = max(between - r * residual, 0.0) / trials
    if not residual:
        share = 1.0 if variance else 0.0
        return NuisanceShare(factor, rates, math.sqrt(variance), None, share, None)
    from scipy.special import fdtrc, ncfdtr

    f = between / r / residual
    tail = (1 - level) / 2
    low, high = (
        _noncentrality(lambda nc: float(ncfdtr(r, degrees, nc, f)), at, between / residual) for at in (1 - tail, tail)
    )
    interval = Interval(math.sqrt(low * residual / trials), math.sqrt(high * residual / trials), "noncentral F", level)
    share = variance / (variance + residual)
    return NuisanceShare(factor, rates, math.sqrt(variance), interval, share, float(fdtrc(r, degrees, f)))


def _between(arms: Sequence[Arm], names: Sequence[str]) -> tuple[float, int, float, int, int] | None:
    """Sum of squares between levels, its degrees, that of the rest, its degrees, trials; None where nothing can be told."""
    import numpy as np

    used = [arm for arm in arms if sum(1 for _, n in arm.values() if n) > 0]
    if not used or len(names) < 2:
        return None
    n = np.array([[arm.get(name, (0, 0))[1] for name in names] for arm in used], dtype=float)
    k = np.array([[arm.get(name, (0, 0))[0] for name in names] for arm in used], dtype=float)
    sizes = n.sum(axis=1)
    rate = k.sum(axis=1) / sizes
    excess = (k - n * rate[:, None]).sum(axis=0)
    spread = np.diag(n.sum(axis=0)) - (n / sizes[:, None]).T @ n
    r = int(np.linalg.matrix_rank(spread))
    degrees = int(sizes.sum()) - len(used) - r
    if not r or degrees < 1:
        return None
    between = float(excess @ np.linalg.pinv(spread, hermitian=True) @ excess)
    total = float((sizes * rate * (1 - rate)).sum())
    return between, r, total - between, degrees, int(sizes.sum())


def _noncentrality(cdf: Callable[[float], float], at: float, start: float) -> float:
    """The noncentrality at which the distribution function is `at`; 0 where it is below that from the start."""
    if cdf(0.0) <= at:
        return 0.0
    low, high = 0.0, max(start, 1.0)
    while cdf(high) > at:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(middle) > at else (low, middle)
    return (low + high) / 2
