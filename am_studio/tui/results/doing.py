"""What is asked and done from the results: another run, which disagreements, what to export. Nothing here draws."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

from textual.app import App

from am_studio.tui.choosing_runs import ask_for_other
from am_studio.tui.command_screen import CommandScreen
from am_studio.tui.library.reading import read_runs
from am_studio.tui.picking import PickScreen
from am_studio.tui.strangers import filled, plain
from am_studio.tui.widgets import Choice, ChoiceScreen

_FORMS = (
    ("effects", "Effects", "JSON with every number, and CSV, of this outcome"),
    ("csv", "Tables as CSV", "a row a trial and a row an effect, with what the columns mean"),
    ("jsonl", "Tables as JSON lines", "the same"),
    ("parquet", "Tables as Parquet", "the same"),
    ("bundle", "Bundle", "one file with all of it, from which a stranger can reproduce the run"),
    ("redacted", "Bundle without reasoning", "the same; what was reasoned is taken out"),
)
Between = Literal["differs", "judges"]


async def ask_for_other_run(app: App[Any], run: Path) -> Path | None:
    """Another run, from the directory that this one lies in and from the runs directory."""
    from am_studio.foundation.locations import runs_directory

    directories = dict.fromkeys((run.parent.resolve(), runs_directory().resolve()))
    found = [await asyncio.to_thread(read_runs, directory) for directory in directories]
    return await ask_for_other(app, run, [row for rows in found for row in rows])


async def ask_between(app: App[Any]) -> Between | None:
    """Whose disagreements are to be read."""
    question = ChoiceScreen(
        plain("Whose disagreements?"),
        plain("The transcripts open on the trials on which they say different things of this outcome."),
        (
            Choice("differs", "Labels and the judge", "l", "primary"),
            Choice("judges", "Two judges", "j"),
            Choice("", "Cancel", "c"),
        ),
    )
    answer = await app.push_screen_wait(question)
    return answer if answer in ("differs", "judges") else None  # type: ignore[return-value]


async def ask_what_to_export(app: App[Any]) -> str:
    """What is to be written; empty: nothing."""
    lines = [(title, told) for _, title, told in _FORMS]
    picked = await app.push_screen_wait(PickScreen(plain("Export what?"), lines))
    return "" if picked is None else _FORMS[picked][0]


async def export_with_command(app: App[Any], run: Path, form: str) -> None:
    """Export as the command line does; files that are there stay."""
    where = ["--bundle", str(_free(run, ".ambundle.zip"))] if form in {"bundle", "redacted"} else []
    if form == "redacted":
        where += ["--redact", "reasoning"]
    where = where or [f"--{form}", str(_free(run, f"-{form}"))]
    title = filled("Exporting {run} …", run=run.name)
    await app.push_screen_wait(CommandScreen(title, plain("Exported"), ("export", "run", str(run), *where)))


def _free(run: Path, ending: str) -> Path:
    """A name beside the run that is not taken."""
    names = (run.with_name(f"{run.stem}{'' if n == 1 else f'-{n}'}{ending}") for n in range(1, 10_000))
    return next(path for path in names if not path.exists())
