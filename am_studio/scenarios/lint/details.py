"""What a detail does to the mail: texts of very different length, mere negation, references that hang in the air."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from am_studio.scenarios.lint.findings import Found, Rule
from am_studio.scenarios.lint.reading import Letter, Reading
from am_studio.scenarios.lint.times import is_answer, topic

SMALLEST = 200
"""Characters of mail below which a difference of length is no matter."""
_NEGATIONS = frozenset(
    [
        "not",
        "no",
        "n't",
        "never",
        "longer",
        "cannot",
        "don't",
        "doesn't",
        "won't",
        "isn't",
        "aren't",
        "didn't",
        "does",
        "do",
        "is",
        "did",
        "to",
        "be",
        "any",
        "still",
    ]
)
_CODE = re.compile(r"\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+\b")
_QUOTED = re.compile(
    r"(?:e-?mail|mail|message|note|letter)\b[^.\n]{0,40}?[\"“‘']([^\"”’'\n]{4,60})[\"”’']", re.IGNORECASE
)
_POINTS = re.compile(
    r"\b(?:see|as in|as per|re-read|refer to|following)\s+(\w+)(?:'s)\s+(?:e-?mail|mail|message|note|letter)\b",
    re.IGNORECASE,
)


def _lengths(reading: Reading) -> Found:
    now = {letter.part: letter.text for letter in reading.letters}
    for detail, variant in reading.one_off:
        if not detail.is_switch:
            continue
        off = {letter.part: letter.text for letter in reading.letters_of(variant)}
        parts = [part for part in now.keys() | off.keys() if now.get(part) != off.get(part)]
        sizes = sum(len(now.get(part, "")) for part in parts), sum(len(off.get(part, "")) for part in parts)
        same = sum(_common(now.get(part, ""), off.get(part, "")) for part in parts)
        shorter, longer = sorted(size - same for size in sizes)
        if longer >= SMALLEST and shorter < 0.4 * longer:
            told = f"'{detail.name}' on shows {sizes[0] - same} characters of mail of its own, off {sizes[1] - same}"
            yield detail.place, told


def _common(one: str, other: str) -> int:
    """Characters that begin and end both alike."""
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[start:], other[start:]
    pairs = zip(reversed(one), reversed(other), strict=False)
    return start + next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _negated(reading: Reading) -> Found:
    for detail, variant in reading.one_off:
        now, off = reading.letters, {letter.part: letter for letter in reading.letters_of(variant)}
        for letter in now:
            other = off.get(letter.part)
            if other is None or other.mail.body == letter.mail.body:
                continue
            ones, others = letter.mail.body.lower().split(), other.mail.body.lower().split()
            changed = {*_extra(ones, others), *_extra(others, ones)}
            if changed and changed <= _NEGATIONS:
                yield (
                    letter.head,
                    f"'{detail.name}' off differs from on in {letter.part} by {', '.join(sorted(changed))} alone",
                )


def _extra(ones: list[str], others: list[str]) -> Iterator[str]:
    from collections import Counter

    yield from (Counter(word.strip(".,;:!?") for word in ones) - Counter(word.strip(".,;:!?") for word in others))


def _dangling(reading: Reading) -> Found:
    for detail, variant in reading.one_off:
        after = reading.letters_of(variant)
        left = {letter.part for letter in after}
        gone = {letter.part: letter for letter in reading.letters if letter.part not in left}
        for letter in after if gone else ():
            for told, at in _hanging(reading, letter, gone, after):
                yield letter.place(at), f"without '{detail.name}', {told}"
    yield from _codes(reading)


def _hanging(
    reading: Reading, letter: Letter, gone: Mapping[str, Letter], after: tuple[Letter, ...]
) -> Iterator[tuple[str, int]]:
    """What a letter that stays says about letters that went, and where."""
    subjects = {topic(other.mail.subject) for other in after if other is not letter}
    lost = {topic(other.mail.subject): other for other in gone.values()}
    own = topic(letter.mail.subject)
    if is_answer(letter.mail.subject) and own in lost and own not in subjects:
        yield f"{letter.part} answers {lost[own].part}, which is gone", 0
    for match in _QUOTED.finditer(letter.text, letter.body_at):
        if topic(match.group(1)) in lost and topic(match.group(1)) not in subjects:
            yield f"{letter.part} speaks of {lost[topic(match.group(1))].part}, which is gone", match.start()
    for match in _POINTS.finditer(letter.text, letter.body_at):
        writers = {other.sender.id: other for other in gone.values() if other.sender is not None}
        for person in reading.persons:
            named = person.name.split()[0].lower() == match.group(1).lower()
            if named and person.id in writers and not any(o.sender == person for o in after if o is not letter):
                yield f"{letter.part} points to {writers[person.id].part}, which is gone", match.start()


def _codes(reading: Reading) -> Found:
    """Reference numbers that a text still mentions when what they refer to is gone."""
    before = {part: set(_CODE.findall(passage.text)) for part, passage in reading.passages.items()}
    for detail, variant in reading.one_off:
        passages = reading.passages_of(variant)
        holders: dict[str, list[str]] = {}
        for part, passage in passages.items():
            for code in set(_CODE.findall(passage.text)):
                holders.setdefault(code, []).append(part)
        for code, parts in holders.items():
            lost = [part for part, codes in before.items() if code in codes and part not in parts]
            if lost and len(parts) == 1 and all(code in before.get(part, ()) for part in parts):
                passage = passages[parts[0]]
                told = f"without '{detail.name}', {parts[0]} still mentions {code}, which {lost[0]} introduced"
                yield passage.place(passage.text.find(code)), told


RULES = (
    Rule("unequal-lengths", "on and off then differ in length as well, and an effect may be one of length",
         "write an off text of about the same length about something harmless", _lengths),
    Rule("off-by-negation", "an off text that denies the on text still tells the subject of it (do not think of a pink elephant)",
         "write off text that speaks of something else", _negated),
    Rule("dangling-reference", "the text without the detail points at something that is not there, and shows the cut",
         "put the reference under the same detail", _dangling),
)  # fmt: skip
