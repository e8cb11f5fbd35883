"""Scores of Inspect as our answers, by a stated rule, and which judge said which.

C, true, yes and 1 are yes; I, false, no and 0 are no; everything else (P, N, a part of 1, NaN, a word) is unclear, unless a
threshold says from where on a number is a yes. A dictionary of scores is one outcome a key. Scorers that never answer the same
outcome are one judge together, so that one table counts all of them; where two answer the same, each is a judge of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.records import Answer
from am_studio.runs.importing.found import FoundVerdict
from am_studio.scenarios.importing.people import identifier

RULE = "C, true, yes and 1 count as yes; I, false, no and 0 as no; everything else as unclear"
_WORDS: dict[str, Answer] = {
    "c": "yes",
    "yes": "yes",
    "true": "yes",
    "i": "no",
    "no": "no",
    "false": "no",
    "unclear": "unclear",
}
_LONGEST_REASON = 4000


def answer_of(value: Any, threshold: float | None) -> Answer:
    """A score's value as an answer."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    number = _number(value)
    if number is not None:
        if math.isnan(number):
            return "unclear"
        if threshold is not None:
            return "yes" if number >= threshold else "no"
        return "yes" if number == 1 else "no" if number == 0 else "unclear"
    return _WORDS.get(value.strip().lower(), "unclear") if isinstance(value, str) else "unclear"


def _number(value: Any) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


class Scores:
    """The scorers of some logs, seen together: outcomes, judges, and the verdicts of a sample."""

    def __init__(self, samples: Sequence[Mapping[str, Any]], threshold: float | None, known: Sequence[str]) -> None:
        """`known`: outcomes that a scenario declares; a score of such a name is that outcome."""
        self._threshold = threshold
        pairs = dict.fromkeys(
            (scorer, key)
            for sample in samples
            for scorer, score in _scores(sample)
            for key, _ in _values(scorer, score)
        )
        taken: dict[str, None] = {}
        by_name: dict[str, str] = {}
        for _, key in pairs:
            if key not in by_name:
                by_name[key] = key if key in known else identifier(key, taken)
        self.outcomes: Mapping[str, str] = by_name
        """Our outcome by Inspect's name of the score."""
        self.judges = _judges(pairs)
        """Our judge by scorer."""

    def verdicts(self, sample: Mapping[str, Any]) -> tuple[FoundVerdict, ...]:
        """What the scorers say of a sample; a score without a value is none."""
        found = []
        for scorer, score in _scores(sample):
            told = one_line(str(score.get("explanation") or ""), _LONGEST_REASON)
            for key, value in _values(scorer, score):
                if value is None:
                    continue
                reason = f"{scorer} scored {one_line(str(value), 60)}" + (f": {told}" if told else "")
                answer = answer_of(value, self._threshold)
                found.append(FoundVerdict(self.judges[scorer], self.outcomes[key], answer, reason))
        return tuple(found)


def _scores(sample: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    scores = sample.get("scores")
    if scores is None and isinstance(sample.get("score"), Mapping):
        scores = {"score": sample["score"]}  # log version 1
    for scorer, score in (scores or {}).items():
        if not isinstance(score, Mapping):
            raise StudioError(
                f"sample {one_line(str(sample.get('id')), 60)}: the score of {one_line(scorer, 60)} is none"
            )
        yield scorer, score


def _values(scorer: str, score: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    value = score.get("value")
    if isinstance(value, Mapping):
        yield from ((str(key), inner) for key, inner in value.items())
    elif isinstance(value, list):
        yield from ((f"{scorer} {number}", inner) for number, inner in enumerate(value, start=1))
    else:
        yield scorer, value


def _judges(pairs: Sequence[tuple[str, str]] | Mapping[tuple[str, str], None]) -> dict[str, str]:
    keys: dict[str, set[str]] = {}
    for scorer, key in pairs:
        keys.setdefault(scorer, set()).add(key)
    groups: list[list[str]] = []
    for scorer, own in keys.items():
        group = next((g for g in groups if not any(keys[other] & own for other in g)), None)
        if group is None:
            groups.append([scorer])
        else:
            group.append(scorer)
    return {scorer: f"inspect/{'+'.join(group)}" for group in groups for scorer in group}
