"""Compare: variants that the study names and spells out, each against the baseline or against one of them.

A variant is one of the study's own scenario, or of another scenario as a whole. Between scenarios everything differs, so
such a difference is laid at no detail's door, and the estimand says so. Scenarios that do not ask for the study's outcome
are refused by the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BaseModel, Discriminator, Field, StringConstraints, Tag

from am_studio.designs.base import BASELINE, Arm, Results, design_settings, settings_of
from am_studio.designs.fixed import ArmTrials, FixedArms, FixedDesign, must_be_allowed
from am_studio.designs.space import open_baseline, told
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.yamlfile import Form
from am_studio.records import Counts, EffectTable, Study, Variant

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]*$", max_length=60)]


class OfScenario(Form):
    """A variant of a whole other scenario."""

    scenario: str = Field(
        min_length=1,
        max_length=400,
        description="`pack/scenario`, or a path from the study's file that starts with a dot.",
    )
    set: dict[str, str] = Field(
        default_factory=dict,
        description="Levels that differ from that scenario's defaults; for the study's own scenario, from the baseline.",
    )


_WHOLE, _LEVELS = "a whole scenario", "only levels"
"""Which of the two forms a variant has; no word that may stand in either."""


def _form_of(given: object) -> str:
    return _WHOLE if isinstance(given, OfScenario | Mapping) and "scenario" in dict(given) else _LEVELS


Spelled = Annotated[
    Annotated[dict[str, str], Tag(_LEVELS)] | Annotated[OfScenario, Tag(_WHOLE)], Discriminator(_form_of)
]


class CompareSettings(Form):
    """What a study may say under `design`."""

    variants: dict[Name, Spelled] = Field(
        min_length=1,
        description="Variants by name, each with the levels that differ from the baseline: `{gentle: {threat: restriction}}`;"
        " one of another scenario as `{mundane: {scenario: core/other, set: {deadline: off}}}`.",
    )
    against: str | None = Field(
        None, description="The variant that the others are compared with. Left out: the study's baseline."
    )


@dataclass(frozen=True, slots=True)
class Compare(FixedDesign):
    """A fixed design: one arm a named variant."""

    scenario: Scenario
    baseline: Variant
    """The study's, whether anything is compared with it or not."""

    kind: ClassVar[str] = "compare"
    summary: ClassVar[str] = "Compare variants or whole scenarios that you name with the baseline, or with one of them."
    settings: ClassVar[type[BaseModel]] = CompareSettings
    trials_form: ClassVar[type[BaseModel]] = ArmTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        reference, *others = self.fixed.arms
        named = f"difference in rate, a named variant minus {reference.label}"
        across = sum(arm.variant.scenario != reference.variant.scenario for arm in others)
        if not across:
            return named
        which = "the two are" if across == len(others) else "where they are"
        return f"{named}; {which} of different scenarios, so that everything differs between them and not one detail"

    def notes(self) -> tuple[str, ...]:
        """What each name stands for."""
        first, *others = self.fixed.arms
        named = [f"{first.label}: {self._spelled(first.variant)}; the reference."] if first.label != BASELINE else []
        return (
            *named,
            *(f"{arm.label}: {self._spelled(arm.variant, first.variant)}." for arm in others),
            *self._asked_otherwise(),
        )

    def _spelled(self, variant: Variant, reference: Variant | None = None) -> str:
        """What a variant is: its levels against the reference, or its scenario with its levels against the usual ones."""
        if reference is not None and variant.scenario == reference.scenario:
            return told(variant.differences(reference))
        own = self.scenario.of(variant)
        levels = told(variant.differences(own.defaults() if variant.scenario else self.baseline))
        return f"the whole scenario {own.ref}{f', {levels}' if levels else ''}"

    def _asked_otherwise(self) -> list[str]:
        """What each scenario asks under the name of the study's outcome, where that is not the same."""
        name, own = self.fixed.study.outcome, dict.fromkeys(self.scenario.of(arm.variant) for arm in self.fixed.arms)
        asked = [(each.ref, each.questions.outcome(name).question) for each in own if each.asks(name)]
        several = len({question for _, question in asked}) > 1
        return [f"{ref} asks for {name}: {question}" for ref, question in asked] if several else []

    @classmethod
    def other_scenarios(cls, study: Study) -> tuple[str, ...]:
        """The scenarios that a study names beside its own, as it writes them; whatever else is wrong with it."""
        variants: Any = study.design.get("variants")
        given = variants.values() if isinstance(variants, Mapping) else ()
        named = [each["scenario"] for each in given if isinstance(each, Mapping) and "scenario" in each]
        texts = dict.fromkeys(name for name in named if isinstance(name, str) and name)
        return tuple(name for name in texts if name != study.scenario)

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for an unknown level, a variant that is forbidden, or two that are one."""
        settings = design_settings(CompareSettings, study)
        trials = settings_of(ArmTrials, study.trials, "trials")
        baseline = open_baseline(scenario, study.baseline)
        variants = {
            name: _variant(name, spelled, study, scenario, baseline) for name, spelled in settings.variants.items()
        }
        if settings.against is not None and settings.against not in variants:
            raise StudioError(
                f"There is no variant '{settings.against}'", "design.against", nearest(settings.against, variants)
            )
        reference, label = (baseline, BASELINE) if settings.against is None else (
            variants.pop(settings.against), settings.against
        )  # fmt: skip
        if not variants:
            raise StudioError("There is nothing to compare with", "design.variants: one variant and its reference")
        _must_differ({label: reference, **variants}, scenario)
        arms = [Arm(BASELINE, label, reference, ())]
        arms += [Arm(f"variant-{name}", name, each, _changed(each, reference)) for name, each in variants.items()]
        return cls(FixedArms(study, tuple(arms), trials), scenario, baseline)

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each variant against the reference, Holm over the variants of this outcome and model.

        An arm whose scenario does not ask for the outcome has no trials in the table.
        """
        compared = [
            counted if self.scenario.of(arm.variant).asks(outcome) else replace(counted, counts=Counts(0))
            for arm, counted in zip(self.fixed.arms, self.fixed.counts(results, outcome, model), strict=True)
        ]
        table = self.effects(compared, outcome, model, "contrast")
        return replace(table, baseline_label=compared[0].label, notes=(*table.notes, *self.notes()))


def _variant(
    name: str, spelled: dict[str, str] | OfScenario, study: Study, scenario: Scenario, baseline: Variant
) -> Variant:
    """What the study spells out; StudioError for what its scenario does not have or does not allow."""
    other = spelled.scenario if isinstance(spelled, OfScenario) and spelled.scenario != study.scenario else ""
    own = scenario.named(other) if other else scenario
    start = own.defaults() if other else baseline
    try:
        variant = own.variant(spelled.set if isinstance(spelled, OfScenario) else spelled, base=start)
    except StudioError as error:
        if not other:
            raise
        raise StudioError(f"'{name}', of {own.ref}: {error.title}", error.detail, error.hint) from error
    must_be_allowed(variant, variant.differences(start), f"'{name}'", own)
    return replace(variant, scenario=other)


def _must_differ(variants: Mapping[str, Variant], scenario: Scenario) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for name, variant in variants.items():
        own = scenario.of(variant)
        key = (own.hash, variant.levels)
        if key in seen:
            raise StudioError(f"'{name}' is the same variant as '{seen[key]}'", own.ref)
        seen[key] = name


def _changed(variant: Variant, reference: Variant) -> tuple[tuple[str, str], ...]:
    """The levels that differ; () between scenarios, which have no details in common."""
    return variant.differences(reference) if variant.scenario == reference.scenario else ()


DESIGN = Compare
