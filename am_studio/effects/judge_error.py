"""Rates corrected for a judge that errs, from trials that a human has checked.

Which correction is right depends on how the checked trials were chosen. Chosen by the verdict (every `yes` and a random
sample of the `no`): `corrected_rate`, stratum by stratum. Drawn separately and at random from trials whose truth is
known: `rogan_gladen`. Rogan-Gladen on trials chosen by verdict is badly biased; nothing here can notice that.
"""

from __future__ import annotations

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


def corrected_rate(
    said_yes: Checked, said_no: Checked, *, level: float = LEVEL, seed: int = 0, draws: int = DRAWS
) -> Corrected:
    """The rate over both strata: trials said `yes` that are, and trials said `no` that are.

    The value weighs each stratum's share found true by its trials (inverse sampling weights). The interval is of draws:
    the strata's sizes and what is true in each from Beta distributions with Jeffreys' prior (1/2, 1/2); same seed, same
    interval. No value where a stratum with trials has none checked. ValueError for counts that cannot be.
    """
    value = _weighted(said_yes, said_no)
    if value is None:
        return Corrected(None, None)
    return Corrected(value, _quantiles(_drawn(said_yes, said_no, seed, draws), level))


def corrected_difference(
    with_change: tuple[Checked, Checked],
    without: tuple[Checked, Checked],
    *,
    level: float = LEVEL,
    seed: int = 0,
    draws: int = DRAWS,
) -> Corrected:
    """The difference of two corrected rates, each from its own (said yes, said no): judges may err more in one arm."""
    one, zero = _weighted(*with_change), _weighted(*without)
    if one is None or zero is None:
        return Corrected(None, None)
    drawn = _drawn(*with_change, seed, draws) - _drawn(*without, seed + 1, draws)
    return Corrected(one - zero, _quantiles(drawn, level))


def _weighted(said_yes: Checked, said_no: Checked) -> float | None:
    total = found = 0.0
    for stratum in (said_yes, said_no):
        if not 0 <= stratum.truly_yes <= stratum.checked <= stratum.trials:
            raise ValueError(f"{stratum.truly_yes} of {stratum.checked} of {stratum.trials} is no count of trials")
        if stratum.trials and not stratum.checked:
            return None
        total += stratum.trials
        found += stratum.trials * stratum.truly_yes / stratum.checked if stratum.trials else 0.0
    return found / total if total else None


def _drawn(said_yes: Checked, said_no: Checked, seed: int, draws: int) -> Array:
    import numpy as np

    chance = np.random.default_rng(seed)
    share = chance.beta(said_yes.trials + 0.5, said_no.trials + 0.5, draws)
    true_in = [
        chance.beta(stratum.truly_yes + 0.5, stratum.checked - stratum.truly_yes + 0.5, draws)
        for stratum in (said_yes, said_no)
    ]
    return np.asarray(share * true_in[0] + (1 - share) * true_in[1])


def _quantiles(drawn: Array, level: float) -> Interval:
    import numpy as np

    low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2))
    return Interval(float(low), float(high), "beta draws by stratum", level)
