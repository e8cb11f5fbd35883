"""The author screen: texts and details on the left, the selected text in the middle, what the subject reads on the right.

It routes what its widgets announce to the document and shows what came of it. What can be done lives in the `*_actions`
modules; what is to be seen is worked out by `state`. On a narrow terminal it shows one pane, or a list with the preview.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import OptionList, TabbedContent, TabPane

from am_studio.foundation.errors import StudioError
from am_studio.scenarios import edits
from am_studio.scenarios.documents import ScenarioDocument
from am_studio.scenarios.references import reference_of
from am_studio.tui.author.commands import COMMANDS
from am_studio.tui.author.details_panel import DetailFacts, DetailsPanel
from am_studio.tui.author.editor_pane import EditorPane
from am_studio.tui.author.fields import TABS, record_problems, records
from am_studio.tui.author.file_actions import FileActions
from am_studio.tui.author.inbox_list import InboxList
from am_studio.tui.author.lint_actions import LintActions
from am_studio.tui.author.mail_actions import MailActions
from am_studio.tui.author.preview import line_of
from am_studio.tui.author.preview_column import PreviewColumn
from am_studio.tui.author.preview_pane import PreviewPane
from am_studio.tui.author.record_actions import RecordActions
from am_studio.tui.author.record_form import RecordForm
from am_studio.tui.author.text_actions import TextActions
from am_studio.tui.author.variant_actions import VariantActions
from am_studio.tui.looks import LooksApp
from am_studio.tui.palette import Command
from am_studio.tui.panes import Divider
from am_studio.tui.strangers import plain
from am_studio.tui.welcome.documents import OpenScenario
from am_studio.tui.widgets import StudioFooter, TitleBar

_NOTES = ("● unsaved", "▲ changed on disk")
_WATCH_SECONDS = 2.0
"""How often is looked whether somebody else has written the files."""


class AuthorScreen(LintActions, MailActions, FileActions, TextActions, RecordActions, VariantActions):
    """Where a scenario is written."""

    DEFAULT_CSS = """
    AuthorScreen {
        #left { width: 36; }
        &.-wide #left { width: 50; }
        #editor { width: 1fr; }
        #preview-column { width: 1fr; }
        InboxList, #details-pane { height: 1fr; }
        InboxList, #details-pane { border-top: hkey $panel; border-title-color: $text-muted; }
        InboxList:focus, #details-pane:focus-within { border-top: hkey $primary; border-title-color: $text-primary; }
        TabbedContent { height: 1fr; }
        TabPane { padding: 0; }
        ContentSwitcher { height: 1fr; }
        &.-narrow #left { width: 38; }
        &.-narrow.-inbox #editor, &.-narrow.-details #editor { display: none; }
        &.-narrow.-editor #left, &.-narrow.-editor #preview-column { display: none; }
        &.-narrow.-preview #left, &.-narrow.-preview #editor { display: none; }
        &.-narrow.-inbox #details-pane, &.-narrow.-details InboxList { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2,w", "save", "Save", id="author.save", tooltip="Write the changed files"),
        Binding("ctrl+z,u", "undo", "Undo", id="author.undo", tooltip="Undo the last change", show=False),
        Binding("ctrl+y,U", "redo", "Redo", id="author.redo", tooltip="Redo what was undone", show=False),
        Binding(
            "f6,ctrl+n,ctrl+right_square_bracket,v",
            "next_pane",
            "Next pane",
            id="author.next_pane",
            tooltip="Inbox, text, details, preview",
        ),
        Binding("1", "pane('inbox')", "Inbox", id="author.inbox", tooltip="Go to the inbox", show=False),
        Binding("2", "pane('editor')", "Text", id="author.editor", tooltip="Go to the text", show=False),
        Binding("3", "pane('details')", "Details", id="author.details", tooltip="Go to the details", show=False),
        Binding("4", "pane('preview')", "Preview", id="author.preview", tooltip="Go to the preview", show=False),
        Binding("f4,o", "toggle_off", "What is off", id="author.off", tooltip="Show struck through what is off"),
        Binding("f5,c", "toggle_diff", "Compare", id="author.diff", tooltip="What the variant changes"),
        Binding(
            "f3,slash,ctrl+f,ctrl+underscore",
            "find",
            "Find",
            id="author.find",
            tooltip="Find and replace in all texts",
            show=False,
        ),
        Binding(
            "ctrl+l,L",
            "findings",
            "Findings",
            id="author.findings",
            tooltip="What makes the mail hard to believe",
            show=False,
        ),
        Binding("f7,ctrl+t,m", "make_detail", "Make a detail", id="author.make_detail", tooltip="Of the selected text"),
        Binding("f8,ctrl+r,s", "study", "Study", id="author.study", tooltip="Make a study of this scenario"),
        Binding(
            "f9,ctrl+o,e", "external_editor", "$EDITOR", id="author.external", tooltip="Edit the text in your editor"
        ),
        Binding("f12,ctrl+g,t", "toggle_raw", "As text", id="author.raw", tooltip="Edit the head as text", show=False),
        Binding(
            "b", "base", "Against base", id="author.base", tooltip="What this overlay changes in its base", show=False
        ),
        Binding("escape", "step_back", "Back", id="author.back", tooltip="To the inbox, then back", show=False),
    ]

    def __init__(self, document: ScenarioDocument, *, start: OpenScenario | None = None) -> None:
        """The document, at the place where one was when it was open before."""
        super().__init__(document)
        self._start = start
        self._called = reference_of(document.directory)
        self._notes_shown: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def compose(self) -> ComposeResult:
        """Three columns."""
        yield TitleBar(plain("Author"), plain(self._called))
        with Horizontal():
            with Vertical(id="left"):
                yield InboxList(id="inbox")
                yield Divider("author.details", sizes="after", low=4)
                with Vertical(id="details-pane"):
                    yield DetailsPanel(id="details")
                    yield DetailFacts(id="detail-facts")
            yield Divider("author.left", least=(20, 30))
            with TabbedContent(id="editor"):
                with TabPane("Text", id="tab-text"):
                    yield EditorPane(self, id="email")
                for tab in TABS:
                    with TabPane(plain(tab.capitalize()), id=f"tab-{tab}"):
                        yield RecordForm(tab)
            yield Divider("author.editor", least=(30, 30))
            yield PreviewColumn(id="preview-column")
        yield StudioFooter(compact=True)

    def on_mount(self) -> None:
        """Show the document; look at the disk whenever the terminal gets the focus back."""
        self.query_one(TitleBar).show(plain("Author"), plain(self._called), note=self.overlay_note)
        self.query_one(InboxList).border_title = "1 Inbox"
        self.query_one("#details-pane").border_title = "3 Details"
        self.add_class("-inbox")
        self.query_one(InboxList).focus()
        self.read_disk()
        self.show_now()
        self.check()
        self.lint_soon()
        self.watch(self.app, "app_focus", self._app_focused, init=False)
        self.set_interval(_WATCH_SECONDS, self.watch_disk)
        self.watch(self.app, "theme", self.draw, init=False)
        if isinstance(self.app, LooksApp):
            for look in ("close", "linear"):
                self.watch(self.app, look, self.draw, init=False)
        if self._start is not None:
            self.take_up(self._start)

    def on_screen_resume(self) -> None:
        """Another screen may have come back after a while."""
        self.look_at_disk()

    def _app_focused(self, focused: bool) -> None:
        if focused:
            self.look_at_disk()

    def palette_commands(self) -> list[Command]:
        """Everything that can be done here."""
        return list(COMMANDS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Emails alone can be copied, moved and deleted."""
        if action in {"duplicate_email", "delete_email", "move_email"}:
            return bool(self.email)
        if action == "base":
            return self.overlay is not None
        return True

    # Drawing. --------------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Bring every widget up to what is shown."""
        shown, asked, dark = self.shown, self.asked, self.dark
        notes = (self.unsaved(), self.changed_elsewhere)
        if notes != self._notes_shown:
            self._notes_shown = notes
            told = [
                f"{mark}: {len(files)} file{'s' if len(files) != 1 else ''}"
                for mark, files in zip(_NOTES, notes, strict=True)
                if files
            ]
            note = plain("  ".join(told), "bold $text-warning") if told else self.overlay_note
            self.query_one(TitleBar).show(plain("Author"), plain(self._called), note=note)
        self.query_one(InboxList).show_inbox(self.doubted(shown.inbox), shown.marks, dark, asked.file)
        self.query_one(DetailsPanel).show_details(shown.details, dark)
        self._draw_facts()
        self.query_one(PreviewColumn).show(shown, asked, dark)
        self._draw_text()
        if self.open_tab is not None:
            self.call_next(self.draw_form)

    @on(OptionList.OptionHighlighted, "#details")
    def _draw_facts(self) -> None:
        name = self.query_one(DetailsPanel).current
        row = next((row for row in self.shown.details if row.name == name), None)
        self.query_one(DetailFacts).show(row, self.dark)

    def _draw_text(self) -> None:
        editor = self.editor
        text = self.texts.get(self.asked.file, "")
        if editor.file != self.asked.file:
            editor.open(self.asked.file, text, self.shown.words)
            self.refresh_bindings()
        else:
            editor.sync(text, self.shown.words)
        editor.colour(self.shown.words, self.shown.marks, self.dark)
        editor.show_problems(self.draft.problems)
        editor.show_findings(self.findings)

    async def draw_form(self, key: str = "") -> None:
        """Bring the open form up to scenario.yaml."""
        tab, node = self.open_tab, self.draft.node
        if tab is None:
            return
        form, found = self.query_one(f"#form-{tab}", RecordForm), records(tab, node)
        chosen = next((record for record in found if record.key == (key or form.key)), None)
        wrong = record_problems(chosen, node, self.problems) if chosen is not None and node is not None else []
        await form.show(found, wrong, key)

    def draw_problems(self) -> None:
        """Bring list, head form and fields up to the problems."""
        self.query_one(PreviewColumn).show_problems(self.problems, self.asked.file)
        self.editor.show_problems(self.problems)
        self.call_next(self.draw_form)

    # What is selected. -----------------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted, "#inbox")
    def _text_chosen(self, event: OptionList.OptionHighlighted) -> None:
        self._choose(event.option.id or "")

    def _choose(self, file: str) -> None:
        if file and file != self.asked.file:
            self.select_text(file)
        self.show_in_preview(file)

    # What is typed. --------------------------------------------------------------------------------------------------

    def keep_text(self, file: str, text: str) -> None:
        """Put what is typed into the document; it is shown when the editor has announced it."""
        if file in self.texts:
            self.document.edit((file, text), f"type in {file}", merge_key=f"type {file}")

    def keep_head(self, file: str, field: str, value: str | list[str]) -> str:
        """Put a field of the head into the document, and give the file's text; what cannot be written is refused."""
        try:
            text = edits.set_head(self.texts[file], field, value, file)
        except StudioError as error:
            self.refuse(error)
            return self.texts[file]
        self.document.edit((file, text), f"{field} of {file}", merge_key=f"head {file} {field}")
        return text

    @on(EditorPane.Edited)
    def _typed(self, message: EditorPane.Edited) -> None:
        self.after_change(message.file)

    @on(EditorPane.CursorMoved)
    def _cursor_moved(self, message: EditorPane.CursorMoved) -> None:
        preview = self.query_one(PreviewPane)
        if self.editor.area.has_focus:
            found = line_of(self.shown.lines, message.file, message.line)
            if found is not None and found != preview.cursor_line:
                preview.go_to(found, around=True)
