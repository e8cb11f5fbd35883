"""Finds what is damaged in a run file: every row with content against its digest, counts against what they count.

It mends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.runs import codec, schema
from am_studio.runs.carried import load_carried
from am_studio.runs.codec import Damage
from am_studio.runs.runfile import RunFile, batch_digest

_BODIES = {
    "run": "SELECT name, body, digest FROM run",
    "reply": "SELECT trial || '.' || turn, body, digest FROM reply",
    "judge_reply": """SELECT trial || '.' || name.name || '.' || turn, body, digest FROM judge_reply
        JOIN name ON name.id = judge_reply.judge""",
    "intent": "SELECT trial || '.' || turn, body, digest FROM intent",
    "failure": "SELECT attempt, body, digest FROM failure",
    "evidence": "SELECT trial || '.' || name.name, body, digest FROM evidence JOIN name ON name.id = evidence.judge",
}


def damages(run: RunFile) -> Iterator[str]:
    """One sentence for every damaged part; nothing when the file is whole."""
    for check in (_structure, _plan, _bodies, _prompts, _batches, _answers):
        yield from _told(check, run)


def _told(check: Callable[[RunFile], Iterator[str]], run: RunFile) -> Iterator[str]:
    try:
        yield from check(run)
    except Damage as damage:
        yield f"{damage.title}: {damage.detail}"
    except apsw.Error as error:
        yield f"its tables cannot be read: {error}"


def _structure(run: RunFile) -> Iterator[str]:
    for (told,) in run.query("PRAGMA integrity_check"):
        if told != "ok":
            yield f"SQLite says: {told}"


def _plan(run: RunFile) -> Iterator[str]:
    if not run.plan.hash:
        yield "the plan has no hash"
    try:
        load_carried(run.scenario_texts, run.plan, run.other_texts)
    except Damage:
        raise
    except StudioError as error:
        yield ": ".join(part for part in (error.title, error.detail.replace("\n", ", ")) if part)


def _bodies(run: RunFile) -> Iterator[str]:
    for table, query in _BODIES.items():
        for row, body, stored in run.query(query):
            try:
                codec.checked(table, row, body, stored)
            except Damage as damage:
                yield f"{table} {row}: {damage.detail}"


def _prompts(run: RunFile) -> Iterator[str]:
    for hash_, body in run.query("SELECT hash, body FROM prompt"):
        try:
            codec.prompt_texts(hash_, body)
        except Damage as damage:
            yield f"prompt {hash_}: {damage.detail}"


def _batches(run: RunFile) -> Iterator[str]:
    """The planned trials, against the digest that was taken when they were planned."""
    trials = list(run.trials())
    number = 0
    for first, size, stored in run.query("SELECT first, trials, digest FROM batch ORDER BY first"):
        specs = [spec for spec in trials if first <= spec.id < first + size]
        number += size
        if batch_digest(first, specs) != stored:
            yield f"the planned trials from {first} on are not what was planned"
    if number != len(trials):
        yield f"{number} trials were planned, {len(trials)} are there"


def _answers(run: RunFile) -> Iterator[str]:
    """Counted verdicts, against the evidence they were written with, and against the trial they belong to."""
    counted: dict[tuple[int, int], dict[int, tuple[Any, ...]]] = {}
    for trial, judge, outcome, *rest in run.query("SELECT trial, judge, outcome, arm, model, answer FROM verdict"):
        counted.setdefault((trial, judge), {})[outcome] = tuple(rest)
    names = dict(run.query("SELECT id, name FROM name"))
    trials = {id_: rest for id_, *rest in run.query("SELECT id, arm, model, state FROM trial")}
    for trial, judge, body in run.query("SELECT trial, judge, body FROM evidence"):
        found = counted.pop((trial, judge), {})
        told = {
            names.get(outcome): (arm, model, schema.ANSWERS[answer]) for outcome, (arm, model, answer) in found.items()
        }
        arm, model, state = trials.get(trial, (None, None, None))
        verdicts = codec.verdicts_from_json(codec.unpack(body, f"evidence {trial}"), str(names.get(judge)))
        if told != {verdict.outcome: (arm, model, verdict.answer) for verdict in verdicts} or state != schema.DONE:
            yield f"trial {trial}: what is counted is not what {names.get(judge)} said"
    for trial, judge in counted:
        yield f"trial {trial}: {names.get(judge)} is counted without evidence"
