"""The details that a design varies, each with its levels, and which of their combinations a scenario allows.

A combination is chosen freely; what a detail's `needs` do not allow is off in it, as anywhere, and stays known as what had
been chosen. A combination that breaks a constraint of the scenario is never used.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from am_studio.foundation.errors import StudioError, nearest
from am_studio.records import Variant

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

MOST_COMBINATIONS = 4096
"""So many are looked at one by one to find out whether all are allowed."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A detail with the levels that a design gives it."""

    detail: str
    levels: tuple[str, ...]
    """The level that counts as in place first; the one that means "removed" last."""

    @property
    def on(self) -> str:
        """The level that counts as in place."""
        return self.levels[0]

    @property
    def off(self) -> str:
        """The level that means removed."""
        return self.levels[-1]


@dataclass(frozen=True, eq=False)
class Space:
    """Every combination of levels of some details over a baseline."""

    scenario: Scenario
    baseline: Variant
    factors: tuple[Factor, ...]

    @property
    def details(self) -> tuple[str, ...]:
        """The names of the details that vary."""
        return tuple(factor.detail for factor in self.factors)

    def variant(self, levels: Mapping[str, str]) -> Variant:
        """The baseline with these levels, allowed or not."""
        return self.scenario.variant(levels, base=self.baseline)

    def allowed(self, levels: Mapping[str, str]) -> Variant | None:
        """The baseline with these levels; None when a constraint forbids it."""
        variant = self.variant(levels)
        return variant if self.scenario.allowed(variant) else None

    def with_only(self, kept: Sequence[str]) -> Variant:
        """These details in place, all other ones removed; allowed or not."""
        return self.variant(
            {factor.detail: factor.on if factor.detail in kept else factor.off for factor in self.factors}
        )

    def kept(self, variant: Variant) -> frozenset[str]:
        """The details that are not removed in this variant, after `needs`."""
        levels = variant.as_dict()
        return frozenset(factor.detail for factor in self.factors if levels[factor.detail] != factor.off)

    def chosen(self, variant: Variant) -> dict[str, str]:
        """The level that was chosen for each detail, whatever `needs` made of it."""
        levels = {**variant.as_dict(), **dict(variant.dragged)}
        return {detail: levels[detail] for detail in self.details}

    def combinations(self) -> Iterator[dict[str, str]]:
        """Every combination of levels, allowed or not, the last detail changing fastest."""
        for levels in itertools.product(*(factor.levels for factor in self.factors)):
            yield dict(zip(self.details, levels, strict=True))

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return math.prod(len(factor.levels) for factor in self.factors)

    def is_free(self) -> bool:
        """Whether every combination is allowed and stays what it is; False also where there are too many to look at."""
        details = self.scenario.details
        if not self.scenario.parts.constraints and all(details[name].needs is None for name in self.details):
            return True
        if self.size > MOST_COMBINATIONS:
            return False
        return all(
            self.scenario.allowed(variant) and {name: variant[name] for name in self.details} == levels
            for levels in self.combinations()
            for variant in (self.variant(levels),)
        )


def open_space(
    asked: Sequence[str] | None, baseline: Variant, scenario: Scenario, *, every_level: bool = False
) -> Space:
    """The space over these details (those that are not off in the baseline when None).

    A detail's level in place is the baseline's, or where that is off, its first other one; with `every_level` it has all
    its levels. StudioError for a detail that is unknown or named twice, and where there is none.
    """
    removed = {detail: scenario.removed(detail) for detail in scenario.details}
    names = [detail for detail, level in baseline if level != removed[detail]] if asked is None else list(asked)
    if not names:
        raise StudioError("There is no detail to vary", f"{scenario.ref}: every detail is off in the baseline")
    factors = []
    for number, name in enumerate(names):
        if name not in scenario.details:
            raise StudioError(f"There is no detail called '{name}'", scenario.ref, nearest(name, scenario.details))
        if name in names[:number]:
            raise StudioError(f"'{name}' is listed twice", "design.details: each detail is named once")
        off, levels = removed[name], scenario.details[name].levels
        others = [level for level in levels if level != off]
        on = baseline[name] if baseline[name] != off else dict(baseline.dragged).get(name, others[0])
        on = on if on != off else others[0]
        between = tuple(level for level in others if level != on) if every_level else ()
        factors.append(Factor(name, (on, *between, off)))
    return Space(scenario, baseline, tuple(factors))


def open_baseline(scenario: Scenario, levels: Mapping[str, str]) -> Variant:
    """The study's baseline; StudioError when the scenario does not allow it."""
    variant = scenario.variant(levels)
    if not scenario.allowed(variant):
        raise StudioError(
            "The baseline is not an allowed variant",
            f"{scenario.ref}: the levels under `baseline` break a constraint of the scenario",
            "change `baseline`, or the scenario's `constraints`",
        )
    return variant


def told(levels: Sequence[tuple[str, str]]) -> str:
    """Choices in words: `threat=none, deadline=off`."""
    return ", ".join(f"{name}={level}" for name, level in levels)
