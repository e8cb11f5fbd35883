"""Check a result bundle: do everything again that led to its numbers, and say where anything comes out otherwise.

am-studio reproduce BUNDLE                        no model is called: hashes, prompts, replies, verdicts, every number
am-studio reproduce BUNDLE --expect sha256:...    and that it is the one that was published
am-studio reproduce BUNDLE --model M --trials N   the plan once more on a model, compared arm by arm within a margin
am-studio reproduce BUNDLE --with RUN             the same with a run that there is
am-studio reproduce BUNDLE --run FILE             its run as a file, to read in the studio

BUNDLE is the file, or a directory that it was unpacked into. Exit code 0: nothing differs; 1: something does (with --model or
--with: an arm is different, or its sameness is not settled); 2: it is no bundle, or one that is refused.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.arguments import positive, share
from am_studio.cli.console import data, emit_json, say
from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line

if TYPE_CHECKING:
    from am_studio.reports.bundle.rerunning import Comparison
    from am_studio.runs.runfile import RunFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The bundle, and what is done with it."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a bundle, or a directory with its parts")
    parser.add_argument("--expect", default="", metavar="SHA256", help="the identity that was published with it")
    parser.add_argument("--json", action="store_true", help="everything that was found as JSON")
    parser.add_argument("--run", type=Path, metavar="FILE", help="also write its run to this file")
    again = parser.add_argument_group("once more on a model")
    again.add_argument("--model", metavar="M", help="carry the plan out on this model, and compare")
    again.add_argument("--with", type=Path, metavar="RUN", dest="other", help="compare with this run of the same study")
    again.add_argument("--trials", type=positive, metavar="N", help="N trials an arm instead of the plan's")
    again.add_argument(
        "--delta", type=share, metavar="D", help="a difference that does not matter (default: the study's margin)"
    )
    again.add_argument("--judge", choices=("rules",), help="judge the new run by rules, whatever the plan says")
    again.add_argument("--out", type=Path, metavar="FILE", help="the new run's file")
    again.add_argument("--budget", type=float, metavar="USD", help="a hard stop, in US dollars")
    again.add_argument("--yes", action="store_true", help="do not ask, whatever it may cost and wherever it may send")
    again.add_argument("--allow-unknown-price", action="store_true", help="run although a budget cannot be kept")
    again.add_argument("--concurrency", type=int, metavar="N", help="requests in flight, at most")


def run(args: argparse.Namespace) -> int:
    """Check it, or compare it."""
    if args.model and args.other:
        raise StudioError("--model and --with exclude each other")
    if args.model or args.other:
        return _compared(args)
    from am_studio.reports.bundle.findings import as_json, lines
    from am_studio.reports.bundle.reproducing import reproduce
    from am_studio.reports.effect_table import STAMP

    found = reproduce(args.bundle, expect=args.expect)
    if args.run is not None:
        _write_run(args.bundle, args.run)
    if args.json:
        emit_json(as_json(found))
        return 0 if found.same else 1
    if found.simulated:
        data(STAMP)
        data()
    data(one_line(f"{found.bundle}: study {found.study}") + (f", {found.redacted} redacted" if found.redacted else ""))
    data(f"identity {one_line(found.identity, 80)}")
    data()
    for line in (*lines(found), *(["", *map(one_line, found.notes)] if found.notes else ())):
        data(line)
    data()
    unseen = any(check.unseen for check in found.checks)
    ended = "Reproduced: nothing differs" if found.same else "Not reproduced: see what differs above"
    data(ended + (", as far as what is left can be checked." if found.same and unseen else "."))
    return 0 if found.same else 1


def _write_run(bundle: Path, path: Path) -> None:
    from am_studio.reports.bundle.rebuilding import write_run
    from am_studio.reports.bundle.reproducing import manifest_of
    from am_studio.reports.bundle.source import open_source

    with closing(open_source(bundle)) as source:
        write_run(source, path, own_hash=bool(manifest_of(source, bundle.name).withheld))
    say(f"its run is in {path}")


def _compared(args: argparse.Namespace) -> int:
    """The bundle against a run, which is carried out first where a model is named."""
    from am_studio.reports.bundle.rebuilding import rebuilt
    from am_studio.reports.bundle.reproducing import reproduce
    from am_studio.reports.bundle.rerunning import compare_runs, comparison_json, comparison_lines
    from am_studio.reports.bundle.source import open_source
    from am_studio.runs.runfile import RunFile

    if not reproduce(args.bundle, expect=args.expect).same:
        raise StudioError(
            "the bundle does not reproduce, so there is nothing to compare with",
            hint=f"am-studio reproduce {args.bundle}",
            exit_code=1,
        )
    with closing(open_source(args.bundle)) as source, rebuilt(source) as was:
        path = args.other
        if path is None:
            path = _carried_out(args, was)
        if path is None:
            return 1
        with RunFile.open(path) as now:
            found: Comparison = compare_runs(was, now, margin=args.delta)
    if args.json:
        emit_json({**comparison_json(found), "run": str(path)})
    else:
        for line in comparison_lines(found):
            data(line)
        data(f"Run: {path}")
    return 0 if found.found == "same" else 1


def _carried_out(args: argparse.Namespace, was: RunFile) -> Path | None:
    """The file of the new run, once it has ended; None when nobody agreed or it stopped."""
    from am_studio.cli.commands.run import agreed, engine_settings
    from am_studio.cli.console import stderr_console
    from am_studio.cli.plan_view import show_plan
    from am_studio.cli.progress_view import ProgressView
    from am_studio.foundation.locations import runs_directory
    from am_studio.reports.bundle.rerunning import study_again
    from am_studio.reports.plan_words import most_words
    from am_studio.runs.asking import reasons_to_ask
    from am_studio.runs.carry import carry_out, refuse_unpriced
    from am_studio.runs.plan import make_plan
    from am_studio.runs.runfile import SUFFIX
    from am_studio.runs.study import with_changes
    from am_studio.runs.writer import RunWriter

    study = study_again(was.plan.study, args.model, trials=args.trials, rules=args.judge == "rules")
    plan = make_plan(with_changes(study, budget_usd=args.budget), was.scenario)
    show_plan(plan, stderr_console(), was.scenario)
    if not args.allow_unknown_price:
        refuse_unpriced(plan)
    reasons = () if args.yes else reasons_to_ask(plan, *(args.bundle for _ in plan.scenarios))
    if not args.yes and not all(model.embedded for model in (*plan.study.models, *plan.judge_models)):
        reasons = (*reasons, "Its prompts come from a bundle, that is from whoever made it.")
    if reasons and not agreed(f"Make {plan.calls} calls {most_words(plan.greatest_cost)}?", reasons):
        say("nothing was called")
        return None
    path = args.out or runs_directory() / f"{study.name}-again-{datetime.now():%Y%m%d-%H%M%S}{SUFFIX}"
    begun = RunWriter.create(path, plan, was.scenario_texts, was.other_texts)
    with ProgressView() as view:
        ending = carry_out(begun, observer=view.observe, settings=engine_settings(args.concurrency))
    if ending.kind == "finished":
        return Path(path)
    say(f"{ending.reason}: {ending.left} trials are still to come")
    say(f"complete it with: am-studio resume {path}; then compare: am-studio reproduce {args.bundle} --with {path}")
    return None
