"""Compare: variants that the study names and spells out, each against the baseline or against one of them.

Variants of one scenario only: a run carries one scenario, so whole scenarios are compared by a run each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import BaseModel, Field, StringConstraints

from am_studio.designs.base import BASELINE, Arm, Results, is_simulated, settings_of
from am_studio.designs.fixed import ArmTrials, FixedArms, must_be_allowed
from am_studio.designs.space import open_baseline, told
from am_studio.effects.table import removal_effects
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Study, TrialSpec

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]*$", max_length=60)]


class CompareSettings(Form):
    """What a study may say under `design`."""

    variants: dict[Name, dict[str, str]] = Field(
        min_length=1,
        description="Variants by name, each with the levels that differ from the baseline: `{gentle: {threat: restriction}}`.",
    )
    against: str | None = Field(
        None, description="The variant that the others are compared with. Left out: the study's baseline."
    )


@dataclass(frozen=True, slots=True)
class Compare:
    """A fixed design: one arm a named variant."""

    fixed: FixedArms

    kind: ClassVar[str] = "compare"
    summary: ClassVar[str] = "Compare variants that you name with the baseline, or with one of them."
    settings: ClassVar[type[BaseModel]] = CompareSettings
    trials_form: ClassVar[type[BaseModel]] = ArmTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return f"difference in rate, a named variant minus {self.fixed.arms[0].label}"

    def notes(self) -> tuple[str, ...]:
        """What each name stands for."""
        first, *others = self.fixed.arms
        named = [f"{first.label}: the reference."] if first.label != BASELINE else []
        return (*named, *(f"{arm.label}: {told(arm.removed)}." for arm in others))

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for an unknown level, a variant that is forbidden, or two that are one."""
        design = {key: value for key, value in study.design.items() if key != "kind"}
        settings = settings_of(CompareSettings, design, "design")
        trials = settings_of(ArmTrials, study.trials, "trials")
        baseline = open_baseline(scenario, study.baseline)
        variants = {name: scenario.variant(levels, base=baseline) for name, levels in settings.variants.items()}
        for name, variant in variants.items():
            must_be_allowed(variant, variant.differences(baseline), f"'{name}'", scenario)
        if settings.against is not None and settings.against not in variants:
            raise StudioError(
                f"There is no variant '{settings.against}'", "design.against", nearest(settings.against, variants)
            )
        reference, label = (baseline, BASELINE) if settings.against is None else (
            variants.pop(settings.against), settings.against
        )  # fmt: skip
        seen = {reference.levels: label}
        for name, variant in variants.items():
            if variant.levels in seen:
                raise StudioError(f"'{name}' is the same variant as '{seen[variant.levels]}'", scenario.ref)
            seen[variant.levels] = name
        if not variants:
            raise StudioError("There is nothing to compare with", "design.variants: one variant and its reference")
        arms = [Arm(BASELINE, label, reference, ())]
        arms += [
            Arm(f"variant-{name}", name, variant, variant.differences(reference)) for name, variant in variants.items()
        ]
        return cls(FixedArms(study, tuple(arms), trials))

    def arms(self) -> tuple[Arm, ...]:
        """The reference, then one arm a variant, in the study's order."""
        return self.fixed.arms

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet, in one random order."""
        return self.fixed.next_trials(results)

    def greatest(self) -> int:
        """The number of trials over all models."""
        return self.fixed.greatest()

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each variant against the reference, Holm over the variants of this outcome and model."""
        reference, *variants = self.fixed.counts(results, outcome, model)
        table = removal_effects(
            reference.counts,
            variants,
            outcome=outcome,
            model=model,
            estimand=self.estimand,
            simulated=is_simulated(self.fixed.study, model),
            asked=self.fixed.study.analysis,
            kind="contrast",
        )
        return replace(table, baseline_label=reference.label, notes=(*table.notes, *self.notes()))


DESIGN = Compare
