"""The SQLite database of a run: opened without trust in what it holds, written all or nothing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.runs import schema


def connect(path: Path, flags: int) -> apsw.Connection:
    """An SQLite connection that trusts nothing in the file; a run of an older version is brought up to this one first.

    StudioError when the file is no run, is one of a newer version, or is older and cannot be written.
    """
    connection, version = opened(path, flags)
    if flags & apsw.SQLITE_OPEN_CREATE or version == schema.VERSION:
        return connection
    connection.close()
    if not 0 < version < schema.VERSION:
        raise StudioError(
            f"{path} has format {version}; this program reads format {schema.VERSION}",
            hint="use the program's version that made it",
        )
    from am_studio.runs.migrate import migrate  # only old files need it

    migrate(path)
    return opened(path, flags)[0]


def opened(path: Path, flags: int) -> tuple[apsw.Connection, int]:
    """A connection of which nothing in the file is trusted, and the file's version; StudioError when it is no run."""
    if not flags & apsw.SQLITE_OPEN_CREATE and not path.is_file():
        raise StudioError(f"there is no run '{path}'", hint="`am-studio runs` lists the runs here")
    try:
        connection = apsw.Connection(str(path), flags=flags)
        connection.set_busy_timeout(10_000)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        for untrusted in ("TRUSTED_SCHEMA", "ENABLE_TRIGGER", "ENABLE_VIEW"):
            connection.config(getattr(apsw, f"SQLITE_DBCONFIG_{untrusted}"), 0)
        application, version = connection.pragma("application_id"), connection.pragma("user_version")
    except apsw.Error as error:
        raise StudioError(f"{path} cannot be read as a run", str(error)) from error
    if not flags & apsw.SQLITE_OPEN_CREATE and application != schema.APPLICATION_ID:
        connection.close()
        raise StudioError(f"{path} is not a run file")
    return connection, int(version)


class Transaction:
    """`BEGIN IMMEDIATE` to `COMMIT`; anything that goes wrong rolls all of it back."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def __enter__(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise unwritable(self._path, error) from error

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        try:
            if error is None:
                self._db.execute("COMMIT")
                return
        except apsw.Error as failed:
            error = failed
        with suppress(apsw.Error):
            self._db.execute("ROLLBACK")
        if isinstance(error, apsw.Error):
            raise unwritable(self._path, error) from error


def unwritable(path: Path, error: Exception) -> StudioError:
    """What to tell when a run file cannot be written."""
    return StudioError(
        f"{path} cannot be written",
        str(error),
        "what was stored before is safe; resume the run once the cause is gone",
        exit_code=1,
    )
