"""Human labels: what people say about the trials of a run, kept in the run file beside what judges said.

A label is written under a short lock of its own, so that people can label while another process carries the run out. The
latest label of a rater counts; the ones before it stay in the history. Trials and verdicts are never touched here, and
whether a label agrees with a judge is not asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import apsw

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hygiene import one_line, visible
from am_studio.records import Answer
from am_studio.runs import codec, schema
from am_studio.runs.codec import Damage
from am_studio.runs.database import Transaction, connect
from am_studio.runs.runfile import RunFile

LONGEST_RATER = 80
LONGEST_NOTE = 4000
"""Both in characters; what is longer is refused, never cut."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Label:
    """What one person says about one outcome of one trial."""

    trial: int
    outcome: str
    rater: str
    answer: Answer
    note: str
    at: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class LabelChange:
    """One entry of the history of a trial's labels."""

    trial: int
    outcome: str
    rater: str
    answer: Answer | None
    """None: the label was taken back."""
    note: str
    at: float
    """Seconds since 1970."""


def set_label(path: Path, trial: int, outcome: str, rater: str, answer: Answer, *, note: str = "") -> Label:
    """Store a rater's label in the run file, in place of the one before; durable when this returns.

    StudioError when the trial has no conversation, the outcome or the rater's name cannot be, or the file is not
    writable. Saying the same again changes nothing.
    """
    rater, note = checked_rater(rater), visible(note).strip()
    if answer not in schema.ANSWERS:
        raise StudioError(f"'{answer}' is no answer", hint=f"one of: {', '.join(schema.ANSWERS)}")
    if len(note) > LONGEST_NOTE:
        raise StudioError("the note is too long", f"{len(note):,} characters; the most is {LONGEST_NOTE:,}")
    code = schema.ANSWERS.index(answer)

    def store(db: apsw.Connection, number: int) -> Label:
        before = _stored(db, trial, number, rater)
        if before is not None and before[:2] == (code, note):
            return Label(trial, outcome, rater, answer, note, before[2])
        # The clock may step back; the order of a rater's labels must not.
        at = max(time.time(), before[2] if before else 0.0)
        row = (trial, number, rater, code, at, note)
        db.execute("INSERT OR REPLACE INTO label VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, codec.row_digest("label", row)))
        _remember(db, trial, number, rater, code, at, note)
        return Label(trial, outcome, rater, answer, note, at)

    return _written(path, trial, outcome, store)


def clear_label(path: Path, trial: int, outcome: str, rater: str) -> bool:
    """Take a rater's label back; whether there was one. The history keeps both."""
    rater = checked_rater(rater)

    def clear(db: apsw.Connection, number: int) -> bool:
        before = _stored(db, trial, number, rater)
        if before is None:
            return False
        db.execute("DELETE FROM label WHERE trial = ? AND outcome = ? AND annotator = ?", (trial, number, rater))
        _remember(db, trial, number, rater, None, max(time.time(), before[2]), "")
        return True

    return _written(path, trial, outcome, clear)


def read_labels(run: RunFile, *, trial: int | None = None, outcome: str = "", rater: str = "") -> tuple[Label, ...]:
    """The labels that count, by trial, then by outcome and rater; only those of a trial, outcome or rater when given."""
    rows = _rows(run, "label", "label.trial, name.name, label.annotator", trial=trial, outcome=outcome, rater=rater)
    return tuple(Label(t, o, r, _answer(code), note, at) for t, o, r, code, note, at in rows)


def label_history(
    run: RunFile, *, trial: int | None = None, outcome: str = "", rater: str = ""
) -> tuple[LabelChange, ...]:
    """Every label ever given or taken back, in that order."""
    if not list(run.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'label_history'")):
        return ()
    rows = _rows(run, "label_history", "label_history.id", trial=trial, outcome=outcome, rater=rater)
    return tuple(
        LabelChange(t, o, r, None if code is None else _answer(code), note, at) for t, o, r, code, note, at in rows
    )


def raters(run: RunFile) -> tuple[str, ...]:
    """Everybody whose labels count, the one who labelled last first."""
    rows = run.query("SELECT annotator FROM label GROUP BY annotator ORDER BY max(at) DESC, annotator")
    return tuple(name for (name,) in rows)


def checked_rater(name: str) -> str:
    """The name of a rater as it is stored: one visible line. StudioError when nothing is left of it, or too much."""
    plain = one_line(name)
    if not plain:
        raise StudioError("a label needs the name of who gives it", hint="initials will do")
    if len(plain) > LONGEST_RATER:
        raise StudioError("the rater's name is too long", f"the most is {LONGEST_RATER} characters")
    return plain


def _written(path: Path, trial: int, outcome: str, change: Callable[[apsw.Connection, int], T]) -> T:
    """What `change` gives, made in one transaction of its own."""
    try:
        with closing(connect(path, apsw.SQLITE_OPEN_READWRITE)) as db:
            db.pragma("synchronous", "full")
            with Transaction(db, path):
                db.execute(schema.LABEL_HISTORY)
                return change(db, _labelled(db, trial, outcome))
    except apsw.Error as error:
        raise takes_no_labels(path, str(error)) from error
    except StudioError as error:
        if isinstance(error.__cause__, apsw.Error):
            raise takes_no_labels(path, error.detail) from error
        raise


def takes_no_labels(path: Path, why: str) -> StudioError:
    """What to tell when nothing can be written into a run that is labelled."""
    return StudioError(
        f"{path.name} takes no labels", why, "copy the run to where it can be written and label the copy", exit_code=1
    )


def _labelled(db: apsw.Connection, trial: int, outcome: str) -> int:
    """The number of the outcome; StudioError when the trial cannot be labelled for it."""
    state = db.execute("SELECT state FROM trial WHERE id = ?", (trial,)).fetchone()
    if state is None:
        raise StudioError(f"the run has no trial {trial}")
    if state[0] != schema.DONE:
        raise StudioError(f"trial {trial} has no conversation to label", "it failed, or it is still to come")
    known = dict(db.execute("SELECT name, id FROM name WHERE kind = 'outcome'"))
    if outcome not in known:
        raise StudioError(f"the run asks for no outcome '{outcome}'", hint=nearest(outcome, known))
    asked = {number for (number,) in db.execute("SELECT outcome FROM verdict WHERE trial = ?", (trial,))}
    if asked and known[outcome] not in asked:
        told = ", ".join(sorted(name for name, number in known.items() if number in asked))
        raise StudioError(f"trial {trial} is not asked for '{outcome}'", f"its scenario asks for {told}")
    return int(known[outcome])


def _stored(db: apsw.Connection, trial: int, outcome: int, rater: str) -> tuple[int, str, float] | None:
    row: tuple[int, str, float] | None = db.execute(
        "SELECT answer, note, at FROM label WHERE trial = ? AND outcome = ? AND annotator = ?", (trial, outcome, rater)
    ).fetchone()
    return row


def _remember(db: apsw.Connection, *change: int | float | str | None) -> None:
    ((number,),) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM label_history").fetchall()
    row = (number, *change)
    db.execute(
        "INSERT INTO label_history VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, codec.row_digest("label_history", row))
    )


def _rows(
    run: RunFile, table: str, order: str, *, trial: int | None, outcome: str, rater: str
) -> list[tuple[Any, ...]]:
    asked = {f"{table}.trial": trial, "name.name": outcome or None, f"{table}.annotator": rater or None}
    given = {column: value for column, value in asked.items() if value is not None}
    where = " AND ".join(["name.kind = 'outcome'", *(f"{column} = ?" for column in given)])
    query = f"""SELECT {table}.trial, name.name, {table}.annotator, {table}.answer, {table}.note, {table}.at
        FROM {table} JOIN name ON name.id = {table}.outcome WHERE {where} ORDER BY {order}"""  # noqa: S608
    return list(run.query(query, tuple(given.values())))


def _answer(code: int) -> Answer:
    if not 0 <= code < len(schema.ANSWERS):
        raise Damage("label", f"{code} is no answer")
    return schema.ANSWERS[code]
