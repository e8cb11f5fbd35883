"""Effects over strata (models, wordings, sessions) and whether they differ between strata.

A stratum is (k1, n1, k0, n0): yes and trials of the group with the change, and of the one without. One without trials in
a group says nothing and is left out. `significant here, not there` is no interaction: `interaction` and `homogeneity` ask
that directly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from am_studio.effects.chi_square import chi_square_tail
from am_studio.effects.intervals import (
    LEVEL,
    check_counts,
    crossing,
    miettinen_nurminen,
    normal_quantile,
    score_parts,
    standardized,
)
from am_studio.records import Interval

Stratum = tuple[int, int, int, int]
"""k1, n1, k0, n0."""


@dataclass(frozen=True, slots=True)
class Association:
    """Cochran-Mantel-Haenszel: one answer over all strata."""

    statistic: float
    """Chi-squared with one degree of freedom; 0 where nothing varies in any stratum."""
    p: float
    odds_ratio: float | None
    """Mantel-Haenszel's common odds ratio; None where it is undefined."""
    interval: Interval | None
    """Of the odds ratio (Robins, Breslow and Greenland); None where it is 0, infinite or undefined."""
    strata: int
    """Strata that say something."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of rates with its interval."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """Whether the odds ratio is the same in all strata."""

    statistic: float | None
    degrees: int
    p: float | None
    """None where it cannot be asked: fewer than two strata that say something, or no finite common odds ratio."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """How much an effect differs between two contexts, as a difference of two differences of rates."""

    value: float | None
    interval: Interval | None
    p: float | None
    """Of the likelihood-ratio test on the log-odds scale: another scale than `value`, and near 0 or 1 another answer."""


def cmh(strata: Sequence[Stratum], *, correction: bool = False, level: float = LEVEL) -> Association:
    """The test of no association in any stratum, and the common odds ratio.

    Mantel and Haenszel 1959, J. Natl. Cancer Inst. 22:719; interval of Robins, Breslow and Greenland 1986, Biometrics
    42:311. `correction` takes half a count off, as R does by default.
    """
    used = _informative(strata, level)
    above = variance = 0.0
    for k1, n1, k0, n0 in used:
        total, events = n1 + n0, k1 + k0
        above += k1 - n1 * events / total
        variance += n1 * n0 * events * (total - events) / (total * total * (total - 1))
    if variance <= 0:
        return Association(0.0, 1.0, None, None, 0)
    distance = max(abs(above) - (0.5 if correction else 0.0), 0.0)
    statistic = distance * distance / variance
    varying = sum(0 < k1 + k0 < n1 + n0 for k1, n1, k0, n0 in used)
    return Association(statistic, math.erfc(math.sqrt(statistic / 2)), *_common_odds_ratio(used, level), varying)


def _common_odds_ratio(strata: Sequence[Stratum], level: float) -> tuple[float | None, Interval | None]:
    r = s = pr = ps_qr = qs = 0.0
    for k1, n1, k0, n0 in strata:
        total = n1 + n0
        ri, si = k1 * (n0 - k0) / total, (n1 - k1) * k0 / total
        pi, qi = (k1 + n0 - k0) / total, (n1 - k1 + k0) / total
        r, s = r + ri, s + si
        pr, ps_qr, qs = pr + pi * ri, ps_qr + pi * si + qi * ri, qs + qi * si
    if not s:
        return None, None
    ratio = r / s
    if not r:
        return ratio, None
    half = normal_quantile(level) * math.sqrt(pr / (2 * r * r) + ps_qr / (2 * r * s) + qs / (2 * s * s))
    return ratio, Interval(ratio * math.exp(-half), ratio * math.exp(half), "robins-breslow-greenland", level)


def stratified_difference(strata: Sequence[Stratum], level: float = LEVEL) -> Difference:
    """The difference of rates over strata with Mantel-Haenszel weights n1 n0 / (n1 + n0), and its score interval.

    The stratified score of Miettinen and Nurminen (1985, Stat. Med. 4:213, section on stratified data) with those fixed
    weights: every common difference d with |sum w (observed - d)| within z standard errors, each stratum's rates at
    their maximum under d. With one stratum it is `miettinen_nurminen`.
    """
    used = _informative(strata, level)
    if not used:
        return Difference(None, None)
    weights = [n1 * n0 / (n1 + n0) for _, n1, _, n0 in used]
    weight = sum(weights)
    value = sum(w * (k1 / n1 - k0 / n0) for w, (k1, n1, k0, n0) in zip(weights, used, strict=True)) / weight
    z = normal_quantile(level)

    def score(d: float) -> float:
        parts = [score_parts(d, *stratum) for stratum in used]
        distance = sum(w * part[0] for w, part in zip(weights, parts, strict=True))
        return standardized(distance, sum(w * w * part[1] for w, part in zip(weights, parts, strict=True)))

    low = crossing(lambda d: score(d) > z, -1.0, value)
    high = crossing(lambda d: score(d) >= -z, value, 1.0)
    return Difference(value, Interval(low, high, "miettinen-nurminen, stratified", level))


def homogeneity(strata: Sequence[Stratum]) -> Homogeneity:
    """Breslow and Day's test of one common odds ratio (1980), with Tarone's correction (1985, Biometrika 72:91)."""
    used = [s for s in _informative(strata, LEVEL) if 0 < s[0] + s[2] < s[1] + s[3]]
    ratio, _ = _common_odds_ratio(used, LEVEL)
    if len(used) < 2 or not ratio:
        return Homogeneity(None, max(len(used) - 1, 0), None)
    statistic = excess = total_variance = 0.0
    for k1, n1, k0, n0 in used:
        expected = _expected_under(ratio, n1, n0, k1 + k0)
        cells = (expected, n1 - expected, k1 + k0 - expected, n0 - k1 - k0 + expected)
        variance = 1 / sum(1 / cell for cell in cells)
        statistic += (k1 - expected) ** 2 / variance
        excess, total_variance = excess + k1 - expected, total_variance + variance
    statistic -= excess * excess / total_variance
    return Homogeneity(statistic, len(used) - 1, chi_square_tail(statistic, len(used) - 1))


def _expected_under(ratio: float, n1: int, n0: int, events: int) -> float:
    """The expected k1 under this odds ratio, with the margins as they are."""
    a = ratio - 1
    b = n0 - events + ratio * (n1 + events)
    c = ratio * n1 * events
    # b > 0, and this form of the root does not cancel, nor divide by 0 where the ratio is 1.
    return 2 * c / (b + math.sqrt(max(b * b - 4 * a * c, 0.0)))


def interaction(here: Stratum, there: Stratum, level: float = LEVEL) -> Interaction:
    """The effect in one context minus the effect in another, such as two models.

    The interval is that of `difference_of_differences`; p is of Firth's penalized likelihood-ratio test of the product
    term.
    """
    found = difference_of_differences(here, there, level)
    return Interaction(found.value, found.interval, None if found.value is None else _product_term(here, there))


def difference_of_differences(here: Stratum, there: Stratum, level: float = LEVEL) -> Difference:
    """How much greater the difference of rates is in one context than in another.

    The interval combines the two Miettinen-Nurminen intervals (MOVER: Zou and Donner 2008, Stat. Med. 27:1693, eq. 9).
    """
    if not all((here[1], here[3], there[1], there[3])):
        return Difference(None, None)
    first, second = miettinen_nurminen(*here, level), miettinen_nurminen(*there, level)
    d1, d2 = here[0] / here[1] - here[2] / here[3], there[0] / there[1] - there[2] / there[3]
    value = d1 - d2
    low = value - math.hypot(d1 - first.low, second.high - d2)
    high = value + math.hypot(first.high - d1, d2 - second.low)
    interval = Interval(max(low, -2.0), min(high, 2.0), "mover, miettinen-nurminen", level)
    return Difference(value, interval)


def _product_term(here: Stratum, there: Stratum) -> float | None:
    from am_studio.effects.firth import FirthFit, Row, fit_firth, lr_test

    rows = [
        Row((float(changed), float(context)), k, n)
        for context, stratum in ((1, here), (0, there))
        for changed, k, n in ((1, *stratum[:2]), (0, *stratum[2:]))
    ]
    fit = fit_firth(rows, ("change", "context"), interactions=((0, 1),))
    return lr_test(fit, 2) if isinstance(fit, FirthFit) else None


def _informative(strata: Sequence[Stratum], level: float) -> list[Stratum]:
    """The strata with trials in both groups; ValueError for counts that cannot be."""
    used = []
    for k1, n1, k0, n0 in strata:
        if n1 and n0:
            check_counts(level, (k1, n1), (k0, n0))
            used.append((k1, n1, k0, n0))
    return used
