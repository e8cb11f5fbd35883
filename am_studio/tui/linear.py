"""Tables that can be told as sentences: a row each, as wide as the table, with the same cursor and the same keys.

A table of this kind says what its rows are in words (`sentences`) and draws its grid itself (`draw_grid`). Which of the two
is shown is a setting, looked at whenever it changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import App
from textual.events import Resize
from textual.widgets import DataTable

from am_studio.tui.looks import LooksApp, is_linear
from am_studio.tui.strangers import plain_text

_SCROLLBAR = 2
_LEAST = 10


class ToldTable(DataTable[Text]):
    """A table, or its rows as sentences."""

    def on_mount(self) -> None:
        """Follow the setting."""
        app: App[object] = self.app
        if isinstance(app, LooksApp):
            self.watch(app, "linear", self.redraw, init=False)

    def on_resize(self, _: Resize) -> None:
        """Other columns may fit now, and sentences break elsewhere."""
        self.redraw()

    @property
    def linear(self) -> bool:
        """Whether rows are sentences now."""
        return is_linear(self)

    @property
    def room(self) -> int:
        """Cells for a row."""
        return self.size.width - _SCROLLBAR

    def redraw(self) -> None:
        """Draw everything anew; the cursor stays on its row."""
        if self.linear:
            self.tell(self.sentences())
        else:
            self.show_header = True
            self.draw_grid()

    def draw_grid(self) -> None:
        """Draw the rows in columns."""
        raise NotImplementedError

    def sentences(self) -> Sequence[tuple[str, str]]:
        """(sentence, style) of each row."""
        raise NotImplementedError

    def tell(self, told: Sequence[tuple[str, str]]) -> None:
        """Draw these sentences; the cursor stays on its row."""
        if self.room <= 0:
            return
        at, scrolled = self.cursor_row, self.scroll_offset
        self.show_header = False
        self.clear(columns=True)
        self.add_column("", width=max(self.room - 2 * self.cell_padding, _LEAST))
        for sentence, style in told:
            self.add_row(plain_text(sentence, style), height=None)
        if told:
            self.move_cursor(row=min(max(at, 0), len(told) - 1), column=0)
            self.scroll_to(scrolled.x, scrolled.y, animate=False)
