"""What the mouse needs where keys have escape: ways out in the title bar, and a cross on every dialog.

Nothing here decides what leaving means: a click does what the key does.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.screen import ModalScreen
from textual.style import Style
from textual.widgets import Button

from am_studio.tui.strangers import joined, plain

Result = TypeVar("Result")

CROSS = "[×]"


def clickable(words: str, action: str) -> Content:
    """Words of ours that do this action when they are clicked."""
    return Content.styled(words, Style.from_meta({"@click": action}))


def ways(*, deeper: bool, mode: str = "") -> Content:
    """The right end of the title bar: vim's mode, the way back where there is one, and every command by name."""
    told = (plain(f"{mode} ", "bold reverse"),) if mode else ()
    back = (clickable("‹ Back", "app.go_back"), plain("  ")) if deeper else ()
    return joined(*told, *back, clickable("≡ Menu", "app.command_palette"))


class Send(Button, can_focus=False):
    """A button for the mouse beside a line that enter sends; keys pass it by."""

    DEFAULT_CSS = "Send { min-width: 6; width: auto; margin-left: 1; }"

    def __init__(self, words: str) -> None:
        super().__init__(plain(words), compact=True)


class Dialog(ModalScreen[Result]):
    """A modal screen whose frame has a cross in its border that leaves as escape does.

    The frame is its first child. A subclass says which action leaves it.
    """

    LEAVE: ClassVar[str] = "leave"
    """The action of escape."""
    OUTSIDE_LEAVES: ClassVar[bool] = False
    """Whether a click beside the frame leaves as well: where nothing can be lost by it."""

    def on_mount(self) -> None:
        """Put the cross in the frame's border, before the title that stands there."""
        frame = self.query("Vertical, VerticalScroll").first()
        if isinstance(frame, (Vertical, VerticalScroll)):
            title = frame.border_title
            cross = clickable(CROSS, f"screen.{self.LEAVE}")
            # The title is of ours: a dialog's question stands inside the frame.
            frame.border_title = joined(cross, plain(f" {title}")) if title else cross

    async def on_click(self, event: Click) -> None:
        """A click beside the frame."""
        if self.OUTSIDE_LEAVES and event.widget is self:
            await self.run_action(f"screen.{self.LEAVE}")
