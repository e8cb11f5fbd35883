"""The list of a scenario's texts: system prompt, task, and the inbox in its order. Announces what is asked of it; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from am_studio.tui.author.marks import Mark
from am_studio.tui.author.row_list import ListRow, RowList
from am_studio.tui.author.state import InboxRow
from am_studio.tui.looks import is_close
from am_studio.tui.strangers import MUTED, joined, plain


class InboxList(RowList):
    """Rows of texts; two lines for an email, the letters of the details that touch it at the end of the first."""

    BINDING_GROUP_TITLE = "Inbox"
    HELP = "The texts of the scenario. Letters name the details that touch a text; `off`: not in the previewed variant; `!`: it has errors; `?`: hard to believe, ctrl+l tells why."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.edit_text", "Edit", id="inbox.edit", tooltip="Edit the selected text"),
        Binding("a", "screen.add_email", "Add", id="inbox.add", tooltip="Add an email after the selected one"),
        Binding(
            "d",
            "screen.duplicate_email",
            "Duplicate",
            id="inbox.duplicate",
            tooltip="Copy the selected email",
            show=False,
        ),
        Binding(
            "delete,x",
            "screen.delete_email",
            "Delete",
            id="inbox.delete",
            tooltip="Delete the email (undo: u)",
            show=False,
        ),
        Binding(
            "shift+up,K", "screen.move_email('up')", "Earlier", id="inbox.up", tooltip="Move the email up", show=False
        ),
        Binding(
            "shift+down,J",
            "screen.move_email('down')",
            "Later",
            id="inbox.down",
            tooltip="Move the email down",
            show=False,
        ),
        Binding(
            "r",
            "screen.toggle_raw",
            "As text",
            id="inbox.raw",
            tooltip="Edit head and body together as text",
            show=False,
        ),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._known: tuple[Mapping[str, Mark], bool, bool] = ({}, True, False)
        self._contents: dict[InboxRow, Content] = {}

    def show_inbox(self, rows: Sequence[InboxRow], marks: Mapping[str, Mark], dark: bool, current: str) -> None:
        """Show these texts."""
        close = is_close(self)
        if self._known != (marks, dark, close):
            self._known, self._contents = (marks, dark, close), {}
        contents = {row: self._contents.get(row) or _drawn(row, marks, dark, close=close) for row in rows}
        self._contents = contents
        self.show([ListRow(row.file, content) for row, content in contents.items()], current)


def _drawn(row: InboxRow, marks: Mapping[str, Mark], dark: bool, *, close: bool) -> Content:
    """Two lines for an email; `close`: one, without its date."""
    style = MUTED if row.off else ""
    signs = [plain(" !", "bold $text-error")] if row.errors or row.unread else []
    signs += [plain(" ?", "bold $text-warning")] if row.findings else []
    first = [
        plain(row.who, style if row.off else "bold"),
        *signs,
        plain(" "),
        coloured_letters(row.details, marks, dark),
    ]
    if not row.sent and not row.subject:
        return joined(*first)
    when = plain(row.sent[5:16].replace("T", " "), MUTED)
    off = [plain("off ", "bold $text-muted")] if row.off else []
    if close:
        return joined(*first, plain(" "), *off, plain(row.subject, style))
    return joined(joined(*first), plain("\n"), when, plain(" "), *off, plain(row.subject, style))


def coloured_letters(details: Sequence[str], marks: Mapping[str, Mark], dark: bool) -> Content:
    """The letters of these details, each in its colour."""
    known = sorted((marks[name] for name in details if name in marks), key=lambda mark: mark.index)
    return joined(*(plain(mark.letter, f"bold {mark.colour(dark)}") for mark in known))
