"""What is new, by version: the changelog that came with the program, as a page to read."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Markdown

from am_studio.foundation.changelog import FILE
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import StudioFooter, TitleBar
from am_studio.version import __version__


class ChangelogScreen(Screen[None]):
    """Shows the changelog."""

    BINDING_GROUP_TITLE = "What is new"
    DEFAULT_CSS = """
    ChangelogScreen VerticalScroll { padding: 0 1; }
    ChangelogScreen Markdown { max-width: 100; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.go_back", "Back", id="changelog.back", tooltip="Back to the screen before"),
    ]

    def compose(self) -> ComposeResult:
        """The page."""
        yield TitleBar(plain("What is new"), plain(f"version {__version__}"))
        with VerticalScroll():
            yield Markdown(open_links=False)
        yield StudioFooter()

    async def on_mount(self) -> None:
        """Read it: our own text, the one that is shown as Markdown. The arrows scroll at once."""
        await self.query_one(Markdown).load(FILE)
        self.query_one(VerticalScroll).focus()
