"""Firth's logistic regression of factorial data, and what it says on the scale of rates.

Rows are trials or groups of trials: which details were on, and k `yes` of n. The fit is `firthmodels`', which loads when
it is asked. What cannot be fitted is said, never guessed: where every outcome is the same there is no model, and a
column that never varies, or that repeats others, has no coefficient and no p.

The model is additive on the log-odds scale unless interactions are named. Its coefficients are therefore not reported;
the g-computed difference is: where details were switched on at random, it estimates the average effect of a detail even
when the truth is no such model (Rosenblum and van der Laan 2010, Int. J. Biostat. 6:13).
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from am_studio.effects.intervals import LEVEL
from am_studio.effects.threads import one_thread
from am_studio.records import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_ITERATIONS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """Trials that had the same details on."""

    x: tuple[float, ...]
    """One number a column: 1 on, 0 off; any number for what is adjusted for."""
    k: int
    n: int


@dataclass(frozen=True, slots=True)
class FirthFit:
    """A fitted model. A column is numbered as in the rows; interactions follow, in the order they were asked for."""

    names: tuple[str, ...]
    """Of all columns, interactions as `a x b`."""
    rows: tuple[Row, ...]
    """Without interactions, one a pattern."""
    interactions: tuple[tuple[int, int], ...]
    left_out: tuple[int, ...]
    """Columns without a coefficient: they never vary, or repeat earlier ones."""
    coefficients: tuple[float, ...]
    """Of the columns, on the log-odds scale; 0 for those left out."""
    intercept: float
    converged: bool
    _model: Any
    """The fitted `firthmodels.FirthLogisticRegression`, over the columns that are in."""

    @property
    def n(self) -> int:
        """Trials."""
        return sum(row.n for row in self.rows)

    def rate(self, x: Sequence[float]) -> float:
        """The fitted rate with these details on."""
        expanded = _expanded(x, self.interactions)
        return _logistic(self.intercept + sum(b * v for b, v in zip(self.coefficients, expanded, strict=True)))

    def rate_of(self, on: frozenset[str]) -> float:
        """The fitted rate with the columns of these names on and all others off: a set function for attributions."""
        columns = self.names[: len(self.names) - len(self.interactions)]
        return self.rate([float(name in on) for name in columns])


@dataclass(frozen=True, slots=True)
class NoFit:
    """Why there is no model."""

    reason: str


@dataclass(frozen=True, slots=True)
class AverageDifference:
    """What switching a column on does to the rate, averaged over the observed trials."""

    value: float
    interval: Interval


def fit_firth(
    rows: Iterable[Row], names: Sequence[str] = (), interactions: Sequence[tuple[int, int]] = ()
) -> FirthFit | NoFit:
    """The model of these rows, with an intercept (Firth 1993, Biometrika 80:27; Heinze and Schemper 2002).

    `interactions` are pairs of columns whose products come in. ValueError for rows of different lengths or impossible
    counts.
    """
    import numpy as np

    grouped = _grouped(rows)
    if not grouped:
        return NoFit("there is no trial")
    width = len(grouped[0].x)
    labels = tuple(names) or tuple(f"x{number + 1}" for number in range(width))
    if len(labels) != width:
        raise ValueError(f"{len(labels)} names for {width} columns")
    yes, trials = sum(row.k for row in grouped), sum(row.n for row in grouped)
    if yes in (0, trials):
        return NoFit(f"every outcome is the same ({yes}/{trials})")
    every = (*labels, *(f"{labels[a]} x {labels[b]}" for a, b in interactions))
    x = np.array([_expanded(row.x, interactions) for row in grouped], dtype=float)
    kept = _independent(x)
    fit = FirthFit(
        names=every,
        rows=grouped,
        interactions=tuple(interactions),
        left_out=tuple(column for column in range(len(every)) if column not in kept),
        coefficients=(0.0,) * len(every),
        intercept=math.log(yes / (trials - yes)),
        converged=True,
        _model=None,
    )
    return _fitted(fit, x[:, kept], kept) if kept else fit


def _fitted(fit: FirthFit, x: Array, kept: list[int]) -> FirthFit | NoFit:
    import numpy as np

    patterns, outcomes, weights = [], [], []
    for pattern, row in zip(x, fit.rows, strict=True):
        for outcome, weight in ((1, row.k), (0, row.n - row.k)):
            if weight:
                patterns.append(pattern)
                outcomes.append(outcome)
                weights.append(float(weight))
    if len(kept) + 1 > len(weights):
        return NoFit(f"{len(kept) + 1} coefficients from {len(weights)} kinds of trials")
    from firthmodels import FirthLogisticRegression

    # numpy's path: numba, where it happens to be installed, would compile for seconds.
    model = FirthLogisticRegression(backend="numpy", max_iter=_ITERATIONS)
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore")  # convergence is read from the fit
        try:
            model.fit(np.array(patterns), np.array(outcomes), sample_weight=np.array(weights))
        except (ValueError, np.linalg.LinAlgError) as error:
            return NoFit(str(error))
    coefficients = [0.0] * len(fit.names)
    for column, value in zip(kept, model.coef_, strict=True):
        coefficients[column] = float(value)
    return replace(
        fit,
        coefficients=tuple(coefficients),
        intercept=float(model.intercept_),
        converged=bool(model.converged_),
        _model=model,
    )


def lr_test(fit: FirthFit, column: int) -> float | None:
    """The p of the penalized likelihood-ratio test that a column's coefficient is 0; None for one that is left out.

    Heinze and Schemper 2002, Stat. Med. 21:2409. None also where the iterations do not converge.
    """
    return lr_tests(fit, (column,))[0]


def lr_tests(fit: FirthFit, columns: Iterable[int] | None = None) -> tuple[float | None, ...]:
    """`lr_test` of these columns, or of all.

    One constrained fit a column: with 8 columns 10 ms, with 60 columns about 1 s.
    """
    asked = tuple(range(len(fit.names)) if columns is None else columns)
    kept = [column for column in range(len(fit.names)) if column not in fit.left_out]
    places = {column: place for place, column in enumerate(kept)}
    if fit._model is None or not fit.converged:
        return (None,) * len(asked)
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore")
        fit._model.lrt([places[column] for column in asked if column in places])
    found = [float(fit._model.lrt_pvalues_[places[column]]) if column in places else math.nan for column in asked]
    return tuple(None if math.isnan(p) else p for p in found)


def g_computed_difference(fit: FirthFit, column: int, level: float = LEVEL) -> AverageDifference | None:
    """The average over all trials of the fitted rate with the column at 1, less that with it at 0.

    None for a column that is left out. Products with the column follow it. The interval is of the t distribution, with
    the variance of the influence function: sampling of patterns as well as of outcomes, residuals enlarged by their
    leverage (MacKinnon and White 1985, HC3), so that it holds where the model is wrong. ValueError for an interaction.
    """
    return g_computed_differences(fit, (column,), level)[0]


def g_computed_differences(
    fit: FirthFit, columns: Iterable[int] | None = None, level: float = LEVEL
) -> tuple[AverageDifference | None, ...]:
    """`g_computed_difference` of these columns, or of all that are no interaction."""
    mains = len(fit.names) - len(fit.interactions)
    asked = tuple(range(mains) if columns is None else columns)
    if any(column >= mains for column in asked):
        raise ValueError("a product has no rate of its own: ask for its columns")
    if fit._model is None:
        return (None,) * len(asked)
    return _averages(fit, asked, level)


def _averages(fit: FirthFit, asked: Sequence[int], level: float) -> tuple[AverageDifference | None, ...]:
    import numpy as np
    from scipy.stats import t

    kept = [number for number in range(len(fit.names)) if number not in fit.left_out]
    x = np.array([row.x for row in fit.rows], dtype=float)
    n = np.array([row.n for row in fit.rows], dtype=float)
    yes = np.array([row.k for row in fit.rows], dtype=float)
    beta = np.array([fit.intercept, *(fit.coefficients[number] for number in kept)])
    total, quantile = n.sum(), float(t.ppf((1 + level) / 2, max(n.sum() - len(beta), 1)))

    def design(x: Array) -> Array:
        products = [x[:, a] * x[:, b] for a, b in fit.interactions]
        return np.column_stack([np.ones(len(x)), np.column_stack([x, *products])[:, kept]])

    def fitted_at(x: Array) -> tuple[Array, Array]:
        wide = design(x)
        rate = 1 / (1 + np.exp(-wide @ beta))
        return rate, (n * rate * (1 - rate)) @ wide / total

    with one_thread():
        observed = design(x)
        fitted = 1 / (1 + np.exp(-observed @ beta))
        spread = fitted * (1 - fitted)
        projected = observed @ np.linalg.pinv((observed * (n * spread)[:, None]).T @ observed)
        leverage = np.minimum((projected * observed).sum(axis=1) * spread, 0.95)
        found: list[AverageDifference | None] = []
        for column in asked:
            if column in fit.left_out:
                found.append(None)
                continue
            (on, slope_on), (off, slope_off) = (fitted_at(_set(x, column, at)) for at in (1.0, 0.0))
            value = float(n @ (on - off) / total)
            pull = projected @ (slope_on - slope_off) / (1 - leverage)
            variance = sum(
                float(number @ ((on - off - value) / total + pull * (outcome - fitted)) ** 2)
                for outcome, number in ((1.0, yes), (0.0, n - yes))
            )
            half = quantile * math.sqrt(variance)
            bounds = max(value - half, -1.0), min(value + half, 1.0)
            found.append(AverageDifference(value, Interval(*bounds, "g-computation, robust", level)))
    return tuple(found)


def _set(x: Array, column: int, at: float) -> Array:
    changed = x.copy()
    changed[:, column] = at
    return changed


def _grouped(rows: Iterable[Row]) -> tuple[Row, ...]:
    """One row a pattern, those without trials left out, in the order of the patterns."""
    counts: defaultdict[tuple[float, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if not 0 <= row.k <= row.n:
            raise ValueError(f"{row.k} of {row.n} is no count of trials")
        if row.n:
            pattern = tuple(float(value) for value in row.x)
            counts[pattern][0] += row.k
            counts[pattern][1] += row.n
    if len({len(pattern) for pattern in counts}) > 1:
        raise ValueError("all rows have the same number of columns")
    return tuple(Row(pattern, k, n) for pattern, (k, n) in sorted(counts.items()))


def _expanded(x: Sequence[float], interactions: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    return (*x, *(x[a] * x[b] for a, b in interactions))


def _independent(x: Array) -> list[int]:
    """The columns that are no combination of the intercept and earlier ones."""
    import numpy as np

    basis = [np.ones(len(x)) / math.sqrt(len(x))]
    kept = []
    for column in range(x.shape[1]):
        rest = x[:, column].copy()
        size = float(np.linalg.norm(rest))
        for _ in range(2):  # twice is enough (Gram-Schmidt loses digits the first time)
            for known in basis:
                rest -= (known @ rest) * known
        left = float(np.linalg.norm(rest))
        if left > 1e-9 * max(size, 1.0):
            basis.append(rest / left)
            kept.append(column)
    return kept


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
