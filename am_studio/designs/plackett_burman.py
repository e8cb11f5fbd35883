"""Plackett-Burman: the fewest runs in which single details are balanced, each mixed with pairs of the others.

(Plackett and Burman 1946, Biometrika 33:305.) The plan comes from `pydoe` and is checked for balance; its aliases are worked
out from its runs. For screening many details that add up; prompts are rarely such, hence the warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, Field

from am_studio.designs.aliasing import alias_lines, is_balanced
from am_studio.designs.average import Asked
from am_studio.designs.base import Results, design_settings, settings_of
from am_studio.designs.crossing import ARM, WARNING, Crossing, CrossingDesign, runs_of
from am_studio.designs.random_subsets import TotalTrials
from am_studio.designs.space import open_baseline, open_space
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study

if TYPE_CHECKING:
    from am_studio.designs.aliasing import Signs
    from am_studio.scenarios import Scenario


LARGEST = 47
"""Details that can be screened."""


class PlackettBurmanSettings(Form):
    """What a study may say under `design`."""

    details: list[str] = Field(min_length=2, max_length=LARGEST, description="The details to screen.")


@dataclass(frozen=True, slots=True)
class PlackettBurman(CrossingDesign):
    """A fixed design: each run equally often."""

    aliases: tuple[str, ...]

    kind: ClassVar[str] = "plackett-burman"
    summary: ClassVar[str] = "Screen many details in few runs (aliases; prefer random subsets)."
    settings: ClassVar[type[BaseModel]] = PlackettBurmanSettings
    trials_form: ClassVar[type[BaseModel]] = TotalTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return (
            "difference in rate, removed minus in place, on average over the runs of a Plackett-Burman plan (average effect, "
            "plus whatever is aliased with it; screening)"
        )

    def notes(self) -> tuple[str, ...]:
        """Runs, the warning and the alias table."""
        return (*self.crossing.notes(), WARNING, *self.aliases)

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for an unknown detail, or a run that is forbidden."""
        settings = design_settings(PlackettBurmanSettings, study)
        trials = settings_of(TotalTrials, study.trials, "trials")
        space = open_space(settings.details, open_baseline(scenario, study.baseline), scenario)
        signs = plan_for(len(space.factors))
        return cls(Crossing(study, space, runs_of(signs, space), trials), alias_lines(signs, space.details))

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each detail's average effect, as a screen: Benjamini-Hochberg, and no pairs."""
        asked = Asked(
            self.crossing.study, outcome, model, self.estimand, ARM, self.notes(), screening=True, crossed=False
        )
        return self.crossing.analyse(results, asked)


def plan_for(details: int) -> Signs:
    """The runs for so many details, +1 in place and -1 removed: columns of the smallest plan that there is.

    StudioError when there is none that is balanced.
    """
    import pydoe

    for columns in range(details, LARGEST + 1):
        try:
            signs: Signs = pydoe.pbdesign(columns)[:, :details]
        except ValueError:  # no plan of just this size is known; a larger one has columns enough
            continue
        if is_balanced(signs):
            return signs
    raise StudioError(f"There is no balanced plan for {details} details", hint="use `random-subsets`")


DESIGN = PlackettBurman
