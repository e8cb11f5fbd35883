"""Screens of a terminal, one after the other, as one SVG that moves by itself and needs nothing else.

A line that several screens share is drawn once and used again. No script, no font of its own, no address: what is shown as an
image may not load any. Whoever asks for less motion sees the last screen. The same screens give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME

WIDE, HIGH, BASE = 10, 20, 15
"""A cell of the terminal and the line its letters stand on, in units of the picture."""
BAND, EDGE = 56, 12
"""Height of the band with the caption, and the margin around the screen."""
GROUND, PAPER, INK = "#0d1117", "#e6edf3", "#58a6ff"
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"


@dataclass(frozen=True, slots=True)
class Frame:
    """A screen, and what is said about it."""

    caption: str
    seconds: float
    lines: tuple[tuple[Segment, ...], ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring cells that look the same."""

    text: str
    ink: str
    ground: str
    looks: str
    """Further CSS: bold, italic, lines."""


class _Shared:
    """Styles and lines, each told once."""

    def __init__(self) -> None:
        self.styles: dict[str, str] = {}
        self.lines: dict[str, str] = {}

    def style(self, css: str) -> str:
        return self.styles.setdefault(css, f"s{len(self.styles)}")

    def line(self, drawn: str) -> str:
        return self.lines.setdefault(drawn, f"l{len(self.lines)}")


def moving_picture(frames: Sequence[Frame], title: str, told: str) -> str:
    """The SVG; `told` is what those hear who cannot see it."""
    columns = max(cell_len("".join(each.text for each in line)) for frame in frames for line in frame.lines)
    rows = max(len(frame.lines) for frame in frames)
    width, height = columns * WIDE + 2 * EDGE, rows * HIGH + BAND + EDGE
    shared = _Shared()
    screens = [_screen(number, frame, len(frames), shared) for number, frame in enumerate(frames)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(told)}</desc>',
        f"<style>{_css(frames, shared)}</style>",
        "<defs>",
        *(f'<g id="{name}">{drawn}</g>' for drawn, name in shared.lines.items()),
        "</defs>",
        f'<rect width="{width}" height="{height}" rx="10" fill="{GROUND}"/>',
        *screens,
        "</svg>",
        "",
    ])  # fmt: skip


def _css(frames: Sequence[Frame], shared: _Shared) -> str:
    whole = sum(frame.seconds for frame in frames)
    rules = [
        f"text{{font:16px {FONT};white-space:pre}}",
        f".c{{font:600 24px system-ui,-apple-system,'Segoe UI',sans-serif;fill:{PAPER}}}.n{{fill:{INK}}}",
        f".f{{visibility:hidden;animation:{whole:g}s step-end infinite}}.z{{visibility:visible}}",
    ]
    begins = 0.0
    for number, frame in enumerate(frames):
        start, end = begins / whole * 100, (begins + frame.seconds) / whole * 100
        begins += frame.seconds
        moments = {0.0: "hidden", round(start, 3): "visible"}
        if end < 99.999:
            moments[round(end, 3)] = "hidden"
        shown = "".join(f"{moment:g}%{{visibility:{seen}}}" for moment, seen in moments.items())
        rules.append(f"@keyframes k{number}{{{shown}}}#f{number}{{animation-name:k{number}}}")
    rules += [f".{name}{{{css}}}" for css, name in shared.styles.items()]
    rules.append("@media (prefers-reduced-motion:reduce){.f{animation:none!important}}")
    return "\n".join(rules)


def _screen(number: int, frame: Frame, of: int, shared: _Shared) -> str:
    last = " z" if number == of - 1 else ""
    drawn = [
        f'<g id="f{number}" class="f{last}">',
        f'<text class="c" x="{EDGE + 4}" y="36"><tspan class="n">{number + 1}/{of}</tspan>  {escape(frame.caption)}</text>',
    ]
    for row, line in enumerate(frame.lines):
        inner = _line(_runs(line), shared)
        if inner:
            drawn.append(f'<use href="#{shared.line(inner)}" x="{EDGE}" y="{BAND + row * HIGH}"/>')
    return "\n".join([*drawn, "</g>"])


def _line(runs: Iterable[_Run], shared: _Shared) -> str:
    grounds, texts, column = [], [], 0
    for run in runs:
        cells, x = cell_len(run.text), column * WIDE
        column += cells
        if run.ground != GROUND:
            name = shared.style(f"fill:{run.ground}")
            # A hair wider than its cells, so that no gap shows between neighbours.
            grounds.append(f'<rect class="{name}" x="{x}" width="{cells * WIDE}.4" height="{HIGH}.4"/>')
        if run.text.strip():
            name = shared.style(f"fill:{run.ink}{run.looks}")
            texts.append(_text(run.text, x, name))
    return "".join(grounds + texts)


def _text(text: str, x: int, name: str) -> str:
    kept = text.strip(" ")
    x += (len(text) - len(text.lstrip(" "))) * WIDE
    return f'<text class="{name}" x="{x}" y="{BASE}" textLength="{cell_len(kept) * WIDE}">{escape(kept, quote=False)}</text>'


def _runs(line: Iterable[Segment]) -> list[_Run]:
    """The line in as few runs as its looks allow."""
    each = (_run(segment.text, segment.style or Style()) for segment in line if segment.text and not segment.control)
    runs: list[_Run] = []
    for _, group in groupby(each, lambda run: (run.ink, run.ground, run.looks)):
        same = list(group)
        runs.append(_Run("".join(run.text for run in same), same[0].ink, same[0].ground, same[0].looks))
    return runs


def _run(text: str, style: Style) -> _Run:
    ink, ground = _colour(style.color, PAPER, ink=True), _colour(style.bgcolor, GROUND, ink=False)
    if style.reverse:
        ink, ground = ground, ink
    looks = ";font-weight:700" if style.bold else ""
    looks += ";font-style:italic" if style.italic else ""
    lines = [name for name, there in (("underline", style.underline), ("line-through", style.strike)) if there]
    looks += f";text-decoration:{' '.join(lines)}" if lines else ""
    looks += ";opacity:.6" if style.dim else ""
    return _Run(text, ink, ground, looks) if text.strip() else _Run(text, "", ground, "")


def _colour(colour: Color | None, otherwise: str, *, ink: bool) -> str:
    if colour is None or colour.is_default:
        return otherwise
    return colour.get_truecolor(SVG_EXPORT_THEME, foreground=ink).hex
