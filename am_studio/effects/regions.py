"""The outcomes in which a test of two groups rejects: for every (k1, k0) at once, so that power can be enumerated.

One region serves every rate: it depends on the sizes, the level and the test alone, and is kept. numpy loads when asked.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from am_studio.effects.tests import TestName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Region = NDArray[np.bool_]

MOST = 2_000
"""Trials of one group that can be enumerated: a region has (n1 + 1)(n0 + 1) outcomes."""
_KEPT = 250_000
"""Outcomes of the largest region that is kept: 256 of them take 64 MB."""
_TIE = 1e-9
"""Relative difference below which two probabilities are the same number, rounded differently."""
_GRID = 1_024
"""Common rates at which the size of Boschloo's test is looked for."""


def rejection_region(n1: int, n0: int, alpha: float, test: TestName) -> Region:
    """Whether the test rejects at `alpha`, for k1 in 0..n1 (rows) and k0 in 0..n0; two-sided as in `effects.tests`.

    ValueError for a group of more than `MOST` or fewer than 1 trials.
    """
    if not (1 <= n1 <= MOST and 1 <= n0 <= MOST):
        raise ValueError(f"groups of {n1} and {n0}: from 1 to {MOST:,} trials can be enumerated")
    return (_kept_region if n1 * n0 <= _KEPT else _region)(n1, n0, alpha, test)


def _region(n1: int, n0: int, alpha: float, test: TestName) -> Region:
    if test == "boschloo":
        region = _boschloo(n1, n0, alpha)
    else:
        p = _conditional_p(n1, n0, test)
        region = p <= alpha * (1 + _TIE)
    region.flags.writeable = False
    return region


_kept_region = lru_cache(maxsize=256)(_region)


def _conditional_p(n1: int, n0: int, test: TestName) -> Array:
    """Fisher's p, plain or mid-p, of every outcome."""
    import numpy as np

    pmf, lower, upper = hypergeometric(n1, n0)
    if test == "fisher-mid-p":
        return np.asarray(np.minimum(2 * np.minimum(lower, upper) - pmf, 1.0))
    if test != "fisher":
        raise ValueError(f"no regions of the test '{test}'")
    sheared = _shear(pmf)
    p = np.empty_like(sheared)
    for row, shares in enumerate(sheared):
        order = np.sort(shares)
        within = np.searchsorted(order, shares * (1 + _TIE), side="right")
        p[row] = np.cumsum(order)[within - 1]
    return _unshear(p, n1, n0)


def _boschloo(n1: int, n0: int, alpha: float) -> Region:
    """Twice the smaller one-sided p: each side gets alpha / 2.

    On one side, outcomes are ordered by Fisher's one-sided p; rejected are as many of the first as keep the greatest
    chance over all common rates at most alpha / 2.
    """
    import numpy as np

    pmf, lower, upper = hypergeometric(n1, n0)
    events = (np.arange(n1 + 1)[:, None] + np.arange(n0 + 1)[None, :]).ravel()
    total = n1 + n0
    angle = np.linspace(0, np.pi / 2, _GRID + 1)[1:-1]
    of_events = np.exp(
        log_choose(total)
        + np.outer(np.log(np.sin(angle) ** 2), np.arange(total + 1))
        + np.outer(np.log(np.cos(angle) ** 2), total - np.arange(total + 1))
    )
    region = np.zeros((n1 + 1) * (n0 + 1), dtype=bool)
    for statistic in (lower.ravel(), upper.ravel()):
        order = np.argsort(statistic, kind="stable")
        ordered = statistic[order]
        # Ends of groups of equal statistics: an outcome is rejected with all its equals.
        ends = np.flatnonzero(np.append(np.diff(ordered) > _TIE * ordered[1:], True)) + 1
        first, last = 0, len(ends)
        while first < last:
            middle = (first + last) // 2
            chosen = order[: ends[middle]]
            shares = np.bincount(events[chosen], weights=pmf.ravel()[chosen], minlength=total + 1)
            if float((of_events @ shares).max()) <= alpha / 2 * (1 + _TIE):
                first = middle + 1
            else:
                last = middle
        if first:
            region[order[: ends[first - 1]]] = True
    return region.reshape(n1 + 1, n0 + 1)


def hypergeometric(n1: int, n0: int) -> tuple[Array, Array, Array]:
    """For every outcome, given its number of events: its probability, that of k1 at most so great, and at least so great."""
    import numpy as np

    choose1, choose0, choose = log_choose(n1), log_choose(n0), log_choose(n1 + n0)
    events = np.arange(n1 + 1)[:, None] + np.arange(n0 + 1)[None, :]
    pmf = np.exp(choose1[:, None] + choose0[None, :] - choose[events])
    sheared = _shear(pmf)
    lower = _unshear(np.cumsum(sheared, axis=1), n1, n0)
    upper = _unshear(np.cumsum(sheared[:, ::-1], axis=1)[:, ::-1], n1, n0)
    return pmf, lower, upper


def _shear(square: Array) -> Array:
    """From (k1, k0) to (k1 + k0, k1): one row an event count, zeros where an outcome cannot be."""
    import numpy as np

    rows, columns = square.shape
    sheared = np.zeros((rows + columns - 1, rows))
    k1, k0 = np.indices(square.shape)
    sheared[k1 + k0, k1] = square
    return sheared


def _unshear(sheared: Array, n1: int, n0: int) -> Array:
    import numpy as np

    k1, k0 = np.indices((n1 + 1, n0 + 1))
    return np.asarray(sheared[k1 + k0, k1])


@lru_cache(maxsize=1024)
def log_choose(n: int) -> Array:
    """log C(n, k) for k in 0..n."""
    import numpy as np

    factorials = np.array([math.lgamma(k + 1) for k in range(n + 1)])
    return np.asarray(factorials[n] - factorials - factorials[::-1])


@lru_cache(maxsize=4096)
def binomial(n: int, p: float) -> Array:
    """The probability of every count from 0 to n."""
    import numpy as np

    if p <= 0 or p >= 1:
        sure = np.zeros(n + 1)
        sure[n if p >= 1 else 0] = 1.0
        return sure
    k = np.arange(n + 1)
    return np.asarray(np.exp(log_choose(n) + k * np.log(p) + (n - k) * np.log1p(-p)))
