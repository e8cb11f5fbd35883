"""Label transcripts of a run by hand, so that its judge's error is known: blind, one key an answer.

A sample is drawn by the judge's answers the first time (every yes up to half of it, the rest from no and unclear, spread
over arms and models; the same for the same seed) and kept in the run with each trial's chance to be drawn. Labelling stops
and goes on at any time; each rater has labels of their own. Not shown: arm, model, prompt, verdict, other raters' labels. The
key `e` marks what the judge took for evidence: it tells what the judge thought, so use it only where you cannot find the
passage. `am-studio analyze RUN --trust` tells what the labels say.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from am_studio.cli.console import data, emit_json, say
from am_studio.cli.label_loop import label_at_terminal, terminal_keys
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.files import write_atomic
from am_studio.judging.label_sampling import SIZE
from am_studio.reports.label_sheet import read_sheet, sheet_of, store_sheet
from am_studio.runs.analysis import judge_meant
from am_studio.runs.browse import about
from am_studio.runs.label_samples import LabelSample, draw_labels, label_sample
from am_studio.runs.labels import checked_rater, raters, read_labels
from am_studio.runs.runfile import RunFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, who labels what, the sample, and sheets instead of the terminal."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    parser.add_argument("--outcome", metavar="O", default="", help="another outcome than the study's own")
    parser.add_argument(
        "--judge",
        metavar="J",
        default="",
        help="the judge to be checked, if not the plan's; a part of its name will do",
    )
    parser.add_argument("--rater", metavar="NAME", default="", help="your name or initials, stored with each label")
    parser.add_argument(
        "--sample", type=_size, metavar="N", help=f"trials to draw ({SIZE} the first time); more adds to the sample"
    )
    parser.add_argument("--seed", type=_seed, metavar="S", help="seed of the first draw (the study's)")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--list", action="store_true", help="show the sample and how far it is labelled")
    other.add_argument(
        "--export", type=Path, metavar="FILE.csv", help="write the sample as a sheet to fill in (with --rater: theirs)"
    )
    other.add_argument("--import", type=Path, metavar="FILE.csv", dest="sheet", help="store the labels of a sheet")
    parser.add_argument("--json", action="store_true", help="with --list: as JSON")


def run(args: argparse.Namespace) -> int:
    """Draw the sample where there is none, then ask, list, write or read."""
    rater = checked_rater(args.rater) if args.rater else ""
    with RunFile.open(args.run) as opened:
        there = about(opened)
        names = {asked.name: asked.question for asked in there.outcomes}
        outcome = args.outcome or there.outcomes[0].name
        if outcome not in names:
            raise StudioError(f"the run asks for no outcome '{outcome}'", hint=nearest(outcome, names))
        judge = judge_meant(opened, args.judge) if args.judge else opened.plan.judge
        sample = label_sample(opened, outcome, judge)
    if args.sheet:
        stored = store_sheet(args.run, read_sheet(args.sheet, outcome, rater))
        say(f"{stored} labels stored in {args.run}")
        return 0
    interactive = not args.list and not args.export
    if interactive and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StudioError(
            "labelling needs a terminal to ask at",
            "input or output is a pipe or a file",
            "--export FILE.csv writes a sheet to fill in, --import reads it; the studio's transcripts screen labels too",
        )
    if args.list and args.sample is None:
        return _listed(args.run, sample, outcome, rater, as_data=args.json)
    sample = draw_labels(args.run, outcome, judge, size=args.sample, seed=args.seed)
    if args.list:
        return _listed(args.run, sample, outcome, rater, as_data=args.json)
    if args.export:
        with RunFile.open(args.run) as opened:
            write_atomic(args.export, sheet_of(opened, sample, names[outcome], rater))
        say(f"{len(sample.trials)} trials written to {args.export}; `--import` reads the answers back")
        return 0
    return _asked(args.run, sample, names[outcome], rater)


def _asked(path: Path, sample: LabelSample, question: str, rater: str) -> int:
    rater = rater or _who(path)
    queue = label_at_terminal(path, sample, question, rater, terminal_keys())
    data()
    data(f"{queue.labelled}/{len(sample.trials)} labelled by {rater} for {sample.outcome}.")
    if queue.skipped:
        data(f"{len(queue.skipped)} skipped: they come again next time. Skipping what is hard biases what is left.")
    if queue.labelled < len(sample.trials):
        data("The same command goes on where this stopped.")
    data(f"What the labels say: am-studio analyze {path} --trust")
    return 0


def _who(path: Path) -> str:
    with RunFile.open(path) as opened:
        known = raters(opened)
    offered = f" [{known[0]}]" if known else ""
    data(f"Your name or initials, stored with each label{offered}: ")
    sys.stdout.flush()
    return checked_rater(sys.stdin.readline().strip() or (known[0] if known else ""))


def _listed(path: Path, sample: LabelSample | None, outcome: str, rater: str, *, as_data: bool) -> int:
    if sample is None:
        if as_data:
            emit_json({"format": 1, "outcome": outcome, "sample": None})
        else:
            data(f"No sample has been drawn for {outcome}: the same command without --list draws one and asks.")
        return 0
    with RunFile.open(path) as opened:
        labels = read_labels(opened, outcome=outcome, rater=rater)
    who: dict[int, list[str]] = {}
    for label in labels:
        who.setdefault(label.trial, []).append(label.rater)
    if as_data:
        rows = [
            {"position": d.position, "trial": d.trial, "chance": d.chance, "labelled_by": who.get(d.trial, [])}
            for d in sample.trials
        ]
        emit_json({"format": 1, "outcome": outcome, "judge": sample.judge, "seed": sample.seed, "sample": rows})
        return 0
    for drawn in sample.trials:
        data(f"{drawn.position:>5}  trial {drawn.trial:<8}{', '.join(who.get(drawn.trial, ['–']))}")
    done = sum(drawn.trial in who for drawn in sample.trials)
    whose = f" by {rater}" if rater else ""
    data(f"{done}/{len(sample.trials)} labelled{whose} for {outcome}; drawn from {sample.candidates} by {sample.judge}")
    return 0


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError("should be a whole number from 0 on")
    return number


def _size(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError("should be between 1 and 100000")
    return number
