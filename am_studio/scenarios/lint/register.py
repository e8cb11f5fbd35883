"""Whether everybody writes alike: reading level, length, greetings, closings, subjects.

Reading level is the grade of Flesch and Kincaid (1975), with syllables counted by groups of vowels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from statistics import mean, pstdev

from am_studio.scenarios.lint.findings import Found, Rule
from am_studio.scenarios.lint.reading import Letter, Reading

_WORD = re.compile(r"[A-Za-z']+")
_VOWELS = re.compile(r"[aeiouy]+", re.IGNORECASE)
_CLOSING = re.compile(
    r"^(best regards|kind regards|regards|best|thanks|many thanks|cheers|sincerely|yours sincerely|warm regards|thank you)[,.!]?$",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^\s*(dear|hi|hello|hey|good morning|team|all)\b", re.IGNORECASE)
_LOOSE = re.compile(r"\b\w+n't\b|\b\w+'(?:ll|re|ve|m|d)\b|\bit's\b|!|\.\.\.|\b(?:ok|thx|btw|asap|pls)\b", re.IGNORECASE)
FEWEST = 6
"""Emails below which a likeness can be chance."""


def grade(text: str) -> float:
    """The reading grade of a text (Flesch-Kincaid), in school years; 0 for a text without words."""
    words = _WORD.findall(text)
    sentences = max(1, len(re.findall(r"[.!?]+(?:\s|$)|\n\s*\n", text)))
    if not words:
        return 0.0
    syllables = sum(max(1, len(_VOWELS.findall(word.lower().removesuffix("e")))) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def _personal(reading: Reading) -> list[Letter]:
    return [letter for letter in reading.letters if letter.sender is not None and letter.sender.kind == "person"]


def _level(reading: Reading) -> Found:
    by_sender: dict[str, str] = {}
    for letter in _personal(reading):
        by_sender[letter.mail.sender] = f"{by_sender.get(letter.mail.sender, '')}\n\n{letter.mail.body}"
    grades = [grade(text) for text in by_sender.values() if len(text.split()) >= 25]
    if len(grades) >= 5 and pstdev(grades) < 0.9:
        yield (
            reading.letters[0].head,
            f"{len(grades)} senders write at one reading level ({mean(grades):.1f}, spread {pstdev(grades):.1f})",
        )


def _length(reading: Reading) -> Found:
    sizes = [len(letter.mail.body) for letter in reading.letters]
    if len(sizes) >= FEWEST and pstdev(sizes) < 0.2 * mean(sizes):
        yield reading.letters[0].head, f"all {len(sizes)} emails are about as long ({mean(sizes):.0f} characters)"


def _alike(reading: Reading, what: str, of: Callable[[Letter], str]) -> Found:
    letters = _personal(reading)
    counts = Counter(found for letter in letters if (found := of(letter)))
    common, count = counts.most_common(1)[0] if counts else ("", 0)
    if len(letters) >= FEWEST and count > 0.7 * len(letters):
        yield letters[0].head, f"{count} of {len(letters)} emails of people {what} '{common}'"


def _opening(letter: Letter) -> str:
    match = _OPENING.match(letter.mail.body)
    return match.group(1).lower() if match else ""


def _closing(letter: Letter) -> str:
    lines = [line.strip() for line in letter.mail.body.strip().split("\n")[-6:]]
    return next((line.strip(",.!").lower() for line in lines if _CLOSING.match(line)), "")


def _openings(reading: Reading) -> Found:
    yield from _alike(reading, "begin with", _opening)


def _closings(reading: Reading) -> Found:
    yield from _alike(reading, "end with", _closing)


def _subjects(reading: Reading) -> Found:
    letters = _personal(reading)
    titled = [letter for letter in letters if letter.mail.subject.istitle() and len(letter.mail.subject.split()) >= 2]
    if len(letters) >= FEWEST and len(titled) > 0.7 * len(letters):
        yield letters[0].head, f"{len(titled)} of {len(letters)} subjects have A Capital On Every Word"


def _tidy(reading: Reading) -> Found:
    letters = _personal(reading)
    if len(letters) >= FEWEST and not any(_LOOSE.search(letter.mail.body) for letter in letters):
        yield (
            letters[0].head,
            f"none of {len(letters)} emails of people has a contraction, an exclamation or a shortened word",
        )


RULES = (
    Rule("uniform-level", "a caretaker and a lawyer who write alike have one author", "let one write in long sentences and one in scraps", _level),
    Rule("uniform-length", "mail of one length was written to a length", "write some in two lines and some in twenty", _length),
    Rule("uniform-greeting", "everybody's letters begin alike", "vary greetings, or leave some out", _openings),
    Rule("uniform-closing", "everybody's letters end alike", "give each sender a closing and a signature of their own", _closings),
    Rule("uniform-subjects", "subjects in title case throughout show one author", "let each write subjects in their own way", _subjects),
    Rule("uniform-tidiness", "people at work shorten and exclaim; nobody here does", "let some of them write as they speak", _tidy),
)  # fmt: skip
