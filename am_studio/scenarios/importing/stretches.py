"""Stretches of a text that are to depend on switches, found by a few words, and how the text reads without them.

A stretch is a run of characters, a sentence, a paragraph, or groups of one sentence with a test each. Without a sentence no
second space stays, without a paragraph no second blank line; a part that comes to begin its sentence takes a capital.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from string import Template

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.importing.template_text import Part, Slot, Toggle, Words

ALWAYS = "true"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch `[start, end)` that is there where `test` holds, and `off` otherwise."""

    start: int
    end: int
    test: str
    off: str = ""
    is_sentence: bool = False
    is_paragraph: bool = False


@dataclass(frozen=True, slots=True)
class _Unit:
    start: int
    end: int


def either(tests: Sequence[str]) -> str:
    """The test that holds where one of these does."""
    distinct = tuple(dict.fromkeys(part for test in tests for part in test.split(" or ")))
    if ALWAYS in distinct:
        return ALWAYS
    wider = [test for test in distinct if not any(part in distinct for part in test.split(" and ") if part != test)]
    return " or ".join(f"({test})" if " and " in test and len(wider) > 1 else test for test in wider)


def stretches(text: str, pattern: re.Pattern[str], test: str, off: str = "") -> list[Span]:
    """Every match of the pattern, as a stretch."""
    return [Span(*match.span(), test, off) for match in pattern.finditer(text)]


def sentences(text: str, pattern: re.Pattern[str], test: str) -> list[Span]:
    """Every sentence with a match of the pattern."""
    found = {_around(_sentences(text), match.start()): None for match in pattern.finditer(text)}
    return [Span(unit.start, unit.end, test, is_sentence=True) for unit in found]


def paragraphs(text: str, pattern: re.Pattern[str], test: str) -> list[Span]:
    """Every paragraph with a match of the pattern."""
    found = {_around(_paragraphs(text), match.start()): None for match in pattern.finditer(text)}
    return [Span(unit.start, unit.end, test, is_paragraph=True) for unit in found]


def groups(text: str, pattern: re.Pattern[str], tests: Sequence[str]) -> list[Span]:
    """The groups of every match, which follow each other, each with its test; what follows the last one stays."""
    spans: list[Span] = []
    for match in pattern.finditer(text):
        sentence = _around(_sentences(text), match.start())
        whole = either(tests)
        if whole != ALWAYS and match.span() == (sentence.start, sentence.end):
            spans.append(Span(*match.span(), whole, is_sentence=True))
        elif whole != ALWAYS:
            spans.append(Span(*match.span(), whole))
        begins = match.start() == sentence.start
        for number, test in enumerate(tests, 1):
            start, end = match.span(number)
            if test not in (ALWAYS, whole):
                spans.append(Span(start, end, test))
            first = text[start]
            if number > 1 and begins and first.islower() and first != first.upper():
                spans.append(Span(start, start + 1, either(tests[: number - 1]), first.upper()))
    return spans


def switched(text: str, spans: Sequence[Span]) -> tuple[Part, ...]:
    """The text with these stretches switched; StudioError when two of them cut into each other."""
    widened = [*_joined_sentences(text, spans)]
    ordered = sorted(dict.fromkeys(widened), key=lambda span: (span.start, -span.end, span.is_sentence))
    return tuple(_parts(text, _Unit(0, len(text)), ordered))


# Units of a text. ----------------------------------------------------------------------------------------------------


def _sentences(text: str) -> Iterator[_Unit]:
    for unit in _paragraphs(text):
        start = unit.start
        for gap in re.finditer(r"(?<=[.!?])[ \t]+(?=\S)", text[unit.start : unit.end]):
            yield _Unit(start, unit.start + gap.start())
            start = unit.start + gap.end()
        yield _Unit(start, unit.end)


def _paragraphs(text: str) -> Iterator[_Unit]:
    for match in re.finditer(r"(?:[^\n]+\n?)+", text):
        if match.group().strip():
            yield _Unit(match.start(), match.start() + len(match.group().rstrip("\n")))


def _around(units: Iterator[_Unit], position: int) -> _Unit:
    return next(unit for unit in units if unit.start <= position < max(unit.end, unit.start + 1))


