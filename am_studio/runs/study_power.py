"""What a study can find, before it costs anything: power, the smallest change that would be found, and dollars beside n.

Exact for the comparison of two groups of trials that the study's table will show. Where
trials draw details at random, that is the comparison of trials with a detail in place and without, with Fisher's mid-p; a
model of all details finds more. Rates are the reader's assumptions. A study whose rows are no two groups of known sizes is refused, not guessed at.
"""

from __future__ import annotations

import math
from collections import Counter
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

    changed: int
    """Trials with the change: of the arm; in random designs, without the detail."""
    reference: int
    """Trials it is compared with: the baseline's; in random designs, those with the detail in place."""


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest changes of the reference's rate that are found with the power asked for, as positive differences."""

    drop: float | None
    """None: no fall is found."""
    rise: float | None
    """None: no rise is found."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What rows with these groups would find."""

    groups: Groups
    rows: int
    """Rows of the table with groups of these sizes."""
    test: TestName
    hardest: Smallest
    """At the hardest step of the adjustment."""
    easiest: Smallest
    """Without adjustment: its easiest step."""
    power: float | None
    """Of the rate that was assumed with the change, at the hardest step; None: none was assumed."""


@dataclass(frozen=True, slots=True)
class Size:
    """Another number of trials, and what it costs."""

    groups: Groups
    trials: int
    """Over all arms and models."""
    smallest: Smallest
    """At the hardest step of the adjustment."""
    greatest_cost: float | None
    """US dollars; None: a price is unknown."""


@dataclass(frozen=True, slots=True)
class StudyPower:
    """What a study can find where the baseline's rate is the assumed one."""

    plan: Plan
    random: bool
    """Whether details are drawn at random in each trial."""
    adjustment: str
    """Of a model's rows: `holm`, `benjamini-hochberg` or `none`."""
    baseline: float
    """The assumed rate of the trials that others are compared with."""
    changed: float | None
    """The assumed rate with the change."""
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
    changed: float | None = None,
    wanted: float = POWER,
    alpha: float = 0.05,
    sizes: Sequence[int] = OTHER_SIZES,
) -> StudyPower:
    """The power of the study that was planned; StudioError where its rows are no two groups of known sizes.

    The hardest step of Holm's adjustment is alpha / rows; a row may also be found at an easier one, so power is a lower
    bound.
    """
    rows = _rows(plan, scenario)
    hardest, assumed = alpha / len(rows.groups), _Assumed(baseline, changed, wanted, rows.random)
    reaches = tuple(
        Reach(
            groups,
            count,
            assumed.test(groups),
            assumed.smallest(groups, hardest),
            assumed.smallest(groups, alpha),
            assumed.power(groups, hardest),
        )
        for groups, count in Counter(rows.groups).items()
    )
    own, others = rows.groups[0], []
    for n in sizes:
        factor = n / own.changed
        groups = Groups(n, _scaled(own.reference, factor))
        trials = _scaled(plan.trials, factor)
        cost = None if plan.greatest_cost is None else plan.greatest_cost / plan.trials * trials
        others.append(Size(groups, trials, assumed.smallest(groups, hardest), cost))
    return StudyPower(
        plan, rows.random, rows.adjustment, baseline, changed, wanted, alpha, len(rows.groups), reaches, tuple(others)
    )


@dataclass(frozen=True, slots=True)
class _Assumed:
    """What the reader assumes, and asks for."""

    baseline: float
    changed: float | None
    wanted: float
    random: bool

    def test(self, groups: Groups) -> TestName:
        return "fisher-mid-p" if self.random else test_for(groups.changed + groups.reference)

    def smallest(self, groups: Groups, alpha: float) -> Smallest:
        if not _enumerable(groups):
            return Smallest(None, None)
        n1, n0, test = groups.changed, groups.reference, self.test(groups)
        found = detectable(self.baseline, n1, n0, power=self.wanted, alpha=alpha, test=test)
        return Smallest(found.drop(self.baseline), found.rise(self.baseline))

    def power(self, groups: Groups, alpha: float) -> float | None:
        if self.changed is None or not _enumerable(groups):
            return None
        n1, n0, test = groups.changed, groups.reference, self.test(groups)
        return power(self.changed, n1, self.baseline, n0, alpha=alpha, test=test)


@dataclass(frozen=True, slots=True)
class _Rows:
    groups: tuple[Groups, ...]
    random: bool
    adjustment: str


def _scaled(n: int, factor: float) -> int:
    return math.ceil(n * factor - 1e-9)


def _rows(plan: Plan, scenario: Scenario) -> _Rows:
    """The groups of every row, from the table that the design makes before any trial; whether they are random ones."""
    study = plan.study
    table = open_design(study, scenario).analyse(NoResults(), study.outcome, study.models[0].name)
    arms = {arm.name: arm.trials for arm in plan.arms}
    rows, random = [], False
    if BASELINE in arms and all(effect.arm in arms for effect in table.effects):
        rows = [Groups(arms[effect.arm], arms[BASELINE]) for effect in table.effects]
    elif "total" in study.trials and table.effects:
        kind = str(study.design.get("kind"))
        q, total = float(study.design.get("q", _USUAL_Q.get(kind, 0.5))), study.trials["total"]
        kept, random = round(q * total), True
        rows = [Groups(total - kept, kept)] * len(table.effects)
    if not rows or any(not groups.changed or not groups.reference for groups in rows):
        raise StudioError(
            f"the power of a study of kind '{study.design.get('kind')}' cannot be told beforehand",
            "its comparisons are no two groups of trials whose sizes are known now",
            "for two rates: am-studio power --rates .96 .55 --n 60",
        )
    return _Rows(tuple(rows), random, table.adjustment)


def _enumerable(groups: Groups) -> bool:
    return max(groups.changed, groups.reference) <= MOST


def power_curve(found: StudyPower, points: int) -> tuple[tuple[float, float], ...]:
    """(the rate with the change, the power) of the study's first comparison, at its hardest step of the adjustment.

    From the assumed rate to the farther end, 0 or 1, in so many even steps; () where the groups are too large to be
    enumerated.
    """
    groups, end = found.reaches[0].groups, 0.0 if found.baseline >= 0.5 else 1.0
    if not _enumerable(groups) or points < 1:
        return ()
    hardest, test = found.alpha / found.tests, found.reaches[0].test
    # The last step may miss its end by a rounding.
    steps = (found.baseline + (end - found.baseline) * step / points for step in range(points + 1))
    rates = (min(max(rate, 0.0), 1.0) for rate in steps)
    return tuple(
        (rate, power(rate, groups.changed, found.baseline, groups.reference, alpha=hardest, test=test))
        for rate in rates
    )
