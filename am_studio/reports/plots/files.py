"""Drawings as files: SVG, PNG and PDF, the same bytes from the same data on every machine with the same matplotlib.

Needs no display and leaves no setting of matplotlib changed: figures are made by hand, in its default style whatever the
user's is. Letters of an SVG are outlines, so that it looks alike wherever it is opened.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from am_studio.reports.plots.drawings import Drawing, Forest
from am_studio.reports.plots.theme import DARK, INK, PAPER, RULE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PlotFormat = Literal["svg", "png", "pdf"]
DPI = 200
_METADATA: dict[PlotFormat, dict[str, None]] = {
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "png": {"Software": None},
    "pdf": dict.fromkeys(("Creator", "Producer", "CreationDate")),
}
_JUNK = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)

_LONG, _SPACE = re.compile(r"(?<!scale\()(?<!\d)-?\d+\.\d{5,}"), re.compile(r"\s+")


def plot_file(drawing: Drawing, kind: PlotFormat, *, narrow: bool = False) -> bytes:
    """The drawing as the bytes of a file."""
    return _saved([drawing], kind, narrow=narrow)


def plots_pdf(drawings: Iterable[Drawing]) -> bytes:
    """All drawings in one PDF, a page each."""
    return _saved(list(drawings), "pdf", narrow=False)


def plot_for_page(drawing: Drawing, *, narrow: bool = False) -> str:
    """The drawing as a small SVG that follows the light or dark scheme of the screen."""
    svg = _JUNK.sub("", plot_file(drawing, "svg", narrow=narrow).decode("utf-8"))
    light = ";".join(f"--c{number}:{colour}" for number, colour in enumerate(DARK))
    dark = ";".join(f"--c{number}:{colour}" for number, colour in enumerate(DARK.values()))
    style = f"<style>:root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    for number, colour in enumerate(DARK):
        svg = svg.replace(colour, f"var(--c{number})")
    svg = _LONG.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), svg)
    svg = re.sub(r">\s+<", "><", _SPACE.sub(" ", svg.strip()))
    head = svg.index(">") + 1
    return svg[:head] + style + svg[head:]


def _saved(drawings: list[Drawing], kind: PlotFormat, *, narrow: bool) -> bytes:
    out = io.BytesIO()
    with _own_style():
        figures = [_figure(drawing, narrow=narrow) for drawing in drawings]
        if kind == "pdf":
            from matplotlib.backends.backend_pdf import PdfPages

            with PdfPages(out, metadata=_METADATA["pdf"]) as pages:
                for figure in figures:
                    pages.savefig(figure, facecolor=PAPER)
        else:
            figures[0].savefig(out, format=kind, dpi=DPI, facecolor=PAPER, metadata=_METADATA[kind])
    return out.getvalue()


@contextmanager
def _own_style() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "font.family": "DejaVu Sans",
                "svg.fonttype": "path",
                "svg.hashsalt": "am-studio",
                "pdf.fonttype": 42,
                "hatch.color": RULE,
                "hatch.linewidth": 0.6,
            }
        )
        yield


def _figure(drawing: Drawing, *, narrow: bool) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from am_studio.reports.plots.forest import draw_forest
    from am_studio.reports.plots.heat import draw_heat

    figure = Figure(facecolor=PAPER)
    FigureCanvasAgg(figure)
    if isinstance(drawing, Forest):
        draw_forest(figure, drawing, narrow=narrow)
    else:
        draw_heat(figure, drawing, narrow=narrow)
    if drawing.stamp:
        width, height = figure.get_size_inches()
        size = max(min(9.0 * width, 30.0 * height, 54.0), 14.0)
        figure.text(
            0.5, 0.5, drawing.stamp, fontsize=size, fontweight="bold", color=INK, alpha=0.1, rotation=18, ha="center",
            va="center", parse_math=False, zorder=-5 if isinstance(drawing, Forest) else 5,
        )  # fmt: skip
    return figure
