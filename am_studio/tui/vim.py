"""Vim's keys, as a choice: they move everywhere, and in a text as long as it is in normal mode.

They are translated before any binding sees them, so every list, table, tree and text understands them. What a screen binds
to the same letter is reached by its other key; a test holds that each has one. This is vim for getting about, not for
editing: of its commands that change a text there are `i a I A o x u` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from textual.events import Key
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import DataTable, Input, TextArea

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
_IN_TEXT = {"0": "home", "dollar_sign": "end", "w": "ctrl+right", "b": "ctrl+left", "x": "delete"}
"""More of them in the normal mode of a text."""
_INSERTS = {
    "i": (),
    "a": ("right",),
    "I": ("home",),
    "upper_i": ("home",),
    "A": ("end",),
    "upper_a": ("end",),
    "o": ("end", "enter"),
}
"""Keys that begin to insert, and what is pressed before."""
_STAYS = frozenset({"undo", "redo", "save", "next_pane", "next_problem"})
"""Actions of other letters after which a text is still in normal mode."""
PARTS = {
    "g": {"t": "app.focus_next", "T": "app.focus_previous", "upper_t": "app.focus_previous"},
    "ctrl+w": {
        "w": "app.focus_next", "W": "app.focus_previous", "upper_w": "app.focus_previous", "ctrl+w": "app.focus_next",
        "h": "app.part_beside('left')", "j": "app.part_beside('down')",
        "k": "app.part_beside('up')", "l": "app.part_beside('right')",
    },
}  # fmt: skip
"""What a first and a second key do together: the next part and the one before, or the one on a side."""


@runtime_checkable
class TakesKeys(Protocol):
    """A screen to which a key is only that key: the letter of an answer, a place to jump to, a key to be bound."""

    def takes_key(self, event: Key) -> bool:
        """Whether this key means itself here."""
        ...


@dataclass(frozen=True, slots=True)
class Act:
    """An action that is done instead of a key, and the node whose action it is; None: the app's."""

    action: str
    node: Any = None


Heard = tuple[Key, ...] | Act
"""What a key comes to; no keys: nothing yet."""


def types_text(focused: Widget | None) -> bool:
    """Whether letters are text where the focus is."""
    return isinstance(focused, (Input, TextArea))


class VimKeys:
    """What the keys typed so far come to."""

    def __init__(self) -> None:
        self._first = ""
        """The first of two keys that belong together."""
        self._normal = False
        """Whether a text that has the focus is moved in and not typed in."""

    def mode(self, screen: Screen[Any]) -> Literal["", "NORMAL", "INSERT"]:
        """Of the text that has the focus; empty where no text has it, or one that is only ever typed in."""
        if not _is_modal_text(screen, screen.focused):
            return ""
        return "NORMAL" if self._normal else "INSERT"

    def heard(self, event: Key, screen: Screen[Any]) -> Heard:
        """What this key comes to on this screen."""
        focused = screen.focused
        if isinstance(screen, TakesKeys) and screen.takes_key(event):
            return (event,)
        if not types_text(focused):
            return self._outside(event, focused)
        if focused is None or not _is_modal_text(screen, focused):
            self._first = ""
            return (event,)
        return self._in_normal(event, screen, focused) if self._normal else self._in_insert(event)

    def _outside(self, event: Key, focused: Widget | None) -> Heard:
        together = self._together(event, focused)
        if together is not None:
            self._normal = True
            return together
        move = MOVES.get(event.key)
        if move == "end" and isinstance(focused, DataTable):
            move = "ctrl+end"
        # Whoever moves goes on moving in a text that is come to; whoever does anything else means to type there.
        self._normal = move is not None
        return (event,) if move is None else (Key(move, None),)

    def _in_insert(self, event: Key) -> Heard:
        self._first = ""
        if event.key == "escape":
            self._normal = True
            return ()
        return (event,)

    def _in_normal(self, event: Key, screen: Screen[Any], focused: Widget) -> Heard:
        together = self._together(event, focused)
        if together is not None:
            return together
        if event.key in _INSERTS:
            self._normal = False
            return tuple(
                Key(name, None) for name in _INSERTS[event.key] if name != "enter" or isinstance(focused, TextArea)
            )
        move = MOVES.get(event.key) or _IN_TEXT.get(event.key)
        if isinstance(focused, TextArea):
            if event.key in {"G", "upper_g"}:
                return Act("app.text_edge('end')")
            move = "down" if event.key == "enter" else move
        if move is not None:
            return (Key(move, None),)
        if not event.is_printable:
            return (event,)
        # Any other letter is the key of what is around the text.
        for node in focused.ancestors_with_self:
            # Textual leaves out what a text would take for itself, so the bindings are asked here.
            bindings = node._bindings.copy()
            bindings.apply_keymap(screen.app._keymap)
            for binding in bindings.key_to_bindings.get(event.key, ()):
                self._normal = binding.action.removeprefix("screen.") in _STAYS
                return Act(binding.action, node)
        return ()

    def _together(self, event: Key, focused: Widget | None) -> Heard | None:
        """What two keys come to; None when this one is alone."""
        first, self._first = self._first, ""
        if first == "g" and event.key == "g":
            if isinstance(focused, TextArea):
                return Act("app.text_edge('start')")
            return (Key("ctrl+home" if isinstance(focused, DataTable) else TOP, None),)
        if first:
            action = PARTS[first].get(event.key)
            return Act(action) if action else ()
        if event.key in PARTS:
            self._first = event.key
            return ()
        return None


def _is_modal_text(screen: Screen[Any], focused: Widget | None) -> bool:
    """Whether escape may lead from inserting to moving: not in a dialog, nor in a search line, where escape leaves."""
    if focused is None or not types_text(focused) or isinstance(screen, ModalScreen):
        return False
    return "escape" not in focused._bindings.key_to_bindings
