"""The selected text: an email as form and body, anything else (or a head that is no form) as plain text.

What is typed is handed over at once, and announced; what the document says is shown by `open` (another text) and `sync`
(the same text, changed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList, TextArea

from am_studio.foundation.errors import Problem
from am_studio.scenarios.lint.findings import Finding
from am_studio.tui.author.completion import Vocabulary
from am_studio.tui.author.head_form import HeadForm
from am_studio.tui.author.heads import body_start, field_problems, head_values
from am_studio.tui.author.marks import Mark
from am_studio.tui.author.steady import Steady
from am_studio.tui.author.template_area import TemplateArea
from am_studio.tui.strangers import plain


class KeepsTyping(Protocol):
    """Takes what is typed, in the step in which it appears."""

    def keep_text(self, file: str, text: str) -> None:
        """The whole text of a file."""
        ...

    def keep_head(self, file: str, field: str, value: str | list[str]) -> str:
        """A field of an email's head; the file's text with it, or as it was when that cannot be written."""
        ...


class EditorPane(Vertical):
    """Head form over text editor."""

    DEFAULT_CSS = """
    EditorPane HeadForm { display: none; }
    EditorPane.-email HeadForm { display: block; }
    EditorPane #doubt { height: 1; padding: 0 1; color: $text-warning; background: $boost; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    EditorPane.-doubted #doubt { display: block; }
    """

    @dataclass
    class Edited(Message):
        """Something was typed in this file, and handed over."""

        file: str

    @dataclass
    class CursorMoved(Message):
        """The cursor stands in this line of the file."""

        file: str
        line: int

    def __init__(self, keeper: KeepsTyping, *, id: str) -> None:
        super().__init__(id=id)
        self._keeper = keeper
        self.file = ""
        self.raw = False
        """Whether an email's head is edited as text."""
        self._known = ""
        """The file's text, as the document last said."""
        self._start = 0
        """Offset in it at which the editor's text begins."""
        self._findings: tuple[Finding, ...] = ()
        """What the lint objects to in the file."""

    def compose(self) -> ComposeResult:
        """Form, editor, and the completions that float over both."""
        yield HeadForm(self._keep_head, id="head")
        area = TemplateArea(self._keep_text, id="text")
        yield area
        yield area.popup
        yield Steady(id="doubt", steady=True)

    @property
    def area(self) -> TemplateArea:
        """The editor of the body."""
        return self.query_one(TemplateArea)

    # What is shown. --------------------------------------------------------------------------------------------------

    def open(self, file: str, text: str, words: Vocabulary) -> None:
        """Show this file from its beginning."""
        self.file = file
        self._know(text, words)
        self.area.load(text[self._start :])

    def sync(self, text: str, words: Vocabulary) -> None:
        """Show what became of the open file, the cursor at what changed."""
        self._know(text, words)
        self.area.show(text[self._start :])

    def colour(self, words: Vocabulary, marks: Mapping[str, Mark], dark: bool) -> None:
        """Use these names and colours."""
        self.area.know(words, marks, dark)

    def _know(self, text: str, words: Vocabulary) -> None:
        values = None if self.raw or not self.file.startswith("emails/") else head_values(text)
        self._known, self._start = text, body_start(text) if values is not None else 0
        self.set_class(values is not None, "-email")
        if values is not None:
            self.query_one(HeadForm).show(values, words)

    def show_problems(self, problems: Iterable[Problem]) -> None:
        """Say what is wrong with the head."""
        if self._start:
            mine = [problem for problem in problems if problem.place.file == self.file]
            self.query_one(HeadForm).show_problems(field_problems(self._known, mine))

    def show_findings(self, findings: Iterable[Finding]) -> None:
        """Mark the lines that the lint objects to, and tell of the one at the cursor."""
        self._findings = tuple(finding for finding in findings if finding.place.file == self.file)
        head = self._known.count("\n", 0, self._start)
        self.area.doubt(frozenset(max(finding.place.line - 1 - head, 0) for finding in self._findings))
        self.set_class(bool(self._findings), "-doubted")
        self._tell_finding()

    def _tell_finding(self) -> None:
        """The finding on the cursor's line, or else the last one above it, or the first."""
        if self._findings:
            line = self._known.count("\n", 0, self._start) + self.area.cursor_location[0] + 1
            above = [finding for finding in self._findings if finding.place.line <= line]
            finding, more = (above or self._findings[:1])[-1], len(self._findings) - 1
            others = f" (and {more} more here)" if more else ""
            told = f"? line {finding.place.line}: {finding.told}{others} · ctrl+l"
            self.query_one("#doubt", Steady).say(plain(told))

    # What is typed. --------------------------------------------------------------------------------------------------

    def _keep_text(self, body: str) -> None:
        if self.file:
            self._known = self._known[: self._start] + body
            self._keeper.keep_text(self.file, self._known)

    def _keep_head(self, field: str, value: str | list[str]) -> None:
        if self.file:
            self._known = self._keeper.keep_head(self.file, field, value)
            self._start = body_start(self._known)
            self.post_message(self.Edited(self.file))

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self.file))

    @on(OptionList.OptionSelected)
    def _completion_taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.area.take_completion()

    # Where the cursor is. --------------------------------------------------------------------------------------------

    @property
    def selected(self) -> tuple[int, int]:
        """Start and end of the selection, as offsets in the file's text."""
        start, end = self.area.selected
        return start + self._start, end + self._start

    @on(TextArea.SelectionChanged)
    def _cursor_moved(self, event: TextArea.SelectionChanged) -> None:
        event.stop()
        head = self._known.count("\n", 0, self._start)
        self._tell_finding()
        self.post_message(self.CursorMoved(self.file, head + event.selection.end[0] + 1))

    @property
    def cursor(self) -> tuple[int, int]:
        """Line and column of the file, counted from 1."""
        row, column = self.area.cursor_location
        return self._known.count("\n", 0, self._start) + row + 1, column + 1

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor on a line of the file, counted from 1; on the head's form where that shows it."""
        head = self._known.count("\n", 0, self._start)
        if self._start and line <= head:
            self.query_one(HeadForm).focus_line(self._known.split("\n")[line - 1] if line else "")
            return
        self.area.focus()
        row = min(max(line - 1 - head, 0), self.area.document.line_count - 1)
        self.area.move_cursor((row, max(column - 1, 0)), center=True)

    def select_range(self, start: int, end: int) -> None:
        """Select from one offset of the file's text to another."""
        if start >= self._start:
            self.area.focus()
            self.area.select_range(start - self._start, end - self._start)
        else:
            self.go_to(self._known.count("\n", 0, start) + 1)
