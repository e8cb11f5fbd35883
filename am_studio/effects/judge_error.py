"""Rates corrected for a judge that errs, from trials that a human has checked.

Which correction is right depends on how the checked trials were chosen. Chosen by the verdict (every `yes` and a random
sample of the `no`): `corrected_rate`, stratum by stratum. Drawn separately and at random from trials whose truth is
known: `rogan_gladen`. Rogan-Gladen on trials chosen by verdict is badly biased; nothing here can notice that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from am_studio.effects.intervals import LEVEL, check_counts, normal_quantile
from am_studio.records import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DRAWS = 20_000
METHOD = "beta draws by stratum"


@dataclass(frozen=True, slots=True)
class Corrected:
    """A rate, or a difference of rates, as it would be with a judge that does not err."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Checked:
    """Trials with one verdict, and what a human found in those that were checked."""

    trials: int
    """With this verdict."""
    checked: int
    """Of them, drawn at random (or all)."""
    truly_yes: int
    """Of the checked."""


def rogan_gladen(
    k: int, n: int, sensitivity: tuple[int, int], specificity: tuple[int, int], level: float = LEVEL
) -> Corrected:
    """The rate behind k of n verdicts, given (right, checked) of true `yes` and of true `no`.

    Rogan and Gladen 1978, Am. J. Epidemiol. 107:71, cut to 0..1; interval of Lang and Reiczigel 2014, Prev. Vet. Med.
    113:13. No value where the judge is no better than chance. ValueError for counts that cannot be.
    """
    check_counts(level, (k, n), sensitivity, specificity)
    se, sp = sensitivity[0] / sensitivity[1], specificity[0] / specificity[1]
    if se + sp <= 1:
        return Corrected(None, None)
    value = min(max((k / n + sp - 1) / (se + sp - 1), 0.0), 1.0)
    z = normal_quantile(level)
    p, of_p = (k + z * z / 2) / (n + z * z), n + z * z
    se, of_se = (sensitivity[0] + 1) / (sensitivity[1] + 2), sensitivity[1] + 2
    sp, of_sp = (specificity[0] + 1) / (specificity[1] + 2), specificity[1] + 2
    youden = se + sp - 1
    if youden <= 0:
        return Corrected(value, None)
    rate = (p + sp - 1) / youden
    se_variance, sp_variance = se * (1 - se) / of_se, sp * (1 - sp) / of_sp
    error = sqrt(p * (1 - p) / of_p + se_variance * rate**2 + sp_variance * (1 - rate) ** 2) / youden
    middle = rate + 2 * z * z * (rate * se_variance - (1 - rate) * sp_variance)
    low, high = (min(max(bound, 0.0), 1.0) for bound in (middle - z * error, middle + z * error))
    return Corrected(value, Interval(low, high, "lang-reiczigel", level))


def corrected_rate(*strata: Checked, level: float = LEVEL, seed: int = 0, draws: int = DRAWS) -> Corrected:
    """The rate over all strata, one a verdict: trials said `yes` that are, and trials said `no` (or `unclear`) that are.

    The value weighs each stratum's share found true by its trials (inverse sampling weights). The interval is of draws:
    the strata's sizes and what is true in each from Beta distributions (Dirichlet for more than two) with Jeffreys' prior
    (1/2, 1/2); same seed, same interval. Where nothing that was checked is true its lower end is 0, where everything is
    its upper end is 1 (Brown, Cai and DasGupta 2001, Stat. Sci. 16:101, section 4.1: Jeffreys' interval alone never covers a rate
    of 0 or 1). No value where a stratum with trials has none checked. ValueError for counts that cannot be.
    """
    _check(strata)
    found = [Found(stratum.checked, stratum.truly_yes) for stratum in strata]
    return Verification(found, level, seed, draws).rate([stratum.trials for stratum in strata])


def corrected_difference(
    with_change: Sequence[Checked],
    without: Sequence[Checked],
    *,
    level: float = LEVEL,
    seed: int = 0,
    draws: int = DRAWS,
) -> Corrected:
    """The difference of two corrected rates, each from strata of its own: judges may err more in one arm."""
    _check(with_change)
    _check(without)
    one, zero = (
        Verification([Found(stratum.checked, stratum.truly_yes) for stratum in strata], level, seed + more, draws)
        for more, strata in enumerate((with_change, without))
    )
    return difference_between(
        (one, [stratum.trials for stratum in with_change]), (zero, [stratum.trials for stratum in without])
    )


def _check(strata: Sequence[Checked]) -> None:
    for stratum in strata:
        if not 0 <= stratum.truly_yes <= stratum.checked <= stratum.trials:
            raise ValueError(f"{stratum.truly_yes} of {stratum.checked} of {stratum.trials} is no count of trials")


@dataclass(frozen=True, slots=True)
class Found:
    """What humans found in trials with one verdict, drawn at random with one chance (or all of them)."""

    checked: int
    truly_yes: int


