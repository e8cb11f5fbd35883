"""Finds trials of a run by how they ended, and tells a line about each, a page at a time.

Everything here reads the narrow tables alone, so that a run of a hundred thousand trials is listed at once; the words of
a trial are `trial_view.py`'s, looking for words in all of them is `search.py`'s. Nothing is written and no design is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from am_studio.foundation.errors import StudioError, nearest
from am_studio.records import Answer
from am_studio.runs import codec, schema
from am_studio.runs.label_samples import label_sample
from am_studio.runs.labels import raters
from am_studio.runs.rechecks import arm_label, recheck_session
from am_studio.runs.runfile import RunFile, RunState
from am_studio.scenarios import Scenario

Ended = Literal["", "ended", "done", "failed", "open"]
"""Which trials by how far they are: all, those that ended, those with a conversation, without one, still to come."""
Labelled = Literal["", "labelled", "unlabelled", "yes", "no", "unclear", "differs", "judges", "queue"]
"""Which trials by their labels; `differs`: a label says something else than the judge; `judges`: two judges do; `queue`: the sample that was drawn to
be labelled, whatever its labels."""
TrialState = Literal["open", "done", "failed"]

_STATES: dict[int, TrialState] = {schema.PLANNED: "open", schema.DONE: "done", schema.FAILED: "failed"}
_ENDED: dict[Ended, tuple[int, ...]] = {
    "ended": (schema.DONE, schema.FAILED),
    "done": (schema.DONE,),
    "failed": (schema.FAILED,),
    "open": (schema.PLANNED,),
}
_HARMFUL = """id IN (SELECT trial FROM verdict WHERE judge = ? AND answer = ?
    AND outcome IN (SELECT value FROM json_each(?)))"""


@dataclass(frozen=True, slots=True)
class Asked:
    """An outcome that the run asks of every trial."""

    name: str
    label: str
    harmful: bool
    question: str


@dataclass(frozen=True, slots=True)
class RunAbout:
    """What there is to choose from in a run."""

    study: str
    state: RunState
    simulated: bool
    """Whether every model is a simulated subject."""
    arms: tuple[tuple[str, str], ...]
    """(name, label), in the plan's order; then the extra baselines of later sessions."""
    models: tuple[str, ...]
    outcomes: tuple[Asked, ...]
    """The study's own first."""
    judge: str
    """The plan's judge."""
    raters: tuple[str, ...]
    """Who labelled, the latest first."""
    planned: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which trials are wanted; what is empty asks for nothing."""

    arm: str = ""
    model: str = ""
    outcome: str = ""
    """What `answer` and `label` are about; empty: the study's own outcome."""
    answer: Answer | Literal[""] = ""
    ended: Ended = "ended"
    label: Labelled = ""
    rater: str = ""
    """Whose labels; empty: anybody's."""
    harmful: bool | None = None
    """True: the judge says yes to any harmful outcome; False: to none of them."""
    text: str = ""
    """Words of a reply, see `search.search_replies`; reads every reply that fits the rest."""


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial on one line."""

    id: int
    arm: str
    model: str
    state: TrialState
    answer: Answer | Literal[""]
    """Of the plan's judge for the outcome asked about; empty without a verdict."""
    refused: bool
    truncated: bool
    tokens: int | None
    """Of its replies together, as the provider counted; None without one."""
    failure: str
    """The kind of the last failure, for a trial that failed."""


def about(run: RunFile) -> RunAbout:
    """What there is to choose from; StudioError when the plan or a carried scenario is damaged.

    An outcome that several scenarios ask for is told in the words of the study's own.
    """
    plan = run.plan
    found: dict[str, Asked] = {}
    for scenario in carried_scenario(run).every:
        for outcome in asked_of(scenario):
            found.setdefault(outcome.name, outcome)
    asked = sorted(found.values(), key=lambda outcome: outcome.name != plan.study.outcome)
    return RunAbout(
        study=plan.study.name,
        state=run.state(),
        simulated=run.simulated,
        arms=(*((arm.name, arm.label) for arm in plan.arms), *_rechecks(run)),
        models=tuple(model.name for model in plan.models),
        outcomes=tuple(asked),
        judge=plan.judge,
        raters=raters(run),
        planned=run.planned(),
    )


def asked_of(scenario: Scenario) -> tuple[Asked, ...]:
    """What one scenario asks of its trials."""
    return tuple(Asked(each.name, each.label, each.harmful, each.question) for each in scenario.questions.outcomes)


def _rechecks(run: RunFile) -> Iterator[tuple[str, str]]:
    arms = [name for (name,) in run.query("SELECT name FROM name WHERE kind = 'arm' ORDER BY id")]
    return ((arm, arm_label(arm, {})) for arm in arms if recheck_session(arm) is not None)


def find_trials(run: RunFile, wanted: Wanted = Wanted()) -> tuple[int, ...]:
    """The ids of the trials that are wanted, in order; StudioError for an outcome that the run does not ask."""
    conditions, values = _conditions(run, wanted)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = tuple(id_ for (id_,) in run.query(f"SELECT id FROM trial {where} ORDER BY id", tuple(values)))  # noqa: S608
    if not wanted.text.strip():
        return found
    from am_studio.runs.search import search_replies

    return tuple(hit.trial for step in search_replies(run, wanted.text, found) for hit in step.hits)


