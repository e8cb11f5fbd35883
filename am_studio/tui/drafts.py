"""Unsaved work, kept beside the files and not in them: written at most two seconds after it was typed, found again after a crash or a kill.

Each process has a file of drafts of its own, which it holds locked while it lives; one that nobody holds was left behind.
A draft is taken up by renaming its file first, so that a draft that brings the studio down is offered once, and by one
studio alone. Nothing here saves or changes a scenario or a study. Drafts can be read by their owner alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.locations import state_directory

AUTOSAVE_SECONDS = 2.0
"""So much typing is lost at most."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of a file of drafts that is read back."""
_TAKEN = ".taken"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is unsaved in one document."""

    kind: Literal["scenario", "study"]
    place: str
    """The scenario's directory or the study's file."""
    texts: Mapping[str, str | None]
    """By file name, those that differ from the disk; None for a file that was deleted."""

    @property
    def told(self) -> str:
        """In a line."""
        names = ", ".join(sorted(self.texts))
        return f"{self.place}: {names}" if self.kind == "scenario" else self.place


@runtime_checkable
class KeepsDraft(Protocol):
    """A screen with work that may be unsaved."""

    def unsaved_draft(self) -> Draft | None:
        """What is unsaved now; None when nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Drafts of a process that is no more."""

    file: Path
    drafts: tuple[Draft, ...]
    at: float
    """When they were written, in seconds since 1970."""


def drafts_directory() -> Path:
    """Where drafts lie."""
    return state_directory() / "drafts"


class DraftKeeper:
    """The drafts of this process."""

    def __init__(self) -> None:
        self._file = drafts_directory() / f"{int(time.time() * 1000)}-{os.getpid()}.json"
        self._lock: int | None = None
        """The descriptor of the file that is locked, for as long as the process lives."""
        self._kept: tuple[Draft, ...] = ()
        self._turn = threading.Lock()
        """The clock's thread and the studio write one after the other."""
        self._closed = False

    def keep(self, drafts: Sequence[Draft]) -> None:
        """Make these the drafts on disk, whole or not at all; none removes the file. StudioError when it cannot be written."""
        with self._turn:
            if not self._closed and tuple(drafts) != self._kept:
                self._put(drafts)
                self._kept = tuple(drafts)

    def _put(self, drafts: Sequence[Draft]) -> None:
        if drafts:
            self._hold()
            content = {"format": 1, "at": time.time(), "drafts": [asdict(draft) for draft in drafts]}
            write_atomic(self._file, json.dumps(content, ensure_ascii=True).encode())
            self._file.chmod(0o600)
        else:
            self._file.unlink(missing_ok=True)

    def close(self) -> None:
        """All was saved or given up: nothing is left behind."""
        with self._turn:
            self._closed = True
            with suppress(OSError):
                self._file.unlink(missing_ok=True)
            if self._lock is not None:
                _lock_path(self._file).unlink(missing_ok=True)
                os.close(self._lock)
                self._lock = None

    def _hold(self) -> None:
        if self._lock is None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._lock = os.open(_lock_path(self._file), os.O_CREAT | os.O_WRONLY, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            except OSError as error:
                raise StudioError(
                    "unsaved work cannot be kept against a crash", f"{self._file.parent}: {error.strerror}"
                ) from error


def left_behind() -> tuple[LeftBehind, ...]:
    """Drafts of processes that are no more, the latest first. What cannot be read stays where it is."""
    found = []
    for file in drafts_directory().glob("*.json"):
        if not _is_held(file):
            read = _read(file)
            if read is not None and read.drafts:
                found.append(read)
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def take(left: LeftBehind) -> bool:
    """Make these drafts one's own before anything is done with them; False when somebody else was quicker."""
    try:
        left.file.rename(left.file.with_name(left.file.name + _TAKEN))
    except FileNotFoundError:
        return False
    return True


def discard(left: LeftBehind) -> None:
    """Give these drafts up, once they are taken or as they are."""
    for file in (left.file, left.file.with_name(left.file.name + _TAKEN), _lock_path(left.file)):
        file.unlink(missing_ok=True)


def _lock_path(file: Path) -> Path:
    return file.with_suffix(".lock")


def _is_held(file: Path) -> bool:
    """Whether a process that lives keeps its drafts in this file."""
    try:
        with _lock_path(file).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _read(file: Path) -> LeftBehind | None:
    try:
        if file.stat().st_size > _LARGEST:
            return None
        content = json.loads(file.read_bytes())
        drafts = tuple(Draft(each["kind"], str(each["place"]), dict(each["texts"])) for each in content["drafts"])
        return LeftBehind(file, drafts, float(content["at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
