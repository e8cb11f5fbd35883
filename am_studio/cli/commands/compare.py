"""What differs between runs, and whether their rates and effects do: across models, dates, versions of a scenario.

Says first in what the runs differ (scenario and its texts, details, judge, design, models, dates). Then every rate and every
effect is set against the first run's by a test of the difference itself, adjusted by Holm; an effect in one run and none in
the other is no difference. Runs of different questions are refused.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from am_studio.cli.commands.analyze import add_choices, choices_of
from am_studio.cli.console import emit_json
from am_studio.cli.report_output import opened, write_documents
from am_studio.runs.comparing import compare

_STDOUT = Path("-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The runs, how to show them, what may differ from their plans."""
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="run files; the others are set against the first"
    )
    for name, told in (("html", "a page"), ("md", "Markdown"), ("text", "plain text")):
        where = "" if name == "html" else " (default: stdout)"
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"{told}{where}; - is stdout")
    parser.add_argument("--json", action="store_true", help="all numbers as JSON")
    parser.add_argument("--even-so", action="store_true", help="compare although the question is worded differently")
    add_choices(parser)


def run(args: argparse.Namespace) -> int:
    """Compare and show."""
    from am_studio.reports.comparison.build import comparison_report
    from am_studio.reports.comparison.numbers import comparison_json

    with ExitStack() as stack:
        found = [opened(path, args.outcome, choices_of(args), stack) for path in args.runs]
        runs, analyses = [each.run for each in found], [each.analysis for each in found]
        comparisons = compare(runs, analyses, even_so=args.even_so)
        if args.json:
            emit_json(comparison_json(runs, analyses, comparisons))
        places = {name: place for name in ("html", "md", "text") if (place := getattr(args, name)) is not None}
        if places or not args.json:
            report = comparison_report(runs, analyses, comparisons)
            write_documents(
                report, {name: None if place == _STDOUT else place for name, place in places.items()} or {"text": None}
            )
    return 0
