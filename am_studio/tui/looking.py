"""Two versions of a text beside each other: what the disk has and what the editor has. It changes nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import MUTED, joined, plain

SAME = ("The texts are the same.",)


def compared(name: str, theirs: Sequence[str], mine: Sequence[str]) -> Iterator[str]:
    """What differs, as lines of a unified diff; none when the texts are the same."""
    return difflib.unified_diff(theirs, mine, f"{name} on disk", f"{name} in the editor", lineterm="")


class LookScreen(Dialog[None]):
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
