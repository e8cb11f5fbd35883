"""From a study to a run: asks once, saves, starts the process, waits until it has begun; all of it can be cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Label, LoadingIndicator

from am_studio.foundation.errors import StudioError
from am_studio.runs.asking import reasons_to_ask
from am_studio.runs.carry import refuse_unpriced
from am_studio.runs.study_assessment import assess
from am_studio.runs.study_document import StudyDocument
from am_studio.tui.launching import Launched, begun, launch, new_run_path, stop
from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import plain
from am_studio.tui.study import dialogs
from am_studio.tui.study.plan_told import launch_lines
from am_studio.tui.widgets import DIALOG_CSS

if TYPE_CHECKING:
    from am_studio.runs.plan import Plan
    from am_studio.scenarios import Scenario
    from am_studio.tui.app import StudioApp

Beginning = Literal["begun", "cancelled"] | StudioError
"""What came of it; the error has the words of the process."""
_SECONDS = 0.05
"""Between two looks."""


async def launch_study(app: StudioApp, document: StudyDocument, save: Callable[[], Awaitable[bool]]) -> Path | None:
    """Launch the study once that is agreed to; the run when it has begun, None when it has not.

    What stands in the way is told on the app. `save` writes the document and says whether it did.
    """
    assessment = await asyncio.to_thread(assess, document.text, document.path)
    plan, scenario = assessment.plan, assessment.scenario
    if plan is None or scenario is None:
        app.notify("Mend the problems first: f7 goes to the next one.", severity="warning", markup=False)
        return None
    return await launch_agreed(app, document, (plan, scenario), launch, save)


async def launch_agreed(
    app: StudioApp,
    document: StudyDocument,
    planned: tuple[Plan, Scenario],
    start: Callable[[Path, Path], Launched],
    save: Callable[[], Awaitable[bool]],
) -> Path | None:
    """Ask whether this plan is to be carried out, save, `start` a process; the run when it has begun, None when it has not."""
    plan, scenario = planned
    run = new_run_path(plan.study.name)
    unsaved = document.dirty or document.is_new
    try:
        refuse_unpriced(plan)
        reasons = reasons_to_ask(plan, *(each.directory for each in scenario.every))
        lines = launch_lines(plan, document.path, run, unsaved=unsaved, reasons=reasons)
        if not await dialogs.agree_to_launch(app, lines):
            return None
        if (unsaved or document.changed_on_disk()) and not await save():
            return None
        launched = await asyncio.to_thread(start, document.path, run)
    except StudioError as error:
        app.show_error(error)
        return None
    beginning = await app.push_screen_wait(LaunchScreen(launched))
    if isinstance(beginning, StudioError):
        await dialogs.tell_failure(app, beginning)
    return run if beginning == "begun" else None


class LaunchScreen(Dialog[Beginning]):
    """Waits for a run to begin."""

    LEAVE = "cancel"
    DEFAULT_CSS = DIALOG_CSS.format(name="LaunchScreen") + "LaunchScreen LoadingIndicator { height: 1; }\n"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="launch.cancel", tooltip="Stop the process; nothing more is called"),
    ]

    def __init__(self, launched: Launched) -> None:
        super().__init__()
        self._launched = launched

    def compose(self) -> ComposeResult:
        """What is waited for, and the way out."""
        with Vertical():
            yield Label(plain(f"Starting {self._launched.run.name}"), classes="dialog--title")
            yield LoadingIndicator()
            with Horizontal():
                yield Button("Cancel")

    def on_mount(self) -> None:
        """Look until it has begun."""
        self._wait()

    @work(exclusive=True)
    async def _wait(self) -> None:
        try:
            while not await asyncio.to_thread(begun, self._launched):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(_SECONDS)
        except StudioError as error:
            self.dismiss(error)
        else:
            self.dismiss("begun")

    @on(Button.Pressed)
    def action_cancel(self) -> None:
        """Stop the process."""
        with suppress(StudioError):
            stop(self._launched.run)
        self.dismiss("cancelled")
