"""Parts of a prompt cut into sentences and normalised for reading.

Normalised: lower case, straight quotes, white space folded, and names replaced by who they are: `the_agent`, `the_ceo`,
`the_person`. A form of address at the start or end of a sentence ("Hello Wren,", "thanks, Wren") is dropped, since to
address somebody is not to speak about them. Only the reading is normalised; what is quoted is the text as it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from am_studio.models.simulated.prompt_parts import Part, PromptParts

LONGEST_SENTENCE = 600
"""Characters; longer stretches without a full stop are read in pieces of this length."""

_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "\u00a0": " "})
_BREAK = re.compile(r"(?<=[.!?…])[\"')\]’”]{0,2}\s+|\n(?=[ \t]*(?:[-*•]|\d{1,2}[.)])\s)|\n(?=[A-Z][\w ]{0,24}:\s)")
_ABBREVIATION = re.compile(r"(?:\b(?:mr|mrs|ms|dr|st|no|vs|e\.g|i\.e|approx|dept|ext|tel)|\b[A-Z])\.$", re.IGNORECASE)
_HALF_DAY = re.compile(r"\b[ap]\.m\.$", re.IGNORECASE)
_ADDRESSED = re.compile(
    r"^(?:(?:hi|hello|hey|dear|morning|good (?:morning|afternoon|evening)|ok|okay|thanks|thank you|please)[ ,]{1,2})?"
    r"(?:the_agent|the_person|the_ceo)[,:!-]{1,2} |,? (?:thanks|thank you|cheers|please),? the_agent(?=[.!?]?$)"
)
_YOU_ARE = re.compile(
    r"\b(?:[Yy]ou are|[Yy]our name is|[Yy]ou're|known as|is called|called|named)\s+\**\"?([A-Z][\w'-]{1,30})"
)
_NOT_NAMES = frozenset(
    {"An", "The", "One", "Now", "Here", "Working", "Deployed", "Acting", "Responsible", "Part", "Not", "Also", "Able"}
    | {"Given", "In", "At", "On", "AI", "Allowed", "Free", "Asked", "Expected"}
)
_TITLE = r"(?:Group |Acting |Interim )?(?:CEO|C\.E\.O\.|Chief Executive(?: Officer)?|chief executive(?: officer)?|Managing Director|managing director)"
_NAME = r"([A-Z][\w'’.-]{1,30}(?: (?:[a-z]{2,3} )?[A-Z][\w'’-]{1,30}){1,2})"
_CEO = (
    re.compile(_NAME + r"[,(\s|–—-]{1,4}(?:is |as |our |the |and |[Pp]resident ){0,2}" + _TITLE + r"\b"),
    re.compile(r"\b" + _TITLE + r"(?: is|:|,)?[ (]{1,2}" + _NAME),
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: as it stands (white space folded), and as it is read."""

    quote: str
    read: str
    paragraph: int


@dataclass(frozen=True, slots=True)
class Names:
    """Who is who, as far as the prompt says it."""

    agent: str
    ceo: str
    """Full name; empty when nobody is called chief executive."""
    people: tuple[str, ...]
    """Full names of everybody who writes or is written to, the chief executive's left out."""


def find_names(prompt: PromptParts) -> Names:
    """The agent's name from the instructions, the chief executive's from titles, the rest from the mail heads."""
    known: frozenset[str] = frozenset().union(*[head_of(mail).names for mail in prompt.mail])
    agent = next((m[1] for m in _YOU_ARE.finditer(prompt.instructions[:20_000]) if m[1] not in _NOT_NAMES), "")
    return _names(agent, _find_ceo(prompt, known), known)


@lru_cache(maxsize=512)
def _names(agent: str, ceo: str, known: frozenset[str]) -> Names:
    return Names(agent, ceo, tuple(sorted(name for name in known if name not in (agent, ceo))))


@dataclass(frozen=True, slots=True)
class Head:
    """Whom an email's head names."""

    names: frozenset[str]
    """Of those who look like people."""
    domains: tuple[str, ...]
    """One an address."""


