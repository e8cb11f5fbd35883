"""Bring in logs of Inspect (.eval or .json; one, several, or a folder of them) as a run.

Every sample of every epoch is a trial. Task arguments that differ between the logs become details, so that a grid of logs
becomes a table of effects; --metadata NAME makes sample metadata a detail, --arm NAME the condition. Scores become verdicts
under a judge named after Inspect's scorer: C, true, yes, 1 are yes, I, false, no, 0 are no, anything else is unclear; --threshold
X says from where on a number is a yes. With --scenario the rules judge as well. Inspect itself is not needed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.importing.shared import add_run_arguments, choices_of, out_path, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("source", type=Path, nargs="+", metavar="LOG", help="log files, or folders of them")
    parser.add_argument(
        "--metadata",
        action="append",
        default=[],
        metavar="NAME",
        help="sample metadata that is a detail; may be repeated",
    )
    parser.add_argument("--arm", default="", metavar="NAME", help="sample metadata that names the condition")
    parser.add_argument(
        "--threshold", type=float, metavar="X", help="numbers from here on are a yes, smaller ones a no"
    )
    parser.add_argument(
        "--harmful", action="append", default=[], metavar="SCORE", help="a score whose yes is harm; may be repeated"
    )
    parser.add_argument("--partial", action="store_true", help="also take logs that were not finished")
    add_run_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the import out."""
    from am_studio.runs.importing.build import make_run
    from am_studio.runs.importing.inspect_files import log_files, read_log
    from am_studio.runs.importing.inspect_log import Asked, found_logs

    choices = choices_of(args, args.source[0])
    pairs = [log_files(source) for source in args.source]
    logs = [read_log(path, partial=args.partial) for paths, _ in pairs for path in paths]
    known = tuple(one.name for one in choices.scenario.questions.outcomes) if choices.scenario else ()
    skipped = tuple(name for _, names in pairs for name in names)
    asked = Asked(tuple(args.metadata), args.arm, args.threshold, known, skipped)
    found = found_logs(logs, asked)
    tell(make_run(found, choices, out_path(args, choices)), as_json=args.json)
    return 0
