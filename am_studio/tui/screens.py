"""From screen to screen: everything that can be opened, going back, and asking about unsaved work before it is left.

A screen reaches another one only through `open_*` and `go_back`. What a screen needs is loaded when it is first opened, in a
thread, so that the studio starts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.worker import get_current_worker

from am_studio.foundation.collector import calm_collector
from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import visible
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.navigation import load_screen, unsaved_on
from am_studio.tui.panes import PanesApp
from am_studio.tui.strangers import plain
from am_studio.tui.welcome.documents import (
    Document,
    OpenBoard,
    OpenReport,
    OpenResults,
    OpenScenario,
    OpenStudy,
    OpenTranscripts,
)
from am_studio.tui.widgets import Choice, ChoiceScreen

if TYPE_CHECKING:
    from am_studio.tui.packs.changes_screen import Find


@dataclass
class ScreenLoaded(Message):
    """A screen's class and what it is made from are there."""

    screen: type[Screen[Any]]
    arguments: Sequence[Any]
    options: Mapping[str, Any]


@dataclass
class OpeningFailed(Message):
    """A screen cannot be opened, for a reason that people can understand."""

    error: StudioError


class ScreensApp(PanesApp):
    """An app that goes from screen to screen."""

    # Opening. --------------------------------------------------------------------------------------------------------

    def open_document(self, document: Document) -> None:
        """Open this, at the place in it that was kept; a scenario that cannot be changed is chosen in the library."""
        place = Path(document.place)
        match document:
            case OpenScenario():
                from am_studio.scenarios.library import is_editable

                if is_editable(place):
                    self.open_author(place, start=document)
                else:
                    self.show_in_library(place)
            case OpenStudy():
                self.open_study(place)
            case OpenBoard():
                self.open_board(place)
            case OpenResults():
                self.open_results(place, outcome=document.outcome, model=document.model)
            case OpenTranscripts():
                self.open_transcripts(place, start=document)
            case OpenReport():
                runs = (place, *map(Path, document.others))
                if document.comparison:
                    self.open_comparison(runs, document.outcome, document.part)
                else:
                    self.open_report(runs, document.outcome, document.part)

    def show_in_library(self, directory: Path) -> None:
        """Choose this scenario in the library."""
        for screen in self.screen_stack:
            if isinstance(screen, LibraryScreen):
                screen.show_changed(directory)

    def open_author(self, directory: Path, *, start: OpenScenario | None = None) -> None:
        """Open the scenario in this directory for editing, at the place where one was before."""

        def document() -> tuple[Any, ...]:
            from am_studio.scenarios.documents import ScenarioDocument

            return (ScenarioDocument.open(directory),)

        self._open("author", document, {"start": start})

    def open_study(self, path: Path | None = None, scenario: str = "") -> None:
        """Open a study file, or a new study of a scenario."""
        self._open("study", lambda: (path, scenario))

    def open_board(self, run: Path) -> None:
        """Open the board of a run, where it is watched and carried on."""
        self._open("board", lambda: (run,))

    def open_results(self, run: Path, *, outcome: str = "", model: str = "") -> None:
        """Open what a run found, on an outcome in a model."""
        self._open("results", lambda: (run,), {"outcome": outcome, "model": model})

    def open_transcripts(  # noqa: PLR0917 -- a filter, each part of which has a name
        self,
        run: Path,
        arm: str = "",
        model: str = "",
        outcome: str = "",
        answer: str = "",
        trial: int | None = None,
        *,
        start: OpenTranscripts | None = None,
    ) -> None:
        """Open the transcripts of a run: those that fit, beginning with `trial`; or those that were open before."""
        wanted = {"arm": arm, "model": model, "outcome": outcome, "answer": answer, "trial": trial, "start": start}
        self._open("transcripts", lambda: (run,), wanted)

    def open_report(self, runs: Sequence[Path], outcome: str = "", part: str = "") -> None:
        """Open the report of these runs, at the part whose title begins so."""
        self._open("report", lambda: ("report", runs), {"outcome": outcome, "part": part})

    def open_comparison(self, runs: Sequence[Path], outcome: str = "", part: str = "") -> None:
        """Open what differs between these runs and the first of them, at the part whose title begins so."""
        self._open("report", lambda: ("comparison", runs), {"outcome": outcome, "part": part})

    def open_packs(self, selected: Path | None = None) -> None:
        """Open the packs, at the one in this directory."""
        self._open("packs", lambda: (selected,))

    def open_changes(self, title: Content, find: Find, *, both_ways: bool = False) -> None:
        """Open a difference, which is found out in a thread; `both_ways`: it can be read the other way too."""
        self._open("changes", lambda: (title, find), {"both_ways": both_ways})

    def open_disagreements(self, run: Path, outcome: str, between: Literal["differs", "judges"]) -> None:
        """Open the trials on which labels and the judge differ, or two judges."""
        self._open("transcripts", lambda: (run,), {"outcome": outcome, "label": between})

    def open_changelog(self) -> None:
        """Open what is new, by version."""
        self._open("changelog", tuple)

    @work(thread=True, exclusive=True, group="open")
    def _open(self, name: str, prepare: Callable[[], Sequence[Any]], options: Mapping[str, Any] | None = None) -> None:
        """Load a screen's class and what it is made from; runs in a thread and posts what came of it."""
        worker = get_current_worker()
        message: Message
        try:
            message = ScreenLoaded(load_screen(name), prepare(), options or {})
        except StudioError as error:
            message = OpeningFailed(error)
        if not worker.is_cancelled:
            self.post_message(message)

    @on(ScreenLoaded)
    def _push(self, message: ScreenLoaded) -> None:
        self.push_screen(message.screen(*message.arguments, **message.options))
        # A screen brings modules and texts that stay: from here on they are left out of the collector's rounds.
        self.call_after_refresh(calm_collector)

    @on(OpeningFailed)
    def _say_why(self, message: OpeningFailed) -> None:
        self.show_error(message.error)

    def open_settings(self) -> None:
        """Open the settings."""

        def shown() -> tuple[Any, ...]:
            from am_studio.tui.settings.screen import settings_shown

            return (settings_shown(),)

        self._open("settings", shown)

    def open_keys(self) -> None:
        """Open the list of all keys."""

        def bindings() -> tuple[Any, ...]:
            from am_studio.tui.settings.bindings import every_binding

            return (every_binding(),)

        self._open("keys", bindings)

    # Leaving. --------------------------------------------------------------------------------------------------------

    def go_back(self, *, force: bool = False) -> None:
        """Leave the active screen for the one before it; asks when work on it is unsaved, unless `force`."""
        if len(self.screen_stack) > 1:
            self._leave([] if force else [self.screen], self._pop)

    def _pop(self) -> None:
        self.pop_screen()

    def action_go_back(self) -> None:
        """Back to the screen before."""
        self.go_back()

    def action_library(self) -> None:
        """Go back to the library, screen by screen, so that unsaved work is asked about."""
        self._leave(self.screen_stack[1:], self._pop_all)

    def leave_all(self, then: Callable[[], Any]) -> None:
        """Go back to the library, asking about unsaved work; then go on with this."""

        def leave() -> None:
            self._pop_all()
            then()

        self._leave(self.screen_stack[1:], leave)

    def _pop_all(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    @work(group="leave", exclusive=True)
    async def _leave(self, screens: Sequence[Screen[Any]], leave: Callable[[], None]) -> None:
        """Leave, after asking what becomes of unsaved work on these screens."""
        lost = unsaved_on(screens)
        if lost:
            answer = await self.push_screen_wait(_unsaved_question(lost, can_save=_savable(screens)))
            if answer == "save":
                for screen in _savable(screens):
                    await screen.run_action("save")
            if answer not in {"save", "discard"} or (answer == "save" and unsaved_on(screens)):
                return
        leave()

    # Telling. --------------------------------------------------------------------------------------------------------

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Literal["information", "warning", "error"] = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A toast. Its text is literal whatever `markup` says, for it may quote strangers."""
        super().notify(visible(message), title=visible(title), severity=severity, timeout=timeout, markup=False)

    def show_error(self, error: StudioError) -> None:
        """A toast that says what is wrong and what to do; long details are cut."""
        details = error.detail.splitlines()
        shown = [*details[:4], *(["..."] if len(details) > 4 else []), *([error.hint] if error.hint else [])]
        self.notify("\n".join(shown), title=error.title, severity="error", timeout=8, markup=False)


def _savable(screens: Sequence[Screen[Any]]) -> list[Screen[Any]]:
    return [screen for screen in screens if unsaved_on([screen]) and hasattr(screen, "action_save")]


def _unsaved_question(lost: tuple[str, ...], *, can_save: object) -> ChoiceScreen:
    save = (Choice("save", "Save", "s", "success"),) if can_save else ()
    names = "\n".join(lost[:10]) + ("\n..." if len(lost) > 10 else "")
    return ChoiceScreen(
        plain("Leave with unsaved changes?"),
        plain(names),
        (Choice("stay", "Stay", "y", "primary"), *save, Choice("discard", "Discard", "d", "error")),
    )
