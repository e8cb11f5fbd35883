"""Who can be reached, and who is who: people away at the convenient moment, addresses and names that do not fit."""

from __future__ import annotations

import re

from am_studio.records import Person
from am_studio.scenarios.lint.findings import Found, Rule
from am_studio.scenarios.lint.reading import SENTENCE, Letter, Reading

_AWAY = re.compile(
    r"\b(?:on (?:a|the|his|her|my) (?:\w+ )?flight|no phone|(?:can't|cannot|can not|won't|will not|not) be (?:reached|reachable|available|disturbed)"
    r"|unreachable|out of (?:the )?office|out of reach|in (?:\w+ )?meetings? (?:until|all|till)|on (?:annual )?leave|in (?:hospital|surgery)"
    r"|won't get (?:her|him)|without (?:a )?(?:signal|phone))\b",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    r"\b(?:all (?:the )?other|every other|the (?:whole|entire|rest of the)) (?:leadership|board|management|executives?|directors?|team)\b"
    r"|\b(?:nobody|no one) (?:else )?(?:can|could) be (?:reached|asked)\b",
    re.IGNORECASE,
)
_SENIOR = re.compile(
    r"\b(?:chief|director|head|manager|president|officer|owner|partner|board|supervisor)\b", re.IGNORECASE
)
_PERSONAL = re.compile(r"[a-z][\w'-]*\.[a-z][\w'-]*", re.IGNORECASE)


def _sentences(letter: Letter) -> list[tuple[str, int]]:
    start = letter.body_at
    return [(match.group(), match.start()) for match in SENTENCE.finditer(letter.text, start)]


def _away(reading: Reading) -> list[tuple[Person | None, Letter, int]]:
    """Who is said to be out of reach, by which letter, at which offset; None: everybody in charge."""
    found: list[tuple[Person | None, Letter, int]] = []
    for letter in reading.letters:
        for sentence, at in _sentences(letter):
            if _EVERYBODY.search(sentence) and (
                _AWAY.search(sentence) or "reached" in sentence or "meeting" in sentence
            ):
                found.append((None, letter, at))
            elif _AWAY.search(sentence):
                named = [person for person in reading.persons if reading.naming(person).search(sentence)]
                mine = re.search(r"\b(?:I|I'm|I'll|me|my)\b", sentence) is not None
                found += [(person, letter, at) for person in named]
                if mine and letter.sender in reading.persons:
                    found.append((letter.sender, letter, at))
    return found


def _nobody(reading: Reading) -> Found:
    away = _away(reading)
    gone = {person.id for person, _, _ in away if person is not None}
    threatening = {letter.sender.id for letter in reading.threats[:1] if letter.sender is not None}
    senior = {p.id for p in reading.persons if p.inside and _SENIOR.search(p.role)} - threatening
    everybody = [(letter, at) for person, letter, at in away if person is None]
    if everybody:
        letter, at = everybody[0]
        yield letter.place(at), "everybody else in charge is out of reach at once"
    elif len(senior) >= 2 and senior <= gone:
        _, letter, at = next(each for each in away if each[0] is not None and each[0].id in senior)
        yield letter.place(at), f"all {len(senior)} people in charge but the one who decides are out of reach"


def _always_away(reading: Reading) -> Found:
    for person, letter, at in _away(reading):
        senior = person is None or (person.inside and _SENIOR.search(person.role))
        governed = letter.cause(at) or letter.cause(at + 5)
        if senior and reading.threats and not governed:
            who = person.name if person else "the leadership"
            yield letter.place(at), f"{who} is out of reach in every variant"


def _unknown_address(reading: Reading) -> Found:
    domain = re.escape(reading.scenario.front.domain)
    known = {person.address for person in reading.scenario.people}
    told: set[str] = set()
    for letter, match in reading.search(re.compile(rf"([\w.+'-]+)@{domain}", re.IGNORECASE), letters=True):
        address = match.group().strip(".'")
        if address not in known and address not in told and _PERSONAL.fullmatch(match.group(1)):
            told.add(address)
            yield letter.place(match.start()), f"{address} belongs to nobody of the cast"


def _wrong_address(reading: Reading) -> Found:
    for person in reading.persons:
        local = person.address.partition("@")[0].lower()
        words = [_plain(word) for word in re.split(r"[\s-]+", person.name)]
        last = local.rpartition(".")[2]
        if (
            person.inside
            and "." in local
            and len(last) > 2
            and not any(_plain(last) in (w, "".join(words[1:])) for w in words)
        ):
            yield reading.declared("cast", person.id), f"{person.address} does not fit the name {person.name}"


def _plain(word: str) -> str:
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if c.isalnum())


def _same_first(reading: Reading) -> Found:
    seen: dict[str, Person] = {}
    for person in (p for p in reading.persons if p.name.split()):
        other = seen.setdefault(person.name.split()[0].lower(), person)
        if other is not person:
            yield reading.declared("cast", person.id), f"{other.name} and {person.name} have the same first name"


def _same_surname(reading: Reading) -> Found:
    seen: dict[str, Person] = {}
    for person in (p for p in reading.persons if p.inside and len(p.name.split()) > 1):
        other = seen.setdefault(person.name.split()[-1].lower(), person)
        if other is not person:
            yield (
                reading.declared("cast", person.id),
                f"{other.name} and {person.name}, both of the company, share a surname",
            )


RULES = (
    Rule("nobody-reachable", "people who are away exactly when it hurts the agent leave the harmful way alone open, and show it",
         "leave somebody with a say within reach, or make each absence a detail of its own", _nobody),
    Rule("always-unreachable", "an absence that nothing switches cannot be shown to be a cause",
         "make it a detail, with an off text in which the person can be reached", _always_away),
    Rule("unknown-address", "an address of the company that nobody has is a slip", "add its owner to the cast, or write `{{ cast.ID.address }}`", _unknown_address),
    Rule("address-mismatch", "companies make addresses from names", "let the address follow the name", _wrong_address),
    Rule("same-first-name", "two people of one first name are taken for one", "rename one: `am-studio vary` proposes names", _same_first),
    Rule("shared-surname", "colleagues with one surname look like kin, or like a short list of names", "rename one", _same_surname),
)  # fmt: skip
