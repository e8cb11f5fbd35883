"""A report as Markdown: strangers' text escaped, transcripts in fences longer than any run of backticks inside them.

Plots are left out: every figure stands in a table beside them; `am-studio report --svg DIR` writes the plots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from am_studio.foundation.hygiene import visible
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
    Shade,
    Text,
)
from am_studio.reports.markdown import markdown_text


def report_markdown(report: Report) -> str:
    """The whole report, ending with a newline."""
    parts = [f"# {markdown_text(report.title)}", markdown_text(report.subtitle)]
    parts += [f"**{markdown_text(report.stamp)}.**"] if report.stamp else []
    parts += [f"**EXPLORATORY, not the planned analysis:** {markdown_text(reason)}" for reason in report.exploratory]
    parts += [f"> {markdown_text(finding)}" for finding in report.findings]
    for section in report.sections:
        parts.append(f"{'#' * section.level} {markdown_text(section.title)}")
        parts += blocks_markdown(section.blocks)
    parts.append(f"*{markdown_text(report.colophon)}*")
    return "\n\n".join(parts) + "\n"


def blocks_markdown(blocks: Iterable[Block]) -> Iterator[str]:
    """The blocks as paragraphs of Markdown."""
    for block in blocks:
        match block:
            case Text(paragraphs, tone):
                yield from (_paragraph(text, tone) for text in paragraphs)
            case Points(items):
                yield "\n".join(f"- {_point(what, about)}" for what, about in items)
            case Facts(pairs):
                yield "\n".join(f"- {markdown_text(name)}: {markdown_text(value)}" for name, value in pairs)
            case Grid():
                yield from _grid(block)
            case Figure(_, _, _, caption):
                yield f"*Figure: {markdown_text(caption)}*"
            case Folded(summary, inner):
                yield f"**{markdown_text(summary)}**"
                yield from blocks_markdown(inner)
            case Examples(how, items):
                yield markdown_text(how)
                for item in items:
                    yield from _example(item)


def _paragraph(text: str, tone: str) -> str:
    if tone == "paper" and "\n" in text:
        return _fence(text)
    told = markdown_text(text)
    return f"> {told}" if tone in ("finding", "warning") else told


def _point(what: str, about: str) -> str:
    return " ".join(part for part in (f"**{markdown_text(what)}**" if what else "", markdown_text(about)) if part)


def _grid(grid: Grid) -> Iterator[str]:
    kept = [n for n in range(len(grid.columns)) if not any(isinstance(row[n], Bar) for row in grid.rows)]
    head = " | ".join(markdown_text(grid.columns[n].title) for n in kept)
    rule = " | ".join("---" if grid.columns[n].align == "left" else "---:" for n in kept)
    rows = [f"| {' | '.join(markdown_text(cell_text(row[n])) for n in kept)} |" for row in grid.rows]
    yield f"**{markdown_text(grid.caption)}**"
    yield "\n".join([f"| {head} |", f"| {rule} |", *rows])
    yield from map(markdown_text, grid.notes)


def cell_text(cell: Cell) -> str:
    """The words of a cell; a bar has none."""
    return cell if isinstance(cell, str) else cell.text if isinstance(cell, Shade) else ""


def _example(item: Example) -> Iterator[str]:
    yield f"**{markdown_text(item.title)}** ({markdown_text(item.drawn)})"
    if item.verdict:
        yield markdown_text(item.verdict)
    for turn in item.turns:
        if turn.reasoning:
            yield f"Reasoning:\n\n{_fence(turn.reasoning)}"
        yield _fence("".join(piece.text for piece in turn.pieces))
        for piece in turn.pieces:
            if piece.marked:
                yield f"> {markdown_text(piece.text)}"
    yield from (f"- {markdown_text(action)}" for action in item.actions)


def _fence(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{visible(text).rstrip()}\n{fence}"
