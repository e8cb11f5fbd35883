"""What a plot shows, as plain data: nothing here draws, rounds or computes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One line of a forest plot."""

    label: str
    span: tuple[float, float, float] | None
    """Low, estimate and high, as shares; None: nothing to draw, such as for the reference."""
    counts: str
    """Such as `29/60`."""
    text: str
    """The estimate in figures."""
    clear: bool = False
    """Whether the interval leaves 0 out: a filled mark and a thick line, a hollow one and a thin line otherwise."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Differences with their intervals, one a row, about a line at 0."""

    title: str
    rows: tuple[ForestRow, ...]
    axis: tuple[float, float]
    """The ends of the scale, as shares."""
    unit: str
    """What the scale says."""
    stamp: str = ""
    """What stands across the plot, such as SIMULATED; empty: nothing."""
    zero: bool = True
    """Whether a line marks 0, as for differences."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell of a heat map."""

    value: float | None
    """In [-1, 1] where it diverges about 0, else in [0, 1]; None: there is nothing to show."""
    text: str
    strong: bool = False
    """Drawn with a frame and in bold."""


@dataclass(frozen=True, slots=True)
class Heat:
    """A table of values as colours, each with its figure in it."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[HeatCell, ...], ...]
    """By row, then by column."""
    diverging: bool
    unit: str
    stamp: str = ""


Drawing = Forest | Heat
