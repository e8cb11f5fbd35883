"""Judges the trials of a run once more, by another judge, without asking the subject anything. What others said stays.

Requests leave in the same way as those of a run: a durable row first, the provider's limits, a budget. A session that was
killed goes on where it stood: the same settings make a judge of the same name, whose stored answers are given again. The
run's plan, its trials and its own verdicts are not touched, nor is where the run itself stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import apsw

from am_studio.judging import AskingJudge, Judge, open_judge
from am_studio.models.base import Client
from am_studio.models.registry import open_client
from am_studio.records import ModelSettings, Verdict
from am_studio.runs.asking_session import AskingSession, Ending
from am_studio.runs.carried import load_carried
from am_studio.runs.carry import OpenClient, Stopping, stop_signals
from am_studio.runs.codec import Damage, packed_verdicts
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.events import Observer
from am_studio.runs.judges import Finished, Judging
from am_studio.runs.judging_plan import JudgingPlan, unjudged
from am_studio.runs.operations import Operation, TrialJudged
from am_studio.runs.recorder import Recorder
from am_studio.runs.writer import RunWriter
from am_studio.scenarios import Scenario, situate
from am_studio.trials import read_transcript

Progress = Callable[[int], None]
"""Told how many trials have been judged in this session, whenever some more were."""
_TURN = 32
"""Trials that are read before others get their turn in the loop."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How a session of judging is bounded and watched."""

    budget_usd: float | None = None
    """US dollars for this judge in all sessions."""
    progress: Progress = lambda _: None
    observer: Observer = lambda _: None
    settings: EngineSettings = field(default_factory=EngineSettings)


def judge_again(
    run: RunWriter, plan: JudgingPlan, watched: Watched | None = None, *, open_model: OpenClient = open_client
) -> Ending:
    """Judge what this judge has not judged yet; the file is closed afterwards. StudioError when it cannot be written."""
    try:
        return asyncio.run(_session(run, plan, watched or Watched(), open_model))
    except apsw.Error as error:
        raise Damage("its tables", str(error)) from error
    finally:
        run.close()


async def _session(run: RunWriter, plan: JudgingPlan, watched: Watched, open_model: OpenClient) -> Ending:
    stopping = Stopping()
    with stop_signals(stopping.stop):
        scenario, judge = load_carried(run.scenario_texts, run.plan, run.other_texts), open_judge(plan.settings)
        clients = {model: open_model(model) for model in plan.models}
        run.keep_judge(plan.judge, plan.settings)
        session = Rejudging(run, scenario, judge, clients, watched)
        try:
            await stopping.hand_over(session)
            return await session.carry_out()
        finally:
            for client in clients.values():
                await client.close()


class Rejudging(AskingSession):
    """One session of judging. Use it once, inside a running loop."""

    def __init__(
        self,
        run: RunWriter,
        scenario: Scenario,
        judge: Judge | AskingJudge,
        clients: Mapping[ModelSettings, Client],
        watched: Watched,
    ) -> None:
        super().__init__(clients, watched.settings, watched.observer, watched.budget_usd)
        self._run = run
        self._scenario = scenario
        self._judge = judge.name
        self._progress = watched.progress
        self._judged = 0
        self._recorder = Recorder(run, self._committed)
        desk = self._make_desk(run, self._recorder, run.spent(judge.name))
        self._judging = Judging(judge, scenario, desk, self._crew, most=watched.settings.judging, ended=_trial_judged)

    def _committed(self, operations: Sequence[Operation]) -> None:
        more = sum(isinstance(operation, TrialJudged) for operation in operations)
        if more:
            self._judged += more
            self._progress(self._judged)

    async def carry_out(self) -> Ending:
        """Work until every trial is judged, or something ends the session before; StudioError: nothing can be stored."""
        before = self._run.sessions()
        self._run.begin_session()
        try:
            self._crew.start(self._hand_in())
            await self._crew.through()
            self._recorder.check()
        finally:
            await self._hang_up()
            if self._recorder.failure is None:
                # Where the run itself stands is told by its last session, and is as it was.
                self._run.end_session(before[-1].ending if before else "")
        left = sum(1 for _ in unjudged(self._run, self._judge))
        if self._halted and left:
            return Ending(*self._halted, left)
        return Ending("finished", "", left)

    async def _hand_in(self) -> None:
        for number, spec in enumerate(list(unjudged(self._run, self._judge))):
            if self._halted:
                return
            situation = situate(self._scenario, spec.variant, self._run.plan.study.protocol)
            transcript = self._run.transcript(spec.id)
            reading = read_transcript(transcript, situation)
            await self._judging.take(Finished(spec, number, situation, transcript, reading, begun=True))
            if number % _TURN == 0:
                await asyncio.sleep(0)


def _trial_judged(finished: Finished, verdicts: tuple[Verdict, ...]) -> Operation:
    return TrialJudged(finished.spec, packed_verdicts(verdicts))
