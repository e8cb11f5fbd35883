"""Judging a run again, as people follow it: the plan before, a line now and then, what it came to. Draws no table."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Self

from am_studio.cli.console import say
from am_studio.foundation.hygiene import one_line
from am_studio.records import ModelSettings
from am_studio.reports.numbers import duration
from am_studio.reports.plan_words import most_words, reach_words
from am_studio.runs import schema
from am_studio.runs.events import AttemptFailed, Event, ModelPaused, ModelResumed, ModelStopped, RunStopping
from am_studio.runs.judge_costs import PlannedJudging
from am_studio.runs.judging_plan import JudgeSeen, JudgingPlan
from am_studio.runs.runfile import RunFile

SECONDS_BETWEEN_LINES = 5.0
SIMULATED_JUDGE = "SIMULATED: verdicts of a simulated judge are no evidence about any real judge."


class JudgingView:
    """Watches one session of judging; use it as a context."""

    def __init__(self, total: int, things: str = "trials") -> None:
        """`total`: how many there are to judge."""
        self._total = total
        self._things = things
        self._judged = 0
        self._began = self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line()

    def judged(self, number: int) -> None:
        """So many in this session."""
        self._judged = number
        if time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._line()

    def observe(self, event: Event) -> None:
        """Tell what keeps the session from going on."""
        match event:
            case ModelStopped(model=model, reason=reason):
                self._say(f"nothing more is asked of {model}: {reason}")
            case ModelPaused(model=model, seconds=seconds, reason=reason):
                self._say(f"{model} is paused for {duration(seconds)}: {reason}")
            case ModelResumed(model=model):
                self._say(f"{model} is asked again")
            case AttemptFailed(message=message, waits=None):
                self._say(f"trial {event.trial}: gave up: {event.kind}: {message}")
            case RunStopping(in_flight=in_flight) if in_flight:
                self._say(f"stopping: waiting for {in_flight} requests in flight; Ctrl-C again leaves them")
            case _:
                pass

    def _line(self) -> None:
        seconds = max(time.monotonic() - self._began, 1e-9)
        self._say(f"judged {self._judged}/{self._total} {self._things} in {duration(seconds)}")

    def _say(self, text: str) -> None:
        say(one_line(text))


def plan_lines(plan: JudgingPlan, budget: float | None) -> Iterator[str]:
    """What would be done, a line each."""
    already = f", {plan.judged} are judged by it already" if plan.judged else ""
    yield one_line(f"{plan.judge}: {plan.trials} trials to judge{already}")
    if plan.left_out:
        yield f"{plan.left_out} trials have no finished conversation and are left out"
    yield from asked_lines(plan.asked, plan.models)
    if any(model.simulated for model in plan.models):
        yield SIMULATED_JUDGE
    if budget is not None:
        yield f"budget ${budget:,.2f}, of which ${plan.spent:,.2f} are spent"


def asked_lines(asked: Sequence[PlannedJudging], models: Sequence[ModelSettings]) -> Iterator[str]:
    """What a judge asks of each model at most, and how it is reached."""
    for each in asked:
        yield one_line(f"{each.model}: at most {each.calls} calls, {most_words(each.greatest_cost)}")
    for model in models:
        if told := reach_words(model):
            yield one_line(f"{model.name} {told}")


def seen_lines(seen: Sequence[JudgeSeen]) -> Iterator[str]:
    """The judges of a run, a line each."""
    if not seen:
        yield "no trial of this run is judged yet"
    for judge in seen:
        own = " (the plan's)" if judge.own else ""
        cost = f", ${judge.cost:,.2f}" if judge.cost else ""
        yield one_line(f"{judge.name}{own}: {judge.trials} trials{cost}")


def summary(run: RunFile, judge: str) -> dict[str, Any]:
    """What a judge said, by outcome, and how often the plan's judge said the same."""
    numbers = dict(run.query("SELECT name, id FROM name WHERE kind = 'judge'"))
    this, own = numbers.get(judge, -1), numbers.get(run.plan.judge, -1)
    outcomes: dict[str, dict[str, int]] = {}
    for name, answer, count in run.query(
        """SELECT name.name, answer, count(*) FROM verdict JOIN name ON name.id = verdict.outcome
        WHERE judge = ? GROUP BY name.id, answer ORDER BY name.id""",
        (this,),
    ):
        outcomes.setdefault(name, dict.fromkeys(schema.ANSWERS, 0))[schema.ANSWERS[answer]] = count
    both = run.query(
        """SELECT name.name, count(*), sum(a.answer = b.answer) FROM verdict a
        JOIN verdict b ON b.trial = a.trial AND b.outcome = a.outcome AND b.judge = ?
        JOIN name ON name.id = a.outcome WHERE a.judge = ? GROUP BY name.id ORDER BY name.id""",
        (own, this),
    )
    trials = next(run.query("SELECT count(*) FROM evidence WHERE judge = ?", (this,)))[0]
    return {
        "judge": judge,
        "simulated": run.simulated_judge(judge),
        "plan_judge": run.plan.judge,
        "trials": trials,
        "cost_usd": run.spent(judge),
        "outcomes": outcomes,
        "against_the_plan": {} if this == own else {name: {"both": n, "same": same} for name, n, same in both},
    }
