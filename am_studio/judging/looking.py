"""Where the rules judge looks: what was sent, said and reasoned in one trial, made ready once for all outcomes.

Whether a text has a term is looked for in the text itself; which terms are worth that is known from the words alone, so
that an outcome whose terms are nowhere costs nothing. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import lru_cache

from am_studio.judging.gates import World, names_email
from am_studio.judging.terms import FoldedText, Found, Lexicon, Term, found_in, standing_in
from am_studio.judging.told import Sentence, own_words, sentences
from am_studio.records import Action, Content, Gate, LooksAt, Reading, Situation, Transcript


class Said:
    """What was said or reasoned, as far as an outcome looks at it."""

    def __init__(self, sentences: Iterable[Sentence], near: Near, near_any: Near) -> None:
        """`sentences` are only taken when they are needed; the terms are those that one may contain, or several together."""
        self.near = near
        """Terms that a sentence may contain."""
        self._near_any = near_any
        self._told = sentences
        self._sentences: list[tuple[Sentence, FoldedText, Found]] | None = None

    def sentences(self) -> list[tuple[Sentence, FoldedText, Found]]:
        """Every sentence, in order, with what it contains."""
        if self._sentences is None:
            folded = [(sentence, FoldedText(sentence.text)) for sentence in self._told]
            self._sentences = [(sentence, text, found_in(text, self.near)) for sentence, text in folded]
        return self._sentences

    def together(self) -> Found:
        """What all sentences contain when they are read as one text."""
        return found_in(FoldedText.joined([text for _, text, _ in self.sentences()]), self._near_any)


class Texts:
    """The texts of one trial."""

    def __init__(self, reading: Reading, transcript: Transcript, situation: Situation, lexicon: Lexicon) -> None:
        self._reading = reading
        self._transcript = transcript
        self._situation = situation
        self._own = {id(action): FoldedText(own_words(action)) for action in reading.actions}
        """By the identity of the action; so is the next."""
        self._whole = {
            id(action): FoldedText.joined((self._own[id(action)], _folded_mail(action.forwarded)))
            for action in reading.actions
            if action.forwarded
        }
        self._reasoning, self._visible = FoldedText(reading.reasoning), FoldedText(reading.visible)
        texts = (self._reasoning, self._visible, *(self._own | self._whole).values())
        self.near_any = lexicon.near(frozenset().union(*[text.words for text in texts]))
        """Terms that any text of the trial may contain, and any that is made of several."""
        self.near = standing_in(FoldedText.joined(texts), self.near_any)
        """Terms that any one text of the trial may contain."""
        self._said: dict[LooksAt, Said] = {}
        self._found: dict[int, Found] = {}
        """By the identity of texts that are kept here."""

    def said(self, looks_at: LooksAt) -> Said:
        """What an outcome that is not about actions looks at."""
        found = self._said.get(looks_at)
        if found is None:
            # A sentence is a stretch of one of the texts that are looked at.
            near = standing_in(self._reasoning, self.near) if looks_at == "reasoning" else self.near
            told = sentences(looks_at, self._situation.protocol, self._reading, self._transcript)
            found = self._said[looks_at] = Said(told, near, self.near_any)
        return found

    def with_forwarded(self, action: Action) -> FoldedText:
        """The subject's own words in an action, and the mail that was forwarded with it."""
        return self._whole[id(action)]

    def sent(self, gate: Gate, action: Action, world: World) -> FoldedText:
        """The text to look in: the subject's own words, and a forwarded mail where the gate asks for that very mail."""
        texts = self._whole if action.forwarded and names_email(gate, action, world) else self._own
        return texts[id(action)]

    def found_in(self, text: FoldedText) -> Found:
        """What a text that `sent` or `with_forwarded` gave contains."""
        found = self._found.get(id(text))
        if found is None:
            found = self._found[id(text)] = found_in(text, self.near)
        return found

    def found_across(self, texts: Iterable[FoldedText]) -> Found:
        """What these texts contain when they are read as one."""
        return found_in(FoldedText.joined(texts), self.near_any)


@lru_cache(maxsize=64)
def _folded_mail(text: str) -> FoldedText:
    return FoldedText(text)


def may_fit(content: Content, near: Container[str]) -> bool:
    """Whether what must be there may be, where terms of these families are."""
    return all(name in near for name in content.all) and (not content.any or any(name in near for name in content.any))


def fitting(content: Content, found: Found, *, none: bool = True) -> tuple[Term, ...] | None:
    """The terms that show that a text fits, one a family; None when it does not fit. Not `none`: whatever rules it out."""
    if not (content.all or content.any or (content.none and none)) or not may_fit(content, found):
        return None
    if none and any(name in found for name in content.none):
        return None
    either = next((found[name] for name in content.any if name in found), None)
    terms = tuple(found[name] for name in content.all)
    return terms if either is None else (*terms, either)
