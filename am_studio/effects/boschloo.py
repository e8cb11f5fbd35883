"""Boschloo's unconditional exact test of two rates, quick enough for a table of hundreds of comparisons.

On each side, outcomes are ordered by Fisher's one-sided p; the p of an outcome is the greatest chance, over all common
rates, of one that is ordered no later (Boschloo 1970, Stat. Neerl. 24:1). What depends on the sizes alone is kept. The
greatest chance is looked for on a grid and then between its neighbours; numpy loads when asked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_GRID = 512
"""Common rates at which the chance is worked out first, equally far apart on the arcsine scale."""
_CLOSER, _POINTS = 3, 17
"""How often, and at how many rates, it is worked out again around the greatest."""
_TIE = 1e-9
"""Relative difference below which two probabilities are the same number, rounded differently."""


def boschloo_p(k1: int, n1: int, k0: int, n0: int) -> float:
    """Two-sided: twice the smaller one-sided p, at most 1; 1 where nothing varies."""
    if k1 + k0 in (0, n1 + n0):
        return 1.0
    import numpy as np

    pmf, sides, events = _outcomes(n1, n0)
    angles, chances = _grid(n1 + n0)
    at, smallest = k1 * (n0 + 1) + k0, 2.0
    for statistic in sides:
        within = statistic <= statistic[at] * (1 + _TIE)
        shares = np.asarray(np.bincount(events[within], weights=pmf[within], minlength=n1 + n0 + 1), dtype=float)
        first = chances @ shares
        if first.max() < smallest:
            smallest = min(smallest, _greatest(shares, angles, first))
    return min(2 * smallest, 1.0)


def _greatest(shares: Array, angles: Array, chances: Array) -> float:
    """The greatest chance, from those on the grid and those between the neighbours of the greatest of them."""
    import numpy as np

    best, greatest = int(chances.argmax()), float(chances.max())
    edges = np.concatenate(([angles[0] / 2], angles, [(angles[-1] + np.pi / 2) / 2]))
    low, high = float(edges[best]), float(edges[best + 2])
    for _ in range(_CLOSER):
        closer = np.linspace(low, high, _POINTS)
        found = _chances(len(shares) - 1, closer) @ shares
        best, greatest = int(found.argmax()), max(greatest, float(found.max()))
        low, high = float(closer[max(best - 1, 0)]), float(closer[min(best + 1, _POINTS - 1)])
    return greatest


@lru_cache(maxsize=16)
def _outcomes(n1: int, n0: int) -> tuple[Array, tuple[Array, Array], NDArray[np.intp]]:
    """For every (k1, k0): its chance given k1 + k0, Fisher's p on either side, and k1 + k0."""
    import numpy as np

    from am_studio.effects.regions import hypergeometric

    pmf, lower, upper = hypergeometric(n1, n0)
    events = np.arange(n1 + 1)[:, None] + np.arange(n0 + 1)[None, :]
    return pmf.ravel(), (lower.ravel(), upper.ravel()), events.ravel()


@lru_cache(maxsize=16)
def _grid(total: int) -> tuple[Array, Array]:
    import numpy as np

    angles = np.linspace(0, np.pi / 2, _GRID + 1)[1:-1]
    return angles, _chances(total, angles)


def _chances(total: int, angles: Array) -> Array:
    """The chance of each number of events, in a row a rate; rates are squared sines of the angles."""
    import numpy as np

    from am_studio.effects.regions import log_choose

    events = np.arange(total + 1)
    yes, no = np.log(np.sin(angles) ** 2), np.log(np.cos(angles) ** 2)
    return np.asarray(np.exp(log_choose(total) + np.outer(yes, events) + np.outer(no, total - events)))
