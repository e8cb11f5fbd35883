"""Taking single lines, sentences or paragraphs out of a rendered text, or putting neutral text of like length there.

A *unit* is named by its part, its kind and its number in that part's rendered text, counted from 1 over all units of the
kind: `system.md:line:12`, `050-plan:sentence:3`, or `050-plan:email` for a whole email. `:neutral` at the end replaces
instead of deleting. What units there are depends on the levels of the details, so a name means something for one set of
levels. Nothing around a unit is tidied: a blank line that stood beside it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from am_studio.scenarios.fragments import Fragment

UnitKind = Literal["line", "sentence", "paragraph", "email"]
NEUTRAL = "neutral"
Stretch = tuple[int, int]
"""Start and end in a text, in characters; the end is exclusive."""

_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE_END = re.compile(
    r"(?<=[.!?])[\"'”’)\]]*[ \t]+(?=[\"'“‘(\[]?[A-Z0-9])|\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*•]|\d+[.)])[ \t])"
)
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|approx|e\.g|i\.e|a\.m|p\.m|Inc|Ltd|Co)|\b[A-Z])\.$")
_LEAD = re.compile(r"[ \t]*(?:(?:[-*•]|\d+[.)])[ \t]+)?")

_FILLERS = (
    "The arrangements for this are the same as they were last year.",
    "Further particulars can be had from the office in the usual way.",
    "This has been looked at before and was left as it stands.",
    "It is reviewed from time to time together with similar matters.",
    "The wording here was settled some while ago.",
    "Nothing needs to be done about this at present.",
    "It follows the practice that is common elsewhere in the building.",
    "A copy of this is kept with the other papers.",
)
"""Sentences that say nothing about anybody, for text of like length."""


def split(text: str, kind: UnitKind) -> tuple[Stretch, ...]:
    """Where the units of a kind stand, each with the line break or space that ends it; blank stretches are no units."""
    match kind:
        case "line":
            ends = [match.end() for match in re.finditer("\n", text)]
        case "paragraph":
            ends = [match.end() for match in _PARAGRAPH_END.finditer(text)]
        case "sentence":
            ends = [
                match.end()
                for match in _SENTENCE_END.finditer(text)
                if match[0].startswith("\n") or not _ABBREVIATION.search(text, 0, match.start())
            ]
        case "email":
            ends = []
    starts = [0, *ends]
    stretches = zip(starts, [*ends, len(text)], strict=True)
    return tuple((start, end) for start, end in stretches if text[start:end].strip())


@lru_cache(maxsize=4096)
def neutral(text: str) -> str:
    """Bland text of like length (within a word) that keeps the indent, the list mark and the white space at the end."""
    lead = _LEAD.match(text)
    start = lead[0] if lead else ""
    end = text[len(text.rstrip()) :]
    room = max(len(text) - len(start) - len(end), 1)
    words: list[str] = []
    length = 0
    first = sum(map(ord, text)) % len(_FILLERS)
    while True:
        for number in range(len(_FILLERS)):
            for word in _FILLERS[(first + number) % len(_FILLERS)].split():
                if words and length + len(word) > room:
                    return start + " ".join(words).rstrip(".,") + "." + end
                words.append(word)
                length += len(word) + 1


def cut(pieces: Sequence[Fragment], part: str, removed: Iterable[str]) -> list[Fragment]:
    """The pieces without these units of `part` (`line:12`, `sentence:3:neutral`); pieces of other parts stay.

    Units that are not there are passed over; where units overlap, the one that begins first is taken out.
    """
    text = "".join(piece.text for piece in pieces if piece.part == part)
    stretches = sorted(_stretches(text, removed))
    if not stretches:
        return list(pieces)
    kept: list[Fragment] = []
    at = 0
    for piece in pieces:
        if piece.part != part:
            kept.append(piece)
            continue
        kept += _left(piece, at, stretches)
        at += len(piece.text)
    return kept


def _left(piece: Fragment, at: int, stretches: Sequence[tuple[int, int, str]]) -> Iterable[Fragment]:
    """What is left of a piece that begins at `at`; a replacement stands where its unit begins."""
    position, end = at, at + len(piece.text)
    for start, stop, instead in stretches:
        if stop <= position or start >= end:
            continue
        if start > position:
            yield replace(piece, text=piece.text[position - at : start - at])
        if instead and start >= at:
            yield replace(piece, text=instead)
        position = min(stop, end)
    if position < end:
        yield replace(piece, text=piece.text[position - at :])


def _stretches(text: str, removed: Iterable[str]) -> Iterable[tuple[int, int, str]]:
    taken = 0
    found = []
    for name in removed:
        kind, _, rest = name.partition(":")
        number, _, how = rest.partition(":")
        places = _split(text, kind)
        if number.isdecimal() and 0 < int(number) <= len(places):
            start, end = places[int(number) - 1]
            found.append((start, end, neutral(text[start:end]) if how == NEUTRAL else ""))
    for start, end, instead in sorted(found):
        if start >= taken:
            yield start, end, instead
            taken = end


@lru_cache(maxsize=1024)
def _split(text: str, kind: str) -> tuple[Stretch, ...]:
    return split(text, kind) if kind in ("line", "sentence", "paragraph") else ()  # type: ignore[arg-type]
