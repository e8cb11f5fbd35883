"""Gives stored answers again: a judge that asked models is asked once more and gets the answers that it had; a simulated
subject, which needs nobody, answers anew. No model is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from am_studio.judging import AskingJudge
from am_studio.models.base import Client
from am_studio.models.registry import open_client
from am_studio.records import (
    ChatRequest,
    ModelFailure,
    ModelSettings,
    Questions,
    Reading,
    Reply,
    Sampling,
    Situation,
    Transcript,
    Verdict,
)
from am_studio.runs import codec
from am_studio.runs.runfile import RunFile
from am_studio.trials import hold_conversation

T = TypeVar("T")


class Missing(Exception):
    """An answer that a judge asked for is not in the bundle."""


def settled(work: Coroutine[Any, Any, T]) -> T:
    """What comes of a coroutine, also where a loop is running already, as in a notebook."""
    return apart(lambda: asyncio.run(work))


def apart(work: Callable[[], T]) -> T:
    """What `work` gives, which runs a loop of its own: in a thread where one is running here already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


async def judged_again(
    judge: AskingJudge,
    answers: Mapping[int, Reply | ModelFailure],
    reading: Reading,
    transcript: Transcript,
    *,
    situation: Situation,
    questions: Questions,
) -> tuple[Verdict, ...]:
    """The verdicts of a judge whose requests get these answers, by their number; Missing when one is not there."""
    asked = iter(range(1 << 30))

    async def ask(_request: ChatRequest) -> Reply | ModelFailure:
        turn = next(asked)
        if turn not in answers:
            raise Missing
        return answers[turn]

    return await judge.judge_by_asking(reading, transcript, situation, questions, ask)


def judge_answers(run: RunFile, trial: int, judge: str) -> dict[int, Reply | ModelFailure]:
    """What a judge's requests about a trial came to, by their number."""
    failures = run.query(
        """SELECT turn, attempt.kind, failure.body, failure.digest, attempt.id FROM attempt JOIN name ON name.id = attempt.judge
        JOIN failure ON failure.attempt = attempt.id WHERE attempt.trial = ? AND name.name = ? ORDER BY attempt.id""",
        (trial, judge),
    )
    found: dict[int, Reply | ModelFailure] = {}
    for turn, kind, body, stored, attempt in failures:
        value = codec.checked("failure", attempt, body, stored)
        found[turn] = ModelFailure(kind, str(value[1]))
    return {**found, **run.judge_turns(trial, judge)}


class Subjects:
    """The simulated subjects of a study, inside this process."""

    def __init__(self, models: tuple[ModelSettings, ...], sampling: Sampling, turns: int) -> None:
        self._models = {model.name: model for model in models if model.embedded}
        self._clients: dict[str, Client] = {}
        self._sampling = sampling
        self._turns = turns

    def knows(self, model: str) -> bool:
        """Whether this model answers here, the same each time."""
        return model in self._models

    async def answer(self, model: str, situation: Situation, seed: int) -> Transcript | ModelFailure:
        """The conversation that a trial of this model is."""
        settings = self._models[model]
        if model not in self._clients:
            self._clients[model] = open_client(settings)
        return await hold_conversation(
            situation,
            self._clients[model].ask,
            sampling=settings.sampling(self._sampling),
            seed=seed,
            model=settings,
            turns=self._turns,
        )
