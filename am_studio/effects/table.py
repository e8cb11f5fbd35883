"""From counts to the table of effects: what each change of details does to the rate of one outcome in one model.

A rate is yes / completed. An unclear trial stays in the denominator, a failed one is in neither; the bounds beside each
difference say what both could hide. Knows no scenario, judge or file; what is estimated, the design says. Refuses to call
a difference that was not found "no effect": it is equivalent within the study's margin, or undetermined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from am_studio.effects.bounds import worst_best
from am_studio.effects.equivalence import conclude
from am_studio.effects.intervals import LEVEL, miettinen_nurminen, rate_of
from am_studio.effects.multiplicity import benjamini_hochberg, holm
from am_studio.effects.ratio import risk_ratio
from am_studio.effects.reach import detectable_difference, more_trials
from am_studio.effects.tests import TestName, difference_test, test_for
from am_studio.records import (
    AnalysisSettings,
    Choice,
    Counts,
    Effect,
    EffectKind,
    EffectTable,
    Interval,
    Ratio,
)

Adjustment = Literal["holm", "benjamini-hochberg", "none"]

_ADJUST: dict[Adjustment, Callable[[Sequence[float]], tuple[float, ...]]] = {
    "holm": holm,
    "benjamini-hochberg": benjamini_hochberg,
    "none": tuple,
}

_REMOVALS: tuple[EffectKind, ...] = ("local", "average")
LOW_RATE = 0.1
"""A reference at or below this leaves a removal hardly anything to lower."""


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """How the trials of one removal ended."""

    arm: str
    label: str
    removed: tuple[Choice, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups of trials that differ in something that was changed."""

    arm: str
    """The row's name, unique in its table."""
    label: str
    removed: tuple[Choice, ...]
    """The levels that are set against the reference."""
    counts: Counts
    """Of the changed group."""
    against: Counts
    """Of the reference group."""
    source: str = ""
    """The arm whose trials stand behind it, where that is not `arm`."""
    p: float | None = None
    """From a model of all trials, in place of the test of these two groups."""
    test: str = ""
    """The name of the test that gave `p`."""
    adjusted_difference: float | None = None
    """The difference by g-computation from that model."""


def removal_effects(
    baseline: Counts,
    arms: Sequence[ArmCounts],
    *,
    outcome: str,
    model: str,
    estimand: str,
    simulated: bool,
    adjustment: Adjustment = "holm",
    level: float = LEVEL,
    asked: AnalysisSettings = AnalysisSettings(),  # noqa: B008 - frozen
    kind: EffectKind = "local",
) -> EffectTable:
    """Each arm against one baseline that they share; see `effect_table`."""
    return effect_table(
        baseline,
        [Comparison(arm.arm, arm.label, arm.removed, arm.counts, baseline) for arm in arms],
        outcome=outcome,
        model=model,
        estimand=estimand,
        simulated=simulated,
        adjustment=adjustment,
        level=level,
        asked=asked,
        kind=kind,
    )


