"""Draws a forest plot: labels left, intervals in the middle, figures right; on narrow screens the words stand above."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from am_studio.reports.numbers import points
from am_studio.reports.plots.drawings import Forest, ForestRow
from am_studio.reports.plots.theme import CLEAR, INK, MUTED, OPEN, PAPER, RULE, drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDE, NARROW = 7.2, 3.75
"""Widths in inches."""
MOST_ROWS = 60
_ROW, _NARROW_ROW = 0.3, 0.46
_HEAD, _FOOT = 0.42, 0.55
_CHARACTER = 0.071
"""Inches that a character of the labels takes, about."""
_LABEL = 30


def draw_forest(figure: Figure, forest: Forest, *, narrow: bool) -> None:
    """Draw into an empty figure, which is given its size."""
    rows = forest.rows[:MOST_ROWS]
    labels = [textwrap.wrap(drawable(row.label), _LABEL, max_lines=3, placeholder=" …") or [""] for row in rows]
    tall = [_NARROW_ROW if narrow else max(_ROW, 0.17 * len(label) + 0.1) for label in labels]
    width, height = NARROW if narrow else WIDE, _HEAD + _FOOT + sum(tall)
    figure.set_size_inches(width, height)
    left = 0.12 if narrow else 0.2 + _CHARACTER * max((len(line) for label in labels for line in label), default=0)
    right = 0.12 if narrow else 0.2 + _CHARACTER * max((len(f"{row.counts}  {row.text}") for row in rows), default=0)
    axes = figure.add_axes((left / width, _FOOT / height, 1 - (left + right) / width, 1 - (_HEAD + _FOOT) / height))
    _frame(axes, forest, sum(tall))
    at = 0.0
    for row, label, space in zip(rows, labels, tall, strict=True):
        middle = at + space * (0.7 if narrow else 0.5)
        _mark(axes, row, middle)
        if narrow:
            words = drawable(row.label, 46 - len(row.text))
            _say(axes, 0, at + space * 0.28, words, ha="left", weight="bold" if row.clear else "normal")
            _say(axes, 1, at + space * 0.28, row.text or row.counts, ha="right")
        else:
            _say(axes, -0.1 / (width - left - right), middle, "\n".join(label), ha="right")
            _say(
                axes,
                1 + (right - 0.1) / (width - left - right),
                middle,
                f"{row.counts}  {row.text}".rstrip(),
                ha="right",
            )
        at += space
    _title(figure, forest.title, width, height)


def _frame(axes: Any, forest: Forest, height: float) -> None:
    low, high = (100 * end for end in forest.axis)
    pad = 0.03 * (high - low)
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.set_facecolor("none")
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(axis="x", colors=MUTED, labelsize=8, length=3)
    axes.xaxis.set_major_formatter(lambda value, _: points(value / 100) if forest.zero else f"{value:g}")
    axes.xaxis.set_major_locator(_locator())
    axes.grid(axis="x", color=RULE, linewidth=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(drawable(forest.unit, 70), fontsize=8.5, color=MUTED, parse_math=False)
    if forest.zero:
        axes.axvline(0, color=INK, linewidth=0.9)


def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10], integer=True)


def _mark(axes: Any, row: ForestRow, y: float) -> None:
    if row.span is None:
        return
    low, middle, high = (100 * value for value in row.span)
    colour = CLEAR if row.clear else OPEN
    axes.plot([low, high], [y, y], color=colour, linewidth=2.2 if row.clear else 1.3, solid_capstyle="butt")
    for end in (low, high):
        axes.plot([end, end], [y - 0.05, y + 0.05], color=colour, linewidth=1.2)
    face = colour if row.clear else PAPER
    axes.plot(
        [middle], [y], marker="o", markersize=6.5, markerfacecolor=face, markeredgecolor=colour, markeredgewidth=1.4
    )


def _say(axes: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Text at a place: across in shares of the axes, down in the units of the rows."""
    behind = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8}
    axes.text(
        x, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8.8, color=INK, parse_math=False,
        bbox=behind, **style,
    )  # fmt: skip


def _title(figure: Figure, title: str, width: float, height: float) -> None:
    told = drawable(title, int(width * 12.5))
    figure.text(
        0.12 / width, 1 - 0.2 / height, told, fontsize=9.5, fontweight="bold", color=INK, va="center", parse_math=False
    )
