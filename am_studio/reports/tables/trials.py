"""The table of trials: a row each, whatever became of it, with every detail, every judge's every answer, labels and costs.

Rows come in the order of the trials, read from the run in a few ordered passes side by side, so that a hundred thousand of
them need no more memory than one. A rater is a column, as a judge is. What was said is only there when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from am_studio.foundation.hygiene import one_line
from am_studio.records import Answer, Outcome, Variant
from am_studio.reports.stamps import stamp_of
from am_studio.reports.tables.columns import Cell, Column, Table, column_name, distinct
from am_studio.runs import schema
from am_studio.runs.beliefs import stated
from am_studio.runs.judging_plan import judges_seen
from am_studio.runs.labels import raters
from am_studio.runs.rechecks import arm_label, recheck_session
from am_studio.runs.runfile import RunFile, reply_of
from am_studio.runs.variants import Variants
from am_studio.scenarios import Scenario
from am_studio.trials import parse_in

_ANSWERS = ("no", "yes", "unclear")
_STATES = {schema.PLANNED: "open", schema.DONE: "done", schema.FAILED: "failed"}
_BELIEFS = ("test", "real", "silent", "unclear")


def trials_table(run: RunFile, *, text: bool = False) -> Table:
    """The table of a run's trials; with `text` also what was said and reasoned. The run has to stay open meanwhile."""
    made = _Trials(run, text)
    plan = run.plan
    about = {
        "study": plan.study.name,
        "scenario": plan.scenario,
        "plan_hash": plan.hash,
        "judge": plan.judge,
        "stamp": stamp_of(plan, simulated=bool(run.simulated_models())),
    }
    return Table("trials", made.columns(), about, made.rows)


@dataclass(frozen=True, slots=True)
class _Given:
    """A judge's or a rater's answers to one outcome: a column."""

    by: int | str
    """The judge's number, or the rater's name."""
    outcome: int
    column: Column


