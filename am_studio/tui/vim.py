"""Vim's keys for moving, as a choice: they stand for the arrows and pages wherever no text is being typed.

They are translated before any binding sees them, so every list, table and tree understands them. What a screen binds to
the same letter is reached by its other key; a test holds that each has one.
"""

from __future__ import annotations

from textual.events import Key
from textual.widget import Widget
from textual.widgets import Input, TextArea

MOVES = {
    "h": "left",
    "j": "down",
    "k": "up",
    "l": "right",
    "G": "end",
    "upper_g": "end",
    "ctrl+d": "pagedown",
    "ctrl+u": "pageup",
}
"""By the name of a key, the one it stands for."""
TOP = "home"
"""What `gg` stands for."""


def types_text(focused: Widget | None) -> bool:
    """Whether letters are text where the focus is."""
    return isinstance(focused, (Input, TextArea))


class VimKeys:
    """What the keys typed so far come to."""

    def __init__(self) -> None:
        self._g = False
        """Whether the last key was the first `g` of `gg`."""

    def translated(self, event: Key, focused: Widget | None) -> Key | None:
        """The key that this one stands for, itself where it stands for none, None while `gg` is half typed."""
        if types_text(focused):
            self._g = False
            return event
        if event.key == "g":
            self._g = not self._g
            return None if self._g else Key(TOP, None)
        self._g = False
        move = MOVES.get(event.key)
        return event if move is None else Key(move, None)
