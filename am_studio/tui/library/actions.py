"""What can be done from the library: open, make, copy, rename, delete, resume. Each asks first where something could be lost.

The dialogs run in the app's loop, the changes in threads that post what came of them; nothing here draws.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textual import on, work
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button
from textual.worker import get_current_worker

from am_studio.foundation.errors import StudioError
from am_studio.tui.choosing_runs import ask_for_other
from am_studio.tui.library import changes
from am_studio.tui.library.changes import Change
from am_studio.tui.library.messages import ChangeMade, ChangeRefused
from am_studio.tui.library.state import LibraryState
from am_studio.tui.library.widgets import RunsTable, ScenarioTree
from am_studio.tui.resuming import may_resume
from am_studio.tui.strangers import filled, plain

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp


class LibraryActions(Screen[Any]):
    """The actions of the library screen on the scenario and the runs that its state has in view."""

    def __init__(self) -> None:
        super().__init__()
        self.state = LibraryState()

    @property
    def studio(self) -> StudioApp:
        """The app that opens other screens."""
        return cast("StudioApp", self.app)

    def _post(self, message: Message) -> None:
        """From a thread: tell what was read, unless somebody has asked anew meanwhile."""
        if not get_current_worker().is_cancelled:
            self.post_message(message)

    # Opening. --------------------------------------------------------------------------------------------------------

    @on(ScenarioTree.Opened)
    @work(group="ask", exclusive=True)
    async def action_author(self) -> None:
        """Edit the scenario; of one that came with the program a copy."""
        scenario = self.state.scenario
        if scenario is None:
            return
        if scenario.editable:
            self.studio.open_author(scenario.directory)
        elif await self.app.push_screen_wait(changes.ask_clone_instead(scenario)) == "clone":
            await self._clone(open_it=True)

    def action_study(self) -> None:
        """Make a study of the scenario."""
        if self.state.scenario is not None:
            self.studio.open_study(scenario=self.state.scenario.ref)

    @on(RunsTable.Opened)
    def _run_opened(self, message: RunsTable.Opened) -> None:
        run = message.run
        if run.opens == "results":
            self.studio.open_results(run.path)
        elif run.opens == "board":
            self.studio.open_board(run.path)
        else:
            self.notify(f"{run.path.name} cannot be read: {run.problem}", severity="error", markup=False)

    @on(RunsTable.ToResume)
    @work(group="ask", exclusive=True)
    async def _run_to_resume(self, message: RunsTable.ToResume) -> None:
        run = message.run
        if run.resumable:
            if await may_resume(self.studio, run.path):
                self._change(changes.resume(run))
        else:
            self.notify(f"{run.study or run.path.name} is {run.state}: there is nothing to resume", markup=False)

    @on(RunsTable.ToCompare)
    @work(group="ask", exclusive=True)
    async def _run_to_compare(self, message: RunsTable.ToCompare) -> None:
        run = message.run
        other = await ask_for_other(self.app, run.path, self.state.runs or ())
        if other is not None:
            self.studio.open_comparison((run.path, other))

    @work(group="ask", exclusive=True)
    async def action_import(self) -> None:
        """Bring something in, and open what came of it."""
        from am_studio.tui.library.importing import import_something

        made = await import_something(self.studio)
        self.show_changed(None)
        if made is not None and made.suffix == ".amrun":
            self.studio.open_results(made)
        elif made is not None and (made / "scenario.yaml").is_file():
            self.show_changed(made.resolve())
            self.studio.open_author(made)

    # Changing. -------------------------------------------------------------------------------------------------------

    @work(group="ask", exclusive=True)
    async def action_new(self) -> None:
        """Make a scenario from a template."""
        packs = self.state.packs or ()
        title = plain("New scenario")
        texts = await self.app.push_screen_wait(changes.ask_where(packs, title, "Make", self.state.scenario))
        if texts:
            self._change(changes.new(packs, texts))

    @work(group="ask", exclusive=True)
    async def action_clone(self) -> None:
        """Copy the scenario into a pack of one's own."""
        await self._clone()

    async def _clone(self, *, open_it: bool = False) -> None:
        packs, source = self.state.packs or (), self.state.scenario
        if source is not None:
            title = plain(f"Clone {source.ref}")
            question = changes.ask_where(packs, title, "Clone", source, source.directory.name)
            texts = await self.app.push_screen_wait(question)
            if texts:
                self._change(changes.clone(packs, source, texts, open_it=open_it))

    @work(group="ask", exclusive=True)
    async def action_overlay(self) -> None:
        """Make a scenario that says only what differs from this one, and open it."""
        packs, base = self.state.packs or (), self.state.scenario
        if base is not None:
            question = changes.ask_where(
                packs, filled("Overlay of {ref}", ref=base.ref), "Make", base, base.directory.name
            )
            texts = await self.app.push_screen_wait(question)
            if texts:
                self._change(changes.overlay(packs, base, texts))

    @on(Button.Pressed, "#to-packs")
    def action_packs(self) -> None:
        """Open the packs, at the one that the cursor is in."""
        scenario = self.state.scenario
        self.studio.open_packs(scenario.directory.parent if scenario is not None else None)

    @work(group="ask", exclusive=True)
    async def action_rename(self) -> None:
        """Give the scenario another name."""
        scenario = self.state.scenario
        if scenario is not None:
            texts = await self.app.push_screen_wait(changes.ask_new_name(self.state.packs or (), scenario))
            if texts:
                self._change(changes.rename(scenario, texts["name"]))

    @work(group="ask", exclusive=True)
    async def action_trash(self) -> None:
        """Move the scenario to the trash, if that is meant."""
        scenario = self.state.scenario
        if scenario is not None and await self.app.push_screen_wait(changes.ask_trash(scenario)) == "delete":
            self._change(changes.trash(scenario))

    @work(thread=True, group="change", description="change the library")
    def _change(self, change: Change) -> None:
        try:
            self._post(ChangeMade(change()))
        except StudioError as error:
            self._post(ChangeRefused(error))
        except OSError as error:
            self._post(ChangeRefused(StudioError("it could not be done", str(error), "nothing was overwritten")))

    @on(ChangeMade)
    def _change_made(self, message: ChangeMade) -> None:
        changed = message.changed
        self.notify(changed.told, markup=False)
        if changed.run is not None:
            self.studio.open_board(changed.run)
            return
        self.show_changed(changed.directory)
        if changed.directory is not None and changed.open:
            self.studio.open_author(changed.directory)

    @on(ChangeRefused)
    def _change_refused(self, message: ChangeRefused) -> None:
        self.studio.show_error(message.error)

    def show_changed(self, directory: Path | None) -> None:
        """Read the library anew and go to this scenario; the screen says how."""
        raise NotImplementedError

    def action_open_run(self, path: str) -> None:
        """Open a run by the path of its file."""
        for run in self.state.runs or ():
            if str(run.path) == path:
                self.post_message(RunsTable.Opened(run))
