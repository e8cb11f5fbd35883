"""Trials that were generated elsewhere, as they were found: by condition, or by the details that vary between them.

It names no trial, ever: there is no study file for it, an import makes it. With `by: arms` each condition is set against one
of them. With `by: details` each level of a detail is set against its reference level over all trials, with every other
detail in the model, as in a factorial; what was not randomised by this program is not known to have been, and it says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import BaseModel, Field

from am_studio.designs.average import Asked, average_table
from am_studio.designs.base import BASELINE, Arm, Results, design_settings, is_simulated, settings_of
from am_studio.designs.cells import Cells
from am_studio.designs.random_subsets import TotalTrials
from am_studio.designs.space import Factor, Space, told
from am_studio.effects.table import ArmCounts, removal_effects
from am_studio.foundation.yamlfile import Form
from am_studio.records import OFF, Effect, EffectTable, Study, TrialSpec

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

ARM = "found"
"""All trials are of this arm where details are compared; each has its own variant."""


class FoundArm(Form):
    """A condition."""

    name: str
    label: str
    levels: dict[str, str] = Field(default_factory=dict)


class ImportedSettings(Form):
    """What an import writes under `design`."""

    by: Literal["arms", "details"]
    arms: list[FoundArm] = Field(min_length=1)
    details: dict[str, list[str]] = Field(
        default_factory=dict, description="The levels that occur, the reference first, by detail."
    )


@dataclass(frozen=True, slots=True)
class ImportedTrials:
    """A design of trials that exist."""

    study: Study
    scenario: Scenario
    asked: ImportedSettings
    trials: TotalTrials
    space: Space | None
    """None where conditions are compared."""

    kind: ClassVar[str] = "imported"
    summary: ClassVar[str] = "Trials that were generated elsewhere."
    settings: ClassVar[type[BaseModel]] = ImportedSettings
    trials_form: ClassVar[type[BaseModel]] = TotalTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        if self.space is not None:
            return "difference in rate, a level minus the reference level, over all imported trials, the other details in the model"
        if len(self.asked.arms) == 1:
            return "the rate in the imported trials; there is one condition, and nothing to compare"
        return f"difference in rate, a condition minus {self.asked.arms[0].label}, in imported trials"

    def notes(self) -> tuple[str, ...]:
        """What the numbers do not know."""
        return ("Who got which condition, and in which order, was not decided by this program.",)

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of an imported run; StudioError for what its scenario does not have."""
        asked = design_settings(ImportedSettings, study)
        trials = settings_of(TotalTrials, study.trials, "trials")
        baseline = scenario.variant(study.baseline)
        factors = tuple(Factor(name, tuple(levels)) for name, levels in asked.details.items())
        space = Space(scenario, baseline, factors) if asked.by == "details" else None
        return cls(study, scenario, asked, trials, space)

    def arms(self) -> tuple[Arm, ...]:
        """One arm a condition, the reference first; one for all trials where details are compared."""
        reference = self.scenario.variant(self.study.baseline)
        if self.space is not None:
            return (Arm(ARM, "all trials (each its own variant)", reference, ()),)
        found = []
        for number, arm in enumerate(self.asked.arms):
            variant = self.scenario.variant(arm.levels)
            name = arm.name if number else BASELINE
            found.append(Arm(name, arm.label, variant, variant.differences(reference) if number else ()))
        return tuple(found)

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """None: whatever there is was imported."""
        del results
        return ()

    def greatest(self) -> int:
        """The number of trials over all models."""
        return self.trials.total

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """The effects on one outcome in one model."""
        if self.space is not None:
            cells = Cells(self.space, results.by_variant(model, outcome), ARM)
            levels = told(tuple((factor.detail, factor.on) for factor in self.space.factors))
            notes = (f"Reference levels: {levels}.", *self.notes(), *_uneven(cells))
            asked = Asked(self.study, outcome, model, self.estimand, ARM, notes, even=False)
            table = average_table(cells, asked)
            return replace(table, effects=tuple(replace(each, label=_label(each)) for each in table.effects))
        reference, *others = self.arms()
        table = removal_effects(
            results.counts(reference.name, model, outcome),
            [ArmCounts(arm.name, arm.label, arm.removed, results.counts(arm.name, model, outcome)) for arm in others],
            outcome=outcome,
            model=model,
            estimand=self.estimand,
            simulated=is_simulated(self.study, model),
            asked=self.study.analysis,
            kind="contrast",
        )
        return replace(table, baseline_label=reference.label, notes=(*table.notes, *self.notes()))


def _label(effect: Effect) -> str:
    """The level that is set against the reference, unless it is a switch that is off."""
    ((detail, level),) = effect.removed
    return detail if level == OFF else f"{detail}: {level}"


def _uneven(cells: Cells) -> tuple[str, ...]:
    """What a grid with holes, or of uneven cells, does to differences of groups."""
    sizes = {cell.counts.planned for cell in cells.all}
    if len(cells.all) == cells.space.size and len(sizes) == 1:
        return ()
    return (
        f"The grid is uneven ({len(cells.all)} of {cells.space.size} combinations, {min(sizes, default=0)} to "
        f"{max(sizes, default=0)} trials each): differences of groups mix details; p is from a model with all of them in it.",
    )
