"""A difference of packs or scenarios as parts of prose: in short, a part a text, a part a scenario for the subject.

What is said and in which order is decided here, once; a terminal and the studio each set it in their own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from am_studio.scenarios.pack_diff import NamedDiff, PackDiff, TextChange
from am_studio.scenarios.scenario_diff import ChangeKind, EntryChange
from am_studio.scenarios.word_diff import Words, line_changes

if TYPE_CHECKING:
    from am_studio.scenarios.overlay_pieces import Conflict

SIGNS: dict[ChangeKind, str] = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of our words, with strangers' names in it."""

    text: str
    kind: Literal["title", "place", "variant", "plain", "field"] = "plain"
    """What it is: the title of a part, where a change stands, a variant, words, the name of a field."""
    more: str = ""
    """What matters less, after the text."""
    apart: bool = False
    """Whether a blank line comes before it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What went and what came, in the words around it."""

    words: Words
    indent: int = 2


@dataclass(frozen=True, slots=True)
class Part:
    """What is read in one go."""

    title: str
    about: Literal["short", "text", "subject", "base"]
    lines: tuple[Line | Change, ...]


def parts_of(found: PackDiff, conflicts: Iterable[Conflict] = ()) -> tuple[Part, ...]:
    """The difference in parts; `conflicts` are what the bases of overlays have changed since those were written."""
    short = Part(
        "In short", "short", (Line(f"{found.before} -> {found.after}", "title"), Line(found.summary))
    )  # fmt: skip
    return (
        short,
        *(_text_part(text) for text in found.texts),
        *(Part(each.name, "subject", tuple(_subject(each))) for each in found.scenarios),
        *base_parts(conflicts),
    )


def base_parts(conflicts: Iterable[Conflict]) -> Iterator[Part]:
    """What a base has changed since an overlay of it was written, a part a piece."""
    for conflict in conflicts:
        told = f"{conflict.base.reference} {conflict.since} -> {conflict.base.version}"
        lines: list[Line | Change] = [Line(conflict.piece.address, "title", f"  ({told})")]
        lines += [Change(change.words) for change in line_changes(conflict.was, conflict.piece.text)]
        yield Part(conflict.piece.address, "base", tuple(lines))


def _text_part(text: TextChange) -> Part:
    lines: list[Line | Change] = []
    for change in text.changes:
        line = f":{change.line}" if change.line > 1 or len(text.changes) > 1 else ""
        lines += [Line(f"{SIGNS[text.kind]} {text.name}{line}", "place", apart=True), Change(change.words)]
    if not text.changes:
        lines.append(Line(f"{SIGNS[text.kind]} {text.name}  {text.kind}", "place", apart=True))
    return Part(f"{SIGNS[text.kind]} {text.name}", "text", tuple(lines))


def _subject(scenario: NamedDiff) -> Iterator[Line | Change]:
    yield Line(f"For the subject: {scenario.name}", "title", apart=True)
    if scenario.diff is None:
        yield Line(f"  {scenario.problem or f'the scenario was {scenario.kind}'}")
        return
    for what, entries in (("detail", scenario.diff.details), ("outcome", scenario.diff.outcomes)):
        for entry in entries:
            yield from _entry(what, entry)
    if not scenario.diff.prompts:
        yield Line("  The subject reads the same in the default variant and at every level.")
    for prompt in scenario.diff.prompts:
        more = "" if prompt.variant == "default" else ", beyond that"
        yield Line(f"{prompt.variant}{more}", "variant", apart=True)
        for hunk in prompt.hunks:
            yield Line(f"  {hunk.part}", "place", f"  {hunk.file}:{hunk.line}")
            yield Change(hunk.words, 4)


def _entry(what: str, entry: EntryChange) -> Iterator[Line | Change]:
    yield Line(f"  {SIGNS[entry.kind]} {what} {entry.name}  {entry.kind}")
    for field in entry.fields:
        yield Line(f"      {field.field}", "field")
        for change in line_changes(field.was, field.now):
            yield Change(change.words, 6)
