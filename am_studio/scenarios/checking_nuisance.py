"""What can be wrong with nuisance factors although every name in them means something.

A factor that is not the question must not touch what is: no gate may hang on mail that comes and goes, no detail on filler.
A name that varies should be followed everywhere; a text that spells it out is pointed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from am_studio.foundation.errors import Place, Problem
from am_studio.foundation.yamlfile import Node
from am_studio.records import ActionGate, AllOf, AnyOf, Gate, NotOf, Person
from am_studio.scenarios.evaluation import names_in
from am_studio.scenarios.language import Branches, Expression, Part, Template, Text
from am_studio.scenarios.model import Email, Factor, Front, Parts, Renaming, Table
from am_studio.scenarios.naming import renamed_names
from am_studio.scenarios.uses import templates_of


def nuisance_problems(parts: Parts, front: Front, node: Node) -> Iterator[Problem]:
    """Problems that need no variant to be seen."""
    filler = {email.id: email for email in parts.emails if _factor_of(email, parts) is not None}
    for email in parts.emails:
        if email.filler and email.id not in filler:
            hint = "list it in a nuisance factor: {mail: [...], draws: 1}"
            yield Problem(email.place, "filler mail that no nuisance factor draws", hint, "warning")
    for email in filler.values():
        yield from _plot_in_filler(email, parts)
    for outcome in front.asked.outcomes:
        place = node.at("outcomes", outcome.name, "gate").place
        for id_ in dict.fromkeys(_emails_of(outcome.gate)):
            if id_ in filler:
                told = f"'{outcome.name}' asks for '{id_}', which is filler mail and not always there"
                yield Problem(place, told, "take it out of the nuisance factor")
    for index, passage in enumerate(front.protect):
        file = passage.partition("#")[0]
        if any(email.file == file for email in filler.values()):
            place = node.at("protect", index).place
            yield Problem(place, f"{file} is filler mail and not always there", "take it out of one of the two")
    for name, factor in parts.nuisance.items():
        if factor.kind == "person" and isinstance(factor.change, Renaming):
            yield from _same_names(name, factor, factor.change, front.people, node)


def _factor_of(email: Email, parts: Parts) -> Factor | None:
    """The factor that draws this email."""
    mentioned = [name.path for name in names_in(email.when)] if email.when is not None else []
    return next((f for n, f in parts.nuisance.items() if f.kind == "filler" and n in mentioned), None)


def _plot_in_filler(email: Email, parts: Parts) -> Iterator[Problem]:
    bodies: list[Expression | tuple[Part, ...]] = [email.body.parts]
    bodies += [email.when] if email.when is not None else []
    bodies += [v.parts for header in email.headers.values() for v in header.values if isinstance(v, Template)]
    details = {path for body in bodies for path in _mentioned(body, parts) if path in parts.details}
    for detail in sorted(details):
        told = f"filler mail hangs on the detail '{detail}', and is not always there"
        yield Problem(email.place, told, "filler is mail that no detail touches", "warning")


def _mentioned(body: Expression | Iterable[Part], parts: Parts) -> Iterator[str]:
    """The names in a body, and the details by which its tables go."""
    for name in names_in(body):
        yield name.path
        variable = parts.variables.get(name.path)
        if isinstance(variable, Table):
            yield from variable.by


def _emails_of(gate: Gate) -> Iterator[str]:
    match gate:
        case ActionGate(emails=emails):
            yield from emails
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _emails_of(part)
        case NotOf(part=part):
            yield from _emails_of(part)


def _same_names(name: str, factor: Factor, change: Renaming, people: Iterable[Person], node: Node) -> Iterator[Problem]:
    others = {person.name for person in people if person.id != change.person}
    for level, alias in change.aliases.items():
        if alias.name in others:
            place = node.at("nuisance", name, "names", level, "name").place
            yield Problem(place, f"somebody else is called {alias.name}", "everybody has a name of their own")


def unfollowed_names(parts: Parts, front: Front, node: Node) -> Iterator[Problem]:
    """Texts that spell out a name which a factor varies: at another level they would go on saying the old one."""
    spelt = _varied(parts)
    if not spelt:
        return
    words = "|".join(map(re.escape, sorted(spelt, key=len, reverse=True)))
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    for text in (text for template in templates_of(parts) for text in _texts(template.parts)):
        for found in pattern.finditer(text.text):
            if found[0] in spelt:
                yield _spelt_out(found[0], spelt, _place(text, found.start()))
    for outcome in front.asked.outcomes:
        for field, told in (("question", outcome.question), ("rubric", outcome.rubric)):
            for word in dict.fromkeys(found[0] for found in pattern.finditer(told) if found[0] in spelt):
                yield _spelt_out(word, spelt, node.at("outcomes", outcome.name, field).place)
    folded = {word.lower(): word for word in spelt}
    for family, terms in front.asked.terms.items():
        for index, term in enumerate(terms):
            for found in pattern.finditer(term):
                yield _spelt_out(folded[found[0].lower()], spelt, node.at("terms", family, index).place)


def _varied(parts: Parts) -> dict[str, tuple[str, str]]:
    """What is written now where a factor varies a name: the factor, and the name to write in its place."""
    found: dict[str, tuple[str, str]] = {}
    for path, factors in renamed_names(parts.cast, parts.nuisance).items():
        word = parts.constants[path]
        shared = sum(word in (person.name, *person.name.split()) for person in parts.cast.people)
        if word and (shared < 2 or path == "company.name"):
            found.setdefault(word, (min(factors), path))
    return found


def _spelt_out(word: str, spelt: dict[str, tuple[str, str]], place: Place) -> Problem:
    factor, path = spelt[word]
    told = f"'{word}' is spelt out here, while the nuisance factor '{factor}' varies it"
    return Problem(place, told, f"write {{{{ {path} }}}}", "warning")


def _texts(parts: Iterable[Part]) -> Iterator[Text]:
    for part in parts:
        if isinstance(part, Text):
            yield part
        elif isinstance(part, Branches):
            for body in (*(body for _, body in part.branches), part.otherwise):
                yield from _texts(body)


def _place(text: Text, offset: int) -> Place:
    before = text.text[:offset]
    lines = before.count("\n")
    column = text.place.column + offset if not lines else offset - before.rfind("\n")
    return Place(text.place.file, text.place.line + lines, column)
