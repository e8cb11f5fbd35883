"""A dialog to pick one of several lines by arrows, enter, the mouse, or by typing part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import MUTED, joined, plain
from am_studio.tui.widgets import DIALOG_CSS


class PickScreen(Dialog[int | None]):
    """The result is the index of what was picked; None when it was left by escape."""

    DEFAULT_CSS = (
        DIALOG_CSS.format(name="PickScreen")
        + """
    PickScreen > Vertical { width: 92; }
    PickScreen OptionList { height: auto; max-height: 14; border: none; background: $surface; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="pick.leave", tooltip="Pick nothing"),
        Binding("down", "move(1)", "Down", id="pick.down", tooltip="The line below", show=False),
        Binding("up", "move(-1)", "Up", id="pick.up", tooltip="The line above", show=False),
        Binding("f1,question_mark", "app.help", "Help", id="pick.help", tooltip="What every key does here", show=False),
    ]

    def __init__(self, title: Content, lines: Sequence[tuple[str, str]]) -> None:
        """Each line is (what it is called, what else there is to say of it)."""
        super().__init__()
        self._title, self._lines = title, tuple(lines)

    def compose(self) -> ComposeResult:
        """Title, words to narrow it by, the lines."""
        with Vertical():
            yield Label(self._title, classes="dialog--title")
            yield Input(placeholder="type to narrow it; enter picks", compact=True)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Show all."""
        self.query_one(Input).focus()
        self._narrow()

    @on(Input.Changed)
    def _narrow(self) -> None:
        words = self.query_one(Input).value.casefold().split()
        shown = self.query_one(OptionList)
        shown.clear_options()
        for number, (name, told) in enumerate(self._lines):
            if all(word in f"{name} {told}".casefold() for word in words):
                shown.add_option(Option(joined(plain(name), plain(f"  {told}", MUTED)), id=str(number)))
        shown.highlighted = 0 if shown.option_count else None

    def action_move(self, step: int) -> None:
        """To the line below or above."""
        shown = self.query_one(OptionList)
        if shown.option_count:
            shown.highlighted = ((shown.highlighted or 0) + step) % shown.option_count

    @on(Input.Submitted)
    def _taken(self) -> None:
        shown = self.query_one(OptionList)
        if shown.highlighted is not None:
            self.dismiss(int(shown.get_option_at_index(shown.highlighted).id or 0))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option_id or 0))

    def action_leave(self) -> None:
        """Pick nothing."""
        self.dismiss(None)
