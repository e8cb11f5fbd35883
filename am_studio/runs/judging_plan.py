"""What judging a run again would do and cost, and who has judged it so far. Asks no model and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.judging import AskingJudge, Judge, open_judge, settle_judge
from am_studio.records import Questions, TrialSpec
from am_studio.runs import schema
from am_studio.runs.carried import load_carried
from am_studio.runs.codec import decoded
from am_studio.runs.judge_costs import AskedOfJudges, PlannedJudging, planned_judging
from am_studio.runs.plan import check_judged
from am_studio.runs.runfile import RunFile
from am_studio.runs.variants import variant_of


@dataclass(frozen=True, slots=True)
class JudgingPlan(AskedOfJudges):
    """What judging a run again would do."""

    judge: str
    """Its name."""
    settings: Mapping[str, Any]
    """Settled: they make the same judge anywhere."""
    trials: int
    """Still to be judged by it."""
    judged: int
    """That have its verdicts already."""
    left_out: int
    """Without a finished conversation: still to come, or failed."""
    spent: float
    """US dollars that this judge has cost in earlier sessions."""


@dataclass(frozen=True, slots=True)
class JudgeSeen:
    """A judge with verdicts in a run."""

    name: str
    trials: int
    own: bool
    """Whether it is the plan's."""
    cost: float
    """US dollars."""


def plan_judging(run: RunFile, settings: Mapping[str, Any]) -> JudgingPlan:
    """What judging with these settings would do; StudioError when they make no judge.

    A prompt that is a file is read by whoever calls: the pack is not at hand, only the scenario that the run carries.
    """
    settled = settle_judge(settings, _no_file)
    judge = open_judge(settled)
    scenario = load_carried(run.scenario_texts, run.plan, run.other_texts)
    check_judged(settled, scenario)
    by_state = dict(run.query("SELECT state, count(*) FROM trial GROUP BY state"))
    judged = _number(
        run, "SELECT count(*) FROM evidence JOIN name ON name.id = judge WHERE kind = 'judge' AND name = ?", judge.name
    )
    trials = by_state.get(schema.DONE, 0) - judged
    asked = _asked(run, judge, [each.questions for each in scenario.every], trials)
    models = () if isinstance(judge, Judge) else judge.models
    left_out = by_state.get(schema.PLANNED, 0) + by_state.get(schema.FAILED, 0)
    return JudgingPlan(judge.name, settled, trials, judged, left_out, run.spent(judge.name), models=models, asked=asked)


def judges_seen(run: RunFile) -> tuple[JudgeSeen, ...]:
    """Every judge with verdicts in the run, the plan's first."""
    own = run.plan.judge
    rows = run.query(
        "SELECT name.name, count(*) FROM evidence JOIN name ON name.id = evidence.judge GROUP BY name.id ORDER BY name.id"
    )
    costs = dict(
        run.query("SELECT name.name, sum(cost) FROM attempt JOIN name ON name.id = attempt.judge GROUP BY name.id")
    )
    seen = [JudgeSeen(name, trials, name == own, costs.get(name, 0.0)) for name, trials in rows]
    return tuple(sorted(seen, key=lambda judge: not judge.own))


def unjudged(run: RunFile, judge: str) -> Iterator[TrialSpec]:
    """The trials with a finished conversation that this judge has not judged, in their order."""
    rows = run.query(
        f"""SELECT t.id, arm.name, model.name, variant.key, t.seed FROM trial t JOIN name arm ON arm.id = t.arm
        JOIN name model ON model.id = t.model JOIN variant ON variant.id = t.variant
        WHERE t.state = {schema.DONE} AND NOT EXISTS (SELECT 1 FROM evidence JOIN name ON name.id = evidence.judge
          WHERE evidence.trial = t.id AND name.kind = 'judge' AND name.name = ?) ORDER BY t.id""",  # noqa: S608
        (judge,),
    )
    for id_, arm, model, key, seed in rows:
        yield TrialSpec(id_, arm, model, decoded("variant", variant_of, key), seed)


def _asked(
    run: RunFile, judge: Judge | AskingJudge, questions: Sequence[Questions], trials: int
) -> tuple[PlannedJudging, ...]:
    """What is asked at most, with replies as long as they are on average: what is asked grows with their sum alone."""
    written = _number(
        run,
        """SELECT coalesce(avg(tokens), 0) FROM (SELECT sum(coalesce(output_tokens, 0)) AS tokens FROM attempt
        WHERE judge = 0 GROUP BY trial)""",
    )
    prompt = max((model.prompt_tokens for model in run.plan.models), default=0)
    return planned_judging(judge, questions, trials=trials, prompt_tokens=prompt, reply_tokens=written + 1)


def _number(run: RunFile, query: str, *values: Any) -> int:
    return int(next(iter(run.query(query, values)))[0])


def _no_file(name: str) -> str:
    raise StudioError(f"the prompt '{name}' is not in the run", hint="name the file with --prompt")
