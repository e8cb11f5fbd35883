"""What every part of the author screen works with: the document, what is asked of it, and showing what came of it.

All changes go through `change`. Showing is at once; checking waits until nobody types and runs in a thread, for it walks
every combination of levels.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import get_current_worker

from am_studio.foundation.errors import Problem, StudioError
from am_studio.scenarios.checking import check_draft
from am_studio.scenarios.documents import ScenarioDocument
from am_studio.scenarios.loading import Draft, draft_of, read_texts
from am_studio.scenarios.references import find_scenario, reference_of
from am_studio.tui.author.state import Asked, Shown, show

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

CHECK_PAUSE = 0.3
"""Seconds after the last change before the texts are checked."""
RESTS = 1.0
"""Times as long as it took, showing what is typed rests before it is done again: keys get half of the time at least."""
MOST_REST = 0.5
"""Seconds after which it is done again however long it took."""
SLOW = frozenset({"scenario.yaml"})
"""Files whose parsing takes longer than a key press may; the preview follows them after the same pause."""


class AuthorBase(Screen[None]):
    """The state of the author screen, and the one way to change it."""

    @dataclass
    class Checked(Message):
        """What is wrong with a draft."""

        draft: Draft
        problems: Sequence[Problem]

    def __init__(self, document: ScenarioDocument) -> None:
        super().__init__()
        self.document = document
        self.asked = Asked(_first_text(document.texts))
        self.shown = Shown()
        self.problems: tuple[Problem, ...] = ()
        self._draft: tuple[Mapping[str, str], Draft] | None = None
        self._unreadable: tuple[Problem, ...] = ()
        self._check_timer: Timer | None = None
        self._show_timer: Timer | None = None
        self.shown_texts: Mapping[str, str] = {}
        """The version of the texts that was drawn last."""
        self._rested = 0.0
        """When typing may be shown again, by the monotonic clock."""

    @property
    def studio(self) -> StudioApp:
        """The app that opens other screens."""
        return cast("StudioApp", self.app)

    @property
    def dark(self) -> bool:
        """Whether the theme has a dark ground."""
        return self.app.current_theme.dark

    @property
    def texts(self) -> Mapping[str, str]:
        """Every file's text by its name."""
        return self.document.texts

    @property
    def draft(self) -> Draft:
        """The scenario of the texts as they stand, read but not checked."""
        if self._draft is None or self._draft[0] is not self.texts:
            self._draft = self.texts, draft_of(self.texts, self.document.directory)
        return self._draft[1]

    # Changing. -------------------------------------------------------------------------------------------------------

    def change(
        self, texts: Mapping[str, str] | tuple[str, str], label: str, *, merge_key: str | None = None, select: str = ""
    ) -> None:
        """Make this change to the document and show what came of it; `select` is the text to show next."""
        self.document.edit(texts, label, merge_key=merge_key)
        if select:
            self.asked = replace(self.asked, file=select)
        self.after_change(texts[0] if isinstance(texts, tuple) else "")

    def after_change(self, typed_in: str = "") -> None:
        """Show the document as it stands; `typed_in` is the file that the author is typing in, if any."""
        if typed_in and self.texts is self.shown_texts:
            pass  # it was drawn on another occasion, and is yet to be checked
        elif typed_in in SLOW:
            self._show_in(CHECK_PAUSE)
        elif typed_in and (wait := self._rested - time.monotonic()) > 0:
            if self._show_timer is None:
                self._show_in(wait)
        else:
            self.show_now()
        if self._check_timer is not None:
            self._check_timer.stop()
        self._check_timer = self.set_timer(CHECK_PAUSE, self.check)

    def ask(self, asked: Asked) -> None:
        """Look at something else."""
        self.asked = asked
        self.show_now()

    def show_now(self) -> None:
        """Work out what is to be seen, and draw it."""
        began = time.thread_time()
        if self._show_timer is not None:
            self._show_timer.stop()
            self._show_timer = None
        if self.asked.file not in self.texts:
            self.asked = replace(self.asked, file=_first_text(self.texts))
        with _no_collection():
            self.shown, self.shown_texts = show(self.draft, self.asked, self.shown, self.problems), self.texts
            self.draw()
        # Keys come before the preview: while somebody types quickly, showing leaves them as much time as it worked.
        self._rested = time.monotonic() + min(RESTS * (time.thread_time() - began), MOST_REST)

    def _show_in(self, seconds: float) -> None:
        if self._show_timer is not None:
            self._show_timer.stop()
        self._show_timer = self.set_timer(seconds, self.show_now)

    def draw(self) -> None:
        """Bring every widget up to what is shown."""

    # Checking. -------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Look for every problem, in a thread."""
        self._check(self.draft)

    def read_disk(self) -> None:
        """Remember which files on disk could not be read as text at all; they are in no draft."""
        self._unreadable = tuple(read_texts(self.document.directory)[1])

    # Without a description Textual makes one of the arguments, which takes longer than the key press.
    @work(thread=True, exclusive=True, group="check", description="check the texts")
    def _check(self, draft: Draft) -> None:
        problems = check_draft(draft)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Checked(draft, problems))

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        if message.draft is self.draft:
            unreadable = [problem for problem in self._unreadable if problem.place.file not in self.texts]
            self.problems = (*unreadable, *self.document.other_problems, *message.problems)
            self.draw_problems()

    def draw_problems(self) -> None:
        """Bring every widget up to the problems."""

    # Telling. --------------------------------------------------------------------------------------------------------

    def refuse(self, error: StudioError) -> None:
        """Say why something cannot be done."""
        self.studio.show_error(error)

    @property
    def reference(self) -> str:
        """How a study calls this scenario: by reference where it is the one that is found under it, else by its path."""
        reference = reference_of(self.document.directory)
        try:
            if find_scenario(reference).resolve() == self.document.directory.resolve():
                return reference
        except StudioError:
            pass
        return str(self.document.directory)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Have Python look for garbage afterwards: among the spans of a long prompt that takes as long as drawing them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _first_text(texts: Mapping[str, str]) -> str:
    return "system.md" if "system.md" in texts else next(iter(texts), "")


def stem(file: str) -> str:
    """An email's id."""
    return Path(file).stem
