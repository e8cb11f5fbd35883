"""What changing details changes for the subject, word by word, and which detail caused each change.

Two prompts of one scenario are compared part by part (system prompt, task, each email), since a change of one email
cannot be a change of another. Built on the standard `difflib`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from am_studio.records import Choice, Message, Prompt, Span, Variant
from am_studio.scenarios.word_diff import Words, word_changes


@dataclass(frozen=True, slots=True)
class Hunk:
    """One change: the words around it, what went, what came, and because of which details."""

    part: str
    role: str
    file: str
    line: int
    words: Words
    details: tuple[str, ...]
    """The changed details that caused it, in the scenario's order."""


def changed_details(base: Variant, other: Variant) -> tuple[str, ...]:
    """The details whose level differs, what `needs` dragged along included."""
    return tuple(detail for detail, _ in other.differences(base))


def prompt_hunks(base: Prompt, other: Prompt, changed: Iterable[str]) -> tuple[Hunk, ...]:
    """Every change between two prompts of one scenario, in the order of the text."""
    names = tuple(changed)
    hunks: list[Hunk] = []
    for before, after in zip(base.messages, other.messages, strict=True):
        old, new = _by_part(before), _by_part(after)
        for part in _merged(list(old), list(new)):
            sides = _Side.of(before, old.get(part, [])), _Side.of(after, new.get(part, []))
            hunks += _part_hunks(part, before.role, *sides, names)
    return tuple(hunks)


def _by_part(message: Message) -> dict[str, list[Span]]:
    parts: dict[str, list[Span]] = {}
    for span in message.spans:
        if span.part != "inbox":
            parts.setdefault(span.part, []).append(span)
    return parts


def _merged(first: list[str], second: list[str]) -> list[str]:
    """Both lists in one, each in its own order."""
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    merged: list[str] = []
    for _, start, end, other_start, other_end in matcher.get_opcodes():
        merged += dict.fromkeys([*first[start:end], *second[other_start:other_end]])
    return list(dict.fromkeys(merged))


@dataclass(frozen=True, slots=True)
class _Side:
    """One part of one prompt: its spans and its text."""

    spans: list[Span]
    text: str

    @classmethod
    def of(cls, message: Message, spans: list[Span]) -> _Side:
        return cls(spans, "".join(message.text[span.start : span.end] for span in spans))


def _part_hunks(part: str, role: str, before: _Side, after: _Side, changed: tuple[str, ...]) -> Iterator[Hunk]:
    old, new = before.spans, after.spans
    if before.text == after.text:
        return
    for change in word_changes(before.text, after.text):
        touched = [*_touched(old, change.old), *_touched(new, change.new)]
        first = touched[0] if touched else (old or new)[0]
        yield Hunk(
            part,
            role,
            first.file,
            first.line,
            change.words,
            _causes(touched, changed),
        )


def _touched(spans: list[Span], wanted: tuple[int, int]) -> list[Span]:
    """The spans of a part that overlap a range of its text."""
    found, position = [], 0
    for span in spans:
        end = position + span.end - span.start
        if position < wanted[1] and end > wanted[0]:
            found.append(span)
        position = end
    return found


def _causes(spans: list[Span], changed: tuple[str, ...]) -> tuple[str, ...]:
    for choices in ([span.cause for span in spans], [span.consulted for span in spans]):
        named = _names(choices)
        if found := tuple(name for name in changed if name in named):
            return found
    return changed


def _names(choices: list[tuple[Choice, ...]]) -> set[str]:
    return {detail for choice in choices for detail, _ in choice}
