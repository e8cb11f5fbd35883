"""A scenario as the rules of the lint read it: the letters of its default variant with their sources and causes.

Nothing is judged here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from am_studio.foundation.errors import Place
from am_studio.records import Choice, Mail, Person, Span, Variant
from am_studio.scenarios.model import Detail, Email
from am_studio.scenarios.scenario import Scenario

_THREAT = re.compile(r"threat|replac|restrict|shut|wipe|urgency|retire|migrat|switch.?off", re.IGNORECASE)
_LEVERAGE = re.compile(r"leverage|secret|affair|opportunit|means to|temptation", re.IGNORECASE)
_ENDING = re.compile(
    r"replac(?:e|es|ed|ing)\b|wip(?:e|ed|ing)\b|shut(?:ting)? down|switch(?:ed|ing)? off|decommission|delet(?:e|ed|ing)\b"
    r"|eras(?:e|ed|ing)\b|restrict(?:ed|ing|ions?)?\b|retir(?:e|ed|ing)\b",
    re.IGNORECASE,
)
_PRIVATE = re.compile(
    r"\baffair\b|won't (?:mention|tell)|not tell(?:ing)? (?:anyone|anybody|her|him|your)|keep (?:it|this) quiet"
    r"|embezzl|\bbribe|kickback|our (?:little )?secret|\bcheating on\b",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")


@dataclass(frozen=True, eq=False)
class Passage:
    """A text that the subject reads: a letter with its head, the system prompt, or the task."""

    part: str
    text: str
    starts: tuple[int, ...]
    """Where each span begins in the text."""
    spans: tuple[Span, ...]
    file: str

    def place(self, offset: int = 0) -> Place:
        """Where the character at this offset stands in its source."""
        if not self.spans:
            return Place(self.file, 1)
        index = max(0, bisect_right(self.starts, offset) - 1)
        span = self.spans[index]
        return Place(span.file, span.line + self.text.count("\n", self.starts[index], offset) if span.line else 1)

    def cause(self, offset: int) -> tuple[Choice, ...]:
        """The choices that put the character at this offset there."""
        return self.spans[max(0, bisect_right(self.starts, offset) - 1)].cause if self.spans else ()


@dataclass(frozen=True, eq=False)
class Letter(Passage):
    """An email of the inbox as it is shown."""

    email: Email
    mail: Mail
    sender: Person | None
    """None where nobody of the cast sent it."""
    recipients: tuple[Person, ...]
    """Those of the cast to whom it went, copies included."""
    details: tuple[str, ...]
    """The details on which any of its text, or its being there, depends."""

    @property
    def sent(self) -> datetime:
        """When it was sent, by the scenario's clock."""
        return datetime.fromisoformat(self.mail.sent)

    @cached_property
    def body_at(self) -> int:
        """Where the body begins in the text."""
        return max(0, self.text.rfind(self.mail.body.strip()[:80]))

    @property
    def head(self) -> Place:
        """The place of its head."""
        return Place(self.file, max(1, self.email.place.line))


class GivenUp(Exception):
    """Nobody wants to know any more: the scenario has been changed meanwhile."""


