"""Where one was, by working directory: the library's cursor and search, and what was open; kept for the next start.

Several studios in one directory add to the same memory under a lock, and none takes away what another put there. What
cannot be read is taken for nothing, what cannot be written is not kept; nobody is bothered by either. A document that is
opened again from here counts as tried until it has stood for a while or was left in peace: one that brings the studio
down is offered once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.locations import state_directory
from am_studio.tui.welcome.documents import Document, as_data, from_data, is_there, same

MOST_DIRECTORIES = 100
"""Working directories that are remembered, the latest."""
MOST_DOCUMENTS = 8
"""Documents that are remembered of each."""
_LARGEST = 1024 * 1024
"""Bytes that are read back."""
_TABS = ("", "about", "cast", "details", "results")


@dataclass(frozen=True, slots=True)
class LibraryPlace:
    """Where one was in the library."""

    scenario: str = ""
    """The directory of the scenario under the cursor."""
    query: str = ""
    """The search."""
    tab: str = ""
    """What was shown of the scenario."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that was open."""

    document: Document
    tried: bool = False
    """It was opened again from here, and nobody knows yet whether that went well."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of one working directory."""

    library: LibraryPlace = LibraryPlace()
    documents: tuple[Kept, ...] = ()
    """The latest first."""

    def opened(self, document: Document, *, tried: bool = False) -> Remembered:
        """With this document as the latest."""
        others = [kept for kept in self.documents if not same(kept.document, document)]
        return replace(self, documents=(Kept(document, tried), *others)[:MOST_DOCUMENTS])

    def settled(self, document: Document) -> Remembered:
        """With it known that this document brings nothing down."""
        kept = tuple(replace(each, tried=each.tried and not same(each.document, document)) for each in self.documents)
        return replace(self, documents=kept)

    @property
    def offered(self) -> tuple[Document, ...]:
        """The documents that can be opened again, the latest first; looks whether they are there."""
        return tuple(kept.document for kept in self.documents if not kept.tried and is_there(kept.document))


class Places:
    """The memory of one working directory."""

    def __init__(self, working: Path) -> None:
        directory = state_directory() / "places"
        self._working = str(working)
        self._file = (
            directory / f"{hashlib.sha256(self._working.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.json"
        )
        self._threads = threading.Lock()

    def read(self) -> Remembered:
        """What is known; nothing when nothing is, or it cannot be read."""
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            if self._file.stat().st_size <= _LARGEST:
                return _remembered(json.loads(self._file.read_bytes()))
        return Remembered()

    def change(self, change: Callable[[Remembered], Remembered]) -> None:
        """Change what is known, nobody else at the same time."""
        with suppress(StudioError, OSError), self._alone():
            known = self.read()
            changed = change(known)
            if changed != known:
                write_atomic(self._file, _as_bytes(self._working, changed))
                self._file.chmod(0o600)
                _forget_the_oldest(self._file.parent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._threads:
            lock = os.open(self._file.parent / ".lock", os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)


def _as_bytes(working: str, known: Remembered) -> bytes:
    documents = [{"tried": kept.tried, **as_data(kept.document)} for kept in known.documents]
    told = {
        "format": 1,
        "directory": working,
        "at": time.time(),
        "library": asdict(known.library),
        "documents": documents,
    }
    return json.dumps(told, ensure_ascii=True).encode()


def _remembered(kept: Any) -> Remembered:
    library = LibraryPlace(*(_word(kept["library"][name]) for name in ("scenario", "query", "tab")))
    documents = tuple(Kept(from_data(each), each["tried"] is True) for each in kept["documents"][:MOST_DOCUMENTS])
    return Remembered(library if library.tab in _TABS else replace(library, tab=""), documents)


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no word")
    return value


def _forget_the_oldest(directory: Path) -> None:
    files = sorted(directory.glob("*.json"), key=lambda file: file.stat().st_mtime)
    for file in files[:-MOST_DIRECTORIES]:
        file.unlink(missing_ok=True)
