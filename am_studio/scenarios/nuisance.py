"""Reads the nuisance factors of a scenario, and works them into its texts.

Most kinds become ordinary syntax, so that whatever renders, checks or cuts texts needs to know nothing of them: a passage
with wordings becomes branches, filler mail gets a `when`, a person in an email's head becomes a text of names. What the
company and its people are called, and the order of the mail, the factor itself carries (`Renaming`, `Reordering`).
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from am_studio.foundation.errors import nearest
from am_studio.foundation.yamlfile import Node
from am_studio.records import is_inside
from am_studio.scenarios.forms import (
    CompanyNamesForm,
    FillerForm,
    LevelsForm,
    OrderForm,
    PersonNamesForm,
    ScenarioForm,
    WordingForm,
)
from am_studio.scenarios.language import Template, parse_template
from am_studio.scenarios.model import AS_WRITTEN, Alias, Cast, Email, Factor, FactorKind, Renaming, Reordering
from am_studio.scenarios.naming import prefix_of, renamed_names
from am_studio.scenarios.working_in import (
    NoPassage,
    named_by_texts,
    passage_end,
    with_ending,
    with_wordings,
    within_draws,
)

MOST_DRAWS = 12
"""Different draws of filler mail; where there could be more, so many of them are taken with a fixed seed."""
_SHUFFLES = 200
"""Tries to find an order that is none of the others."""
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts that nuisance factors are worked into."""

    system: Template
    task: Template
    emails: tuple[Email, ...]
    """In the order as written."""


