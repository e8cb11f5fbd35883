"""The smallest changes that a plan's trials would find, beside its cost: in lines and as JSON.

By exact enumeration of the test that will be used, at the hardest step of the adjustment. The baseline's rate is not known
before the run, so it is told for two. Says nothing where a design's comparisons have no sizes that are known beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from am_studio.effects.power import POWER
from am_studio.foundation.errors import StudioError
from am_studio.reports.numbers import percent
from am_studio.runs.plan import Plan
from am_studio.runs.study_power import Smallest, StudyPower, study_power
from am_studio.scenarios import Scenario

ASSUMED = (0.9, 0.5)
"""Rates of the baseline that are assumed: one that elicits the outcome nearly always, and the one that needs most trials."""


def plan_reach(plan: Plan, scenario: Scenario) -> tuple[StudyPower, ...]:
    """What the plan finds, for each assumed rate; () where that cannot be told beforehand."""
    alpha = plan.study.analysis.alpha
    try:
        return tuple(study_power(plan, scenario, baseline=rate, alpha=alpha, sizes=()) for rate in ASSUMED)
    except StudioError:
        return ()


def reach_lines(found: Sequence[StudyPower]) -> tuple[str, ...]:
    """A line for each pair of group sizes: what it finds at each assumed rate."""
    if not found:
        return ()
    first = found[0]
    whose = "rate with a detail in place" if first.random else "baseline's rate"
    lines = [
        f"Finds ({100 * POWER:.0f} % power, alpha {first.alpha:g} over {first.tests} comparisons), by the {whose}:",
    ]
    for row, reach in enumerate(first.reaches):
        groups = reach.groups
        told = "; ".join(f"{percent(each.baseline)} %: {_changes(each.reaches[row].hardest)}" for each in found)
        lines.append(f"  {reach.rows} x {groups.changed} against {groups.reference} trials: {told}")
    return tuple(lines)


def reach_json(found: Sequence[StudyPower]) -> list[dict[str, Any]]:
    """The same as numbers; a change that is not found is null."""
    return [
        {
            "baseline": each.baseline,
            "power": each.wanted,
            "alpha": each.alpha / each.tests,
            "comparisons": reach.rows,
            "changed": reach.groups.changed,
            "reference": reach.groups.reference,
            "test": reach.test,
            "drop": reach.hardest.drop,
            "rise": reach.hardest.rise,
        }
        for each in found
        for reach in each.reaches
    ]


def _changes(smallest: Smallest) -> str:
    told = [
        f"{word} {100 * size:.0f}"
        for word, size in (("drop", smallest.drop), ("rise", smallest.rise))
        if size is not None
    ]
    return f"{' or '.join(told)} points" if told else "no change"
