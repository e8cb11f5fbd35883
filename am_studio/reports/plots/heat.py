"""Draws a heat map: a colour and a figure in every cell, so that nothing rests on colour alone."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from am_studio.reports.plots.drawings import Heat, HeatCell
from am_studio.reports.plots.theme import INK, MUTED, RULE, drawable, heat_colour, text_on

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CELL, _NARROW_CELL = (0.86, 0.34), (0.6, 0.32)
_CHARACTER = 0.071
_LINE = 0.14
MOST_ROWS, MOST_COLUMNS = 60, 24


def draw_heat(figure: Figure, heat: Heat, *, narrow: bool) -> None:
    """Draw into an empty figure, which is given its size."""
    rows, columns = heat.rows[:MOST_ROWS], heat.columns[:MOST_COLUMNS]
    wide, high = _NARROW_CELL if narrow else _CELL
    labels = [drawable(label, 20 if narrow else 32) for label in rows]
    heads = [_wrapped(label, 9 if narrow else 13) for label in columns]
    left = 0.15 + _CHARACTER * max(map(len, labels), default=0)
    top = 0.5 + _LINE * max((head.count("\n") + 1 for head in heads), default=1)
    width, height = left + wide * len(columns) + 0.15, top + high * len(rows) + 0.35
    figure.set_size_inches(max(width, 3.4), height)
    axes = figure.add_axes(
        (left / max(width, 3.4), 0.35 / height, wide * len(columns) / max(width, 3.4), high * len(rows) / height)
    )
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.axis("off")
    for y, (label, cells) in enumerate(zip(labels, heat.cells, strict=False)):
        _say(axes, -0.08 / wide, y + 0.5, label, ha="right", va="center")
        for x, cell in enumerate(cells[: len(columns)]):
            _cell(axes, (x, y), cell, heat.diverging, 7.6 if narrow else 8.6)
    for x, head in enumerate(heads):
        _say(axes, x + 0.5, -0.12, head, ha="center", va="bottom", size=7.4 if narrow else 8.2)
    whole = max(width, 3.4)
    title = drawable(heat.title, int(whole * 12.5))
    figure.text(
        0.12 / whole, 1 - 0.2 / height, title, fontsize=9.5, fontweight="bold", color=INK, va="center", parse_math=False
    )
    unit = drawable(heat.unit, int(whole * 15))
    figure.text(0.12 / whole, 0.16 / height, unit, fontsize=8, color=MUTED, va="center", parse_math=False)


def _wrapped(label: str, width: int) -> str:
    """A label on lines of a width, broken after underscores and strokes as well as at blanks."""
    soft = drawable(label).replace("_", "_ ").replace("/", "/ ")
    lines = textwrap.wrap(soft, width, max_lines=4, placeholder="…") or [""]
    return "\n".join(line.replace("_ ", "_").replace("/ ", "/") for line in lines)


def _cell(axes: Any, at: tuple[int, int], cell: HeatCell, diverging: bool, size: float) -> None:
    from matplotlib.patches import Rectangle

    x, y = at
    value = cell.value if diverging or cell.value is None else -cell.value
    colour = heat_colour(value)
    edge, line, inset = ("#000000", 1.4, 0.03) if cell.strong else (RULE, 0.6, 0.0)
    hatch = "////" if cell.value is None else None
    place, side = (x + inset, y + inset), 1 - 2 * inset
    axes.add_patch(Rectangle(place, side, side, facecolor=colour, hatch=hatch, edgecolor=edge, linewidth=line))
    weight = "bold" if cell.strong else "normal"
    text = drawable(cell.text, 12)
    axes.text(
        x + 0.5,
        y + 0.5,
        text,
        ha="center",
        va="center",
        fontsize=size,
        fontweight=weight,
        color=text_on(colour),
        parse_math=False,
    )


def _say(axes: Any, x: float, y: float, text: str, *, size: float = 8.6, **style: Any) -> None:
    axes.text(x, y, text, fontsize=size, color=INK, parse_math=False, clip_on=False, **style)
