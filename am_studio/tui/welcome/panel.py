"""The tour's small panel above the keys: which step, what to do, and the two ways on by mouse. It decides nothing."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from am_studio.tui.strangers import joined, plain


class TourButton(Static):
    """A word that does what its key does."""

    def __init__(self, told: str, action: str) -> None:
        super().__init__(plain(told))
        self._action = action

    async def on_click(self, event: Click) -> None:
        """Do it."""
        event.stop()
        await self.app.run_action(self._action)


class TourPanel(Vertical):
    """Says what to look at and which key to press."""

    DEFAULT_CSS = """
    TourPanel { height: auto; max-height: 4; background: $primary-muted; padding: 0 1; }
    TourPanel Horizontal { height: 1; }
    TourPanel .tour--title { width: 1fr; height: 1; text-wrap: nowrap; text-overflow: ellipsis; color: $text-primary; }
    TourPanel TourButton { width: auto; height: 1; margin-left: 2; color: $text-primary; }
    TourPanel TourButton:hover { text-style: underline; }
    TourPanel .tour--told { height: auto; max-height: 3; }
    """

    def __init__(self, onward: str, end: str) -> None:
        """`onward` and `end` name the two keys."""
        super().__init__()
        self._buttons = (TourButton(f"[{onward} do it]", "tour_next"), TourButton(f"[{end} end]", "tour_end"))
        self._shown: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        """The step and the buttons; what to do."""
        with Horizontal():
            yield Static(classes="tour--title")
            yield from self._buttons
        yield Static(classes="tour--told")

    def show(self, title: str, told: str) -> None:
        """Show this move."""
        if (title, told) != self._shown and self.is_mounted:
            self._shown = title, told
            self.query_one(".tour--title", Static).update(_titled(title))
            self.query_one(".tour--told", Static).update(plain(told))


def _titled(title: str) -> Content:
    return joined(plain(title, "bold"), plain(" · SIMULATED, scratch copy"))
