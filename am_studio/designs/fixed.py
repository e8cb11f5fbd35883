"""What designs have in common that name all their arms and trials at once: sizes, trials, refusals.

The baseline is compared with every arm, so it gets sqrt(k) times an arm's trials: for k comparisons with one shared control
that gives the smallest variance of each difference for a given total (Dunnett 1955, J. Am. Stat. Assoc. 50:1096).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from am_studio.designs.base import BASELINE, Arm, Results, Wanted, interleave, is_simulated
from am_studio.designs.space import told
from am_studio.effects.table import ArmCounts, removal_effects
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectKind, EffectTable, Study, TrialSpec, Variant

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario


class ArmTrials(Form):
    """What a study may say under `trials` of a design with arms."""

    per_arm: int = Field(gt=0, examples=[60], description="Trials of each arm but the baseline, in each model.")
    baseline: int | None = Field(
        None,
        gt=0,
        description="Trials of the baseline, in each model. Left out: per_arm times the square root of the arms.",
    )


@dataclass(frozen=True, slots=True)
class FixedArms:
    """Arms that are known beforehand, the baseline first."""

    study: Study
    arms: tuple[Arm, ...]
    trials: ArmTrials

    def size(self, arm: Arm) -> int:
        """Trials of one arm in one model."""
        if arm.name != BASELINE:
            return self.trials.per_arm
        return self.trials.baseline or math.ceil(self.trials.per_arm * math.sqrt(len(self.arms) - 1))

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet, all arms and models in one random order."""
        wanted = []
        for model in self.study.models:
            for arm in self.arms:
                already = results.counts(arm.name, model.name, self.study.outcome).planned
                wanted.append(Wanted(arm, model.name, already, self.size(arm) - already))
        return interleave(wanted, self.study.seed, results.planned())

    def greatest(self) -> int:
        """The number of trials over all models; a fixed design always comes to it."""
        return len(self.study.models) * sum(self.size(arm) for arm in self.arms)

    def counts(self, results: Results, outcome: str, model: str) -> list[ArmCounts]:
        """How the trials of each arm ended, the baseline first."""
        return [
            ArmCounts(arm.name, arm.label, arm.removed, results.counts(arm.name, model, outcome)) for arm in self.arms
        ]


@dataclass(frozen=True, slots=True)
class FixedDesign(ABC):
    """What every design of such arms does the same way."""

    fixed: FixedArms

    @property
    @abstractmethod
    def estimand(self) -> str:
        """What the effects estimate, in words."""

    def notes(self) -> tuple[str, ...]:
        """What readers of the effects should know of the design; here nothing."""
        return ()

    def arms(self) -> tuple[Arm, ...]:
        """The arm that all are compared with, then the others in the study's order."""
        return self.fixed.arms

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet, all arms and models in one random order."""
        return self.fixed.next_trials(results)

    def greatest(self) -> int:
        """The number of trials over all models; a fixed design always comes to it."""
        return self.fixed.greatest()

    def effects(
        self, counted: Sequence[ArmCounts], outcome: str, model: str, kind: EffectKind = "local"
    ) -> EffectTable:
        """Each arm against the first, p-values adjusted over the arms of this outcome and model; without the notes."""
        first, *others = counted
        return removal_effects(
            first.counts,
            others,
            outcome=outcome,
            model=model,
            estimand=self.estimand,
            simulated=is_simulated(self.fixed.study, model),
            asked=self.fixed.study.analysis,
            kind=kind,
        )


def must_be_allowed(variant: Variant, changes: Sequence[tuple[str, str]], what: str, scenario: Scenario) -> None:
    """StudioError when the scenario forbids a variant; `what` begins the sentence, such as `Removing 'threat'`."""
    if not scenario.allowed(variant):
        raise StudioError(
            f"{what} breaks a constraint of the scenario",
            f"{scenario.ref}: the baseline with {told(changes)} is not allowed",
            "choose a baseline that allows it, or leave it out of `design`",
        )


def with_dragged(name: str, detail: str, changed: Sequence[tuple[str, str]]) -> str:
    """A label that names what a change takes along: `threat (+ deadline)`."""
    dragged = [other for other, _ in changed if other != detail]
    return f"{name} (+ {', '.join(dragged)})" if dragged else name
