"""What the results screen shows, read from the run and worked out by the same analysis that the commands use.

Meant for a thread: loading the tests' library and counting may take a second. Holds the run open no longer than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.records import EffectTable
from am_studio.reports.effect_table import Source
from am_studio.runs.follow import withholds_effects
from am_studio.runs.runfile import RunFile, RunState


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run shows about one outcome."""

    outcome: str
    outcomes: tuple[str, ...]
    """Everything that was judged, the study's own outcome first."""
    tables: tuple[EffectTable, ...]
    """One a model, in the study's order."""
    sources: tuple[Source, ...]
    """Where the numbers of each table come from."""
    across: tuple[str, ...]
    """The effects over all models, in lines; () for a study of one model."""
    agreement: str
    """How well the judge does where that is known, in a sentence; else empty."""
    trust: tuple[str, ...]
    """What human labels say of it: a sentence (or an empty one), then all of it in lines; () without labels."""
    referee: tuple[str, ...]
    """What a referee would ask, in lines."""
    numbers: Mapping[str, Any]
    """All of it as `am-studio analyze --json` gives it."""
    study: str
    state: RunState
    simulated: bool


def find(path: Path, outcome: str = "") -> Findings:
    """The effects on an outcome (the study's own when empty); StudioError when the run cannot be read or does not say yet."""
    from am_studio.reports.run_results import agreement_sentence, referee_lines, run_as_json, source_of
    from am_studio.reports.side_tables import across_lines
    from am_studio.reports.trust_results import trust_lines, trust_sentence
    from am_studio.runs.analysis import analyse

    with RunFile.open(path) as run:
        plan, state = run.plan, run.state()
        if withholds_effects(plan) and state != "finished":
            raise StudioError(
                "the plan looks at its effects at set times only",
                "a look in between would make chance findings likelier",
                "the run board shows the counts; the results open when the run is finished",
            )
        analysis = analyse(run, outcome or None)
        agreement = analysis.agreement
        return Findings(
            outcome=analysis.outcome,
            outcomes=_outcomes(run),
            tables=analysis.tables,
            sources=tuple(source_of(run, table) for table in analysis.tables),
            across=across_lines(analysis.across),
            agreement="" if agreement is None else agreement_sentence(agreement, analysis.judge),
            trust=() if analysis.trust is None else (trust_sentence(analysis.trust), *trust_lines(analysis.trust)),
            referee=referee_lines(analysis.questions),
            numbers=run_as_json(run, analysis),
            study=plan.study.name,
            state=state,
            simulated=run.simulated,
        )


def _outcomes(run: RunFile) -> tuple[str, ...]:
    judged = [name for (name,) in run.query("SELECT name FROM name WHERE kind = 'outcome' ORDER BY name")]
    return tuple(dict.fromkeys((run.plan.study.outcome, *judged)))
