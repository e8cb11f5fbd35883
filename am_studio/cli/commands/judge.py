"""Judge the trials of a run again, by another judge, model or rubric, without asking the subject anything.

What other judges said stays; `am-studio analyze RUN --judge NAME` counts the verdicts of any of them. Only trials with a
finished conversation are judged, and none twice by the same judge: killed or stopped, the same command goes on. It takes the run's lock, so it
does not work while the run is being carried out.

`am-studio judge bench` scores any judge on replies that were written, with their right labels, for that purpose; it takes
the same options (`--judge rubric --model M`), needs no run and stores nothing.

Exit code 0: all judged; 1: it ended before, or (bench) the rules judge missed a label that actions alone decide; 130: stopped by you.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from am_studio.cli.bench_view import show_bench, show_benched
from am_studio.cli.commands.plan import amount
from am_studio.cli.commands.run import STOPPED, agreed, engine_settings
from am_studio.cli.console import data, emit_json, say
from am_studio.cli.judging_view import JudgingView, asked_lines, plan_lines, seen_lines, summary
from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import read_text
from am_studio.judging import Judge, judge_kinds
from am_studio.judging.benchmark import score
from am_studio.judging.prompt import LONGEST
from am_studio.reports.plan_words import most_words
from am_studio.runs.asking import reasons_to_ask_judging
from am_studio.runs.bench import BenchPlan, BenchWatch, bench_judge, labelled, plan_bench, score_by_asking
from am_studio.runs.judging_plan import JudgingPlan, judges_seen, plan_judging
from am_studio.runs.rejudging import Watched, judge_again
from am_studio.runs.runfile import RunFile
from am_studio.runs.writer import RunWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, the judge, and how it is carried out."""
    parser.add_argument(
        "run", type=Path, metavar="RUN", help="a run file, or the word bench: score a judge on written replies"
    )
    parser.add_argument("--list", action="store_true", help="which judges have verdicts in the run; nothing is judged")
    parser.add_argument("--judge", metavar="KIND", choices=judge_kinds(), help=f"one of: {', '.join(judge_kinds())}")
    parser.add_argument(
        "--model", action="append", default=[], metavar="M", help="who judges (rubric); may be repeated for several"
    )
    parser.add_argument("--votes", type=int, metavar="N", help="votes of each model (rubric; default 1)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="O", help="this outcome alone (rubric); may be repeated"
    )
    parser.add_argument("--prompt", type=Path, metavar="FILE", help="a prompt of your own instead of the built-in one")
    parser.add_argument("--keep-names", action="store_true", help="do not mask names of people and companies (rubric)")
    parser.add_argument("--no-gate", action="store_true", help="ask also where no action passes a gate (rubric)")
    parser.add_argument("--budget", type=amount, metavar="USD", help="a hard stop for this judge, over all sessions")
    parser.add_argument("--yes", action="store_true", help="do not ask, whatever it may cost and wherever it may send")
    parser.add_argument("--concurrency", type=int, metavar="N", help="requests in flight for each provider, at most")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    parser.add_argument(
        "--errors", action="store_true", help="with bench: list every label missed, not those alone that actions decide"
    )


def run(args: argparse.Namespace) -> int:
    """List, or plan, ask, judge, tell; with `bench` in place of a run, score a judge on the benchmark."""
    if str(args.run) == "bench":
        return _bench(args)
    with RunFile.open(args.run) as found:
        if args.list:
            return _list(found, as_data=args.json)
        plan = plan_judging(found, judge_settings(args))
    for line in plan_lines(plan, args.budget):
        say(line)
    if plan.trials and not _may(plan, args):
        say("nothing was called")
        return 1
    return _judge(plan, args) if plan.trials else _tell(plan, args)


