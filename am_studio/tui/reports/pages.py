"""What the report screen shows: the very report that `am-studio report` and `compare` write, in parts. No Textual here.

Building opens the runs no longer than that takes, and is meant for a thread. It works out nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from am_studio.foundation.files import write_atomic

if TYPE_CHECKING:
    from am_studio.reports.document.blocks import Report
    from am_studio.reports.plots.drawings import Heat

Kind = Literal["report", "comparison"]
OVERVIEW = "In short"
"""The first part: what was found, with its stamps."""


def build(kind: Kind, runs: Sequence[Path], outcome: str) -> Report:
    """A report of these runs, or a comparison with the first; StudioError where one cannot be read, shown or compared."""
    from am_studio.reports.comparison.build import comparison_report
    from am_studio.reports.document.build import Reported, build_report
    from am_studio.runs.analysis import analyse
    from am_studio.runs.comparing import compare
    from am_studio.runs.runfile import RunFile

    with ExitStack() as stack:
        opened = [stack.enter_context(RunFile.open(path)) for path in runs]
        analyses = [analyse(run, outcome or None) for run in opened]
        if kind == "comparison":
            return comparison_report(opened, analyses, compare(opened, analyses))
        return build_report([Reported(run, found) for run, found in zip(opened, analyses, strict=True)])


def titles(report: Report) -> tuple[str, ...]:
    """What the parts are called, the overview first; parts of parts are set in."""
    return (OVERVIEW, *("  " * (section.level - 2) + section.title for section in report.sections))


def part_lines(report: Report, part: int, width: int) -> list[str]:
    """A part in lines of at most `width` characters (40 at least); 0 is the overview."""
    from am_studio.reports.document.text import NARROWEST, Writer

    writer = Writer(max(width, NARROWEST), ascii_only=False)
    if part == 0:
        lines = [*writer.wrapped(report.title), *writer.wrapped(report.subtitle)]
        for reason in report.exploratory:
            lines += ["", *writer.wrapped(f"EXPLORATORY, not the planned analysis: {reason}")]
        for finding in report.findings:
            lines += ["", *writer.wrapped(finding)]
        lines += ["", *writer.wrapped(report.colophon)]
    else:
        section = report.sections[part - 1]
        lines = [*writer.wrapped(section.title), writer.rule("="), "", *writer.blocks(section.blocks)]
    return [writer.plain(line) for line in lines]


def heat_of(report: Report, part: int) -> Heat | None:
    """The heat map of a part, which the text of it has as a table alone; None where it has none."""
    from am_studio.reports.document.blocks import Figure
    from am_studio.reports.plots.drawings import Heat

    blocks = report.sections[part - 1].blocks if part else ()
    found = (block.drawing for block in blocks if isinstance(block, Figure) and isinstance(block.drawing, Heat))
    return next(found, None)


def page_path(kind: Kind, runs: Sequence[Path]) -> Path:
    """Where the page goes: beside the first run, named after it, and for a comparison after all of them."""
    first = runs[0]
    if kind == "report":
        return first.with_suffix(".html")
    return first.with_name("-vs-".join(run.stem for run in runs)[:120] + ".html")


def write_page(report: Report, path: Path) -> Path:
    """Write the report as one page that needs nothing beside it; StudioError when it cannot be written."""
    from am_studio.reports.html.report import report_page

    write_atomic(path, (report_page(report).rstrip("\n") + "\n").encode("utf-8"))
    return path
