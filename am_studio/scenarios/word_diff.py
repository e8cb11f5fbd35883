"""What changed between two texts, word by word. Built on the standard `difflib`; knows nothing of what the texts are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

_TOKENS = re.compile(r"\n|[^\S\n]+|[\w'’-]+|[^\w\s]")
_NEAR = 16
"""Changes with at most this many unchanged tokens (words, blanks and signs) between them are shown as one."""
_KEPT = 0.6
"""A change that keeps less than this share of the old text is shown as a replacement, for chance agreements mislead."""
_MOST_TOKENS = 4_000
"""Of both stretches together; longer ones are shown as replaced whole, for comparing takes time that grows with the square."""
_MOST_LINES = 20_000

Kind = Literal["same", "gone", "new"]
Words = tuple[tuple[Kind, str], ...]


@dataclass(frozen=True, slots=True)
class WordChange:
    """One change of a text: where, and the words around it, what went, what came."""

    old: tuple[int, int]
    """Offsets in the text before; the end is exclusive."""
    new: tuple[int, int]
    words: Words


@dataclass(frozen=True, slots=True)
class LineChange:
    """One change of a file."""

    line: int
    """Where it begins in the text after, from 1; of what is only gone, where it would stand."""
    old_line: int
    """The same in the text before."""
    words: Words


def word_changes(old: str, new: str) -> Iterator[WordChange]:
    """Every change between two texts of a page or so, in the order of the text."""
    old_tokens, new_tokens = _TOKENS.findall(old), _TOKENS.findall(new)
    matcher = difflib.SequenceMatcher(None, old_tokens, new_tokens, autojunk=False)
    for group in _groups(matcher.get_opcodes()):
        yield WordChange(
            _range(old_tokens, group[0][1], group[-1][2]),
            _range(new_tokens, group[0][3], group[-1][4]),
            tuple(_words(group, old_tokens, new_tokens)),
        )


def line_changes(old: str, new: str) -> tuple[LineChange, ...]:
    """Every change between two files of any length: lines are compared first, then the words of lines that differ."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if len(before) + len(after) > _MOST_LINES:
        return () if old == new else (LineChange(1, 1, _whole(old, new)),)
    found: list[LineChange] = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            found += _in_lines("".join(before[start:end]), "".join(after[first:last]), start + 1, first + 1)
    return tuple(found)


def _in_lines(old: str, new: str, old_line: int, line: int) -> Iterator[LineChange]:
    if not old or not new or len(_TOKENS.findall(old)) + len(_TOKENS.findall(new)) > _MOST_TOKENS:
        yield LineChange(line, old_line, _whole(old, new))
        return
    for change in word_changes(old, new):
        yield LineChange(
            line + new.count("\n", 0, change.new[0]), old_line + old.count("\n", 0, change.old[0]), change.words
        )


def _whole(old: str, new: str) -> Words:
    pairs: tuple[tuple[Kind, str], ...] = (("gone", old), ("new", new))
    return tuple((kind, text) for kind, text in pairs if text)


Opcode = tuple[str, int, int, int, int]


def _groups(opcodes: Iterable[Opcode]) -> Iterator[list[Opcode]]:
    """Runs of changes, with short unchanged stretches between them kept inside."""
    group: list[Opcode] = []
    for opcode in opcodes:
        if opcode[0] != "equal" or (group and opcode[2] - opcode[1] <= _NEAR):
            group.append(opcode)
        elif group:
            yield _trimmed(group)
            group = []
    if group:
        yield _trimmed(group)


def _trimmed(group: list[Opcode]) -> list[Opcode]:
    return group[:-1] if group[-1][0] == "equal" else group


def _range(tokens: list[str], first: int, last: int) -> tuple[int, int]:
    start = sum(map(len, tokens[:first]))
    return start, start + sum(map(len, tokens[first:last]))


def _words(group: list[Opcode], old: list[str], new: list[str]) -> Iterator[tuple[Kind, str]]:
    """The changed words, with the rest of their lines around them."""
    before = _line_before(old, group[0][1])
    if before:
        yield "same", before
    for kind, start, end, new_start, new_end in _readable(group, old):
        if kind == "equal":
            yield "same", "".join(old[start:end])
            continue
        if end > start:
            yield "gone", "".join(old[start:end])
        if new_end > new_start:
            yield "new", "".join(new[new_start:new_end])
    after = _line_after(old, group[-1][2])
    if after:
        yield "same", after


def _readable(group: list[Opcode], old: list[str]) -> list[Opcode]:
    """The group as it is, or as one replacement where little of the old text is kept."""
    first, last = group[0], group[-1]
    kept = sum(len("".join(old[start:end])) for kind, start, end, _, _ in group if kind == "equal")
    whole = len("".join(old[first[1] : last[2]]))
    if whole and kept / whole < _KEPT:
        return [("replace", first[1], last[2], first[3], last[4])]
    return group


def _line_before(tokens: list[str], index: int) -> str:
    start = index
    while start > 0 and tokens[start - 1] != "\n" and index - start < 40:
        start -= 1
    return "".join(tokens[start:index])


def _line_after(tokens: list[str], index: int) -> str:
    end = index
    while end < len(tokens) and tokens[end] != "\n" and end - index < 40:
        end += 1
    return "".join(tokens[index:end])
