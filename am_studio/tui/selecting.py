"""Selecting text with the mouse in panes that draw their own rows; ctrl+c then copies it, through the terminal (OSC 52)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip


class SelectableRows(ScrollView):
    """A pane of rows with a margin, in which the text beside the margin can be selected."""

    MARGIN_CELLS: ClassVar[int]
    """Cells left of the text, which are never copied."""

    def row_texts(self) -> Sequence[str]:
        """The text of every row, as it is shown, without the margin."""
        raise NotImplementedError

    @property
    def allow_select(self) -> bool:
        """Text can be selected as it is shown."""
        return True

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, without the margin."""
        margin = " " * self.MARGIN_CELLS
        chosen = selection.extract("\n".join(margin + text for text in self.row_texts()))
        return "\n".join(line.removeprefix(margin) for line in chosen.split("\n")), "\n"

    def selectable(self, strip: Strip, index: int, length: int) -> Strip:
        """The strip of row `index`, whose text has so many characters: what is selected of it shown so."""
        selection = self.text_selection
        span = selection.get_span(index) if selection is not None else None
        if span is not None:
            start, end = span[0], span[1] if span[1] >= 0 else self.MARGIN_CELLS + length
            chosen = self.screen.get_component_rich_style("screen--selection")
            before, inside, after = strip.divide([start, max(end, start), strip.cell_length])
            strip = Strip.join([before, inside.apply_style(chosen), after])
        return strip.apply_offsets(0, index)
