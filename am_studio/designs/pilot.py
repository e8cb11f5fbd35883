"""A pilot: a few trials with everything in place and a few with everything removed, to choose a design by.

It says how much there is to remove, and nothing of any single detail; a study of its own, whose trials are in no other
study's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, Field

from am_studio.designs.base import BASELINE, Arm, Results, design_settings, settings_of
from am_studio.designs.fixed import ArmTrials, FixedArms, FixedDesign, must_be_allowed
from am_studio.designs.space import open_baseline, open_space
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study

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
class Pilot(FixedDesign):
    """A fixed design of two arms."""

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
        settings = design_settings(PilotSettings, study)
        trials = settings_of(ArmTrials, study.trials, "trials")
        space = open_space(settings.details, open_baseline(scenario, study.baseline), scenario)
        nothing = space.with_only(())
        changed = nothing.differences(space.baseline)
        must_be_allowed(nothing, changed, "All off", scenario)
        arms = (Arm(BASELINE, BASELINE, space.baseline, ()), Arm(ALL_OFF, "all off", nothing, changed))
        return cls(FixedArms(study, arms, trials))

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """All off against the baseline."""
        table = self.effects(self.fixed.counts(results, outcome, model), outcome, model, "contrast")
        return replace(table, notes=(*table.notes, *self.notes()))


DESIGN = Pilot
