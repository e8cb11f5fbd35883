"""Saving, files that changed on disk, the author's own editor, and starting a study of what was saved."""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import MEGABYTE, read_text
from am_studio.scenarios.documents import DiskConflict
from am_studio.scenarios.references import reference_of
from am_studio.tui.author.base import AuthorBase, stem
from am_studio.tui.drafts import Draft as KeptDraft
from am_studio.tui.strangers import MUTED, filled, joined, plain
from am_studio.tui.widgets import Choice, ChoiceScreen

if TYPE_CHECKING:
    from am_studio.scenarios.diff_telling import Part
    from am_studio.scenarios.loading import Draft
    from am_studio.scenarios.overlay_documents import OverlayDocument
    from am_studio.scenarios.sharing.steps import Step


class LookScreen(ModalScreen[None]):
    """Two versions of files, line by line: what the disk has and what the editor has."""

    DEFAULT_CSS = """
    LookScreen { align: center middle; }
    LookScreen > VerticalScroll {
        width: 110; max-width: 95%; height: 90%; padding: 0 1; background: $surface; border: round $primary;
        border-title-color: $text-primary;
    }
    LookScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "leave", "Close", id="look.leave", tooltip="Back to the question"),
    ]

    def __init__(self, lines: tuple[str, ...], title: str = "- on disk   + in the editor   (escape closes)") -> None:
        super().__init__()
        self._compared, self._title = lines, title

    def compose(self) -> ComposeResult:
        """A line a line, its sign in front."""
        styles = {"+": "$text-success", "-": "$text-error", "@": MUTED}
        with VerticalScroll() as frame:
            frame.border_title = plain(self._title)
            yield Static(joined(*(plain(line, styles.get(line[:1], "")) for line in self._compared), between="\n"))

    def on_mount(self) -> None:
        """The arrows scroll at once."""
        self.query_one(VerticalScroll).focus()

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)


class FileActions(AuthorBase):
    """What concerns the disk."""

    def unsaved(self) -> tuple[str, ...]:
        """The files that differ from the disk as they were loaded."""
        return self.document.dirty

    def unsaved_draft(self) -> KeptDraft | None:
        """What would be lost if the program ended now."""
        dirty, texts = self.document.dirty, self.document.texts
        place = str(self.document.directory)
        return KeptDraft("scenario", place, {name: texts.get(name) for name in dirty}) if dirty else None

    def action_save(self) -> None:
        """Write the changed files; a file that changed on disk meanwhile is asked about first."""
        if not self.document.dirty:
            self.notify("Nothing to save: the files are as they were loaded.")
            return
        try:
            saved = self.document.save()
        except DiskConflict as conflict:
            self.settle(conflict.files)
        except StudioError as error:
            self.refuse(error)
        else:
            self.notify(f"Saved {len(saved)} file{'s' if len(saved) != 1 else ''}.")
            self.draw()

    _settling = False
    """Whether somebody is being asked about files on disk; the question itself brings the screen back into focus."""

    def look_at_disk(self) -> None:
        """Notice files that changed on disk, unless a question is open already."""
        changed = self.document.changed_on_disk() if self.is_current and not self._settling else ()
        if changed:
            self.settle(changed)

    @work(group="settle", exclusive=True)
    async def settle(self, files: tuple[str, ...]) -> None:
        """Ask whose version of these files shall be kept."""
        self._settling = True
        try:
            answer = await self._whose(files)
            if answer:
                self.document.reload(keep_mine=answer == "mine")
                self.read_disk()
                self.after_change()
                self.notify("Kept yours: save to overwrite the disk." if answer == "mine" else "Took what is on disk.")
        except StudioError as error:
            self.refuse(error)
        finally:
            self._settling = False

    async def _whose(self, files: tuple[str, ...]) -> str:
        """`mine`, `theirs`, or nothing when the question was left."""
        choices = (
            Choice("look", "Look", "l", "primary"),
            Choice("theirs", "Take theirs", "t", "warning"),
            Choice("mine", "Keep mine", "m", "warning"),
        )
        while True:
            question = ChoiceScreen(plain("Changed on disk since it was loaded"), plain("\n".join(files)), choices)
            answer = await self.app.push_screen_wait(question)
            if answer != "look":
                return answer
            await self.app.push_screen_wait(LookScreen(self._compared(files)))

    def _compared(self, files: tuple[str, ...]) -> tuple[str, ...]:
        lines: list[str] = []
        for name in files:
            path = self.document.directory / name
            try:
                theirs = read_text(path, MEGABYTE).splitlines() if path.exists() else []
            except StudioError as error:
                theirs = [str(error)]
            mine = self.texts.get(name, "").splitlines()
            lines += difflib.unified_diff(theirs, mine, f"{name} on disk", f"{name} in the editor", lineterm="")
        return tuple(lines) or ("The texts are the same.",)

    # The author's own editor. ----------------------------------------------------------------------------------------

    def action_external_editor(self) -> None:
        """Edit the selected text in $VISUAL or $EDITOR; what comes back is one change."""
        command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
        if not command:
            hint = "set one of them, such as EDITOR=nano, before starting the studio"
            self.refuse(StudioError("No editor: neither VISUAL nor EDITOR is set", hint=hint))
            return
        name = self.asked.file
        try:
            with self.app.suspend():
                text = edited(command, self.texts[name], Path(name).suffix)
        except SuspendNotSupported:
            self.refuse(StudioError("This terminal cannot be handed to an editor", hint="edit here, or outside"))
            return
        except StudioError as error:
            self.refuse(error)
            return
        if text != self.texts[name]:
            self.change((name, text), f"edit {stem(name)} in {Path(command[0]).name}", select=name)

    # Overlays. -------------------------------------------------------------------------------------------------------

    @property
    def overlay(self) -> OverlayDocument | None:
        """The document when it is an overlay of another scenario."""
        from am_studio.scenarios.overlay_documents import OverlayDocument

        return self.document if isinstance(self.document, OverlayDocument) else None

    @property
    def overlay_note(self) -> Content | None:
        """That this is an overlay and of what; None for a scenario by itself."""
        return None if self.overlay is None else filled("overlay of {base}", base=self.overlay.base_told)

    def action_base(self) -> None:
        """Show what the overlay, as it stands here, changes in its base."""
        overlay = self.overlay
        if overlay is not None:
            title = filled("{ref} against {base}", ref=reference_of(overlay.directory), base=overlay.base_told)
            self.studio.open_changes(title, partial(_against_base, overlay, self.draft))

    # Studies. --------------------------------------------------------------------------------------------------------

    @work(group="study", exclusive=True)
    async def action_study(self) -> None:
        """Make a study of this scenario; what is not saved is not in it, so that is asked about."""
        if self.document.dirty:
            choices = (
                Choice("save", "Save, then the study", "s", "primary"),
                Choice("saved", "Study what is saved", "d", "warning"),
            )
            told = plain("A study reads the files on disk. Not saved yet:\n" + "\n".join(self.unsaved()))
            answer = await self.app.push_screen_wait(ChoiceScreen(plain("Unsaved changes"), told, choices))
            if answer == "save":
                self.action_save()
            if not answer or (answer == "save" and self.document.dirty):
                return
        self.studio.open_study(scenario=self.reference)


def _against_base(overlay: OverlayDocument, draft: Draft, _: Step, __: bool) -> Sequence[Part]:
    from am_studio.scenarios.diff_telling import parts_of

    found, conflicts = overlay.changes(draft)
    return parts_of(found, conflicts)


def edited(command: list[str], text: str, suffix: str) -> str:
    """What an editor makes of a text. StudioError when it cannot be started, fails, or leaves no readable text."""
    with tempfile.TemporaryDirectory(prefix="am-studio-") as directory:
        path = Path(directory) / f"text{suffix}"
        path.write_bytes(text.encode())
        try:
            code = subprocess.run([*command, str(path)], check=False).returncode  # noqa: S603 -- the author's own editor
        except OSError as error:
            raise StudioError(f"'{command[0]}' cannot be started", str(error), "check VISUAL and EDITOR") from error
        if code:
            raise StudioError(f"'{command[0]}' ended with code {code}", "the text is as it was")
        return read_text(path, MEGABYTE)
