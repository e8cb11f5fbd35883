"""The board's table: an arm a row, changed only where something changed, so that a fast run costs the screen little."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate

from am_studio.foundation.cells import filled_up
from am_studio.runs.follow import Snapshot
from am_studio.runs.runfile import Key
from am_studio.tui.board.state import ArmColumn, ArmRow, arm_columns, arm_rows, arm_told, axis, axis_title, cell
from am_studio.tui.linear import ToldTable
from am_studio.tui.strangers import plain_text


class ArmsTable(ToldTable):
    """Arms with counts, rates, differences and the forest forming."""

    BINDING_GROUP_TITLE = "Arms"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Trials", id="board.trials", tooltip="Open the trials of this arm"),
    ]
    DEFAULT_CSS = """
    ArmsTable { height: 1fr; min-height: 4; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=True)
        self._snapshot: Snapshot | None = None
        self._columns: tuple[ArmColumn, ...] = ()
        self._titles: tuple[str, ...] = ()
        self._arms: tuple[ArmRow, ...] = ()
        self._texts: list[list[str]] = []

    def show(self, snapshot: Snapshot) -> None:
        """Show this picture of the run."""
        self._snapshot = snapshot
        width = self.room
        if width <= 0:
            return
        rows = arm_rows(snapshot)
        if self.linear:
            self._tell(rows)
            return
        columns = arm_columns(snapshot, rows, width)
        span = axis(rows)
        texts = [[cell(row, column, span) for column in columns] for row in rows]
        titles = tuple(_title(column, rows) for column in columns)
        if titles != self._titles or columns != self._columns or _keys(rows) != _keys(self._arms):
            self._columns, self._titles = columns, titles
            self._rebuild(texts)
        else:
            self._change(texts)
        self._arms, self._texts = rows, texts

    @property
    def chosen(self) -> Key | None:
        """Arm and model of the row under the cursor."""
        row = self.cursor_row
        return (self._arms[row].arm, self._arms[row].model) if 0 <= row < len(self._arms) else None

    def redraw(self) -> None:
        """Show the picture anew."""
        self._titles, self._texts = (), []
        self.show_header = not self.linear
        if self._snapshot is not None:
            self.show(self._snapshot)

    def _tell(self, rows: tuple[ArmRow, ...]) -> None:
        several = len({row.model for row in rows}) > 1
        texts = [[arm_told(row, self._snapshot, several_models=several)] for row in rows if self._snapshot is not None]
        if texts != self._texts:
            self.tell([(text, "") for (text,) in texts])
        self._arms, self._texts = rows, texts

    def _rebuild(self, texts: list[list[str]]) -> None:
        cursor, scrolled = self.cursor_row, self.scroll_offset
        self.clear(columns=True)
        for column, title in zip(self._columns, self._titles, strict=True):
            self.add_column(_shown(title, column), width=column.width)
        for line in texts:
            self.add_row(*(_shown(text, column) for text, column in zip(line, self._columns, strict=True)))
        self.move_cursor(row=min(cursor, len(texts) - 1), scroll=False)
        self.scroll_to(scrolled.x, scrolled.y, animate=False)

    def _change(self, texts: list[list[str]]) -> None:
        for row, (old, new) in enumerate(zip(self._texts, texts, strict=True)):
            for column, (before, now) in enumerate(zip(old, new, strict=True)):
                if before != now:
                    self.update_cell_at(Coordinate(row, column), _shown(now, self._columns[column]))


def _title(column: ArmColumn, rows: tuple[ArmRow, ...]) -> str:
    return axis_title(rows, column.width) if column.key == "forest" else column.title


def _keys(rows: tuple[ArmRow, ...]) -> list[Key]:
    return [(row.arm, row.model) for row in rows]


def _shown(text: str, column: ArmColumn) -> Text:
    return plain_text(filled_up(text, column.width, right=True) if column.right else text)
