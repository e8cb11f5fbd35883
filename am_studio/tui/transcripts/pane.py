"""One trial's transcript as parts that fold, with evidence marked in place. Read-only; draws only the rows on the screen.

Evidence has a bar and the letter of its verdict in the margin and is underlined; what was searched for is shown reversed: no
mark is a colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from am_studio.tui.looks import is_linear
from am_studio.tui.selecting import SelectableRows
from am_studio.tui.transcripts.layout import LIMIT, MARGIN, Row, lay_out
from am_studio.tui.transcripts.stretches import Section, Stretch

FOLDED_AT_FIRST = frozenset({"system", "inbox", "results", "raw", "particulars"})


class TranscriptPane(SelectableRows, can_focus=True):
    """Shows the sections of a trial, one of which is current."""

    BINDING_GROUP_TITLE = "Transcript"
    MARGIN_CELLS = MARGIN
    DEFAULT_CSS = """
    TranscriptPane { height: 1fr; background: $surface; scrollbar-gutter: stable; overflow-x: hidden; }
    TranscriptPane > .transcript--head { color: $text-primary; text-style: bold; background: $panel; }
    TranscriptPane > .transcript--current { background: $block-cursor-background; color: $block-cursor-foreground; }
    TranscriptPane > .transcript--title { text-style: bold; }
    TranscriptPane > .transcript--name { color: $text-secondary; }
    TranscriptPane > .transcript--muted { text-style: dim; }
    TranscriptPane > .transcript--bad { color: $text-error; text-style: bold; }
    TranscriptPane > .transcript--evidence { color: $text-warning; text-style: underline; }
    TranscriptPane > .transcript--bar { color: $text-warning; text-style: bold; }
    TranscriptPane > .transcript--found { text-style: bold reverse; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "transcript--head", "transcript--current", "transcript--title", "transcript--name", "transcript--muted",
        "transcript--bad", "transcript--evidence", "transcript--bar", "transcript--found",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "fold", "Fold", id="pane.fold", tooltip="Fold or unfold the current part"),
        Binding(
            "z", "fold_all", "Fold all", id="pane.fold_all", tooltip="Fold every part, or unfold every part", show=False
        ),
        Binding(
            "left_square_bracket",
            "part(-1)",
            "Part before",
            id="pane.part_before",
            tooltip="To the part before",
            show=False,
        ),
        Binding(
            "right_square_bracket", "part(1)", "Next part", id="pane.part_next", tooltip="To the next part", show=False
        ),
        Binding(
            "e", "next_mark", "Next mark", id="pane.mark", tooltip="To the next evidence, or what was searched for"
        ),
        Binding("y", "copy", "Copy part", id="pane.copy", tooltip="Copy the current part as it came"),
        Binding("m", "more", "Show more", id="pane.more", tooltip="Show more of very long parts", show=False),
        Binding("up,k", "scroll_up", "Up", id="pane.up", tooltip="Scroll a row up", show=False),
        Binding("down,j", "scroll_down", "Down", id="pane.down", tooltip="Scroll a row down", show=False),
        Binding("pageup,ctrl+u", "page_up", "Page up", id="pane.page_up", tooltip="Scroll a page up", show=False),
        Binding(
            "pagedown,ctrl+d", "page_down", "Page down", id="pane.page_down", tooltip="Scroll a page down", show=False
        ),
        Binding("home,g", "scroll_home", "Start", id="pane.start", tooltip="To the start", show=False),
        Binding("end,G", "scroll_end", "End", id="pane.end", tooltip="To the end", show=False),
    ]

    @dataclass
    class Folded(Message):
        """The reader folded or unfolded parts."""

        pane: TranscriptPane
        folded: frozenset[str]

    @dataclass
    class Copied(Message):
        """The reader wants this text on the clipboard."""

        text: str

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._sections: tuple[Section, ...] = ()
        self._folded: frozenset[str] = FOLDED_AT_FIRST
        self._rows: tuple[Row, ...] = ()
        self._current = 0
        self._limit = LIMIT

    # What is shown. --------------------------------------------------------------------------------------------------

    def show(self, sections: tuple[Section, ...], *, keep_place: bool = False) -> None:
        """Show these sections from the first unfolded one on, or from where the reader is."""
        kind = self.current.kind if self.current else ""
        self._sections = sections
        if not keep_place:
            self._limit = LIMIT
        self._current = next((i for i, section in enumerate(sections) if keep_place and section.kind == kind), 0)
        self._lay_out()
        if not keep_place:
            self._current = next((i for i, section in enumerate(sections) if section.kind not in self._folded), 0)
            self.scroll_to(y=0, animate=False, immediate=True)

    def fold(self, folded: frozenset[str]) -> None:
        """Fold these kinds of parts and no others."""
        self._folded = folded
        self._lay_out()

    @property
    def current(self) -> Section | None:
        """The part that the reader is at."""
        return self._sections[self._current] if self._current < len(self._sections) else None

    def on_resize(self) -> None:
        """The width decides where rows break."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = max(self.scrollable_content_region.width - MARGIN, 8)
        self._rows = lay_out(self._sections, self._folded, width, self._limit)
        self.virtual_size = Size(width + MARGIN, len(self._rows))
        self.refresh()

    # Moving and folding. ---------------------------------------------------------------------------------------------

    def action_part(self, step: int) -> None:
        """To the head of the part before or after."""
        if self._sections:
            self._current = min(max(self._current + step, 0), len(self._sections) - 1)
            self.scroll_to(y=self._head_row(self._current), animate=False)
            self.refresh()

    def action_fold(self) -> None:
        """Fold or unfold the current part, and the same part of every trial."""
        section = self.current
        if section is not None:
            self._fold(self._folded ^ {section.kind})

    def action_fold_all(self) -> None:
        """Fold everything; when everything is folded, unfold it."""
        kinds = frozenset(section.kind for section in self._sections)
        self._fold(self._folded - kinds if kinds <= self._folded else self._folded | kinds)

    def _fold(self, folded: frozenset[str]) -> None:
        self.fold(folded)
        head = self._head_row(self._current)
        if not self.scroll_offset.y <= head < self.scroll_offset.y + self.size.height:
            self.scroll_to(y=head, animate=False)
        self.post_message(self.Folded(self, folded))

    def action_next_mark(self) -> None:
        """To the next row with evidence or something that was searched for; from the last one to the first."""
        marked = [index for index, row in enumerate(self._rows) if row.kind == "text" and (row.letters or row.found)]
        starts = [index for index in marked if index - 1 not in marked]
        if not starts:
            self.app.bell()
            return
        top = self.scroll_offset.y + 2
        target = next((index for index in starts if index > top), starts[0])
        self._current = self._rows[target].section
        self.scroll_to(y=max(target - 2, 0), animate=False)
        self.refresh()

    def action_more(self) -> None:
        """Show four times as much of very long parts."""
        self._limit *= 4
        self._lay_out()

    def action_copy(self) -> None:
        """Copy the current part."""
        section = self.current
        if section is not None:
            self.post_message(self.Copied(section.copied))

    def on_click(self, event: events.Click) -> None:
        """A click on a head folds its part; a click elsewhere makes the part current."""
        index = event.y + self.scroll_offset.y
        # The end of a drag is a click too, and means the text.
        if 0 <= index < len(self._rows) and not self.screen.get_selected_text():
            self._current = self._rows[index].section
            if self._rows[index].kind == "head":
                self.action_fold()
            elif self._rows[index].kind == "more":
                self.action_more()
            self.refresh()

    def _head_row(self, section: int) -> int:
        return next((i for i, row in enumerate(self._rows) if row.kind == "head" and row.section == section), 0)

    # Drawing. --------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row: the bar of evidence with its letters, and the text."""
        index = y + self.scroll_offset.y
        base, width = self.rich_style, self.size.width
        if index >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[index]
        style = base + self._row_style(row)
        strip = Strip([*self._margin(row), *self._text(row)]).apply_style(style).adjust_cell_length(width, style)
        return self.selectable(strip, index, len(row.text))

    def _row_style(self, row: Row) -> Style:
        if row.kind != "head":
            return Style()
        style = self.get_component_rich_style("transcript--head", partial=True)
        if row.section == self._current and self.has_focus:
            style += self.get_component_rich_style("transcript--current", partial=True)
        return style

    def _margin(self, row: Row) -> Iterator[Segment]:
        """A bar, then up to three letters; a star where only what was searched for stands."""
        if not row.letters and not row.found:
            yield Segment(" " * MARGIN)
            return
        letters = row.letters if len(row.letters) < MARGIN - 1 else f"{row.letters[: MARGIN - 3]}+"
        bar = ">" if is_linear(self) else "▌"
        shown = f"{bar}{letters}" if row.letters else ("*" if row.found else "")
        yield Segment(f"{shown:<{MARGIN}}", self.get_component_rich_style("transcript--bar", partial=True))

    def _text(self, row: Row) -> Iterator[Segment]:
        current = row.kind == "head" and row.section == self._current and self.has_focus
        for piece in row.pieces:
            yield Segment(piece.text, Style() if current else self._style(piece))

    def _style(self, piece: Stretch) -> Style:
        style = Style()
        if piece.look != "text":
            style += self.get_component_rich_style(f"transcript--{piece.look}", partial=True)
        elif piece.letters:
            style += self.get_component_rich_style("transcript--evidence", partial=True)
        if piece.found:
            style += self.get_component_rich_style("transcript--found", partial=True)
        return style

    def row_texts(self) -> Sequence[str]:
        """What can be selected."""
        return [row.text for row in self._rows]
