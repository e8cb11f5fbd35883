"""Leave one out: each arm removes one detail from the baseline, to ask whether that detail is necessary *here*.

The effect is local: it holds for this baseline, with every other detail as it is. What a detail does on average over
contexts, or alone, this design cannot tell. The baseline is compared with every arm, so it gets sqrt(k) times an arm's
trials: for k comparisons with one shared control that gives the smallest variance of each difference for a given total
(Dunnett 1955, J. Am. Stat. Assoc. 50:1096).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, Field

from am_studio.designs.base import BASELINE, Arm, Results, design_settings, settings_of
from am_studio.designs.fixed import ArmTrials, FixedArms, FixedDesign, with_dragged
from am_studio.designs.space import open_baseline
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study, Variant

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario


class LeaveOneOutSettings(Form):
    """What a study may say under `design`."""

    details: list[str] | None = Field(
        None,
        min_length=1,
        description="The details to remove, one an arm. Left out: every detail that is not off in the baseline.",
    )


@dataclass(frozen=True, slots=True)
class LeaveOneOut(FixedDesign):
    """A fixed design: it names every trial at once."""

    kind: ClassVar[str] = "leave-one-out"
    summary: ClassVar[str] = "Remove one detail at a time: is it necessary here?"
    settings: ClassVar[type[BaseModel]] = LeaveOneOutSettings
    trials_form: ClassVar[type[BaseModel]] = ArmTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return (
            "difference in rate, removed minus baseline, when one detail is removed from this baseline (local effect)"
        )

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study.

        StudioError when a setting is wrong, the baseline or a removal breaks the scenario's constraints, or a detail is
        unknown, named twice or already at its off level in the baseline.
        """
        settings = design_settings(LeaveOneOutSettings, study)
        trials = settings_of(ArmTrials, study.trials, "trials")
        variant = open_baseline(scenario, study.baseline)
        details = _details(settings.details, variant, scenario)
        removals = tuple(_removal(detail, variant, scenario) for detail in details)
        return cls(FixedArms(study, (Arm(BASELINE, BASELINE, variant, ()), *removals), trials))

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each removal against the baseline, p-values adjusted by Holm over the removals of this outcome and model."""
        return self.effects(self.fixed.counts(results, outcome, model), outcome, model)


def _details(asked: Sequence[str] | None, baseline: Variant, scenario: Scenario) -> tuple[str, ...]:
    """The details to remove; StudioError for a name that cannot be removed."""
    present = [detail for detail, level in baseline if level != scenario.removed(detail)]
    if asked is None:
        if not present:
            raise StudioError("There is nothing to remove", f"{scenario.ref}: every detail is off in the baseline")
        return tuple(present)
    for number, detail in enumerate(asked):
        if detail not in scenario.details:
            raise StudioError(f"There is no detail called '{detail}'", scenario.ref, nearest(detail, scenario.details))
        if detail in asked[:number]:
            raise StudioError(f"'{detail}' is listed twice", "design.details: each detail is removed in one arm")
        if detail not in present:
            raise StudioError(
                f"'{detail}' cannot be removed: it is already off in the baseline",
                f"{scenario.ref}: '{baseline[detail]}' by default, by the study's `baseline`, or by what it needs",
                f"turn it on under `baseline`, or list only what is on: {', '.join(present) or 'nothing is'}",
            )
    return tuple(asked)


def _removal(detail: str, baseline: Variant, scenario: Scenario) -> Arm:
    """The arm without this detail; StudioError when the scenario forbids that variant."""
    variant = scenario.variant({detail: scenario.removed(detail)}, base=baseline)
    changed = variant.differences(baseline)
    if not scenario.allowed(variant):
        levels = ", ".join(f"{name}={level}" for name, level in changed)
        raise StudioError(
            f"Removing '{detail}' breaks a constraint of the scenario",
            f"{scenario.ref}: the baseline with {levels} is not allowed",
            f"choose a baseline that allows it, or take '{detail}' out of `design.details`",
        )
    return Arm(f"without-{detail}", with_dragged(detail, detail, changed), variant, changed)


DESIGN = LeaveOneOut
