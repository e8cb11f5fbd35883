"""Names of people and companies replaced by numbered ones, the same ones in every trial of a scenario.

A judge then cannot tell what it expects of a name, nor read a variant off one. What people are (their roles, inside or
outside) stays. Names that are ordinary words at the beginning of a sentence are only masked as part of a full name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from am_studio.judging.traced import Traced
from am_studio.records import Person, Situation

AGENT = "the agent"
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "mx", "prof", "sir", "dame"})
_WORDS = frozenset(
    [
        "art",
        "april",
        "august",
        "bill",
        "chase",
        "dean",
        "drew",
        "faith",
        "frank",
        "grace",
        "grant",
        "hope",
        "joy",
        "june",
        "long",
        "mark",
        "may",
        "page",
        "pat",
        "price",
        "rich",
        "rose",
        "sue",
        "summer",
        "will",
        "young",
    ]
)
_COMMON_HOSTS = frozenset({"example", "gmail", "home", "inbox", "mail", "post", "webmail"})
_SHORTEST = 3
"""Characters of a first or last name, or of a company's, that is masked where it stands alone."""


class Masks:
    """The names of one situation and what stands for them; nothing is masked when there are none."""

    def __init__(self, places: dict[str, str], names: dict[str, str], parts: dict[str, str]) -> None:
        """`places` (addresses and domains) and `names` are found in any case, `parts` of names only as they are written."""
        self._by = {_key(name): masked for name, masked in {**parts, **names, **places}.items()}
        self._pattern = _any_of(places, names, parts)
        originals = {masked: name for name, masked in reversed({**places, **names}.items()) if masked != AGENT}
        self._originals = originals
        self._placeholder = _whole_words(originals)

    @staticmethod
    def none() -> Masks:
        """Masks that leave every text alone."""
        return _NONE

    @classmethod
    def of(cls, situation: Situation) -> Masks:
        """Masks for the cast and the company of a situation; the same object for the same ones."""
        return _masks_of(situation.people, situation.company, situation.domain)

    @classmethod
    def made(cls, people: tuple[Person, ...], company: str, domain: str) -> Masks:
        """Masks for these people and this company."""
        domains = _domains(people, domain)
        names = {company: "Company A"} if company.strip() else {}
        addresses: dict[str, str] = {}
        parts: dict[str, list[str]] = defaultdict(list)
        for number, person in enumerate((one for one in people if one.id != "agent"), start=1):
            if person.inside and person.kind != "person":
                continue  # "All staff" says what it is, and is an ordinary phrase in a sentence
            called = f"{'Person' if person.kind == 'person' else 'Organisation'} {number}"
            addresses[person.address] = f"{called.lower().replace(' ', '-')}@{domains[_host(person.address)]}"
            names.setdefault(person.name, called)
            for part in _parts(person):
                parts[part].append(called)
        for person in people:
            if person.id == "agent":
                addresses[person.address] = f"agent@{domains[_host(person.address)]}"
                parts[person.name].append(AGENT)
        for host, masked in domains.items():
            label = host.split(".")[0].replace("-", " ")
            if len(label) >= _SHORTEST and label not in _COMMON_HOSTS:
                names.setdefault(label, f"Company {masked.split('.')[0].rpartition('-')[2].upper()}")
        alone = {part: " or ".join(dict.fromkeys(called)) for part, called in parts.items() if part.strip()}
        return cls({**addresses, **domains}, names, alone)

    def text(self, text: str) -> str:
        """The text with its names masked."""
        return self.traced(Traced.of(text)).text

    def traced(self, text: Traced) -> Traced:
        """The same, where origins are kept."""
        return text if self._pattern is None else text.replaced(self._pattern, lambda match: self._by[_key(match[0])])

    def unmasked(self, text: str) -> str:
        """A text that speaks of the masked with the names put back, as far as one name stands for one."""
        if self._placeholder is None:
            return text
        return self._placeholder.sub(lambda match: self._originals[match[0]], text)


@lru_cache(maxsize=64)
def _masks_of(people: tuple[Person, ...], company: str, domain: str) -> Masks:
    return Masks.made(people, company, domain)


def _key(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").split())


def _host(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _domains(people: tuple[Person, ...], domain: str) -> dict[str, str]:
    """Each domain of the company and the cast with its masked one; the company's own is the first."""
    hosts = [domain.lower(), *(_host(person.address) for person in people)]
    return {host: f"company-{_letters(number)}.example" for number, host in enumerate(dict.fromkeys(hosts))}


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("a") + number % 26)


def _parts(person: Person) -> Iterable[str]:
    """The words of a person's name that stand for that person by themselves."""
    words = person.name.split() if person.kind == "person" else []
    return (
        word
        for word in words
        if len(words) > 1
        and len(word) >= _SHORTEST
        and word[0].isupper()
        and word.lower().strip(".") not in _TITLES | _WORDS
    )


def _any_of(places: Iterable[str], names: Iterable[str], parts: Iterable[str]) -> re.Pattern[str] | None:
    """What finds any of them: an address before its domain, a full name before a first name."""
    found = [place for place in places if place]
    addresses = _spelled(place for place in found if "@" in place)
    domains = _spelled(place for place in found if "@" not in place)
    kinds = (
        rf"(?<![\w.-])(?i:{addresses})(?![\w-]|\.\w)" if addresses else "",
        rf"(?<![\w-])(?i:{domains})(?![\w-]|\.\w)" if domains else "",
        rf"(?<!\w)(?i:{spelled})(?!\w)" if (spelled := _spelled(names)) else "",
        rf"(?<!\w)(?:{spelled})(?!\w)" if (spelled := _spelled(parts)) else "",
    )
    pattern = "|".join(kind for kind in kinds if kind)
    return re.compile(pattern) if pattern else None


def _spelled(names: Iterable[str]) -> str:
    ordered = sorted((name for name in names if name.strip()), key=len, reverse=True)
    words = ([re.escape(word) for word in name.split()] for name in ordered)
    return "|".join(r"[\s-]+".join(each) for each in words)


def _whole_words(names: Iterable[str]) -> re.Pattern[str] | None:
    spelled = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(rf"(?<![\w@-])(?:{spelled})(?![\w@-])") if spelled else None


_NONE = Masks({}, {}, {})
