"""What the ended trials of each model came to, in one pass over narrow columns: when, under which names, how often alike.

Reads no reply, so that a run of a million trials is summed up in a second or two.
"""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from am_studio.runs import schema


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """The trials of one model that have ended."""

    first: float
    """When the first of them ended, in seconds since 1970."""
    last: float
    returned: tuple[str, ...] = ()
    """The names by which the provider called the model, in the order in which they came."""
    replies: int = 0
    """Conversations with any words in them."""
    copies: int = 0
    """Those of them that repeat another one of the same variant word for word."""


def summaries(db: apsw.Connection) -> dict[int, ModelSummary]:
    """The summary of each model with ended trials, by the number of its name."""
    returned = _returned(db)
    words: dict[int, set[int]] = {}
    replies: dict[int, int] = {}
    spans: dict[int, list[float]] = {}
    for model, ended, said in db.execute("SELECT model, ended, words FROM trial WHERE state != ?", (schema.PLANNED,)):
        span = spans.get(model)
        if span is None:
            spans[model], words[model], replies[model] = [ended, ended], set(), 0
        elif ended > span[1]:
            span[1] = ended
        elif ended < span[0]:
            span[0] = ended
        if said is not None:
            replies[model] += 1
            words[model].add(said)
    return {
        model: ModelSummary(first, last, returned.get(model, ()), replies[model], replies[model] - len(words[model]))
        for model, (first, last) in spans.items()
    }


def _returned(db: apsw.Connection) -> dict[int, tuple[str, ...]]:
    rows = db.execute(
        """SELECT trial.model, name.name FROM attempt JOIN trial ON trial.id = attempt.trial
        JOIN name ON name.id = attempt.returned WHERE attempt.judge = 0
        GROUP BY trial.model, attempt.returned ORDER BY min(attempt.id)"""
    )
    found: dict[int, tuple[str, ...]] = {}
    for model, name in rows:
        if name:
            found[model] = (*found.get(model, ()), name)
    return found
