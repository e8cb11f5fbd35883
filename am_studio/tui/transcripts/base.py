"""The half of the transcripts screen that reads a run and shows what was read; what keys do is `screen.py`'s business.

Threads read and post messages; the handlers here change the state and then show it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import on
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import get_current_worker

from am_studio.foundation.errors import StudioError
from am_studio.runs.browse import Wanted
from am_studio.runs.search import words_pattern
from am_studio.runs.trial_view import TrialView
from am_studio.tui.strangers import plain
from am_studio.tui.transcripts import reading
from am_studio.tui.transcripts.filter_bar import FilterBar
from am_studio.tui.transcripts.pane import TranscriptPane
from am_studio.tui.transcripts.state import Browsing, filter_values, headline, nothing_fits, status, with_step
from am_studio.tui.transcripts.stretches import Section, Stretch
from am_studio.tui.transcripts.trial_list import TrialList
from am_studio.tui.widgets import TitleBar

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp


class RunReader(Screen[None]):
    """Holds where the reader is, has the run read, and shows it in the widgets that a subclass composes."""

    def __init__(self, run: Path, wanted: Wanted) -> None:
        super().__init__()
        self._run = run
        self._state = Browsing(wanted=wanted)
        self._view: TrialView | None = None
        self._opening: int | None = None
        """The trial that is being read, to be shown in place of `_view`."""
        self._pinned: TrialView | None = None
        self._said: dict[str, str] = {}
        self._possible: tuple[bool | None, ...] = ()

    @property
    def browsing(self) -> Browsing:
        """Where the reader is."""
        return self._state

    # Reading the run. ------------------------------------------------------------------------------------------------

    def _find(self, at: int | None) -> None:
        """List what fits the filter and the search, and go to this trial."""
        state = self._state
        self._job(partial(reading.find, self._run, state.wanted, state.needle, state.rater, at), "find")

    @property
    def _current(self) -> TrialView | None:
        """The trial on the screen; None while another one is about to take its place."""
        return self._view if self._opening is None else None

    def _open(self, trial: int, *, beside: bool = False) -> None:
        there, needle = self._state.about, self._state.needle
        if there is not None:
            if not beside and (self._view is None or self._view.row.id != trial):
                self._opening = trial
            pattern = words_pattern(needle) if needle else None
            blind = reading.Blind(self._state.outcome, self._state.evidence) if self._state.blind else None
            job = partial(reading.opened, self._run, trial, there, pattern, beside, blind=blind)
            self._job(job, "beside" if beside else "open")

    def _job(self, job: reading.Job, group: str) -> None:
        self.run_worker(partial(self._carry_out, job), thread=True, exclusive=True, group=group)

    def _carry_out(self, job: reading.Job) -> None:
        worker = get_current_worker()
        for message in job():
            if worker.is_cancelled:
                return
            self.post_message(message)

    @on(reading.Found)
    def _found(self, message: reading.Found) -> None:
        searching = bool(self._state.needle)
        self._state = replace(
            self._state,
            about=message.about,
            wanted=message.wanted,
            ids=message.ids,
            labels=message.labels,
            hits={},
            step=None,
            searching=searching,
        )
        bar = self.query_one(FilterBar)
        bar.fill(message.about, filter_values(message.wanted, message.about))
        note = plain("SIMULATED", "bold reverse $text-warning") if message.about.simulated else None
        self.query_one(TitleBar).show(plain("Transcripts"), plain(self._run.name), note=note)
        self._list.show_excerpts({})
        self._list.show_blind(self._state.blind)
        self._list.show(message.ids, several_models=len(message.about.models) > 1, at=message.at)
        self._show_state()
        current = message.at if message.at is not None else self._list.current
        if current is not None:
            self._open(current)

    @on(reading.Searched)
    def _searched(self, message: reading.Searched) -> None:
        there = self._state.about
        if message.needle != self._state.needle or there is None:
            return
        first = not self._state.ids
        self._state = with_step(self._state, message.step)
        if message.step.hits:
            self._list.show_excerpts({trial: hit.excerpt for trial, hit in self._state.hits.items()})
            several = len(there.models) > 1
            self._list.show(self._state.ids, several_models=several, at=self._list.current, fresh=False)
            if first:
                self._open(self._state.ids[0])
        self._show_state()

    @on(TrialList.RowsWanted)
    def _read_rows(self, message: TrialList.RowsWanted) -> None:
        self._job(partial(reading.rows, self._run, message.ids, self._state.outcome), "rows")

    @on(reading.RowsRead)
    def _take_rows(self, message: reading.RowsRead) -> None:
        self._list.take(message.rows)

    @on(reading.Opened)
    def _opened(self, message: reading.Opened) -> None:
        if message.beside:
            again = self._pinned is not None and self._pinned.row.id == message.view.row.id
            self._pinned = message.view
        else:
            again = self._view is not None and self._view.row.id == message.view.row.id
            self._view = message.view
            self._opening = None
        pane = self.query_one("#pane2" if message.beside else "#pane", TranscriptPane)
        pane.show(message.sections, keep_place=again)
        self._show_state()

    @on(reading.Trouble)
    def _trouble(self, message: reading.Trouble) -> None:
        self._tell(message.error)
        if message.trial is not None and message.trial == self._opening:
            self._view = self._opening = None
            told = str(message.error)
            lost = Section("damage", f"✗ Trial {message.trial} cannot be read", "", (Stretch(told, "bad"),), told)
            self._pane.show((lost,))
            self._show_state()
        if self._state.about is None:
            self.set_class(True, "-nothing")
            self._say("nothing", f"{message.error}\nEscape goes back.")
            self._say("status", "✗ the run cannot be read")

    # Showing. --------------------------------------------------------------------------------------------------------

    def _show_state(self) -> None:
        state = self._state
        self._say("status", status(state))
        self._say("nothing", nothing_fits(state))
        self.set_class(not state.ids, "-nothing")
        self._show_heading()
        self._list.show_labels(state.labels)
        for view, name in ((self._view, "main"), (self._pinned, "beside")):
            lines = headline(view, state) if view is not None else ("", "", "")
            for part, line in zip(("which", "judged", "labelled"), lines, strict=True):
                self._say(f"{name}-{part}", line)
        possible = tuple(self.check_action(action, ()) for action in ("label", "clear_label", "pin", "evidence"))
        if possible != self._possible:
            self._possible = possible
            self.refresh_bindings()

    @on(TrialList.Resized)
    def _show_heading(self) -> None:
        self._say("heading", self._list.heading())

    def _say(self, name: str, text: str) -> None:
        """Show a text, where it is another one than before: laying the screen out again costs time."""
        if self._said.get(name) != text:
            self._said[name] = text
            self.query_one(f"#{name}", Static).update(plain(text), layout=name == "nothing")

    def _tell(self, error: StudioError) -> None:
        self._studio.show_error(error)

    @property
    def _studio(self) -> StudioApp:
        return cast("StudioApp", self.app)

    @property
    def _list(self) -> TrialList:
        return self.query_one(TrialList)

    @property
    def _pane(self) -> TranscriptPane:
        return self.query_one("#pane", TranscriptPane)
