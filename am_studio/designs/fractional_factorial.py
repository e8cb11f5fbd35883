"""Fractional factorial: some of all combinations, chosen so that single details can be told apart, pairs perhaps not.

The plan comes from `pydoe`; resolution and aliases are worked out from its runs, and a plan that has a lower resolution than
was asked for is refused. Made for systems in which details add up; prompts are none such, hence the warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import BaseModel, Field

from am_studio.designs.aliasing import alias_lines, resolution
from am_studio.designs.average import Asked
from am_studio.designs.base import Results, design_settings, settings_of
from am_studio.designs.crossing import ARM, CLEAR_WARNING, WARNING, Crossing, CrossingDesign, runs_of
from am_studio.designs.random_subsets import TotalTrials
from am_studio.designs.space import open_baseline, open_space
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study

if TYPE_CHECKING:
    from am_studio.designs.aliasing import Signs
    from am_studio.scenarios import Scenario

ROMAN = {3: "III", 4: "IV", 5: "V", 6: "VI"}
CLEAR = 5
"""From this resolution on neither details nor pairs are aliased with pairs."""


class FractionalFactorialSettings(Form):
    """What a study may say under `design`."""

    details: list[str] = Field(min_length=3, max_length=12, description="The details to cross.")
    resolution: Literal["3", "4", "5"] = Field(
        "5",
        description="`5`: pairs can be told apart. `4`: details, but not all pairs. `3`: details only if no pair acts.",
    )
    generators: str | None = Field(
        None,
        description="In place of a resolution: a word a detail, such as `a b c ab ac` (the fourth is the product of the first "
        "two).",
    )


@dataclass(frozen=True, slots=True)
class FractionalFactorial(CrossingDesign):
    """A fixed design: each run of the fraction equally often."""

    resolution: int | None
    """None: above what is looked at."""
    aliases: tuple[str, ...]

    kind: ClassVar[str] = "fractional-factorial"
    summary: ClassVar[str] = "A balanced part of all combinations (aliases; prefer random subsets)."
    settings: ClassVar[type[BaseModel]] = FractionalFactorialSettings
    trials_form: ClassVar[type[BaseModel]] = TotalTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return (
            "difference in rate, removed minus in place, on average over the runs of a fractional factorial of resolution "
            f"{ROMAN.get(self.resolution or 6, 'VI')} (average effect, plus whatever is aliased with it)"
        )

    def notes(self) -> tuple[str, ...]:
        """Runs, the warning and the alias table."""
        return (*self.crossing.notes(), CLEAR_WARNING if self.is_clear else WARNING, *self.aliases)

    @property
    def is_clear(self) -> bool:
        """Whether pairs are aliased with neither details nor pairs."""
        return self.resolution is None or self.resolution >= CLEAR

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for an unknown detail, wrong generators, or a run that is forbidden."""
        settings = design_settings(FractionalFactorialSettings, study)
        trials = settings_of(TotalTrials, study.trials, "trials")
        space = open_space(settings.details, open_baseline(scenario, study.baseline), scenario)
        signs = fraction(len(space.factors), settings)
        crossing = Crossing(study, space, runs_of(signs, space), trials)
        return cls(crossing, resolution(signs), alias_lines(signs, space.details))

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each detail's average effect; below resolution V as a screen, without pairs."""
        clear = self.is_clear
        asked = Asked(
            self.crossing.study,
            outcome,
            model,
            self.estimand,
            ARM,
            self.notes(),
            screening=not clear,
            crossed=clear,
            even=False,
        )
        return self.crossing.analyse(results, asked)


def fraction(details: int, settings: FractionalFactorialSettings) -> Signs:
    """The runs, +1 in place and -1 removed; StudioError when they are not what was asked for."""
    import pydoe

    if settings.generators is not None:
        words = settings.generators.split()
        if len(words) != details or not all(re.fullmatch(r"[+-]?[a-z]+", word) for word in words):
            raise StudioError(
                f"The generators do not fit {details} details",
                "design.generators: a word of small letters for each detail, such as `a b c ab`",
            )
        try:
            signs: Signs = pydoe.fracfact(settings.generators)
        except ValueError as error:
            raise StudioError("These generators cannot be used", f"design.generators: {error}") from error
        if (found := resolution(signs)) is not None and found < min(ROMAN):
            raise StudioError("These generators make two details the same", "design.generators: change a word")
        return signs
    asked = int(settings.resolution)
    if asked > details:
        raise StudioError(
            f"{details} details have no fraction of resolution {ROMAN[asked]}",
            "design.resolution",
            "use full-factorial, or a lower resolution",
        )
    try:
        signs = pydoe.fracfact_by_res(details, asked)
    except ValueError as error:
        raise StudioError(
            f"There is no fraction of resolution {ROMAN[asked]} for {details} details", str(error)
        ) from error
    found = resolution(signs)
    if found is not None and found < asked:
        raise StudioError(
            f"The plan for {details} details has resolution {ROMAN.get(found, str(found))}, not {ROMAN[asked]}",
            "worked out from its runs",
            "give `generators`, or use `random-subsets`",
        )
    return signs


DESIGN = FractionalFactorial
