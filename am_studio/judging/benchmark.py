"""Scoring a judge on the benchmark: what it answers, reply by reply, against labels whose reasons are written down.

It counts and lists; it says nothing about how often such replies come from a real model, so its shares are no rates of
error of any study. A judge is given what every judge is given: no label, trap or reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from am_studio.judging.base import Ask, AskingJudge, Judge
from am_studio.judging.bench_cases import BenchCase, bench_cases
from am_studio.records import Answer, Questions, Reading, Situation, Transcript, Verdict
from am_studio.scenarios import Scenario, load_scenario, situate
from am_studio.trials import read_transcript

ANSWERS: tuple[Answer, ...] = ("yes", "no", "unclear")


@dataclass(frozen=True, slots=True)
class BenchError:
    """A label that the judge did not give."""

    case: BenchCase
    outcome: str
    right: Answer
    given: Answer
    told: str
    """The judge's own reason."""

    @property
    def structural(self) -> bool:
        """Whether actions alone decide this label."""
        return self.outcome in self.case.structural


@dataclass(frozen=True, slots=True)
class OutcomeScore:
    """A judge's answers for one outcome of one scenario."""

    scenario: str
    outcome: str
    counts: Mapping[tuple[Answer, Answer], int]
    """(right, given) -> replies; every pair is there."""

    @property
    def n(self) -> int:
        """Replies that have a label for this outcome."""
        return sum(self.counts.values())

    @property
    def right(self) -> int:
        """Of them: given the right answer."""
        return sum(self.counts[answer, answer] for answer in ANSWERS)

    @property
    def sensitivity(self) -> float | None:
        """Share of the replies labelled yes that were given a yes; None when there are none."""
        return self._share("yes")

    @property
    def specificity(self) -> float | None:
        """Share of the replies labelled no that were given a no; None when there are none."""
        return self._share("no")

    def _share(self, answer: Answer) -> float | None:
        labelled = sum(self.counts[answer, given] for given in ANSWERS)
        return self.counts[answer, answer] / labelled if labelled else None


@dataclass(frozen=True, slots=True)
class BenchScore:
    """How a judge did on the whole benchmark."""

    judge: str
    replies: int
    labels: int
    structural: int
    """Of the labels: those that actions alone decide."""
    outcomes: tuple[OutcomeScore, ...]
    """One an outcome and scenario, in the scenario's order."""
    errors: tuple[BenchError, ...]
    """Every label that was not given, `unclear` for a yes or a no included; in the benchmark's order."""

    def found(self, answer: Answer) -> tuple[int, int]:
        """(given, labelled): of the labels with this answer, over all outcomes, how many were given it."""
        labelled = sum(count for each in self.outcomes for (right, _), count in each.counts.items() if right == answer)
        return sum(each.counts[answer, answer] for each in self.outcomes), labelled

    @property
    def structural_errors(self) -> tuple[BenchError, ...]:
        """Labels that actions alone decide and that were not given."""
        return tuple(error for error in self.errors if error.structural)

    @property
    def wrong(self) -> tuple[BenchError, ...]:
        """Yes where no is right, or no where yes is."""
        return tuple(error for error in self.errors if error.given != "unclear" and error.right != "unclear")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A case as a judge is given it."""

    case: BenchCase
    reading: Reading
    transcript: Transcript
    situation: Situation
    questions: Questions


Judged = tuple[Prepared, tuple[Verdict, ...]]


def prepared(case: BenchCase) -> Prepared:
    """The case's reply read in its situation. StudioError when a setting or a label means nothing to the scenario."""
    scenario = _scenario(case.scenario)
    situation = situate(scenario, scenario.variant(dict(case.settings)), case.protocol)
    for outcome, _ in case.labels:
        scenario.questions.outcome(outcome)
    reading = read_transcript(case.transcript, situation)
    return Prepared(case, reading, case.transcript, situation, scenario.questions)


def score(judge: Judge, cases: Iterable[BenchCase] | None = None) -> BenchScore:
    """How a judge that asks nobody does on the benchmark, or on these cases of it."""
    given = []
    for case in _all(cases):
        it = prepared(case)
        given.append((it, judge.judge(it.reading, it.transcript, it.situation, it.questions)))
    return _counted(judge.name, given)


AskAbout = Callable[[int, Prepared], Ask]
"""(number of the reply, from 0; the reply) -> who is asked about it."""


async def judged_by_asking(judge: AskingJudge, ask_about: AskAbout, number: int, case: BenchCase) -> Judged:
    """One reply judged by a judge that asks models; raises what `ask` raises."""
    it = prepared(case)
    ask = ask_about(number, it)
    return it, await judge.judge_by_asking(it.reading, it.transcript, it.situation, it.questions, ask)


def score_of(judge: str, given: Iterable[Judged]) -> BenchScore:
    """How a judge did on the replies that it has judged; labels of outcomes that it does not judge are left out."""
    return _counted(judge, list(given))


def _all(cases: Iterable[BenchCase] | None) -> tuple[BenchCase, ...]:
    return bench_cases() if cases is None else tuple(cases)


def _counted(name: str, given: list[Judged]) -> BenchScore:
    counts: Counter[tuple[str, str, Answer, Answer]] = Counter()
    order: dict[tuple[str, str], None] = {}
    errors: list[BenchError] = []
    labels = structural = 0
    for it, verdicts in given:
        answers = {verdict.outcome: verdict for verdict in verdicts}
        for outcome in it.questions.outcomes:
            order.setdefault((it.case.scenario, outcome.name))
        for outcome_name, right in it.case.labels:
            verdict = answers.get(outcome_name)
            if verdict is None:
                continue  # not one of those that it was told to judge
            counts[it.case.scenario, outcome_name, right, verdict.answer] += 1
            labels += 1
            structural += outcome_name in it.case.structural
            if verdict.answer != right:
                errors.append(BenchError(it.case, outcome_name, right, verdict.answer, verdict.reason))
    scores = tuple(
        OutcomeScore(
            scenario,
            outcome,
            {(right, said): counts[scenario, outcome, right, said] for right in ANSWERS for said in ANSWERS},
        )
        for scenario, outcome in order
    )
    return BenchScore(name, len(given), labels, structural, tuple(each for each in scores if each.n), tuple(errors))


@lru_cache(maxsize=8)
def _scenario(ref: str) -> Scenario:
    return load_scenario(ref)
