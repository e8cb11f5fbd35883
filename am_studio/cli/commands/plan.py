"""What a study would do: arms, calls, greatest cost, warnings. Calls no model and writes nothing."""

from __future__ import annotations

import argparse

from am_studio.cli.console import emit_json, stdout_console
from am_studio.cli.plan_view import show_plan
from am_studio.records import Study
from am_studio.runs.carry import plan_study
from am_studio.runs.plan import plan_as_json
from am_studio.runs.study import load_study, with_changes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The study, what is changed in it, and how to show the plan."""
    parser.add_argument("study", help="a study file, or the name of one in ablations/ or that came with the program")
    add_study_changes(parser)
    parser.add_argument("--json", action="store_true", help="the whole plan as JSON")


def add_study_changes(parser: argparse.ArgumentParser) -> None:
    """What a command line may change in a study."""
    parser.add_argument(
        "--model", action="append", default=[], metavar="M", help="this subject instead; may be repeated"
    )
    parser.add_argument(
        "--trials", type=_positive, metavar="N", help="N trials an arm instead (in all, where the design has none)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="another seed")
    parser.add_argument("--budget", type=_amount, metavar="USD", help="another budget: a hard stop, in US dollars")


def changed_study(args: argparse.Namespace) -> Study:
    """The study that is named, with what the command line changes in it."""
    return with_changes(
        load_study(args.study),
        models=tuple(args.model),
        per_arm=args.trials,
        seed=args.seed,
        budget_usd=args.budget,
    )


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    plan, _ = plan_study(changed_study(args))
    if args.json:
        emit_json({**plan_as_json(plan), "greatest_cost": plan.greatest_cost, "simulated": plan.simulated})
    else:
        show_plan(plan, stdout_console())
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("should be at least 1")
    return number


def _amount(text: str) -> float:
    amount = float(text.removeprefix("$"))
    if not 0 < amount < float("inf"):
        raise argparse.ArgumentTypeError("should be more than 0")
    return amount
