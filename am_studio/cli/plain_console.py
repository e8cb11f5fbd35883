"""A console for `--plain`: tables become sentences, one fact after the other, and nothing is coloured, drawn or redrawn.

It stands in for rich's console wherever a command prints, so that no command has to know of it. Text is printed as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from am_studio.foundation.plainly import rows_told

WIDE = 100_000
"""Cells of a line: lines are broken by whatever reads them."""


class PlainConsole(Console):
    """Prints lines of text."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(
            stderr=stderr, width=WIDE, color_system=None, no_color=True, force_terminal=False, markup=False, emoji=False,
            highlight=False,
        )  # fmt: skip

    def print(self, *objects: Any, **options: Any) -> None:
        """Print these, tables as sentences."""
        for line in self._lines(objects):
            super().print(Text(line), soft_wrap=True)

    def _lines(self, objects: Iterable[Any]) -> Iterator[str]:
        for each in objects:
            if isinstance(each, Table):
                yield from table_told(each)
            elif isinstance(each, Group):
                yield from self._lines(each.renderables)
            else:
                yield each.plain if isinstance(each, Text) else str(each)


def table_told(table: Table) -> list[str]:
    """The rows of a table as sentences, its title before them; a table without a head is its cells, as they stand."""
    titles = [_text(column.header) for column in table.columns]
    rows = list(zip(*(map(_text, column.cells) for column in table.columns), strict=True))
    if not table.show_header:
        return ["  ".join(filter(None, row)) for row in rows]
    return [*([_text(table.title)] if table.title else []), *rows_told(titles, rows)]


def _text(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
