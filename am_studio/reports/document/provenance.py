"""Where a result comes from: the plan before the first call, what deviates from it, requests and their cost, versions, hashes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from am_studio.reports.document.blocks import Block, Facts, Folded, Points, Text, grid
from am_studio.reports.effect_table import Source
from am_studio.reports.numbers import duration, money
from am_studio.reports.registration import judge_hash, registration
from am_studio.runs.analysis import Analysis
from am_studio.runs.runfile import RunFile
from am_studio.version import __version__


def plan_blocks(run: RunFile, analysis: Analysis) -> tuple[Block, ...]:
    """What was planned beforehand, what was not, and the pre-registration in full."""
    plan = run.plan
    kept = f"The plan was hashed on {moment(run.created)}, before the first call: {plan.hash}."
    if analysis.exploratory:
        head = Text((f"{kept} This analysis is not the planned one, and is exploratory:",), "warning")
        told: tuple[Block, ...] = (head, Points(tuple(("", reason) for reason in analysis.exploratory)))
    else:
        told = (Text((f"{kept} Outcome, judge, margin, alpha and trials are those of the plan: nothing here is exploratory "
                      "but the outcomes beside the study's own.",)),)  # fmt: skip
    text = registration(plan, run.scenario, moment(run.created))
    return (*told, Folded("The pre-registration that this plan gives, in full", (Text((text,), "paper"),)))


def cost_blocks(run: RunFile) -> tuple[Block, ...]:
    """Requests, tokens and US dollars, by model."""
    rows = [
        (model, f"{requests:,}", f"{read or 0:,}", f"{written or 0:,}", money(cost or 0.0))
        for model, requests, read, written, cost in run.query(
            """SELECT model.name, count(*), sum(input_tokens), sum(output_tokens), sum(cost) FROM attempt
            JOIN trial ON trial.id = attempt.trial JOIN name model ON model.id = trial.model WHERE attempt.judge = 0
            GROUP BY trial.model ORDER BY trial.model"""
        )
    ]
    rows += [
        (f"judge {judge}", f"{requests:,}", f"{read or 0:,}", f"{written or 0:,}", money(cost or 0.0))
        for judge, requests, read, written, cost in run.query(
            """SELECT judge.name, count(*), sum(input_tokens), sum(output_tokens), sum(cost) FROM attempt
            JOIN name judge ON judge.id = attempt.judge GROUP BY attempt.judge ORDER BY attempt.judge"""
        )
    ]
    tally = run.tally()
    failed = ", ".join(f"{number} {kind}" for kind, number in tally.failures.items()) or "none"
    unknown = f"; {tally.unknown} with an unknown end, counted at their greatest cost" if tally.unknown else ""
    told = f"All in all {money(tally.cost)}, at most {money(run.plan.greatest_cost)} planned. Failed requests: {failed}{unknown}."
    head = ("asked", "requests", "tokens read", "written", "cost")
    return (grid("Requests", head, tuple(rows)), Text((told,)))


def provenance_blocks(run: RunFile, analysis: Analysis, sources: tuple[Source, ...]) -> tuple[Block, ...]:
    """Everything that is needed to find these figures again."""
    plan = run.plan
    names = {
        table.model: ", ".join(source.models_returned) for source, table in zip(sources, analysis.tables, strict=True)
    }
    pairs = [
        ("run file", run.path.name),
        ("SHA-256 of the file", _digest(run.path)),
        ("state", run.state()),
        ("study", plan.study.name),
        ("scenario", f"{plan.scenario} {plan.scenario_hash}"),
        *(("beside it", f"{other.ref} {other.hash}") for other in plan.others),
        ("plan", plan.hash),
        ("judge", analysis.judge),
        ("what the plan's judge asks by", judge_hash(plan, run.scenario)),
        *((f"{model}, as returned", told or "no answer yet") for model, told in names.items()),
        ("planned with", f"am-studio {plan.program}"),
        ("analysed with", f"am-studio {__version__}"),
    ]
    sessions = tuple(
        (
            str(session.id),
            moment(session.started),
            "" if session.seconds is None else duration(session.seconds),
            session.program,
            session.ending or "killed, or going on",
        )
        for session in run.sessions()
    )
    return (Facts(tuple(pairs)), grid("Sessions of work", ("session", "began", "took", "version", "ended"), sessions))


def moment(seconds: float) -> str:
    """A time in UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
