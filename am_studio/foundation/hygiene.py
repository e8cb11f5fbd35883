"""Strangers' text made safe to show: no control, direction, invisible or tag characters reach a screen."""

from __future__ import annotations

import re

from am_studio.foundation.cells import shortened

UNSHOWABLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u00ad\u061c\u180e"  # soft hyphen, Arabic letter mark, Mongolian vowel separator
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, embeddings, isolates
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb"  # variation selectors, byte order mark, annotations
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e0fff"  # tags and more variation selectors
    "]"
)
"""What is never shown."""


def visible(text: str) -> str:
    """The text without characters that act on a terminal or hide from a reader; newline and tab stay."""
    return UNSHOWABLE.sub("", text)


_PLAIN = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "×": "x", "±": "+-", "∞": "inf", "“": '"', "”": '"', "‘": "'", "’": "'", "…": "...", "·": "-",
        "─": "-", "│": "|", "┼": "+", "●": "*", "○": "o", "◂": "<", "▸": ">", "†": "+", "≤": "<=", "≥": ">=", "→": "->",
    }
)  # fmt: skip


def in_ascii(text: str) -> str:
    """The text for a screen that shows nothing else: our own signs by their like, all other characters as `?`."""
    return text.translate(_PLAIN).encode("ascii", "replace").decode("ascii")


def one_line(text: str, width: int = 0) -> str:
    """The visible text on one line, cut with an ellipsis to `width` cells of a terminal when that is given."""
    line = " ".join(visible(text).split())
    return shortened(line, width) if width else line
