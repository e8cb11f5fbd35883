"""Keeps where one is, and opens what was open last; never unasked, and not again what brought the studio down.

Reading and writing are small files; who calls says in which thread. A setting (`studio.restore`) turns all of it off.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.css.query import NoMatches
from textual.screen import Screen

from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.welcome.documents import Document, TellsPlace, same
from am_studio.tui.welcome.places import LibraryPlace, Places, Remembered

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

SETTLED_SECONDS = 20.0
"""A document that was opened again and has stood for so long brings nothing down."""


@dataclass(frozen=True, slots=True)
class _Now:
    """Where one is."""

    library: LibraryPlace | None
    document: Document | None
    tried: bool
    """The document was opened again from memory and has not stood for long."""
    settled: Document | None
    """One that was opened again, and went well."""

    def kept(self, known: Remembered) -> Remembered:
        """The memory with this in it."""
        if self.library is not None:
            known = replace(known, library=self.library)
        if self.settled is not None:
            known = known.settled(self.settled)
        return known if self.document is None else known.opened(self.document, tried=self.tried)


class Restorer:
    """Where one was when the studio was last left here, and where one is."""

    def __init__(self) -> None:
        self._places = Places(Path.cwd())
        self._kept: _Now | None = None
        self._reopened: tuple[Document, float] | None = None
        """What was opened again, and when, by a clock that only goes forward."""
        self.offered: tuple[Document, ...] = ()
        """What can be opened again, the latest first."""

    def look_back(self) -> Remembered:
        """What is known; looks whether the documents are still there."""
        known = self._places.read()
        self.offered = known.offered
        return known

    def reopen(self, app: StudioApp, document: Document) -> None:
        """Open a document on the screen that it was open on, at the place where one was."""
        self.offered = tuple(other for other in self.offered if not same(other, document))
        self._reopened = document, time.monotonic()
        self._kept = None
        self._places.change(lambda known: known.opened(document, tried=True))
        app.open_document(document)

    def keep(self, screens: Sequence[Screen[Any]], *, leaving: bool = False) -> Callable[[], None] | None:
        """What writes down where one is, on these screens, the outermost first; None when that is known already."""
        try:
            now = self._now(screens, leaving=leaving)
        except NoMatches:
            return None  # a screen that is coming up, or going, has not all its parts: the next look will do
        if now == self._kept:
            return None
        self._kept = now
        return lambda: self._places.change(now.kept)

    def _now(self, screens: Sequence[Screen[Any]], *, leaving: bool) -> _Now:
        library = next((screen for screen in screens if isinstance(screen, LibraryScreen)), None)
        place = library.place if library is not None and library.state.packs is not None else None
        documents = [screen.where_one_is() for screen in reversed(screens) if isinstance(screen, TellsPlace)]
        open_now = [document for document in documents if document is not None]
        tried, settled = False, None
        if self._reopened is not None:
            again, at = self._reopened
            stands = any(same(document, again) for document in open_now)
            # Before its screen is there it is not settled either; afterwards it was left in peace.
            if leaving or (time.monotonic() - at >= SETTLED_SECONDS):
                settled, self._reopened = again, None
            else:
                tried = stands and same(open_now[0], again)
        return _Now(place, next(iter(open_now), None), tried, settled)
