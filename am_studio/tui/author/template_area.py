"""The text editor for templates: colours the syntax, completes names inside tags, leaves undo to the document.

It keeps no history of its own: every change is handed over at once, and what the document says is what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widgets import OptionList
from textual.widgets.option_list import Option
from textual.widgets.text_area import Selection

from am_studio.tui.author.completion import Completion, Vocabulary, in_text
from am_studio.tui.author.highlighting import Kind, Token, tokens_by_line
from am_studio.tui.author.marks import Mark
from am_studio.tui.kept_area import KeptArea, location_in
from am_studio.tui.strangers import MUTED, joined, plain

SHOWN = 8
"""How many completions are offered at once."""
Location = tuple[int, int]


class Completions(OptionList, can_focus=False):
    """The names that fit, floating under the cursor."""

    DEFAULT_CSS = """
    Completions {
        display: none; overlay: screen; constrain: inside inside; width: auto; max-width: 60; height: auto; max-height: 10;
        border: round $primary; padding: 0; background: $panel;
    }
    """


class TemplateArea(KeptArea):
    """An editor that knows the template language."""

    BINDING_GROUP_TITLE = "Text"
    HELP = "Text with {{ names }} and {% if detail %} ... {% endif %}. Names are offered inside tags: tab or enter takes one, escape leaves."
    DEFAULT_CSS = """
    TemplateArea { scrollbar-size-vertical: 1; border: none; padding: 0 1; height: 1fr; }
    TemplateArea:focus { border: none; }
    TemplateArea > .template--keyword { color: $text-secondary; text-style: bold; }
    TemplateArea > .template--name { color: $text-accent; }
    TemplateArea > .template--text { color: $text-success; }
    TemplateArea > .template--tag { color: $foreground-muted; text-style: bold; }
    TemplateArea > .template--comment { color: $foreground-muted; text-style: italic; }
    TemplateArea > .template--doubt { color: $text-warning; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "template--keyword", "template--name", "template--text", "template--tag", "template--comment",
        "template--doubt",
    }  # fmt: skip
    # The screen's keys, told here as well because TextArea has other uses for them.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z,super+z", "screen.undo", "Undo", id="text.undo", tooltip="Undo the last change"),
        Binding("ctrl+y,ctrl+shift+z,super+y", "screen.redo", "Redo", id="text.redo", tooltip="Redo it", show=False),
        Binding(
            "ctrl+f,f3,ctrl+underscore", "screen.find", "Find", id="text.find", tooltip="Find and replace in all texts"
        ),
        Binding(
            "f6,ctrl+right_square_bracket",
            "screen.next_pane",
            "Next pane",
            id="text.next_pane",
            tooltip="Go to the next pane",
            show=False,
        ),
        Binding("f7,ctrl+t", "screen.make_detail", "Make a detail", id="text.make_detail", tooltip="Of the selection"),
        Binding(
            "ctrl+space,ctrl+backslash",
            "complete",
            "Complete",
            id="text.complete",
            tooltip="Names that fit here",
            show=False,
        ),
    ]

    def __init__(self, keep: Callable[[str], None], *, id: str) -> None:
        super().__init__(keep, id=id)
        self._words = Vocabulary()
        self._marks: Mapping[str, Mark] = {}
        self._dark = True
        self._tokens: dict[int, list[Token]] = {}
        self._doubted: frozenset[int] = frozenset()
        self._completion: Completion | None = None
        self.popup = Completions(id="completions", markup=False)
        """What is offered; the pane around the editor holds it."""

    # What is shown. --------------------------------------------------------------------------------------------------

    def load(self, text: str) -> None:
        """Show another text from its beginning."""
        super().load(text)
        self.close_completions()

    def know(self, words: Vocabulary, marks: Mapping[str, Mark], dark: bool) -> None:
        """Use these names for completion and colours."""
        changed = marks != self._marks or dark != self._dark
        self._words, self._marks, self._dark = words, marks, dark
        if changed:
            self._build_highlight_map()
            self.refresh()

    def _build_highlight_map(self) -> None:
        super()._build_highlight_map()
        # The base class asks for this from its constructor too, before there is anything to colour by.
        marks = getattr(self, "_marks", {})
        self._tokens = tokens_by_line(self.document.text, marks)

    def get_line(self, line_index: int) -> Text:
        """A line with its template syntax coloured; names of details wear the detail's colour."""
        line = super().get_line(line_index)
        for token in self._tokens.get(line_index, ()):
            line.stylize(self._token_style(token.kind, token.name), token.start, token.end)
        return line

    def _token_style(self, kind: Kind, name: str) -> Style:
        if kind == "detail" and name in self._marks:
            return Style(color=self._marks[name].colour(self._dark), bold=True)
        shown = {"number": "text", "detail": "name"}.get(kind, kind)
        return self.get_component_rich_style(f"template--{shown}", partial=True)

    def doubt(self, lines: frozenset[int]) -> None:
        """Set a `?` before these lines, counted from 0."""
        if lines != self._doubted:
            self._doubted = lines
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines, with a sign in the margin of those that are hard to believe."""
        strips = super().render_lines(crop)
        if not self._doubted or crop.x > 0:
            return strips
        begins = self.wrapped_document._offset_to_line_info
        top = crop.y + self.scroll_offset.y
        return [
            self._signed(strip) if (begins[row][0] in self._doubted and begins[row][1] == 0) else strip
            for row, strip in enumerate(strips, top)
            if row < len(begins)
        ] + strips[max(len(begins) - top, 0) :]

    def _signed(self, strip: Strip) -> Strip:
        style = self.get_component_rich_style("template--doubt", partial=True)
        return Strip.join([Strip([Segment("?", style)], 1), strip.crop(1)])

    # Offsets and locations. ------------------------------------------------------------------------------------------

    def location_of(self, offset: int) -> Location:
        """Row and column of an offset in the text."""
        return location_in(self.text, offset)

    def offset_of(self, location: Location) -> int:
        """Offset of a row and column."""
        lines = self.text.split("\n")
        return sum(len(line) + 1 for line in lines[: location[0]]) + location[1]

    @property
    def selected(self) -> tuple[int, int]:
        """Start and end of the selection, as offsets."""
        first, last = sorted(self.selection)
        return self.offset_of(first), self.offset_of(last)

    def select_range(self, start: int, end: int) -> None:
        """Select from one offset to another, and show it."""
        self.selection = Selection(self.location_of(start), self.location_of(end))
        self.scroll_cursor_visible(center=True)

    # Completion. -----------------------------------------------------------------------------------------------------

    def action_complete(self) -> None:
        """Offer the names that fit at the cursor."""
        row, column = self.cursor_location
        self._completion = in_text(self.document.get_line(row)[:column], self._words) if self.has_focus else None
        if self._completion is None:
            self.close_completions()
            return
        choices = self._completion.choices[:SHOWN]
        options = [
            Option(joined(plain(choice.text), plain(f"  {choice.told}", MUTED)), choice.text) for choice in choices
        ]
        self.popup.set_options(options)
        self.popup.highlighted = 0
        x, y = self.cursor_screen_offset
        self.popup.absolute_offset = Offset(max(x - self._completion.typed - 1, 0), y + 1)
        self.popup.display = True

    def close_completions(self) -> None:
        """Offer nothing."""
        self._completion = None
        self.popup.display = False

    def take_completion(self) -> None:
        """Write the highlighted name."""
        option = self.popup.highlighted_option
        if self._completion is not None and option is not None and option.id:
            row, column = self.cursor_location
            self.replace(
                option.id, (row, column - self._completion.typed), (row, column), maintain_selection_offset=False
            )
        self.close_completions()

    async def _on_key(self, event: events.Key) -> None:
        if self.popup.display and event.key in {"up", "down", "enter", "tab", "escape"}:
            event.stop()
            event.prevent_default()
            if event.key in {"enter", "tab"}:
                self.take_completion()
            elif event.key == "escape":
                self.close_completions()
            else:
                move = self.popup.action_cursor_up if event.key == "up" else self.popup.action_cursor_down
                move()
            return
        await super()._on_key(event)
        if event.is_printable or event.key == "backspace":
            self.call_later(self.action_complete)
        else:
            self.close_completions()

    def on_blur(self) -> None:
        """Completions go with the focus."""
        self.close_completions()
