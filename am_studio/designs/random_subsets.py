"""Random subsets: each trial draws for itself which details are in place, to ask for each one's *average* effect.

The effect is averaged over what the other details happen to be, so a detail that matters only with others, or only without
them, is seen as well; whether it is necessary in one given baseline this design does not say. Nothing is aliased, and
with q = .5 and every subset allowed the effects are Banzhaf values.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import BaseModel, Field

from am_studio.designs.average import Asked, average_table
from am_studio.designs.base import Arm, Results, Wanted, design_settings, interleave, settings_of, trial_seed
from am_studio.designs.cells import Cells
from am_studio.designs.space import Space, open_baseline, open_space
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study, TrialSpec, Variant

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

ARM = "subsets"
"""All trials are of this arm; each has a variant of its own."""
EVEN = 0.5
"""At exactly this q every subset is as likely as every other."""
MOST_DRAWS = 10_000
"""Draws for one trial, after which constraints are taken to allow hardly anything."""


class RandomSubsetsSettings(Form):
    """What a study may say under `design`."""

    details: list[str] | None = Field(
        None,
        min_length=1,
        description="The details that are drawn. Left out: every detail that is not off in the baseline.",
    )
    q: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="The chance that a detail is in place in a trial: .5, or .75 where details act only together.",
    )
    levels: Literal["two", "all"] = Field(
        "two", description="`two`: the baseline's level or removed. `all`: any of a detail's levels may be in place."
    )


class TotalTrials(Form):
    """What a study may say under `trials`."""

    total: int = Field(gt=0, examples=[320], description="Trials of each model, over all variants together.")


@dataclass(frozen=True, slots=True)
class RandomSubsets:
    """A fixed design: it names every trial at once, each with its own subset."""

    study: Study
    space: Space
    asked: RandomSubsetsSettings
    trials: TotalTrials
    free: bool
    """Whether every subset is allowed."""

    kind: ClassVar[str] = "random-subsets"
    summary: ClassVar[str] = "Draw in each trial which details are in place: what does each do on average?"
    settings: ClassVar[type[BaseModel]] = RandomSubsetsSettings
    trials_form: ClassVar[type[BaseModel]] = TotalTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        over = "random subsets" if self.free else "the allowed random subsets"
        return (
            f"difference in rate, removed minus in place, on average over {over} of the other details, q = {self.asked.q:g} "
            "(average effect)"
        )

    def notes(self) -> tuple[str, ...]:
        """How subsets are drawn, and what the averages are."""
        count, q = len(self.space.factors), self.asked.q
        told = [f"Each trial draws its own subset of {count} details: each in place with probability {q:g}."]
        if not self.free:
            told.append("`needs` and constraints bind details: only allowed subsets are drawn.")
        elif q == EVEN:
            told.append("At q = 0.5 with every subset allowed, the average effects are Banzhaf values.")
        return tuple(told)

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for an unknown detail, or where hardly any subset is allowed."""
        settings = design_settings(RandomSubsetsSettings, study)
        trials = settings_of(TotalTrials, study.trials, "trials")
        baseline = open_baseline(scenario, study.baseline)
        space = open_space(settings.details, baseline, scenario, every_level=settings.levels == "all")
        opened = cls(study, space, settings, trials, space.is_free())
        opened._drawn(0)
        return opened

    def arms(self) -> tuple[Arm, ...]:
        """One arm for all trials, shown with the baseline's variant."""
        return (Arm(ARM, "random subsets (each trial its own)", self.space.baseline, ()),)

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet, all models in one random order; every model gets the same subsets."""
        wanted = []
        variants = list(self._all_drawn())
        for model in self.study.models:
            already = results.counts(ARM, model.name, self.study.outcome).planned
            own = variants[already:]
            wanted.append(Wanted(self.arms()[0], model.name, already, len(own), own))
        return interleave(wanted, self.study.seed, results.planned())

    def greatest(self) -> int:
        """The number of trials over all models."""
        return len(self.study.models) * self.trials.total

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each detail's average effect, Holm over the details of this outcome and model."""
        cells = Cells(self.space, results.by_variant(model, outcome), ARM)
        even = self.asked.q == EVEN
        asked = Asked(self.study, outcome, model, self.estimand, ARM, self.notes(), even=even)
        return average_table(cells, asked)

    def _all_drawn(self) -> Iterator[Variant]:
        known: dict[tuple[str, ...], Variant | None] = {}
        for index in range(self.trials.total):
            yield self._drawn(index, known)

    def _drawn(self, index: int, known: dict[tuple[str, ...], Variant | None] | None = None) -> Variant:
        """The variant of the trial with this index, of any model: drawn anew until it is allowed."""
        source = random.Random(trial_seed(self.study.seed, "draw", ARM, index))
        known = {} if known is None else known
        for _ in range(MOST_DRAWS):
            levels = tuple(
                source.choice(factor.levels[:-1]) if source.random() < self.asked.q else factor.off
                for factor in self.space.factors
            )
            if levels not in known:
                known[levels] = self.space.allowed(dict(zip(self.space.details, levels, strict=True)))
            variant = known[levels]
            if variant is not None:
                return variant
        raise StudioError(
            "Hardly any subset of these details is allowed",
            f"{self.space.scenario.ref}: {MOST_DRAWS:,} draws broke a constraint",
            "list other details under `design.details`",
        )


DESIGN = RandomSubsets