@dataclass(frozen=True, slots=True)
class JudgeError:
    """How a judge errs, over all of its trials."""

    sensitivity: Corrected
    """Of the trials that truly are, the share that it says `yes` to; None where none was found."""
    specificity: Corrected
    """Of the trials that truly are not, the share that it says `no` to; None where none was found."""


class Verification:
    """What humans found behind each verdict, and what it makes of the verdicts of any group of trials.

    Verdicts are in one order throughout, `yes` first and then `no`. Groups that share a verification share its draws, so
    that what is not known of the judge does not come twice into their difference. It takes for granted that behind a
    verdict the judge is right as often in each group as in the trials that were checked.
    """

    def __init__(self, found: Sequence[Found], level: float = LEVEL, seed: int = 0, draws: int = DRAWS) -> None:
        import numpy as np

        self.found = tuple(found)
        self.level = level
        self._seed = seed
        self._draws = draws
        chance = np.random.default_rng(seed)
        self._true: list[Array] = [
            chance.beta(each.truly_yes + 0.5, each.checked - each.truly_yes + 0.5, draws) for each in self.found
        ]

    def rate(self, trials: Sequence[int]) -> Corrected:
        """The corrected rate of a group with so many trials of each verdict."""
        value = self.value(trials)
        if value is None:
            return Corrected(None, None)
        low, high = quantiles(self.drawn(trials), self.level)
        checked = [each for each, number in zip(self.found, trials, strict=True) if number]
        if not any(each.truly_yes for each in checked):
            low = 0.0
        if all(each.truly_yes == each.checked for each in checked):
            high = 1.0
        return Corrected(value, Interval(low, high, METHOD, self.level))

    def value(self, trials: Sequence[int]) -> float | None:
        """The rate alone; None without trials, or where a verdict that the group has was never checked."""
        total = truly = 0.0
        for each, number in zip(self.found, trials, strict=True):
            if number and not each.checked:
                return None
            total += number
            truly += number * each.truly_yes / each.checked if number else 0.0
        return truly / total if total else None

    def drawn(self, trials: Sequence[int], apart: int = 1) -> Array:
        """Draws of the rate; groups with another `apart` have sizes of their own drawn."""
        import numpy as np

        shares = self._shares(trials, apart)
        return np.asarray(sum(shares[:, place] * true for place, true in enumerate(self._true)))

    def _shares(self, trials: Sequence[int], apart: int) -> Array:
        import numpy as np

        # A verdict that nobody gave, beyond yes and no, is none that was to be had.
        weights = [number + 0.5 if number or place < 2 else 0.0 for place, number in enumerate(trials)]
        gammas = np.random.default_rng([self._seed, apart]).standard_gamma(weights, (self._draws, len(weights)))
        return np.asarray(gammas / gammas.sum(axis=1, keepdims=True))

    def error(self, trials: Sequence[int]) -> JudgeError:
        """Sensitivity and specificity over a group, from its verdicts and what was found behind them.

        Begg and Greenes 1983, Biometrics 39:207: Bayes' theorem from the shares found true behind each verdict, which
        drawing by the verdict does not bias. Intervals are of the same draws; an end where every checked trial agrees is 1.
        """
        if self.value(trials) is None:
            return JudgeError(Corrected(None, None), Corrected(None, None))
        shares = self._shares(trials, 1)
        return JudgeError(self._right(trials, shares, 0, truly=True), self._right(trials, shares, 1, truly=False))

    def _right(self, trials: Sequence[int], shares: Array, verdict: int, *, truly: bool) -> Corrected:
        """Of what is (or is not) truly so, the share with this verdict."""

        def number(each: Found) -> int:
            return each.truly_yes if truly else each.checked - each.truly_yes

        parts = [
            count * number(each) / each.checked if count else 0.0
            for each, count in zip(self.found, trials, strict=True)
        ]
        if not sum(parts):
            return Corrected(None, None)
        drawn = [shares[:, place] * (true if truly else 1 - true) for place, true in enumerate(self._true)]
        low, high = quantiles(drawn[verdict] / sum(drawn), self.level)
        if sum(parts) == parts[verdict]:
            high = 1.0
        if not parts[verdict]:
            low = 0.0
        return Corrected(parts[verdict] / sum(parts), Interval(low, high, METHOD, self.level))


def difference_between(
    changed: tuple[Verification, Sequence[int]], reference: tuple[Verification, Sequence[int]]
) -> Corrected:
    """The corrected rate of one group of trials minus another's; each with its trials of each verdict."""
    (first, with_change), (second, without) = changed, reference
    one, zero = first.value(with_change), second.value(without)
    if one is None or zero is None:
        return Corrected(None, None)
    low, high = quantiles(first.drawn(with_change, 1) - second.drawn(without, 2), first.level)
    return Corrected(one - zero, Interval(low, high, METHOD, first.level))


def quantiles(drawn: Array, level: float) -> tuple[float, float]:
    """The ends of the middle part of draws that has this share of them."""
    import numpy as np

    low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
