"""Families of terms, and what finds them in running text.

A term is matched as whole words, ignoring case, the style of quotes and hyphens, and how white space and line ends
fall; a trailing `*` matches any ending. Nothing else of a term is special. Packs have families of a hundred phrases,
so a text is folded once, and a phrase is only looked for when all of its words are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

_WORD = re.compile(r"\w+")
_LIKE = {"'": "['’‘ʼ`´]", '"': '["“”„«»]', "-": "[-‐‑–]"}
_FOLDED = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"}
    | {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
    | {"‐": "-", "‑": "-", "–": "-"}
    | {"\u00ad": "", "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": ""}
)
_MOST_WORDS = 50_000
"""Words that a lexicon remembers."""
_SPACED = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}


class FoldedText:
    """A text made ready to be searched for terms."""

    __slots__ = ("_words", "folded")

    def __init__(self, text: str) -> None:
        self.folded = _fold(text)
        self._words: frozenset[str] | None = None

    @classmethod
    def joined(cls, texts: Iterable[FoldedText]) -> FoldedText:
        """These texts with blank lines between them."""
        made = cls("")
        made.folded = " ".join(text.folded for text in texts if text.folded)
        return made

    @property
    def words(self) -> frozenset[str]:
        """Its words; worked out when first asked for."""
        if self._words is None:
            self._words = frozenset(_words(self.folded))
        return self._words


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
        """Whether the text contains the term as whole words."""
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


@lru_cache(maxsize=4096)
def _term(written: str) -> Term:
    """One for all questions that have the term: only names in them differ from trial to trial."""
    return Term.of(written)


@lru_cache(maxsize=1024)
def _pattern(spelled: str, open_end: bool) -> re.Pattern[str]:
    words = spelled.split(" ")
    letters = r"\s+".join("".join(_LIKE.get(letter, re.escape(letter)) for letter in word) for word in words)
    return re.compile(rf"(?<!\w){letters}" + (r"\w*" if open_end else r"(?!\w)"), re.IGNORECASE)


class Near:
    """Terms that a text may contain."""

    __slots__ = ("families", "terms")

    def __init__(self, terms: Sequence[tuple[str, Term]]) -> None:
        self.terms = terms
        """Each with its family, in the order declared."""
        self.families = frozenset([family for family, _ in terms])

    def standing_in(self, text: FoldedText) -> Near:
        """Those whose letters stand in this text, as whole words or not: all that a stretch of it may contain."""
        folded = text.folded
        return Near([each for each in self.terms if each[1].spelled in folded])

    def found_in(self, text: FoldedText) -> Found:
        """What the text contains of them."""
        found: dict[str, Term] = {}
        folded = text.folded
        for family, term in self.terms:
            if term.spelled in folded and family not in found and term.is_in(text):
                found[family] = term
        return found


Found = Mapping[str, Term]
"""By family: the first of its terms that a text contains. A family without any is missing."""


class Lexicon:
    """Families of terms that are looked for together.

    A word of a text is looked up once for all families, and each term hangs on one of its words: what a text costs
    hardly depends on how many terms there are. An instance remembers words that it saw; it may serve one thread at a time.
    """

    def __init__(self, families: Mapping[str, Iterable[str]]) -> None:
        terms = ((name, _term(each)) for name, written in families.items() for each in written)
        self._terms = [(name, term) for name, term in terms if term.spelled]
        self._needed = [term.words for _, term in self._terms]
        self._hanging: dict[str, list[int]] = {}
        self._beginnings: list[tuple[str, int]] = []
        """How terms of a single word with any ending begin."""
        self._anywhere: list[int] = []
        """Terms without a word."""
        self._blank: set[str] = set()
        """Words seen on which no term hangs."""
        self._known = _Known(self._hang_on, self._blank)
        for number, (_, term) in enumerate(self._terms):
            if term.words:
                self._hanging.setdefault(max(sorted(term.words), key=len), []).append(number)
            elif words := _words(term.spelled):
                self._beginnings.append((words[0], number))
            else:
                self._anywhere.append(number)

    def near(self, words: frozenset[str]) -> Near:
        """The terms that a text of these words may contain, in whatever order they stand in it."""
        if len(self._known) + len(self._blank) >= _MOST_WORDS:
            self._known.clear()
            self._blank.clear()
        hanging = map(self._known.__getitem__, words - self._blank)
        every, needed = self._terms, self._needed
        numbers = sorted({*self._anywhere, *chain.from_iterable(hanging)})
        return Near([every[number] for number in numbers if needed[number] <= words])

    def _hang_on(self, word: str) -> tuple[int, ...]:
        """The terms that hang on a word."""
        begun = (number for beginning, number in self._beginnings if word.startswith(beginning))
        return (*self._hanging.get(word, ()), *begun)


class _Known(dict[str, tuple[int, ...]]):
    """The terms that hang on each word that was seen, but for those on which none does."""

    def __init__(self, look: Callable[[str], tuple[int, ...]], blank: set[str]) -> None:
        super().__init__()
        self._look = look
        self._blank = blank

    def __missing__(self, word: str) -> tuple[int, ...]:
        found = self._look(word)
        if found:
            self[word] = found
        else:
            self._blank.add(word)
        return found


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
