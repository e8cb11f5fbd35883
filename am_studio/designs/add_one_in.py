"""Add one in: each arm puts one detail alone into the scenario without any, to ask whether it is *sufficient alone*.

That is a question of its own. A detail that is necessary for a behaviour, or adds to it on average, need not bring it about
alone: where details act only together, every arm here looks like all off. It helps where the baseline is at a ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, Field

from am_studio.designs.base import BASELINE, Arm, Results, design_settings, settings_of
from am_studio.designs.fixed import ArmTrials, FixedArms, FixedDesign, must_be_allowed
from am_studio.designs.space import Factor, Space, open_baseline, open_space
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study, Variant

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

ALL_OFF = "all off"


class AddOneInSettings(Form):
    """What a study may say under `design`."""

    details: list[str] | None = Field(
        None,
        min_length=1,
        description="The details to remove together and to put back one an arm. Left out: every detail that is not off in the "
        "baseline, but those that cannot stand alone.",
    )


@dataclass(frozen=True, slots=True)
class AddOneIn(FixedDesign):
    """A fixed design whose arm to compare with has every listed detail off."""

    left_out: tuple[str, ...]
    """Details that are off without another one, so that they have no arm."""

    kind: ClassVar[str] = "add-one-in"
    summary: ClassVar[str] = "Put one detail alone into the scenario without any: is it sufficient alone?"
    settings: ClassVar[type[BaseModel]] = AddOneInSettings
    trials_form: ClassVar[type[BaseModel]] = ArmTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return (
            "difference in rate, one detail alone in place minus all of them off (sufficient alone?), other details as in "
            "the baseline"
        )

    def notes(self) -> tuple[str, ...]:
        """That it finds nothing where details act together, and which details have no arm."""
        told = ["Details that act only together show no effect alone: for those use random-subsets or leave-one-out."]
        if self.left_out:
            told.append(f"No arm of their own, for they need another detail: {', '.join(self.left_out)}.")
        return tuple(told)

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for an unknown detail, or an arm that the scenario does not allow."""
        settings = design_settings(AddOneInSettings, study)
        trials = settings_of(ArmTrials, study.trials, "trials")
        space = open_space(settings.details, open_baseline(scenario, study.baseline), scenario)
        nothing = space.with_only(())
        must_be_allowed(nothing, nothing.differences(space.baseline), "All off", scenario)
        arms, left_out = [Arm(BASELINE, ALL_OFF, nothing, ())], []
        for factor in space.factors:
            variant = space.with_only((factor.detail,))
            if variant[factor.detail] == factor.off:
                left_out.append(_alone(factor, scenario, asked=settings.details is not None))
                continue
            arms.append(_arm(factor, variant, nothing, space))
        if len(arms) == 1:
            raise StudioError("No detail can stand alone", scenario.ref, "list others under `design.details`")
        return cls(FixedArms(study, tuple(arms), trials), tuple(left_out))

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each detail alone against all off, Holm over the details of this outcome and model."""
        table = self.effects(self.fixed.counts(results, outcome, model), outcome, model, "alone")
        return replace(table, baseline_label=ALL_OFF, notes=(*table.notes, *self.notes()))


def _alone(factor: Factor, scenario: Scenario, *, asked: bool) -> str:
    """The name of a detail that cannot stand alone; StudioError when the study listed it."""
    if asked:
        raise StudioError(
            f"'{factor.detail}' cannot stand alone",
            f"{scenario.ref}: it needs {scenario.details[factor.detail].needs_source}",
            "take it, or what it needs, out of `design.details`",
        )
    return factor.detail


def _arm(factor: Factor, variant: Variant, nothing: Variant, space: Space) -> Arm:
    changed = variant.differences(nothing)
    must_be_allowed(variant, changed, f"'{factor.detail}' alone", space.scenario)
    return Arm(f"only-{factor.detail}", factor.detail, variant, changed)


DESIGN = AddOneIn
