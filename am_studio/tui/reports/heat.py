"""A heat map in characters: how far each detail moves the rate in each model, as a shade, a colour and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from am_studio.foundation.plainly import plainly
from am_studio.tui.strangers import MUTED, joined, plain

if TYPE_CHECKING:
    from am_studio.reports.plots.drawings import Heat, HeatCell

_SHADES = " ░▒▓█"
"""From hardly any change to half of all trials or more."""
_FULL = 0.5
_LABELS = (12, 26)
_COLUMNS = (9, 18)


def heat_map(heat: Heat, width: int) -> Content:
    """The map in lines of at most `width` characters, as many columns as fit; a `*` where the interval leaves 0 out."""
    longest = max((cell_len(row) for row in heat.rows), default=0)
    label = min(max(longest, _LABELS[0]), _LABELS[1])
    count = max(min(len(heat.columns), (width - label) // (_COLUMNS[0] + 2)), 1)
    column = min(max((width - label) // count - 2, _COLUMNS[0]), _COLUMNS[1])
    lines = [_line("", [plain(_sized(name, column), "bold") for name in heat.columns[:count]], label)]
    for name, cells in zip(heat.rows, heat.cells, strict=True):
        lines.append(_line(name, [_cell(cell, column) for cell in cells[:count]], label))
    more = len(heat.columns) - count
    lines.append(
        plain(
            f"and {more} more in the table below"
            if more > 0
            else "−: the rate falls, +: it rises; *: the interval leaves 0 out",
            MUTED,
        )
    )
    return joined(*lines, between="\n")


def _line(name: str, cells: Sequence[Content], label: int) -> Content:
    return joined(plain(_sized(name, label)), *cells, between="  ")


def _cell(cell: HeatCell, column: int) -> Content:
    if cell.value is None:
        return plain(_sized("–", column), MUTED)
    share = min(abs(cell.value) / _FULL, 1.0)
    told = f" {cell.text}{'*' if cell.strong else ''}"
    shade = " " if plainly() else _SHADES[round(share * (len(_SHADES) - 1))]
    bar = shade * max(column - cell_len(told), 1)
    style = "$text-error" if cell.value > 0 else "$text-primary"
    return joined(plain(bar, style), plain(told, "bold" if cell.strong else ""))


def _sized(text: str, size: int) -> str:
    return set_cell_size(text if cell_len(text) <= size else set_cell_size(text, size - 1) + "…", size)
