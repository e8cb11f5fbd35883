"""What a study can find before it costs anything: two assumed rates are asked for, the `power` command answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual.app import App

from am_studio.tui.command_screen import CommandScreen
from am_studio.tui.strangers import filled, plain
from am_studio.tui.widgets import AskScreen, Field

USUAL_CHANGED = ".5"


async def ask_for_rates(app: App[Any], baseline: float) -> Mapping[str, str]:
    """The rates that are to be assumed: `baseline` and `changed`; {} when it was left."""
    fields = (
        Field("baseline", "Assumed rate of the baseline, from 0 to 1", f"{baseline:g}"),
        Field("changed", "Assumed rate with a change", USUAL_CHANGED),
    )
    title = plain("Power: which rates are assumed?")
    return await app.push_screen_wait(AskScreen(title, fields, verb="Work it out", check=_wrong))


async def show_power(app: App[Any], study: Path, rates: Mapping[str, str]) -> None:
    """Show the smallest detectable changes, the power, and what other numbers of trials would find and cost."""
    asked = ("power", str(study), f"--baseline={rates['baseline']}", f"--changed={rates['changed']}")
    working, done = plain("Working out the power …"), filled("Power of {study}", study=study.stem)
    await app.push_screen_wait(CommandScreen(working, done, asked))


def _wrong(texts: Mapping[str, str]) -> str:
    for name in ("baseline", "changed"):
        try:
            rate = float(texts[name])
        except ValueError:
            return "a rate is a number such as .9"
        if not 0 <= rate <= 1:
            return "a rate is from 0 to 1"
    return ""
