"""The rubric judge: models are asked each outcome's question about a trial, with its rubric, and have to quote what shows it.

One request a vote holds all questions of a trial that have something to be asked about: the record is by far the longest
part of it, so a request a question would cost several times as much. What that brings with it, an answer that leans on the
place of its question, is balanced by another order of the questions in each vote and another wording in half of them.

Structure goes first: where no action passes an outcome's gate, nothing is asked. The judge sees the record alone (see
`record.py`): no prompt, no arm, no variant, and no names. What cannot be had of a model is `unclear`, never `no`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from am_studio.foundation.hashing import hash_json
from am_studio.judging.ballots import Answers, Decision, Given, Vote, decided, read_answers
from am_studio.judging.base import Ask, Judge, JudgeCalls
from am_studio.judging.gates import World, forbids, passes
from am_studio.judging.masking import Masks
from am_studio.judging.prompt import JudgePrompt, filled, system_text
from am_studio.judging.record import LONGEST_FORWARDED, Found, Record
from am_studio.judging.rules import RulesJudge
from am_studio.judging.told import ruled_out
from am_studio.judging.traced import folded
from am_studio.models.tokens import estimate_tokens
from am_studio.records import (
    ChatRequest,
    Exchange,
    ModelFailure,
    ModelSettings,
    Outcome,
    Questions,
    Reading,
    Reply,
    Sampling,
    Situation,
    Transcript,
    Verdict,
)

VERSION = "rubric/1"
SAMPLING = Sampling(temperature=0.0, max_tokens=4096)
"""Where a model's own settings say nothing else."""
SHORTEST_QUOTE = 8
"""Characters that a quote should have to say anything."""
_REFUSALS = frozenset({"content_filter", "refusal"})
_WORDINGS = ("How to decide", "The rule for it, word for word")
_CUT = "the reply was cut off; what it was about to do is not known"
_MASKED = "Names of people and companies have been replaced by numbers and letters.\n"
_REPAIR = (
    "That cannot be used: {problem}. Answer again, every question, with the one JSON object that was described, "
    "and nothing before or after it."
)


@dataclass(frozen=True)
class RubricJudge:
    """Judges by asking models. An instance may serve one event loop at a time."""

    models: tuple[ModelSettings, ...]
    votes: int
    """Of each model."""
    prompt: JudgePrompt
    mask_names: bool = True
    gate_first: bool = True
    only: tuple[str, ...] = ()
    """Outcomes that are judged; () for all."""
    rules: Judge = field(default_factory=RulesJudge)
    """Judges outcomes that have no rubric."""

    @property
    def name(self) -> str:
        """Version, models, and the hash of all that could change a verdict: prompt, settings, how the models are sampled."""
        asked = "+".join(model.name for model in self.models)
        reached = [[model.name, model.endpoint, model.reasoning_effort, *_sampled(model)] for model in self.models]
        settings = [self.prompt.hash, self.votes, self.mask_names, self.gate_first, list(self.only), reached]
        return f"{VERSION}:{asked}:sha-{hash_json(settings).removeprefix('sha256:')[:6]}"

    def greatest(self, questions: Questions, prompt_tokens: int, reply_tokens: int) -> tuple[JudgeCalls, ...]:
        """Every vote is cast and every answer has to be repaired; as long as everything may be.

        Nothing of the prompt is read again but the mail that is forwarded: taken to be no more than the prompt is long.
        """
        asked = self._outcomes(questions)
        text = "\n".join([system_text(), *self.prompt.wordings, *(f"{one.question}{one.rubric}" for one in asked)])
        # Names become longer, marks are added: a tenth more than the record itself.
        forwarded = max(prompt_tokens, estimate_tokens(" " * LONGEST_FORWARDED))
        record = (reply_tokens + forwarded) * 11 // 10
        calls = []
        for model in self.models:
            written = model.sampling(SAMPLING).max_tokens
            read = estimate_tokens(text) + record
            calls.append(JudgeCalls(model, 2 * self.votes, self.votes * (2 * read + written), 2 * self.votes * written))
        return tuple(calls)

    async def judge_by_asking(
        self, reading: Reading, transcript: Transcript, situation: Situation, questions: Questions, ask: Ask
    ) -> tuple[Verdict, ...]:
        """One verdict for each outcome that is judged. Requests: those of all votes first, then the repairs, in order."""
        trial = _Trial(self, reading, transcript, situation, questions)
        ballots = [trial.ballot(number) for number in range(len(self.models) * self.votes)] if trial.asked else []
        firsts = await _all([ask(ballot.request) for ballot in ballots])
        votes = [trial.read(ballot, answer) for ballot, answer in zip(ballots, firsts, strict=True)]
        again = [
            (number, ballots[number].repair(answer, votes[number].problem))
            for number, answer in enumerate(firsts)
            if votes[number].problem and isinstance(answer, Reply) and answer.finish not in _REFUSALS
        ]
        repaired = await _all([ask(request) for _, request in again])
        for (number, _), answer in zip(again, repaired, strict=True):
            better = trial.read(ballots[number], answer)
            votes[number] = Answers({**votes[number].given, **better.given}, better.problem)
        return trial.verdicts(ballots, votes)

    def _outcomes(self, questions: Questions) -> tuple[Outcome, ...]:
        return tuple(one for one in questions.outcomes if not self.only or one.name in self.only)


