"""The parts that a report is made of: a closed union that every format lays out in its own way.

Texts are plain, as they came, strangers' among them: each format escapes them by its own rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from am_studio.reports.effect_table import Column
from am_studio.reports.plots.drawings import Drawing

Tone = Literal["plain", "finding", "note", "warning", "paper"]
"""`finding`: what is to be remembered; `note`: small print; `warning`: not to be overlooked; `paper`: to be copied."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A cell that shows an interval as a line with a dot."""

    span: tuple[float, float, float] | None
    """Low, estimate, high; None: only the line at 0."""
    axis: tuple[float, float]
    clear: bool = False
    """Whether the interval leaves 0 out: a filled dot, else a hollow one."""
    zero: bool = True
    """Whether 0 is marked."""


@dataclass(frozen=True, slots=True)
class Shade:
    """A cell with a figure on a shade."""

    text: str
    value: float | None
    """In [-1, 1] about 0, or a share in [0, 1]; None: no shade."""
    diverging: bool = False


Cell = str | Bar | Shade


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs."""

    paragraphs: tuple[str, ...]
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Points:
    """A list; a pair is a point with what is said about it."""

    items: tuple[tuple[str, str], ...]
    """(what, about it); what may be empty."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; the first cell of a row is its head."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    strong: frozenset[int] = field(default=frozenset())
    """Rows that stand out."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot with its words."""

    name: str
    """Of a file for it, without ending: letters, digits and hyphens."""
    drawing: Drawing
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks that a page shows only when they are asked for."""

    summary: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of what was said; marked where a verdict rests on it."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply."""

    reasoning: str
    """Native reasoning that the provider gave apart; empty: none."""
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One trial to read."""

    title: str
    drawn: str
    """Out of how many it was drawn."""
    verdict: str
    turns: tuple[Turn, ...]
    actions: tuple[str, ...]
    """What was done, a line each."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examples:
    """Trials to read, and how they were chosen."""

    how: str
    items: tuple[Example, ...]


Block = Text | Points | Facts | Grid | Figure | Folded | Examples


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it."""

    id: str
    """Unique in its report: letters, digits and hyphens."""
    title: str
    blocks: tuple[Block, ...]
    level: int = 2
    """2: a part of the report; 3: a part of such a part."""


@dataclass(frozen=True, slots=True)
class Report:
    """The whole of it."""

    title: str
    subtitle: str
    stamp: str
    """What must stand on everything made from simulated subjects; empty for real models."""
    exploratory: tuple[str, ...]
    """What must stand above an analysis that is not the planned one; () where it is."""
    findings: tuple[str, ...]
    """One sentence a model, with its uncertainty."""
    sections: tuple[Section, ...]
    colophon: str
    """What made it, when."""

    def figures(self) -> tuple[Figure, ...]:
        """Every plot, in order."""
        return tuple(figure for section in self.sections for figure in _figures(section.blocks))


def _figures(blocks: tuple[Block, ...]) -> list[Figure]:
    found: list[Figure] = []
    for block in blocks:
        if isinstance(block, Figure):
            found.append(block)
        elif isinstance(block, Folded):
            found += _figures(block.blocks)
    return found


def column(title: str, align: Literal["left", "right"] = "right", *, essential: bool = True) -> Column:
    """A column that is named by its title."""
    return Column(title, title, align, essential)


def grid(caption: str, head: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...], *notes: str) -> Grid:
    """A table whose first column is text and whose others are figures."""
    first, *others = head
    return Grid(caption, (column(first, "left"), *map(column, others)), rows, notes)
