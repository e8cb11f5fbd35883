"""Writes a report where it was asked for: files whole or not at all, text to stdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from am_studio.cli.console import data, say, stdout_console
from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.locations import shown_path
from am_studio.foundation.plainly import plainly
from am_studio.reports.document.blocks import Report
from am_studio.reports.document.build import ReportChoices, Reported, build_report
from am_studio.reports.document.markdown import report_markdown
from am_studio.reports.document.text import report_lines
from am_studio.reports.plots.files import PlotFormat, plot_file, plots_pdf
from am_studio.reports.run_results import counts_lines
from am_studio.runs.analysis import Withheld, analyse
from am_studio.runs.deviations import AnalysisChoices
from am_studio.runs.runfile import RunFile

DOCUMENTS = ("html", "md", "text")
FILE_WIDTH = 100
"""Characters of a line of a text file."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to become."""

    places: Mapping[str, Path | None]
    """By format (`html`, `md`, `text`, `svg`, `png`, `pdf`): the file or directory; None: the usual place."""
    title: str
    seed: int
    examples: int


def write_report(
    paths: Sequence[Path], wanted: Wanted, outcome: str | None, choices: AnalysisChoices, stack: ExitStack
) -> None:
    """Write each format; StudioError when a run cannot be read or shown, or a file cannot be written."""
    reported = [opened(path, outcome, choices, stack) for path in paths]
    report = build_report(reported, ReportChoices(wanted.seed, wanted.examples, wanted.title))
    first = paths[0]
    documents = {kind: place for kind, place in wanted.places.items() if kind in DOCUMENTS}
    if "html" in documents:
        documents["html"] = documents["html"] or first.with_suffix(".html")
    write_documents(report, documents)
    for kind, place in wanted.places.items():
        if kind not in DOCUMENTS:
            _plots(report, cast(PlotFormat, kind), place or first.with_name(f"{first.stem}-plots"))


def write_documents(report: Report, places: Mapping[str, Path | None]) -> None:
    """Write a report as a page, Markdown or text; None: to stdout."""
    for kind, place in places.items():
        if kind == "html":
            from am_studio.reports.html.report import report_page

            _text(report_page(report), place)
        elif kind == "md":
            _text(report_markdown(report), place)
        else:
            console = stdout_console()
            ascii_only = place is None and not console.encoding.lower().startswith("utf")
            width = console.width if place is None or plainly() else FILE_WIDTH
            _text("\n".join(report_lines(report, width, ascii_only=ascii_only)), place)


def opened(path: Path, outcome: str | None, choices: AnalysisChoices, stack: ExitStack) -> Reported:
    """A run with its analysis, open as long as the stack is; StudioError where its plan shows no effects yet."""
    run = stack.enter_context(RunFile.open(path))
    try:
        return Reported(run, analyse(run, outcome, choices))
    except Withheld as why:
        for line in counts_lines(run, why, outcome or ""):
            say(line)
        raise StudioError(f"{path.name} cannot be reported on yet: {why.title}", why.detail, why.hint) from why


def _plots(report: Report, kind: PlotFormat, place: Path) -> None:
    figures = report.figures()
    if place.suffix.lower() == f".{kind}":
        _write(
            place, plots_pdf(each.drawing for each in figures) if kind == "pdf" else plot_file(figures[0].drawing, kind)
        )
        return
    if place.suffix and not place.is_dir():
        raise StudioError(
            f"--{kind} writes {kind.upper()}, not {place.suffix}",
            hint=f"name a file that ends in .{kind}, or a directory",
        )
    place.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        _write(place / f"{figure.name}.{kind}", plot_file(figure.drawing, kind))


def _text(text: str, place: Path | None) -> None:
    if place is None:
        data(text.rstrip("\n"))
    else:
        _write(place, (text.rstrip("\n") + "\n").encode("utf-8"))


def _write(path: Path, content: bytes) -> None:
    write_atomic(path, content)
    say(f"wrote {shown_path(path)} ({len(content):,} bytes)")
