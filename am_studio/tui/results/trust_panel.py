"""A panel over the results: how far the judge can be trusted, by human labels. It shows lines and works out nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import plain

NOTHING = (
    "Nobody has labelled this run yet.\n\n"
    "In the transcripts (t), l draws a sample by the judge's answers and asks for labels, blind;\n"
    "am-studio label RUN does the same at a terminal. What the labels say is shown here."
)


class TrustPanel(Dialog[None]):
    """Confusion matrix, agreement, and rates and effects corrected for the judge's errors."""

    LEAVE = "dismiss"
    OUTSIDE_LEAVES = True
    DEFAULT_CSS = """
    TrustPanel { align: center middle; }
    TrustPanel #panel {
        width: 84; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; background: $panel;
        border: round $primary; border-title-color: $primary;
    }
    TrustPanel #told { width: auto; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,j,J,q", "dismiss", "Close", id="trust.close", tooltip="Back to the results"),
    ]

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The lines, to be scrolled."""
        with VerticalScroll(id="panel") as panel:
            panel.border_title = "The judge · escape closes"
            yield Static(plain("\n".join(self._lines) or NOTHING), id="told", markup=False)

    def on_mount(self) -> None:
        """Keys scroll at once."""
        self.query_one("#panel").focus()
