"""The result of a run, for people and for scripts: tables, the finding in a sentence, the judge's agreement, the file."""

from __future__ import annotations

import io
from pathlib import Path

from am_studio.cli.console import data, emit_json, stdout_console
from am_studio.cli.effect_view import show_effects
from am_studio.foundation.files import write_atomic
from am_studio.reports.run_results import agreement_sentence, run_as_json, source_of
from am_studio.reports.side_tables import across_lines
from am_studio.runs.analysis import analyse
from am_studio.runs.runfile import RunFile


def show_run(path: Path, outcome: str | None = None, *, as_data: bool = False) -> None:
    """Print what the run shows about an outcome (the study's own when None), to stdout."""
    with RunFile.open(path) as run:
        analysis = analyse(run, outcome)
        if as_data:
            emit_json(run_as_json(run, analysis))
            return
        console = stdout_console()
        for table in analysis.tables:
            show_effects(table, source_of(run, table), console)
            data()
        for line in across_lines(analysis.across):
            data(line)
        if analysis.agreement is not None:
            data(agreement_sentence(analysis.agreement, run.plan.judge))
        data(f"Run: {path}")


def draw_run(path: Path, picture: Path, outcome: str | None = None, width: int = 132) -> None:
    """The tables of a run as an SVG file, `width` characters wide."""
    console = stdout_console(record=True, file=io.StringIO(), width=width, force_terminal=True)
    with RunFile.open(path) as run:
        for table in analyse(run, outcome).tables:
            show_effects(table, source_of(run, table), console)
        title = f"am-studio analyze {path.name}"
    write_atomic(picture, console.export_svg(title=title).encode())
