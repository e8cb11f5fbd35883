"""The units of a scenario that line ablation takes out: lines, sentences or paragraphs of its texts, or whole emails.

No authoring is needed: units are found in the text that one variant renders to. Passages that the scenario protects, and
the words that teach the tools, are units that can be seen and never removed: without them no action can be parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from am_studio.records import ProtocolName, Variant
from am_studio.scenarios.cutting import NEUTRAL, UnitKind, split
from am_studio.scenarios.evaluation import State
from am_studio.scenarios.fragments import Fragment, Why, Writer
from am_studio.scenarios.language import Branches, Emit, Name, Part, Template
from am_studio.scenarios.model import Email
from am_studio.scenarios.scenario import Scenario
from am_studio.scenarios.working_in import Position, position

Where = Literal["system", "task", "inbox"]


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that can be taken out."""

    id: str
    """Such as `system.md:line:12`; its place in `Variant.removed_units`."""
    part: str
    """`system.md`, `task.md`, or an email's id."""
    kind: UnitKind
    text: str
    """As it is rendered in this variant; of an email the subject and the body."""
    line: int
    """Where it begins in its source file, from 1; 0: its first character was made by the program."""
    protected: bool
    """Whether it may not be removed."""


def units_of(
    scenario: Scenario,
    variant: Variant,
    kind: UnitKind,
    within: Iterable[Where] = ("system",),
    protocol: ProtocolName = "inline",
) -> tuple[Unit, ...]:
    """Every unit of this kind in the order in which the subject meets it; units already removed in `variant` included."""
    state = State.of(scenario.world, replace(variant, removed_units=()), protocol)
    parts = scenario.parts
    found: list[Unit] = []
    for place in dict.fromkeys(within):
        if place == "inbox":
            found += [unit for email in parts.emails for unit in _of_email(scenario, state, email, kind)]
        elif kind != "email":
            name, template = ("system.md", parts.system) if place == "system" else ("task.md", parts.task)
            found += _of_text(scenario, state, name, template, kind)
    return tuple(found)


def without(variant: Variant, units: Iterable[Unit | str], *, neutral: bool = False) -> Variant:
    """The variant with these units taken out as well, or replaced by neutral text of like length."""
    ending = f":{NEUTRAL}" if neutral else ""
    names = (f"{unit if isinstance(unit, str) else unit.id}{ending}" for unit in units)
    return replace(variant, removed_units=tuple(dict.fromkeys((*variant.removed_units, *names))))


def _of_email(scenario: Scenario, state: State, email: Email, kind: UnitKind) -> Iterator[Unit]:
    if not state.holds(email.when):
        return
    if kind != "email":
        yield from _of_text(scenario, state, email.id, email.body, kind)
        return
    writer = Writer(scenario.world, state, email.id)
    body = "".join(piece.text for piece in writer.body(email.body.parts, Why()))
    subject = "".join(
        piece.text
        for value in email.headers["subject"].values
        if isinstance(value, Template)
        for piece in writer.body(value.parts, Why())
    )
    protected = any(passage.partition("#")[0] == email.file for passage in scenario.front.protect)
    yield Unit(f"{email.id}:email", email.id, kind, f"{subject}\n\n{body}", email.place.line, protected)


def _of_text(scenario: Scenario, state: State, part: str, template: Template, kind: UnitKind) -> Iterator[Unit]:
    """The units of one text: `part` is what it is called."""
    file = template.file
    ranges = _protected_ranges(scenario, template)
    pieces = list(_anchored(Writer(scenario.world, state, part), template.parts, ranges, file))
    text = "".join(piece.text for piece, _ in pieces)
    for number, (start, end) in enumerate(split(text, kind), 1):
        line, protected = 0, False
        at = 0
        for piece, guarded in pieces:
            if at < end and at + len(piece.text) > start:
                protected = protected or guarded
                if at <= start:
                    line = piece.place.line + piece.text.count("\n", 0, start - at) if piece.place.file == file else 0
            at += len(piece.text)
        yield Unit(f"{part}:{kind}:{number}", part, kind, text[start:end], line, protected)


def _anchored(
    writer: Writer,
    parts: tuple[Part, ...],
    protected: tuple[tuple[Position, Position], ...],
    file: str,
    around: bool = False,
) -> Iterator[tuple[Fragment, bool]]:
    """The fragments of a body, each with whether what placed it stands in a protected passage or teaches the tools.

    A wording of a passage stands in another file than the text; it is protected when the passage (`around`) is.
    """
    for part in parts:
        here = part.place.line, part.place.column
        guarded = any(start <= here < end for start, end in protected) if part.place.file == file else around
        if isinstance(part, Branches):
            taken, _ = writer.taken(part, Why())
            body = part.otherwise if taken < 0 else part.branches[taken][1]
            yield from _anchored(writer, body, protected, file, guarded)
            continue
        teaches = isinstance(part, Emit) and isinstance(part.expression, Name) and part.expression.path == "tool_syntax"
        for piece in writer.body((part,), Why()):
            yield piece, teaches or guarded


def _protected_ranges(scenario: Scenario, template: Template) -> tuple[tuple[Position, Position], ...]:
    """Where in the source file the passages stand that the scenario protects."""
    passages = (passage.partition("#") for passage in scenario.front.protect)
    names = {name for path, _, name in passages if path == template.file}
    if "" in names:
        return (((0, 0), (10**9, 0)),)
    return tuple(
        (position(template, start), position(template, end)) for name, start, end in template.passages if name in names
    )
