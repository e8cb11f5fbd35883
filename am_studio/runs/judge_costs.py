"""What a judge that asks models can come to, before the first call. Retries are left out, as they are for subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from am_studio.judging import AskingJudge, Judge
from am_studio.models.prices import find_price
from am_studio.records import ModelSettings, Questions


@dataclass(frozen=True, slots=True)
class PlannedJudging:
    """What one model is asked by the judge, over all trials."""

    model: str
    calls: int
    """The greatest number of its requests."""
    greatest_cost: float | None
    """US dollars: every trial is judged, everything is as long as it may be; None: no price is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOfJudges:
    """What a plan says of the models that judges ask."""

    models: tuple[ModelSettings, ...]
    """That are asked."""
    asked: tuple[PlannedJudging, ...]

    @property
    def calls(self) -> int:
        """Requests, at most."""
        return sum(each.calls for each in self.asked)

    @property
    def greatest_cost(self) -> float | None:
        """US dollars at most; None when a price is unknown."""
        costs = [each.greatest_cost for each in self.asked]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models whose price is unknown."""
        return tuple(model.name for model in self.models if find_price(model) is None)


def planned_judging(
    judge: Judge | AskingJudge, questions: Sequence[Questions], *, trials: int, prompt_tokens: int, reply_tokens: int
) -> tuple[PlannedJudging, ...]:
    """A line for each model that the judge asks, none for a judge that asks nobody.

    `questions` are those of each scenario of the run; every trial is taken to be of the one that costs most. `prompt_tokens` and `reply_tokens` are what the subject reads and writes in one trial at most.
    """
    if isinstance(judge, Judge):
        return ()
    each = [_planned(judge, asked, trials, prompt_tokens, reply_tokens) for asked in questions]
    return tuple(
        PlannedJudging(same[0].model, max(one.calls for one in same), _greatest([one.greatest_cost for one in same]))
        for same in zip(*each, strict=True)
    )


def _planned(
    judge: AskingJudge, questions: Questions, trials: int, prompt_tokens: int, reply_tokens: int
) -> list[PlannedJudging]:
    planned = []
    for asked in judge.greatest(questions, prompt_tokens, reply_tokens):
        price = find_price(asked.model)
        cost = None if price is None else price.at_most(asked.input_tokens, asked.output_tokens) * trials
        planned.append(PlannedJudging(asked.model.name, asked.calls * trials, cost))
    return planned


def _greatest(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return max(known) if len(known) == len(costs) else None
