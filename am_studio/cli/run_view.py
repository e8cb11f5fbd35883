"""The result of a run, for people and for scripts: tables, the finding in a sentence, the judge's agreement, the file."""

from __future__ import annotations

import io
from pathlib import Path

from am_studio.cli.console import data, emit_json, stdout_console
from am_studio.cli.effect_view import show_effects
from am_studio.foundation.files import write_atomic
from am_studio.reports.run_results import agreement_sentence, run_as_json, source_of
from am_studio.reports.side_tables import across_lines
from am_studio.reports.trust_results import trust_lines, trust_sentence, unproven_as_json, unproven_lines
from am_studio.runs.analysis import Unproven, analyse
from am_studio.runs.runfile import RunFile
from am_studio.runs.trust import Trust
from am_studio.runs.trust import trust as judge_trust


def show_run(
    path: Path, outcome: str | None = None, *, as_data: bool = False, trust: bool = False, anyway: bool = False
) -> None:
    """Print what the run shows about an outcome (the study's own when None), to stdout; with `trust` all about the judge."""
    with RunFile.open(path) as run:
        try:
            analysis = analyse(run, outcome, anyway=anyway)
        except Unproven as why:
            _show_unproven(run, outcome or run.plan.study.outcome, why, as_data=as_data, trust=trust)
            return
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
        _show_trust(analysis.trust, whole=trust)
        data(f"Run: {path}")


def _show_trust(known: Trust | None, *, whole: bool) -> None:
    if whole:
        lines = trust_lines(known) if known else ("Nobody has labelled this run: `am-studio label RUN` asks.",)
        for line in ("", *lines, ""):
            data(line)
    elif known is not None and trust_sentence(known):
        data(trust_sentence(known) + " More: --trust")


def _show_unproven(run: RunFile, outcome: str, why: Unproven, *, as_data: bool, trust: bool) -> None:
    """Counts, and what is missing."""
    known = judge_trust(run, outcome)
    if as_data:
        emit_json(unproven_as_json(run, outcome, why, known))
        return
    for line in unproven_lines(run, outcome, why):
        data(line)
    _show_trust(known, whole=trust)


def draw_run(path: Path, picture: Path, outcome: str | None = None, *, anyway: bool = False, width: int = 132) -> None:
    """The tables of a run as an SVG file, `width` characters wide."""
    console = stdout_console(record=True, file=io.StringIO(), width=width, force_terminal=True)
    with RunFile.open(path) as run:
        for table in analyse(run, outcome, anyway=anyway).tables:
            show_effects(table, source_of(run, table), console)
        title = f"am-studio analyze {path.name}"
    write_atomic(picture, console.export_svg(title=title).encode())