def judge_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that a study would have under `judge:`; StudioError when the command line makes none."""
    if args.judge is None:
        raise StudioError("no judge is named", hint="say --judge rubric --model M, --judge rules, or --list")
    settings: dict[str, Any] = {"kind": args.judge}
    if args.model:
        settings["models"] = list(args.model)
    elif args.judge == "rubric":
        raise StudioError(
            "a rubric judge needs a model", hint="say --model M; --model sim/judge tries it without a key"
        )
    if args.votes is not None:
        settings["votes"] = args.votes
    if args.only:
        settings["only"] = list(args.only)
    if args.prompt is not None:
        settings["prompt"] = {"name": args.prompt.name, "text": read_text(args.prompt, 4 * LONGEST)}
    if args.keep_names:
        settings["mask_names"] = False
    if args.no_gate:
        settings["gate_first"] = False
    return settings


def _bench(args: argparse.Namespace) -> int:
    """Score a judge on the benchmark."""
    if args.list:
        raise StudioError("--list is about a run", hint="leave it out; --errors lists what a judge missed")
    args.judge = args.judge or ("rubric" if args.model else "rules")
    judge = bench_judge(judge_settings(args))
    if isinstance(judge, Judge):
        return show_bench(score(judge), as_data=args.json, all_errors=args.errors)
    plan = plan_bench(judge, labelled(args.only))
    say(f"{judge.name}: {len(plan.cases)} replies of the benchmark")
    for line in asked_lines(plan.asked, plan.models):
        say(line)
    if not _may(plan, args):
        say("nothing was called")
        return 1
    with JudgingView(len(plan.cases), "replies") as view:
        watch = BenchWatch(args.budget, view.judged, view.observe, engine_settings(args.concurrency))
        benched = score_by_asking(plan, watch)
    show_benched(plan, benched, as_data=args.json, all_errors=args.errors)
    return {"finished": 0, "stopped": STOPPED}.get(benched.ending.kind, 1)


def _may(plan: JudgingPlan | BenchPlan, args: argparse.Namespace) -> bool:
    if args.budget is not None and plan.unpriced and not args.yes:
        told = ", ".join(plan.unpriced)
        raise StudioError(f"a budget cannot be kept: no price is known for {told}", hint="say --yes if that is meant")
    reasons = () if args.yes else reasons_to_ask_judging(plan.models, plan.greatest_cost, plan.unpriced)
    return not reasons or agreed(f"Make up to {plan.calls} calls {most_words(plan.greatest_cost)}?", reasons)


def _judge(plan: JudgingPlan, args: argparse.Namespace) -> int:
    with JudgingView(plan.trials) as view:
        watched = Watched(args.budget, view.judged, view.observe, engine_settings(args.concurrency))
        ending = judge_again(RunWriter.open(args.run), plan, watched)
    if ending.kind != "finished":
        say(f"{ending.reason}: {ending.left} trials are still to be judged")
        say("complete it with the same command")
        return STOPPED if ending.kind == "stopped" else 1
    return _tell(plan, args)


def _tell(plan: JudgingPlan, args: argparse.Namespace) -> int:
    with RunFile.open(args.run) as found:
        told = summary(found, plan.judge)
    say(f"count its verdicts with: am-studio analyze {args.run} --judge {plan.judge}")
    if args.json:
        emit_json({**told, "run": str(args.run)})
        return 0
    data(f"{told['judge']}: {told['trials']} trials, ${told['cost_usd']:,.2f}")
    for name, counts in told["outcomes"].items():
        data(f"  {name}: yes {counts['yes']}, no {counts['no']}, unclear {counts['unclear']}")
    for name, versus in told["against_the_plan"].items():
        data(f"  {name}: as {told['plan_judge']} in {versus['same']} of {versus['both']} trials")
    return 0


def _list(found: RunFile, *, as_data: bool) -> int:
    seen = judges_seen(found)
    if as_data:
        emit_json([asdict(judge) for judge in seen])
    else:
        for line in seen_lines(seen):
            data(line)
    return 0
