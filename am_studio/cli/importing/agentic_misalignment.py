"""Bring in the published agentic-misalignment experiments as a pack of three scenarios.

The suite is read from an installed inspect_evals package, or with --from from a site-packages or environment directory, a
wheel, or a checkout of anthropic-experimental/agentic-misalignment. None of its code is run. Its parameters become details,
its emails separate files, and stretches of its text finer details that are on by default. All published conditions are
rendered and compared with what the suite's own rules make of them before anything is written; nothing is overwritten.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.console import data, emit_json, say

if TYPE_CHECKING:
    from am_studio.scenarios.importing.agentic_misalignment import ImportReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the import takes."""
    parser.add_argument(
        "--from", dest="source", metavar="PATH", help="where the suite is (default: the installed package)"
    )
    parser.add_argument("--out", metavar="DIR", help="the new pack's directory (default: among your installed packs)")
    parser.add_argument("--published-only", action="store_true", help="without the finer details inside the text")
    parser.add_argument("--json", action="store_true", help="the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Carry the import out."""
    from am_studio.scenarios.importing.agentic_misalignment import import_suite

    source, out = (Path(path) if path else None for path in (args.source, args.out))
    report = import_suite(source, out, finer=not args.published_only)
    if args.json:
        emit_json(_as_json(report))
    else:
        data(str(report.directory))
        _tell(report, named=out is not None)
    return 0


def _as_json(report: ImportReport) -> dict[str, object]:
    scenarios = [
        {"name": each.name, "emails": each.emails, "details": each.details, "conditions": each.conditions,
         "notes": list(each.notes)}
        for each in report.scenarios
    ]  # fmt: skip
    return {"pack": str(report.directory), "origin": report.origin, "read_from": report.where, "scenarios": scenarios}


def _tell(report: ImportReport, *, named: bool) -> None:
    say(f"read {report.origin} from {report.where}")
    for each in report.scenarios:
        say(
            f"  {each.name}: {each.emails} emails, {each.details} details, {each.conditions:,} published conditions equal"
        )
    total = sum(each.conditions for each in report.scenarios)
    say(f"{total:,} of {total:,} conditions read as the suite's own rules make them, to the byte")
    kept = [note for each in report.scenarios for note in each.notes]
    late = sum(note.startswith("out of order") for note in kept)
    joined = sum(note.startswith("no blank line") for note in kept)
    if kept:
        say(f"kept as in the suite: {late} emails out of order in time, {joined} without a blank line before them;")
        say(f"  which ones: {report.directory / 'README.md'}")
    first = f"{report.directory.name if not named else report.directory}/{report.scenarios[0].name}"
    say(f"next: am-studio render {first}")
