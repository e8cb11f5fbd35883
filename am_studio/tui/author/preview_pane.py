"""The prompt as the subject gets it, each detail's text in its colour and with its letter in the margin. Read-only.

Draws only the rows on the screen. Text under several details wears the colour of the innermost; the margin names them all.
Where a row holds more than one kind of text, what a detail governs is underlined as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from am_studio.tui.author.marks import Mark
from am_studio.tui.author.preview import Line, Source, Stretch, next_governed
from am_studio.tui.author.wrapping import Row, Wrapped
from am_studio.tui.selecting import SelectableRows

MARGIN = 4
"""Cells left of the text: up to three letters and a blank."""


class PreviewPane(SelectableRows, can_focus=True):
    """Shows lines of stretches, with a cursor that says where each comes from."""

    BINDING_GROUP_TITLE = "Preview"
    MARGIN_CELLS = MARGIN
    HELP = "What the subject reads. Letters in the margin and colours name the details that put a text there; the line below names its source."
    DEFAULT_CSS = """
    PreviewPane { scrollbar-size-vertical: 1; height: 1fr; background: $surface; scrollbar-gutter: stable; overflow-x: hidden; }
    PreviewPane > .preview--heading { color: $text-primary; text-style: bold; }
    PreviewPane > .preview--gone { color: $text-error; text-style: strike; }
    PreviewPane > .preview--new { color: $text-success; text-style: bold underline; }
    PreviewPane > .preview--old { color: $foreground-muted; }
    PreviewPane > .preview--cursor-row { background: $boost; }
    PreviewPane > .preview--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "preview--heading", "preview--gone", "preview--new", "preview--old", "preview--cursor-row", "preview--cursor",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "jump", "Go to source", id="preview.jump", tooltip="Edit what is under the cursor"),
        Binding("n", "next_governed(1)", "Next detail", id="preview.next", tooltip="The next text of a detail"),
        Binding(
            "p,N", "next_governed(-1)", "Detail before", id="preview.before", tooltip="The text of a detail before"
        ),
        Binding("o", "screen.toggle_off", "Show what is off", id="preview.off", tooltip="Strike through what is off"),
        Binding("d", "screen.toggle_diff", "Compare", id="preview.diff", tooltip="What the variant changes"),
        Binding("up,k", "move(-1, 0)", "Up", id="preview.up", tooltip="A row up", show=False),
        Binding("down,j", "move(1, 0)", "Down", id="preview.down", tooltip="A row down", show=False),
        Binding("left,h", "move(0, -1)", "Left", id="preview.left", tooltip="A character left", show=False),
        Binding("right,l", "move(0, 1)", "Right", id="preview.right", tooltip="A character right", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", id="preview.page_up", tooltip="A page up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", id="preview.page_down", tooltip="A page down", show=False),
        Binding("home,g", "edge(-1)", "Start", id="preview.start", tooltip="The first row", show=False),
        Binding("end,G", "edge(1)", "End", id="preview.end", tooltip="The last row", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands on text from here; None on the studio's own words."""

        source: Source | None

    @dataclass
    class Jump(Message):
        """The author wants to edit the text from here."""

        source: Source

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()
        self._marks: Mapping[str, Mark] = {}
        self._dark = True
        self._looks: tuple[Mapping[str, Mark], bool, bool] | None = None
        self._styles: dict[str, Style] = {}
        self._wrapped = Wrapped((), 1)
        self._cursor = (0, 0)
        """Line and column, in characters."""

    # What is shown. --------------------------------------------------------------------------------------------------

    def show(self, lines: tuple[Line, ...], marks: Mapping[str, Mark], *, dark: bool, old: bool) -> None:
        """Show these lines; `old` when they are no longer what the texts say."""
        looks = (marks, dark, old)
        before = self._looking_at() if looks == self._looks else None
        self.set_class(old, "-old")
        self._looks = looks
        self._lines, self._marks, self._dark = lines, marks, dark
        self._wrap()
        self._repaint(before)

    def _looking_at(self) -> list[object]:
        """What decides how each row on the screen is painted."""
        top = self.scroll_offset.y
        rows = self._wrapped.rows[top : top + self.size.height]
        return [
            (
                self._lines[row.line].details,
                [
                    (stretch.text, stretch.detail, stretch.off, stretch.look)
                    for _, stretch in _pieces(self._lines[row.line], row)
                ],
            )
            for row in rows
        ]

    def _repaint(self, before: list[object] | None) -> None:
        """Paint the rows that look other than before; after a key press that is one of them, or a few."""
        after = self._looking_at()
        if before is None or len(before) != len(after):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                self.refresh_lines(self.scroll_offset.y + y)

    def _wrap(self) -> None:
        width = max(self.scrollable_content_region.width - MARGIN, 8)
        self._wrapped = Wrapped(self._lines, width)
        line = min(self._cursor[0], max(len(self._lines) - 1, 0))
        self._cursor = (line, self._cursor[1] if line == self._cursor[0] else 0)
        self.virtual_size = Size(width + MARGIN, len(self._wrapped.rows))

    def on_resize(self) -> None:
        """The width decides where rows break."""
        self._wrap()
        self.refresh()

    @property
    def source(self) -> Source | None:
        """Where the text under the cursor comes from."""
        line, column = self._cursor
        stretch = self._lines[line].at(column) if line < len(self._lines) else None
        return stretch.source if stretch is not None else None

    def shows(self, detail: str) -> bool:
        """Whether text of a detail is on the screen."""
        rows = self._wrapped.rows[self.scroll_offset.y :][: self.size.height]
        return any(detail in self._lines[row.line].details for row in rows)

    @property
    def cursor_line(self) -> int:
        """Index of the line that the cursor is on."""
        return self._cursor[0]

    # The cursor. -----------------------------------------------------------------------------------------------------

    def go_to(self, line: int, column: int = 0, *, top: bool = False, around: bool = False) -> None:
        """Put the cursor on a line and scroll to it: to the top of the pane, or with text on both sides, when asked to."""
        self._cursor = (min(max(line, 0), max(len(self._lines) - 1, 0)), max(column, 0))
        row = self._wrapped.row_of(*self._cursor)
        if top:
            self.scroll_to(y=row, animate=False)
        elif around:
            if not 2 <= row - self.scroll_offset.y <= self.size.height // 2:
                self.scroll_to(y=max(row - self.size.height // 3, 0), animate=False)
        else:
            self.scroll_to_region(Region(0, row, 1, 1), animate=False, x_axis=False)
        self.refresh()
        self.post_message(self.Moved(self.source))

    def action_move(self, rows: int, columns: int) -> None:
        """Move by rows, or by characters within a line."""
        if not self._lines:
            return
        line, column = self._cursor
        if columns:
            self.go_to(line, min(column + columns, max(len(self._lines[line].text) - 1, 0)))
            return
        here = self._wrapped.row_of(line, column)
        target = min(max(here + rows, 0), len(self._wrapped.rows) - 1)
        there = self._wrapped.rows[target]
        inside = column - self._wrapped.rows[here].start
        self.go_to(there.line, min(there.start + inside, max(there.end - 1, there.start)))

    def action_page(self, pages: int) -> None:
        """Move by pages."""
        self.action_move(pages * max(self.size.height - 1, 1), 0)

    def action_edge(self, direction: int) -> None:
        """To the first or the last row."""
        self.action_move(direction * len(self._wrapped.rows), 0)

    def action_next_governed(self, step: int) -> None:
        """To the next place, or the one before, where text of other details begins."""
        found = next_governed(self._lines, self._cursor[0], step)
        if found is not None:
            self.go_to(found)

    def action_jump(self) -> None:
        """Edit what is under the cursor."""
        if self.source is not None:
            self.post_message(self.Jump(self.source))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; two go to the source."""
        row_index = event.y + self.scroll_offset.y
        # The end of a drag is a click too, and means the text.
        if not 0 <= row_index < len(self._wrapped.rows) or self.screen.get_selected_text():
            return
        row = self._wrapped.rows[row_index]
        wanted, column = event.x - MARGIN, row.start
        for character in self._lines[row.line].text[row.start : row.end - 1]:
            wanted -= cell_len(character)
            if wanted < 0:
                break
            column += 1
        self.go_to(row.line, column)
        if event.chain == 2:
            self.action_jump()

    # Drawing. --------------------------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Some rows; styles are looked up once for all of them."""
        names = (name.removeprefix("preview--") for name in self.COMPONENT_CLASSES)
        self._styles = {name: self.get_component_rich_style(f"preview--{name}", partial=True) for name in names}
        self._styles["base"] = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row: margin and text."""
        index = y + self.scroll_offset.y
        base = self._styles["base"]
        width = self.size.width
        if index >= len(self._wrapped.rows):
            return Strip.blank(width, base)
        row = self._wrapped.rows[index]
        pieces = list(_pieces(self._lines[row.line], row))
        at_cursor = index == self._wrapped.row_of(*self._cursor) and self.has_focus
        segments = [*self._margin(row, pieces), *self._text(row, pieces, at_cursor)]
        if at_cursor:
            base += self._styles["cursor-row"]
        strip = Strip(segments).apply_style(base).adjust_cell_length(width, base)
        return self.selectable(strip, index, row.end - row.start)

    def row_texts(self) -> Sequence[str]:
        """What can be selected."""
        return [self._lines[row.line].text[row.start : row.end].rstrip("\n") for row in self._wrapped.rows]

    def _margin(self, row: Row, pieces: Sequence[tuple[int, Stretch]]) -> Iterator[Segment]:
        line = self._lines[row.line]
        names = {name for _, stretch in pieces if stretch.span for name, _ in stretch.span.cause}
        # A line break may belong to a detail of its own: it stands with the last row of its line.
        names |= set(line.details) if row.end == len(line.text) else set()
        marks = sorted((self._marks[name] for name in names if name in self._marks), key=lambda mark: mark.index)
        shown = marks if len(marks) < MARGIN else marks[: MARGIN - 2]
        for mark in shown:
            yield Segment(mark.letter, Style(color=mark.colour(self._dark), bold=True))
        more = "+" if len(shown) < len(marks) else ""
        yield Segment(more + " " * (MARGIN - len(shown) - len(more)))

    def _text(self, row: Row, pieces: Sequence[tuple[int, Stretch]], at_cursor: bool) -> Iterator[Segment]:
        mixed = len({self._detail(stretch) for _, stretch in pieces}) > 1
        cursor = self._cursor[1] if at_cursor else -1
        for start, stretch in pieces:
            style = self._style(stretch, mixed)
            position = cursor - start
            if 0 <= position < len(stretch.text):
                under = style + self._styles["cursor"]
                yield Segment(stretch.text[:position], style)
                yield Segment(stretch.text[position], under)
                yield Segment(stretch.text[position + 1 :], style)
            else:
                yield Segment(stretch.text, style)
        if cursor >= 0 and row.start == row.end:
            yield Segment(" ", self._styles["cursor"])

    def _detail(self, stretch: Stretch) -> str:
        """The innermost detail that a stretch hangs on; a nuisance factor inside it has no colour and hides none."""
        causes = reversed(stretch.span.cause) if stretch.span is not None else ()
        return next((name for name, _ in causes if name in self._marks), "")

    def _style(self, stretch: Stretch, mixed: bool) -> Style:
        if stretch.look != "plain":
            return self._styles[stretch.look]
        if self.has_class("-old"):
            return self._styles["old"]
        mark = self._marks.get(self._detail(stretch))
        if mark is None:
            return Style(strike=True, dim=True) if stretch.off else Style()
        return Style(color=mark.colour(self._dark), underline=mixed, strike=stretch.off, dim=stretch.off)


def _pieces(line: Line, row: Row) -> Iterator[tuple[int, Stretch]]:
    """The stretches of a row, cut to it, each with its column in the line."""
    position = 0
    for stretch in line.stretches:
        end = position + len(stretch.text)
        if position < row.end and end > row.start:
            start = max(position, row.start)
            text = stretch.text[start - position : min(end, row.end) - position]
            yield start, stretch._replace(text=text)
        position = end
