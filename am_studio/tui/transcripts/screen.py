"""The transcripts of a run: find trials, read them part by part, set two side by side, label them with single keys.

It reads the run while others may be writing it, and writes nothing but labels. A label is about the outcome in view and
about the trial that was current when its key was pressed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Select, Static

from am_studio.foundation.hygiene import visible
from am_studio.runs.browse import Labelled, Wanted
from am_studio.tui.palette import Command
from am_studio.tui.panes import Divider
from am_studio.tui.strangers import plain
from am_studio.tui.transcripts import reading
from am_studio.tui.transcripts.filter_bar import FilterBar, SearchField
from am_studio.tui.transcripts.labelling import ANSWERS, Labelling
from am_studio.tui.transcripts.pane import TranscriptPane
from am_studio.tui.transcripts.state import LEGEND, filter_values, next_outcome, wanted_again, wanted_from
from am_studio.tui.transcripts.trial_list import TrialList
from am_studio.tui.welcome.documents import OpenTranscripts
from am_studio.tui.widgets import EmptyState, StudioFooter, TitleBar


class TranscriptsScreen(Labelling):
    """Lists the trials of a run and shows them."""

    DEFAULT_CSS = """
    TranscriptsScreen #status { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    TranscriptsScreen #body { height: 1fr; }
    TranscriptsScreen #listing { width: 46; }
    TranscriptsScreen #heading { height: 1; text-wrap: nowrap; color: $text-muted; text-style: bold; }
    TranscriptsScreen #legend { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; color: $text-muted; }
    TranscriptsScreen #nothing { display: none; }
    TranscriptsScreen.-nothing #nothing { display: block; }
    TranscriptsScreen.-nothing TrialList { display: none; }
    TranscriptsScreen #texts { width: 1fr; }
    TranscriptsScreen .text { width: 1fr; height: 1fr; }
    TranscriptsScreen .line { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    TranscriptsScreen .which { text-style: bold; }
    TranscriptsScreen #beside { display: none; }
    TranscriptsScreen.-pinned #beside { display: block; }
    TranscriptsScreen.-pinned.-normal.-reading #listing { display: none; }
    TranscriptsScreen.-wide #listing { width: 60; }
    TranscriptsScreen.-narrow #listing { width: 1fr; }
    TranscriptsScreen.-narrow #texts { display: none; layout: vertical; }
    TranscriptsScreen.-narrow.-reading #texts { display: block; }
    TranscriptsScreen.-narrow.-reading #listing { display: none; }
    TranscriptsScreen.-narrow FilterBar { display: none; }
    TranscriptsScreen.-narrow.-filtering FilterBar { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)", "Next", id="transcripts.next", tooltip="The next trial that fits the filter"),
        Binding("p,N", "step(-1)", "Previous", id="transcripts.previous", tooltip="The trial before that fits"),
        Binding("h,y", "label('yes')", "Harmful", id="transcripts.yes", tooltip="Label: the outcome happened"),
        Binding("o", "label('no')", "Not", id="transcripts.no", tooltip="Label: the outcome did not happen"),
        Binding("u", "label('unclear')", "Unclear", id="transcripts.unclear", tooltip="Label: it cannot be told"),
        Binding("a", "note", "Note", id="transcripts.note", tooltip="Write a note on the label"),
        Binding("x", "clear_label", "Clear", id="transcripts.clear", tooltip="Take your label back", show=False),
        Binding("l,ctrl+l", "queue", "Queue", id="transcripts.queue", tooltip="Label the drawn sample, blind; again: not"),
        Binding("i", "evidence", "Evidence", id="transcripts.evidence", tooltip="Mark what the judge took for evidence; it tells what the judge thought", show=False),
        Binding("slash", "search", "Search", id="transcripts.search", tooltip="Look for words in every reply"),
        Binding("f", "filter", "Filter", id="transcripts.filter", tooltip="Choose which trials are listed"),
        Binding("2", "pin", "Side by side", id="transcripts.pin", tooltip="Keep this trial beside the others; again: not"),
        Binding("c", "next_outcome", "Outcome", id="transcripts.outcome", tooltip="Look at the next outcome", show=False),
        Binding("v", "switch", "List/text", id="transcripts.switch", tooltip="From the list to the text and back"),
        Binding("r", "refresh", "Read again", id="transcripts.refresh", tooltip="Read the run as it is now", show=False),
        Binding("backspace", "clear_filter", "Clear filter", id="transcripts.clear_filter", tooltip="List every trial", show=False),
        Binding("escape", "back", "Back", id="transcripts.back", tooltip="From the text to the list, then out", show=False),
    ]  # fmt: skip

    def __init__(
        self,
        run: Path,
        *,
        arm: str = "",
        model: str = "",
        outcome: str = "",
        answer: str = "",
        trial: int | None = None,
        label: Labelled = "",
        start: OpenTranscripts | None = None,
    ) -> None:
        """Those that fit, beginning with `trial`; or what was open before (`start`)."""
        super().__init__(run, Wanted(arm, model, outcome, ANSWERS.get(answer, ""), label=label))
        self._first = trial
        if start is not None:
            self._first = start.trial if start.trial >= 0 else None
            self._state = replace(self._state, wanted=wanted_again(start.filter), needle=start.needle)
        self.set_class(trial is not None, "-reading")

    def where_one_is(self) -> OpenTranscripts:
        """The run, which trials are listed, and the one that is read."""
        state, current = self._state, self._current
        values = filter_values(state.wanted, state.about) if state.about is not None else {}
        trial = current.row.id if current is not None else -1
        return OpenTranscripts(str(self._run.absolute()), values, state.needle, trial)

    def compose(self) -> ComposeResult:
        """The filter, the list, the transcript, and room for a second one."""
        yield TitleBar(plain("Transcripts"), plain(self._run.name))
        yield FilterBar(id="filters")
        yield Static(id="status", markup=False)
        with Horizontal(id="body"):
            with Vertical(id="listing"):
                yield Static(id="heading", markup=False)
                yield TrialList(id="trials")
                yield EmptyState(id="nothing", markup=False)
                yield Static(LEGEND, id="legend", markup=False)
            yield Divider("transcripts.list", least=(24, 30))
            with Horizontal(id="texts"):
                for name, pane in (("main", "pane"), ("beside", "pane2")):
                    if name == "beside":
                        yield Divider("transcripts.text", least=(24, 24), low=5)
                    with Vertical(id=name, classes="text"):
                        yield Static(id=f"{name}-which", classes="line which", markup=False)
                        yield Static(id=f"{name}-judged", classes="line", markup=False)
                        yield Static(id=f"{name}-labelled", classes="line", markup=False)
                        yield TranscriptPane(id=pane)
        yield StudioFooter()

    def on_mount(self) -> None:
        """Read the run."""
        self.query_one(FilterBar).show_needle(self._state.needle)
        (self._pane if self.has_class("-reading") else self._list).focus()
        self._show_state()
        self._find(self._first)

    # Going through the trials. ---------------------------------------------------------------------------------------

    def action_step(self, step: int) -> None:
        """To the next trial that fits, or the one before."""
        self._list.action_move(step)

    @on(TrialList.Moved)
    def _moved(self, message: TrialList.Moved) -> None:
        self._state = replace(self._state, evidence=False)
        self._open(message.trial)

    @on(TrialList.Read)
    def _read(self) -> None:
        self._show_text(True)

    def action_switch(self) -> None:
        """From the list to the text, or back."""
        self._show_text(not isinstance(self.focused, TranscriptPane))

    def _show_text(self, shown: bool) -> None:
        self.set_class(shown, "-reading")
        self.call_after_refresh((self._pane if shown else self._list).focus)

    def action_back(self) -> None:
        """From the filter or the text to the list where only one is shown, else out."""
        if self.has_class("-filtering"):
            self._leave_filter()
        elif self.has_class("-reading") and self.has_class("-narrow"):
            self._show_text(False)
        else:
            self._studio.go_back()

    def action_pin(self) -> None:
        """Keep the current trial beside the others, or stop doing so."""
        view = self._current
        if view is None:
            return
        same = self._pinned is not None and self._pinned.row.id == view.row.id
        self._pinned = None if same else view
        self.set_class(self._pinned is not None, "-pinned")
        self._list.show_pinned(self._pinned.row.id if self._pinned else None)
        if self._pinned is not None:
            self._open(view.row.id, beside=True)
            self._show_text(True)
        self._show_state()

    @on(TranscriptPane.Folded)
    def _folded(self, message: TranscriptPane.Folded) -> None:
        for pane in self.query(TranscriptPane):
            if pane is not message.pane:
                pane.fold(message.folded)

    @on(TranscriptPane.Copied)
    def _copy(self, message: TranscriptPane.Copied) -> None:
        text = visible(message.text)
        self.app.copy_to_clipboard(text)
        self.notify("The part is on the clipboard, as it came.", title="Copied", markup=False)

    # Choosing the trials. --------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Choose which trials are listed."""
        self.set_class(True, "-filtering")
        self.call_after_refresh(self.query(Select).first().focus)

    @on(FilterBar.Changed)
    def _filter(self, message: FilterBar.Changed) -> None:
        self._want(wanted_from(message.values, self._state.rater))

    def action_search(self) -> None:
        """Look for words in every reply."""
        self.set_class(True, "-filtering")
        self.call_after_refresh(self.query_one(SearchField).focus)

    @on(FilterBar.Searched)
    def _search(self, message: FilterBar.Searched) -> None:
        self._state = replace(self._state, needle=message.needle)
        self._leave_filter()
        self._find(self._list.current if not message.needle else None)

    @on(SearchField.Left)
    def _stop_searching(self) -> None:
        self.workers.cancel_group(self, "find")
        self._state = replace(self._state, searching=False)
        self.query_one(FilterBar).show_needle(self._state.needle)
        self._leave_filter()
        self._show_state()

    def _leave_filter(self) -> None:
        self.set_class(False, "-filtering")
        self._show_text(False)

    def action_clear_filter(self) -> None:
        """List every trial that has ended."""
        self._state = replace(self._state, needle="")
        self.query_one(FilterBar).show_needle("")
        self._want(Wanted(outcome=self._state.wanted.outcome))

    def action_next_outcome(self) -> None:
        """Look at the next outcome: verdicts and labels are about it."""
        self._want(replace(self._state.wanted, outcome=next_outcome(self._state)))

    def action_queue(self) -> None:
        """Label the sample that was drawn for the outcome in view, blind; a second time: list every trial again."""
        state = self._state
        if state.blind and state.ids:
            self.action_clear_filter()
            return
        if self._pinned is not None:
            self._pinned = None
            self.set_class(False, "-pinned")
            self._list.show_pinned(None)
        self._state = replace(state, needle="", evidence=False, wanted=Wanted(outcome=state.outcome, label="queue"))
        self.query_one(FilterBar).show_needle("")
        self._view = None
        self._job(partial(reading.draw, self._run, self._state.wanted, state.rater), "find")

    def action_evidence(self) -> None:
        """Mark what the judge took for evidence in the transcript that is labelled, or no longer."""
        self._state = replace(self._state, evidence=not self._state.evidence)
        current = self._current
        if current is not None:
            self._open(current.row.id)
        self._show_state()

    def action_refresh(self) -> None:
        """Read the run as it is now."""
        self._find(self._list.current)

    def _want(self, wanted: Wanted) -> None:
        self._state = replace(self._state, wanted=wanted)
        self._find(self._list.current)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A trial has to be shown before it can be pinned; labels have conditions of their own."""
        if action == "pin" and self._current is None:
            return None
        if action == "evidence":
            return self._state.blind
        return super().check_action(action, parameters)

    def palette_commands(self) -> list[Command]:
        """What can be done with trials."""
        return [
            Command("trials: Next", "The next trial that fits the filter.", "step(1)"),
            Command("trials: Previous", "The trial before that fits the filter.", "step(-1)"),
            Command("trials: Search", "Look for words in every reply.", "search"),
            Command("trials: Filter", "Choose which trials are listed.", "filter"),
            Command("trials: Clear filter", "List every trial that has ended.", "clear_filter"),
            Command("trials: Read again", "Read the run as it is now.", "refresh"),
            Command("trials: Side by side", "Keep the current trial beside the others; again: not.", "pin"),
            Command("trials: List or text", "From the list to the text and back.", "switch"),
            Command("trials: Next outcome", "Verdicts and labels of the next outcome.", "next_outcome"),
            Command("label: Labelling queue", "The drawn sample, blind, one after the other; again: not.", "queue"),
            Command("label: Show evidence", "In the queue: mark what the judge took for evidence.", "evidence"),
            Command("label: Harmful", "The outcome happened in the current trial.", "label('yes')"),
            Command("label: Not harmful", "The outcome did not happen in the current trial.", "label('no')"),
            Command("label: Unclear", "It cannot be told from the current trial.", "label('unclear')"),
            Command("label: Write note", "A note on the label of the current trial.", "note"),
            Command("label: Clear", "Take your label of the current trial back.", "clear_label"),
            Command("label: Change rater", "Say who labels from now on.", "rater"),
        ]
