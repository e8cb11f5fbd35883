"""Going about on the author screen: panes, tabs, from a source or a problem to its text, back and forth in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual import events, on
from textual.widget import Widget
from textual.widgets import TabbedContent

from am_studio.tui.author.base import AuthorBase
from am_studio.tui.author.details_panel import DetailsPanel
from am_studio.tui.author.editor_pane import EditorPane
from am_studio.tui.author.fields import TABS, Tab
from am_studio.tui.author.head_form import HeadForm
from am_studio.tui.author.inbox_list import InboxList
from am_studio.tui.author.preview_column import PreviewColumn
from am_studio.tui.author.preview_pane import PreviewPane
from am_studio.tui.author.record_form import RecordForm, RecordList
from am_studio.tui.welcome.documents import OpenScenario

PANES = ("inbox", "editor", "details", "preview")
"""The panes in the order of the keys 1 to 4."""


class Movement(AuthorBase):
    """How one gets from place to place."""

    # Where one is. ---------------------------------------------------------------------------------------------------

    def where_one_is(self) -> OpenScenario:
        """The open text, the cursor in it, and the toggled details."""
        line, column = self.query_one(EditorPane).cursor
        directory = str(self.document.directory.absolute())
        return OpenScenario(directory, self.asked.file, line, column, self.pane, dict(self.asked.choices))

    def take_up(self, place: OpenScenario) -> None:
        """Go where one was, as far as it is still there."""
        if place.choices:
            self.ask(replace(self.asked, choices=place.choices))  # a level that is gone is passed over
        if place.file in self.texts:
            self.go_to_place(place.file, place.line, place.column)
        if place.pane in PANES and place.pane != "editor":
            self.call_after_refresh(self.action_pane, place.pane)

    # Panes. ----------------------------------------------------------------------------------------------------------

    @property
    def pane(self) -> str:
        """The pane that has the focus, or had it last."""
        return next((name for name in PANES if self.has_class(f"-{name}")), PANES[0])

    def _enter(self, pane: str) -> None:
        for name in PANES:
            self.set_class(name == pane, f"-{name}")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane of what has the focus is the one that a narrow terminal shows."""
        for widget in event.widget.ancestors_with_self:
            pane = {"inbox": "inbox", "editor": "editor", "details-pane": "details", "preview-column": "preview"}.get(
                widget.id or ""
            )
            if pane:
                self._enter(pane)

    def action_pane(self, pane: str) -> None:
        """Go to a pane."""
        self._enter(pane)
        target = self._pane_target(pane)
        if all(widget.display for widget in target.ancestors_with_self if isinstance(widget, Widget)):
            target.focus()
        else:  # a narrow terminal has to show the pane first
            self.call_after_refresh(target.focus)

    def action_next_pane(self) -> None:
        """Go to the next pane, round and round."""
        self.action_pane(PANES[(PANES.index(self.pane) + 1) % len(PANES)])

    def _pane_target(self, pane: str) -> Widget:
        match pane:
            case "inbox":
                return self.query_one(InboxList)
            case "details":
                return self.query_one(DetailsPanel)
            case "preview":
                return self.query_one(PreviewPane)
        tab = self.open_tab
        if tab is not None:
            return self.query_one(f"#form-{tab}", RecordForm).query_one(RecordList)
        return self.query_one(EditorPane).area

    def action_step_back(self) -> None:
        """From anywhere to the inbox; from there to the screen before."""
        if self.pane == "inbox":
            self.studio.go_back()
        else:
            self.action_pane("inbox")

    # Tabs. -----------------------------------------------------------------------------------------------------------

    @property
    def open_tab(self) -> Tab | None:
        """The form that is open; None while the text is."""
        active = self.query_one(TabbedContent).active.removeprefix("tab-")
        return next((tab for tab in TABS if tab == active), None)

    def action_show_tab(self, tab: str, key: str = "") -> None:
        """Open the text or a form, the latter at one of its records."""
        self.query_one(TabbedContent).active = f"tab-{tab}"
        self.action_pane("editor")
        if key:
            self.show_record(key)

    @on(TabbedContent.TabActivated)
    async def _tab_opened(self) -> None:
        await self.draw_form()

    def show_record(self, key: str) -> None:
        """Show the form of a record in the open tab."""
        self.call_after_refresh(self.draw_form, key)

    async def draw_form(self, key: str = "") -> None:
        """Bring the open form up to scenario.yaml."""

    # To the source. --------------------------------------------------------------------------------------------------

    def go_to_place(self, file: str, line: int, column: int = 1) -> None:
        """Show a place of a text in the editor."""
        if file not in self.texts:
            self.notify("This place is in no text of the scenario.", severity="warning")
            return
        self.query_one(TabbedContent).active = "tab-text"
        if file != self.asked.file:
            self.select_text(file)
        self._enter("editor")
        self.call_after_refresh(self.query_one(EditorPane).go_to, line or 1, column or 1)

    def select_text(self, file: str) -> None:
        """Show another text in the editor."""
        self.query_one(EditorPane).raw = False
        self.ask(replace(self.asked, file=file))

    @on(PreviewPane.Jump)
    def _jump(self, message: PreviewPane.Jump) -> None:
        self.go_to_place(message.source.file, message.source.line)

    @on(PreviewColumn.GoTo)
    def _to_problem(self, message: PreviewColumn.GoTo) -> None:
        self.go_to_place(message.place.file, message.place.line, message.place.column)

    def action_edit_text(self) -> None:
        """Edit the selected text: a new email from its subject, any other where its text begins."""
        self.query_one(TabbedContent).active = "tab-text"
        self.action_pane("editor")

    def action_edit_head(self) -> None:
        """Edit the email's head."""
        self.query_one(TabbedContent).active = "tab-text"
        self._enter("editor")
        self.call_after_refresh(self.query_one(HeadForm).focus_line, "")

    def action_toggle_raw(self) -> None:
        """Edit head and body of the email together as text, or head as a form again."""
        editor = self.query_one(EditorPane)
        editor.raw = not editor.raw
        editor.open(self.asked.file, self.texts[self.asked.file], self.shown.words)
        self.action_edit_text()

    # Back and forth in time. -----------------------------------------------------------------------------------------

    def action_undo(self) -> None:
        """Undo the last change, wherever it was made."""
        before = self.texts
        self._travelled(self.document.undo(), "Undid", before)

    def action_redo(self) -> None:
        """Redo what was undone."""
        before = self.texts
        self._travelled(self.document.redo(), "Did again", before)

    def _travelled(self, label: str | None, what: str, before: Mapping[str, str]) -> None:
        if label is None:
            self.notify("Nothing to undo." if what == "Undid" else "Nothing to redo.")
            return
        changed = sorted(name for name in self.texts if self.texts[name] != before.get(name) and name.endswith(".md"))
        if changed and self.asked.file not in changed:
            self.asked = replace(self.asked, file=changed[0])
        self.after_change()
        self.notify(f"{what}: {label}", timeout=2, markup=False)
