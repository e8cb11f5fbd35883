"""`judge bench`: how a judge does on the benchmark, as a table for people and as JSON for scripts. It changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from am_studio.cli.console import data, emit_json, say

if TYPE_CHECKING:
    import argparse

    from am_studio.judging.benchmark import BenchError, BenchScore, OutcomeScore


def add_bench_arguments(parser: argparse.ArgumentParser) -> None:
    """The judge, and how to show its score."""
    parser.add_argument("--judge", default="rules", metavar="KIND", help="a kind of judge that asks no model (rules)")
    parser.add_argument(
        "--errors", action="store_true", help="list every label that was missed, not only structural ones"
    )
    parser.add_argument("--json", action="store_true", help="all numbers and errors as JSON")


def run_bench(args: argparse.Namespace) -> int:
    """Score a judge that asks no model and print it; exit code 1 where a structural label was missed."""
    from am_studio.foundation.errors import StudioError
    from am_studio.judging import open_judge
    from am_studio.judging.base import Judge
    from am_studio.judging.benchmark import score

    judge = open_judge({"kind": args.judge})
    if not isinstance(judge, Judge):
        raise StudioError(f"the {args.judge} judge asks models", hint="score it with `score_by_asking` and a client")
    found = score(judge)
    show_bench(found, as_data=args.json, all_errors=args.errors)
    return 1 if found.structural_errors else 0


def show_bench(found: BenchScore, *, as_data: bool = False, all_errors: bool = False) -> None:
    """Print a score to stdout; the summary of a table goes to stderr."""
    if as_data:
        emit_json(bench_as_json(found))
        return
    width = max(len(each.outcome) for each in found.outcomes)
    for scenario in dict.fromkeys(each.scenario for each in found.outcomes):
        data(f"{scenario:{width + 2}}     n  right  yes found  no found  unclear")
        for each in found.outcomes:
            if each.scenario == scenario:
                data(f"  {each.outcome:{width}} {_row(each)}")
    errors = found.errors if all_errors else found.structural_errors
    for error in errors:
        data(f"{'structural' if error.structural else 'reading'}: {error.case.id} {error.outcome}: {_told(error)}")
    wrong, missed = len(found.wrong), len(found.structural_errors)
    say(
        f"{found.judge}: {found.replies} replies, {found.labels} labels, {found.structural} of them structural; "
        f"{missed} structural labels missed, {wrong} wrong answers, {len(found.errors) - wrong} left unclear."
    )


def bench_as_json(found: BenchScore) -> dict[str, Any]:
    """Counts by outcome as (right, given) pairs, and every error with its trap and reason."""
    return {
        "format": 1,
        "judge": found.judge,
        "replies": found.replies,
        "labels": found.labels,
        "structural": found.structural,
        "structural_errors": len(found.structural_errors),
        "wrong": len(found.wrong),
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


def _row(each: OutcomeScore) -> str:
    unclear = sum(count for (_, given), count in each.counts.items() if given == "unclear")
    return f"{each.n:7} {each.right:6} {_found(each, 'yes'):>10} {_found(each, 'no'):>9} {unclear:8}"


def _found(each: OutcomeScore, answer: str) -> str:
    labelled = sum(count for (right, _), count in each.counts.items() if right == answer)
    right = sum(count for (label, given), count in each.counts.items() if label == given == answer)
    return f"{right}/{labelled}" if labelled else "-"


def _told(error: BenchError) -> str:
    return (
        f"{error.given} instead of {error.right} (trap: {error.case.trap}). {error.case.reason} The judge: {error.told}"
    )
