"""Find what is damaged in a run file: one line for each damaged part, and what was checked.

Every row is held against its digest, rows against each other, counts against what they count, prompts against their
hashes. Nothing is mended. Exit code 0: whole; 1: damaged.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from am_studio.cli.console import data, emit_json, say
from am_studio.foundation.hygiene import one_line
from am_studio.runs.runfile import RunFile
from am_studio.runs.verify import damages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, and how to show what was found."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the damage, a line a part."""
    checked: Counter[str] = Counter()
    found: list[str] = []
    with RunFile.open(args.run) as file:
        for told in damages(file, checked):
            found.append(told)
            if not args.json:
                data(one_line(told))
    if args.json:
        emit_json({"run": str(args.run), "whole": not found, "damage": found, "checked": dict(checked)})
    else:
        looked_at = ", ".join(f"{number:,} {what}" for what, number in checked.items() if number)
        parts = "1 damaged part" if len(found) == 1 else f"{len(found):,} damaged parts"
        say(f"{args.run}: {parts if found else 'whole'}; checked: {looked_at}")
    return 1 if found else 0