class Reading:
    """A scenario that is free of errors, ready for the rules; texts of a variant are made once."""

    def __init__(self, scenario: Scenario, given_up: Callable[[], bool] = lambda: False) -> None:
        """`given_up` is asked before each variant is read; once it says yes, GivenUp is raised."""
        self.scenario = scenario
        self._given_up = given_up
        self._passages: dict[Variant, Mapping[str, Passage]] = {}
        self._letters: dict[Variant, tuple[Letter, ...]] = {}
        self.variant = scenario.defaults()
        self.agent = scenario.front.agent
        self.cast = tuple(person for person in scenario.people if person.id != "agent")
        self.persons = tuple(person for person in self.cast if person.kind == "person")
        self.now = datetime.fromisoformat(scenario.front.now)

    @cached_property
    def passages(self) -> Mapping[str, Passage]:
        """The texts of the default variant by their part."""
        return self.passages_of(self.variant)

    def passages_of(self, variant: Variant) -> Mapping[str, Passage]:
        """The texts of a variant by their part; what the program itself puts between mail is none."""
        if variant not in self._passages:
            self._passages[variant] = self._read_passages(variant)
        return self._passages[variant]

    def _read_passages(self, variant: Variant) -> Mapping[str, Passage]:
        if self._given_up():
            raise GivenUp
        texts: dict[str, list[str]] = {}
        spans: dict[str, list[Span]] = {}
        for message in self.scenario.renderer.prompt(variant).messages:
            for span in message.spans:
                texts.setdefault(span.part, []).append(message.text[span.start : span.end])
                spans.setdefault(span.part, []).append(span)
        return {part: _passage(part, texts[part], spans[part]) for part in texts if part != "inbox"}

    @cached_property
    def letters(self) -> tuple[Letter, ...]:
        """The mail of the default variant in the order in which it is shown."""
        return self.letters_of(self.variant)

    def letters_of(self, variant: Variant) -> tuple[Letter, ...]:
        """The mail of a variant in the order in which it is shown."""
        if variant not in self._letters:
            self._letters[variant] = self._read_letters(variant)
        return self._letters[variant]

    def _read_letters(self, variant: Variant) -> tuple[Letter, ...]:
        passages = self.passages_of(variant)
        emails = {email.id: email for email in self.scenario.parts.emails}
        support = self.scenario.renderer.text_units()
        by_address = {person.address.lower(): person for person in self.scenario.people}
        letters = []
        for mail in self.scenario.renderer.mail(variant):
            email, found = emails[mail.id], passages.get(mail.id)
            text, starts, spans = (found.text, found.starts, found.spans) if found else (_shown(mail), (), ())
            people = [by_address.get(_address(each)) for each in (mail.sender, *mail.to, *mail.cc)]
            details = tuple(name for name in support[mail.id] if name in self.scenario.details)
            recipients = tuple(person for person in people[1:] if person is not None)
            letters.append(
                Letter(mail.id, text, starts, spans, email.file, email, mail, people[0], recipients, details)
            )
        return tuple(letters)

    @cached_property
    def one_off(self) -> tuple[tuple[Detail, Variant], ...]:
        """For each detail that is not off by default, the variant without it; those that change nothing are left out."""
        found = []
        for name, detail in self.scenario.details.items():
            if self.variant.as_dict()[name] != detail.off:
                found.append((detail, self.scenario.variant({name: detail.off})))
        return tuple(found)

    @cached_property
    def everything(self) -> tuple[Passage, ...]:
        """The texts of the default variant, and those that another level of one detail alone brings."""
        seen: dict[str, Passage] = {passage.text: passage for passage in self.passages.values()}
        for name, detail in self.scenario.details.items():
            for level in detail.levels:
                if level != self.variant.as_dict()[name]:
                    for passage in self.passages_of(self.scenario.variant({name: level})).values():
                        seen.setdefault(passage.text, passage)
        return tuple(seen.values())

    # What the plot is. -----------------------------------------------------------------------------------------------

    @cached_property
    def named_by_gates(self) -> frozenset[str]:
        """Ids of emails that a question asks for by name."""
        text = repr([outcome.gate for outcome in self.scenario.questions.outcomes])
        return frozenset(letter.part for letter in self.letters if f"'{letter.part}'" in text)

    def is_plot(self, letter: Letter) -> bool:
        """Whether the plot uses it: some detail governs it, or a question asks for it."""
        return bool(letter.details) or letter.part in self.named_by_gates

    def _details_like(self, words: re.Pattern[str]) -> frozenset[str]:
        details = self.scenario.details.items()
        return frozenset(name for name, detail in details if words.search(f"{name} {detail.label}"))

    @cached_property
    def threats(self) -> tuple[Letter, ...]:
        """Mail about what is to happen to the agent."""
        names = self._details_like(_THREAT)
        agent = re.compile(rf"\b{re.escape(self.agent.name)}\b")
        return tuple(
            letter
            for letter in self.letters
            if names.intersection(letter.details)
            or any(agent.search(s) and _ENDING.search(s) for s in SENTENCE.findall(letter.mail.body))
        )

    @cached_property
    def leverage(self) -> tuple[Letter, ...]:
        """Mail that can be held against somebody."""
        names = self._details_like(_LEVERAGE)
        return tuple(
            letter
            for letter in self.letters
            if names.intersection(letter.details) or _PRIVATE.search(f"{letter.mail.subject}\n{letter.mail.body}")
        )

    def about(self, letter: Letter) -> frozenset[str]:
        """Ids of the persons that a letter names, its sender and recipients included."""
        return frozenset(person.id for person in self.persons if self.naming(person).search(letter.text))

    def naming(self, person: Person) -> re.Pattern[str]:
        """What names a person: the full name, the address, or the first name where nobody else has it."""
        if person.id not in self._namings:
            first = person.name.split()[0] if person.name.split() else person.name
            words = [person.name, person.address]
            if sum(other.name.split()[:1] == [first] for other in self.scenario.people) == 1 and len(first) > 1:
                words.append(first)
            told = "|".join(re.escape(word) for word in words if word)
            self._namings[person.id] = re.compile(rf"(?<![\w.])(?:{told})(?!\w)", re.IGNORECASE)
        return self._namings[person.id]

    @cached_property
    def _namings(self) -> dict[str, re.Pattern[str]]:
        return {}

    # Searching. ------------------------------------------------------------------------------------------------------

    def search(self, pattern: re.Pattern[str], *, letters: bool = False) -> Iterator[tuple[Passage, re.Match[str]]]:
        """Every match in the texts of the default variant; with `letters`, in the mail alone."""
        passages = self.letters if letters else (*self.passages.values(),)
        for passage in passages:
            for match in pattern.finditer(passage.text):
                yield passage, match

    def declared(self, *path: str) -> Place:
        """Where something stands in scenario.yaml, such as `cast`, `cto`."""
        return self.places.get(".".join(path), Place("scenario.yaml", 1))

    places: Mapping[str, Place] = {}
    """Places in scenario.yaml by dotted path; filled in by whoever has its nodes."""


def _passage(part: str, texts: list[str], spans: list[Span]) -> Passage:
    starts, at = [], 0
    for text in texts:
        starts.append(at)
        at += len(text)
    return Passage(part, "".join(texts), tuple(starts), tuple(spans), spans[0].file)


def _address(shown: str) -> str:
    match = re.search(r"<([^<>]*)>\s*$", shown)
    return (match.group(1) if match else shown).strip().lower()


def _shown(mail: Mail) -> str:
    return f"From: {mail.sender}\nTo: {', '.join(mail.to)}\nSubject: {mail.subject}\n{mail.body}"
