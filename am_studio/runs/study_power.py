"""What a study can find, before it costs anything: power and the smallest drop that would be found, and dollars beside n.

Exact for the comparison of two groups of trials that the study's table will show, with the test that the table will use.
Rates are the reader's assumptions. A study whose rows are no two groups of known sizes is refused, not guessed at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from am_studio.designs.base import BASELINE, NoResults
from am_studio.designs.registry import open_design
from am_studio.effects.power import POWER, detectable, power
from am_studio.effects.regions import MOST
from am_studio.effects.tests import TestName, test_for
from am_studio.foundation.errors import StudioError
from am_studio.runs.plan import Plan
from am_studio.scenarios import Scenario

OTHER_SIZES = (10, 20, 40, 60, 100, 200)
"""Trials of the smaller group for which drops and costs are shown beside the study's own."""
_USUAL_Q = {"lines": 0.75}
"""The chance of being in place where a design's study does not say it; elsewhere .5."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The two groups that a row of the table compares, in one model."""

    removed: int
    """Trials with the change."""
    reference: int
    """Trials without it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What rows with these groups would find."""

    groups: Groups
    rows: int
    """Rows of the table with groups of these sizes."""
    test: TestName
    drop: float | None
    """The smallest fall below the baseline's rate that is found at the hardest step of the adjustment; None: no fall is."""
    drop_alone: float | None
    """The same without adjustment: the easiest step."""
    power: float | None
    """Of the rate that was assumed without the detail, at the hardest step; None: none was assumed."""


@dataclass(frozen=True, slots=True)
class Size:
    """Another number of trials, and what it costs."""

    groups: Groups
    trials: int
    """Over all arms and models."""
    drop: float | None
    greatest_cost: float | None
    """US dollars; None: a price is unknown."""


@dataclass(frozen=True, slots=True)
class StudyPower:
    """What a study can find where the baseline's rate is the assumed one."""

    plan: Plan
    baseline: float
    """The assumed rate with everything in place (in random designs: with the detail in place)."""
    without: float | None
    """The assumed rate without the detail."""
    wanted: float
    alpha: float
    tests: int
    """Rows of a model's table: the family of the adjustment."""
    reaches: tuple[Reach, ...]
    sizes: tuple[Size, ...]


def study_power(
    plan: Plan,
    scenario: Scenario,
    *,
    baseline: float,
    without: float | None = None,
    wanted: float = POWER,
    alpha: float = 0.05,
    sizes: Sequence[int] = OTHER_SIZES,
) -> StudyPower:
    """The power of the study that was planned; StudioError where its rows are no two groups of known sizes.

    The hardest step of Holm's adjustment is alpha / rows; a row may also be found at an easier one, so power is a lower
    bound.
    """
    rows = _rows(plan, scenario)
    hardest = alpha / len(rows)
    reaches = []
    for groups in dict.fromkeys(rows):
        test = test_for(groups.removed + groups.reference)
        chance = None if without is None else _power(without, baseline, groups, hardest, test)
        at_hardest, alone = (_drop(baseline, groups, level, test, wanted) for level in (hardest, alpha))
        reaches.append(Reach(groups, rows.count(groups), test, at_hardest, alone, chance))
    others = tuple(_size(plan, reaches[0].groups, n, baseline, hardest, wanted) for n in sizes)
    return StudyPower(plan, baseline, without, wanted, alpha, len(rows), tuple(reaches), others)


def _rows(plan: Plan, scenario: Scenario) -> list[Groups]:
    """The groups of every row, from the table that the design makes before any trial."""
    study = plan.study
    table = open_design(study, scenario).analyse(NoResults(), study.outcome, study.models[0].name)
    arms = {arm.name: arm.trials for arm in plan.arms}
    if BASELINE in arms and all(effect.arm in arms for effect in table.effects):
        rows = [Groups(arms[effect.arm], arms[BASELINE]) for effect in table.effects]
    elif "total" in study.trials and table.effects:
        kind = str(study.design.get("kind"))
        q, total = float(study.design.get("q", _USUAL_Q.get(kind, 0.5))), study.trials["total"]
        kept = round(q * total)
        rows = [Groups(total - kept, kept)] * len(table.effects)
    else:
        rows = []
    if not rows or any(not groups.removed or not groups.reference for groups in rows):
        raise StudioError(
            f"the power of a study of kind '{study.design.get('kind')}' cannot be told beforehand",
            "its comparisons are no two groups of trials whose sizes are known now",
            "for two rates: am-studio power --rates .96 .55 --n 60",
        )
    return rows


def _enumerable(groups: Groups) -> bool:
    return max(groups.removed, groups.reference) <= MOST


def _power(without: float, baseline: float, groups: Groups, alpha: float, test: TestName) -> float | None:
    if not _enumerable(groups):
        return None
    return power(without, groups.removed, baseline, groups.reference, alpha=alpha, test=test)


def _drop(baseline: float, groups: Groups, alpha: float, test: TestName, wanted: float) -> float | None:
    if not _enumerable(groups):
        return None
    found = detectable(baseline, groups.removed, groups.reference, power=wanted, alpha=alpha, test=test)
    return found.drop(baseline)


def _size(plan: Plan, own: Groups, n: int, baseline: float, alpha: float, wanted: float) -> Size:  # noqa: PLR0917
    """The study with every number of trials in proportion."""
    factor = n / own.removed
    groups = Groups(n, math.ceil(own.reference * factor - 1e-9))
    trials = math.ceil(plan.trials * factor - 1e-9)
    drop = _drop(baseline, groups, alpha, test_for(groups.removed + groups.reference), wanted)
    cost = None if plan.greatest_cost is None or not plan.trials else plan.greatest_cost / plan.trials * trials
    return Size(groups, trials, drop, cost)
