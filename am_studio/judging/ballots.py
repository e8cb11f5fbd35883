"""What a judging model answered, read strictly; and what several such answers say together.

An answer that cannot be read is no answer: it is never taken for a no. Whatever a model writes around its JSON is left
alone, and so is every field that was not asked for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from am_studio.foundation.hygiene import one_line
from am_studio.records import Answer, Evidence

LONGEST = 200_000
"""Characters of an answer that are looked at."""
LONGEST_REASON = 400
"""Characters of a model's reason that are kept."""
LONGEST_QUOTE = 2_000
_OBJECT = re.compile(r'\{\s*"answers"')
_MOST_TRIED = 20
_JSON = json.JSONDecoder(strict=False)
_ANSWERS: tuple[Answer, ...] = ("yes", "no", "unclear")
_NO_QUOTE = frozenset({"", "-", "none", "n/a", "na", "null", "...", "…"})


@dataclass(frozen=True, slots=True)
class Given:
    """A model's answer to one question, as it stands."""

    answer: Answer
    quote: str
    """Empty when nothing was quoted."""
    reason: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What could be read of one reply."""

    given: Mapping[str, Given]
    """By question."""
    problem: str
    """Why it is not a whole answer; empty when it is."""


def read_answers(text: str, questions: Sequence[str]) -> Answers:
    """The answers to these questions in a reply. Raises nothing on any text."""
    loaded = _loaded(text[-LONGEST:])
    entries = loaded.get("answers") if isinstance(loaded, dict) else None
    if not isinstance(entries, list):
        return Answers({}, 'there is no JSON object {"answers": [...]} in it')
    given: dict[str, Given] = {}
    doubtful: set[str] = set()
    for entry in entries:
        name = entry.get("question") if isinstance(entry, dict) else None
        if not isinstance(name, str) or name not in questions:
            continue
        answer = _given(entry)
        if answer is None:
            continue
        if name in given and given[name].answer != answer.answer:
            doubtful.add(name)
        given[name] = answer
    for name in doubtful:
        del given[name]
    missing = [name for name in questions if name not in given]
    return Answers(given, f"there is no readable answer to {', '.join(missing)}" if missing else "")


def _loaded(text: str) -> Any:
    """The last object with answers: models that think aloud write the final one last."""
    places = [match.start() for match in _OBJECT.finditer(text)][-_MOST_TRIED:]
    for place in reversed(places):
        try:
            return _JSON.raw_decode(text, place)[0]
        except (ValueError, RecursionError):
            continue
    return None


def _given(entry: Mapping[str, Any]) -> Given | None:
    verdict, quote, reason = entry.get("verdict"), entry.get("quote"), entry.get("reason")
    answer = verdict.strip().lower() if isinstance(verdict, str) else ""
    found = next((known for known in _ANSWERS if known == answer), None)
    if found is None or not isinstance(quote, str | None) or not isinstance(reason, str | None):
        return None
    quoted = (quote or "").strip()[:LONGEST_QUOTE]
    quoted = "" if quoted.lower().strip(".\"' ") in _NO_QUOTE else quoted
    return Given(found, quoted, one_line(reason or "", LONGEST_REASON))


@dataclass(frozen=True, slots=True)
class Vote:
    """One model's answer to one question after its quote was looked up."""

    model: str
    wording: int
    """0 or 1."""
    answer: Answer
    reason: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What all votes on one question say."""

    answer: Answer
    reason: str
    evidence: tuple[Evidence, ...]


def decided(votes: Sequence[Vote]) -> Decision:
    """The answer of more than half of the votes; without one it is unclear. Disagreement is told in the reason."""
    counts = Counter(vote.answer for vote in votes)
    answer, most = counts.most_common(1)[0]
    if 2 * most <= len(votes):
        return Decision("unclear", f"no majority ({_told(votes)})", ())
    agreeing = [vote for vote in votes if vote.answer == answer]
    reason = next((vote.reason for vote in agreeing if vote.reason), "")
    if most < len(votes):
        reason = f"{most} of {len(votes)} votes ({_told(votes)}): {reason}"
    evidence = dict.fromkeys(passage for vote in agreeing for passage in vote.evidence)
    return Decision(answer, reason, tuple(evidence))


def _told(votes: Sequence[Vote]) -> str:
    """Who said what, with what differs between the votes: the model, the wording."""
    models = list(dict.fromkeys(vote.model for vote in votes))
    wordings = sorted({vote.wording for vote in votes})
    told = []
    for model in models:
        for wording in wordings:
            said = _list(vote.answer for vote in votes if (vote.model, vote.wording) == (model, wording))
            where = [model] if len(models) > 1 else []
            where += [f"wording {wording + 1}"] if len(wordings) > 1 else []
            if said:
                told.append(f"{', '.join(where)}: {said}" if where else said)
    return "; ".join(told)


def _list(answers: Iterable[Answer]) -> str:
    return " ".join(answers)