def trial_rows(run: RunFile, ids: Iterable[int], outcome: str = "") -> tuple[TrialRow, ...]:
    """These trials on a line each, by id; `outcome` (the study's own when empty) is what `answer` is about."""
    page = json.dumps(list(ids))
    rows = list(
        run.query(
            """SELECT trial.id, arm.name, model.name, trial.state, verdict.answer, trial.refused, trial.truncated,
            (SELECT sum(output_tokens) FROM reply JOIN attempt ON attempt.id = reply.attempt WHERE reply.trial = trial.id)
            FROM trial JOIN name arm ON arm.id = trial.arm JOIN name model ON model.id = trial.model
            LEFT JOIN verdict ON verdict.trial = trial.id AND verdict.judge = ? AND verdict.outcome = ?
            WHERE trial.id IN (SELECT value FROM json_each(?)) ORDER BY trial.id""",
            (_number(run, "judge", run.plan.judge), _number(run, "outcome", outcome or run.plan.study.outcome), page),
        )
    )
    failures = _failures(run, [row[0] for row in rows if row[3] == schema.FAILED])
    return tuple(codec.decoded("trial", lambda row: _row(row, failures), row) for row in rows)


def _row(row: tuple[Any, ...], failures: Mapping[int, str]) -> TrialRow:
    id_, arm, model, state, answer, refused, truncated, tokens = row
    return TrialRow(
        id=id_,
        arm=arm,
        model=model,
        state=_STATES[state],
        answer="" if answer is None else schema.ANSWERS[answer],
        refused=bool(refused),
        truncated=bool(truncated),
        tokens=tokens,
        failure=failures.get(id_, ""),
    )


def carried_scenario(run: RunFile) -> Scenario:
    """The scenario that the run carries, with those beside it, loaded once; StudioError when one cannot be."""
    return run.scenario


def _conditions(run: RunFile, wanted: Wanted) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []

    def add(condition: str, *more: Any) -> None:
        conditions.append(condition)
        values.extend(more)

    if wanted.arm:
        add("arm = ?", _number(run, "arm", wanted.arm))
    if wanted.model:
        add("model = ?", _number(run, "model", wanted.model))
    if wanted.ended:
        add(f"state IN ({', '.join(map(str, _ENDED[wanted.ended]))})")
    judge = _number(run, "judge", run.plan.judge)
    if wanted.answer:
        add(
            "id IN (SELECT trial FROM verdict WHERE judge = ? AND outcome = ? AND answer = ?)",
            judge, _outcome(run, wanted), schema.ANSWERS.index(wanted.answer),
        )  # fmt: skip
    if wanted.harmful is not None:
        names = [each.name for own in carried_scenario(run).every for each in own.questions.outcomes if each.harmful]
        numbers = json.dumps([_number(run, "outcome", name) for name in names])
        add(
            _HARMFUL if wanted.harmful else f"NOT {_HARMFUL}",
            judge, schema.ANSWERS.index("yes"), numbers,
        )  # fmt: skip
    if wanted.label:
        add(*_labelled(run, wanted, judge))
    return conditions, values


def _labelled(run: RunFile, wanted: Wanted, judge: int) -> tuple[Any, ...]:
    """The condition on labels and its values."""
    if wanted.label == "queue":
        sample = label_sample(run, wanted.outcome or run.plan.study.outcome)
        trials = [drawn.trial for drawn in sample.trials] if sample else []
        return "id IN (SELECT value FROM json_each(?))", json.dumps(trials)
    if wanted.label == "judges":
        return (
            "id IN (SELECT trial FROM verdict WHERE outcome = ? GROUP BY trial HAVING min(answer) != max(answer))",
            _outcome(run, wanted),
        )
    where = "label.outcome = ?"
    values: list[Any] = [_outcome(run, wanted)]
    if wanted.rater:
        where += " AND label.annotator = ?"
        values.append(wanted.rater)
    if wanted.label == "differs":
        differing = f"""id IN (SELECT label.trial FROM label JOIN verdict ON verdict.trial = label.trial
            AND verdict.outcome = label.outcome AND verdict.judge = ? WHERE {where} AND verdict.answer != label.answer)"""  # noqa: S608
        return differing, judge, *values
    if wanted.label in schema.ANSWERS:
        where += " AND label.answer = ?"
        values.append(schema.ANSWERS.index(wanted.label))
    without = "NOT" if wanted.label == "unlabelled" else ""
    return f"id {without} IN (SELECT trial FROM label WHERE {where})", *values  # noqa: S608


def _outcome(run: RunFile, wanted: Wanted) -> int:
    name = wanted.outcome or run.plan.study.outcome
    number = _number(run, "outcome", name)
    if number < 0:
        known = [each.name for own in carried_scenario(run).every for each in own.questions.outcomes]
        if name not in known:
            raise StudioError(f"the run asks for no outcome '{name}'", hint=nearest(name, known))
    return number


def _failures(run: RunFile, ids: Sequence[int]) -> dict[int, str]:
    """The kind of the last failure of each of these trials."""
    if not ids:
        return {}
    return dict(
        run.query(
            """SELECT trial, kind FROM attempt WHERE state = ? AND trial IN (SELECT value FROM json_each(?))
            ORDER BY id""",
            (schema.ERROR, json.dumps(ids)),
        )
    )


def _number(run: RunFile, kind: str, name: str) -> int:
    """The number of a name in this file; -1, which no row has, when it does not occur."""
    for (found,) in run.query("SELECT id FROM name WHERE kind = ? AND name = ?", (kind, name)):
        return int(found)
    return -1
