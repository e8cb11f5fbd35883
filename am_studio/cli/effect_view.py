"""The table of effects in a terminal: at 80 columns in two tables, in one where there is room, as plain text in a pipe.

Computes nothing and reads no run: it lays out a `Sheet`. No meaning rests on colour alone: what excludes 0 is in the
numbers, in the drawing and in the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from am_studio.cli.console import stdout_console
from am_studio.foundation.cells import cells
from am_studio.foundation.hygiene import in_ascii
from am_studio.foundation.plainly import plainly, spoken
from am_studio.records import EffectTable
from am_studio.reports.effect_table import Column, Row, Sheet, Source, effect_sheet
from am_studio.reports.effect_told import sheet_told, spoken_legend
from am_studio.reports.forest import forest_cell, zero_cell
from am_studio.reports.nuisance_tables import nuisance_lines
from am_studio.reports.numbers import points
from am_studio.reports.sentence import finding
from am_studio.reports.side_tables import side_lines

FOREST_WIDTHS = (9, 41)
"""Least and greatest width of a forest cell."""
_GAP = 2
_LABEL_WIDTHS = (19, 24)
"""A label is broken into lines of the first width, or longer where a word is; one up to the second is kept whole."""
_STRONG = "bold"
_ASCII = box.Box("\n".join(["    ", "    ", " -- ", "    ", "    ", "    ", "    ", "    "]) + "\n", ascii=True)
"""A rule under the head and nothing else, like `box.SIMPLE_HEAD`."""


def show_effects(table: EffectTable, source: Source, console: Console | None = None) -> None:
    """Print the table to stdout (or `console`), at the width of the terminal."""
    console = console or stdout_console()
    if plainly() and not console.record:
        for line in plain_effects(table, source):
            console.print(Text(line))
        return
    console.print(effect_view(table, source, console.width, ascii_only=not _has_unicode(console)))


def effect_view(table: EffectTable, source: Source, width: int, *, ascii_only: bool = False) -> RenderableType:
    """The stamp, the finding, the table (as many as the width needs), the notes and the legend."""
    sheet = effect_sheet(table, source)
    parts: list[RenderableType] = []
    if sheet.stamp:
        parts += [_text(sheet.stamp, "bold reverse", ascii_only), Text()]
    if sheet.exploratory:
        parts += [_text(sheet.exploratory, "bold reverse", ascii_only), Text()]
    parts += [_text(sheet.title, _STRONG, ascii_only), Text()]
    for columns in _blocks(sheet, width):
        parts += [_table(sheet, columns, width, ascii_only), Text()]
    parts += [_text(finding(table), "", ascii_only), Text()]
    for beside in (side_lines(table, width), nuisance_lines(table, width)):
        parts += [_text(line, "", ascii_only) for line in beside] + ([Text()] if beside else [])
    parts += [_text(note, "", ascii_only) for note in sheet.notes]
    parts += [_text(line, "dim", ascii_only) for line in sheet.legend]
    return Group(*parts)


def plain_effects(table: EffectTable, source: Source) -> list[str]:
    """The same, one fact after the other: a sentence a row, and nothing drawn."""
    sheet = effect_sheet(table, source)
    beside = [*side_lines(table), *nuisance_lines(table)]
    told = [*filter(None, (sheet.stamp, sheet.exploratory)), sheet.title, *sheet_told(sheet), spoken(finding(table))]
    return [*told, *beside, *sheet.notes, *spoken_legend(sheet)]


def _blocks(sheet: Sheet, width: int) -> list[list[int]]:
    """Which columns go in which table: all in one when they fit, else the essential ones first; each has the labels."""
    everything = list(range(len(sheet.columns)))
    if _needed(sheet, everything) <= width:
        return [everything]
    essential = [number for number in everything[1:] if sheet.columns[number].essential]
    blocks = _packed(sheet, essential, width, [[0]])
    if len(blocks) == 1:
        blocks.append([0])
    return _packed(sheet, [number for number in everything[1:] if number not in essential], width, blocks)


def _packed(sheet: Sheet, columns: Sequence[int], width: int, blocks: list[list[int]]) -> list[list[int]]:
    """The blocks with these columns added, each to the last block as long as it fits."""
    for number in columns:
        if len(blocks[-1]) > 1 and _needed(sheet, [*blocks[-1], number]) > width:
            blocks = [*blocks, [0]]
        blocks[-1].append(number)
    return blocks


def _needed(sheet: Sheet, columns: Sequence[int]) -> int:
    """The least width of a table with these columns: labels broken into lines, forest cells at their least."""
    return sum(_least(sheet, number) for number in columns) + _GAP * (len(columns) - 1)


def _least(sheet: Sheet, number: int) -> int:
    column = sheet.columns[number]
    if column.key == "forest":
        return FOREST_WIDTHS[0]
    widest = max(cells(text) for text in (column.title, *(row.cells[number] for row in sheet.rows)))
    if number > 0:
        return widest
    longest_word = max(cells(word) for row in sheet.rows for word in row.cells[0].split())
    return max(longest_word, min(widest, _LABEL_WIDTHS[0]))


def _shared(sheet: Sheet, columns: Sequence[int], width: int) -> tuple[int, int]:
    """The widths of the labels and of the forest cells: whole labels first when they are short, the rest to the forest."""
    spare = max(width - _needed(sheet, columns), 0)
    least, whole = _least(sheet, 0), max(cells(row.cells[0]) for row in sheet.rows)
    label = whole if least <= whole <= min(least + spare, _LABEL_WIDTHS[1]) else least
    return label, min(FOREST_WIDTHS[0] + spare - (label - least), FOREST_WIDTHS[1])


def _table(sheet: Sheet, columns: Sequence[int], width: int, ascii_only: bool) -> Table:
    label, forest = _shared(sheet, columns, width)
    table = Table(box=_ASCII if ascii_only else box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number in columns:
        column = sheet.columns[number]
        is_forest = column.key == "forest"
        title = _axis_title(sheet, forest) if is_forest else column.title
        table.add_column(
            _text(title, "", ascii_only),
            justify=column.align,
            width=label if number == 0 else None,
            no_wrap=number > 0,
            overflow="fold",
        )
    for row in sheet.rows:
        table.add_row(*(_cell(sheet, row, number, forest, ascii_only) for number in columns))
    return table


def _cell(sheet: Sheet, row: Row, number: int, forest: int, ascii_only: bool) -> Text:
    column: Column = sheet.columns[number]
    style = _STRONG if row.clear and column.key in {"removed", "difference", "forest"} else ""
    if column.key != "forest":
        return _text(row.cells[number], style, ascii_only)
    lo, hi = sheet.axis
    if row.span is None:
        return Text(zero_cell(forest, lo=lo, hi=hi, ascii_only=ascii_only))
    return Text(forest_cell(*row.span, forest, lo=lo, hi=hi, ascii_only=ascii_only), style)


def _axis_title(sheet: Sheet, width: int) -> str:
    """The ends of the forest cells' range, in points, at the ends of the column."""
    left, right = (points(end) for end in sheet.axis)
    return left + " " * max(width - len(left) - len(right), 1) + right


def _text(text: str, style: str, ascii_only: bool) -> Text:
    """Text that is shown as it stands; in ASCII where nothing else can be shown."""
    return Text(in_ascii(text) if ascii_only else text, style)


def _has_unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
