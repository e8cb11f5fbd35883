"""The minimal set: which few details, with all others removed, still bring the behaviour about as the baseline does.

Delta debugging (ddmin: Zeller and Hildebrandt 2002, IEEE Trans. Softw. Eng. 28:183) asks set after set whether it is
enough. The answer is a sequential test between two rates: p1 just under the baseline's own, which a first stage of trials
finds, and p0 well below it. What is found is tried again with fresh trials: the set itself, and the set without each of
its details. Trials of the search are never used to say how large anything is.

The next set is a function of the results alone: the search is gone through anew each time, until an answer is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, Field

from am_studio.designs.base import (
    BASELINE,
    Arm,
    Results,
    Wanted,
    design_settings,
    interleave,
    is_simulated,
    settings_of,
)
from am_studio.designs.cells import total
from am_studio.designs.ddmin import Needed, SetOracle, ddmin
from am_studio.designs.space import Space, open_baseline, open_space
from am_studio.effects.sprt import Sprt
from am_studio.effects.table import ArmCounts, removal_effects
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import Counts, EffectTable, Study, TrialSpec

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

LOWEST = 0.2
"""A baseline below this rate is too rare a behaviour to look for what suffices for it."""
_GREATEST_P1 = 0.95
FOUND = "found set"
_CONFIRM = "confirm: "
Kept = frozenset[str]


class MinimalSettings(Form):
    """What a study may say under `design`."""

    details: list[str] | None = Field(
        None,
        min_length=1,
        description="The details to choose from. Left out: every detail that is not off in the baseline.",
    )
    tolerance: float = Field(
        0.1,
        gt=0,
        lt=0.5,
        description="A set is enough when its rate is no further below the baseline's than this (p1).",
    )
    gap: float = Field(
        0.3, gt=0.05, lt=0.9, description="How far below p1 the rate lies at which a set is surely not enough (p0)."
    )
    error: float = Field(0.01, gt=0, lt=0.5, description="The chance of each wrong answer of one sequential test.")


class MinimalTrials(Form):
    """What a study may say under `trials`."""

    total: int = Field(
        gt=0, examples=[400], description="Trials of each model, at most; the search ends there, found or not."
    )
    baseline: int = Field(20, gt=0, description="Trials of the baseline in the first stage.")
    per_set: int = Field(
        60, gt=0, description="Trials of one set in the search, at most; then the likelier rate counts."
    )
    batch: int = Field(3, gt=0, description="Trials of one set that are asked for at once, at least.")
    confirm: int = Field(20, gt=0, description="Fresh trials of the found set, and of it without each of its details.")


@dataclass(frozen=True, slots=True)
class Course:
    """Where the search in one model stands."""

    found: Kept | None = None
    """The set that the search came to; None while it goes on, or when there is nothing to find."""
    wanted: tuple[tuple[Arm, int], ...] = ()
    """(arm, more trials of it); empty when there is nothing left to ask."""
    ended: str = ""
    """Why it ended without an answer; else empty."""
    tried: tuple[tuple[bool, str], ...] = ()
    """Each set that was asked about: whether it was enough, and the set with its k/n."""


@dataclass(frozen=True, slots=True)
class Minimal:
    """An adaptive design: a few trials at a time, in each model its own search."""

    study: Study
    space: Space
    asked: MinimalSettings
    trials: MinimalTrials

    kind: ClassVar[str] = "minimal"
    summary: ClassVar[str] = "Search the smallest set of details that still brings it about (delta debugging)."
    settings: ClassVar[type[BaseModel]] = MinimalSettings
    trials_form: ClassVar[type[BaseModel]] = MinimalTrials

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return (
            "difference in rate, removed minus the found set, when one more detail is removed from the minimal set (local "
            "effect, fresh trials)"
        )

    def notes(self) -> tuple[str, ...]:
        """How the search goes."""
        trials = self.trials
        return (
            f"A search: {trials.baseline} trials of the baseline, then set after set of {len(self.space.factors)} details by "
            f"a sequential test (p1: the baseline's rate less {self.asked.tolerance:g}; p0: {self.asked.gap:g} below p1), then "
            f"{trials.confirm} fresh trials of the found set and of it without each of its details.",
            f"At most {trials.total} trials a model; most searches need fewer.",
        )

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError for a detail that is unknown or off in the baseline."""
        settings = design_settings(MinimalSettings, study)
        trials = settings_of(MinimalTrials, study.trials, "trials")
        space = open_space(settings.details, open_baseline(scenario, study.baseline), scenario)
        off = [factor.detail for factor in space.factors if space.baseline[factor.detail] == factor.off]
        if off:
            raise StudioError(f"'{off[0]}' is off in the baseline", scenario.ref, "turn it on, or leave it out")
        return cls(study, space, settings, trials)

    def arms(self) -> tuple[Arm, ...]:
        """The baseline; the sets that are asked about come up as the search goes, each an arm of its own."""
        return (Arm(BASELINE, BASELINE, self.space.baseline, ()),)

    def greatest(self) -> int:
        """The limit, over all models."""
        return len(self.study.models) * self.trials.total

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """The trials of the next set in each model whose last ones have ended."""
        wanted = []
        for model in self.study.models:
            counts = self._counts(results, self.study.outcome, model.name)
            if any(each.planned > each.completed + each.failed for each in counts.values()):
                continue
            room = self.trials.total - sum(each.planned for each in counts.values())
            for arm, more in self._course(counts).wanted:
                already = counts.get(arm.name, Counts(0)).planned
                wanted.append(Wanted(arm, model.name, already, min(more, room)))
                room -= min(more, room)
        return interleave(wanted, self.study.seed, results.planned())

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """The found set without each of its details, against the found set, all by fresh trials."""
        # The search went by the study's own outcome; another one is looked at in the sets that it came to.
        course = self.course(results, model)
        counts = self._counts(results, outcome, model)
        before = counts.get(BASELINE, Counts(0))
        kept = course.found
        confirmed = Counts(0) if kept is None else counts.get(_CONFIRM + _named(kept), Counts(0))
        table = removal_effects(
            before if kept is None else confirmed,
            [] if kept is None else [self._drop(detail, kept, counts) for detail in self._ordered(kept)],
            outcome=outcome,
            model=model,
            estimand=self.estimand,
            simulated=is_simulated(self.study, model),
            asked=self.study.analysis,
        )
        sets = f"Sets tried in the search: {len(course.tried)}{_enough(course.tried)}." if course.tried else ""
        return replace(
            table,
            baseline_label=BASELINE if kept is None else FOUND,
            answer=self._answer(table, course, before),
            notes=(*table.notes, *filter(None, (sets, self._limit(counts)))),
        )

    def course(self, results: Results, model: str) -> Course:
        """Where the search in one model stands, by the study's own outcome."""
        return self._course(self._counts(results, self.study.outcome, model))

    # The search. -----------------------------------------------------------------------------------------------------

    def _counts(self, results: Results, outcome: str, model: str) -> dict[str, Counts]:
        found: dict[str, list[Counts]] = {}
        for each in results.by_variant(model, outcome):
            found.setdefault(each.arm, []).append(each.counts)
        return {arm: total(parts) for arm, parts in found.items()}

    def _course(self, counts: Mapping[str, Counts]) -> Course:
        """The search gone through with these answers, until one is missing."""
        baseline = counts.get(BASELINE, Counts(0))
        if baseline.planned < self.trials.baseline:
            return Course(wanted=((self.arms()[0], self.trials.baseline - baseline.planned),))
        if not baseline.completed or baseline.yes < LOWEST * baseline.completed:
            rate = f"{baseline.yes}/{baseline.completed}"
            return Course(ended=f"The baseline's rate ({rate}) is too low to look for what is enough for it.")
        test = self._test(baseline)
        oracle = SetOracle(frozenset(self.space.details), self._effective, self._answers(test, counts))
        try:
            found = ddmin(self.space.details, oracle)
        except Needed as needed:
            arm = self._arm(needed.kept)
            had = counts.get(arm.name, Counts(0))
            return Course(wanted=((arm, self._more(test, had)),), tried=oracle.tried)
        return Course(found=found, wanted=self._to_confirm(found, counts), tried=oracle.tried)

    def _test(self, baseline: Counts) -> Sprt:
        rate = (baseline.yes + 0.5) / (baseline.completed + 1)
        p1 = min(max(rate - self.asked.tolerance, LOWEST / 2), _GREATEST_P1)
        p0 = max(p1 - self.asked.gap, p1 / 3)
        return Sprt(p0, p1, self.asked.error, self.asked.error)

    def _effective(self, kept: Kept) -> Kept | None:
        """What is left of a set under `needs`; None when constraints forbid it."""
        variant = self.space.with_only(tuple(kept))
        return self.space.kept(variant) if self.space.scenario.allowed(variant) else None

    def _answers(self, test: Sprt, counts: Mapping[str, Counts]) -> Callable[[Kept], tuple[bool, str] | None]:
        def answer(kept: Kept) -> tuple[bool, str] | None:
            had = counts.get(_named(kept), Counts(0))
            decision = test.decide(had.yes, had.completed)
            if decision == "undecided" and had.planned >= self.trials.per_set:
                decision = "high" if had.completed and test.log_ratio(had.yes, had.completed) > 0 else "low"
            if decision == "undecided":
                return None
            enough = decision == "high"
            return enough, f"{_named(kept)} ({had.yes}/{had.completed})"

        return answer

    def _more(self, test: Sprt, had: Counts) -> int:
        """The fewest trials after which the test could decide, and no fewer than a batch."""
        low, high = test.bounds
        no, yes = test.steps
        at = test.log_ratio(had.yes, had.completed)
        fewest = min(-int((at - high) // yes), -int((low - at) // -no))
        return min(max(fewest, self.trials.batch), max(self.trials.per_set - had.planned, 1))

    def _to_confirm(self, found: Kept, counts: Mapping[str, Counts]) -> tuple[tuple[Arm, int], ...]:
        sets = [found, *(found - {detail} for detail in self._ordered(found))]
        wanted = []
        for kept in sets:
            if self._effective(kept) is None:
                continue
            arm = self._arm(kept, _CONFIRM)
            more = self.trials.confirm - counts.get(arm.name, Counts(0)).planned
            if more > 0:
                wanted.append((arm, more))
        return tuple(wanted)

    def _arm(self, kept: Kept, purpose: str = "") -> Arm:
        variant = self.space.with_only(tuple(kept))
        name = purpose + _named(kept)
        return Arm(name, name, variant, variant.differences(self.space.baseline))

    def _ordered(self, kept: Kept) -> tuple[str, ...]:
        return tuple(detail for detail in self.space.details if detail in kept)

    # What came of it. ------------------------------------------------------------------------------------------------

    def _drop(self, detail: str, kept: Kept, counts: Mapping[str, Counts]) -> ArmCounts:
        arm = self._arm(kept - {detail}, _CONFIRM)
        removed = arm.variant.differences(self.space.with_only(tuple(kept)))
        return ArmCounts(arm.name, detail, removed, counts.get(arm.name, Counts(0)))

    def _answer(self, table: EffectTable, course: Course, before: Counts) -> str:
        kept = course.found
        if kept is None:
            return course.ended or "The search for the minimal set has not ended."
        had = table.baseline
        if had.completed + had.failed < self.trials.confirm:
            return f"The search came to the set {_named(kept)}; fresh trials have still to confirm it."
        told = (
            f"Minimal set: {_named(kept)}. With these alone {had.yes}/{had.completed} in fresh trials, at baseline "
            f"{before.yes}/{before.completed}."
        )
        unproved = [effect.label for effect in table.effects if effect.conclusion != "effect"]
        if unproved:
            return f"{told} Not shown to be needed in it: {', '.join(unproved)}."
        return f"{told} Without any one of them the rate changes." if kept else told

    def _limit(self, counts: Mapping[str, Counts]) -> str:
        planned = sum(each.planned for each in counts.values())
        if planned < self.trials.total or not self._course(counts).wanted:
            return ""
        return f"Stopped at the limit of {self.trials.total} trials, before the search had ended."


def _named(kept: Kept) -> str:
    """A set in words; also the name of its arm, so it depends on nothing but the set."""
    return ", ".join(sorted(kept)) or "no detail"


def _enough(tried: Sequence[tuple[bool, str]]) -> str:
    found = [told for enough, told in tried if enough]
    return f"; enough, one after the other: {'; '.join(found)}" if found else ""


DESIGN = Minimal