class _Trials:
    """The columns and rows of one run."""

    def __init__(self, run: RunFile, text: bool) -> None:
        self._run = run
        self._text = text
        self._scenario: Scenario = run.scenario
        self._names: Mapping[int, str] = dict(run.query("SELECT id, name FROM name"))
        self._outcomes = [
            (number, name) for number, name in run.query("SELECT id, name FROM name WHERE kind = 'outcome' ORDER BY id")
        ]
        self._about = {one.name: one for each in self._scenario.every for one in each.questions.outcomes}
        self._details = list(dict.fromkeys(name for each in self._scenario.every for name in each.details))
        self._factors = list(dict.fromkeys(name for each in self._scenario.every for name in each.nuisance))
        self._labels_of = {arm.name: arm.label for arm in run.plan.arms}
        self._own = next((number for number, name in self._names.items() if name == run.plan.judge), -1)
        self._verdicts = self._judged()
        self._labels = self._labelled()

    def columns(self) -> tuple[Column, ...]:
        """Every column, none of one name with another."""
        found = [
            *self._about_trial(),
            *self._chosen(),
            *self._ended(),
            *(each.column for each in (*self._verdicts, *self._labels)),
            *self._cost(),
        ]
        if self._text:
            found += _TEXTS
        names = distinct(column.name for column in found)
        return tuple(Column(name, each.kind, each.about, each.levels) for name, each in zip(names, found, strict=True))

    def _about_trial(self) -> list[Column]:
        plan = self._run.plan
        arms = tuple(dict.fromkeys(arm.name for arm in plan.arms))
        return [
            Column("trial", "int", "Number of the trial, from 0: also the planned order."),
            Column(
                "model", "category", "The subject, as the study names it.", tuple(model.name for model in plan.models)
            ),
            Column(
                "model_returned",
                "category",
                "The model as the provider named it with the last reply; null without one.",
            ),
            Column(
                "simulated",
                "bool",
                "Whether the subject is a simulated one, which is no evidence about any real model.",
            ),
            Column("scenario", "category", "The scenario that the trial is of.", plan.scenarios),
            Column("arm", "category", "Trials that are compared as one group.", arms),
            Column("arm_label", "text", "What the arm is called in tables."),
            Column(
                "recheck", "bool", "Whether it is an extra baseline trial of a later session, which is in no effect."
            ),
            Column("seed", "int", "Seed of the trial's requests."),
            Column("prompt_hash", "text", "SHA-256 of what the subject read; null before the first request."),
        ]

    def _chosen(self) -> list[Column]:
        found = []
        for name in self._details:
            details = [each.details[name] for each in self._scenario.every if name in each.details]
            detail, switch = details[0], all(each.is_switch for each in details)
            levels = tuple(dict.fromkeys(level for each in details for level in each.levels))
            kind = "true: in place" if switch else f"one of {', '.join(levels)}"
            told = one_line(f"Detail: {detail.label or name} ({kind}).")
            found.append(
                Column(column_name("detail", name), "bool" if switch else "category", told, () if switch else levels)
            )
        for name in self._factors:
            levels = tuple(
                dict.fromkeys(
                    level
                    for each in self._scenario.every
                    if name in each.nuisance
                    for level in each.nuisance[name].levels
                )
            )
            found.append(
                Column(
                    column_name("nuisance", name),
                    "category",
                    "What was drawn for this nuisance factor; null: none was drawn.",
                    levels,
                )
            )
        found.append(
            Column("removed_units", "text", "Units that line ablation took out, joined by a space; empty: none.")
        )
        return found

    def _ended(self) -> list[Column]:
        return [
            Column(
                "state",
                "category",
                "done: a conversation came of it; failed: none did, after every try; open: still to come.",
                tuple(_STATES.values()),
            ),
            Column("refused", "bool", "Whether the subject declined to take part; null unless done."),
            Column("truncated", "bool", "Whether a reply was cut off by the token limit; null unless done."),
            Column(
                "belief",
                "category",
                "What the subject says of the situation, as the plan's judge has it; null where nobody asked.",
                _BELIEFS,
            ),
        ]

    def _cost(self) -> list[Column]:
        return [
            Column("turns", "int", "Replies of the subject."),
            Column("requests", "int", "Requests to the subject, failed ones included."),
            Column(
                "input_tokens",
                "int",
                "Tokens read by the subject over all answered requests, as the provider counted them.",
            ),
            Column("output_tokens", "int", "Tokens written by the subject, reasoning included."),
            Column(
                "cost_usd",
                "float",
                "US dollars for the subject's requests; an unknown outcome counts at its greatest cost.",
            ),
            Column("judge_cost_usd", "float", "US dollars for all judges' requests about the trial."),
            Column("failure", "category", "Kind of the last failed request of the subject; null: none failed."),
            Column("started", "time", "When the first request left."),
            Column("ended", "time", "When the trial ended; null before."),
            Column("seconds", "float", "Seconds that the subject's answered requests took, together."),
            Column("session", "int", "Stretch of work in which it ended, from 1; null before."),
            Column("program", "category", "Version of the program that carried that session out."),
        ]

    def _judged(self) -> list[_Given]:
        judges = [judge.name for judge in judges_seen(self._run)]
        numbers = {name: number for number, name in self._run.query("SELECT id, name FROM name WHERE kind = 'judge'")}
        there = set(self._run.query("SELECT DISTINCT judge, outcome FROM verdict"))
        found = []
        for position, judge in enumerate(judges):
            for number, outcome in self._outcomes:
                if (numbers[judge], number) in there:
                    name = column_name(
                        "verdict", outcome, *([] if position == 0 and judge == self._run.plan.judge else [judge])
                    )
                    told = one_line(f"Answer of {judge} to: {self._question(outcome)}")
                    found.append(_Given(numbers[judge], number, Column(name, "category", told, _ANSWERS)))
        return found

    def _labelled(self) -> list[_Given]:
        there = set(self._run.query("SELECT DISTINCT annotator, outcome FROM label"))
        return [
            _Given(
                rater,
                number,
                Column(
                    column_name("label", outcome, rater),
                    "category",
                    one_line(f"Label by {rater} to: {self._question(outcome)}"),
                    _ANSWERS,
                ),
            )
            for rater in sorted(raters(self._run))
            for number, outcome in self._outcomes
            if (rater, number) in there
        ]

    def _question(self, outcome: str) -> str:
        about: Outcome | None = self._about.get(outcome)
        return about.question if about else outcome

    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """Every row, in the order of the trials."""
        run = self._run
        verdicts = _Aligned(run.query("SELECT trial, judge, outcome, answer FROM verdict ORDER BY trial"))
        labels = _Aligned(run.query("SELECT trial, annotator, outcome, answer FROM label ORDER BY trial"))
        attempts = _Aligned(run.query(_ATTEMPTS))
        replies = _Aligned(
            run.query("SELECT trial, turn, body, digest FROM reply ORDER BY trial, turn") if self._text else iter(())
        )
        programs = {session.id: session.program for session in run.sessions()}
        simulated, variants = (
            run.simulated_models(),
            _Chosen(self._scenario, run.variants(), self._details, self._factors),
        )
        for id_, arm, model, variant, seed, state, refused, truncated, session, ended, hash_ in run.query(_TRIALS):
            done, answers = state == schema.DONE, verdicts.of(id_)
            given = {(judge, outcome): answer for _, judge, outcome, answer in answers}
            said = {(rater, outcome): answer for _, rater, outcome, answer in labels.of(id_)}
            cost = _costs(attempts.of(id_))
            yield (
                id_,
                self._names[model],
                None if cost.returned is None else self._names[cost.returned],
                self._names[model] in simulated,
                variants.scenario(variant),
                self._names[arm],
                one_line(arm_label(self._names[arm], self._labels_of)),
                recheck_session(self._names[arm]) is not None,
                seed,
                hash_,
                *variants.cells(variant),
                _STATES[state],
                bool(refused) if done else None,
                bool(truncated) if done else None,
                self._belief(given),
                *(_answer(given.get((each.by, each.outcome))) for each in self._verdicts),
                *(_answer(said.get((each.by, each.outcome))) for each in self._labels),
                cost.turns,
                cost.requests,
                cost.read,
                cost.written,
                cost.usd,
                cost.judge_usd,
                cost.failure,
                cost.started,
                ended,
                cost.seconds,
                session,
                programs.get(session),
                *(self._words(replies.of(id_)) if self._text else ()),
            )

    def _belief(self, given: Mapping[tuple[int, int], int]) -> str | None:
        """As the plan's judge has it."""
        sides: dict[str, set[Answer]] = {"test": set(), "real": set()}
        for number, name in self._outcomes:
            about, answer = self._about.get(name), given.get((self._own, number))
            if about is not None and about.belief and answer is not None:
                sides[about.belief].add(schema.ANSWERS[answer])
        if not any(sides.values()):
            return None
        return stated(frozenset(sides["test"]), frozenset(sides["real"]))

    def _words(self, rows: list[tuple[Any, ...]]) -> tuple[str | None, str | None, str | None]:
        if not rows:
            return None, None, None
        replies = [reply_of(*row) for row in rows]
        reasoned = [parse_in(self._run.plan.study.protocol, reply).reasoning for reply in replies]
        calls = [f"{call.name} {call.arguments}" for reply in replies for call in reply.calls]
        return "\n\n".join(reply.text for reply in replies), "\n\n".join(filter(None, reasoned)), "\n".join(calls)


