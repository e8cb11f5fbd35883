"""Carry out a study and show the effects.

Shows the plan first. Asks when it can cost more than `confirm_above_usd` of your settings (1.00) or nobody knows what, and
when the study names a server that is neither on this machine nor one of your settings. Every finished trial is durable in one run file: Ctrl-C is
safe, and `am-studio resume` goes on where it stopped. Exit code 0: complete; 1: some trials failed, or the run paused by
itself; 130: stopped by you.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from am_studio.cli.commands.plan import add_study_changes, changed_study
from am_studio.cli.console import say, stderr_console
from am_studio.cli.plan_view import show_plan
from am_studio.cli.progress_view import ProgressView
from am_studio.cli.run_view import show_run
from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import visible
from am_studio.foundation.locations import runs_directory
from am_studio.records import Study
from am_studio.reports.plan_words import most_words
from am_studio.runs.asking import reasons_to_ask
from am_studio.runs.carry import begin, carry_out, plan_study, refuse_unpriced
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.runfile import SUFFIX, RunFile
from am_studio.runs.writer import RunWriter

STOPPED = 130
"""Exit code of a command that the user stopped."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The study, what is changed in it, where the run goes, how it is carried out."""
    parser.add_argument("study", help="a study file, or the name of one in ablations/ or that came with the program")
    add_study_changes(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"the run file (default: runs/STUDY-TIME{SUFFIX})")
    parser.add_argument("--yes", action="store_true", help="do not ask, whatever it may cost and wherever it may send")
    parser.add_argument("--allow-unknown-price", action="store_true", help="run although a budget cannot be kept")
    add_engine_arguments(parser)


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """How a run is carried out and shown."""
    parser.add_argument(
        "--concurrency",
        type=int,
        metavar="N",
        help="requests in flight for each provider, at most (default: what it takes)",
    )
    parser.add_argument("--json", action="store_true", help="the numbers as JSON on stdout")


def run(args: argparse.Namespace) -> int:
    """Plan, ask, carry out, show."""
    begun = begun_run(changed_study(args), args)
    return 1 if begun is None else carry_on(begun, args)


def begun_run(study: Study, args: argparse.Namespace) -> RunWriter | None:
    """Show the plan, ask, and begin the run; None when nobody agreed."""
    plan, scenario = plan_study(study)
    show_plan(plan, stderr_console(), scenario)
    if not args.allow_unknown_price:
        refuse_unpriced(plan)
    reasons = () if args.yes else reasons_to_ask(plan, *(each.directory for each in scenario.every))
    if reasons and not agreed(f"Make {plan.calls} calls {most_words(plan.greatest_cost)}?", reasons):
        say("nothing was called")
        return None
    out = args.out or runs_directory() / f"{study.name}-{datetime.now():%Y%m%d-%H%M%S}{SUFFIX}"
    return begin(plan, scenario, out)


def carry_on(run: RunWriter, args: argparse.Namespace) -> int:
    """Carry a run out with progress on stderr, then show what it found; returns the exit code."""
    path = run.path
    with ProgressView() as view:
        ending = carry_out(run, observer=view.observe, settings=engine_settings(args.concurrency))
    if ending.kind == "finished":
        show_run(path, as_data=args.json)
        with RunFile.open(path) as whole:
            failed = sum(counts.failed for counts in whole.counts(whole.plan.study.outcome).values())
        if failed:
            say(f"{failed} trials failed after every try: they are counted as failed, in no rate")
        return 1 if failed else 0
    say(f"{ending.reason}: {ending.left} trials are still to come")
    say(f"complete it with: am-studio resume {path}")
    return STOPPED if ending.kind == "stopped" else 1


def engine_settings(concurrency: int | None) -> EngineSettings:
    """Settings with this many requests in flight for each model, whatever kind it is; the defaults when None."""
    if concurrency is None:
        return EngineSettings()
    if concurrency < 1:
        raise StudioError("--concurrency should be at least 1")
    return EngineSettings(concurrency=concurrency, simulated_concurrency=concurrency)


def agreed(question: str, reasons: Sequence[str]) -> bool:
    """Whether somebody at the terminal says yes to this; StudioError when there is nobody to ask."""
    if not sys.stdin.isatty():
        raise StudioError(
            "this run has to be agreed to, and there is no terminal to ask on",
            "\n".join((question, *reasons)),
            "say --yes if that is meant",
        )
    for reason in reasons:
        say(reason)
    sys.stderr.write(visible(f"{question} [y/N] "))
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