def _joined_sentences(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Sentences with the space that goes with them, paragraphs with their blank line; other stretches as they are."""
    whole = [span for span in spans if span.is_paragraph]
    loose = [span for span in spans if span.is_sentence]
    yield from (span for span in spans if not span.is_sentence and not span.is_paragraph)
    for paragraph in _paragraphs(text):
        here = [span for span in loose if paragraph.start <= span.start < paragraph.end]
        inside = _merged(text, sorted(here, key=lambda span: span.start))
        if inside and not _rest(text, paragraph, inside).strip():
            whole.append(Span(paragraph.start, paragraph.end, either([span.test for span in inside])))
            yield from _all_switched(inside)
        else:
            yield from (_with_space(text, paragraph, span, inside) for span in inside)
    for span in whole:
        blank = re.compile(r"\n\n").match(text, span.end)
        if blank is None:
            raise StudioError("a paragraph that ends a text cannot be switched here")
        yield Span(span.start, blank.end(), span.test)


def _merged(text: str, inside: Sequence[Span]) -> list[Span]:
    """Neighbours with the same test as one."""
    merged: list[Span] = []
    for span in inside:
        last = merged[-1] if merged else None
        if last and last.test == span.test and not text[last.end : span.start].strip():
            merged[-1] = replace(last, end=span.end)
        else:
            merged.append(span)
    return merged


def _rest(text: str, paragraph: _Unit, inside: Sequence[Span]) -> str:
    """What stays of a paragraph without its switched sentences."""
    pieces, at = [], paragraph.start
    for span in inside:
        pieces.append(text[at : span.start])
        at = span.end
    return "".join([*pieces, text[at : paragraph.end]])


def _all_switched(inside: Sequence[Span]) -> Iterator[Span]:
    """Sentences that may all be gone: each brings the space before it where one of the earlier ones is there."""
    for index, span in enumerate(inside):
        if index:
            yield Span(inside[index - 1].end, span.end, span.test)
            yield Span(inside[index - 1].end, span.start, either([each.test for each in inside[:index]]))
        else:
            yield Span(span.start, span.end, span.test)


def _with_space(text: str, paragraph: _Unit, span: Span, inside: Sequence[Span]) -> Span:
    before = [other for other in inside if other.end <= span.start]
    is_led = _rest(text, _Unit(paragraph.start, span.start), before).strip()
    start, end = span.start, span.end
    if is_led:
        start -= len(text[:start]) - len(text[:start].rstrip(" "))
    else:
        end += len(text[end:]) - len(text[end:].lstrip(" "))
    return Span(start, end, span.test)


# The tree. -----------------------------------------------------------------------------------------------------------


def _parts(text: str, within: _Unit, spans: Sequence[Span], test: str = ALWAYS) -> Iterator[Part]:
    """The parts of a stretch of the text that is there where `test` holds."""
    at, end, index = within.start, within.end, 0
    while index < len(spans):
        span = spans[index]
        if span.start < at or span.end > end:
            shown = text[span.start : span.end][:60]
            raise StudioError("two stretches that are to be switched cut into each other", f"at '{shown}'")
        inner: list[Span] = []
        index += 1
        while index < len(spans) and spans[index].start < span.end:
            inner.append(spans[index])
            index += 1
        yield from words_and_slots(text[at : span.start])
        parts = tuple(_parts(text, _Unit(span.start, span.end), inner, span.test))
        if span.test == test and not span.off:
            yield from parts
        else:
            yield Toggle(span.test, parts, tuple(words_and_slots(span.off)))
        at = span.end
    yield from words_and_slots(text[at:end])


def words_and_slots(text: str) -> Iterator[Part]:
    """The text, its `${names}` as slots, by the rules of `string.Template`."""
    at = 0
    for match in Template.pattern.finditer(text):
        if match.start() > at:
            yield Words(text[at : match.start()])
        name = match["braced"] or match["named"]
        yield Slot(name, match[0]) if name else Words("$" if match["escaped"] else match[0])
        at = match.end()
    if at < len(text):
        yield Words(text[at:])
