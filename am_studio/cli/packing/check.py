"""Find what is wrong in a pack, and with --publish what keeps it from being published.

Of an overlay it also shows what has changed in the scenario below it since the overlay was written, as a difference of the
texts. --accept-base records in base.yaml what an overlay replaces, once you have looked. --write-readme brings the tables
of details and outcomes in README.md up to date and leaves the rest of it alone.

DIR is a pack, or a scenario in one. Each line of the answer is FILE:LINE:COLUMN: what is wrong; what would be right. Exit
code 1 when there are errors.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from am_studio.cli.console import data, emit_json, say
from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import shown_path

if TYPE_CHECKING:
    from am_studio.scenarios.overlay_pieces import Conflict
    from am_studio.scenarios.pack_check import Checked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("pack", nargs="?", type=Path, default=Path(), metavar="DIR", help="the pack (default: here)")
    parser.add_argument("--publish", action="store_true", help="also whether it may be published")
    parser.add_argument("--write-readme", action="store_true", help="bring the tables in README.md up to date first")
    parser.add_argument(
        "--accept-base", action="store_true", help="record what overlays replace, as the scenarios below have it now"
    )
    parser.add_argument("--json", action="store_true", help="problems and conflicts as JSON")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.scenarios.finding import scenarios_of
    from am_studio.scenarios.pack_check import checked, pack_named

    pack, only = pack_named(args.pack)
    if args.accept_base:
        _accept([only] if only is not None else scenarios_of(pack))
    if args.write_readme:
        _write_readme(pack)
    found = checked(pack, only, publish=args.publish)
    if args.json:
        _as_json(found)
    else:
        for problem in found.problems:
            data(str(problem))
        for directory, conflicts in found.conflicts.items():
            _show(directory, conflicts)
    say(found.summary + (", ready to be published" if args.publish and not found.errors else ""))
    return 1 if found.errors else 0


def _accept(scenarios: list[Path]) -> None:
    from am_studio.scenarios.overlays import record_base
    from am_studio.scenarios.pack_check import overlays_of

    overlays = overlays_of(scenarios)
    if not overlays:
        raise StudioError("there is no overlay here", hint="an overlay's scenario.yaml says 'extends'")
    for directory in overlays:
        pieces = record_base(directory)
        say(f"{shown_path(directory)}/base.yaml records {len(pieces)} piece{'s' * (len(pieces) != 1)}")


def _write_readme(pack: Path) -> None:
    from am_studio.scenarios.pack_readme import write_readme

    changed = write_readme(pack)
    say(f"{shown_path(pack / 'README.md')} {'was brought up to date' if changed else 'is up to date'}")


def _show(directory: Path, conflicts: tuple[Conflict, ...]) -> None:
    """What has changed below, piece by piece."""
    from rich.text import Text

    from am_studio.cli.console import stdout_console
    from am_studio.cli.diff_view import marked
    from am_studio.scenarios.word_diff import line_changes

    console = stdout_console()
    for conflict in conflicts:
        told = f"{conflict.base.reference} {conflict.since} -> {conflict.base.version}"
        console.print(Text(f"\n{shown_path(directory)}: {conflict.piece.address}  ({told})", style="bold"))
        for change in line_changes(conflict.was, conflict.piece.text):
            console.print(marked(change.words))


def _as_json(checked: Checked) -> None:
    told: list[dict[str, Any]] = [
        {"file": p.place.file, "line": p.place.line, "column": p.place.column, "severity": p.severity,
         "message": p.message, "hint": p.hint}
        for p in checked.problems
    ]  # fmt: skip
    changed = [
        {"scenario": directory.name, "piece": c.piece.address, "base": c.base.reference, "since": c.since,
         "version": c.base.version, "was": c.was if c.was_there else None, "now": c.piece.text if c.piece.was is not None else None}
        for directory, found in checked.conflicts.items()
        for c in found
    ]  # fmt: skip
    emit_json({"problems": told, "conflicts": changed})