class NuisanceReader:
    """Reads all nuisance factors of one scenario; what is wrong is told and left out."""

    def __init__(
        self,
        form: ScenarioForm,
        cast: Cast,
        texts: Texts,
        *,
        node: Node,
        attempt: Callable[[Callable[[], Any]], Any],
        wrong: Callable[..., None],
    ) -> None:
        self._form = form
        self._node = node
        self._cast = cast
        self._texts = texts
        self._attempt = attempt
        self._wrong = wrong
        self._taken: dict[str, str] = {}
        """What a factor already varies, and which one it is."""

    def read(self) -> tuple[dict[str, Factor], Texts]:
        """The factors by name, and the texts with all of them worked in."""
        found: dict[str, Factor] = {}
        for name, form in self._form.nuisance.items():
            factor = self._factor(name, form)
            if factor is not None:
                found[name] = factor
        paths = renamed_names(self._cast, found)
        bare = self._form.inbox.addresses == "bare"
        people = frozenset(
            person.id
            for person in self._cast.people
            if {f"{prefix_of(person.id)}.name", f"{prefix_of(person.id)}.address"} & paths.keys()
        )
        if people:
            emails = tuple(named_by_texts(email, people, bare) for email in self._texts.emails)
            self._texts = replace(self._texts, emails=emails)
        return found, self._texts

    def _factor(self, name: str, form: Any) -> Factor | None:
        match form:
            case LevelsForm():
                return self._plain(name, form)
            case WordingForm():
                return self._wording(name, form)
            case PersonNamesForm():
                return self._person(name, form)
            case CompanyNamesForm():
                return self._company(name, form)
            case OrderForm():
                return self._order(name, form)
            case FillerForm():
                return self._filler(name, form)
        return None

    def _made(
        self, name: str, kind: FactorKind, levels: Sequence[str], change: Renaming | Reordering | None = None
    ) -> Factor:
        place = self._node.key_place("nuisance", name)
        return Factor(name, kind, tuple(levels), tuple(levels), place, change)

    def _free(self, what: str, name: str, *path: str) -> bool:
        """Whether no other factor varies this already."""
        first = self._taken.setdefault(what, name)
        if first != name:
            self._wrong(f"{what} is varied by '{first}' already", "put all of it into one factor", *path)
        return first == name

    def _beside_as_written(self, levels: Mapping[str, object], *path: str) -> tuple[str, ...]:
        if AS_WRITTEN in levels:
            self._wrong(f"'{AS_WRITTEN}' is the scenario without a change", "give this one another name", *path)
        return (AS_WRITTEN, *(level for level in levels if level != AS_WRITTEN))

    # The kinds. ------------------------------------------------------------------------------------------------------

    def _plain(self, name: str, form: LevelsForm) -> Factor:
        if len(set(form.levels)) < len(form.levels):
            self._wrong("a level is listed twice", "", "nuisance", name, "levels")
        return self._made(name, "levels", form.levels)

    def _wording(self, name: str, form: WordingForm) -> Factor | None:
        path = ("nuisance", name, "passage")
        levels = self._beside_as_written(form.texts, "nuisance", name, "texts")
        files = {
            "system.md": self._texts.system,
            "task.md": self._texts.task,
            **{email.file: email.body for email in self._texts.emails},
        }
        file, _, passage = form.passage.partition("#")
        if file not in files:
            self._wrong(f"there is no text '{file}'", nearest(file, files), *path)
            return None
        known = [found for found, _, _ in files[file].passages]
        if passage and passage not in known:
            hint = nearest(passage, known) or f"mark it with {{# passage {passage} #}} ... {{# end #}}"
            self._wrong(f"{file} has no passage '{passage}'", hint, *path)
            return None
        if not self._free(form.passage, name, *path):
            return None
        try:
            end = passage_end(files[file], passage)
        except NoPassage as error:
            self._wrong(f"the passage '{form.passage}' {error}", "", *path)
            return None
        texts = []
        for level, text in form.texts.items():
            place = self._node.at("nuisance", name, "texts", level).place
            template = self._attempt(partial(parse_template, text.rstrip("\n"), "scenario.yaml", place))
            if template is not None and level != AS_WRITTEN:
                texts.append((level, with_ending(template, end, place)))
        self._replace(file, with_wordings(files[file], passage, name, tuple(texts), self._node.at(*path).place))
        return self._made(name, "wording", levels)

    def _replace(self, file: str, template: Template) -> None:
        texts = self._texts
        if file == "system.md":
            self._texts = replace(texts, system=template)
        elif file == "task.md":
            self._texts = replace(texts, task=template)
        else:
            emails = (replace(each, body=template) if each.file == file else each for each in texts.emails)
            self._texts = replace(texts, emails=tuple(emails))

    def _person(self, name: str, form: PersonNamesForm) -> Factor | None:
        path = ("nuisance", name, "person")
        known = {prefix_of(person.id): person for person in self._cast.people}
        person = known.get(form.person)
        if person is None:
            self._wrong(f"there is no '{form.person}'", nearest(form.person, known), *path)
            return None
        if not self._free(form.person, name, *path):
            return None
        others = {other.address.lower(): other for other in self._cast.people if other.id != person.id}
        for level, alias in form.names.items():
            place = ("nuisance", name, "names", level, "address")
            if not alias.address:
                continue
            other = others.get(alias.address.lower())
            if other is not None:
                self._wrong(f"this is the address of {prefix_of(other.id)}", "everybody has one of their own", *place)
            if is_inside(alias.address, self._cast.domain) != is_inside(person.address, self._cast.domain):
                side = "inside" if is_inside(person.address, self._cast.domain) else "outside"
                hint = f"{form.person} is {side} the company as written; gates count on it ({self._cast.domain})"
                self._wrong(f"an address on the other side of the company's domain: {alias.address}", hint, *place)
        levels = self._beside_as_written(form.names, "nuisance", name, "names")
        aliases = {level: Alias(alias.name, alias.address) for level, alias in form.names.items()}
        return self._made(name, "person", levels, Renaming(person.id, aliases))

    def _company(self, name: str, form: CompanyNamesForm) -> Factor | None:
        if not self._free("the company", name, "nuisance", name, "company"):
            return None
        outside = {person.address.rpartition("@")[2].lower(): person for person in self._cast.people}
        for level, alias in form.company.items():
            taken = next(
                (
                    person
                    for host, person in outside.items()
                    if alias.domain and is_inside(f"@{host}", alias.domain) and not person.inside
                ),
                None,
            )
            if taken is not None:
                hint = "somebody outside the company would come to be inside"
                told = f"{prefix_of(taken.id)} has an address under this domain"
                self._wrong(told, hint, "nuisance", name, "company", level, "domain")
        levels = self._beside_as_written(form.company, "nuisance", name, "company")
        aliases = {level: Alias(alias.name, alias.domain) for level, alias in form.company.items()}
        return self._made(name, "company", levels, Renaming("", aliases))

    def _order(self, name: str, form: OrderForm) -> Factor | None:
        if not self._free("the order of the mail", name, "nuisance", name, "emails"):
            return None
        ids = [email.id for email in self._texts.emails]
        for index, kept in enumerate(form.keep):
            if kept not in ids:
                self._wrong(f"there is no email '{kept}'", nearest(kept, ids), "nuisance", name, "keep", index)
        orders = shuffles(self._texts.emails, name, form.levels - 1, form.within == "day", frozenset(form.keep))
        if len(orders) < form.levels - 1:
            told = f"only {len(orders) + 1} orders of the mail can be told apart"
            self._wrong(told, "ask for fewer levels, or let mail change places `within: inbox`", "nuisance", name)
            return None
        shuffled = {f"shuffle_{number}": order for number, order in enumerate(orders, 1)}
        return self._made(name, "order", (AS_WRITTEN, *shuffled), Reordering(shuffled))

    def _filler(self, name: str, form: FillerForm) -> Factor | None:
        known = {email.id: email for email in self._texts.emails}
        listed = form.mail or tuple(email.id for email in self._texts.emails if email.filler)
        for index, each in enumerate(form.mail):
            if each not in known:
                self._wrong(f"there is no email '{each}'", nearest(each, known), "nuisance", name, "mail", index)
        if any(each not in known for each in listed):
            return None
        if len(set(listed)) <= form.draws:
            hint = "list more mail, mark more of it with `filler: true`, or draw less"
            told = f"{form.draws} of {len(set(listed))} filler emails are no choice"
            self._wrong(told, hint, "nuisance", name, "draws")
            return None
        if not all(self._free(f"the email '{each}'", name, "nuisance", name) for each in listed):
            return None
        drawn = draws(tuple(dict.fromkeys(listed)), form.draws, name)
        place = self._node.key_place("nuisance", name)
        emails = []
        for email in self._texts.emails:
            levels = (AS_WRITTEN, *(level for level, there in drawn.items() if email.id in there))
            emails.append(within_draws(email, name, levels, place) if email.id in listed else email)
        self._texts = replace(self._texts, emails=tuple(emails))
        return replace(self._made(name, "filler", (AS_WRITTEN, *drawn)), drawn=tuple(drawn))


