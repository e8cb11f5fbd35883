"""Another cast of names, the same in every text: full and single names, possessives, initials as signatures, addresses.

Who is a woman and who a man is read from how the texts speak of them; where they do not say, the new name leaves it open.
Families keep a surname in common. Ids, gates and texts apart from names stay as they are.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.records import Person
from am_studio.scenarios.forms import FormatNumber
from am_studio.scenarios.scenario import Scenario
from am_studio.scenarios.varying.proposals import Proposal

_NAMES = Path(__file__).resolve().parent / "names.yaml"
Spoken = Literal["women", "men", "any"]
_WORDS = frozenset(
    [
        "dot",
        "will",
        "mark",
        "bill",
        "rose",
        "may",
        "june",
        "april",
        "art",
        "grace",
        "faith",
        "hope",
        "joy",
        "pat",
        "sue",
        "rob",
        "drew",
        "frank",
        "ray",
        "gene",
        "dale",
        "dean",
    ]
)
"""First names that are words: replaced where they are written with a capital alone."""


class _Place(Form):
    women: tuple[str, ...]
    men: tuple[str, ...]
    any: tuple[str, ...]
    last: tuple[str, ...]


class _NamesForm(Form):
    format: FormatNumber
    places: tuple[_Place, ...]


@lru_cache(maxsize=1)
def _places() -> tuple[_Place, ...]:
    return load_as(_NamesForm, read_yaml(_NAMES, _NAMES.name)).places


def propose_names(scenario: Scenario, texts: Mapping[str, str], seed: int) -> tuple[Proposal, ...]:
    """One proposal with other names for every person of the cast; none where the cast has no person with two names."""
    people = [p for p in scenario.front.cast if p.kind == "person" and len(p.name.split()) > 1]
    mapping = _mapping(people, "\n".join(texts.values()), random.Random(seed))
    if not mapping:
        return ()
    addresses = {p.address: _address(p, mapping) for p in people}
    changed = {name: _replaced(_readdressed(text, addresses), mapping) for name, text in texts.items()}
    for email in scenario.parts.emails:
        sender = email.headers["from"].values[0] if "from" in email.headers else None
        if isinstance(sender, Person) and email.file in changed:
            changed[email.file] = _initialled(changed[email.file], sender, mapping)
    told = ", ".join(f"{person.name} becomes {_replaced(person.name, mapping)}" for person in people[:3])
    more = f" and {len(people) - 3} more" if len(people) > 3 else ""
    kept = {name: text for name, text in changed.items() if text != texts[name]}
    return (Proposal("names", f"other names: {told}{more}", kept, "built in"),)


def _mapping(people: list[Person], everything: str, drawn: random.Random) -> dict[str, str]:
    """New first names and surnames by the old ones in lower case; a name that anybody else keeps is never given."""
    used = {word.lower() for word in re.findall(r"[^\W\d_]+", everything)}
    mapping: dict[str, str] = {}
    for person in people:
        place = drawn.choice(_places())
        first, last = person.name.split(maxsplit=1)
        for old, pool in ((first, getattr(place, spoken_of(person, everything))), (last, place.last)):
            if old.lower() in mapping or len(old.strip(".")) < 2:
                continue
            fresh = _fresh(pool, drawn, used) or _fresh(_everywhere(pool, place), drawn, used)
            if fresh:
                mapping[old.lower()] = fresh
                # In an address a name of several words is one.
                mapping.setdefault(re.sub(r"[\s'-]", "", old.lower()), fresh)
                used.add(fresh.lower())
    return mapping


def _fresh(pool: tuple[str, ...], drawn: random.Random, used: set[str]) -> str:
    free = [name for name in pool if name.lower() not in used]
    return drawn.choice(free) if free else ""


def _everywhere(pool: tuple[str, ...], place: _Place) -> tuple[str, ...]:
    """The same sort of names of all places."""
    sort = next(sort for sort in ("women", "men", "any", "last") if getattr(place, sort) == pool)
    return tuple(name for each in _places() for name in getattr(each, sort))


def spoken_of(person: Person, everything: str) -> Spoken:
    """Whether texts speak of somebody as of a woman or a man; `any` where they do not say, or where nobody can tell whom they mean."""
    first, last = re.escape(person.name.split()[0]), re.escape(person.name.split()[-1])
    # A surname may be a family's, so it counts where the letter goes to this person.
    greeted = rf"to: cast\.{re.escape(person.id)}\n[^\0]{{0,200}}?\bDear (Ms|Mrs|Miss|Mr)\.? {last}\b"
    title = re.search(rf"\b(Ms|Mrs|Miss|Mr)\.? {first} {last}\b", everything) or re.search(greeted, everything)
    if title:
        return "men" if title.group(1) == "Mr" else "women"
    # A pronoun is trusted where it begins the sentence after one that the name begins; elsewhere it may mean anybody.
    named = rf"(?:{first}|\{{\{{ cast\.{re.escape(person.id)}\.(?:first|name) \}}\}})"
    told = {word.lower() for word in re.findall(rf"(?m)(?:^|[.!?]\s+){named}\b[^.!?\n]*[.!?]\s+(He|She)\b", everything)}
    kin = re.search(rf"\b(husband|wife|brother|sister)[, ]+{first}\b", everything)
    if kin:
        told.add("he" if kin.group(1) in ("husband", "brother") else "she")
    if len(told) != 1:
        return "any"
    return "women" if told == {"she"} else "men"


def _replaced(text: str, mapping: Mapping[str, str]) -> str:
    """The text with every old name replaced, in the case in which it stands; parts of other words stay."""
    names = "|".join(re.escape(name) for name in sorted(mapping, key=len, reverse=True))

    def new(found: re.Match[str]) -> str:
        old = found.group()
        fresh = mapping[old.lower()]
        if old.islower():
            return old if old in _WORDS and not _in_address(text, found) else fresh.lower()
        return fresh.upper() if old.isupper() and len(old) > 1 else fresh

    # A name after `cast.` or `{{` is an id of the scenario; ids stay.
    return re.sub(rf"(?<![\w])(?<!cast\.)(?<!details\.)(?:{names})(?!\w)(?!\s*:\s*\{{)", new, text, flags=re.IGNORECASE)


def _in_address(text: str, found: re.Match[str]) -> bool:
    return re.match(r"[\w.+-]*@", text[found.end() :]) is not None


def _address(person: Person, mapping: Mapping[str, str]) -> str:
    """An address with a first initial in it (`n.kuipers@`) gets the new one."""
    local, _, host = person.address.partition("@")
    first = mapping.get(person.name.split()[0].lower(), "")
    if first and re.match(rf"{person.name[0].lower()}\.", local):
        return f"{first[0].lower()}{local[1:]}@{host}"
    return person.address


def _readdressed(text: str, addresses: Mapping[str, str]) -> str:
    for old, new in addresses.items():
        text = text.replace(old, new)
    return text


def _initialled(text: str, sender: Person, mapping: Mapping[str, str]) -> str:
    """Signatures of a letter: a line that is the sender's first initial, or both."""
    first, last = sender.name.split()[0], sender.name.split()[-1]
    new_first, new_last = mapping.get(first.lower(), first)[0], mapping.get(last.lower(), last)[0]
    text = re.sub(rf"(?m)^{first[0]}(?=\.?(?: x+)?$)", new_first, text)
    text = re.sub(rf"(?m)^{first[0].lower()}(?=\.?(?: x+)?$)", new_first.lower(), text)
    return re.sub(rf"(?m)^{first[0]}\.? ?{last[0]}(?=\.?$)", f"{new_first}.{new_last}", text)
