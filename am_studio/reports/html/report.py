"""A report as one page: text, tables, plots and transcripts in a file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from am_studio.reports.document.blocks import Bar, Figure, Report, Shade
from am_studio.reports.html.page import data_uri, page
from am_studio.reports.plots.drawings import Forest

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 160, 18
"""Of a drawn cell, in its own units."""


PICTURES = 1_100_000
"""Bytes that the plots of a page may take; what does not fit is said, and stands in the table beside it."""


def report_page(report: Report) -> str:
    """The page, as text in UTF-8."""
    return page("report.html.jinja", block_functions(report.figures()), report=report)


def block_functions(figures: Sequence[Figure] = ()) -> dict[str, Any]:
    """What the templates of blocks call; `figures`: all plots of the page."""
    plots = _plots(figures)
    return {
        "kind_of": lambda value: type(value).__name__,
        "bar_of": bar,
        "shade_of": shade,
        "plot_of": lambda figure: plots[figure.name],
    }


def _plots(figures: Sequence[Figure]) -> dict[str, dict[str, str]]:
    """Every plot as an image, by name: first all of them wide, then narrow ones, as long as there is room."""
    from am_studio.reports.plots.files import plot_for_page

    left = PICTURES
    found: dict[str, dict[str, str]] = {}
    for kind, narrow in (("wide", False), ("narrow", True)):
        for figure in figures:
            made = found.setdefault(figure.name, {"heat": "" if isinstance(figure.drawing, Forest) else "heat"})
            picture = data_uri(plot_for_page(figure.drawing, narrow=narrow)) if left > 0 else ""
            made[kind] = picture if len(picture) <= left else ""
            left -= len(made[kind])
    return found


def bar(cell: Bar) -> Markup:
    """An interval as a small drawing without words; the figures stand in the cells beside it."""
    from markupsafe import Markup

    low, high = cell.axis

    def x(value: float) -> str:
        return f"{4 + (min(max(value, low), high) - low) / (high - low) * (WIDTH - 8):.1f}"

    middle = HEIGHT / 2
    parts = (
        [f'<line class="z" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{HEIGHT}"/>'] if cell.zero and low <= 0 <= high else []
    )
    if cell.span is not None:
        start, estimate, end = cell.span
        kind, thick = ("c", 2.6) if cell.clear else ("o", 1.4)
        parts.append(
            f'<line class="{kind}" stroke-width="{thick}" x1="{x(start)}" x2="{x(end)}" y1="{middle}" y2="{middle}"/>'
        )
        parts.append(f'<circle class="{kind}" stroke-width="1.6" cx="{x(estimate)}" cy="{middle}" r="4"/>')
    drawn = f'<svg aria-hidden="true" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg>'
    return Markup(drawn)  # noqa: S704 - numbers and nothing else were put in


def shade(cell: Shade) -> str:
    """The class of a shaded cell; empty without a value."""
    if cell.value is None:
        return ""
    step = min(int(abs(cell.value) * 5 + 0.999), 5)
    kind = "r" if cell.diverging and cell.value > 0 else "h"
    return f"{kind}{step}" if step else ""
