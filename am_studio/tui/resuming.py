"""Asks before a run is resumed that would send requests somewhere its user has not chosen. It starts nothing itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.foundation.errors import StudioError
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import Choice, ChoiceScreen

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp


async def may_resume(app: StudioApp, run: Path) -> bool:
    """Whether the run may be resumed; somebody is asked where there is a reason to. What cannot be read is told."""
    try:
        reasons = await asyncio.to_thread(_reasons, run)
    except StudioError as error:
        app.show_error(error)
        return False
    if not reasons:
        return True
    choices = (Choice("no", "Not now", "n", "primary"), Choice("yes", "Resume", "r", "warning"))
    question = ChoiceScreen(plain("Resume this run?"), plain("\n".join(reasons)), choices)
    return await app.push_screen_wait(question) == "yes"


def _reasons(run: Path) -> tuple[str, ...]:
    # The library's screen is the first that is painted, and these take a while to load.
    from am_studio.runs.asking import reasons_to_ask_again
    from am_studio.runs.runfile import RunFile

    with RunFile.open(run) as file:
        return reasons_to_ask_again(file.plan)
