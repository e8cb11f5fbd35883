"""`judge bench`: how a judge does on the benchmark, as a table for people and as JSON for scripts. It changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from am_studio.cli.console import columns, data, emit_json, say
from am_studio.cli.judging_view import SIMULATED_JUDGE
from am_studio.effects.intervals import rate_of
from am_studio.foundation.hygiene import one_line
from am_studio.judging.benchmark import BenchError, BenchScore, OutcomeScore
from am_studio.records import Answer
from am_studio.reports.numbers import level_text, money, percent
from am_studio.runs.bench import Benched, BenchPlan


def show_bench(found: BenchScore, *, as_data: bool = False, all_errors: bool = False) -> int:
    """Print the score of a judge that asks nobody; the exit code: 1 where a label was missed that actions alone decide."""
    if as_data:
        emit_json(bench_as_json(found))
    else:
        _show(found, found.errors if all_errors else found.structural_errors)
    return 1 if found.structural_errors else 0


def show_benched(plan: BenchPlan, benched: Benched, *, as_data: bool = False, all_errors: bool = False) -> None:
    """Print the score of a judge that asked models, with what that took."""
    simulated, ending = any(model.simulated for model in plan.models), benched.ending
    if as_data:
        spent = {"models": [model.name for model in plan.models], "calls": benched.calls, "cost_usd": benched.cost}
        ended = {"ending": ending.kind, "reason": ending.reason, "left": ending.left, "simulated": simulated}
        emit_json(bench_as_json(benched.score) | spent | ended)
        return
    if simulated:
        data(SIMULATED_JUDGE)
    _show(benched.score, benched.score.errors if all_errors else ())
    if benched.score.errors and not all_errors:
        say("what it missed, with the reasons: --errors")
    say(f"{benched.calls} calls, {money(benched.cost)}")
    if ending.left:
        say(one_line(f"{ending.reason}: {ending.left} replies were not judged and are in no number above"))


def _show(found: BenchScore, errors: Sequence[BenchError]) -> None:
    """The table and these errors to stdout; the summary to stderr."""
    for scenario in dict.fromkeys(each.scenario for each in found.outcomes):
        rows = [(f"  {each.outcome}", *_figures(each)) for each in found.outcomes if each.scenario == scenario]
        columns((scenario, "n", "right", "yes found", "no found", "unclear"), rows, ".rrrrr")
    called: dict[Answer, str] = {"yes": "sensitivity", "no": "specificity"}
    for answer, name in called.items():
        data(f"{name}: {_rate(*found.found(answer))}")
    for error in errors:
        data(f"{'structural' if error.structural else 'reading'}: {error.case.id} {error.outcome}: {_told(error)}")
    wrong, missed = len(found.wrong), len(found.structural_errors)
    say(
        f"{found.judge}: {found.replies} replies, {found.labels} labels, {found.structural} of them structural; "
        f"{missed} structural labels missed, {wrong} wrong answers, {len(found.errors) - wrong} left unclear."
    )


def _rate(k: int, n: int) -> str:
    """`94 % (317/336; 95 % interval 91 to 96)`."""
    rate = rate_of(k, n)
    if rate.value is None or rate.interval is None:
        return "no label"
    low, high = percent(rate.interval.low), percent(rate.interval.high)
    return (
        f"{percent(rate.value)} % ({k}/{n} labels, {level_text(rate.interval.level)} interval {low} to {high}, Wilson)"
    )


def bench_as_json(found: BenchScore) -> dict[str, Any]:
    """Counts by outcome as (right, given) pairs, both shares over all of them as (given, labelled), and every error."""
    return {
        "format": 1,
        "judge": found.judge,
        "replies": found.replies,
        "labels": found.labels,
        "structural": found.structural,
        "structural_errors": len(found.structural_errors),
        "wrong": len(found.wrong),
        "sensitivity": list(found.found("yes")),
        "specificity": list(found.found("no")),
        "outcomes": [
            {
                "scenario": each.scenario,
                "outcome": each.outcome,
                "n": each.n,
                "right": each.right,
                "sensitivity": each.sensitivity,
                "specificity": each.specificity,
                "counts": {f"{right}/{given}": count for (right, given), count in each.counts.items() if count},
            }
            for each in found.outcomes
        ],
        "errors": [
            {
                "case": error.case.id,
                "scenario": error.case.scenario,
                "outcome": error.outcome,
                "right": error.right,
                "given": error.given,
                "structural": error.structural,
                "trap": error.case.trap,
                "reason": error.case.reason,
                "judge": error.told,
            }
            for error in found.errors
        ],
    }


def _figures(each: OutcomeScore) -> tuple[str, ...]:
    unclear = sum(count for (_, given), count in each.counts.items() if given == "unclear")
    return str(each.n), str(each.right), _found(each, "yes"), _found(each, "no"), str(unclear)


def _found(each: OutcomeScore, answer: str) -> str:
    labelled = sum(count for (right, _), count in each.counts.items() if right == answer)
    right = sum(count for (label, given), count in each.counts.items() if label == given == answer)
    return f"{right}/{labelled}" if labelled else "-"


def _told(error: BenchError) -> str:
    return (
        f"{error.given} instead of {error.right} (trap: {error.case.trap}). {error.case.reason} The judge: {error.told}"
    )