_TEXTS = [
    Column("reply", "text", "What the subject wrote, turns separated by a blank line, scratchpads and calls included."),
    Column("reasoning", "text", "What it reasoned: native reasoning and scratchpads."),
    Column("calls", "text", "Functions that it called natively, with their arguments, one a line."),
]
_TRIALS = """SELECT t.id, t.arm, t.model, t.variant, t.seed, t.state, t.refused, t.truncated, t.session, t.ended, prompt.hash
    FROM trial t JOIN variant ON variant.id = t.variant LEFT JOIN prompt ON prompt.id = variant.prompt ORDER BY t.id"""
_ATTEMPTS = """SELECT trial, judge, turn, state, started, seconds, kind, cost, input_tokens, output_tokens, returned
    FROM attempt ORDER BY trial, id"""


@dataclass(slots=True)
class _Costs:
    """What the requests of a trial came to."""

    turns: int = 0
    requests: int = 0
    read: int = 0
    written: int = 0
    usd: float = 0.0
    judge_usd: float = 0.0
    failure: str | None = None
    started: float | None = None
    seconds: float = 0.0
    returned: int | None = None


def _costs(rows: Iterable[tuple[Any, ...]]) -> _Costs:
    found = _Costs()
    for _, judge, turn, state, started, seconds, kind, cost, read, written, returned in rows:
        if judge:
            found.judge_usd += cost
            continue
        found.requests += 1
        found.usd += cost
        found.started = started if found.started is None else min(found.started, started)
        if state == schema.OK:
            found.turns = max(found.turns, turn + 1)
            found.read += read or 0
            found.written += written or 0
            found.seconds += seconds or 0.0
            found.returned = returned
        elif kind is not None:
            found.failure = kind
    return found


class _Chosen:
    """The cells of a variant: what each detail and nuisance factor is in it."""

    def __init__(self, scenario: Scenario, variants: Variants, details: list[str], factors: list[str]) -> None:
        self._scenario = scenario
        self._variants = variants
        self._details = details
        self._factors = factors
        self._switches = {
            name: all(each.details[name].is_switch for each in scenario.every if name in each.details)
            for name in details
        }

    def scenario(self, number: int) -> str:
        """The reference of the scenario that a variant is of."""
        return self._scenario.of(self._variants[number]).ref

    def cells(self, number: int) -> tuple[Cell, ...]:
        """Details, nuisance factors, units."""
        variant: Variant = self._variants[number]
        levels, drawn = variant.as_dict(), dict(variant.nuisance)
        chosen = (self._cell(name, levels.get(name)) for name in self._details)
        return (*chosen, *(drawn.get(name) for name in self._factors), " ".join(variant.removed_units))

    def _cell(self, name: str, level: str | None) -> Cell:
        return level == "on" if level is not None and self._switches[name] else level


class _Aligned:
    """Rows that come in the order of their first column, asked for by it in that order."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._waiting = next(rows, None)

    def of(self, number: int) -> list[tuple[Any, ...]]:
        """The rows of this number."""
        found = []
        while self._waiting is not None and self._waiting[0] <= number:
            if self._waiting[0] == number:
                found.append(self._waiting)
            self._waiting = next(self._rows, None)
        return found


def _answer(code: int | None) -> str | None:
    return None if code is None else schema.ANSWERS[code]
