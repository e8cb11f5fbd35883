"""A pilot: a few trials with everything in place and a few with everything removed, to choose a design by.

It says how much there is to remove, and nothing of any single detail; a study of its own, whose trials are in no other
study's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, Field

from am_studio.designs.base import BASELINE, Arm, Results, is_simulated, settings_of
from am_studio.designs.fixed import ArmTrials, FixedArms, must_be_allowed
from am_studio.designs.space import open_baseline, open_space
from am_studio.effects.table import removal_effects
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study, TrialSpec

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

ALL_OFF = "all-off"
"""The arm with every detail removed."""
USUAL_TRIALS = 10
"""Of each of the two arms."""


class PilotSettings(Form):
    """What a study may say under `design`."""

    details: list[str] | None = Field(
        None,
        min_length=1,
        description="The details that are removed together. Left out: every detail that is not off in the baseline.",
    )


@dataclass(frozen=True, slots=True)
class Pilot:
    """A fixed design of two arms."""

    fixed: FixedArms

    kind: ClassVar[str] = "pilot"
    summary: ClassVar[str] = "A few trials with everything in place and with everything removed: which design fits?"
    settings: ClassVar[type[BaseModel]] = PilotSettings
    trials_form: ClassVar[type[BaseModel]] = ArmTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return "difference in rate, all details removed together minus this baseline"

    def notes(self) -> tuple[str, ...]:
        """What a pilot is for."""
        return (
            "A pilot chooses a design: `am-studio plan STUDY --advise --pilot RUN`. It says nothing of one detail.",
        )

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The pilot of this study; StudioError for an unknown detail, or when the scenario forbids all off."""
        design = {key: value for key, value in study.design.items() if key != "kind"}
        settings = settings_of(PilotSettings, design, "design")
        trials = settings_of(ArmTrials, study.trials, "trials")
        space = open_space(settings.details, open_baseline(scenario, study.baseline), scenario)
        nothing = space.with_only(())
        changed = nothing.differences(space.baseline)
        must_be_allowed(nothing, changed, "All off", scenario)
        arms = (Arm(BASELINE, BASELINE, space.baseline, ()), Arm(ALL_OFF, "all off", nothing, changed))
        return cls(FixedArms(study, arms, trials))

    def arms(self) -> tuple[Arm, ...]:
        """All on, all off."""
        return self.fixed.arms

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet, in one random order."""
        return self.fixed.next_trials(results)

    def greatest(self) -> int:
        """The number of trials over all models."""
        return self.fixed.greatest()

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """All off against the baseline."""
        baseline, nothing = self.fixed.counts(results, outcome, model)
        table = removal_effects(
            baseline.counts,
            [nothing],
            outcome=outcome,
            model=model,
            estimand=self.estimand,
            simulated=is_simulated(self.fixed.study, model),
            asked=self.fixed.study.analysis,
            kind="contrast",
        )
        return replace(table, notes=(*table.notes, *self.notes()))


DESIGN = Pilot
