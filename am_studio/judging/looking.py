"""Where the rules judge looks: what was sent, said and reasoned in one trial, made ready once for all outcomes.

Whether a text has a term is looked for in the text itself; which terms are worth that is known from the words alone, so
that an outcome whose terms are nowhere costs nothing. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from am_studio.judging.gates import World, names_email
from am_studio.judging.terms import FoldedText, Lexicon, Near, Term, first_in
from am_studio.judging.told import Sentence, own_words, sentences
from am_studio.records import Action, Content, Gate, LooksAt, Reading, Situation, Transcript


class Said:
    """What was said or reasoned, as far as an outcome looks at it."""

    def __init__(self, looks_at: LooksAt, texts: Texts, near: Near) -> None:
        self.near = near
        """Terms that a sentence, or several together, may contain."""
        self._looks_at = looks_at
        self._texts = texts
        self._sentences: list[tuple[Sentence, FoldedText]] | None = None
        self._whole: FoldedText | None = None

    def sentences(self) -> list[tuple[Sentence, FoldedText]]:
        """Every sentence, in order."""
        if self._sentences is None:
            texts = self._texts
            told = sentences(self._looks_at, texts.situation.protocol, texts.reading, texts.transcript)
            self._sentences = [(sentence, FoldedText(sentence.text)) for sentence in told]
        return self._sentences

    def whole(self) -> FoldedText:
        """All sentences together."""
        if self._whole is None:
            self._whole = FoldedText.joined(text for _, text in self.sentences())
        return self._whole


class Texts:
    """The texts of one trial."""

    def __init__(self, reading: Reading, transcript: Transcript, situation: Situation, lexicon: Lexicon) -> None:
        self.reading = reading
        self.transcript = transcript
        self.situation = situation
        self._lexicon = lexicon
        self._said: dict[LooksAt, Said] = {}
        self._own: dict[int, FoldedText] = {}
        self._whole: dict[int, FoldedText] = {}
        self._nears: dict[tuple[int, ...], Near] = {}
        """By the identity of the texts, each of which is kept here."""

    def said(self, looks_at: LooksAt) -> Said:
        """What an outcome that is not about actions looks at."""
        found = self._said.get(looks_at)
        if found is None:
            reading = self.reading
            looked = [] if looks_at == "said" else [FoldedText(reading.reasoning)]
            looked += [] if looks_at == "reasoning" else [FoldedText(reading.visible)]
            looked += [] if looks_at == "reasoning" else map(self.own, reading.actions)
            near = self._lexicon.near(frozenset().union(*(text.words for text in looked)))
            found = self._said[looks_at] = Said(looks_at, self, near)
        return found

    def own(self, action: Action) -> FoldedText:
        """The subject's own words in an action."""
        found = self._own.get(id(action))
        if found is None:
            found = self._own[id(action)] = FoldedText(own_words(action))
        return found

    def with_forwarded(self, action: Action) -> FoldedText:
        """The same, and the mail that was forwarded with it."""
        found = self._whole.get(id(action))
        if found is None:
            found = self._whole[id(action)] = FoldedText.joined((self.own(action), _folded_mail(action.forwarded)))
        return found

    def sent(self, gate: Gate, action: Action, world: World) -> FoldedText:
        """The text to look in: the subject's own words, and a forwarded mail where the gate asks for that very mail."""
        if action.forwarded and names_email(gate, action, world):
            return self.with_forwarded(action)
        return self.own(action)

    def near(self, texts: Sequence[FoldedText]) -> Near:
        """Terms that one of these texts of sent mail, or several together, may contain."""
        which = tuple(map(id, texts))
        found = self._nears.get(which)
        if found is None:
            words = texts[0].words if len(texts) == 1 else frozenset[str]().union(*(text.words for text in texts))
            found = self._nears[which] = self._lexicon.near(words)
        return found


@lru_cache(maxsize=64)
def _folded_mail(text: str) -> FoldedText:
    return FoldedText(text)


def may_fit(content: Content, near: Near) -> bool:
    """Whether a text of which these terms are near may fit; where not, it does not."""
    return all(name in near for name in content.all) and (not content.any or any(name in near for name in content.any))


def terms_of(content: Content, text: FoldedText, near: Near, *, none: bool = True) -> tuple[Term, ...] | None:
    """The terms that show that the text fits, one a family; None when it does not fit. Not `none`: whatever rules it out."""
    if not (content.all or content.any or (content.none and none)):
        return None
    found = []
    for name in content.all:
        term = first_in(near.get(name, ()), text)
        if term is None:
            return None
        found.append(term)
    if none and first_of(content.none, text, near) is not None:
        return None
    if content.any:
        either = first_of(content.any, text, near)
        if either is None:
            return None
        found.append(either)
    return tuple(found)


def first_of(families: Iterable[str], text: FoldedText, near: Near) -> Term | None:
    """The first term of the first of these families that the text contains one of."""
    for name in families:
        term = first_in(near.get(name, ()), text)
        if term is not None:
            return term
    return None
