"""Full factorial: every combination of the levels of some details, to ask for average effects, pairs and attributions.

Nothing is aliased. Runs double with each detail, so it is for few of them; combinations that constraints forbid are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import BaseModel, Field

from am_studio.designs.average import Asked
from am_studio.designs.base import Results, design_settings, settings_of
from am_studio.designs.crossing import ARM, Crossing, CrossingDesign, allowed_runs, refuse_many
from am_studio.designs.random_subsets import TotalTrials
from am_studio.designs.space import open_baseline, open_space
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario


class FullFactorialSettings(Form):
    """What a study may say under `design`."""

    details: list[str] = Field(min_length=1, description="The details to cross.")
    levels: Literal["two", "all"] = Field(
        "two", description="`two`: the baseline's level and removed. `all`: every level of each detail."
    )


@dataclass(frozen=True, slots=True)
class FullFactorial(CrossingDesign):
    """A fixed design: every combination equally often."""

    free: bool

    kind: ClassVar[str] = "full-factorial"
    summary: ClassVar[str] = "Every combination of a few details: average effects, pairs, attributions."
    settings: ClassVar[type[BaseModel]] = FullFactorialSettings
    trials_form: ClassVar[type[BaseModel]] = TotalTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        over = "all" if self.free else "the allowed"
        return (
            f"difference in rate, removed minus in place, on average over {over} combinations of the other details (average "
            "effect)"
        )

    def notes(self) -> tuple[str, ...]:
        """How many trials a combination has."""
        return self.crossing.notes()

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for an unknown detail, or too many combinations."""
        settings = design_settings(FullFactorialSettings, study)
        trials = settings_of(TotalTrials, study.trials, "trials")
        baseline = open_baseline(scenario, study.baseline)
        space = open_space(settings.details, baseline, scenario, every_level=settings.levels == "all")
        refuse_many(space.size)
        runs = allowed_runs(space, space.combinations())
        return cls(Crossing(study, space, runs, trials), space.is_free())

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each detail's average effect, Holm over the details; pairs as a screen."""
        asked = Asked(self.crossing.study, outcome, model, self.estimand, ARM, self.notes(), even=self.free)
        return self.crossing.analyse(results, asked)


DESIGN = FullFactorial
