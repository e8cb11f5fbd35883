"""Group-sequential looks: when a study may stop early, fixed before the first trial, with the error rate it promises.

Error spending after Lan and DeMets, so looks need not be evenly spaced. A look compares an ordinary two-sided p with the
level of that look. Between looks nobody may see a p: the levels hold for these looks alone. After stopping early the
estimate leans towards the extreme; its interval is that of a fixed study and is too narrow by a little.

Futility is non-binding: going on against its advice costs no error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Spending = Literal["obrien-fleming", "pocock"]
Advice = Literal["effect", "futile", "continue", "end"]

FUTILE_BELOW = 0.1
"""Conditional power under which a study is called futile."""
MOST_LOOKS = 10
_NORMAL = NormalDist()
_STEP = 0.02
"""Of the grid of the recursive integration, in standard deviations; bounds are then right to 1e-6."""
_COARSE_STEP = 0.05
"""The same where thousands of bounds are worked out; right to 1e-6 all the same, for the density is smooth."""
_LEAST_LEVEL = 1e-9
"""A p of a whole study is not told below this."""


@dataclass(frozen=True, slots=True)
class Look:
    """One planned look at the results."""

    fraction: float
    """Share of the greatest number of trials, in (0, 1]."""
    spent: float
    """The chance of a false positive up to this look."""
    z: float
    """The statistic from which on there is an effect."""
    p_nominal: float
    """The two-sided p up to which there is an effect."""
    futility: float | None
    """The p above which the conditional power, were the true effect the observed one, is too small; None: not asked."""

    def advise(self, p: float) -> Advice:
        """What a two-sided p at this look says; `end` at the last look without an effect."""
        if p <= self.p_nominal:
            return "effect"
        if self.fraction >= 1:
            return "end"
        return "futile" if self.futility is not None and p > self.futility else "continue"


def group_sequential(
    looks: int | Sequence[float],
    *,
    alpha: float = 0.05,
    spending: Spending = "obrien-fleming",
    futile_below: float | None = FUTILE_BELOW,
) -> tuple[Look, ...]:
    """The looks of a two-sided test at `alpha`: a number of evenly spaced ones, or their fractions, the last one 1.

    Lan and DeMets 1983, Biometrika 70:659; alpha / 2 is spent on each side. ValueError for fractions that do not rise to
    1, for more than ten looks, and for levels outside (0, 1).
    """
    fractions = tuple(n / looks for n in range(1, looks + 1)) if isinstance(looks, int) else tuple(looks)
    rising = all(a < b for a, b in zip((0.0, *fractions), fractions, strict=False))
    if not fractions or not rising or fractions[-1] != 1 or len(fractions) > MOST_LOOKS:
        raise ValueError(f"looks are 1 to {MOST_LOOKS} rising fractions of the trials that end with 1, not {fractions}")
    if not 0 < alpha < 1 or (futile_below is not None and not 0 < futile_below < 1):
        raise ValueError("a level, and the conditional power that is too small, are between 0 and 1")
    bounds = _bounds(fractions, alpha, spending)
    return tuple(
        Look(t, 2 * _spent(t, alpha / 2, spending), z, 2 * _NORMAL.cdf(-z), _futility(t, bounds[-1], futile_below))
        for t, z in zip(fractions, bounds, strict=True)
    )


def conditional_power(p: float, fraction: float, last_z: float) -> float:
    """The chance that the last look, at `last_z`, finds the effect, were the true one the observed one.

    Lan and Wittes 1988, Biometrics 44:579: the B-value goes on with the drift it had. `p` is two-sided, at `fraction`
    of the trials; only the side of the observed effect counts.
    """
    b = -_NORMAL.inv_cdf(max(min(p / 2, 0.5), 1e-300)) * math.sqrt(fraction)
    return _NORMAL.cdf((b / fraction - last_z) / math.sqrt(1 - fraction))


def _futility(fraction: float, last_z: float, below: float | None) -> float | None:
    if below is None or fraction >= 1:
        return None
    # Conditional power falls as p grows: (z / sqrt(t) - c) / sqrt(1 - t) is the quantile of `below` at the border.
    z = (last_z + _NORMAL.inv_cdf(below) * math.sqrt(1 - fraction)) * math.sqrt(fraction)
    return 2 * _NORMAL.cdf(-z) if z > 0 else None


def _spent(fraction: float, alpha: float, spending: Spending) -> float:
    """What one side has spent of its alpha."""
    if spending == "pocock":
        return alpha * math.log(1 + (math.e - 1) * fraction)
    return 2 * _NORMAL.cdf(_NORMAL.inv_cdf(alpha / 2) / math.sqrt(fraction))


@lru_cache(maxsize=256)
def _bounds(fractions: tuple[float, ...], alpha: float, spending: Spending, step: float = _STEP) -> tuple[float, ...]:
    """The z of every look, by recursion over the density of the B-value of studies that went on.

    Armitage, McPherson and Rowe 1969, J. R. Stat. Soc. A 132:235. Both sides are symmetric, and each crossing is counted
    on its own side.
    """
    state, spent, bounds = _start(), 0.0, []
    for fraction in fractions:
        to_spend = max(_spent(fraction, alpha / 2, spending) - spent, 0.0)
        border = _border(state.grid, state.weight, math.sqrt(fraction - state.fraction), to_spend)
        bounds.append(border / math.sqrt(fraction))
        spent += to_spend
        state = _went_on(state, fraction, border, step)
    return tuple(bounds)


def sequential_p(ps: Sequence[float], looks: int, spending: Spending) -> float:
    """The p-value of the whole course, from the two-sided p at each of the first looks of a study of so many even ones.

    The least level at which the study would have stopped with an effect at one of them (Jennison and Turnbull 2000, Group
    Sequential Methods, sect. 9.5): at most alpha exactly when a look at level alpha has crossed its bound. To .1 % of its
    value; 1e-9 stands for anything below it, 1 for no look.
    """
    found = 1.0
    for number, p in enumerate(ps):
        if p <= _p_bound(found, number, looks, spending):
            found = _level_crossed(p, number, looks, spending, found)
    return found


def _level_crossed(p: float, number: int, looks: int, spending: Spending, most: float) -> float:
    low, high = math.log(_LEAST_LEVEL), math.log(most)
    if p <= _p_bound(_LEAST_LEVEL, number, looks, spending):
        return _LEAST_LEVEL
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if p <= _p_bound(math.exp(middle), number, looks, spending) else (middle, high)
    return math.exp(high)


@lru_cache(maxsize=4096)
def _p_bound(alpha: float, number: int, looks: int, spending: Spending) -> float:
    """The nominal p of one look where the whole study has this level."""
    if alpha >= 1:
        return 1.0
    fractions = tuple(n / looks for n in range(1, looks + 1))
    return 2 * _NORMAL.cdf(-_bounds(fractions, alpha, spending, _COARSE_STEP)[number])


def false_positive_chance(fractions: Sequence[float], bounds: Sequence[float]) -> float:
    """The chance that |z| reaches its bound at any of the looks where there is no effect; for any bounds."""
    from scipy.special import ndtr

    state, chance = _start(), 0.0
    for fraction, bound in zip(fractions, bounds, strict=True):
        border, spread = bound * math.sqrt(fraction), math.sqrt(fraction - state.fraction)
        chance += 2 * float(state.weight @ ndtr((state.grid - border) / spread))
        state = _went_on(state, fraction, border)
    return chance


@dataclass(frozen=True, slots=True)
class _State:
    """Studies that went on: where their B-values are, and how likely."""

    fraction: float
    grid: Array
    weight: Array
    """Density times the step of the integration."""


_FAR = 8.5
"""Standard deviations: beyond them lies less than 1e-16 of a normal distribution."""


def _start() -> _State:
    import numpy as np

    return _State(0.0, np.zeros(1), np.ones(1))


def _went_on(state: _State, fraction: float, border: float, step: float = _STEP) -> _State:
    """Those whose B-value at this fraction is between -border and border."""
    import numpy as np

    spread = math.sqrt(fraction - state.fraction)
    # Early bounds can be so far out that nothing is there to integrate.
    border = min(border, _FAR * math.sqrt(fraction))
    steps = max(int(2 * border / (spread * step)) | 1, 101)
    grid = np.linspace(-border, border, steps)
    weight = _density(grid, state.grid, state.weight, spread) * (grid[1] - grid[0]) * _simpson(steps)
    return _State(fraction, grid, weight)


def _border(grid: Array, weight: Array, spread: float, chance: float) -> float:
    """The B-value that is exceeded with this chance after the next step."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    def above(border: float) -> float:
        return float(weight @ ndtr((grid - border) / spread)) - chance

    return float(brentq(above, -10.0, 40.0, xtol=1e-10))


def _density(new: Array, grid: Array, weight: Array, spread: float) -> Array:
    import numpy as np

    found = np.empty(len(new))
    for start in range(0, len(new), 256):  # in blocks: the whole product would take hundreds of MB
        part = new[start : start + 256]
        found[start : start + 256] = np.exp(-0.5 * ((part[:, None] - grid[None, :]) / spread) ** 2) @ weight
    return found / (spread * math.sqrt(2 * math.pi))


def _simpson(steps: int) -> Array:
    import numpy as np

    weights = np.ones(steps)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return weights / 3
