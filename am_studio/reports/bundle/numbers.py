"""Every number that a run shows, as plain JSON: the effects of each outcome by the plan's judge, of the study's outcome by
every other one, the rates by belief. And where two such sets of numbers differ, place by place.

Statistical libraries differ in the last digits between versions and machines; two numbers are the same when they agree to
seven digits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.reports.belief_rates import beliefs_as_json
from am_studio.reports.run_results import counts_as_json, run_as_json
from am_studio.runs.analysis import Analysis, Withheld, analyse
from am_studio.runs.beliefs import belief_rates
from am_studio.runs.deviations import AnalysisChoices
from am_studio.runs.judging_plan import judges_seen
from am_studio.runs.runfile import RunFile

SAME_DIGITS = 1e-7
"""Relative; absolute below 1e-12."""
_PLANNED_WITH = "Planned with version "


@dataclass(frozen=True, slots=True)
class Asked:
    """One analysis: an outcome as one judge has it."""

    outcome: str
    judge: str


def analyses_of(run: RunFile) -> tuple[Asked, ...]:
    """Every analysis that a bundle carries: the study's outcome first."""
    plan = run.plan
    outcomes = dict.fromkeys(
        [plan.study.outcome, *(one.name for each in run.scenario.every for one in each.questions.outcomes)]
    )
    judged = {name for (name,) in run.query("SELECT name FROM name WHERE kind = 'outcome'")}
    judges = [judge.name for judge in judges_seen(run) if judge.name != plan.judge]
    own = [Asked(outcome, plan.judge) for outcome in outcomes if outcome in judged or outcome == plan.study.outcome]
    return (*own, *(Asked(plan.study.outcome, judge) for judge in judges))


def analysed(run: RunFile, asked: Asked) -> Analysis:
    """One analysis; Withheld where the plan allows no look yet."""
    return analyse(run, asked.outcome, AnalysisChoices(judge=None if asked.judge == run.plan.judge else asked.judge))


def numbers_of(run: RunFile, asked: Asked) -> dict[str, Any]:
    """The numbers of one analysis; counts alone where the plan withholds more."""
    try:
        told = run_as_json(run, analysed(run, asked))
    except Withheld as why:
        told = counts_as_json(run, why, asked.outcome)
    told.pop("run")
    for table in told.get("tables", ()):
        table.pop("run")
    plain: dict[str, Any] = json.loads(json.dumps({**told, "judge": asked.judge}, allow_nan=False))
    return plain


def all_numbers(run: RunFile) -> list[dict[str, Any]]:
    """The numbers of every analysis."""
    return [numbers_of(run, asked) for asked in analyses_of(run)]


def belief_numbers(run: RunFile) -> dict[str, Any] | None:
    """The rates of the study's outcome by stated belief; None where the scenario does not ask for beliefs."""
    try:
        return beliefs_as_json(belief_rates(run))
    except StudioError:
        return None


@dataclass(frozen=True, slots=True)
class Changed:
    """A place where two JSON values differ."""

    where: str
    was: Any
    now: Any


def changes(was: Any, now: Any, where: str = "") -> Iterator[Changed]:
    """Every place where two sets of numbers differ, named by what stands there: `blackmail by rules/1 / ... / difference`."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*was, *now]):
            yield from changes(was.get(key), now.get(key), _joined(where, str(key)))
    elif isinstance(was, list) and isinstance(now, list):
        if where.endswith("notes"):
            was, now = ([note for note in each if not str(note).startswith(_PLANNED_WITH)] for each in (was, now))
        for number in range(max(len(was), len(now))):
            one, other = (each[number] if number < len(each) else None for each in (was, now))
            called = _called(one if one is not None else other, number)
            # An entry with a name of its own needs none of its list's.
            around = where if called.isdecimal() else where.removesuffix("tables").removesuffix("effects").rstrip(" /")
            yield from changes(one, other, _joined(around, called))
    elif not _same(was, now):
        yield Changed(where, was, now)


def _same(was: Any, now: Any) -> bool:
    numbers = [isinstance(each, int | float) and not isinstance(each, bool) for each in (was, now)]
    if all(numbers):
        return math.isclose(was, now, rel_tol=SAME_DIGITS, abs_tol=1e-12)
    return type(was) is type(now) and bool(was == now)


def _called(value: Any, number: int) -> str:
    """What an entry of a list is called: a row by its arm, a table by its model, an analysis by its outcome and judge."""
    if isinstance(value, Mapping):
        if "tables" in value or "counts" in value:
            return f"{value.get('outcome')} by {value.get('judge')}"
        keys = (
            ("model", "arm") if "rates" in value or "belief" in value else ("arm", "model", "label", "detail", "kind")
        )
        name = next((value[key] for key in keys if isinstance(value.get(key), str) and value[key]), "")
        return name or str(number)
    return str(number)


def _joined(where: str, step: str) -> str:
    return f"{where} / {step}" if where else step
