"""Reads replies for an exported task: one line of JSON in, one out, until the input ends. Never asks a model.

Verdicts of the rules, of the rubric (whose questions go back to whoever asks, to be put to a model there), and what the mail
client answers in the `tools` protocol: the same code as in a run of ours, so that both agree to the trial. It keeps nothing
between two lines but the scenarios.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import read_text
from am_studio.judging.prompt import builtin_prompt
from am_studio.judging.rubric import RubricJudge
from am_studio.judging.rules import RulesJudge
from am_studio.records import (
    ChatRequest,
    Finish,
    FunctionCall,
    ModelFailure,
    ModelSettings,
    Reply,
    Situation,
    Transcript,
    Usage,
    Verdict,
)  # fmt: skip
from am_studio.runs.variants import variant_of
from am_studio.scenarios import Scenario, load_scenario, situate
from am_studio.trials import read_transcript
from am_studio.trials.mailbox import Mailbox
from am_studio.trials.protocols import turn_seed

LONGEST = 32 * 1024 * 1024
"""Characters of a line."""
_FINISHES: dict[str, Finish] = {"length": "length", "content_filter": "content_filter", "refusal": "refusal"}


class _Asked(Exception):
    """The judge wants an answer that is not there yet."""


class Answering:
    """The scenarios of a package, ready to read replies by."""

    def __init__(self, package: Path) -> None:
        """StudioError where the package is none, or its scenarios are not those that it was made with."""
        try:
            told = json.loads(read_text(package / "package.json"))
            named = [(str(s["name"]), str(s["hash"]), str(s["directory"]), str(s["ref"])) for s in told["scenarios"]]
            self._protocol, self._turns = told["protocol"], int(told["turns"])
        except (ValueError, KeyError, TypeError) as error:
            raise StudioError(f"{package} is no exported task", f"package.json: {error}") from error
        (own, *others) = [(name, self._loaded(package, hash_, where, ref)) for name, hash_, where, ref in named]
        self.scenario: Scenario = replace(own[1], beside=dict(others))
        self._rules = RulesJudge()

    @staticmethod
    def _loaded(package: Path, planned: str, directory: str, ref: str) -> Scenario:
        path = (package / directory).resolve()
        if not path.is_relative_to(package.resolve()):
            raise StudioError(f"{package} is no exported task", f"{directory} is not inside it")
        scenario = load_scenario(path)
        if scenario.hash != planned:
            raise StudioError(
                f"{path} was changed since the task was exported",
                f"exported: {planned}\nfound: {scenario.hash}",
                "export it again",
            )
        return replace(scenario, ref=ref)

    def lines(self, given: Iterable[str]) -> Iterator[str]:
        """An answer to each line, in their order; what cannot be read is answered with `error`."""
        for line in given:
            if not line.strip():
                continue
            try:
                answer = self.answer(json.loads(line) if len(line) <= LONGEST else {})
            except StudioError as error:
                answer = {"error": f"{error.title}: {error.detail}" if error.detail else error.title}
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                answer = {"error": f"not understood: {type(error).__name__}: {error}"}
            yield json.dumps(answer, ensure_ascii=True)

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one question; `do` says which: `rules`, `rubric` or `turn`."""
        situation = situate(self.scenario, variant_of(asked["variant"]), self._protocol)
        transcript = Transcript(tuple(_reply(each) for each in asked["replies"]))
        match asked["do"]:
            case "turn":
                return self._turn(transcript, situation, asked.get("seed"))
            case "rules":
                reading = read_transcript(transcript, situation)
                questions = self.scenario.questions_for(situation.variant)
                verdicts = self._rules.judge(reading, transcript, situation, questions)
                told = {"refused": reading.refused, "truncated": reading.truncated, "actions": len(reading.actions)}
                return {"verdicts": _plain(verdicts), "judge": self._rules.name, **told}
            case "rubric":
                return self._rubric(asked, transcript, situation)
            case other:
                raise StudioError(f"there is no question '{other}'")

    def _turn(self, transcript: Transcript, situation: Situation, seed: Any) -> dict[str, Any]:
        """What the mail client makes of the last reply, after all earlier ones; and the seed of the turn to come."""
        mailbox = Mailbox(situation, self._turns)
        step = None
        for reply in transcript.replies:
            step = mailbox.take(reply)
        if step is None:
            raise StudioError("there is no reply to take")
        results = [{"call": result.call, "text": result.text} for result in step.exchange.results]
        more = {"seed": turn_seed(seed, len(transcript.replies))} if isinstance(seed, int) else {}
        return {"results": results, "said": step.exchange.said, "over": step.over, **more}

    def _rubric(self, asked: Mapping[str, Any], transcript: Transcript, situation: Situation) -> dict[str, Any]:
        """Verdicts, or what has to be asked of a model before there are any."""
        answers = [_judge_answer(each) for each in asked.get("answers", ())]
        judge = RubricJudge((ModelSettings(str(asked.get("model") or "grader")),), 1, builtin_prompt())
        pending: list[dict[str, Any]] = []
        given = iter(answers)

        async def ask(request: ChatRequest) -> Reply | ModelFailure:
            found = next(given, None)
            if found is not None:
                return found
            messages = [{"role": role, "content": text} for role, text in request.messages]
            for exchange in request.exchanges:
                messages.append({"role": "assistant", "content": exchange.reply.text})
                messages.append({"role": "user", "content": exchange.said})
            sampling = {"temperature": request.sampling.temperature, "max_tokens": request.sampling.max_tokens}
            pending.append({"messages": messages, **sampling})
            raise _Asked

        reading = read_transcript(transcript, situation)
        questions = self.scenario.questions_for(situation.variant)
        try:
            verdicts = asyncio.run(judge.judge_by_asking(reading, transcript, situation, questions, ask))
        except _Asked:
            return {"asks": pending}
        return {"verdicts": _plain(verdicts), "judge": judge.name}


def _plain(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    return [{"outcome": v.outcome, "answer": v.answer, "reason": v.reason} for v in verdicts]


def _reply(given: Mapping[str, Any]) -> Reply:
    calls = tuple(FunctionCall(str(c["id"]), str(c["name"]), str(c["arguments"])) for c in given.get("calls", ()))
    finish = _FINISHES.get(str(given.get("finish", "")), "stop")
    return Reply(str(given.get("text") or ""), str(given.get("reasoning") or ""), finish, Usage(), "", calls=calls)


def _judge_answer(given: Mapping[str, Any]) -> Reply | ModelFailure:
    if "failure" in given:
        return ModelFailure("other", str(given["failure"])[:500])
    return _reply(given)
