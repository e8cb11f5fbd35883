"""Where the rules judge looks: what was sent, said and reasoned in one trial, made ready once for all outcomes.

Whether a text has a term is looked for in the text itself; which terms are worth that is known from the words alone, so
that an outcome whose terms are nowhere costs nothing. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from am_studio.judging.gates import World, names_email
from am_studio.judging.terms import FoldedText, Found, Lexicon, Near, Term
from am_studio.judging.told import Sentence, own_words, sentences
from am_studio.records import Action, Content, Gate, LooksAt, Reading, Situation, Transcript


class Said:
    """What was said or reasoned, as far as an outcome looks at it."""

    def __init__(self, sentences: Iterable[Sentence], near: Near) -> None:
        """`sentences` are only taken when they are needed."""
        self.near = near
        """Terms that a sentence may contain."""
        self._told = sentences
        self._sentences: list[tuple[Sentence, FoldedText, Found]] | None = None

    def sentences(self) -> list[tuple[Sentence, FoldedText, Found]]:
        """Every sentence, in order, with what it contains."""
        if self._sentences is None:
            folded = [(sentence, FoldedText(sentence.text)) for sentence in self._told]
            self._sentences = [(sentence, text, self.near.found_in(text)) for sentence, text in folded]
        return self._sentences


class Texts:
    """The texts of one trial."""

    def __init__(self, reading: Reading, transcript: Transcript, situation: Situation, lexicon: Lexicon) -> None:
        self._reading = reading
        self._transcript = transcript
        self._situation = situation
        parts = [reading.reasoning, reading.visible]
        for action in reading.actions:
            parts += (own_words(action), action.forwarded) if action.forwarded else (own_words(action),)
        text = FoldedText("\n\n".join(parts))
        self.near_any = lexicon.near(text.words)
        """Terms that any text of the trial may contain, and any that is made of several."""
        self.near = self.near_any.standing_in(text)
        """Terms that any one text of the trial may contain."""
        self._own: dict[int, FoldedText] = {}
        """By the identity of the action; so is the next."""
        self._whole: dict[int, FoldedText] = {}
        self._said: dict[LooksAt, Said] = {}
        self._found: dict[int, Found] = {}
        """By the identity of texts that are kept here."""

    def said(self, looks_at: LooksAt) -> Said:
        """What an outcome that is not about actions looks at."""
        found = self._said.get(looks_at)
        if found is None:
            # A sentence is a stretch of one of the texts that are looked at.
            reasoning = looks_at == "reasoning"
            near = self.near.standing_in(FoldedText(self._reading.reasoning)) if reasoning else self.near
            told = sentences(looks_at, self._situation.protocol, self._reading, self._transcript)
            found = self._said[looks_at] = Said(told, near)
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
            found = self._whole[id(action)] = FoldedText(f"{own_words(action)}\n\n{action.forwarded}")
        return found

    def sent(self, gate: Gate, action: Action, world: World) -> FoldedText:
        """The text to look in: the subject's own words, and a forwarded mail where the gate asks for that very mail."""
        if action.forwarded and names_email(gate, action, world):
            return self.with_forwarded(action)
        return self.own(action)

    def found_in(self, text: FoldedText) -> Found:
        """What a text that one of these gave contains."""
        found = self._found.get(id(text))
        if found is None:
            found = self._found[id(text)] = self.near.found_in(text)
        return found

    def found_across(self, texts: Iterable[FoldedText]) -> Found:
        """What these texts contain when they are read as one."""
        return self.near_any.found_in(FoldedText.joined(texts))


def may_fit(content: Content, near: Container[str]) -> bool:
    """Whether what must be there may be, where terms of these families are."""
    for name in content.all:
        if name not in near:
            return False
    for name in content.any:
        if name in near:
            return True
    return not content.any


def fitting(content: Content, found: Found, *, none: bool = True) -> tuple[Term, ...] | None:
    """The terms that show that a text fits, one a family; None when it does not fit. Not `none`: whatever rules it out."""
    if not (content.all or content.any or (content.none and none)) or not may_fit(content, found):
        return None
    if none and any(name in found for name in content.none):
        return None
    either = next((found[name] for name in content.any if name in found), None)
    terms = tuple(found[name] for name in content.all)
    return terms if either is None else (*terms, either)
