"""Looks for words in every reply of a run, a chunk at a time, so that whoever asked can show how far it is and stop it.

Replies are stored compressed and are read one after the other; there is no index. A chunk is read at once and let go, so
that labels can be written meanwhile. A damaged reply is counted and left out, never a reason to stop.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from am_studio.foundation.errors import StudioError
from am_studio.records import Reply
from am_studio.runs import codec
from am_studio.runs.codec import Damage
from am_studio.runs.runfile import RunFile
from am_studio.trials import shown

_BEFORE, _AFTER = 12, 80
"""Characters of an excerpt before and after what was found: a list shows its beginning."""
_CHUNK = 250
_Where = Literal["reply", "reasoning"]
_Place = tuple[_Where, str, int, int]
"""Which text, the text, and from where to where in it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A trial in which the words were found, with the first place."""

    trial: int
    turn: int
    where: _Where
    """In the text of the reply with its native calls, or in the reasoning that the provider gave apart."""
    start: int
    end: int
    """In that text."""
    excerpt: str
    """The surroundings on one line."""
    number: int
    """How often the trial has the words."""


@dataclass(frozen=True, slots=True)
class SearchStep:
    """How far a search is, and what it found since the step before."""

    searched: int
    """Trials so far."""
    trials: int
    """Trials in all."""
    hits: tuple[Hit, ...]
    damaged: int
    """Replies so far that cannot be read."""


def words_pattern(text: str) -> re.Pattern[str]:
    """What finds these words one after the other, ignoring case, with any white space between them.

    StudioError when there are none.
    """
    words = text.split()
    if not words:
        raise StudioError("nothing to search for", hint="type a word that a reply may have")
    return re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)


def search_replies(
    run: RunFile, text: str, trials: Sequence[int] | None = None, *, chunk: int = _CHUNK
) -> Iterator[SearchStep]:
    """Search the replies of these trials (all when None), in their order; a step every `chunk` trials."""
    pattern = words_pattern(text)
    longest = max(text.casefold().split(), key=len)
    ids = [id_ for (id_,) in run.query("SELECT id FROM trial ORDER BY id")] if trials is None else trials
    damaged = 0
    for first in range(0, len(ids), chunk):
        page = ids[first : first + chunk]
        found: dict[int, Hit] = {}
        number: Counter[int] = Counter()
        for trial, turn, body, stored in _bodies(run, page):
            try:
                reply = codec.decoded(
                    "reply",
                    lambda value: codec.reply_from_json(value, None),
                    codec.checked("reply", f"{trial}.{turn}", body, stored),
                )
            except Damage:
                damaged += 1
                continue
            for where, said, start, end in _places(reply, pattern, longest):
                number[trial] += 1
                if trial not in found:
                    found[trial] = Hit(trial, turn, where, start, end, excerpt(said, start, end), 1)
        hits = tuple(replace(hit, number=number[hit.trial]) for hit in found.values())
        yield SearchStep(min(first + chunk, len(ids)), len(ids), hits, damaged)


def _bodies(run: RunFile, page: Sequence[int]) -> list[tuple[int, int, bytes, bytes]]:
    query = """SELECT trial, turn, body, digest FROM reply WHERE trial IN (SELECT value FROM json_each(?))
        ORDER BY trial, turn"""
    return [(trial, turn, body, stored) for trial, turn, body, stored in run.query(query, (json.dumps(list(page)),))]


def _places(reply: Reply, pattern: re.Pattern[str], longest: str) -> Iterator[_Place]:
    """Where a reply has the words, reasoning first, as it was said."""
    texts: tuple[tuple[_Where, str], ...] = (("reasoning", reply.reasoning), ("reply", shown(reply).text))
    for where, text in texts:
        # A plain search first: it is many times faster, and most replies do not have the words.
        if longest in text.casefold():
            for match in pattern.finditer(text):
                yield where, text, match.start(), match.end()


def excerpt(text: str, start: int, end: int) -> str:
    """What stands around a place, on one line; dots where it was cut."""
    low, high = max(0, start - _BEFORE), min(len(text), end + _AFTER)
    inside = " ".join(text[low:high].split())
    return ("…" if low else "") + inside + ("…" if high < len(text) else "")
