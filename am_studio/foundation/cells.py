"""How many cells of a terminal a text takes, and cutting and filling it to so many; without a terminal and without rich.

Counts what is left of a text once `visible` has taken out what joins or varies characters: an emoji of several parts is as
wide as its parts. Agrees with `rich.cells` on such texts, which a test holds it to. Nothing is ever cut between a letter and
the marks on it, or between the two halves of a flag.
"""

from __future__ import annotations

import textwrap
import unicodedata
from functools import lru_cache

_TONES = range(0x1F3FB, 0x1F400)
"""Skin tones: they colour the emoji before them."""
_FLAGS = range(0x1F1E6, 0x1F200)
"""Letters that stand for a flag in pairs."""
_NOTHING = (range(0x1160, 0x1200), range(0xD7B0, 0xD800), range(0x3164, 0x3165), range(0xFFA0, 0xFFA1))
"""Vowels and finals of Hangul, which stand under the letter before them, and its fillers."""
_WIDE = (
    range(0x2630, 0x2638),
    range(0x268A, 0x2690),
    range(0x4DC0, 0x4E00),
    range(0x1D300, 0x1D357),
    range(0x1D360, 0x1D377),
)
"""Wide since Unicode 16: an older Python counts them as narrow."""


@lru_cache(maxsize=4096)
def _cell(character: str) -> int:
    code = ord(character)
    if code in _TONES or any(code in nothing for nothing in _NOTHING):
        return 0
    if unicodedata.category(character) in {"Mn", "Me", "Mc", "Cc"}:
        return 0
    if any(code in wide for wide in _WIDE):
        return 2
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def cells(text: str) -> int:
    """Cells of one line."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def fitting(text: str, width: int, start: int = 0) -> int:
    """The end of the longest stretch from `start` that fits into `width` cells, with the marks on its last letter."""
    if text.isascii():
        return min(start + max(width, 0), len(text))
    used, end = 0, start
    while end < len(text):
        after = _whole(text, end)
        used += cells(text[end:after])
        if used > width:
            return end
        end = after
    return end


def _whole(text: str, start: int) -> int:
    """The end of the letter that begins here, its marks included; of a flag, both halves."""
    end = start + 1
    if ord(text[start]) in _FLAGS and end < len(text) and ord(text[end]) in _FLAGS:
        end += 1
    while end < len(text) and not _cell(text[end]):
        end += 1
    return end


def shortened(text: str, width: int) -> str:
    """The text in at most so many cells, with an ellipsis where some of it is left out."""
    if cells(text) <= width:
        return text
    return text[: fitting(text, width - 1)] + "…" if width > 0 else ""


def filled_up(text: str, width: int, *, right: bool = False) -> str:
    """The text with blanks up to so many cells, after it or, for what belongs to the right, before it."""
    blanks = " " * max(width - cells(text), 0)
    return blanks + text if right else text + blanks


def wrapped(text: str, width: int, indent: str = "", first: str = "") -> list[str]:
    """A paragraph in lines of at most so many cells, broken at words, and within words that are too long and wide."""
    if text.isascii() or all(_cell(character) == 1 for character in text):
        return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
    lines, line = list[str](), ""
    start = first
    for word in text.split():
        rest = word
        if line and cells(start) + cells(line) + 1 + cells(rest) <= width:
            line += f" {rest}"
            continue
        if line:
            lines.append(start + line)
            start = indent
        while cells(start) + cells(rest) > width and cells(rest) > 1:
            end = max(fitting(rest, width - cells(start)), _whole(rest, 0))
            if end >= len(rest):
                break
            lines.append(start + rest[:end])
            start, rest = indent, rest[end:]
        line = rest
    return [*lines, start + line] if line else lines
