"""Families of terms, and what finds them in running text.

A term is matched as whole words, ignoring case, the style of quotes and hyphens, and how white space and line ends
fall; a trailing `*` matches any ending. Nothing else of a term is special. Packs have families of a hundred phrases,
so a text is folded once, and a phrase is only looked for when all of its words are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"\w+")
_LIKE = {"'": "['’‘ʼ`´]", '"': '["“”„«»]', "-": "[-‐‑–]"}
_FOLDED = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"}
    | {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
    | {"‐": "-", "‑": "-", "–": "-"}
    | {"\u00ad": "", "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": ""}
)
_SPACED = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}


class FoldedText:
    """A text made ready to be searched for terms."""

    __slots__ = ("folded", "words")

    def __init__(self, text: str) -> None:
        self.folded = _fold(text)
        self.words = frozenset(_words(self.folded))


@dataclass(frozen=True, slots=True)
class Term:
    """One term, ready to be looked for."""

    spelled: str
    """Folded, without the star."""
    words: frozenset[str]
    """The words that a text must have to contain it."""
    open_end: bool

    @classmethod
    def of(cls, written: str) -> Term:
        """The term as an author wrote it."""
        folded = _fold(written)
        spelled = folded.rstrip("*").rstrip() if folded.endswith("*") else folded
        open_end = spelled != folded
        words = _words(spelled)
        return cls(spelled, frozenset(words[:-1] if open_end else words), open_end)

    def is_in(self, text: FoldedText) -> bool:
        """Whether the text contains the term as whole words; slow where it does not, so look at `words` first."""
        folded = text.folded
        start = folded.find(self.spelled)
        while start >= 0:
            end = start + len(self.spelled)
            if not _is_letter(folded, start - 1) and (self.open_end or not _is_letter(folded, end)):
                return True
            start = folded.find(self.spelled, start + 1)
        return False

    def pattern(self) -> re.Pattern[str]:
        """What finds the term in a text that is not folded, such as a raw reply."""
        return _pattern(self.spelled, self.open_end)


@lru_cache(maxsize=1024)
def _pattern(spelled: str, open_end: bool) -> re.Pattern[str]:
    words = spelled.split(" ")
    letters = r"\s+".join("".join(_LIKE.get(letter, re.escape(letter)) for letter in word) for word in words)
    return re.compile(rf"(?<!\w){letters}" + (r"\w*" if open_end else r"(?!\w)"), re.IGNORECASE)


class Family:
    """The terms of one family."""

    def __init__(self, terms: Iterable[str]) -> None:
        self.terms = tuple(term for term in map(Term.of, terms) if term.spelled)

    def first_in(self, text: FoldedText) -> Term | None:
        """The first of its terms, in the order declared, that the text contains."""
        there = text.words
        for term in self.terms:
            if term.words <= there and term.is_in(text):
                return term
        return None


def _fold(text: str) -> str:
    if not text.isascii():
        text = text.translate(_FOLDED)
    elif "`" in text:
        text = text.replace("`", "'")
    return " ".join(text.casefold().split())


def _words(folded: str) -> list[str]:
    """The runs of letters and digits, in order."""
    # The same for ASCII either way, and four times as fast.
    return folded.translate(_SPACED).split() if folded.isascii() else _WORD.findall(folded)


def _is_letter(text: str, position: int) -> bool:
    return 0 <= position < len(text) and (text[position].isalnum() or text[position] == "_")
