"""The average effect of each detail over many contexts, from trials whose variants were drawn or crossed.

The difference, its interval and both k/n compare all trials with a detail in place with all with it removed. Its p comes
from Firth's logistic regression with every detail in it, by the likelihood-ratio test: measured on the five worlds of the
bench it finds more than the test of the two groups alone and keeps the family-wise error.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from am_studio.designs.base import is_simulated
from am_studio.designs.cells import Cell, Cells, Contrast, Sides, total
from am_studio.effects.attribution import observed_rates, shapley
from am_studio.effects.firth import FirthFit, Row, fit_firth, g_computed_differences, lr_tests
from am_studio.effects.interaction import interaction_of
from am_studio.effects.multiplicity import benjamini_hochberg
from am_studio.effects.table import Comparison, effect_table
from am_studio.records import Attribution, Counts, Effect, EffectTable, Interaction, Interval, Study

TEST = "firth-lr"
MOST_CROSSED = 12
"""Details up to which pairs are crossed and attributions worked out."""
TRIALS_A_COEFFICIENT = 4
"""With fewer trials for each coefficient of the model with all pairs, attributions are left out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a table of average effects is about."""

    study: Study
    outcome: str
    model: str
    estimand: str
    arm: str
    notes: tuple[str, ...]
    screening: bool = False
    crossed: bool = True
    """Whether pairs are crossed; not where pairs are aliased."""
    even: bool = True
    """Whether every subset of details is as likely as every other, as attributions ask."""


def average_table(cells: Cells, asked: Asked) -> EffectTable:
    """The table for one outcome and model: effects with Holm's adjustment, pairs with Benjamini and Hochberg's."""
    sides = [cells.sides(contrast) for contrast in cells.contrasts()]
    tests = _tests(cells, sides)
    comparisons = [
        Comparison(
            arm=side.contrast.name,
            label=_label(side),
            removed=side.removed,
            counts=total(cell.counts for cell in side.changed),
            against=total(cell.counts for cell in side.reference),
            source=asked.arm,
            p=found.p,
            test=TEST if found.p is not None else "",
            adjusted_difference=found.difference,
        )
        for side, found in zip(sides, tests, strict=True)
    ]
    together = cells.counts
    table = effect_table(
        together,
        comparisons,
        outcome=asked.outcome,
        model=asked.model,
        estimand=asked.estimand,
        simulated=is_simulated(asked.study, asked.model),
        asked=asked.study.analysis,
        kind="average",
        adjustment="benjamini-hochberg" if asked.screening else "holm",
        baseline_label="all trials",
        screening=asked.screening,
        notes=(*_partial(cells, sides, together), *asked.notes),
    )
    few = len(cells.space.factors) <= MOST_CROSSED
    if not few or not asked.crossed:
        return table
    shares = _attributions(cells, table.effects) if asked.even else ()
    return replace(table, interactions=_interactions(cells), attributions=shares)


@dataclass(frozen=True, slots=True)
class _Tested:
    p: float | None
    difference: float | None


def _tests(cells: Cells, sides: Sequence[Sides]) -> list[_Tested]:
    """The test and the g-computed difference of each contrast.

    Where all details are free, one model of all trials has them all; else each contrast has one of its own, of the trials
    that take part, without the details that its change takes along.
    """
    contrasts = [side.contrast for side in sides]
    if cells.free:
        return _fitted(cells.all, contrasts, range(len(contrasts)))
    found = []
    for side in sides:
        own = [side.contrast]
        own += [
            other
            for other in contrasts
            if other.factor.detail != side.contrast.factor.detail and other.factor.detail not in side.dragged
        ]
        found += _fitted((*side.reference, *side.changed), own, (0,))
    return found


def _fitted(cells: Sequence[Cell], contrasts: Sequence[Contrast], wanted: Iterable[int]) -> list[_Tested]:
    columns = list(wanted)
    fit = fit_firth(_rows(cells, contrasts), [contrast.name for contrast in contrasts])
    if not isinstance(fit, FirthFit):
        return [_Tested(None, None)] * len(columns)
    averages = g_computed_differences(fit, columns)
    return [
        _Tested(p, None if average is None else average.value)
        for p, average in zip(lr_tests(fit, columns), averages, strict=True)
    ]


def _rows(cells: Iterable[Cell], contrasts: Sequence[Contrast]) -> list[Row]:
    rows = []
    for cell in cells:
        levels = cell.variant.as_dict()
        x = tuple(float(levels[contrast.factor.detail] == contrast.level) for contrast in contrasts)
        rows.append(Row(x, cell.counts.yes, cell.counts.completed))
    return rows


def _label(side: Sides) -> str:
    return f"{side.contrast.label} (+ {', '.join(side.dragged)})" if side.dragged else side.contrast.label


def _partial(cells: Cells, sides: Sequence[Sides], together: Counts) -> tuple[str, ...]:
    """A note where details take part in some of the trials only."""
    if cells.free:
        return ()
    some = [
        f"{side.contrast.label} ({of:,})"
        for side in sides
        if (of := sum(cell.counts.planned for cell in (*side.reference, *side.changed))) < together.planned
    ]
    if not some:
        return ()
    return (
        f"`needs` and constraints: of {together.planned:,} trials, only those take part in a comparison in which that detail "
        f"alone could have been switched: {', '.join(some)}.",
    )


def _interactions(cells: Cells) -> tuple[Interaction, ...]:
    """Every pair of details that can be crossed, adjusted as a screen."""
    found = []
    for first, second in itertools.combinations(cells.space.factors, 2):
        crossed = cells.crossed(first, second)
        if all(counts.planned for counts in crossed):
            parts = first.detail, second.detail
            found.append(interaction_of(f"{parts[0]} × {parts[1]}", parts, crossed))
    adjusted = benjamini_hochberg([1.0 if each.p is None else each.p for each in found])
    return tuple(
        replace(each, p_adjusted=None if each.p is None else p) for each, p in zip(found, adjusted, strict=True)
    )


def _attributions(cells: Cells, effects: Sequence[Effect]) -> tuple[Attribution, ...]:
    """Shapley and Banzhaf values where every subset is allowed and details have two levels; else none.

    Where every subset is equally likely, a Banzhaf value is the average effect itself, seen as adding the detail.
    """
    factors = cells.space.factors
    if not cells.free or any(len(factor.levels) > 2 for factor in factors):
        return ()
    names = cells.space.details
    counted = {
        frozenset(factor.detail for factor in factors if cell.chosen[factor.detail] == factor.on): (
            cell.counts.yes,
            cell.counts.completed,
        )
        for cell in cells.all
    }
    value, method = observed_rates(counted, names), "observed"
    if value is None:
        rows = [Row(tuple(float(name in on) for name in names), k, n) for on, (k, n) in counted.items()]
        pairs = list(itertools.combinations(range(len(names)), 2))
        fit = fit_firth(rows, names, pairs)
        if not isinstance(fit, FirthFit) or fit.n < TRIALS_A_COEFFICIENT * len(fit.names):
            return ()
        value, method = fit.rate_of, "fitted"
    shares = shapley(value, names)
    return tuple(
        Attribution(
            name,
            shares[name],
            None if effect.difference is None else -effect.difference,
            None if effect.interval is None else _turned(effect.interval),
            method,
        )
        for name, effect in zip(names, effects, strict=True)
    )


def _turned(interval: Interval) -> Interval:
    return replace(interval, low=-interval.high, high=-interval.low)
