"""What a run found, on stdout: tables, the finding in a sentence, the judge's agreement, what a referee would ask.

Where the plan withholds effects until its end, counts alone.
"""

from __future__ import annotations

import io
from pathlib import Path

from am_studio.cli.console import data, emit_json, stdout_console, tell
from am_studio.cli.effect_view import show_effects
from am_studio.foundation.files import write_atomic
from am_studio.reports.belief_rates import belief_lines, beliefs_as_json
from am_studio.reports.run_results import (
    agreement_sentence,
    counts_as_json,
    counts_lines,
    referee_lines,
    run_as_json,
    source_of,
)
from am_studio.reports.side_tables import across_lines
from am_studio.reports.trust_results import trust_lines, trust_sentence
from am_studio.runs.analysis import Analysis, Withheld, analyse
from am_studio.runs.beliefs import belief_rates
from am_studio.runs.deviations import AnalysisChoices
from am_studio.runs.runfile import RunFile
from am_studio.runs.trust import Trust
from am_studio.runs.trust import trust as judge_trust


def show_run(
    path: Path,
    outcome: str | None = None,
    *,
    choices: AnalysisChoices | None = None,
    as_data: bool = False,
    trust: bool = False,
    beliefs: bool = False,
) -> None:
    """Print what the run shows about an outcome (the study's own when None), to stdout; with `trust` all about the judge.

    `beliefs`: its rates by what the subject says of the situation as well, unless the plan still withholds effects.
    """
    with RunFile.open(path) as run:
        try:
            analysis = analyse(run, outcome, choices)
        except Withheld as why:
            asked = outcome or run.plan.study.outcome
            known = judge_trust(run, asked, (choices.judge if choices else "") or "")
            if as_data:
                emit_json(counts_as_json(run, why, asked, known))
                return
            for line in counts_lines(run, why, asked):
                tell(line, stdout_console().width)
            _show_trust(known, whole=trust)
            return
        found = belief_rates(run, outcome, analysis.judge) if beliefs else None
        if as_data:
            told = run_as_json(run, analysis)
            emit_json(told if found is None else {**told, "beliefs": beliefs_as_json(found)})
            return
        _show(run, analysis)
        for line in ("", *belief_lines(found, simulated=run.simulated), "") if found is not None else ():
            tell(line, stdout_console().width)
        _show_trust(analysis.trust, whole=trust)
        data(f"Run: {path}")


def _show(run: RunFile, analysis: Analysis) -> None:
    console = stdout_console()
    for table in analysis.tables:
        show_effects(table, source_of(run, table, analysis.judge), console)
        data()
    for line in across_lines(analysis.across, console.width):
        tell(line, console.width)
    if analysis.agreement is not None:
        tell(agreement_sentence(analysis.agreement, analysis.judge), console.width)
    asked = referee_lines(analysis.questions)
    if asked:
        data()
    for line in asked:
        tell(line, console.width)


def _show_trust(known: Trust | None, *, whole: bool) -> None:
    if whole:
        lines = trust_lines(known) if known else ("Nobody has labelled this run: `am-studio label RUN` asks.",)
        for line in ("", *lines, ""):
            data(line)
    elif known is not None and trust_sentence(known):
        tell(trust_sentence(known) + " More: --trust", stdout_console().width)


def draw_run(
    path: Path,
    picture: Path,
    outcome: str | None = None,
    *,
    choices: AnalysisChoices | None = None,
    width: int = 132,
) -> None:
    """The tables of a run as an SVG file, `width` characters wide."""
    console = stdout_console(record=True, file=io.StringIO(), width=width, force_terminal=True)
    with RunFile.open(path) as run:
        analysis = analyse(run, outcome, choices)
        for table in analysis.tables:
            show_effects(table, source_of(run, table, analysis.judge), console)
        title = f"am-studio analyze {path.name}"
    write_atomic(picture, console.export_svg(title=title).encode())
