"""List runs and their state."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from am_studio.cli.console import emit_json, say, stdout_console
from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.locations import runs_directory
from am_studio.reports.numbers import money
from am_studio.runs.runfile import SUFFIX, RunFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to look, and how to show it."""
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="where the runs are (default: runs/)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Print a line for every run file in the directory, the newest first."""
    directory = args.directory or runs_directory()
    if args.directory and not directory.is_dir():
        raise StudioError(f"there is no directory '{directory}'")
    found = [_described(path) for path in sorted(directory.glob(f"*{SUFFIX}"))]
    found.sort(key=lambda entry: str(entry.get("created", "")), reverse=True)
    if args.json:
        emit_json(found)
    elif found:
        _show(found)
    else:
        say(f"no runs in {directory}")
    return 0


def _described(path: Path) -> dict[str, Any]:
    """What a run is and where it stands, or why it cannot be read."""
    try:
        with RunFile.open(path) as run:
            plan, tally = run.plan, run.tally()
            created = datetime.fromtimestamp(run.created, UTC).isoformat(timespec="seconds")
            return {
                "run": str(path),
                "study": plan.study.name,
                "models": [model.name for model in plan.models],
                "simulated": run.simulated,
                "imported": plan.imported is not None,
                "state": run.state(),
                "reason": _reason(run),
                "planned": run.planned(),
                "left": run.unfinished(),
                "cost_usd": tally.cost,
                "created": created,
                "plan_hash": plan.hash,
            }
    except StudioError as error:
        return {"run": str(path), "state": "unreadable", "problem": error.title}


def _reason(run: RunFile) -> str:
    """Why the run paused; empty when it did not."""
    sessions = run.sessions()
    return sessions[-1].ending if sessions and run.state() == "paused" else ""


def _show(found: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("run", "state", "trials", "cost", "made", "models"):
        table.add_column(title, overflow="fold", justify="right" if title in {"trials", "cost"} else "left")
    for entry in found:
        if "problem" in entry:
            row = [Path(entry["run"]).name, "unreadable", "", "", "", entry["problem"]]
        else:
            models = ", ".join(entry["models"]) + (" SIMULATED" if entry["simulated"] else "")
            models += " IMPORTED" if entry["imported"] else ""
            trials = f"{entry['planned'] - entry['left']}/{entry['planned']}"
            made = entry["created"][:16].replace("T", " ")
            state = f"{entry['state']}: {entry['reason']}" if entry["reason"] else entry["state"]
            row = [Path(entry["run"]).name, state, trials, money(entry["cost_usd"]), made, models]
        table.add_row(*(Text(one_line(cell)) for cell in row))
    stdout_console().print(table)
