"""Finds what is damaged in a run file: every row against its digest, rows against each other, counts against what they count.

What can be derived is derived again: prompts of which only the hash is stored are rendered once a variant. It reads the
file once, in one pass a table, and mends nothing.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.records import TrialSpec
from am_studio.runs import codec, schema
from am_studio.runs.carried import load_carried
from am_studio.runs.codec import Damage
from am_studio.runs.runfile import RunFile
from am_studio.runs.variants import batch_digest

Check = Callable[[RunFile, Counter[str]], Iterator[str]]

_BODIES = {
    "run": ("parts of the plan", "SELECT name, body, digest FROM run"),
    "reply": ("replies", "SELECT trial || '.' || turn, body, digest FROM reply"),
    "judge_reply": (
        "replies to judges",
        """SELECT trial || '.' || name.name || '.' || turn, body, judge_reply.digest FROM judge_reply
        LEFT JOIN name ON name.id = judge_reply.judge""",
    ),
    "failure": ("failed requests", "SELECT attempt, body, digest FROM failure"),
    "evidence": (
        "judgements",
        """SELECT trial || '.' || name.name, body, evidence.digest FROM evidence
        LEFT JOIN name ON name.id = evidence.judge""",
    ),
}
_LINKS = {
    "reply of trial {}: no request asked for it": """SELECT reply.trial FROM reply LEFT JOIN attempt ON attempt.id = reply.attempt
        AND attempt.trial = reply.trial AND attempt.turn = reply.turn AND attempt.judge = 0 AND attempt.state = 1
        WHERE attempt.id IS NULL""",
    "reply to a judge of trial {}: no request asked for it": """SELECT reply.trial FROM judge_reply reply LEFT JOIN attempt
        ON attempt.id = reply.attempt AND attempt.trial = reply.trial AND attempt.turn = reply.turn
        AND attempt.judge = reply.judge AND attempt.state = 1 WHERE attempt.id IS NULL""",
    "attempt {}: the reply to it is missing": """SELECT id FROM attempt WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM reply
        WHERE reply.trial = attempt.trial AND reply.turn = attempt.turn AND attempt.judge = 0) AND NOT EXISTS
        (SELECT 1 FROM judge_reply reply WHERE reply.trial = attempt.trial AND reply.judge = attempt.judge
        AND reply.turn = attempt.turn)""",
    "attempt {}: why it failed is missing": """SELECT id FROM attempt WHERE state = 2
        AND NOT EXISTS (SELECT 1 FROM failure WHERE failure.attempt = attempt.id)""",
    "attempt {}: its trial, session or names are missing": """SELECT id FROM attempt
        WHERE trial NOT IN (SELECT id FROM trial) OR session NOT IN (SELECT id FROM session)
        OR judge NOT IN (SELECT 0 UNION ALL SELECT id FROM name WHERE kind = 'judge')
        OR (returned IS NOT NULL AND returned NOT IN (SELECT id FROM name WHERE kind = 'returned'))""",
    "failure of attempt {}: there is no such failed request": """SELECT failure.attempt FROM failure
        LEFT JOIN attempt ON attempt.id = failure.attempt AND attempt.state = 2 WHERE attempt.id IS NULL""",
    "trial {}: it is judged, and what it said or how it was judged is missing": """SELECT id FROM trial WHERE state = 1
        AND NOT (EXISTS (SELECT 1 FROM reply WHERE reply.trial = trial.id)
        AND EXISTS (SELECT 1 FROM evidence WHERE evidence.trial = trial.id))""",
    "intent of trial {}: what was meant is missing": """SELECT trial FROM intent
        WHERE meant NOT IN (SELECT id FROM name WHERE kind = 'intent')""",
    "label of trial {}: there is no such trial": "SELECT trial FROM label WHERE trial NOT IN (SELECT id FROM trial)",
}


def damages(run: RunFile, checked: Counter[str] | None = None) -> Iterator[str]:
    """One sentence for every damaged part; nothing when the file is whole. `checked` is told what was looked at."""
    counts = Counter[str]() if checked is None else checked
    checks: tuple[Check, ...] = (
        _structure, _tables, _plan, _bodies, _rows, _planned_rows, _prompts, _batches, _answers, _links, _samples,
    )  # fmt: skip
    for check in checks:
        yield from _told(check, run, counts)


def _told(check: Check, run: RunFile, checked: Counter[str]) -> Iterator[str]:
    try:
        yield from check(run, checked)
    except StudioError as damage:
        yield f"{damage.title}: {damage.detail}"
    except (apsw.Error, LookupError, TypeError, ValueError, OverflowError) as error:
        yield f"its tables cannot be read: {error}"


def _structure(run: RunFile, checked: Counter[str]) -> Iterator[str]:
    ((pages,),) = run.query("PRAGMA page_count")
    checked["pages"] += pages
    for (told,) in run.query("PRAGMA integrity_check"):
        if told != "ok":
            yield f"SQLite says: {told}"


def _tables(run: RunFile, _checked: Counter[str]) -> Iterator[str]:
    """The tables themselves: whoever changes what a column is called or holds changes what is read."""
    found, due = set(run.query(_SCHEMA)), _due_tables()
    there = {row[2] for row in found}
    wrong = found ^ {row for row in due if row[2] in there or row[2] not in schema.MADE_LATER}
    for name in sorted({str(name) for _, name, *_ in wrong}):
        yield f"the table or index {name} is not what the program made"


_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"


def _due_tables() -> set[tuple[Any, ...]]:
    with contextlib.closing(apsw.Connection(":memory:")) as fresh:
        fresh.execute(schema.TABLES)
        for statement in (schema.LABEL_HISTORY, *schema.LABEL_SAMPLES):
            fresh.execute(statement)
        return set(fresh.execute(_SCHEMA))


def _plan(run: RunFile, checked: Counter[str]) -> Iterator[str]:
    if not run.plan.hash:
        yield "the plan has no hash"
    if not run.created > 0:
        yield "the run does not say when it was made"
    try:
        load_carried(run.scenario_texts, run.plan, run.other_texts)
    except Damage:
        raise
    except StudioError as error:
        yield ": ".join(part for part in (error.title, error.detail.replace("\n", ", ")) if part)
    checked["carried files"] += len(run.scenario_texts) + sum(map(len, run.other_texts.values()))


def _bodies(run: RunFile, checked: Counter[str]) -> Iterator[str]:
    for table, (what, query) in _BODIES.items():
        for row, body, stored in run.query(query):
            checked[what] += 1
            try:
                codec.checked(table, str(row), body, stored)
            except Damage as damage:
                yield f"{table} {row}: {damage.detail}"


def _rows(run: RunFile, checked: Counter[str]) -> Iterator[str]:
    """Narrow rows against their digests."""
    tables = {name for (name,) in run.query("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    for table, columns in schema.DIGESTED.items():
        if table not in tables:
            continue
        settled = f"WHERE state != {schema.PLANNED}" if table == "trial" else ""
        for *row, stored in run.query(f"SELECT {', '.join(columns)}, digest FROM {table} {settled}"):  # noqa: S608
            checked["narrow rows"] += 1
            if codec.row_digest(table, row) != stored:
                yield f"{table} {_key(table, row)}: the row does not fit its digest"


def _key(table: str, row: list[Any]) -> str:
    parts = {"intent": 2, "label": 3, "label_sample": 2}.get(table, 1)
    return ".".join(map(str, row[:parts]))


def _planned_rows(run: RunFile, checked: Counter[str]) -> Iterator[str]:
    """A trial that is still to come says nothing of how it ended."""
    for (trial,) in run.query(
        f"""SELECT id FROM trial WHERE state = {schema.PLANNED} AND (refused OR truncated
        OR coalesce(session, ended, words, digest) IS NOT NULL)"""  # noqa: S608
    ):
        yield f"trial {trial}: it has not ended, and says how"
    ((number,),) = run.query("SELECT count(*) FROM trial")
    checked["trials"] += number


def _prompts(run: RunFile, checked: Counter[str]) -> Iterator[str]:
    """Stored prompts against their hashes; those that are not stored are rendered again."""
    for hash_, body in run.query("SELECT hash, body FROM prompt WHERE body IS NOT NULL"):
        checked["prompts"] += 1
        try:
            codec.prompt_texts(hash_, body)
        except Damage as damage:
            yield f"prompt {hash_}: {damage.detail}"
    for hash_, key in run.query(
        """SELECT prompt.hash, variant.key FROM variant LEFT JOIN prompt ON prompt.id = variant.prompt
        WHERE variant.prompt IS NOT NULL AND prompt.body IS NULL"""
    ):
        checked["prompts rendered again"] += 1
        try:
            run.rendered_again(hash_, key)
        except Damage as damage:
            yield f"prompt {hash_}: {damage.detail}"


def _batches(run: RunFile, _checked: Counter[str]) -> Iterator[str]:
    """The planned trials, against the digest that was taken when they were planned."""
    trials = run.trials()
    waiting: TrialSpec | None = next(trials, None)
    planned = there = 0
    for first, size, stored in run.query("SELECT first, trials, digest FROM batch ORDER BY first"):
        number = 0

        def of_batch(end: int = first + size) -> Iterator[TrialSpec]:
            nonlocal waiting, number
            while waiting is not None and waiting.id < end:
                yield waiting
                waiting, number = next(trials, None), number + 1

        if batch_digest(first, of_batch()) != stored:
            yield f"the planned trials from {first} on are not what was planned"
        planned, there = planned + size, there + number
    there += (waiting is not None) + sum(1 for _ in trials)
    if planned != there:
        yield f"{planned} trials were planned, {there} are there"


def _answers(run: RunFile, checked: Counter[str]) -> Iterator[str]:
    """Counted verdicts, against the evidence they were written with, and against the trial they belong to."""
    names = dict(run.query("SELECT id, name FROM name"))
    counted = _judged(
        run.query(
            """SELECT verdict.trial, judge, outcome, verdict.arm, verdict.model, answer,
            trial.arm, trial.model, trial.state FROM verdict LEFT JOIN trial ON trial.id = verdict.trial
            ORDER BY verdict.trial, judge, outcome"""
        )
    )
    here = next(counted, None)
    for trial, judge, body in run.query("SELECT trial, judge, body FROM evidence ORDER BY trial, judge"):
        while here is not None and here[0] < (trial, judge):
            yield f"trial {here[0][0]}: {names.get(here[0][1])} is counted without evidence"
            here = next(counted, None)
        rows: list[Any] = []
        if here is not None and here[0] == (trial, judge):
            rows, here = here[1], next(counted, None)
        checked["verdicts"] += len(rows)
        try:
            verdicts = codec.verdicts_from_json(codec.unpack(body, f"evidence {trial}"), str(names.get(judge)))
            told = {names.get(outcome): schema.ANSWERS[answer] for _, _, outcome, _, _, answer, *_ in rows}
            whole = told == {verdict.outcome: verdict.answer for verdict in verdicts} and all(map(_fits, rows))
        except (StudioError, LookupError, TypeError, ValueError):
            whole = False
        if not whole:
            yield f"trial {trial}: what is counted is not what {names.get(judge)} said"
    if here is not None:
        yield f"trial {here[0][0]}: {names.get(here[0][1])} is counted without evidence"
    for (trial, judge), _ in counted:
        yield f"trial {trial}: {names.get(judge)} is counted without evidence"


def _judged(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[tuple[int, int], list[Any]]]:
    for key, group in groupby(rows, itemgetter(0, 1)):
        yield key, list(group)


def _fits(row: tuple[Any, ...]) -> bool:
    """Whether a counted verdict says the arm and model of its trial, and the trial is done."""
    *_, arm, model, answer, trials_arm, trials_model, state = row
    return (arm, model, schema.DONE) == (trials_arm, trials_model, state) and 0 <= answer < len(schema.ANSWERS)


def _links(run: RunFile, _checked: Counter[str]) -> Iterator[str]:
    """Rows that belong together."""
    for told, query in _LINKS.items():
        for (row,) in run.query(query):
            yield told.format(row)


def _samples(run: RunFile, _checked: Counter[str]) -> Iterator[str]:
    """Samples for labelling: all of each, and only trials of this run."""
    if not list(run.query("SELECT 1 FROM sqlite_schema WHERE name = 'label_draw'")):
        return
    for (draw,) in run.query(
        """SELECT id FROM label_draw WHERE min(size, candidates)
        > (SELECT count(*) FROM label_sample JOIN trial ON trial.id = label_sample.trial WHERE draw = label_draw.id)"""
    ):
        yield f"label_draw {draw}: trials of the sample are missing"
