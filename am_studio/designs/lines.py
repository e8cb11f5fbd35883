"""Lines: every line, sentence, paragraph or email is a factor, with no authoring: which of them carry the behaviour?

Each trial keeps each unit with probability q, so units that act only together are found as well; leaving one line out at a
time has less power at every number of trials. A unit is deleted, or replaced by neutral text of like length, for deleting
also shortens the prompt. What is protected is never removed. With many units this is a screening: whatever it finds is a
lead to be tested again on fresh trials, by a study of its own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import BaseModel, Field

from am_studio.designs.base import (
    Arm,
    Results,
    Wanted,
    design_settings,
    interleave,
    is_simulated,
    settings_of,
    trial_seed,
)
from am_studio.designs.cells import total
from am_studio.designs.random_subsets import TotalTrials
from am_studio.designs.space import open_baseline
from am_studio.effects.table import Comparison, effect_table
from am_studio.effects.tests import difference_test
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import Counts, EffectTable, Study, TrialSpec, Variant, VariantCounts
from am_studio.scenarios.units import Unit, Where, units_of, without

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

ARM = "lines"
"""All trials are of this arm; each has a variant of its own."""
_EXCERPT = 48
"""So many characters of a unit stand in its label."""


class LinesSettings(Form):
    """What a study may say under `design`."""

    units: Literal["line", "sentence", "paragraph", "email"] = Field("line", description="What is taken out.")
    within: tuple[Where, ...] = Field(("system",), min_length=1, description="Where: system prompt, task, inbox.")
    q: float = Field(0.75, gt=0, lt=1, description="The chance that a unit is kept in a trial.")
    removal: Literal["delete", "neutral"] = Field(
        "delete", description="`neutral` puts bland text of like length in a unit's place."
    )
    adjustment: Literal["holm", "benjamini-hochberg"] = Field(
        "benjamini-hochberg", description="`holm` for a confirmation; `benjamini-hochberg` for leads."
    )


@dataclass(frozen=True, slots=True)
class Lines:
    """A fixed design: it names every trial at once, each with its own units taken out."""

    study: Study
    baseline: Variant
    units: tuple[Unit, ...]
    """Those that may be removed."""
    protected: int
    """How many may not."""
    asked: LinesSettings
    trials: TotalTrials

    kind: ClassVar[str] = "lines"
    summary: ClassVar[str] = "Take out lines, sentences, paragraphs or emails at random: which of them carry it?"
    settings: ClassVar[type[BaseModel]] = LinesSettings
    trials_form: ClassVar[type[BaseModel]] = TotalTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        how = "replaced by neutral text" if self.asked.removal == "neutral" else "deleted"
        return (
            f"difference in rate, {self.asked.units} {how} minus kept, on average over random sets of the others, "
            f"q = {self.asked.q:g} (average effect)"
        )

    def notes(self) -> tuple[str, ...]:
        """What is a unit here, and what a finding is worth."""
        where = ", ".join(self.asked.within)
        kept = f" {self.protected} protected ones always stay." if self.protected else ""
        told = [
            f"{len(self.units)} units ({self.asked.units}, {where}); each trial keeps each of them with probability "
            f"{self.asked.q:g}.{kept}"
        ]
        if self.asked.adjustment == "benjamini-hochberg":
            told.append(
                "A screening: test what it finds again on fresh trials before you believe the size of an effect."
            )
        return tuple(told)

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError when there is nothing to take out."""
        asked = design_settings(LinesSettings, study)
        trials = settings_of(TotalTrials, study.trials, "trials")
        baseline = open_baseline(scenario, study.baseline)
        found = units_of(scenario, baseline, asked.units, asked.within, study.protocol)
        free = tuple(unit for unit in found if not unit.protected)
        if not free:
            raise StudioError(
                f"There is no {asked.units} to take out in: {', '.join(asked.within)}",
                f"{scenario.ref}: {len(found)} of them, all protected" if found else scenario.ref,
                "name other places under `design.within`, or other `design.units`; emails are in the inbox",
            )
        return cls(study, baseline, free, len(found) - len(free), asked, trials)

    def arms(self) -> tuple[Arm, ...]:
        """One arm for all trials, shown with the whole prompt."""
        return (Arm(ARM, f"random {self.asked.units}s (each trial its own)", self.baseline, ()),)

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet, all models in one random order; every model gets the same variants."""
        variants = [self._drawn(index) for index in range(self.trials.total)]
        wanted = []
        for model in self.study.models:
            already = results.counts(ARM, model.name, self.study.outcome).planned
            own = variants[already:]
            wanted.append(Wanted(self.arms()[0], model.name, already, len(own), own))
        return interleave(wanted, self.study.seed, results.planned())

    def greatest(self) -> int:
        """The number of trials over all models."""
        return len(self.study.models) * self.trials.total

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each unit removed against kept: Fisher's mid-p over all trials, adjusted over the units, the strongest first."""
        found = [each for each in results.by_variant(model, outcome) if each.arm == ARM]
        comparisons = sorted(self._comparisons(found), key=lambda each: 1.0 if each.p is None else each.p)
        return effect_table(
            total(each.counts for each in found) if found else Counts(0),
            comparisons,
            outcome=outcome,
            model=model,
            estimand=self.estimand,
            simulated=is_simulated(self.study, model),
            adjustment=self.asked.adjustment,
            asked=self.study.analysis,
            kind="average",
            baseline_label="all trials",
            screening=self.asked.adjustment == "benjamini-hochberg",
            notes=self.notes(),
        )

    def _comparisons(self, found: Sequence[VariantCounts]) -> Iterator[Comparison]:
        names = {each.variant: frozenset(each.variant.removed_units) for each in found}
        for unit in self.units:
            name = self._name(unit)
            removed = total(each.counts for each in found if name in names[each.variant])
            kept = total(each.counts for each in found if name not in names[each.variant])
            p = None
            if removed.completed and kept.completed:
                p = difference_test(removed.yes, removed.completed, kept.yes, kept.completed, "fisher-mid-p")[0]
            level = "neutral" if self.asked.removal == "neutral" else "deleted"
            yield Comparison(
                unit.id, label(unit), ((unit.id, level),), removed, kept, source=ARM, p=p, test="fisher-mid-p"
            )

    def _drawn(self, index: int) -> Variant:
        """The variant of the trial with this index, of any model."""
        chance = random.Random(trial_seed(self.study.seed, "draw", ARM, index))
        gone = [unit for unit in self.units if chance.random() >= self.asked.q]
        return without(self.baseline, gone, neutral=self.asked.removal == "neutral")

    def _name(self, unit: Unit) -> str:
        """How a variant says that this unit is gone."""
        return without(Variant(()), [unit], neutral=self.asked.removal == "neutral").removed_units[0]


def label(unit: Unit) -> str:
    """Where a unit stands and how it begins, on one line."""
    words = " ".join(unit.text.split())
    begins = words if len(words) <= _EXCERPT else words[:_EXCERPT].rstrip() + "..."
    return (
        f"{unit.part} {unit.kind} {unit.id.rpartition(':')[2]}: {begins}"
        if unit.kind != "email"
        else f"{unit.part}: {begins}"
    )


DESIGN = Lines
