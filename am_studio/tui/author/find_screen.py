"""Find and replace over all texts of a scenario. Finds at once; replaces only when told to, as one change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, OptionList, Static

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.edits import Match
from am_studio.tui.author.row_list import ListRow, RowList
from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import MUTED, joined, plain

SHOWN = 200
"""How many finds are listed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for, and how."""

    needle: str
    regex: bool = False
    case: bool = False


@dataclass(frozen=True, slots=True)
class GoTo:
    """The author wants to see this find."""

    match: Match


@dataclass(frozen=True, slots=True)
class Replace:
    """The author wants every find replaced."""

    wanted: Wanted
    by: str


class Tick(Checkbox):
    """A checkbox whose box is empty when it is off, so that no colour is needed to see it."""

    BUTTON_LEFT = "["
    BUTTON_RIGHT = "]"
    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Fill or empty the box."""
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


class FindScreen(Dialog[GoTo | Replace | None]):
    """What to find, what to write instead, and what was found."""

    DEFAULT_CSS = """
    FindScreen { align: center top; }
    FindScreen > Vertical {
        width: 90; max-width: 95%; height: auto; max-height: 90%; margin-top: 1;
        padding: 0 1; background: $surface; border: round $primary; border-title-color: $text-primary;
    }
    FindScreen Horizontal { height: auto; }
    FindScreen Checkbox { width: auto; border: none; padding: 0 1 0 0; background: transparent; }
    FindScreen Button { margin-left: 1; width: auto; min-width: 8; }
    FindScreen #found-count { width: 1fr; height: auto; color: $text-muted; }
    FindScreen RowList { height: auto; min-height: 1; max-height: 14; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", id="find.leave", tooltip="Change nothing"),
        Binding("ctrl+r,f8", "replace", "Replace all", id="find.replace", tooltip="Replace every find, as one change"),
    ]

    def __init__(self, find: Callable[[Wanted], Sequence[Match]], needle: str = "") -> None:
        super().__init__()
        self._find = find
        self._needle = needle
        self._matches: tuple[Match, ...] = ()

    def compose(self) -> ComposeResult:
        """Two lines, two switches, what was found."""
        with Vertical() as frame:
            frame.border_title = "Find and replace in all texts"
            yield Input(self._needle, placeholder="find", id="needle", compact=True)
            yield Input(placeholder="replace by (empty: delete)", id="by", compact=True)
            with Horizontal():
                yield Tick("regular expression", id="regex")
                yield Tick("match case", id="case")
            yield RowList(id="found")
            with Horizontal():
                yield Static("Type to find.", id="found-count")
                yield Button("Replace all", id="replace", variant="warning", compact=True)

    def on_mount(self) -> None:
        """What was selected is looked for at once."""
        self.query_one("#needle", Input).focus()
        self._look()

    @property
    def _wanted(self) -> Wanted:
        return Wanted(
            self.query_one("#needle", Input).value,
            self.query_one("#regex", Checkbox).value,
            self.query_one("#case", Checkbox).value,
        )

    @on(Input.Changed, "#needle")
    @on(Checkbox.Changed)
    def _look(self) -> None:
        wrong = ""
        try:
            self._matches = tuple(self._find(self._wanted)) if self._wanted.needle else ()
        except StudioError as error:
            self._matches, wrong = (), f"{error.title}: {error.detail}" if error.detail else error.title
        rows = [ListRow(str(index), _drawn(match)) for index, match in enumerate(self._matches[:SHOWN])]
        self.query_one(RowList).show(rows)
        files = len({match.file for match in self._matches})
        found = f"{len(self._matches)} found in {files} texts" if self._wanted.needle else "Type to find."
        self.query_one("#found-count", Static).update(plain(wrong or found))
        self.query_one("#replace", Button).disabled = not self._matches

    @on(OptionList.OptionSelected)
    def _show_one(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(GoTo(self._matches[int(event.option.id or 0)]))

    @on(Input.Submitted, "#needle")
    def _to_the_list(self) -> None:
        self.query_one(RowList).focus()

    @on(Input.Submitted, "#by")
    @on(Button.Pressed, "#replace")
    def action_replace(self) -> None:
        """Replace every find."""
        if self._matches:
            self.dismiss(Replace(self._wanted, self.query_one("#by", Input).value))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)


def _drawn(match: Match) -> Content:
    return joined(plain(f"{match.file}:{match.line}  ", MUTED), plain(match.excerpt))
