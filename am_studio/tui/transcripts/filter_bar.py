"""The filter over the list of trials: a chooser a question, and the field to search in. It holds no trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.message import Message
from textual.widgets import Input, Select

from am_studio.runs.browse import RunAbout
from am_studio.tui.pointing import Send
from am_studio.tui.strangers import plain
from am_studio.tui.transcripts.state import ANSWERS, ENDINGS, LABELS, Options, filter_options

PARTS = {
    "arm": "Only trials of this arm",
    "model": "Only trials of this model",
    "outcome": "The outcome in view: verdicts and labels are about it",
    "answer": "Only trials that the judge answered so",
    "ended": "Only trials that ended so; errors are the failed ones",
    "label": "Only trials with or without a label",
}
_FIRST: dict[str, Options] = {"ended": ENDINGS, "answer": ANSWERS, "label": LABELS}


class SearchField(Input):
    """Words to look for in every reply."""

    BINDING_GROUP_TITLE = "Search"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Stop", id="needle.leave", tooltip="Stop searching, or leave the field"),
    ]

    @dataclass
    class Left(Message):
        """The reader is done with the field."""

    def action_leave(self) -> None:
        """Stop the search, or leave the field."""
        self.post_message(self.Left())


class FilterBar(Grid):
    """The questions that a trial has to answer to be listed."""

    BINDING_GROUP_TITLE = "Filter"
    DEFAULT_CSS = """
    FilterBar { height: auto; grid-size: 6; grid-gutter: 0 1; padding: 0 1; background: $panel; }
    FilterBar Select { width: 1fr; height: 1; }
    FilterBar SelectCurrent Static#label { text-wrap: nowrap; text-overflow: ellipsis; height: 1; }
    FilterBar Select:focus > SelectCurrent { background: $block-cursor-background; color: $block-cursor-foreground; }
    FilterBar SearchField { column-span: 5; width: 1fr; }
    .-narrow FilterBar { grid-size: 3; }
    .-narrow FilterBar SearchField { column-span: 2; }
    """

    @dataclass
    class Changed(Message):
        """The filter asks for other trials."""

        values: Mapping[str, str]

    @dataclass
    class Searched(Message):
        """The reader wants these words searched for; empty: nothing any more."""

        needle: str

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._values: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """A chooser a question; what a run offers is filled in when it was read."""
        for part, tooltip in PARTS.items():
            first = _FIRST.get(part, ((f"any {part}", ""),))
            options = [(plain(label), value) for label, value in first]
            yield Select(options, id=part, allow_blank=False, value=first[0][1], compact=True, tooltip=plain(tooltip))
        yield SearchField(id="needle", placeholder="search every reply: words, then enter", compact=True)
        yield Send("Search")

    def fill(self, about: RunAbout, values: Mapping[str, str]) -> None:
        """Offer what this run has, and show these values; nobody is told."""
        self._values = dict(values)
        for part, options in filter_options(about).items():
            chooser = self._chooser(part)
            with chooser.prevent(Select.Changed):
                chooser.set_options([(plain(label), value) for label, value in options])
                chooser.value = values[part]

    def show_needle(self, needle: str) -> None:
        """Show what is searched for."""
        field = self.query_one(SearchField)
        with field.prevent(Input.Changed):
            field.value = needle

    def _chooser(self, part: str) -> Select[str]:
        return self.query_one(f"#{part}", Select)

    @on(Select.Changed)
    def _changed(self, event: Select.Changed) -> None:
        event.stop()
        part, value = event.select.id or "", str(event.value)
        if part in self._values and self._values[part] != value:
            self._values[part] = value
            self.post_message(self.Changed(dict(self._values)))

    @on(Input.Submitted)
    @on(Send.Pressed)
    def _submitted(self, event: Input.Submitted | Send.Pressed) -> None:
        event.stop()
        self.post_message(self.Searched(self.query_one(SearchField).value.strip()))
