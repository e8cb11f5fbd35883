"""What factorial designs have in common: a list of runs that is gone through in blocks, each in a random order.

Every trial has the variant of its run, all in one arm, so that 64 runs and ten models stay one row a model on a board.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from am_studio.designs.average import Asked, average_table
from am_studio.designs.base import Arm, Results, Wanted, interleave, trial_seed
from am_studio.designs.cells import Cells
from am_studio.designs.random_subsets import TotalTrials
from am_studio.designs.space import Space, told
from am_studio.foundation.errors import StudioError
from am_studio.records import EffectTable, Study, TrialSpec, Variant

if TYPE_CHECKING:
    from am_studio.designs.aliasing import Signs

ARM = "runs"
"""All trials are of this arm; each has the variant of its run."""
MOST_RUNS = 4096
WARNING = (
    "Aliasing: details that act only together (AND) or in place of each other (OR) make pairs look like single details here; "
    "in such worlds this design found false effects in .5 to 1.0 of simulated studies. `random-subsets` has no aliases."
)
CLEAR_WARNING = (
    "Aliasing: pairs can be told from details and from each other, but not from three details that act together."
)


@dataclass(frozen=True, slots=True)
class Crossing:
    """The runs of a factorial, with their trials."""

    study: Study
    space: Space
    runs: tuple[Variant, ...]
    trials: TotalTrials

    def arms(self) -> tuple[Arm, ...]:
        """One arm for all trials, shown with the baseline's variant."""
        return (Arm(ARM, f"all {len(self.runs)} runs (each trial its own)", self.space.baseline, ()),)

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet, all models in one random order."""
        variants = list(self._in_blocks())
        wanted = []
        for model in self.study.models:
            already = results.counts(ARM, model.name, self.study.outcome).planned
            own = variants[already:]
            wanted.append(Wanted(self.arms()[0], model.name, already, len(own), own))
        return interleave(wanted, self.study.seed, results.planned())

    def _in_blocks(self) -> Iterator[Variant]:
        for index in range(self.trials.total):
            block, place = divmod(index, len(self.runs))
            if place == 0:
                order = list(range(len(self.runs)))
                random.Random(trial_seed(self.study.seed, "block", ARM, block)).shuffle(order)
            yield self.runs[order[place]]

    def greatest(self) -> int:
        """The number of trials over all models."""
        return len(self.study.models) * self.trials.total

    def notes(self) -> tuple[str, ...]:
        """How many trials a run has."""
        each, rest = divmod(self.trials.total, len(self.runs))
        told_ = f"{len(self.runs)} runs of {len(self.space.factors)} details, {each} trials of each"
        if not each:
            return (f"{told_}: {self.trials.total} trials are too few to run each once.",)
        return (f"{told_}{f', {rest} of them one more' if rest else ''}.",)

    def analyse(self, results: Results, asked: Asked) -> EffectTable:
        """The average effect of each detail over the runs."""
        return average_table(Cells(self.space, results.by_variant(asked.model, asked.outcome), ARM), asked)


@dataclass(frozen=True, slots=True)
class CrossingDesign:
    """What every design of such runs does the same way."""

    crossing: Crossing

    def arms(self) -> tuple[Arm, ...]:
        """One arm for all trials."""
        return self.crossing.arms()

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """Everything that has not been named yet, in one random order."""
        return self.crossing.next_trials(results)

    def greatest(self) -> int:
        """The number of trials over all models."""
        return self.crossing.greatest()


def refuse_many(runs: int) -> None:
    """StudioError where a factorial would have more runs than can be paid for."""
    if runs > MOST_RUNS:
        raise StudioError(
            f"{runs:,} runs are more than this design makes", hint="list fewer details, or use `random-subsets`"
        )


def runs_of(signs: Signs, space: Space) -> tuple[Variant, ...]:
    """The variants of a plan of +1 (in place) and -1 (removed).

    StudioError when one is not allowed, or `needs` make another one of it: the plan would lose its balance.
    """
    found = []
    for row in signs:
        levels = {
            factor.detail: factor.on if sign > 0 else factor.off
            for factor, sign in zip(space.factors, row, strict=True)
        }
        variant = space.variant(levels)
        _must_stay(variant, levels, space)
        found.append(variant)
    return tuple(found)


def _must_stay(variant: Variant, levels: Mapping[str, str], space: Space) -> None:
    if {name: variant[name] for name in levels} != dict(levels) or not space.scenario.allowed(variant):
        raise StudioError(
            "This plan has a run that the scenario does not allow",
            f"{space.scenario.ref}: {told(tuple(levels.items()))}",
            "take details that do not need each other, or use `random-subsets`, which draws allowed subsets only",
        )


def allowed_runs(space: Space, combinations: Iterable[Mapping[str, str]]) -> tuple[Variant, ...]:
    """The combinations that constraints allow; StudioError when there is none."""
    found: Sequence[Variant | None] = [space.allowed(levels) for levels in combinations]
    runs = tuple(variant for variant in found if variant is not None)
    if not runs:
        raise StudioError("No combination of these details is allowed", space.scenario.ref)
    return runs
