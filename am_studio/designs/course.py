"""Results as an earlier look saw them, and what an effect is called once its comparison has stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from am_studio.designs.base import Results
from am_studio.effects.equivalence import conclude
from am_studio.effects.reach import detectable_difference, more_trials
from am_studio.records import (
    AnalysisSettings,
    Counts,
    Effect,
    EffectTable,
    JudgedTrial,
    Stop,
    Variant,
    VariantCounts,
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """The first so many trials of each arm, in every model."""

    results: Results
    sizes: Mapping[str, int]
    most: Mapping[str, int]
    """Trials of each arm when nothing stops: told as `planned`, so that every look uses the test of the whole study."""

    def planned(self) -> int:
        """How many trials have been named by now, at this look or later."""
        return self.results.planned()

    def in_order(self, arm: str, model: str, outcome: str) -> Sequence[JudgedTrial]:
        """The first trials of this arm."""
        return self.results.in_order(arm, model, outcome)[: self.sizes.get(arm, 0)]

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        """How they ended."""
        return counted(self.in_order(arm, model, outcome), self.most.get(arm, 0))

    def by_variant(self, model: str, outcome: str) -> Sequence[VariantCounts]:
        """The same by variant and session."""
        groups: dict[tuple[str, Variant, int], list[JudgedTrial]] = {}
        for arm in self.sizes:
            for trial in self.in_order(arm, model, outcome):
                groups.setdefault((arm, trial.variant, trial.session), []).append(trial)
        return [VariantCounts(*key, counted(trials, len(trials))) for key, trials in groups.items()]


def counted(trials: Sequence[JudgedTrial], planned: int) -> Counts:
    """How these trials ended."""
    answers = [trial.answer for trial in trials]
    return Counts(
        planned,
        answers.count("yes"),
        answers.count("no"),
        answers.count("unclear"),
        sum(trial.failed for trial in trials),
        sum(trial.refused for trial in trials),
        sum(trial.truncated for trial in trials),
    )


def effect_at(table: EffectTable, stop: Stop, asof: AsOf) -> Effect:
    """The comparison's effect at its look, with as many trials planned as that look had."""
    effect = next(effect for effect in table.effects if effect.arm == stop.arm)
    if stop.arm not in asof.sizes:
        return effect
    changed, reference = stop.trials
    return replace(
        effect, counts=replace(effect.counts, planned=changed), against=replace(effect.against, planned=reference)
    )


def settled_effect(
    effect: Effect, stop: Stop, p_adjusted: float | None, asked: AnalysisSettings, single: float
) -> Effect:
    """The effect with the p of its last look and what may be concluded; `single` is the level of one comparison."""
    found, between = stop.reason == "effect", stop.reason == "going on" and stop.e_needed is None
    conclusion = "effect" if found else conclude(effect.interval, None, asked.alpha, asked.margin)
    changed, reference = effect.counts, effect.against
    groups = (changed.yes, changed.completed), (reference.yes, reference.completed)
    reach = None
    if reference.completed:
        middle = (reference.yes + 0.5) / (reference.completed + 1)
        reach = detectable_difference(middle, changed.completed, reference.completed, single)
    return replace(
        effect,
        p=effect.p if between or stop.p is None else stop.p,
        p_adjusted=p_adjusted,
        test="e-process" if stop.e_needed is not None else effect.test,
        conclusion=conclusion,
        more_trials=more_trials(*groups, single, asked.margin) if conclusion == "undetermined" else None,
        detectable=reach,
    )
