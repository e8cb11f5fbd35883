"""The results of a run as plain data and as sentences, for any surface: numbers, provenance, the judge's agreement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from am_studio.judging import Agreement
from am_studio.records import EffectTable
from am_studio.reports.effect_table import Source, as_json
from am_studio.reports.sentence import finding
from am_studio.reports.side_tables import across_json
from am_studio.reports.trust_results import trust_as_json
from am_studio.runs.analysis import Analysis
from am_studio.runs.runfile import RunFile


def run_as_json(run: RunFile, analysis: Analysis) -> dict[str, Any]:
    """All numbers of the analysis and where they come from."""
    tally, plan = run.tally(), run.plan
    return {
        "format": 1,
        "run": str(run.path),
        "study": plan.study.name,
        "scenario": {"ref": plan.scenario, "hash": plan.scenario_hash},
        "other_scenarios": [{"ref": each.ref, "hash": each.hash} for each in plan.others],
        "plan_hash": plan.hash,
        "simulated": run.simulated,
        "state": run.state(),
        "outcome": analysis.outcome,
        "trials": {"planned": run.planned(), "left": run.unfinished()},
        "requests": {"all": tally.attempts, "unknown": tally.unknown, "failures": dict(tally.failures)},
        "cost_usd": tally.cost,
        "tables": [{**as_json(table, source_of(run, table)), "finding": finding(table)} for table in analysis.tables],
        "across_models": across_json(analysis.across),
        "agreement": None if analysis.agreement is None else agreement_as_json(analysis.agreement, plan.judge),
        "trust": None if analysis.trust is None else trust_as_json(analysis.trust),
    }


def source_of(run: RunFile, table: EffectTable) -> Source:
    """Where the numbers of a table come from."""
    span = run.span(table.model)
    first, last = (_moment(span[0]), _moment(span[1])) if span else ("", "")
    return Source(run.plan.judge, run.models_returned(table.model), first, last, run.plan.hash, run.path.name)


def agreement_sentence(found: Agreement, judge: str) -> str:
    """How often the judge says what the simulated subject meant, in one line."""
    agreeing = found.yes_meant + found.no_not_meant
    kappa = "" if found.kappa is None else f", Cohen's kappa {found.kappa:.2f}"
    told = f"Judge {judge} against what the simulated subject meant: {agreeing}/{found.n} agree{kappa}"
    wrong = {
        "yes where it was not meant": found.yes_not_meant,
        "no where it was meant": found.no_meant,
        "unclear": found.unclear_meant + found.unclear_not_meant,
    }
    mistakes = "; ".join(f"{number} {words}" for words, number in wrong.items() if number)
    return f"{told} ({mistakes})." if mistakes else f"{told}."


def agreement_as_json(found: Agreement, judge: str) -> dict[str, Any]:
    """The counts behind the sentence."""
    names = ("yes_meant", "yes_not_meant", "no_meant", "no_not_meant", "unclear_meant", "unclear_not_meant", "unknown")
    counts = {name: getattr(found, name) for name in names}
    return {"judge": judge, "n": found.n, "agreeing": found.agreeing, "kappa": found.kappa, **counts}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
