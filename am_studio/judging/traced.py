"""A text that is changed before somebody reads it, and still knows where each character came from.

Names are masked and look-alikes of instructions made harmless before a model reads a transcript; what it quotes is then
found here and told in offsets of the text as it was. Looking ignores how white space falls, case, the style of quotes and
hyphens, emphasis and backslashes, for models copy those as they like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_LIKE = (
    dict.fromkeys("’‘ʼ`´", "'")
    | dict.fromkeys("“”„«»", '"')
    | dict.fromkeys("‐‑‒–—", "-")
    | dict.fromkeys("\\*\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
)
_LEFT_OUT = re.compile(r"\s*(?:\[\s*(?:\.{3}|…)\s*\]|\.{3,}|…)\s*")
_SHORTEST_PIECE = 8
"""Characters of a piece between two ellipses, at least."""

OffsetPair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Traced:
    """A text and, for every character, the stretch of the original that it stands for."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> Traced:
        """The text as it is."""
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def replaced(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> Traced:
        """Every match replaced; each character of a replacement stands for the whole of what it replaces."""
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        for match in pattern.finditer(self.text):
            if match.end() == match.start():
                continue
            new = by(match)
            pieces += [self.text[position : match.start()], new]
            starts += self.starts[position : match.start()]
            ends += self.ends[position : match.start()]
            starts += [self.starts[match.start()]] * len(new)
            ends += [self.ends[match.end() - 1]] * len(new)
            position = match.end()
        if not pieces:
            return self
        pieces.append(self.text[position:])
        starts += self.starts[position:]
        ends += self.ends[position:]
        return Traced("".join(pieces), starts, ends)

    def original(self, start: int, end: int) -> OffsetPair:
        """The stretch of the original that these characters (at least one) stand for."""
        return min(self.starts[start:end]), max(self.ends[start:end])


class Searchable:
    """A traced text made ready for quotes to be found in it."""

    def __init__(self, traced: Traced) -> None:
        self.traced = traced
        self._folded, self._at = _folded(traced.text)

    def find(self, quote: str) -> tuple[OffsetPair, ...]:
        """Where a quote stands in the original: one stretch, or one for each piece of an abridged quote; () when nowhere."""
        whole = self._find(quote, 0)
        if whole is not None:
            return (self._origin(whole),)
        pieces = [piece for piece in _LEFT_OUT.split(quote) if piece.strip()]
        if not _LEFT_OUT.search(quote) or any(len(piece) < _SHORTEST_PIECE for piece in pieces):
            return ()
        found, position = [], 0
        for piece in pieces:
            place = self._find(piece, position)
            if place is None:
                return ()
            found.append(self._origin(place))
            position = place[1]
        return tuple(found)

    def _find(self, quote: str, position: int) -> OffsetPair | None:
        wanted = folded(quote)
        start = self._folded.find(wanted, position) if wanted else -1
        return None if start < 0 else (start, start + len(wanted))

    def _origin(self, place: OffsetPair) -> OffsetPair:
        return self.traced.original(self._at[place[0]], self._at[place[1] - 1] + 1)


def folded(text: str) -> str:
    """The text as quotes are compared: lower case, single spaces, plain quotes and hyphens, no emphasis."""
    return _folded(text)[0].strip()


def _folded(text: str) -> tuple[str, list[int]]:
    """(the folded text, for each of its characters the one it came from)."""
    letters: list[str] = []
    at: list[int] = []
    spaced = True
    for place, letter in enumerate(text):
        plain = _LIKE.get(letter, letter)
        if plain.isspace():
            if not spaced:
                letters.append(" ")
                at.append(place)
            spaced = True
            continue
        for small in plain.lower():
            letters.append(small)
            at.append(place)
            spaced = False
    return "".join(letters), at
