"""Scores a judge that asks models on the judge benchmark: many replies at a time, tried again, within a budget, stoppable.

Nothing is stored: a benchmark is asked anew each time. It asks as a run does, through the same queue and the same ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from am_studio.foundation.errors import StudioError, nearest
from am_studio.judging import Ask, AskingJudge, Judge, open_judge, settle_judge
from am_studio.judging.bench_cases import BenchCase, bench_cases
from am_studio.judging.benchmark import BenchScore, Judged, Prepared, judged_by_asking, prepared, score_of
from am_studio.models.base import Client
from am_studio.models.prices import find_price
from am_studio.models.registry import open_client
from am_studio.models.tokens import estimate_tokens
from am_studio.records import ModelSettings, Reply
from am_studio.runs.asking_session import AskingSession, Ending
from am_studio.runs.carry import OpenClient, Stopping, stop_signals
from am_studio.runs.conversation import Conversation
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.events import Observer
from am_studio.runs.flow import Halt
from am_studio.runs.judge_costs import AskedOfJudges, PlannedJudging
from am_studio.runs.operations import AttemptEnded, Operation
from am_studio.trials import shown


@dataclass(frozen=True, slots=True)
class BenchPlan(AskedOfJudges):
    """What scoring a judge would do."""

    judge: AskingJudge
    cases: tuple[BenchCase, ...]


@dataclass(frozen=True, slots=True)
class Benched:
    """What came of it."""

    score: BenchScore
    """Over the replies that were judged."""
    ending: Ending
    calls: int
    """Requests that were answered or failed."""
    cost: float
    """US dollars."""


@dataclass(frozen=True, slots=True)
class BenchWatch:
    """How it is bounded and watched."""

    budget_usd: float | None = None
    progress: Callable[[int], None] = lambda _: None
    """Told how many replies have been judged, whenever one more was."""
    observer: Observer = lambda _: None
    settings: EngineSettings = field(default_factory=EngineSettings)


def bench_judge(settings: Mapping[str, Any]) -> Judge | AskingJudge:
    """The judge of these settings; StudioError when they make none."""
    return open_judge(settle_judge(settings, _no_file))


def labelled(outcomes: Sequence[str] = ()) -> tuple[BenchCase, ...]:
    """The replies that have a label for one of these outcomes, all when none is named; StudioError for one that is nowhere."""
    known = {outcome for case in bench_cases() for outcome, _ in case.labels}
    for outcome in outcomes:
        if outcome not in known:
            raise StudioError(f"no reply of the benchmark has a label for '{outcome}'", hint=nearest(outcome, known))
    return tuple(case for case in bench_cases() if not outcomes or {name for name, _ in case.labels} & set(outcomes))


def plan_bench(judge: AskingJudge, cases: Sequence[BenchCase]) -> BenchPlan:
    """What this judge would be asked about these replies, and what that can cost."""
    asked = [each for it in map(prepared, cases) for each in judge.greatest(it.questions, 0, _written(it))]
    planned = []
    for model in judge.models:
        own, price = [each for each in asked if each.model == model], find_price(model)
        cost = None if price is None else sum(price.at_most(each.input_tokens, each.output_tokens) for each in own)
        planned.append(PlannedJudging(model.name, sum(each.calls for each in own), cost))
    return BenchPlan(judge, tuple(cases), models=judge.models, asked=tuple(planned))


def _written(it: Prepared) -> int:
    """Tokens of what is shown of a reply; a little more for what became of its actions."""
    return sum(estimate_tokens(f"{reply.reasoning}\n{shown(reply).text}") + 200 for reply in it.transcript.replies)


def score_by_asking(
    plan: BenchPlan, watch: BenchWatch | None = None, *, open_model: OpenClient = open_client
) -> Benched:
    """Ask about every reply, and count. Ctrl-C, a spent budget and a model that gives up end it with what there is."""
    return asyncio.run(_session(plan, watch or BenchWatch(), open_model))


async def _session(plan: BenchPlan, watch: BenchWatch, open_model: OpenClient) -> Benched:
    stopping = Stopping()
    with stop_signals(stopping.stop):
        clients = {model: open_model(model) for model in plan.models}
        try:
            session = _Session(plan, clients, watch)
            await stopping.hand_over(session)
            return await session.carry_out()
        finally:
            for client in clients.values():
                await client.close()


class _Session(AskingSession):
    """One scoring under way."""

    def __init__(self, plan: BenchPlan, clients: Mapping[ModelSettings, Client], watch: BenchWatch) -> None:
        super().__init__(clients, watch.settings, watch.observer, watch.budget_usd)
        self._plan = plan
        self._watch = watch
        self._given: dict[int, Judged] = {}
        self._books = _Books()
        self._desk = self._make_desk(self._books, self._books, 0.0)

    async def carry_out(self) -> Benched:
        """Every reply, side by side; what was judged is counted in the order of the benchmark."""
        for number, case in enumerate(self._plan.cases):
            self._crew.start(self._judge(number, case))
        try:
            await self._crew.through()
        finally:
            await self._hang_up()
        left = len(self._plan.cases) - len(self._given)
        ending = Ending(*self._halted, left) if self._halted and left else Ending("finished", "", left)
        score = score_of(self._plan.judge.name, (self._given[number] for number in sorted(self._given)))
        return Benched(score, ending, self._books.ended, self._desk.ledger.spent)

    async def _judge(self, number: int, case: BenchCase) -> None:
        try:
            self._given[number] = await judged_by_asking(self._plan.judge, self._about, number, case)
        except Halt:
            return
        self._watch.progress(len(self._given))

    def _about(self, number: int, it: Prepared) -> Ask:
        conversation = Conversation(self._desk, number + 1, number, it.situation, judge=self._plan.judge.name)
        return conversation.ask


class _Books:
    """Numbers requests and counts what came of them; nothing is kept."""

    def __init__(self) -> None:
        self._last = 0
        self.ended = 0
        """Requests that something came of."""

    def new_attempt(self) -> int:
        self._last += 1
        return self._last

    def judge_turns(self, trial: int, judge: str) -> dict[int, Reply]:
        return {}

    def asked(self, trial: int, judge: str) -> int:
        return 0

    def note(self, *operations: Operation) -> None:
        self.ended += sum(isinstance(operation, AttemptEnded) for operation in operations)

    async def store(self, *operations: Operation) -> None:
        self.note(*operations)


def _no_file(name: str) -> str:
    raise StudioError(f"the prompt '{name}' is not at hand", hint="name the file with --prompt")
