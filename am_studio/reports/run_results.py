"""The results of a run as plain data and as sentences, for any surface: numbers, provenance, the judge's agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from am_studio.foundation.hygiene import one_line
from am_studio.judging import Agreement
from am_studio.records import EffectTable
from am_studio.reports.effect_table import Source, as_json
from am_studio.reports.sentence import finding
from am_studio.reports.side_tables import across_json
from am_studio.reports.trust_results import trust_as_json
from am_studio.runs.analysis import Analysis, Unproven, Withheld
from am_studio.runs.referee import Question
from am_studio.runs.runfile import RunFile
from am_studio.runs.trust import Trust

REFEREE = "A referee would ask:"


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
        "imported": None if plan.imported is None else asdict(plan.imported),
        "state": run.state(),
        "exploratory": list(analysis.exploratory),
        "outcome": analysis.outcome,
        "judge": analysis.judge,
        "trials": {"planned": run.planned(), "left": run.unfinished()},
        "requests": {"all": tally.attempts, "unknown": tally.unknown, "failures": dict(tally.failures)},
        "cost_usd": tally.cost,
        "tables": [
            {**as_json(table, source_of(run, table, analysis.judge)), "finding": finding(table)}
            for table in analysis.tables
        ],
        "across_models": across_json(analysis.across),
        "agreement": None if analysis.agreement is None else agreement_as_json(analysis.agreement, analysis.judge),
        "referee": [asdict(question) for question in analysis.questions],
        "trust": None if analysis.trust is None else trust_as_json(analysis.trust),
    }


def counts_as_json(run: RunFile, why: Withheld, outcome: str = "", known: Trust | None = None) -> dict[str, Any]:
    """How the trials of a run ended so far, where its plan allows no more to be seen; `known`: what labels say."""
    plan, outcome = run.plan, outcome or run.plan.study.outcome
    return {
        "format": 1,
        "run": str(run.path),
        "study": plan.study.name,
        "plan_hash": plan.hash,
        "simulated": plan.simulated,
        "state": run.state(),
        "outcome": outcome,
        "trials": {"planned": run.planned(), "left": run.unfinished()},
        "withheld": why.title,
        "missing": list(why.missing) if isinstance(why, Unproven) else [],
        "counts": [
            {"arm": arm, "model": model, **asdict(counts)} for (arm, model), counts in run.counts(outcome).items()
        ],
        "trust": None if known is None else trust_as_json(known),
    }


def counts_lines(run: RunFile, why: Withheld, outcome: str = "") -> tuple[str, ...]:
    """The same in lines, with the reason why there is no more."""
    plan, outcome = run.plan, outcome or run.plan.study.outcome
    labels = {arm.name: arm.label for arm in plan.arms}
    several = len(plan.models) > 1
    lines = [
        one_line(f"{why.title}: {why.detail}."),
        f"Counts of {outcome} so far, yes / completed of named:",
    ]
    for (arm, model), counts in run.counts(outcome).items():
        where = one_line(f"{labels.get(arm, arm)}, {model}" if several else labels.get(arm, arm))
        lines.append(f"  {where}: {counts.yes}/{counts.completed} of {counts.planned}")
    return (*lines, one_line(f"{why.hint}."))


def referee_lines(questions: Sequence[Question]) -> tuple[str, ...]:
    """What a referee would ask, under its head; () where nothing is."""
    if not questions:
        return ()
    told = [f"- {each.text} {each.why} {each.what_to_do}" for each in questions]
    return (REFEREE, *map(one_line, told))


def source_of(run: RunFile, table: EffectTable, judge: str = "") -> Source:
    """Where the numbers of a table come from; `judge` when it is not the plan's."""
    span = run.span(table.model)
    first, last = (_moment(span[0]), _moment(span[1])) if span else ("", "")
    return Source(judge or run.plan.judge, run.models_returned(table.model), first, last, run.plan.hash, run.path.name)


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
