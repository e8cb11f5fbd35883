"""Confidence intervals for one rate and for the difference of two, from counts.

Plain Python but for Clopper-Pearson, so that live screens need no scipy. Counts are of independent trials: nothing
here knows of clusters, pairs or judges that err. Every function raises ValueError for counts that cannot be (n < 1, k
outside 0..n) and for a level outside (0, 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

from am_studio.records import Interval, Rate

LEVEL = 0.95
_TOLERANCE = 1e-12


def rate_of(k: int, n: int, level: float = LEVEL) -> Rate:
    """k of n with its Wilson interval; no interval when n is 0."""
    return Rate(k, n, wilson(k, n, level) if n else None)


def wilson(k: int, n: int, level: float = LEVEL) -> Interval:
    """The score interval for k of n (Wilson 1927; Newcombe 1998, Stat. Med. 17:857, method 3)."""
    check_counts(level, (k, n))
    z = normal_quantile(level)
    rate, spread = k / n, z * z / n
    middle = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / n + spread / (4 * n)) / (1 + spread)
    # The bounds at 0 and n are exactly 0 and 1; the subtraction would leave a rounding error there.
    low = 0.0 if k == 0 else middle - half
    high = 1.0 if k == n else middle + half
    return Interval(low, high, "wilson", level)


def clopper_pearson(k: int, n: int, level: float = LEVEL) -> Interval:
    """The interval for k of n from two one-sided binomial tests (Clopper and Pearson 1934); covers at least `level`."""
    check_counts(level, (k, n))
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(1 - tail, k + 1, n - k))
    return Interval(low, high, "clopper-pearson", level)


RateMethod = Literal["wilson", "clopper-pearson"]
DifferenceMethod = Literal["miettinen-nurminen", "newcombe"]


def rate_interval(k: int, n: int, level: float = LEVEL, method: RateMethod = "wilson") -> Interval:
    """The interval of this name for k of n."""
    return wilson(k, n, level) if method == "wilson" else clopper_pearson(k, n, level)


def difference_interval(
    k1: int, n1: int, k0: int, n0: int, *, level: float = LEVEL, method: DifferenceMethod = "miettinen-nurminen"
) -> Interval:
    """The interval of this name for p1 - p0."""
    return (miettinen_nurminen if method == "miettinen-nurminen" else newcombe)(k1, n1, k0, n0, level)


def newcombe(k1: int, n1: int, k0: int, n0: int, level: float = LEVEL) -> Interval:
    """The hybrid score interval for p1 - p0 (Newcombe 1998, Stat. Med. 17:873, method 10)."""
    check_counts(level, (k1, n1), (k0, n0))
    p1, p0 = k1 / n1, k0 / n0
    one, zero = wilson(k1, n1, level), wilson(k0, n0, level)
    low = p1 - p0 - math.hypot(p1 - one.low, zero.high - p0)
    high = p1 - p0 + math.hypot(one.high - p1, p0 - zero.low)
    return Interval(max(low, -1.0), min(high, 1.0), "newcombe", level)


@lru_cache(maxsize=65536)
def miettinen_nurminen(k1: int, n1: int, k0: int, n0: int, level: float = LEVEL) -> Interval:
    """The score interval for p1 - p0 (Miettinen and Nurminen 1985, Stat. Med. 4:213).

    Every difference d is in it whose score statistic, with both rates at their maximum-likelihood values under
    p1 - p0 = d and the variance times N/(N - 1), is within the normal quantile. The statistic falls as d grows, so each
    bound is found by bisection, to 1e-12.
    """
    check_counts(level, (k1, n1), (k0, n0))
    return Interval(*difference_bounds(k1, n1, k0, n0, level), "miettinen-nurminen", level)


def difference_bounds(k1: float, n1: float, k0: float, n0: float, level: float = LEVEL) -> tuple[float, float]:
    """The bounds of `miettinen_nurminen`, also for counts that are no whole numbers, as planning needs them."""
    z = normal_quantile(level)
    estimate = k1 / n1 - k0 / n0

    def score(d: float) -> float:
        distance, variance = score_parts(d, k1, n1, k0, n0)
        return standardized(distance, variance)

    return crossing(lambda d: score(d) > z, -1.0, estimate), crossing(lambda d: score(d) >= -z, estimate, 1.0)


def normal_quantile(level: float) -> float:
    """The z with a standard normal between -z and z with probability `level`; 1.96 for .95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def check_counts(level: float, *groups: tuple[float, float]) -> None:
    """ValueError unless the level is inside (0, 1) and every (k, n) can be a count of trials."""
    if not 0 < level < 1:
        raise ValueError(f"a level is between 0 and 1, not {level}")
    for k, n in groups:
        if n < 1 or not 0 <= k <= n:
            raise ValueError(f"{k} of {n} is no count of trials")


def crossing(left: Callable[[float], bool], low: float, high: float) -> float:
    """The point in [low, high] where `left` turns from true to false; an end when it does not turn."""
    while high - low > _TOLERANCE:
        middle = (low + high) / 2
        if left(middle):
            low = middle
        else:
            high = middle
    # The ends -1 and 1 are known exactly: a bound within the tolerance of one is that end.
    return low if low == -1.0 else high if high == 1.0 else (low + high) / 2


def score_parts(d: float, k1: float, n1: float, k0: float, n0: float) -> tuple[float, float]:
    """How far the observed difference is above d, and its variance where p1 - p0 = d, times N/(N - 1)."""
    p0 = restricted_rate(d, k1, n1, k0, n0)
    p1 = min(max(p0 + d, 0.0), 1.0)
    total = n1 + n0
    variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * total / (total - 1)
    return k1 / n1 - k0 / n0 - d, variance


def standardized(distance: float, variance: float) -> float:
    """A distance in standard errors; infinite, with its sign, where nothing can vary."""
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def restricted_rate(d: float, k1: float, n1: float, k0: float, n0: float) -> float:
    """The maximum-likelihood p0 under p1 = p0 + d: the root of a cubic that makes both rates rates.

    Miettinen and Nurminen 1985, appendix 1; trigonometric solution as in Farrington and Manning 1990, appendix.
    """
    total, events = n1 + n0, k1 + k0
    c2 = ((n1 + 2 * n0) * d - total - events) / total
    c1 = ((n0 * d - total - 2 * k0) * d + events) / total
    c0 = k0 * d * (1 - d) / total
    shift = c2 / 3
    q = shift**3 - c1 * c2 / 6 + c0 / 2
    radius = math.sqrt(max(shift * shift - c1 / 3, 0.0))
    p = math.copysign(radius, q)
    ratio = min(max(q / p**3, -1.0), 1.0) if abs(p) > 1e-100 else 0.0
    root = 2 * p * math.cos((math.pi + math.acos(ratio)) / 3) - shift
    return min(max(root, 0.0, -d), 1.0, 1 - d)