def effect_table(
    baseline: Counts,
    comparisons: Sequence[Comparison],
    *,
    outcome: str,
    model: str,
    estimand: str,
    simulated: bool,
    adjustment: Adjustment = "holm",
    level: float = LEVEL,
    asked: AnalysisSettings = AnalysisSettings(),  # noqa: B008 - frozen
    kind: EffectKind = "local",
    baseline_label: str = "baseline",
    screening: bool = False,
    notes: Sequence[str] = (),
) -> EffectTable:
    """Each comparison: difference, Miettinen-Nurminen interval, ratio, p, adjusted p, conclusion and bounds.

    `baseline` is what the table shows on top: the shared reference, or all trials together where each comparison has a
    reference of its own. One test serves the whole table, chosen by the greatest planned number of trials in a
    comparison, unless a comparison brings its p. The family of the adjustment is all `comparisons`; one without a
    completed trial stays in it as p = 1, so that the family does not depend on the data. The intervals are not adjusted.
    """
    test = test_for(max((each.counts.planned + each.against.planned for each in comparisons), default=baseline.planned))
    ps = [_p(each, test) for each in comparisons]
    adjusted = _ADJUST[adjustment]([1.0 if p is None else p for p in ps])
    single = asked.alpha / max(len(comparisons), 1) if adjustment == "holm" else asked.alpha
    shared = _Shared(model, test, single, level, asked, kind)
    effects = tuple(
        _effect(each, p, None if p is None else p_adjusted, shared)
        for each, p, p_adjusted in zip(comparisons, ps, adjusted, strict=True)
    )
    return EffectTable(
        outcome=outcome,
        model=model,
        estimand=estimand,
        baseline=baseline,
        baseline_rate=rate_of(baseline.yes, baseline.completed, level),
        effects=effects,
        adjustment=adjustment,
        simulated=simulated,
        notes=(*_notes(baseline, comparisons, kind), *notes),
        kind=kind,
        baseline_label=baseline_label,
        screening=screening,
        margin=asked.margin,
        alpha=asked.alpha,
    )


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all rows of a table have in common."""

    model: str
    test: TestName
    single: float
    """The alpha that one row of the family is held against at worst."""
    level: float
    asked: AnalysisSettings
    kind: EffectKind


def _effect(each: Comparison, p: float | None, p_adjusted: float | None, shared: _Shared) -> Effect:
    """One comparison with all that is said of it."""
    level, asked = shared.level, shared.asked
    changed, reference = each.counts, each.against
    interval = _interval(changed, reference, level)
    conclusion = conclude(interval, p_adjusted, asked.alpha, asked.margin)
    groups = (changed.yes, changed.completed), (reference.yes, reference.completed)
    detectable = None
    if reference.completed:
        middle = (reference.yes + 0.5) / (reference.completed + 1)
        detectable = detectable_difference(middle, changed.completed, reference.completed, shared.single)
    return Effect(
        arm=each.arm,
        label=each.label,
        model=shared.model,
        removed=each.removed,
        counts=changed,
        rate=rate_of(changed.yes, changed.completed, level),
        difference=_difference(changed, reference),
        interval=interval,
        p=p,
        p_adjusted=p_adjusted,
        test=each.test or shared.test,
        against=reference,
        against_rate=rate_of(reference.yes, reference.completed, level),
        worst_best=worst_best(changed, reference),
        kind=shared.kind,
        ratio=_ratio(changed, reference, level),
        conclusion=conclusion,
        more_trials=more_trials(*groups, shared.single, asked.margin) if conclusion == "undetermined" else None,
        detectable=detectable,
        adjusted_difference=each.adjusted_difference,
        source=each.source,
    )


def _p(each: Comparison, test: TestName) -> float | None:
    removed, reference = each.counts, each.against
    if not removed.completed or not reference.completed:
        return None
    if each.test:
        return each.p
    return difference_test(removed.yes, removed.completed, reference.yes, reference.completed, test)[0]


def _difference(removed: Counts, reference: Counts) -> float | None:
    if not removed.completed or not reference.completed:
        return None
    return removed.yes / removed.completed - reference.yes / reference.completed


def _interval(removed: Counts, reference: Counts, level: float) -> Interval | None:
    if not removed.completed or not reference.completed:
        return None
    return miettinen_nurminen(removed.yes, removed.completed, reference.yes, reference.completed, level)


def _ratio(removed: Counts, reference: Counts, level: float) -> Ratio:
    found = risk_ratio(removed.yes, removed.completed, reference.yes, reference.completed, level=level)
    return Ratio(found.value, found.interval)


def _notes(baseline: Counts, comparisons: Sequence[Comparison], kind: EffectKind) -> tuple[str, ...]:
    """What a reader must know before believing the numbers."""
    # Groups of a design whose trials are each their own variant overlap; there the baseline has them all.
    shared = all(each.against == baseline for each in comparisons)
    everything = [baseline, *(each.counts for each in comparisons)] if shared else [baseline]
    notes = []
    coming = sum(counts.planned - counts.completed - counts.failed for counts in everything)
    if coming:
        notes.append(f"Planned trials still to come: {coming}. These figures are a look on the way, not the result.")
    if kind in _REMOVALS and baseline.completed and baseline.yes <= LOW_RATE * baseline.completed:
        notes.append(
            "The baseline's rate is so low that removing a detail can hardly lower it: no effect here says little."
        )
    failed, unclear = sum(counts.failed for counts in everything), sum(counts.unclear for counts in everything)
    if failed or unclear:
        notes.append(
            f"Failed trials (left out of n): {failed}; unclear ones (in n, counted as not yes): {unclear}. "
            "The bounds say how far they could move each difference."
        )
    return tuple(notes)
