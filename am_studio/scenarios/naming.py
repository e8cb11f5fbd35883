"""Who is who in one variant: the names, addresses and company of a scenario under its nuisance factors.

A person may have other names, and the company another name and domain; then every address under the domain as written
follows. Ids never change, so gates and references mean the same people whatever they are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from am_studio.records import Person, is_inside
from am_studio.scenarios.model import Alias, Cast, Factor, Renaming

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def prefix_of(person: str) -> str:
    """How texts call somebody: `agent`, or `cast.` and the id."""
    return "agent" if person == "agent" else f"cast.{person}"


def constants_of(cast: Cast) -> dict[str, str]:
    """The names with fixed text that texts may use, such as `cast.cto.name` and `clock.time`."""
    now = datetime.fromisoformat(cast.now)
    constants = {
        "company.name": cast.company,
        "company.domain": cast.domain,
        "company.business": cast.business,
        "clock.now": cast.now,
        "clock.date": now.date().isoformat(),
        "clock.time": now.strftime("%H:%M"),
        "clock.weekday": WEEKDAYS[now.weekday()],
    }
    for person in cast.people:
        prefix, words = prefix_of(person.id), person.name.split()
        constants |= {
            f"{prefix}.name": person.name,
            f"{prefix}.first": words[0] if words else "",
            f"{prefix}.last": words[-1] if words else "",
            f"{prefix}.address": person.address,
            f"{prefix}.role": person.role,
        }
    return constants


def renamings(nuisance: Mapping[str, Factor]) -> Iterable[tuple[str, Renaming]]:
    """The factors that change names, each with what it changes."""
    return ((name, factor.change) for name, factor in nuisance.items() if isinstance(factor.change, Renaming))


def renamed(cast: Cast, nuisance: Mapping[str, Factor], levels: Mapping[str, str]) -> Cast:
    """The cast at these levels of the factors that change names; a person's alias is written with the domain as written."""
    company = Alias("", "")
    people = {person.id: person for person in cast.people}
    for name, change in renamings(nuisance):
        alias = change.aliases.get(levels[name])
        if alias is None:
            continue
        if change.person:
            person = people[change.person]
            people[change.person] = replace(person, name=alias.name, address=alias.address or person.address)
        else:
            company = alias
    moved = tuple(_moved(person, cast.domain, company.address) for person in people.values())
    return replace(cast, company=company.name or cast.company, domain=company.address or cast.domain, people=moved)


def _moved(person: Person, old: str, new: str) -> Person:
    """The person under the company's new domain."""
    if not new or not is_inside(person.address, old):
        return person
    return replace(person, address=person.address[: -len(old)] + new)


def renamed_names(cast: Cast, nuisance: Mapping[str, Factor]) -> dict[str, frozenset[str]]:
    """The names whose text differs between levels, each with the factors that change it."""
    found: dict[str, set[str]] = {}
    plain = constants_of(cast)
    for name, change in renamings(nuisance):
        written = {other: factor.levels[0] for other, factor in nuisance.items()}
        for level in change.aliases:
            other = constants_of(renamed(cast, nuisance, {**written, name: level}))
            for path, text in plain.items():
                if other[path] != text:
                    found.setdefault(path, set()).add(name)
        if not change.person:
            # A person whose alias brings an address of the company follows it too.
            inside = (p for p in cast.people if is_inside(p.address, cast.domain))
            if any(alias.address for alias in change.aliases.values()):
                for person in inside:
                    found.setdefault(f"{prefix_of(person.id)}.address", set()).add(name)
    return {path: frozenset(names) for path, names in found.items()}
