"""Works nuisance factors into parsed texts: passages with wordings, emails that are not always there, heads with names.

The results are remembered, so that an editor that asks again after every keystroke gets the same objects for texts that have
not changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from am_studio.foundation.errors import Place
from am_studio.records import Person
from am_studio.scenarios.language import (
    Both,
    Branches,
    Compare,
    Emit,
    Expression,
    Join,
    Literal,
    Name,
    Part,
    Template,
    Text,
)
from am_studio.scenarios.model import Email, Header
from am_studio.scenarios.naming import prefix_of

Position = tuple[int, int]


class NoPassage(ValueError):
    """A passage that cannot be put in other words; says why, to follow its name."""


def position(template: Template, offset: int) -> Position:
    """Line and column, in its file, of an offset in a text whose lines begin where the file's do."""
    line_start = template.source.rfind("\n", 0, offset) + 1
    return template.line + template.source.count("\n", 0, offset), offset - line_start + 1


def passage_end(template: Template, passage: str) -> str:
    """The line breaks with which a passage ends; every wording of it ends with the same. NoPassage when it has no text."""
    return _ending(_found(template.parts, _range(template, passage)))


@lru_cache(maxsize=512)
def with_ending(template: Template, end: str, place: Place) -> Template:
    """The text with these line breaks at its end, unless it has some already."""
    parts = template.parts
    if not end or _ending(parts):
        return template
    if parts and isinstance(parts[-1], Text):
        return replace(template, parts=(*parts[:-1], replace(parts[-1], text=parts[-1].text + end)))
    return replace(template, parts=(*parts, Text(end, place)))


@lru_cache(maxsize=512)
def with_wordings(
    template: Template, passage: str, factor: str, texts: tuple[tuple[str, Template], ...], place: Place
) -> Template:
    """The text in which a passage (an empty name: all of it) reads as the level of a factor says."""
    name = Name(factor, place)
    branches = tuple((Compare("==", name, Literal(level, place), place), wording.parts) for level, wording in texts)
    return replace(template, parts=_wrapped(template.parts, _range(template, passage), branches))


@lru_cache(maxsize=4096)
def within_draws(email: Email, factor: str, levels: tuple[str, ...], place: Place) -> Email:
    """The email that is only there at these levels of a factor."""
    drawn: Expression = Compare("in", Name(factor, place), Literal(levels, place), place)
    return replace(email, when=drawn if email.when is None else Both("and", drawn, email.when, place))


@lru_cache(maxsize=4096)
def named_by_texts(email: Email, people: frozenset[str], bare: bool) -> Email:
    """The email whose head has these people as texts that ask for their names, not as fixed ones."""
    headers = {}
    for name, header in email.headers.items():
        values = tuple(
            _named(value, header.place, bare) if isinstance(value, Person) and value.id in people else value
            for value in header.values
        )
        headers[name] = header if values == header.values else Header(values, header.place)
    if all(headers[name] is header for name, header in email.headers.items()):
        return email
    return replace(email, headers=headers)


def _named(person: Person, place: Place, bare: bool) -> Template:
    prefix = prefix_of(person.id)
    shown: Expression = Name(f"{prefix}.address", place)
    if not bare:
        full = (Name(f"{prefix}.name", place), Literal(" <", place), shown, Literal(">", place))
        shown = Join(full, place)
    return Template((Emit(shown, place),), "", place.file)


def _range(template: Template, passage: str) -> tuple[str, Position, Position]:
    if not passage:
        return template.file, (0, 0), (10**9, 0)
    start, end = next((start, end) for name, start, end in template.passages if name == passage)
    return template.file, position(template, start), position(template, end)


def _inside(part: Part, where: tuple[str, Position, Position]) -> bool:
    file, start, end = where
    return part.place.file == file and start <= (part.place.line, part.place.column) < end


def _found(parts: Sequence[Part], where: tuple[str, Position, Position]) -> tuple[Part, ...]:
    """The parts of a passage, which all stand at one depth."""
    groups = list(_groups(parts, where))
    if not groups:
        raise NoPassage("has no text")
    if len(groups) > 1:
        raise NoPassage("begins in one branch and ends in another")
    return groups[0]


def _groups(parts: Sequence[Part], where: tuple[str, Position, Position]) -> list[tuple[Part, ...]]:
    here = tuple(part for part in parts if _inside(part, where))
    found = [here] if here else []
    for part in parts:
        if isinstance(part, Branches) and part not in here:
            for body in (*(body for _, body in part.branches), part.otherwise):
                found += _groups(body, where)
    return found


def _wrapped(
    parts: tuple[Part, ...],
    where: tuple[str, Position, Position],
    branches: tuple[tuple[Expression, tuple[Part, ...]], ...],
) -> tuple[Part, ...]:
    here = [index for index, part in enumerate(parts) if _inside(part, where)]
    if here:
        first, last = here[0], here[-1] + 1
        passage = Branches(branches, parts[first:last], parts[first].place)
        return (*parts[:first], passage, *parts[last:])
    changed: list[Part] = []
    for part in parts:
        if isinstance(part, Branches):
            bodies = [(test, _wrapped(body, where, branches)) for test, body in part.branches]
            otherwise = _wrapped(part.otherwise, where, branches)
            same = otherwise is part.otherwise and all(
                new is old for (_, new), (_, old) in zip(bodies, part.branches, strict=True)
            )
            changed.append(part if same else replace(part, branches=tuple(bodies), otherwise=otherwise))
        else:
            changed.append(part)
    return parts if all(new is old for new, old in zip(changed, parts, strict=True)) else tuple(changed)


def _ending(parts: Sequence[Part]) -> str:
    """The line breaks at the end of a body."""
    if not parts:
        return ""
    last = parts[-1]
    if isinstance(last, Text):
        return last.text[len(last.text.rstrip("\n")) :]
    if isinstance(last, Branches):
        return max((_ending(body) for body in (*(body for _, body in last.branches), last.otherwise)), key=len)
    return ""
