"""Effects over strata, in any design: trials of one stratum are compared with trials of the same, then put together.

Strata are levels of nuisance factors or sessions of work. The design itself says which trials are compared: it is asked
for its table of each stratum alone, and only the counts are read off it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from am_studio.designs.base import Design, OpenDesign
from am_studio.designs.cells import total
from am_studio.effects.stratified import cmh, stratified_difference
from am_studio.records import (
    AnalysisSettings,
    Counts,
    Effect,
    JudgedTrial,
    Stratified,
    Study,
    Variant,
    VariantCounts,
)

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario


def counting_design(kind: type[Design], study: Study, scenario: Scenario) -> OpenDesign:
    """The study's design, opened to be asked for the counts of single strata; StudioError when it refuses the study."""
    # Under this margin no row of its tables asks for more trials, which would take longer than all the rest.
    return kind.open(replace(study, analysis=AnalysisSettings(margin=1.0)), scenario)


def apart(
    effects: Sequence[Effect],
    groups: Iterable[Sequence[VariantCounts]],
    counting: OpenDesign,
    outcome: str,
    model: str,
    *,
    factors: tuple[str, ...],
) -> tuple[Stratified | None, ...]:
    """For each effect the same over strata, whose trials are `groups`; None where it is made of other trials than theirs."""
    within = [counting.analyse(_Within(rows), outcome, model).effects for rows in groups]
    return tuple(_over(effect, within, factors) for effect in effects)


def by_session(
    effects: Sequence[Effect], found: Iterable[VariantCounts], counting: OpenDesign, outcome: str, model: str
) -> tuple[Stratified | None, ...]:
    """For each effect the same with sessions of work held apart; None for all where only one has trials of it."""
    sessions: dict[int, list[VariantCounts]] = {}
    for each in found:
        if each.counts.completed:
            sessions.setdefault(each.session, []).append(each)
    if len(sessions) < 2:
        return (None,) * len(effects)
    groups = [rows for _, rows in sorted(sessions.items())]
    return apart(effects, groups, counting, outcome, model, factors=("session",))


def _over(effect: Effect, within: Iterable[Sequence[Effect]], factors: tuple[str, ...]) -> Stratified | None:
    """One effect over strata; None where a design puts other trials into it when it sees a part of them."""
    parts = [part for effects in within for part in effects if part.arm == effect.arm]
    pairs = [(part.counts, part.against) for part in parts]
    sums = total(changed for changed, _ in pairs), total(reference for _, reference in pairs)
    if [(each.yes, each.completed) for each in sums] != [
        (each.yes, each.completed) for each in (effect.counts, effect.against)
    ]:
        return None
    strata = [(c.yes, c.completed, r.yes, r.completed) for c, r in pairs if c.completed and r.completed]
    if not strata:
        return Stratified(factors, 0, None, None, None)
    difference = stratified_difference(strata)
    return Stratified(factors, len(strata), difference.value, difference.interval, cmh(strata).p)


def as_written(found: Iterable[VariantCounts]) -> tuple[VariantCounts, ...]:
    """The counts without their draws, one for each arm, variant and session."""
    merged: dict[tuple[str, Variant, int], list[Counts]] = {}
    for each in found:
        variant = replace(each.variant, nuisance=()) if each.variant.nuisance else each.variant
        merged.setdefault((each.arm, variant, each.session), []).append(each.counts)
    return tuple(VariantCounts(*key, total(counts)) for key, counts in merged.items())


class _Within:
    """The results of one model and outcome in one stratum."""

    def __init__(self, found: Sequence[VariantCounts]) -> None:
        self._found = as_written(found)

    def planned(self) -> int:
        """Trials of the stratum."""
        return sum(each.counts.planned for each in self._found)

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        """How the arm's trials in the stratum ended."""
        return total(each.counts for each in self._found if each.arm == arm)

    def by_variant(self, model: str, outcome: str) -> Sequence[VariantCounts]:
        """The same by variant."""
        return self._found

    def in_order(self, arm: str, model: str, outcome: str) -> Sequence[JudgedTrial]:
        """Refused: a stratum is asked for counts, never for the order of its trials."""
        raise NotImplementedError(f"{arm}, {model}, {outcome}: trials of a stratum have no order here")
