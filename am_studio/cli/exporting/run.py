"""Hand over a run: one bundle that a stranger can reproduce, or tables for notebooks and spreadsheets.

am-studio export RUN --bundle [FILE]        plan, texts, prompts, replies, verdicts, labels, numbers, versions, citation
am-studio export RUN --bundle --redact reasoning|transcripts
am-studio export RUN --csv|--jsonl|--parquet DIR|FILE|-
                                            a row a trial, and a row an effect; docs/FORMATS.md has every column

The run file is not needed any more by who has a bundle: `am-studio reproduce BUNDLE`. Addresses of servers that are not on
this machine, places on your disk and raters' names are in no bundle. A table that goes to a FILE or to - is the one that
--table names; into a DIR go both.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from am_studio.cli.console import emit_json, say
from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import shown_path
from am_studio.runs.runfile import RunFile

_HERE = Path()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, and what becomes of it."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--bundle",
        type=Path,
        nargs="?",
        const=_HERE,
        metavar="FILE",
        help="one file that reproduces (default: RUN.ambundle.zip)",
    )
    for form in ("csv", "jsonl", "parquet"):
        what.add_argument(f"--{form}", type=Path, metavar="DIR|FILE", help=f"tables as {form.upper()}")
    bundle = parser.add_argument_group("of a bundle")
    bundle.add_argument(
        "--redact",
        choices=("reasoning", "transcripts"),
        default="",
        help="take out what was reasoned, or all that was said",
    )
    bundle.add_argument(
        "--keep-endpoints", action="store_true", help="tell the addresses of the servers that were asked"
    )
    bundle.add_argument("--author", action="append", default=[], metavar="NAME", help="who made it; may be repeated")
    bundle.add_argument("--title", default="", help="instead of the study's own")
    bundle.add_argument("--url", default="", help="where it can be found")
    bundle.add_argument("--doi", default="", help="its DOI")
    bundle.add_argument("--license", default="", metavar="SPDX", help="under which it may be used, such as CC-BY-4.0")
    tables = parser.add_argument_group("of tables")
    tables.add_argument("--table", choices=("trials", "effects"), default="trials", help="which one goes to a FILE")
    tables.add_argument("--text", action="store_true", help="with what was said and reasoned as columns of the trials")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--json", action="store_true", help="what was written as JSON on stdout")


def run(args: argparse.Namespace) -> int:
    """Write the bundle or the tables."""
    if args.bundle is not None:
        return _bundle(args)
    if args.redact:
        raise StudioError("--redact goes with --bundle", hint="a table has what was said only with --text")
    from am_studio.cli.table_files import write_tables

    return write_tables(args)


def _bundle(args: argparse.Namespace) -> int:
    from am_studio.reports.bundle.citation import checked_credit
    from am_studio.reports.bundle.parts import SUFFIX
    from am_studio.reports.bundle.writing import BundleOptions, write_bundle

    path = args.bundle if args.bundle != _HERE else args.run.with_name(args.run.stem + SUFFIX)
    if path.exists() and not args.force:
        raise StudioError(f"{path} exists already", hint="choose another name, or say --force")
    credit = checked_credit(args.author, args.title, args.url, args.doi, args.license)
    with RunFile.open(args.run) as opened:
        made = write_bundle(opened, path, BundleOptions(args.redact, args.keep_endpoints, credit))
    if args.json:
        emit_json(
            {
                "bundle": str(path),
                "identity": made.identity,
                "bytes": made.size,
                "trials": made.trials,
                "parts": made.parts,
                "simulated": made.simulated,
                "redacted": args.redact or None,
                "withheld": list(made.withheld),
            }
        )
        return 0
    stamp = "SIMULATED, " if made.simulated else ""
    say(f"{shown_path(path)}: {stamp}{made.trials:,} trials, {made.parts} parts, {made.size:,} bytes")
    say(f"identity {made.identity}")
    if made.withheld:
        say(f"withheld from the plan: {', '.join(made.withheld)}")
    if made.redacted_whole:
        say(f"of {made.redacted_whole} trials all was taken out: what they reasoned could not be told apart")
    if not args.author:
        say("nobody is named in its citation: --author NAME")
    say(f"check it with: am-studio reproduce {shown_path(path)}")
    return 0
