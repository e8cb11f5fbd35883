"""Levels: every level of one or more details against the level that the baseline has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, Field

from am_studio.designs.base import BASELINE, Arm, Results, design_settings, settings_of
from am_studio.designs.fixed import ArmTrials, FixedArms, FixedDesign, must_be_allowed, with_dragged
from am_studio.designs.space import open_baseline
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study, Variant

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario


class LevelsSettings(Form):
    """What a study may say under `design`."""

    details: list[str] = Field(min_length=1, description="The details whose levels are compared, one arm a level.")


@dataclass(frozen=True, slots=True)
class Levels(FixedDesign):
    """A fixed design: one arm for each level that the baseline does not have."""

    kind: ClassVar[str] = "levels"
    summary: ClassVar[str] = "Compare every level of a detail with the baseline's."
    settings: ClassVar[type[BaseModel]] = LevelsSettings
    trials_form: ClassVar[type[BaseModel]] = ArmTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return "difference in rate, a detail at another level minus this baseline (local effect)"

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for an unknown detail, or a level that cannot be had in this baseline."""
        settings = design_settings(LevelsSettings, study)
        trials = settings_of(ArmTrials, study.trials, "trials")
        baseline = open_baseline(scenario, study.baseline)
        arms = [Arm(BASELINE, BASELINE, baseline, ())]
        for number, name in enumerate(settings.details):
            if name not in scenario.details:
                raise StudioError(f"There is no detail called '{name}'", scenario.ref, nearest(name, scenario.details))
            if name in settings.details[:number]:
                raise StudioError(f"'{name}' is listed twice", "design.details: each detail is named once")
            others = (level for level in scenario.details[name].levels if level != baseline[name])
            arms += [_arm(name, level, baseline, scenario) for level in others]
        return cls(FixedArms(study, tuple(arms), trials))

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each level against the baseline's, Holm over all levels of this outcome and model."""
        return self.effects(self.fixed.counts(results, outcome, model), outcome, model, "level")


def _arm(name: str, level: str, baseline: Variant, scenario: Scenario) -> Arm:
    variant = scenario.variant({name: level}, base=baseline)
    changed = variant.differences(baseline)
    if variant[name] != level:
        raise StudioError(
            f"'{name}' cannot be at '{level}' in this baseline",
            f"{scenario.ref}: it needs {scenario.details[name].needs_source}",
            "choose a baseline that has what it needs",
        )
    must_be_allowed(variant, changed, f"'{name}' at '{level}'", scenario)
    return Arm(f"{name}={level}", with_dragged(f"{name}: {level}", name, changed), variant, changed)


DESIGN = Levels
