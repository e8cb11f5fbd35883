"""The table of effects on the screen: a cell cursor, for every number leads to the trials behind it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from am_studio.designs.base import BASELINE
from am_studio.foundation.cells import filled_up
from am_studio.records import EffectTable
from am_studio.reports.effect_table import Sheet, Source, effect_sheet
from am_studio.tui.linear import ToldTable
from am_studio.tui.results.state import (
    Order,
    ResultColumn,
    ResultRow,
    fact_told,
    fitting_columns,
    ordered,
    result_rows,
    row_details,
    row_told,
    shown_cell,
    shown_title,
    told_columns,
)
from am_studio.tui.strangers import plain_text


class EffectsTable(ToldTable):
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
        self._fact = 0
        """Which fact of a sentence the cursor is on."""
        self.order = Order()

    def show(self, table: EffectTable, source: Source) -> None:
        """Show the effects of one outcome in one model."""
        self._table, self._sheet = table, effect_sheet(table, source)
        self.redraw()

    def sort_by(self, column: str) -> None:
        """Sort by a column, the other way round, or not any more."""
        self.order = self.order.by(column)
        self.redraw()

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
        if self.linear:
            column = self._fact
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
        row = self._rows[self.cursor_row]
        if self.linear:
            return fact_told(row, self._shown[self._fact]) if self._shown else ""
        return row_details(self._table, row, self._shown, self._sheet)

    def action_cursor_left(self) -> None:
        """The column, or the fact, before."""
        if self.linear:
            self._go_to_fact(self._fact - 1)
        else:
            super().action_cursor_left()

    def action_cursor_right(self) -> None:
        """The next column, or fact."""
        if self.linear:
            self._go_to_fact(self._fact + 1)
        else:
            super().action_cursor_right()

    def _go_to_fact(self, fact: int) -> None:
        self._fact = min(max(fact, 0), len(self._shown) - 1)
        self.redraw()
        self.post_message(self.FactChosen())

    class FactChosen(Message):
        """The cursor is on another fact of the same sentence."""

    def sentences(self) -> list[tuple[str, str]]:
        """A sentence an arm; every fact in it can be gone to with left and right."""
        if self._table is None or self._sheet is None:
            return []
        before = self._shown[self._fact].key if self._fact < len(self._shown) else ""
        self._rows = ordered(result_rows(self._table, self._sheet), self.order)
        self._shown = told_columns(self._sheet)
        self._fact = next((n for n, column in enumerate(self._shown) if column.key == before), 0)
        style = {True: "bold", False: ""}
        return [(row_told(row, self._shown), style[row.clear]) for row in self._rows]

    def redraw(self) -> None:
        """Draw everything anew; the cursor stays on its arm."""
        chosen = self.chosen
        super().redraw()
        if self.linear and chosen is not None:
            self._return_to((chosen[0], ""))

    def draw_grid(self) -> None:
        """As many columns as there is room for."""
        width = self.room
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
    return plain_text(filled_up(text, column.width, right=True) if column.right else text, style)
