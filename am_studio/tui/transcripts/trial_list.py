"""The list of trials: any number of them, of which only the rows on the screen are ever read or drawn.

It holds ids and asks for the rows that it lacks by a message; whoever reads the run hands them over with `take`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from am_studio.runs.browse import TrialRow
from am_studio.runs.labels import Label
from am_studio.tui.looks import is_linear
from am_studio.tui.transcripts.state import Columns, columns_for, cut, heading_text, place_of, row_text, row_told

_AHEAD = 100
"""Rows that are asked for on each side of those on the screen."""


class TrialList(ScrollView, can_focus=True):
    """Trials on a line each, under a heading; one of them is current."""

    BINDING_GROUP_TITLE = "Trials"
    DEFAULT_CSS = """
    TrialList { height: 1fr; background: $surface; scrollbar-gutter: stable; overflow-x: hidden; }
    TrialList > .trials--cursor { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; text-style: bold; }
    TrialList:focus > .trials--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    TrialList > .trials--waiting { text-style: dim; }
    TrialList > .trials--failed { color: $text-error; }
    TrialList > .trials--yes { text-style: bold; }
    TrialList > .trials--pinned { text-style: underline; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "trials--cursor", "trials--waiting", "trials--failed", "trials--yes", "trials--pinned",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "read", "Read", id="trials.read", tooltip="Go to the transcript"),
        Binding("up,k", "move(-1)", "Up", id="trials.up", tooltip="The trial before", show=False),
        Binding("down,j", "move(1)", "Down", id="trials.down", tooltip="The next trial", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", id="trials.page_up", tooltip="A page up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", id="trials.page_down", tooltip="A page down", show=False),
        Binding("home,g", "edge(0)", "First", id="trials.first", tooltip="The first trial", show=False),
        Binding("end,G", "edge(-1)", "Last", id="trials.last", tooltip="The last trial", show=False),
    ]

    @dataclass
    class Moved(Message):
        """Another trial is current."""

        trial: int

    @dataclass
    class Read(Message):
        """The reader wants to read the current trial."""

    @dataclass
    class Resized(Message):
        """The columns have other widths."""

    @dataclass
    class RowsWanted(Message):
        """Rows of these trials are lacking."""

        ids: tuple[int, ...]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._ids: Sequence[int] = ()
        self._rows: dict[int, TrialRow] = {}
        self._labels: Mapping[int, Label] = {}
        self._excerpts: Mapping[int, str] = {}
        self._several_models = False
        self._cursor = 0
        self._pinned: int | None = None
        self._blind = False
        self._asked: tuple[int, ...] = ()

    # What is listed. -------------------------------------------------------------------------------------------------

    def show_blind(self, blind: bool) -> None:
        """Whether arms, models and verdicts are hidden."""
        self._blind = blind
        self.refresh()

    def go_to(self, trial: int) -> None:
        """Make this trial the current one, where it is listed."""
        place = place_of(self._ids, trial)
        if place is not None:
            self._go(place)

    def show(self, ids: Sequence[int], *, several_models: bool, at: int | None = None, fresh: bool = True) -> None:
        """List these trials with the cursor on `at`; `fresh`: what was read of them before is out of date."""
        self._ids, self._several_models = ids, several_models
        if fresh:
            self._rows.clear()
        position = None if at is None else place_of(ids, at)
        self._cursor = min(self._cursor, max(len(ids) - 1, 0)) if position is None else position
        self._asked = ()
        self.virtual_size = Size(max(self.scrollable_content_region.width, 1), len(ids))
        self._follow()

    def take(self, rows: Iterable[TrialRow]) -> None:
        """Rows that were asked for."""
        if len(self._rows) > 20 * _AHEAD:
            self._rows.clear()
        self._rows |= {row.id: row for row in rows}
        self._asked = ()
        self.refresh()

    def show_labels(self, labels: Mapping[int, Label]) -> None:
        """The labels to mark trials with."""
        self._labels = labels
        self.refresh()

    def show_excerpts(self, excerpts: Mapping[int, str]) -> None:
        """What a search found in the trials, in place of their arms."""
        self._excerpts = excerpts
        self.refresh()

    def show_pinned(self, trial: int | None) -> None:
        """Mark the trial that is shown side by side."""
        self._pinned = trial
        self.refresh()

    @property
    def current(self) -> int | None:
        """The trial that the cursor is on."""
        return self._ids[self._cursor] if self._cursor < len(self._ids) else None

    @property
    def position(self) -> int:
        """Index of the current trial in the list."""
        return self._cursor

    # Moving. ---------------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """To the trial before or after."""
        self._go(self._cursor + step)

    def action_page(self, pages: int) -> None:
        """A page up or down."""
        self._go(self._cursor + pages * max(self._height - 1, 1))

    def action_edge(self, index: int) -> None:
        """To the first (0) or the last (-1) trial."""
        self._go(index % max(len(self._ids), 1))

    def action_read(self) -> None:
        """Go to the transcript."""
        if self._ids:
            self.post_message(self.Read())

    def _go(self, index: int) -> None:
        index = min(max(index, 0), len(self._ids) - 1)
        if index >= 0 and index != self._cursor:
            self._cursor = index
            self._follow()
            self.post_message(self.Moved(self._ids[index]))

    def _follow(self) -> None:
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, immediate=True, x_axis=False)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click makes the trial current; two go to its transcript."""
        index = event.y + self.scroll_offset.y
        if 0 <= index < len(self._ids):
            self._go(index)
            if event.chain == 2:
                self.action_read()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.post_message(self.Resized())
        self.virtual_size = Size(max(self.scrollable_content_region.width, 1), len(self._ids))
        self._follow()

    # Drawing. --------------------------------------------------------------------------------------------------------

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    @property
    def _columns(self) -> Columns:
        return columns_for(self.scrollable_content_region.width, several_models=self._several_models)

    def heading(self) -> str:
        """The names of the columns, as wide as they are."""
        return heading_text(self._columns)

    def render_line(self, y: int) -> Strip:
        """One trial."""
        index = y + self.scroll_offset.y
        base, width = self.rich_style, self.size.width
        if index >= len(self._ids):
            return Strip.blank(width, base)
        trial = self._ids[index]
        row = self._rows.get(trial)
        if row is None:
            self._ask()
        label, found = self._labels.get(trial), self._excerpts.get(trial)
        if is_linear(self):
            told = row_told(trial, row, label, found, blind=self._blind, several_models=self._several_models)
            text = cut(f" {told}", self.scrollable_content_region.width)
        else:
            text = row_text(trial, row, label, self._columns, found, blind=self._blind)
        style = base + self._row_style(trial, row)
        if index == self._cursor:
            style += self.get_component_rich_style("trials--cursor")
        return Strip([Segment(text)]).apply_style(style).adjust_cell_length(width, style)

    def _row_style(self, trial: int, row: TrialRow | None) -> Style:
        name = (
            "waiting"
            if row is None
            else "failed"
            if row.state == "failed"
            else "yes"
            if row.answer == "yes" and not self._blind
            else ""
        )
        style = self.get_component_rich_style(f"trials--{name}", partial=True) if name else Style()
        if trial == self._pinned:
            style += self.get_component_rich_style("trials--pinned", partial=True)
        return style

    def _ask(self) -> None:
        """Ask for the rows around the screen, once."""
        top = self.scroll_offset.y
        around = self._ids[max(top - _AHEAD, 0) : top + self._height + _AHEAD]
        wanted = tuple(trial for trial in around if trial not in self._rows)
        if wanted != self._asked:
            self._asked = wanted
            self.post_message(self.RowsWanted(wanted))
