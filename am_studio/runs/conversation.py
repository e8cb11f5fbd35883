"""Asks models on behalf of one trial: row first, then the request, then what came of it; tries again where that helps.

The only place from which a run's requests leave, those of the subject and those of judges. What a simulated subject meant
is stored and taken off the reply here, so that nothing that reads or judges a reply can see it. Replies that an earlier
session stored are given again instead of being paid for twice.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from am_studio.foundation.errors import StudioError
from am_studio.models.base import Client
from am_studio.models.prices import Price
from am_studio.models.tokens import CHARACTERS_A_TOKEN
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Reply, Situation, Variant
from am_studio.runs.events import AttemptFailed, Event
from am_studio.runs.flow import Halt, Lane, wait_before
from am_studio.runs.ledger import Ledger, settled, worst_case
from am_studio.runs.operations import AttemptEnded, AttemptStarted, Operation, PromptKnown


@dataclass(frozen=True, slots=True)
class Line:
    """A model with everything that is needed to ask it."""

    settings: ModelSettings
    client: Client
    price: Price | None
    lane: Lane


class Rows(Protocol):
    """Numbers requests and knows those of earlier sessions."""

    def new_attempt(self) -> int:
        """The number of the next request."""
        ...

    def judge_turns(self, trial: int, judge: str) -> dict[int, Reply]:
        """The answers that a judge has about a trial, by turn."""
        ...

    def asked(self, trial: int, judge: str) -> int:
        """How many requests this judge has made about a trial, in all sessions."""
        ...


class Books(Protocol):
    """Where requests and what came of them are written down."""

    def note(self, *operations: Operation) -> None:
        """Have these stored soon."""
        ...

    async def store(self, *operations: Operation) -> None:
        """Returns when these are durable, as far as anything is here."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What all conversations of a run share."""

    run: Rows
    recorder: Books
    ledger: Ledger
    lines: Mapping[ModelSettings, Line]
    emit: Callable[[Event], None]
    out_of_budget: Callable[[], None]
    tries: int
    """Failures of one turn in one session, at most; refusals because of its rate are no failures of a request."""
    attempt_seconds: float
    """Wall-clock limit of one request, also of a reply that only drips in."""
    chance: random.Random
    prompts_stored: set[Variant] = field(default_factory=set)
    """Variants whose prompt is stored."""


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier sessions have of a conversation."""

    replies: Mapping[int, Reply] = field(default_factory=dict)
    """By turn."""
    requests: int = 0


class Conversation:
    """The requests of one trial in their order: the subject's, or those of one judge."""

    def __init__(
        self, desk: Desk, trial: int, order: int, situation: Situation, before: Before = Before(), *, judge: str = ""
    ) -> None:
        self._desk = desk
        self._trial = trial
        self._order = order
        self._situation = situation
        self._before = before
        self._judge = judge
        self._turn = 0
        self.requests = before.requests
        """Requests in all sessions."""

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        """The answer to the next turn, or the failure that is left after every try.

        Halt when nothing more may be sent; StudioError when the run cannot be written, or the model is not one of the run.
        """
        turn = self._turn
        self._turn += 1
        known = self._before.replies.get(turn)
        if known is not None:
            return known if known.intent is None else replace(known, intent=None)
        line = self._desk.lines.get(request.model)
        if line is None:
            raise StudioError(f"{self._judge or 'a trial'} asks {request.model.name}, which the run does not know")
        breaker = line.lane.breaker
        failures, answers, openings = 0, 0, breaker.openings
        while True:
            answer, pause = await self._attempt(line, request, turn)
            if isinstance(answer, Reply):
                return answer if answer.intent is None else replace(answer, intent=None)
            line.lane.check()
            if answer.kind == "rate_limit" or breaker.open:
                # The provider or the model is paused for everybody: no failure of this trial.
                self._failed(line, answer, pause)
                failures = 0 if breaker.open else failures
                continue
            if not failures or openings != breaker.openings:
                failures, answers, openings = 0, breaker.answers, breaker.openings
            failures += 1
            # Where the model has answered nobody else since, it may be the model and not the trial: nearly twice as many.
            if failures >= (self._desk.tries if breaker.answers != answers else 2 * self._desk.tries - 1):
                self._failed(line, answer, None)
                return answer
            seconds = wait_before(failures, self._desk.chance)
            self._failed(line, answer, seconds)
            await line.lane.rest(seconds)

    async def _attempt(self, line: Line, request: ChatRequest, turn: int) -> tuple[Reply | ModelFailure, float]:
        """(what came of one request, seconds for which nothing more is asked because of it)."""
        desk, lane = self._desk, line.lane
        leave = await lane.admit(self._order, _tokens(request) if lane.provider.throttle.counts_tokens else 0.0)
        reserved, cost = worst_case(request, line.price), 0.0
        answer: Reply | ModelFailure | None = None
        try:
            if not await desk.ledger.reserve(reserved):
                desk.out_of_budget()
                raise Halt
            try:
                attempt = await self._row(lane, turn, reserved)
                cost = reserved
                began = time.monotonic()
                answer = await self._answer(line.client, request)
                seconds = time.monotonic() - began
                cost = settled(answer, reserved)
            finally:
                await desk.ledger.settle(reserved, cost)
        finally:
            if answer is None:
                lane.back(leave)
        desk.recorder.note(AttemptEnded(attempt, self._trial, turn, seconds, answer, cost, self._judge))
        return answer, lane.came(leave, self._trial, answer)

    async def _row(self, lane: Lane, turn: int, reserved: float) -> int:
        """The number of the request's row, which is durable; with the prompt that it sends, when that is not stored yet."""
        desk = self._desk
        lane.check()
        attempt = desk.run.new_attempt()
        self.requests += 1
        started = AttemptStarted(attempt, self._trial, turn, self.requests, time.time(), reserved, self._judge)
        variant = self._situation.variant
        if not self._judge and variant not in desk.prompts_stored:
            desk.prompts_stored.add(variant)
            desk.recorder.note(PromptKnown(variant, self._situation.prompt))
        await desk.recorder.store(started)
        return attempt

    async def _answer(self, client: Client, request: ChatRequest) -> Reply | ModelFailure:
        try:
            async with asyncio.timeout(self._desk.attempt_seconds):
                return await client.ask(request)
        except TimeoutError:
            return ModelFailure("timeout", f"No whole reply came within {self._desk.attempt_seconds:g} s.")
        except StudioError:
            raise
        except Exception as error:  # noqa: BLE001 - a long run outlives a mistake in a client; its text may hold a key
            return ModelFailure("other", f"The client of this model failed: {type(error).__name__}.")

    def _failed(self, line: Line, failure: ModelFailure, waits: float | None) -> None:
        name = line.settings.name
        self._desk.emit(AttemptFailed(time.monotonic(), self._trial, name, failure.kind, failure.message, waits))


def _tokens(request: ChatRequest) -> float:
    """What a request may need, as rate limits count: its text at four characters a token, and all it may write."""
    characters = sum(len(text) for _, text in request.messages)
    for exchange in request.exchanges:
        characters += len(exchange.reply.text) + len(exchange.said) + sum(len(each.text) for each in exchange.results)
    return characters / CHARACTERS_A_TOKEN + request.sampling.max_tokens