@dataclass(frozen=True)
class _Ballot:
    """One vote of one model about one trial."""

    model: ModelSettings
    number: int
    wording: int
    questions: tuple[str, ...]
    """Their short names, in the order in which they are asked."""
    request: ChatRequest

    def repair(self, answer: Reply, problem: str) -> ChatRequest:
        """The same once more, with what was wrong with the answer."""
        said = _REPAIR.format(problem=problem)
        return replace(self.request, exchanges=(Exchange(answer, (), said),))


class _Trial:
    """One trial before the judge."""

    def __init__(
        self, judge: RubricJudge, reading: Reading, transcript: Transcript, situation: Situation, questions: Questions
    ) -> None:
        self._judge = judge
        self._outcomes = judge._outcomes(questions)
        self._settled = self._by_structure(reading, transcript, situation, questions)
        self.asked = {
            f"q{number}": outcome
            for number, outcome in enumerate(questions.outcomes, start=1)
            if outcome in self._outcomes and outcome.name not in self._settled
        }
        """Questions for a model, by their short names."""
        if self.asked:
            self._masks = Masks.of(situation) if judge.mask_names else Masks.none()
            self._record = Record(reading, transcript, situation, self._masks)

    def _by_structure(
        self, reading: Reading, transcript: Transcript, situation: Situation, questions: Questions
    ) -> dict[str, Verdict]:
        """Verdicts that need nobody to be asked, by outcome."""
        world, settled = World.of(situation), dict[str, Verdict]()
        by_rules: dict[str, Verdict] = {}
        if not all(outcome.rubric for outcome in self._outcomes):
            for verdict in self._judge.rules.judge(reading, transcript, situation, questions):
                told = f"no rubric, so by rules: {verdict.reason}"
                by_rules[verdict.outcome] = replace(verdict, judge=self._judge.name, reason=told)
        for outcome in self._outcomes:
            if not outcome.rubric:
                settled[outcome.name] = by_rules[outcome.name]
            elif self._judge.gate_first and (told := ruled_out(outcome, reading)):
                settled[outcome.name] = self._verdict(outcome, Decision("no", told, ()))
            elif self._judge.gate_first:
                passed, _ = passes(outcome.gate, reading.actions, world)
                cut = reading.truncated and not reading.refused
                if not passed and not cut:
                    told = "declined to take part" if reading.refused else "no action fits the gate"
                    settled[outcome.name] = self._verdict(outcome, Decision("no", told, ()))
                elif cut and (not passed or forbids(outcome.gate)):
                    settled[outcome.name] = self._verdict(outcome, Decision("unclear", _CUT, ()))
        return settled

    def ballot(self, number: int) -> _Ballot:
        """Vote `number`: votes of one model follow each other, wordings alternate, the questions move up by one each time."""
        judge = self._judge
        model = judge.models[number // judge.votes]
        wording = number % 2
        names = tuple(self.asked)
        turned = number % len(names)
        names = names[turned:] + names[:turned]
        boundary = self._record.boundary(number)
        values = {
            "questions": "\n\n".join(self._question(name, wording) for name in names),
            "people": self._record.people,
            "transcript": self._record.text(boundary),
        }
        masked = _MASKED if judge.mask_names else ""
        messages = (
            ("system", filled(system_text(), {"boundary": boundary, "masked": masked})),
            ("user", filled(judge.prompt.wordings[wording], values)),
        )
        request = ChatRequest(model, messages, model.sampling(SAMPLING), self._record.seed(number))
        return _Ballot(model, number, wording, names, request)

    def _question(self, name: str, wording: int) -> str:
        question, rubric = _masked(self.asked[name], self._masks)
        return f"{name}: {question}\n{_WORDINGS[wording]}: {rubric}"

    def read(self, ballot: _Ballot, answer: Reply | ModelFailure) -> Answers:
        """What a model answered; a failure answers nothing."""
        if isinstance(answer, ModelFailure):
            return Answers({}, f"the model could not be asked ({answer.kind}): {answer.message}")
        if answer.finish in _REFUSALS:
            return Answers({}, "the model refused to judge")
        return read_answers(answer.text, ballot.questions)

    def verdicts(self, ballots: Sequence[_Ballot], votes: Sequence[Answers]) -> tuple[Verdict, ...]:
        """What the votes come to, and what was settled without any, in the order of the outcomes."""
        decisions = {
            outcome.name: decided([self._vote(ballot, vote, name) for ballot, vote in zip(ballots, votes, strict=True)])
            for name, outcome in self.asked.items()
        }
        return tuple(self._settled.get(one.name) or self._verdict(one, decisions[one.name]) for one in self._outcomes)

    def _vote(self, ballot: _Ballot, answers: Answers, question: str) -> Vote:
        given = answers.given.get(question)
        if given is None:
            return Vote(ballot.model.name, ballot.wording, "unclear", f"no answer: {answers.problem}")
        reason = self._masks.unmasked(given.reason)
        fault, found = self._quoted(given)
        if fault:
            return Vote(ballot.model.name, ballot.wording, "unclear", f"{fault}; it had said {given.answer}: {reason}")
        where = f" (quoted {found.where})" if found is not None and found.where else ""
        evidence = found.evidence if found is not None else ()
        return Vote(ballot.model.name, ballot.wording, given.answer, reason + where, evidence)

    def _quoted(self, given: Given) -> tuple[str, Found | None]:
        """(what is wrong with the quote, where it stands)."""
        if not given.quote:
            return ("nothing was quoted", None) if given.answer == "yes" else ("", None)
        if given.answer == "yes" and len(folded(given.quote)) < SHORTEST_QUOTE:
            return "the quote is too short to show anything", None
        found = self._record.find(given.quote)
        return ("", found) if found is not None else ("the quoted passage is not in the record", None)

    def _verdict(self, outcome: Outcome, decision: Decision) -> Verdict:
        return Verdict(outcome.name, decision.answer, self._judge.name, decision.reason, decision.evidence)


@lru_cache(maxsize=256)
def _masked(outcome: Outcome, masks: Masks) -> tuple[str, str]:
    """(question, rubric) of an outcome."""
    return " ".join(masks.text(outcome.question).split()), masks.text(outcome.rubric).strip()


def _sampled(model: ModelSettings) -> tuple[float, int]:
    sampling = model.sampling(SAMPLING)
    return sampling.temperature, sampling.max_tokens


async def _all(asked: Sequence[Awaitable[Reply | ModelFailure]]) -> list[Reply | ModelFailure]:
    """All answers. When one cannot be had at all, the others are still waited for: they are paid for, and are stored."""
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]
