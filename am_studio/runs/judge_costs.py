"""What a judge that asks models can come to, before the first call. Retries are left out, as they are for subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from am_studio.judging import AskingJudge, Judge
from am_studio.models.prices import find_price
from am_studio.records import Questions


@dataclass(frozen=True, slots=True)
class PlannedJudging:
    """What one model is asked by the judge, over all trials."""

    model: str
    calls: int
    """The greatest number of its requests."""
    greatest_cost: float | None
    """US dollars: every trial is judged, everything is as long as it may be; None: no price is known."""


def planned_judging(
    judge: Judge | AskingJudge, questions: Sequence[Questions], *, trials: int, prompt_tokens: int, reply_tokens: int
) -> tuple[PlannedJudging, ...]:
    """A line for each model that the judge asks, none for a judge that asks nobody.

    `questions` are those of each scenario of the run; every trial is taken to be of the one that costs most. `prompt_tokens` and `reply_tokens` are what the subject reads and writes in one trial at most.
    """
    if isinstance(judge, Judge):
        return ()
    planned: dict[str, PlannedJudging] = {}
    for each in questions:
        for asked in judge.greatest(each, prompt_tokens, reply_tokens):
            price, name = find_price(asked.model), asked.model.name
            cost = None if price is None else price.at_most(asked.input_tokens, asked.output_tokens) * trials
            calls, known = asked.calls * trials, planned.get(name)
            if known is not None:
                calls, cost = max(calls, known.calls), _greater(cost, known.greatest_cost)
            planned[name] = PlannedJudging(name, calls, cost)
    return tuple(planned.values())


def _greater(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one, other)
