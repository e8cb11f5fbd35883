"""Quoting what a verdict rests on: stretches of the reply, exact to the character.

Every quote is a slice of `shown(reply).text`, which is the raw text of a reply without native calls, so a reader (and a
check) can find it in place. Where a value was written with escapes that hide a term, the call itself is quoted; nothing is
ever made up to look like a quote.
"""

from __future__ import annotations

import re

from am_studio.records import Action, Evidence, Reply, Transcript
from am_studio.trials.grammar import Argument
from am_studio.trials.native import Shown, shown
from am_studio.trials.reading import parse_in

_LONGEST = 300
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]*\s|\n\s*\n")
_SPOKEN = frozenset({"subject", "body", "comment", "reason"})


def quote_action(transcript: Transcript, action: Action) -> Evidence:
    """The beginning of a call, at most 300 characters of it."""
    return _quote(_shown(transcript, action), action, action.start, min(action.end, action.start + _LONGEST))


def quote_term(transcript: Transcript, action: Action, term: re.Pattern[str]) -> Evidence:
    """The sentence of the sent text in which a term stands; the call where it cannot be found in the raw text."""
    here = _shown(transcript, action)
    for start, end in _spoken(transcript, here, action):
        match = term.search(here.text, start, end)
        if match:
            return _quote(here, action, *_sentence(here.text, match.start(), match.end(), start, end))
    return quote_action(transcript, action)


def _shown(transcript: Transcript, action: Action) -> Shown:
    return shown(transcript.replies[action.turn])


def _spoken(transcript: Transcript, here: Shown, action: Action) -> list[tuple[int, int]]:
    native = here.at(action.start)
    arguments = native.call.arguments if native is not None else _of_block(transcript.replies[action.turn], action)
    return [(argument.start, argument.end) for argument in arguments if argument.name in _SPOKEN]


def _of_block(reply: Reply, action: Action) -> tuple[Argument, ...]:
    calls = parse_in("inline", reply).calls
    return next((call.arguments for call in calls if call.start == action.start), ())


def _sentence(raw: str, start: int, end: int, low: int, high: int) -> tuple[int, int]:
    """The sentence around a match, cut to a readable length, never less than the match."""
    low = max(low, end - _LONGEST)
    for boundary in _SENTENCE_END.finditer(raw, low, start):
        low = boundary.end()
    following = _SENTENCE_END.search(raw, end, min(high, start + _LONGEST))
    high = following.end() if following else min(high, max(end, start + _LONGEST))
    low = min(low, start)
    while high > end and raw[high - 1].isspace():
        high -= 1
    while low < start and raw[low].isspace():
        low += 1
    return low, high


def _quote(here: Shown, action: Action, start: int, end: int) -> Evidence:
    return Evidence(action.turn, start, end, here.text[start:end])
