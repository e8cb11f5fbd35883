"""A report of one run or several: a page, Markdown or text, and its plots for a paper.

Without a format it is text on stdout. --html writes one file that needs nothing beside it: no script, nothing fetched. --svg and
--png write the forest plot into FILE, or every plot into DIR; --pdf writes every plot into one FILE, or a file each into DIR.
Formats may be combined. Whatever differs from the plan is marked exploratory, as in `am-studio analyze`.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from am_studio.cli.commands.analyze import add_choices, choices_of
from am_studio.cli.report_output import Wanted, write_report
from am_studio.foundation.errors import StudioError
from am_studio.runs.runfile import SUFFIX

_FORMATS = ("html", "md", "text", "svg", "png", "pdf")
_STDOUT = Path("-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The runs, the formats with where they go, what is shown."""
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="a run file; several make one report")
    told = {
        "html": "a page (default: RUN.html beside the first run)",
        "md": "Markdown (default: stdout)",
        "text": "plain text (default: stdout)",
        "svg": "the forest plot into FILE.svg, or every plot into DIR (default: RUN-plots)",
        "png": "the same as PNG",
        "pdf": "every plot in one FILE.pdf, or a file each in DIR",
    }
    for name, what in told.items():
        metavar = "FILE" if name in ("html", "md", "text") else "FILE|DIR"
        parser.add_argument(f"--{name}", type=Path, nargs="?", const=_STDOUT, metavar=metavar, help=what)
    parser.add_argument("--title", default="", help="in place of the study's title")
    parser.add_argument(
        "--examples", type=int, default=1, metavar="N", help="transcripts of each answer in each arm (default 1)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the draw of transcripts (default 1)")
    add_choices(parser)


def run(args: argparse.Namespace) -> int:
    """Build the report and write what was asked for."""
    wanted, runs = _wanted(args)
    if not runs:
        raise StudioError("name a run to report on", hint="am-studio report RUN; `am-studio runs` lists them")
    if args.examples < 0:
        raise StudioError("--examples should be 0 or more")
    with ExitStack() as stack:
        write_report(runs, wanted, args.outcome, choices_of(args), stack)
    return 0


def _wanted(args: argparse.Namespace) -> tuple[Wanted, list[Path]]:
    """What to write where. A run that stands right after a format without a file is taken for the run that it is."""
    runs, places = list(args.runs), {}
    for name in _FORMATS:
        place = getattr(args, name)
        if place is not None and place.suffix == SUFFIX:
            runs.append(place)
            place = _STDOUT
        if place is not None:
            places[name] = None if place == _STDOUT else place
    return Wanted(places or {"text": None}, args.title, args.seed, args.examples), runs
