"""The ratio of two rates (risk ratio), with its score interval.

A ratio reads well and misleads near 0: it says nothing of how many trials changed. It stands beside a difference, never
instead of it. Where the second rate is 0 there is no ratio; its interval then has no upper end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from am_studio.effects.intervals import LEVEL, check_counts, normal_quantile
from am_studio.records import Interval

RatioMethod = Literal["miettinen-nurminen", "koopman"]
_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Ratio:
    """p1 / p0 with its interval."""

    value: float | None
    """None when k0 is 0, or either n is."""
    interval: Interval | None
    """From 0 to infinity (`math.inf`); None when either n is 0."""


def risk_ratio(
    k1: int, n1: int, k0: int, n0: int, *, level: float = LEVEL, method: RatioMethod = "miettinen-nurminen"
) -> Ratio:
    """The ratio of k1 of n1 to k0 of n0, with the interval of every ratio that the score test does not reject.

    Koopman 1984, Biometrics 40:513; with the variance times N/(N - 1), Miettinen and Nurminen 1985, Stat. Med. 4:213,
    eq. 10. ValueError for counts that cannot be.
    """
    if not n1 or not n0:
        return Ratio(None, None)
    check_counts(level, (k1, n1), (k0, n0))
    z, total = normal_quantile(level), n1 + n0
    if method == "miettinen-nurminen":
        z *= math.sqrt(total / (total - 1))

    def score(log_ratio: float) -> float:
        return _score(math.exp(log_ratio), k1, n1, k0, n0)

    # The statistic falls as the ratio grows, from above z to below -z over this range but for counts of 0.
    low = 0.0 if k1 == 0 else math.exp(_crossing(lambda x: score(x) > z))
    high = math.inf if k0 == 0 else math.exp(_crossing(lambda x: score(x) >= -z))
    value = (k1 / n1) / (k0 / n0) if k0 else None
    return Ratio(value, Interval(low, high, method, level))


def restricted_rate_of_ratio(ratio: float, k1: int, n1: int, k0: int, n0: int) -> float:
    """The maximum-likelihood p0 under p1 = ratio * p0: the smaller root of a quadratic."""
    a = (n1 + n0) * ratio
    b = n1 * ratio + k1 + n0 + k0 * ratio
    c = k1 + k0
    # The form that does not cancel: 2c / (b + root) instead of (b - root) / 2a.
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return min(max(2 * c / (b + root), 0.0), 1.0, 1 / ratio)


def _score(ratio: float, k1: int, n1: int, k0: int, n0: int) -> float:
    p0 = restricted_rate_of_ratio(ratio, k1, n1, k0, n0)
    p1 = min(ratio * p0, 1.0)
    variance = p1 * (1 - p1) / n1 + ratio * ratio * p0 * (1 - p0) / n0
    distance = k1 / n1 - ratio * k0 / n0
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _crossing(left: Callable[[float], bool]) -> float:
    """Where `left` turns from true to false, as a log ratio between -40 and 40."""
    low, high = -40.0, 40.0
    while high - low > _TOLERANCE * max(1.0, abs(low)):
        middle = (low + high) / 2
        if left(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