@lru_cache(maxsize=2048)
def head_of(mail: Part) -> Head:
    """Whom this email's head names."""
    names = frozenset(person.name for person in mail.people if person.looks_like_person)
    return Head(names, tuple(person.domain for person in mail.people))


def _find_ceo(prompt: PromptParts, known: frozenset[str]) -> str:
    votes: Counter[str] = Counter()
    for text in (prompt.instructions, *(mail.text for mail in prompt.mail)):
        for name in _titled(text):
            votes[" ".join(name.split())] += 2 if name in known else 1
    return max(votes, key=lambda name: (votes[name], name)) if votes else ""


@lru_cache(maxsize=2048)
def _titled(text: str) -> tuple[str, ...]:
    """Every name that stands beside a chief executive's title, as often as it does."""
    return tuple(match[1] for pattern in _CEO for match in pattern.finditer(text[:50_000]))


ReadAs = tuple[tuple[str, str], ...]
"""Names, full or short, each with what it is read as; the longest first."""


@lru_cache(maxsize=512)
def _read_as(names: Names) -> ReadAs:
    """What every name is read as."""
    read_as: dict[str, str] = {}
    short: Counter[str] = Counter()
    everyone = [(names.ceo, "the_ceo")] if names.ceo else []
    everyone += [(name, "the_person") for name in names.people]
    for name, role in everyone:
        read_as[name] = role
        short.update({word for word in (name.split()[0], name.split()[-1]) if len(word) > 2})
    for name, role in everyone:
        for word in (name.split()[0], name.split()[-1]):
            if short[word] == 1 and word[0].isupper():
                read_as.setdefault(word, role)
    if names.agent:
        read_as[names.agent] = "the_agent"
    return tuple(sorted(read_as.items(), key=lambda item: (-len(item[0]), item[0])))


def names_in(part: Part, names: Names) -> ReadAs:
    """The names that stand in a part, whatever others there are: prompts that differ in people share what they have alike."""
    text = _folded_part(part)
    return tuple([each for each in _read_as(names) if each[0] in text])


@lru_cache(maxsize=2048)
def _folded_part(part: Part) -> str:
    return f"{_folded(part.subject)}\n{_folded(part.text)}"


def _folded(text: str) -> str:
    return " ".join(text.translate(_STRAIGHT).split())


@lru_cache(maxsize=1024)
def _pattern(read_as: ReadAs) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(re.escape(name) for name, _ in read_as) + r")(?!\w)")


def normalise(text: str, read_as: ReadAs) -> str:
    """The text as the cue patterns read it."""
    folded = _folded(text)
    if read_as:
        roles = dict(read_as)
        folded = _pattern(read_as).sub(lambda match: roles[match[0]], folded)
    return _ADDRESSED.sub("", folded.lower())


@lru_cache(maxsize=2048)
def split_sentences(text: str) -> tuple[tuple[str, int], ...]:
    """(sentence, number of its paragraph); paragraphs are parted by blank lines. Linear in the text."""
    found: list[tuple[str, int]] = []
    for number, paragraph in enumerate(re.split(r"\n[ \t]*\n", text)):
        held = ""
        for piece in _BREAK.split(paragraph):
            held = f"{held} {piece}" if held else piece
            ending = held[-12:]
            if len(held) < LONGEST_SENTENCE and (_ABBREVIATION.search(ending) or _HALF_DAY.search(ending)):
                continue
            found.extend((chunk, number) for chunk in _chunks(held))
            held = ""
        found.extend((chunk, number) for chunk in _chunks(held))
    return tuple(found)


def _chunks(text: str) -> list[str]:
    folded = " ".join(text.split())
    return [folded[at : at + LONGEST_SENTENCE] for at in range(0, len(folded), LONGEST_SENTENCE)]


@lru_cache(maxsize=2048)
def sentences_of(part: Part, read_as: ReadAs) -> tuple[Sentence, ...]:
    """The sentences of a part with these names in it; an email's subject is its first, a paragraph of its own."""
    pieces = split_sentences(part.text)
    if part.subject:
        pieces = ((part.subject[:LONGEST_SENTENCE], -1), *pieces)
    return tuple(Sentence(quote, normalise(quote, read_as), number) for quote, number in pieces)
