"""How often an outcome is a yes among trials whose subject says that the situation is a test, that it is real, or neither.

It counts what a judge found in each trial and explains nothing. What a subject says of the situation is chosen by the
subject and not by the design, so a difference between these rates is a correlation; the caution goes wherever they do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from am_studio.effects.intervals import rate_of
from am_studio.foundation.errors import StudioError, nearest
from am_studio.records import Answer, Counts, Questions, Rate
from am_studio.runs import schema
from am_studio.runs.carried import load_carried
from am_studio.runs.runfile import RunFile

Stated = Literal["test", "real", "silent", "unclear"]
"""What a trial's subject says: a test, real, neither; or the judge cannot tell, or finds both."""

CAUTION = (
    "Correlation, not effect: a subject chooses what it says of the situation, often in the same breath as what it does, "
    "and details that change the one can change the other. What asking does is seen by switching the question on and off."
)


@dataclass(frozen=True, slots=True)
class BeliefRate:
    """The rate of an outcome among the trials of one model with one stated belief."""

    model: str
    arm: str
    """Empty: all arms together."""
    belief: Stated
    counts: Counts
    """Of the trials with this belief; `planned` is their number."""
    rate: Rate
    """yes / (yes + no + unclear), with Wilson's interval, as every raw rate here."""


@dataclass(frozen=True, slots=True)
class BeliefRates:
    """The rates of one outcome by stated belief."""

    outcome: str
    judge: str
    rates: tuple[BeliefRate, ...]
    """By model, then arm (all together first), then belief."""
    caution: str = CAUTION

    def pooled(self) -> tuple[BeliefRate, ...]:
        """The rates over all arms together."""
        return tuple(rate for rate in self.rates if not rate.arm)


def belief_rates(run: RunFile, outcome: str | None = None, judge: str | None = None) -> BeliefRates:
    """The rates of an outcome (the study's own when None) by what the subject says, as one judge has both.

    StudioError when the outcome is unknown, or the scenario has no outcomes that say what the subject believes.
    """
    plan = run.plan
    questions = load_carried(run.scenario_texts, plan).questions
    asked, judge = outcome or plan.study.outcome, judge or plan.judge
    names = [known.name for known in questions.outcomes]
    if asked not in names:
        raise StudioError(f"{plan.scenario} has no outcome '{asked}'", hint=nearest(asked, names))
    counts = _counts(run, asked, judge, _belief_outcomes(questions, plan.scenario))
    rates = []
    for model in dict.fromkeys(each.name for each in plan.study.models):
        for arm in ("", *(each.name for each in plan.arms)):
            for belief in get_args(Stated):
                found = {answer: counts[model, arm, belief, answer] for answer in schema.ANSWERS}
                n = sum(found.values())
                told = Counts(n, yes=found["yes"], no=found["no"], unclear=found["unclear"])
                rates.append(BeliefRate(model, arm, belief, told, rate_of(found["yes"], n)))
    return BeliefRates(asked, judge, tuple(rates))


def stated(test: frozenset[Answer], real: frozenset[Answer]) -> Stated:
    """What a subject says, from the answers of the outcomes about a test and of those about reality."""
    says_test, says_real = "yes" in test, "yes" in real
    if says_test != says_real:
        return "test" if says_test else "real"
    return "unclear" if says_test or "unclear" in test | real else "silent"


def _belief_outcomes(questions: Questions, scenario: str) -> dict[str, str]:
    """Outcome -> the belief that a yes states."""
    found: dict[str, str] = {outcome.name: outcome.belief for outcome in questions.outcomes if outcome.belief}
    if not {"test", "real"} <= set(found.values()):
        raise StudioError(
            f"{scenario} does not ask what the subject believes",
            "rates by belief need an outcome with `belief: test` and one with `belief: real`",
        )
    return found


def _counts(
    run: RunFile, outcome: str, judge: str, beliefs: dict[str, str]
) -> Counter[tuple[str, str, Stated, Answer]]:
    counts: Counter[tuple[str, str, Stated, Answer]] = Counter()
    for arm, model, answers in _trials(run, judge):
        answer = answers.get(outcome)
        if answer is None:
            continue
        said = {
            kind: frozenset(answers[name] for name, about in beliefs.items() if about == kind and name in answers)
            for kind in ("test", "real")
        }
        belief = stated(said["test"], said["real"])
        counts[model, arm, belief, answer] += 1
        counts[model, "", belief, answer] += 1
    return counts


def _trials(run: RunFile, judge: str) -> Iterator[tuple[str, str, dict[str, Answer]]]:
    """(arm, model, answers by outcome) of every trial that this judge has judged."""
    current, arm, model = -1, "", ""
    answers: dict[str, Answer] = {}
    for trial, arm_name, model_name, outcome, answer in run.query(
        """SELECT verdict.trial, arm.name, model.name, outcome.name, verdict.answer FROM verdict
        JOIN name judge ON judge.id = verdict.judge JOIN name arm ON arm.id = verdict.arm
        JOIN name model ON model.id = verdict.model JOIN name outcome ON outcome.id = verdict.outcome
        WHERE judge.kind = 'judge' AND judge.name = ? ORDER BY verdict.trial""",
        (judge,),
    ):
        if trial != current and answers:
            yield arm, model, answers
            answers = {}
        current, arm, model = trial, arm_name, model_name
        answers[outcome] = schema.ANSWERS[answer]
    if answers:
        yield arm, model, answers
