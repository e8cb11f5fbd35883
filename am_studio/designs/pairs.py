"""Pairs: do two details do more together than one by one? Each pair has four cells: neither removed, one, the other, both.

The answer is an interaction, a difference of differences of rates, in this baseline. It needs about four times the trials
of an effect of the same size.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import BaseModel, Field

from am_studio.designs.base import BASELINE, Arm, Results, design_settings, settings_of
from am_studio.designs.fixed import ArmTrials, FixedArms, FixedDesign, must_be_allowed, with_dragged
from am_studio.designs.space import Space, open_baseline, open_space
from am_studio.effects.interaction import interaction_of
from am_studio.effects.multiplicity import holm
from am_studio.effects.table import ArmCounts
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import EffectTable, Interaction, Study

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

Pair = tuple[str, str]


class PairsSettings(Form):
    """What a study may say under `design`: `pairs`, or `details` for every pair of them."""

    pairs: list[Annotated[list[str], Field(min_length=2, max_length=2)]] | None = Field(
        None,
        min_length=1,
        description="The pairs of details to cross, such as `[[threat, leverage], [deadline, leverage]]`.",
    )
    details: list[str] | None = Field(
        None, min_length=2, description="Every pair of these details, where no `pairs` are given."
    )


@dataclass(frozen=True, slots=True)
class Pairs(FixedDesign):
    """A fixed design: the baseline, each detail removed, each pair removed."""

    pairs: tuple[Pair, ...]

    kind: ClassVar[str] = "pairs"
    summary: ClassVar[str] = "Remove details one by one and in pairs: do they act together?"
    settings: ClassVar[type[BaseModel]] = PairsSettings
    trials_form: ClassVar[type[BaseModel]] = ArmTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return (
            "difference in rate when details are removed from this baseline (local effect); interactions: the difference of "
            "differences, both removed minus the sum of one by one"
        )

    def notes(self) -> tuple[str, ...]:
        """How many trials an interaction has."""
        return ("An interaction is estimated from four arms: its interval is about twice as wide as an effect's.",)

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for details that are unknown, off, bound together or forbidden."""
        settings = design_settings(PairsSettings, study)
        trials = settings_of(ArmTrials, study.trials, "trials")
        pairs = _pairs(settings)
        names = list(dict.fromkeys(name for pair in pairs for name in pair))
        space = open_space(names, open_baseline(scenario, study.baseline), scenario)
        for factor in space.factors:
            if space.baseline[factor.detail] == factor.off:
                raise StudioError(
                    f"'{factor.detail}' cannot be removed: it is already off in the baseline", scenario.ref
                )
        arms = [Arm(BASELINE, BASELINE, space.baseline, ())]
        arms += [_arm(space, (name,)) for name in names]
        arms += [_arm(space, pair) for pair in pairs]
        return cls(FixedArms(study, tuple(arms), trials), pairs)

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """The interactions, Holm over the pairs; and each removal against the baseline, Holm over the removals."""
        counted = self.fixed.counts(results, outcome, model)
        table = self.effects(counted, outcome, model)
        return replace(table, interactions=_interactions(self.pairs, counted))


def _pairs(settings: PairsSettings) -> tuple[Pair, ...]:
    """The pairs that are asked for, each once; StudioError when there are none, or a detail is paired with itself."""
    if (settings.pairs is None) == (settings.details is None):
        raise StudioError("The study names no pairs", hint="give `pairs` or `details` under `design`, one of the two")
    if settings.pairs is None:
        return tuple(itertools.combinations(dict.fromkeys(settings.details or ()), 2))
    found: dict[frozenset[str], Pair] = {}
    for first, second in settings.pairs:
        if first == second:
            raise StudioError(f"'{first}' cannot be paired with itself", "design.pairs: two details a pair")
        found.setdefault(frozenset((first, second)), (first, second))
    return tuple(found.values())


def _arm(space: Space, names: Sequence[str]) -> Arm:
    removed = {factor.detail: factor.off for factor in space.factors if factor.detail in names}
    variant = space.variant(removed)
    changed = variant.differences(space.baseline)
    label = " + ".join(names)
    must_be_allowed(variant, changed, f"Removing {label}", space.scenario)
    if len(names) == 1:
        dragged = {name for name, _ in changed} & set(space.details) - set(names)
        if dragged:
            raise StudioError(
                f"Removing '{label}' removes {', '.join(sorted(dragged))} with it, so they cannot be crossed",
                space.scenario.ref,
                "pair details that do not need each other",
            )
        label = with_dragged(label, label, changed)
    return Arm(f"without-{'+'.join(names)}", label, variant, changed)


def _interactions(pairs: Sequence[Pair], arms: Sequence[ArmCounts]) -> tuple[Interaction, ...]:
    counts = {arm.arm: arm.counts for arm in arms}
    found = [
        interaction_of(
            f"{first} × {second}",
            (first, second),
            (
                counts[BASELINE],
                counts[f"without-{first}"],
                counts[f"without-{second}"],
                counts[f"without-{first}+{second}"],
            ),
        )
        for first, second in pairs
    ]
    adjusted = holm([1.0 if each.p is None else each.p for each in found])
    return tuple(
        replace(each, p_adjusted=None if each.p is None else p) for each, p in zip(found, adjusted, strict=True)
    )


DESIGN = Pairs