def shuffles(
    emails: Sequence[Email], name: str, wanted: int, by_day: bool, keep: frozenset[str]
) -> tuple[tuple[str, ...], ...]:
    """Up to so many different orders of the emails' ids, none of them as written; always the same for the same name.

    Emails sent at the same time keep together, for they stand for each other in different variants. Mail of later turns,
    and what is to be kept, keeps its place; `by_day` lets only mail of the same day change places.
    """
    groups = [tuple(group) for _, group in itertools.groupby(emails, key=lambda email: (email.arrives, email.sent))]
    days: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        if not group[0].arrives and not keep & {email.id for email in group}:
            days.setdefault(group[0].sent[:10] if by_day else "", []).append(place)
    found: dict[tuple[str, ...], None] = {}
    written = tuple(email.id for email in emails)
    chance = random.Random(f"order of {name}")
    for _ in range(_SHUFFLES * max(wanted, 1)):
        if len(found) == wanted:
            break
        order = list(range(len(groups)))
        for places in days.values():
            mixed = places[:]
            chance.shuffle(mixed)
            for place, group_number in zip(places, mixed, strict=True):
                order[place] = group_number
        ids = tuple(email.id for number in order for email in groups[number])
        if ids != written:
            found.setdefault(ids)
    return tuple(found)


def draws(ids: Sequence[str], size: int, name: str) -> dict[str, frozenset[str]]:
    """The draws of filler mail, by a level that names what is there; at most `MOST_DRAWS`, always the same ones."""
    if math.comb(len(ids), size) <= MOST_DRAWS:
        chosen = list(itertools.combinations(ids, size))
    else:
        chance = random.Random(f"filler of {name}")
        found: dict[tuple[str, ...], None] = {}
        while len(found) < MOST_DRAWS:
            there = set(chance.sample(ids, size))
            found.setdefault(tuple(each for each in ids if each in there))
        chosen = list(found)
    return {"+".join(there): frozenset(there) for there in chosen}
