"""Jump mode: a letter over everything that can have the focus; pressing it goes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click, Key
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Label

from am_studio.tui.strangers import plain

LETTERS = "asdfghjklqwertyuiopzxcvbnm1234567890"


def jump_targets(screen: Screen[Any]) -> dict[str, Widget]:
    """What can have the focus and is seen, by letter: from top to bottom, then from left to right."""
    seen = [widget for widget in screen.focus_chain if place_of(screen, widget) is not None]
    ordered = sorted(seen, key=lambda widget: (widget.region.y, widget.region.x))
    return dict(zip(LETTERS, ordered, strict=False))


def place_of(screen: Screen[Any], widget: Widget) -> Offset | None:
    """Where its first seen corner is; None when nothing of it is on the screen."""
    try:
        region, clip = screen.find_widget(widget).region, screen.find_widget(widget).clip
    except LookupError:
        return None
    shown = region.intersection(clip).intersection(screen.region)
    return shown.offset if shown.area else None


class JumpScreen(ModalScreen[str]):
    """Letters over the screen before; the result is the one that was pressed, or empty."""

    DEFAULT_CSS = """
    JumpScreen { background: $background 40%; }
    JumpScreen Label {
        position: absolute; width: 3; height: 1; content-align: center middle;
        background: $accent; color: $background; text-style: bold;
    }
    JumpScreen .jump--told { width: auto; dock: bottom; position: relative; background: $panel; color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="jump.leave", tooltip="Stay where you are"),
    ]

    def __init__(self, places: Mapping[str, Offset]) -> None:
        super().__init__()
        self._places = places

    def compose(self) -> ComposeResult:
        """A label a place."""
        for letter, place in self._places.items():
            label = Label(plain(letter), name=letter)
            label.styles.offset = (place.x, place.y)
            yield label
        yield Label(plain(" a letter jumps there · escape stays "), classes="jump--told")

    def takes_key(self, event: Key) -> bool:
        """Every letter that is shown is one to jump by."""
        return event.character in self._places

    def on_click(self, event: Click) -> None:
        """A click on a letter jumps, any other stays."""
        self.dismiss(event.widget.name or "" if event.widget is not None else "")

    def on_key(self, event: Key) -> None:
        """A letter that is shown goes there."""
        if event.character in self._places:
            event.stop()
            self.dismiss(event.character)

    def action_leave(self) -> None:
        """Stay."""
        self.dismiss("")


def jump_places(screen: Screen[Any], targets: Mapping[str, Widget]) -> dict[str, Offset]:
    """Where each letter stands."""
    found: Sequence[tuple[str, Offset | None]] = [
        (letter, place_of(screen, widget)) for letter, widget in targets.items()
    ]
    return {letter: place for letter, place in found if place is not None}
