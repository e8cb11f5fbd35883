"""Power before paying: the chance that the test which will be used finds a difference, by exact enumeration.

No normal approximation is in any figure; one is used to know where to begin to look. Rates are assumptions of whoever
asks: power says nothing of what the rates are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from am_studio.effects.attribution import subsets
from am_studio.effects.regions import MOST, binomial, rejection_region
from am_studio.effects.tests import TestChoice, test_named

ALPHA = 0.05
POWER = 0.8
World = Callable[[frozenset[str]], float]
"""From the details that are on to the rate of the outcome."""

_MOST_SPLITS = 61
"""Splits of a random-subsets study that are enumerated; where there are more, every so many-th."""


@dataclass(frozen=True, slots=True)
class SampleSize:
    """The trials that a comparison needs."""

    n1: int
    n0: int
    power: float
    """At this size."""
    lasting_n1: int
    """From this size on no greater one (up to a fifth more) falls below the power asked for: power rises in a saw-tooth."""


@dataclass(frozen=True, slots=True)
class Detectable:
    """The rates nearest to p0 that would be found with the power asked for; None where no rate on that side would be."""

    lower: float | None
    higher: float | None

    def drop(self, p0: float) -> float | None:
        """The smallest fall that would be found, as a positive difference."""
        return None if self.lower is None else p0 - self.lower

    def rise(self, p0: float) -> float | None:
        """The smallest rise that would be found."""
        return None if self.higher is None else self.higher - p0


@dataclass(frozen=True, slots=True)
class DetailPower:
    """What a random-subsets study would find of one detail."""

    detail: str
    rate_on: float
    """The rate over all contexts with the detail on."""
    rate_off: float
    power: float


def power(p1: float, n1: int, p0: float, n0: int, *, alpha: float = ALPHA, test: TestChoice = "mid-p") -> float:
    """The chance that the two-sided test at `alpha` rejects, with rates p1 and p0 in groups of n1 and n0.

    ValueError for rates outside [0, 1] or sizes that cannot be enumerated.
    """
    if not (0 <= p1 <= 1 and 0 <= p0 <= 1):
        raise ValueError(f"rates are between 0 and 1, not {p1} and {p0}")
    return _chance(p1, n1, p0, n0, alpha, test)


def _chance(p1: float, n1: int, p0: float, n0: int, alpha: float, test: TestChoice) -> float:  # noqa: PLR0917
    region = rejection_region(n1, n0, alpha, test_named(test, n1 + n0))
    return min(float(binomial(n1, p1) @ region @ binomial(n0, p0)), 1.0)


def sample_size(
    p1: float,
    p0: float,
    *,
    power: float = POWER,
    alpha: float = ALPHA,
    test: TestChoice = "mid-p",
    ratio: float = 1.0,
) -> SampleSize | None:
    """The smallest n1, with n0 = ceil(ratio * n1), that has at least this power; None when more than 2000 are needed.

    Equal rates have no such size: None.
    """
    if p1 == p0:
        return None

    def reached(n1: int) -> float:
        return _chance(p1, n1, p0, math.ceil(ratio * n1), alpha, test)

    most = int(MOST / max(ratio, 1.0))
    start = min(normal_sample_size(p1, p0, power=power, alpha=alpha, ratio=ratio), most)
    while reached(start) < power:
        if start == most:
            return None
        start = min(start + max(start // 8, 1), most)
    # Power is a saw-tooth, so a size is too small only where all a fifth above the next candidates were looked at.
    first = start
    window = _window(start)
    below = start - 1
    while below >= 1 and first - below <= window:
        if reached(below) >= power:
            first = below
        below -= 1
    lasting = max(
        (n + 1 for n in range(first, first + _window(first)) if n < most and reached(n) < power), default=first
    )
    return SampleSize(first, math.ceil(ratio * first), reached(first), lasting)


def detectable(
    p0: float, n1: int, n0: int, *, power: float = POWER, alpha: float = ALPHA, test: TestChoice = "mid-p"
) -> Detectable:
    """The rates of the first group nearest to p0, below and above, that would be found with this power; to .0001."""

    def found(p1: float) -> bool:
        return _chance(p1, n1, p0, n0, alpha, test) >= power

    def nearest(end: float) -> float | None:
        if not found(end):
            return None
        near, far = p0, end
        while abs(far - near) > 1e-4:
            middle = (near + far) / 2
            near, far = (near, middle) if found(middle) else (middle, far)
        return far

    return Detectable(nearest(0.0), nearest(1.0))


def power_random_subsets(
    world: World,
    details: Sequence[str],
    *,
    trials: int,
    q: float = 0.5,
    tests: int | None = None,
    alpha: float = ALPHA,
    test: TestChoice = "mid-p",
) -> tuple[DetailPower, ...]:
    """What a study of random subsets finds of each of these details, comparing trials with it on and with it off.

    `world` gives the rate for any set of the details that do something (at most 16); `tests` is the size of Holm's
    family, with the details that do nothing (by default the number of details): the level is alpha / tests, that of
    Holm's first step, so power is a lower bound. Exact for the marginal comparison: given how many of the trials have a
    detail on, both groups are binomial; the mixture over that number is enumerated (above 61 likely numbers, every so
    many-th). Firth's model of all details finds more.
    """
    level = alpha / (tests or len(details))
    splits = _splits(trials, q)
    found = []
    for detail in details:
        others = [other for other in details if other != detail]
        contexts = [(s, q ** len(s) * (1 - q) ** (len(others) - len(s))) for s in subsets(others)]
        on = min(sum(weight * world(s | {detail}) for s, weight in contexts), 1.0)
        off = min(sum(weight * world(s) for s, weight in contexts), 1.0)
        chance = sum(
            weight * _chance(on, n1, off, trials - n1, level, test) for n1, weight in splits.items()
        )  # fmt: skip
        found.append(DetailPower(detail, on, off, chance))
    return tuple(found)


def _splits(trials: int, q: float) -> dict[int, float]:
    """How likely each number of trials with a detail on is, both groups having one at least."""
    shares = binomial(trials, q)
    likely = [n for n in range(1, trials) if shares[n] > 1e-7]
    likely = likely[:: math.ceil(len(likely) / _MOST_SPLITS)]
    total = sum(float(shares[n]) for n in likely)
    return {n: float(shares[n]) / total for n in likely}


def _window(n: int) -> int:
    """How far around a size others are looked at: a fifth, less where regions are large."""
    return max(5, min(n // 5, 40, 8_000 // n))


def normal_sample_size(p1: float, p0: float, *, power: float = POWER, alpha: float = ALPHA, ratio: float = 1.0) -> int:
    """The size of the first group by the normal approximation with pooled variance under no difference.

    Fleiss 1981, Statistical Methods for Rates and Proportions, eq. 3.14 without correction: where to begin to look, and
    what other calculators print. Near 0 and 1 it is off by a tenth and more, to both sides.
    """
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    pooled = (p1 + ratio * p0) / (1 + ratio)
    root = z_alpha * math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    root += z_power * math.sqrt(p1 * (1 - p1) + p0 * (1 - p0) / ratio)
    return math.ceil((root / (p1 - p0)) ** 2)
