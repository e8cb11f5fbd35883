"""Which keys never reach the studio, and who takes them: terminals, multiplexers, editors' terminals, browsers.

Taken from the documented defaults: VS Code's `terminal.integrated.commandsToSkipShell` and its workbench keys, tmux's and
screen's prefix, what Terminal.app and macOS keep, flow control, and what a terminal cannot tell apart (control characters).
It says nothing of what a user has set up differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TAKERS: Mapping[str, re.Pattern[str]] = {
    "VS Code": re.compile(
        r"f\d+|ctrl\+[befjknpq]|ctrl\+(pageup|pagedown|tab|grave_accent|comma|\d)|ctrl\+shift\+.*|ctrl\+alt\+.*|alt\+.*"
    ),
    "tmux": re.compile(r"ctrl\+b"),
    "screen": re.compile(r"ctrl\+a"),
    "a Mac's terminal": re.compile(
        r"f\d+|super\+.*|alt\+.*|ctrl\+(left|right|up|down|space)|delete|home|end|pageup|pagedown"
    ),
    "flow control": re.compile(r"ctrl\+[sq]"),
    "the terminal's encoding": re.compile(
        r"ctrl\+([imhj]|left_square_bracket|at|\d|comma|full_stop|semicolon|equals_sign|enter|tab|escape)|shift\+(enter|space)"
        r"|ctrl\+shift\+(?!left|right|up|down|home|end).*|super\+.*"
    ),
    "a browser": re.compile(r"f1[12]|ctrl\+[wtn]|ctrl\+(tab|pageup|pagedown)|ctrl\+shift\+[cijntw]|super\+.*"),
}
"""By who takes them, the keys by Textual's names."""


def taken_by(key: str) -> tuple[str, ...]:
    """Who may take this key before the studio hears of it; none for most keys."""
    return tuple(name for name, keys in TAKERS.items() if keys.fullmatch(key))
