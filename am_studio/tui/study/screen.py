"""The study screen: a form that reads and writes the YAML of a study, the plan beside it, and launching.

It holds one document. Whatever is typed or chosen becomes a change of its text at once; what the text comes to is worked
out in a thread and shown when it is there. Nothing is called here: a run is a process of its own.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer

from am_studio.foundation.errors import StudioError
from am_studio.runs.study_assessment import FieldPath, assess
from am_studio.runs.study_document import StudyDocument
from am_studio.scenarios.documents import DiskConflict
from am_studio.scenarios.references import all_references
from am_studio.tui.drafts import Draft
from am_studio.tui.palette import Command
from am_studio.tui.study import dialogs
from am_studio.tui.study.advice_flow import advise_study
from am_studio.tui.study.commands import COMMANDS
from am_studio.tui.study.edits import apply_choice, apply_model, apply_text
from am_studio.tui.study.field_row import Chosen, FieldRow, ModelAdded, ModelList, ModelPicked, Typed
from am_studio.tui.study.form_view import StudyFormView
from am_studio.tui.study.launch_flow import launch_study
from am_studio.tui.study.layout import StudyLayout
from am_studio.tui.study.messages import Assessed, Failed, Opened
from am_studio.tui.study.panes import PlanPane, YamlArea
from am_studio.tui.study.power_flow import ask_for_rates, show_power
from am_studio.tui.study.power_pane import PowerPane
from am_studio.tui.welcome.documents import OpenStudy

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

_WATCH_SECONDS = 2.0
"""How often is looked whether somebody else has written the file."""
_SETTLE_SECONDS = 0.15
"""After the last change, until what it comes to is worked out."""


class StudyScreen(StudyLayout):
    """Edits one study."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,w", "save", "Save", id="study.save", tooltip="Write the study to its file"),
        Binding("ctrl+r,l", "launch", "Launch", id="study.launch", tooltip="Start the run; asks once, with its cost"),
        Binding(
            "f9,d", "advise", "Advice", id="study.advise", tooltip="Which design fits, by a small pilot", show=False
        ),
        Binding("f4,p", "power", "Power", id="study.power", tooltip="The smallest change it would find", show=False),
        Binding(
            "f6,v,ctrl+right_square_bracket",
            "next_pane",
            "Pane",
            id="study.next_pane",
            tooltip="Form, plan, text: go to the next",
        ),
        Binding("f7,n,ctrl+g", "next_problem", "Problem", id="study.next_problem", tooltip="Go to the next problem"),
        Binding("ctrl+z,u", "undo", "Undo", id="study.undo", tooltip="Undo the last change"),
        Binding("ctrl+y,ctrl+shift+z,U", "redo", "Redo", id="study.redo", tooltip="Redo it", show=False),
        Binding("f2,a", "save_as", "Save as", id="study.save_as", tooltip="Write it to another file", show=False),
        Binding("f5,c", "check", "Check", id="study.check", tooltip="Check it anew, its scenario too", show=False),
        Binding("f8,o", "open_scenario", "Scenario", id="study.scenario", tooltip="Edit its scenario", show=False),
    ]

    def __init__(self, path: Path | None = None, scenario: str = "", *, document: StudyDocument | None = None) -> None:
        """The study in this file, or a new one of this scenario, or one that is being edited already."""
        super().__init__()
        self._path, self._scenario, self._given = path, scenario, document
        self._settling: Timer | None = None
        self._assessing = False
        self._seen_on_disk: bytes | None = None
        """What a file held that somebody else had changed, when it was last asked what becomes of it."""

    @property
    def studio(self) -> StudioApp:
        """The app that opens other screens."""
        return cast("StudioApp", self.app)

    # Opening. --------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Read the study."""
        self.query_one("#side").loading = self.query_one(StudyFormView).loading = True
        self.watch(self.app, "app_focus", self._look_at_the_disk, init=False)
        self.set_interval(_WATCH_SECONDS, self._watch_disk)
        self._open()

    @work(thread=True)
    def _open(self) -> None:
        try:
            references = tuple(all_references())
            if self._given is not None:
                document = self._given
            elif self._path is not None:
                document = StudyDocument.open(self._path)
            else:
                document = StudyDocument.new(self._scenario or next(iter(references), ""))
            message: Message = Opened(document, document.assessment, references)
        except StudioError as error:
            message = Failed(error)
        self.post_message(message)

    @on(Failed)
    def _cannot_open(self, message: Failed) -> None:
        self.studio.show_error(message.error)
        self.studio.go_back(force=True)

    @on(Opened)
    async def _opened(self, message: Opened) -> None:
        self.document, self.assessment, self.references = message.document, message.assessment, message.references
        self.query_one("#side").loading = self.query_one(StudyFormView).loading = False
        await self.show_document()
        self.call_after_refresh(self.focus_pane, "form" if self.document.values else "text")

    @work(group="power", exclusive=True)
    async def action_power(self) -> None:
        """Assume other rates, and show in full what the study as it was saved can find."""
        document, pane = self.document, self.query_one(PowerPane)
        if document is None:
            return
        rates = await ask_for_rates(self.app, pane.assumed)
        if not rates:
            return
        pane.assume(float(rates["baseline"]))
        if document.dirty or document.is_new:
            self.notify("The pane shows the power of the form; save the study (ctrl+s) for all of it.", markup=False)
            return
        await show_power(self.app, document.path, rates)

    # What it comes to. -----------------------------------------------------------------------------------------------

    async def _changed(self, typing: FieldPath | None = None) -> None:
        """The document has changed: show it now, and in a moment what it comes to."""
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLE_SECONDS, self._assess)
        await self.show_document(typing)

    def _assess(self) -> None:
        if self.document is not None and not self._assessing:
            self._assessing = True
            self.query_one(PlanPane).show_working(True)
            self._work_out(self.document.text, self.document.path)

    @work(thread=True, group="assess", description="work the study out")
    def _work_out(self, text: str, path: Path) -> None:
        self.post_message(Assessed(assess(text, path)))

    @on(Assessed)
    async def _worked_out(self, message: Assessed) -> None:
        self._assessing, self.assessment = False, message.assessment
        if self.document is not None and self.document.text != message.assessment.text:
            self._assess()
            return
        self.query_one(PlanPane).show_working(False)
        row = self.query_one(StudyFormView).current
        await self.show_document(typing=row.field.path if row else None)

    # Editing. --------------------------------------------------------------------------------------------------------

    async def _edit(self, edit: partial[None], row: FieldRow | None = None, typing: FieldPath | None = None) -> None:
        try:
            edit()
        except StudioError as error:
            if row is not None:
                row.complain(error.title)
            else:
                self.studio.show_error(error)
            return
        await self._changed(typing)

    @on(Typed)
    async def _typed(self, message: Typed) -> None:
        if self.document is not None:
            row = self.query_one(StudyFormView).current
            await self._edit(partial(apply_text, self.document, message.field, message.text), row, message.field.path)

    @on(Chosen)
    async def _chosen(self, message: Chosen) -> None:
        if message.field.kind == "scenario":
            self._choose_scenario(message)
        elif self.document is not None:
            await self._edit(partial(apply_choice, self.document, message.field, message.value))

    @work(exclusive=True, group="choose")
    async def _choose_scenario(self, message: Chosen) -> None:
        if self.document is not None:
            # Loading takes a while the first time; afterwards the choice finds it loaded.
            await asyncio.to_thread(self.document.text_for_scenario, message.value)
            await self._edit(partial(apply_choice, self.document, message.field, message.value))

    @on(ModelAdded)
    async def _add_model(self, message: ModelAdded) -> None:
        if self.document is not None:
            await self._edit(partial(apply_model, self.document, None, {"name": message.name}))

    @on(ModelList.Removed)
    async def _remove_model(self, message: ModelList.Removed) -> None:
        if self.document is not None:
            await self._edit(partial(apply_model, self.document, message.index, None))

    @on(ModelPicked)
    @work(exclusive=True, group="dialog")
    async def _change_model(self, message: ModelPicked) -> None:
        if self.document is not None:
            answer = await dialogs.ask_about_model(self.app, self.document.values, message.index)
            if answer is not None:
                await self._edit(partial(apply_model, self.document, message.index, answer or None))

    @on(YamlArea.Edited)
    async def _text_edited(self) -> None:
        if self.document is not None:
            await self._changed()

    async def action_undo(self) -> None:
        """Undo the last change."""
        if self.document is not None and self.document.undo() is not None:
            await self._changed()

    async def action_redo(self) -> None:
        """Do again what was undone."""
        if self.document is not None and self.document.redo() is not None:
            await self._changed()

    # Saving. ---------------------------------------------------------------------------------------------------------

    def unsaved(self) -> tuple[str, ...]:
        """The file, when leaving would lose something."""
        return (self.document.path.name,) if self.document is not None and self.document.dirty else ()

    def where_one_is(self) -> OpenStudy | None:
        """The file; one that was never saved cannot be opened again."""
        document = self.document
        return None if document is None or document.is_new else OpenStudy(str(document.path))

    def unsaved_draft(self) -> Draft | None:
        """What would be lost if the program ended now."""
        document = self.document
        if document is None or not document.dirty:
            return None
        return Draft("study", str(document.path), {document.path.name: document.text})

    async def action_save(self) -> None:
        """Write the file."""
        await self._save()

    async def _save(self) -> bool:
        """Write the file; False when it was not, and somebody is told why or asked what to do."""
        document = self.document
        if document is None:
            return False
        try:
            document.save()
        except DiskConflict:
            self._settle_conflict()
            return False
        except StudioError as error:
            self.studio.show_error(error)
            return False
        self.studio.notify(f"Saved {document.path.name}", markup=False)
        await self.show_document()
        return True

    @work(exclusive=True, group="dialog")
    async def _settle_conflict(self) -> None:
        document = self.document
        if document is None:
            return
        if document.is_new:
            await self._ask_and_save_as(document)
            return
        self._seen_on_disk = document.on_disk()
        while answer := await dialogs.ask_about_conflict(self.app, document.path, document.text):
            if document.on_disk() == self._seen_on_disk:
                break
            self._seen_on_disk = document.on_disk()
            self.notify("The file has changed once more: look again.", severity="warning")
        if answer:
            await self._edit(partial(document.save, overwrite=True) if answer == "mine" else partial(document.reload))

    @work(exclusive=True, group="dialog")
    async def action_save_as(self) -> None:
        """Write it to another file."""
        if self.document is not None:
            await self._ask_and_save_as(self.document)

    async def _ask_and_save_as(self, document: StudyDocument) -> None:
        path = await dialogs.ask_for_file(self.app, document.path)
        if path is not None:
            await self._edit(partial(document.save_as, path))

    async def _watch_disk(self) -> None:
        """Tell who is typing, without asking anything, that somebody else has written the file."""
        document = self.document
        if document is None or document.is_new:
            return
        changed = document.changed_on_disk()
        if changed != self.changed_elsewhere:
            self.changed_elsewhere = changed
            await self.show_document()
            if changed and self.is_current:
                told = f"{document.path.name}: saving asks whose text is kept."
                self.notify(told, title="Changed on disk", severity="warning", markup=False)

    @on(events.ScreenResume)
    def _look_at_the_disk(self) -> None:
        """Ask what is to become of a file that changed on disk, once for each change."""
        document = self.document
        if document is None or document.is_new or self.app.screen is not self or not self.app.app_focus:
            return
        if document.changed_on_disk() and document.on_disk() != self._seen_on_disk:
            self._settle_conflict()

    # Launching. ------------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="dialog")
    async def action_launch(self) -> None:
        """Start the run, once it is agreed to."""
        if self.document is None:
            self.studio.notify("The study is still being read; press again in a moment.", markup=False)
            return
        run = await launch_study(self.studio, self.document, self._save)
        if run is not None:
            self.studio.open_board(run)

    @work(exclusive=True, group="dialog")
    async def action_advise(self) -> None:
        """Show which design a pilot advises, or run one, once it is agreed to."""
        if self.document is None:
            return
        run = await advise_study(self.studio, self.document, self._save)
        if run is not None:
            self.studio.open_board(run)
        await self._changed()

    # Going about. ----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="check")
    async def action_check(self) -> None:
        """Work everything out anew, for the scenario may have changed, and say what came of it."""
        if self.document is not None:
            assessment = await asyncio.to_thread(assess, self.document.text, self.document.path)
            self.post_message(Assessed(assessment))
            found = len(assessment.problems)
            self.studio.notify("No problems" if not found else f"{found} problem{'s' * (found > 1)}", markup=False)

    def action_open_scenario(self) -> None:
        """Edit the scenario that the study is about."""
        if self.assessment is not None and self.assessment.scenario is not None:
            self.studio.open_author(self.assessment.scenario.directory)

    def palette_commands(self) -> list[Command]:
        """Everything that can be done here."""
        return list(COMMANDS)
