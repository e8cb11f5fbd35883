"""A text editor whose document has every key before anything else happens, and which shows what the document says.

What is typed is handed over in the same step in which it appears. Were it announced by a message instead, a screen that is
brought up to its document between two quick keys would take the second one away again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult


class KeptArea(TextArea):
    """A TextArea without a history of its own: undo is the document's."""

    def __init__(self, keep: Callable[[str], None], *, show_line_numbers: bool = False, id: str | None = None) -> None:
        """`keep` takes the whole text after every change that was made here."""
        self._keep = keep
        self._showing = False
        """Whether the document's text is being shown, which is no change of it."""
        super().__init__(id=id, soft_wrap=True, show_line_numbers=show_line_numbers, tab_behavior="focus")

    def edit(self, edit: Edit) -> EditResult:
        """Make this change, and hand the text over."""
        result = super().edit(edit)
        if not self._showing:
            self._keep(self.text)
        return result

    def load_text(self, text: str) -> None:
        """Put another text in the place of this one, and hand it over."""
        super().load_text(text)
        if not self._showing:
            self._keep(text)

    def load(self, text: str) -> None:
        """Show another text of the document from its beginning."""
        with self._shows(), self.prevent(TextArea.Changed):
            self.load_text(text)

    @contextmanager
    def _shows(self) -> Iterator[None]:
        self._showing = True
        try:
            yield
        finally:
            self._showing = False

    def show(self, text: str) -> bool:
        """Show this text, and whether it was another; what is the same at both ends stays, the cursor goes to what changed."""
        old = self.text
        if text == old:
            return False
        start = _same(old, text)
        tail = _same(old[start:][::-1], text[start:][::-1])
        with self._shows(), self.prevent(TextArea.Changed):
            self.replace(
                text[start : len(text) - tail],
                location_in(old, start),
                location_in(old, len(old) - tail),
                maintain_selection_offset=False,
            )
        self.history.clear()
        return True


def location_in(text: str, offset: int) -> tuple[int, int]:
    """Row and column of an offset in the text."""
    before = text[:offset]
    return before.count("\n"), offset - (before.rfind("\n") + 1)


def _same(first: str, second: str) -> int:
    """How many characters are the same from the start."""
    count = min(len(first), len(second))
    if first[:count] == second[:count]:
        return count
    low, high = 0, count
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if first[:middle] == second[:middle] else (low, middle - 1)
    return low
