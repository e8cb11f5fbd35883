"""Asks for a run to set beside another one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from textual.app import App

from am_studio.tui.library.state import RunRow, models_text, progress_text
from am_studio.tui.picking import PickScreen
from am_studio.tui.strangers import filled


def beside(run: Path, rows: Iterable[RunRow]) -> list[RunRow]:
    """The runs that can be set beside this one: those of its study's scenario first, each as new as it is."""
    known = list(rows)
    here = run.resolve()
    own = next((row for row in known if row.path.resolve() == here), None)
    readable = [row for row in known if row.state != "unreadable" and row.path.resolve() != here]
    return sorted(readable, key=lambda row: own is not None and row.scenario != own.scenario)


async def ask_for_other(app: App[Any], run: Path, rows: Iterable[RunRow]) -> Path | None:
    """The run to compare with; None: none, or there is none."""
    others = beside(run, rows)
    if not others:
        app.notify("There is no other run to compare it with.", markup=False)
        return None
    title = filled("Compare {run} with which run?", run=run.name)
    lines = [(row.path.stem, f"{progress_text(row)} · {models_text(row)} · {row.scenario}") for row in others]
    picked = await app.push_screen_wait(PickScreen(title, lines))
    return None if picked is None else others[picked].path
