"""The table of effects on the screen: a cell cursor, for every number leads to the trials behind it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import DataTable

from am_studio.designs.base import BASELINE
from am_studio.records import EffectTable
from am_studio.reports.effect_table import Sheet, Source, effect_sheet
from am_studio.tui.results.state import (
    Order,
    ResultColumn,
    ResultRow,
    fitting_columns,
    ordered,
    result_rows,
    row_details,
    shown_cell,
    shown_title,
)
from am_studio.tui.strangers import plain_text

_SCROLLBAR = 2


class EffectsTable(DataTable[Text]):
    """Arms with rates, differences, forest and tests; as many columns as there is room for."""

    BINDING_GROUP_TITLE = "Effects"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Trials", id="results.trials", tooltip="Open the trials behind this number"),
    ]
    DEFAULT_CSS = """
    EffectsTable { height: 1fr; min-height: 4; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="cell", zebra_stripes=True)
        self._table: EffectTable | None = None
        self._sheet: Sheet | None = None
        self._rows: tuple[ResultRow, ...] = ()
        self._shown: tuple[ResultColumn, ...] = ()
        self.order = Order()

    def show(self, table: EffectTable, source: Source) -> None:
        """Show the effects of one outcome in one model."""
        self._table, self._sheet = table, effect_sheet(table, source)
        self._draw()

    def sort_by(self, column: str) -> None:
        """Sort by a column, the other way round, or not any more."""
        self.order = self.order.by(column)
        self._draw()

    def trials_of(self, row: str) -> str:
        """The arm whose trials stand behind a row; empty where all trials do."""
        if self._table is None:
            return row
        effects = self._table.effects
        if row == BASELINE and self._table.kind == "average":
            return ""
        return next((effect.source or effect.arm for effect in effects if effect.arm == row), row)

    @property
    def chosen(self) -> tuple[str, str] | None:
        """(arm, column) under the cursor."""
        row, column = self.cursor_coordinate
        if not (0 <= row < len(self._rows) and 0 <= column < len(self._shown)):
            return None
        return self._rows[row].arm, self._shown[column].key

    def column_at(self, index: int) -> str:
        """The column's key."""
        return self._shown[index].key

    @property
    def details(self) -> str:
        """The row under the cursor in words, with what its columns leave out."""
        if self._table is None or self._sheet is None or not 0 <= self.cursor_row < len(self._rows):
            return ""
        return row_details(self._table, self._rows[self.cursor_row], self._shown, self._sheet)

    def on_resize(self, _: Resize) -> None:
        """Other columns may fit now."""
        self._draw()

    def _draw(self) -> None:
        width = self.size.width - _SCROLLBAR
        if self._table is None or self._sheet is None or width <= 0:
            return
        chosen = self.chosen
        self._rows = ordered(result_rows(self._table, self._sheet), self.order)
        self._shown = fitting_columns(self._sheet, self._rows, width, self.order)
        self.clear(columns=True)
        for column in self._shown:
            self.add_column(_placed(shown_title(column, self._sheet), column), width=column.width)
        for row in self._rows:
            style = "bold" if row.clear else ""
            texts = [(shown_cell(row, column, self._sheet), column) for column in self._shown]
            self.add_row(*(_placed(text, column, style) for text, column in texts))
        self._return_to(chosen)

    def _return_to(self, chosen: tuple[str, str] | None) -> None:
        """Put the cursor where it was, by arm and column."""
        arm, key = chosen or ("", "")
        row = next((number for number, row in enumerate(self._rows) if row.arm == arm), 0)
        column = next((number for number, column in enumerate(self._shown) if column.key == key), 0)
        self.move_cursor(row=row, column=column)


def _placed(text: str, column: ResultColumn, style: str = "") -> Text:
    return plain_text(text.rjust(column.width) if column.right else text, style)
