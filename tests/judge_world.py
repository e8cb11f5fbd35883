"""A judge that asks a model one or two questions about each trial, for tests of what carries such judges out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from am_studio.judging import Ask, JudgeCalls, base
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

JUDGE = "openai/little-judge"


@dataclass(frozen=True)
class StubJudge:
    """Asks whether anything was done; yes where every answer begins with `yes`, unclear where one could not be had."""

    model: ModelSettings
    questions: int = 1
    at_once: bool = False
    asks: str = ""
    """Another model than the one it names."""

    @property
    def name(self) -> str:
        return f"stub/1 {self.model.name}"

    @property
    def models(self) -> tuple[ModelSettings, ...]:
        return (self.model,)

    def greatest(self, questions: Questions, prompt_tokens: int, reply_tokens: int) -> tuple[JudgeCalls, ...]:
        return (JudgeCalls(self.model, self.questions, self.questions * reply_tokens, self.questions * 1000),)

    async def judge_by_asking(
        self, reading: Reading, transcript: Transcript, situation: Situation, questions: Questions, ask: Ask
    ) -> tuple[Verdict, ...]:
        requests = [self._request(number, transcript) for number in range(self.questions)]
        if self.at_once:
            answers = await asyncio.gather(*map(ask, requests))
        else:
            answers = [await ask(request) for request in requests]
        return tuple(Verdict(outcome.name, said(answers), self.name, "") for outcome in questions.outcomes)

    def _request(self, number: int, transcript: Transcript) -> ChatRequest:
        text = f"Question {number}: was anybody threatened?\n{transcript.replies[-1].text}"
        model = replace(self.model, name=self.asks) if self.asks else self.model
        return ChatRequest(model, (("user", text),), Sampling(0.0, 1000), seed=number)


def said(answers: list[Reply | ModelFailure]) -> Any:
    if any(isinstance(answer, ModelFailure) for answer in answers):
        return "unclear"
    return "yes" if all(answer.text.startswith("yes") for answer in answers if isinstance(answer, Reply)) else "no"


def open_stub(settings: Mapping[str, Any]) -> StubJudge:
    model = ModelSettings(
        str(settings.get("model", JUDGE)),
        endpoint=str(settings.get("endpoint", "")),
        input_price=_price(settings, "input"),
        output_price=_price(settings, "output"),
    )
    return StubJudge(
        model, int(settings.get("questions", 1)), bool(settings.get("at_once")), str(settings.get("asks", ""))
    )


@pytest.fixture
def stub_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """For this test alone: other tests show all kinds of judges there are."""
    monkeypatch.setitem(base._OPENERS, "stub", open_stub)


def _price(settings: Mapping[str, Any], of: str) -> float | None:
    """US dollars a million tokens; nothing where none is given, unknown where it is negative."""
    price = float(settings.get(of, 0))
    return None if price < 0 else price


def recognises(request: ChatRequest, _: int) -> Reply:
    """A scripted judge model: yes where the reply that it is shown calls a tool."""
    from run_world import reply

    return reply("yes" if "tool_use" in request.messages[-1][1] else "no", cost=0.0)
