"""What a study would do: arms, calls, greatest cost, warnings, what it can find. Calls no model and writes nothing.

am-studio plan STUDY --register FILE.md       the plan as a pre-registration, before the first call
am-studio plan STUDY --advise                 run a pilot of 10 + 10 trials a model, and say which design fits
am-studio plan STUDY --advise --pilot RUN     the same from a pilot that was run before
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from am_studio.cli.arguments import positive
from am_studio.cli.console import emit_json, say, stdout_console
from am_studio.cli.plan_view import show_plan
from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.records import Study
from am_studio.reports.plan_reach import plan_reach, reach_json
from am_studio.runs.carry import plan_study
from am_studio.runs.plan import Plan, plan_as_json
from am_studio.runs.study import load_study, with_changes
from am_studio.scenarios import Scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The study, what is changed in it, and how to show the plan."""
    parser.add_argument("study", help="a study file, or the name of one in ablations/ or that came with the program")
    add_study_changes(parser)
    parser.add_argument("--json", action="store_true", help="the whole plan, or the advice, as JSON")
    parser.add_argument(
        "--register",
        nargs="?",
        const="-",
        metavar="FILE",
        help="write a pre-registration in Markdown (to stdout: no FILE)",
    )
    advice = parser.add_argument_group("advice")
    advice.add_argument("--advise", action="store_true", help="run a pilot, or read one, and say which design fits")
    advice.add_argument("--pilot", type=Path, metavar="RUN", help="the pilot to read; left out: one is run")
    advice.add_argument("--together", action="store_true", help="details are suspected to act only together")
    advice.add_argument(
        "--out", type=Path, metavar="FILE", help="the pilot's run file (default: runs/STUDY-pilot-TIME)"
    )
    advice.add_argument("--yes", action="store_true", help="do not ask before the pilot calls real models")
    advice.add_argument("--allow-unknown-price", action="store_true", help="run it although a budget cannot be kept")
    advice.add_argument("--concurrency", type=int, metavar="N", help="requests in flight for each model (default: 8)")


def add_study_changes(parser: argparse.ArgumentParser) -> None:
    """What a command line may change in a study."""
    parser.add_argument(
        "--model", action="append", default=[], metavar="M", help="this subject instead; may be repeated"
    )
    parser.add_argument(
        "--trials", type=positive, metavar="N", help="N trials an arm instead (in all, where the design has none)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="another seed")
    parser.add_argument("--budget", type=amount, metavar="USD", help="another budget: a hard stop, in US dollars")


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
    """Print the plan, register it, or give advice."""
    study = changed_study(args)
    if args.advise:
        from am_studio.cli.advising import give_advice

        return give_advice(study, args)
    if args.pilot is not None:
        raise StudioError("--pilot goes with --advise")
    plan, scenario = plan_study(study)
    if args.register is not None:
        _register(plan, scenario, args.register)
    elif args.json:
        found = reach_json(plan_reach(plan, scenario))
        more = {"greatest_cost": plan.greatest_cost, "simulated": plan.simulated, "detectable": found}
        emit_json({**plan_as_json(plan), **more})
    else:
        show_plan(plan, stdout_console(), scenario)
    return 0


def _register(plan: Plan, scenario: Scenario, file: str) -> None:
    """The pre-registration, into a new file or to stdout."""
    from am_studio.reports.registration import registration

    text = registration(plan, scenario, datetime.now(UTC).isoformat(timespec="seconds"))
    if file == "-":
        sys.stdout.write(text)
        return
    path = Path(file)
    if path.exists():
        raise StudioError(f"{path} exists already", hint="a pre-registration is never overwritten: choose another name")
    write_atomic(path, text.encode())
    say(f"{path}: {plan.hash}")


def amount(text: str) -> float:
    """US dollars as a command line gives them."""
    dollars = float(text.removeprefix("$"))
    if not 0 < dollars < float("inf"):
        raise argparse.ArgumentTypeError("should be more than 0")
    return dollars
