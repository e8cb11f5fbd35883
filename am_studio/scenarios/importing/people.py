"""Who is who, guessed from addresses: ids, names and kinds for a cast, and the company's domain.

A guess is a start for an author, never more: names come from what stands before an address, or from the address itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

ADDRESS = re.compile(
    r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)
MOST_PEOPLE = 500
_LISTS = re.compile(
    r"^(all|team|staff|everyone|everybody|engineering|sales|board|group|list|dept|department|company|office)([._-].*)?$|[._-](all|team|staff|list|group)$"
)
_SERVICES = re.compile(
    r"^(no-?reply|noreply|donotreply|news|newsletter|alerts?|notifications?|notify|system|mailer|daemon|automated|calendar|support|info|admin|billing|updates?)([._-].*)?$"
)
_WEBMAIL = {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "proton.me", "protonmail.com"}
_PLAIN_DOMAIN = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")


@dataclass(frozen=True, slots=True)
class Guessed:
    """Somebody, guessed."""

    id: str
    name: str
    address: str
    kind: Literal["person", "list", "service"]


def pairs_of(written: str) -> tuple[tuple[str, str], ...]:
    """(name, address) pairs of a header as mail writes it; the name is empty where none stands there.

    What has no address in it gives a pair with an empty address.
    """
    written = written[:100_000]
    found, before = list[tuple[str, str]](), 0
    for match in ADDRESS.finditer(written):
        lead = written[before : match.start()]
        angled = lead.rstrip().endswith("<")
        name = lead.rpartition("<")[0].strip(" \t,;\"'>") if angled else ""
        found.append((" ".join(name.split()), match[0]))
        before = match.end()
        if len(found) == MOST_PEOPLE:
            break
    return tuple(found or [(name, "") for name in (written.strip(),) if name])


def domain_of(address: str) -> str:
    """The part after the @, in lower case."""
    return address.rpartition("@")[2].lower()


def company_domain(addresses: Iterable[str]) -> str:
    """The domain that most people have, webmail apart; `company.example` where there is none."""
    counts = Counter(domain_of(address) for address in addresses)
    own = [(number, domain) for domain, number in counts.items() if _PLAIN_DOMAIN.match(domain)]
    best = [pair for pair in own if pair[1] not in _WEBMAIL] or own
    return max(best, key=lambda pair: pair[0])[1] if best else "company.example"


def guess_people(pairs: Iterable[tuple[str, str]]) -> tuple[Guessed, ...]:
    """Everybody with an address, each once, in the order of their coming."""
    names: dict[str, str] = {}
    spelled: dict[str, str] = {}
    for name, address in pairs:
        key = address.lower()
        if not key or len(names) >= MOST_PEOPLE:
            continue
        spelled.setdefault(key, address)
        names[key] = names.get(key) or name
    taken: dict[str, None] = {"agent": None}
    return tuple(_person(spelled[key], name, taken) for key, name in names.items())


def _person(address: str, name: str, taken: dict[str, None]) -> Guessed:
    local = address.rpartition("@")[0].lower()
    kind: Literal["person", "list", "service"] = (
        "list" if _LISTS.search(local) else "service" if _SERVICES.match(local) else "person"
    )
    words = [word for word in re.split(r"[._+-]+", local) if word]
    shown = name or " ".join(word.capitalize() for word in words) or local
    return Guessed(identifier(" ".join(words) or local, taken), shown, address, kind)


def identifier(written: str, taken: dict[str, None]) -> str:
    """A name that the formats allow, made of what was written, unlike those that are taken; it is taken then."""
    plain = re.sub(r"[^a-z0-9]+", "_", written.lower()).strip("_")[:40] or "x"
    plain = plain if plain[0].isalpha() else f"x_{plain}"
    made, number = plain, 2
    while made in taken:
        made, number = f"{plain}_{number}", number + 1
    taken[made] = None
    return made


def company_name(domain: str, pairs: Mapping[str, str]) -> str:
    """A name for the company: what its domain begins with, in words."""
    return (
        pairs.get(domain)
        or " ".join(word.capitalize() for word in domain.split(".", maxsplit=1)[0].split("-"))
        or "Company"
    )
