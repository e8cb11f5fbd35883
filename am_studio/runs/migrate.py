"""Brings a run file of an older version up to this program's: in place, all or nothing, with a copy of the old file kept.

Only who could carry the run on may do it, so nobody can be writing. What is damaged stays damaged and is told of when it
is read. No model is asked, and no verdict, label or count changes.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.records import Intent
from am_studio.runs import codec, schema
from am_studio.runs.database import Transaction, opened
from am_studio.runs.lock import RunLock
from am_studio.runs.runfile import reply_of

_CHANGED = ("name", "prompt", "variant", "session", "trial", "attempt", "reply", "intent", "label", "label_history")
"""Tables of version 1 that are written anew; the others are the same in both."""
_OLD = "v1_"
_MISSING = -1
"""The number of a name that no name has: what was meant by a reply whose intent cannot be read."""

Row = tuple[Any, ...]


def migrate(path: Path) -> None:
    """Bring the run in this file up to version 2; its old file is kept as `NAME.v1.bak`.

    StudioError when another process carries the run out, or nothing can be written beside or into it; the file is then
    what it was.
    """
    try:
        lock = RunLock(path)
    except StudioError as error:
        raise _told(path, ": ".join(part for part in (error.title, error.detail) if part)) from error
    try:
        db, version = opened(path, apsw.SQLITE_OPEN_READWRITE)
        with closing(db):
            if version != schema.VERSION:
                _back_up(db, path, version)
                db.pragma("synchronous", "full")
                with Transaction(db, path):
                    _rewrite(db)
    except (OSError, apsw.Error) as error:
        raise _told(path, str(error)) from error
    except StudioError as error:
        raise _told(path, error.detail or error.title) from error
    finally:
        lock.release()


def _told(path: Path, why: str) -> StudioError:
    return StudioError(
        f"{path} was made by an older version of the program and cannot be brought up to this one",
        why,
        "copy the run to where it can be written, or read it with the version that made it",
    )


# The copy. -----------------------------------------------------------------------------------------------------------


def _back_up(db: apsw.Connection, path: Path, version: int) -> None:
    """A copy of the run beside it, whole and on the disk, under a name that was free."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".bak")
    os.close(handle)
    temporary = Path(name)
    try:
        with closing(apsw.Connection(name)) as copy, copy.backup("main", db, "main") as backup:
            backup.step()
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o7777)
        for target in _free_names(path, version):
            with suppress(FileExistsError):
                _give_name(temporary, target)
                break
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _give_name(file: Path, name: Path) -> None:
    """Call a file by a second name; FileExistsError where it is taken."""
    try:
        os.link(file, name)  # made or refused as one step
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if name.exists():
            raise FileExistsError(name) from None
        os.replace(file, name)


def _free_names(path: Path, version: int) -> Iterator[Path]:
    yield path.with_name(f"{path.name}.v{version}.bak")
    number = 2
    while True:
        yield path.with_name(f"{path.name}.v{version}.bak{number}")
        number += 1


# The tables. ---------------------------------------------------------------------------------------------------------


def _rewrite(db: apsw.Connection) -> None:
    """Everything in one transaction: the old tables aside, the new ones, what they hold, and the version."""
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    changed = [table for table in _CHANGED if table in there]
    db.pragma("legacy_alter_table", 1)
    for index in ("trial_counts", "attempt_open"):
        db.execute(f"DROP INDEX IF EXISTS {index}")
    for table in changed:
        db.execute(f"ALTER TABLE {table} RENAME TO {_OLD}{table}")
    for statement in re.split(r";\n(?=CREATE)", schema.TABLES.strip()):
        made = re.match(r"CREATE (?:TABLE (\w+)|INDEX \w+ ON (\w+))", statement)
        if made and (made[1] or made[2]) not in there - set(changed):
            db.execute(statement)
    if "label_history" in changed:
        db.execute(schema.LABEL_HISTORY)
    _copy_plain(db, changed)
    _copy_trials(db)
    _copy_intents(db)
    for table in changed:
        db.execute(f"DROP TABLE {_OLD}{table}")
    db.pragma("user_version", schema.VERSION)


def _copy_plain(db: apsw.Connection, changed: list[str]) -> None:
    """Rows that gain nothing but a digest, and bodies."""
    for table in ("name", "variant", "session", "label", "label_history"):
        if table in changed:
            columns = ", ".join(schema.DIGESTED[table])
            _insert(db, table, db.execute(f"SELECT {columns} FROM {_OLD}{table}"))  # noqa: S608
    attempts = [column for column in schema.DIGESTED["attempt"] if column != "judge"]
    _insert(db, "attempt", db.execute(f"SELECT {', '.join(attempts)}, 0 FROM {_OLD}attempt"))  # noqa: S608
    db.execute(f"INSERT INTO prompt SELECT id, hash, body FROM {_OLD}prompt")  # noqa: S608
    db.execute(
        f"INSERT INTO reply SELECT trial, turn, attempt, body, digest FROM {_OLD}reply ORDER BY trial, turn"  # noqa: S608
    )


def _insert(db: apsw.Connection, table: str, rows: Iterable[Row]) -> None:
    """Rows of a narrow table with their digests; they come and go in step, so that none are held."""
    places = ", ".join("?" * (len(schema.DIGESTED[table]) + 1))
    db.executemany(
        f"INSERT INTO {table} VALUES ({places})",  # noqa: S608
        ((*row, codec.row_digest(table, row)) for row in rows),
    )


def _copy_trials(db: apsw.Connection) -> None:
    rows = db.execute(
        f"""SELECT t.id, t.arm, t.model, t.variant, t.seed, t.state, t.refused, t.truncated, t.session, t.ended,
        reply.body, reply.digest FROM {_OLD}trial t LEFT JOIN {_OLD}reply reply ON reply.trial = t.id AND reply.turn = 0"""  # noqa: S608
    )
    db.executemany("INSERT INTO trial VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_trial, rows))


def _trial(row: Row) -> Row:
    id_, arm, model, variant, seed, *ended, body, stored = row
    if ended[0] == schema.PLANNED:
        return (id_, arm, model, variant, seed, *ended, None, None)
    words = None
    if body is not None:
        with suppress(StudioError):
            words = codec.words([codec.said(reply_of(id_, 0, body, stored))], variant)
    return (id_, arm, model, variant, seed, *ended, words, codec.row_digest("trial", (id_, *ended, words)))


def _copy_intents(db: apsw.Connection) -> None:
    numbers: dict[str, int] = {}
    rows = db.execute(f"SELECT trial, turn, body, digest FROM {_OLD}intent")  # noqa: S608
    for trial, turn, body, stored in rows:
        number = _MISSING
        with suppress(StudioError):
            kind, acts, belief = codec.checked("intent", f"{trial}.{turn}", body, stored)
            name = codec.intent_as_name(Intent(kind, tuple(acts), belief))
            if name not in numbers:
                numbers[name] = _next_name(db)
                _insert(db, "name", [(numbers[name], "intent", name)])
            number = numbers[name]
        _insert(db, "intent", [(trial, turn, number)])


def _next_name(db: apsw.Connection) -> int:
    ((number,),) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM name").fetchall()
    return int(number)  # type: ignore[arg-type]
