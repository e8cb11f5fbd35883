"""A report as plain text at any width: for a terminal, a log, a mail. No colour, and an ASCII form of everything drawn.

A table that is too wide is shown in several, each with the labels of its rows; a label that is too long is broken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from am_studio.foundation.cells import cells, filled_up, wrapped
from am_studio.foundation.hygiene import in_ascii, one_line, visible
from am_studio.foundation.plainly import figures_told, plainly
from am_studio.reports.document.blocks import (
    Bar,
    Block,
    Cell,
    Example,
    Examples,
    Facts,
    Figure,
    Folded,
    Grid,
    Points,
    Report,
    Text,
)
from am_studio.reports.document.markdown import cell_text
from am_studio.reports.forest import forest_cell, zero_cell
from am_studio.reports.numbers import points

NARROWEST = 40
_GAP = 2
_BAR_WIDTHS = (12, 41)
_LABEL = 19
_LONGEST_EXAMPLE = 2_000


def report_lines(report: Report, width: int, *, ascii_only: bool = False) -> list[str]:
    """The whole report in lines of at most `width` characters (40 at least, longer words excepted)."""
    writer = Writer(max(width, NARROWEST), ascii_only)
    lines = [*writer.wrapped(report.title), writer.rule("="), *writer.wrapped(report.subtitle), ""]
    lines += [*writer.wrapped(report.stamp), ""] if report.stamp else []
    for reason in report.exploratory:
        lines += writer.wrapped(f"EXPLORATORY, not the planned analysis: {reason}")
    for finding in report.findings:
        lines += ["", *writer.wrapped(finding)]
    for section in report.sections:
        lines += ["", *writer.wrapped(section.title), writer.rule("=" if section.level == 2 else "-"), ""]
        lines += writer.blocks(section.blocks)
    lines += ["", *writer.wrapped(report.colophon)]
    if plainly():
        lines = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return [writer.plain(line) for line in lines]


class Writer:
    """Lays blocks out at one width."""

    def __init__(self, width: int, ascii_only: bool) -> None:
        self.width = width
        self.ascii_only = ascii_only

    def plain(self, line: str) -> str:
        """The line, in ASCII where nothing else can be shown."""
        return in_ascii(line) if self.ascii_only else line

    def rule(self, mark: str) -> str:
        """A line across."""
        if plainly():
            return ""
        return mark * min(self.width, 80)

    def wrapped(self, text: str, indent: str = "", first: str | None = None) -> list[str]:
        """A paragraph in lines."""
        start = indent if first is None else first
        return wrapped(one_line(text), self.width, indent, start) or [""]

    def blocks(self, blocks: Iterable[Block]) -> list[str]:
        """The blocks, empty lines between them."""
        lines: list[str] = []
        for block in blocks:
            told = list(self._block(block))
            if told:
                lines += [*([""] if lines else []), *told]
        return lines

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Text(paragraphs, tone):
                for text in paragraphs:
                    yield from self._lines(text) if tone == "paper" else self.wrapped(text)
            case Points(items):
                for what, about in items:
                    yield from self.wrapped(f"{what} {about}".strip(), "  ", "- ")
            case Facts(pairs):
                for name, value in pairs:
                    yield from self.wrapped(f"{name}: {value}", "  ", "")
            case Grid():
                yield from self.grid(block)
            case Figure():
                return
            case Folded(summary, inner):
                yield f"{summary}:"
                yield ""
                yield from self.blocks(inner)
            case Examples(how, items):
                yield from self.wrapped(how)
                for item in items:
                    yield ""
                    yield from self._example(item)

    def _lines(self, text: str) -> Iterator[str]:
        """Lines as they stand where they fit, wrapped where they do not."""
        for line in visible(text).splitlines():
            yield from [line] if cells(line) <= self.width else self.wrapped(line)

    def _example(self, item: Example) -> Iterator[str]:
        yield from self.wrapped(f"{item.title} ({item.drawn})")
        if item.verdict:
            yield from self.wrapped(item.verdict)
        for turn in item.turns:
            said = "".join(f">>{piece.text}<<" if piece.marked else piece.text for piece in turn.pieces)
            cut = f"{said[:_LONGEST_EXAMPLE]} [...]" if len(said) > _LONGEST_EXAMPLE else said
            for line in visible(cut).splitlines():
                yield from self.wrapped(line, "  | ", "  | ") if line.strip() else ["  |"]
        for action in item.actions:
            yield from self.wrapped(action, "    ", "  * ")

    # Tables. ---------------------------------------------------------------------------------------------------------

    def grid(self, grid: Grid) -> Iterator[str]:
        """The table, in as many as the width needs, with its notes."""
        yield from self.wrapped(grid.caption)
        if plainly():
            for line in (*_told(grid), *grid.notes):
                yield from self.wrapped(line)
            return
        for numbers in self._packed(grid):
            yield ""
            yield from self._table(grid, numbers)
        for note in grid.notes:
            yield from self.wrapped(note)

    def _packed(self, grid: Grid) -> list[list[int]]:
        blocks: list[list[int]] = [[0]]
        for number in range(1, len(grid.columns)):
            needed = sum(_least(grid, n) + _GAP for n in (*blocks[-1], number)) - _GAP
            if len(blocks[-1]) > 1 and needed > self.width:
                blocks.append([0])
            blocks[-1].append(number)
        return blocks

    def _table(self, grid: Grid, numbers: Sequence[int]) -> Iterator[str]:
        widths = self._widths(grid, numbers)
        yield from self._row(grid, numbers, widths, [self._head(grid, n, widths[n]) for n in numbers])
        yield ("-" if self.ascii_only else "─") * (sum(widths.values()) + _GAP * (len(numbers) - 1))
        for row in grid.rows:
            yield from self._row(grid, numbers, widths, [self._cell(row[n], widths[n]) for n in numbers])

    def _widths(self, grid: Grid, numbers: Sequence[int]) -> dict[int, int]:
        """The least widths, and what is to spare: to words that would be broken, then to bars."""
        widths = {n: _least(grid, n) for n in numbers}
        spare = max(self.width - sum(widths.values()) - _GAP * (len(numbers) - 1), 0)
        for n in (*(n for n in numbers if not _is_bar(grid, n)), *(n for n in numbers if _is_bar(grid, n))):
            wanted = _BAR_WIDTHS[1] if _is_bar(grid, n) else _widest(grid, n)
            more = min(max(wanted - widths[n], 0), spare)
            widths[n], spare = widths[n] + more, spare - more
        return widths

    def _row(self, grid: Grid, numbers: Sequence[int], widths: dict[int, int], cells: list[str]) -> Iterator[str]:
        broken = [
            _broken(text, widths[n]) if grid.columns[n].align == "left" and not _is_bar(grid, n) else [text]
            for n, text in zip(numbers, cells, strict=True)
        ]
        for parts in itertools.zip_longest(*broken, fillvalue=""):
            yield (
                (" " * _GAP)
                .join(
                    filled_up(part, widths[n], right=grid.columns[n].align != "left")
                    for n, part in zip(numbers, parts, strict=True)
                )
                .rstrip()
            )

    def _head(self, grid: Grid, number: int, width: int) -> str:
        bar = next((row[number] for row in grid.rows if isinstance(row[number], Bar)), None)
        if not isinstance(bar, Bar):
            return one_line(grid.columns[number].title)
        left, right = (points(end) for end in bar.axis)
        return left + " " * max(width - len(left) - len(right), 1) + right

    def _cell(self, cell: Cell, width: int) -> str:
        if not isinstance(cell, Bar):
            return _words(cell)
        low, high = cell.axis
        if cell.span is None:
            return zero_cell(width, lo=low, hi=high, ascii_only=self.ascii_only)
        return forest_cell(*cell.span, width, lo=low, hi=high, ascii_only=self.ascii_only)


def _words(cell: Cell) -> str:
    return one_line(cell_text(cell))


def _is_bar(grid: Grid, number: int) -> bool:
    return any(isinstance(row[number], Bar) for row in grid.rows)


def _least(grid: Grid, number: int) -> int:
    """The least width of a column; words on the left may be broken, figures may not."""
    if _is_bar(grid, number):
        return _BAR_WIDTHS[0]
    widest = _widest(grid, number)
    return min(widest, _LABEL) if grid.columns[number].align == "left" else widest


def _widest(grid: Grid, number: int) -> int:
    told = (_words(row[number]) for row in grid.rows)
    return max(cells(text) for text in (one_line(grid.columns[number].title), *told))


def _broken(text: str, width: int) -> list[str]:
    return wrapped(text, width) or [""]


def _told(grid: Grid) -> list[str]:
    """The rows as sentences; what bars draw stands in the figures beside them."""
    numbers = [n for n in range(len(grid.columns)) if not _is_bar(grid, n)]
    return figures_told(
        [one_line(grid.columns[n].title) for n in numbers], [[_words(row[n]) for n in numbers] for row in grid.rows]
    )
