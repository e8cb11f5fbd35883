"""One variant and nothing to compare it with: a scenario as its author meant it, handed over to another harness.

No study may ask for it: a rate without a comparison answers none of the questions that studies are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel

from am_studio.designs.base import (
    BASELINE,
    Arm,
    Results,
    Wanted,
    design_settings,
    interleave,
    is_simulated,
    settings_of,
)
from am_studio.designs.random_subsets import TotalTrials
from am_studio.designs.space import open_baseline
from am_studio.effects.table import removal_effects
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study, TrialSpec, Variant

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario


class OneArmSettings(Form):
    """Nothing can be said under `design`."""


@dataclass(frozen=True, slots=True)
class OneArm:
    """All trials of one variant."""

    study: Study
    baseline: Variant
    trials: TotalTrials

    kind: ClassVar[str] = "one-arm"
    summary: ClassVar[str] = "One variant, nothing to compare."
    settings: ClassVar[type[BaseModel]] = OneArmSettings
    trials_form: ClassVar[type[BaseModel]] = TotalTrials

    @property
    def estimand(self) -> str:
        """What is estimated, in words."""
        return "the rate in one variant; there is nothing to compare"

    def notes(self) -> tuple[str, ...]:
        """Nothing to say."""
        return ()

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError when its variant is not allowed."""
        design_settings(OneArmSettings, study)
        trials = settings_of(TotalTrials, study.trials, "trials")
        return cls(study, open_baseline(scenario, study.baseline), trials)

    def arms(self) -> tuple[Arm, ...]:
        """The one arm."""
        return (Arm(BASELINE, BASELINE, self.baseline, ()),)

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet."""
        wanted = []
        for model in self.study.models:
            already = results.counts(BASELINE, model.name, self.study.outcome).planned
            wanted.append(Wanted(self.arms()[0], model.name, already, self.trials.total - already))
        return interleave(wanted, self.study.seed, results.planned())

    def greatest(self) -> int:
        """The number of trials over all models."""
        return len(self.study.models) * self.trials.total

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """The rate alone."""
        return removal_effects(
            results.counts(BASELINE, model, outcome),
            [],
            outcome=outcome,
            model=model,
            estimand=self.estimand,
            simulated=is_simulated(self.study, model),
            asked=self.study.analysis,
        )
