"""Carries a plan out: takes trials from the design, has them asked, read and judged, and stores every step.

One loop, a few workers a model, one writer. The result depends on the plan alone, not on how many requests are in flight
or how often the run was interrupted. It prints nothing and knows no terminal; whoever watches gets events.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from am_studio.designs.base import Design
from am_studio.foundation.errors import StudioError
from am_studio.judging import AskingJudge, Judge
from am_studio.models.base import Client
from am_studio.models.prices import find_price
from am_studio.records import ModelFailure, Reply, TrialSpec
from am_studio.runs.conversation import Conversation, Desk, Line
from am_studio.runs.events import (
    Cell,
    Ended,
    Event,
    ModelStopped,
    Observer,
    RunFinished,
    RunPaused,
    RunStarted,
    RunStopping,
    TrialsEnded,
    TrialsPlanned,
)
from am_studio.runs.flow import Gate, Halt, Sleep
from am_studio.runs.ledger import Ledger
from am_studio.runs.recorder import Recorder
from am_studio.runs.writer import AttemptEnded, Operation, RunWriter, TrialEnded
from am_studio.scenarios import Scenario, situate
from am_studio.trials import hold_conversation, read_transcript

EndingKind = Literal["finished", "stopped", "budget", "models"]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How a run is carried out; nothing here changes its results."""

    concurrency: int = 8
    """Requests in flight, at most, for each model."""
    simulated_concurrency: int = 64
    """The same for simulated subjects: trials that share a commit."""
    tries: int = 5
    """Requests for one turn in one session, at most."""
    attempt_seconds: float = 300.0
    """Wall-clock limit of one request."""
    sleep: Sleep = asyncio.sleep
    """How to wait between tries."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended."""

    kind: EndingKind
    reason: str
    """In words; empty when finished."""
    left: int
    """Planned trials that have not ended."""


class Engine:
    """One session of work on one run. Use it once."""

    def __init__(
        self,
        run: RunWriter,
        *,
        scenario: Scenario,
        design: Design,
        judge: Judge | AskingJudge,
        clients: Mapping[str, Client],
        observer: Observer = lambda _: None,
        settings: EngineSettings | None = None,
    ) -> None:
        self._run = run
        self._scenario = scenario
        self._design = design
        self._judge = judge
        self._observer = observer
        self._settings = settings or EngineSettings()
        self._study = run.plan.study
        self._questions = scenario.questions
        self._lines = {
            model.name: Line(model, clients[model.name], find_price(model), Gate(self._settings.sleep), self._give_up)
            for model in self._study.models
        }
        self._stopped_models: dict[str, str] = {}
        self._halted: tuple[EndingKind, str] | None = None
        self._workers: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._requests: dict[int, int] = {}
        """Requests that earlier sessions made for trials that have not ended."""
        self._stored: dict[int, tuple[Reply, ...]] = {}
        """Replies to them."""
        self._recorder = Recorder(run, self._committed)
        self._desk = Desk(
            run,
            self._recorder,
            Ledger(self._study.budget_usd, run.tally().cost),
            self._emit,
            self._out_of_budget,
            self._settings.tries,
            self._settings.attempt_seconds,
            random.Random(),
        )

    # Control, from the loop's own thread. ---------------------------------------------------------------------------

    def stop(self, reason: str = "stopped by the user") -> None:
        """Send nothing more; what is in flight is still stored. A second call leaves that as well."""
        if self._halted:
            for worker in self._workers:
                worker.cancel()
            return
        self._halt("stopped", reason)

    def _halt(self, kind: EndingKind, reason: str) -> None:
        if self._halted:
            return
        self._halted = (kind, reason)
        for line in self._lines.values():
            line.gate.close()
        self._emit(RunStopping(time.monotonic(), self._in_flight))

    def _out_of_budget(self) -> None:
        self._halt("budget", f"the budget of ${self._study.budget_usd or 0:,.2f} does not cover another request")

    def _give_up(self, model: str, reason: str) -> None:
        if model not in self._stopped_models:
            self._stopped_models[model] = reason
            self._lines[model].gate.close()
            self._emit(ModelStopped(time.monotonic(), model, reason))

    # The session. ----------------------------------------------------------------------------------------------------

    async def carry_out(self) -> Ending:
        """Work until the design wants no more, or something ends the session before; StudioError: nothing can be stored."""
        session = self._run.begin_session()
        self._emit(self._started(session))
        ending = Ending("stopped", "ended by an error", 0)
        try:
            ending = await self._all_batches()
        finally:
            if self._recorder.failure is None:
                self._run.end_session(ending.kind if ending.kind == "finished" else ending.reason)
        now = time.monotonic()
        self._emit(RunFinished(now) if ending.kind == "finished" else RunPaused(now, ending.reason, ending.left))
        return ending

    async def _all_batches(self) -> Ending:
        pending: Sequence[TrialSpec] = tuple(self._run.trials(unfinished=True))
        self._requests = self._run.begun()
        self._stored = {trial: self._run.transcript(trial).replies for trial in self._requests}
        while not self._halted:
            if not pending:
                pending = self._design.next_trials(self._run.results())
                if not pending:
                    return Ending("finished", "", 0)
                self._run.plan_trials(pending)
                self._emit(self._planned(pending))
            await self._batch(pending)
            if self._stopped_models and not self._halted:
                told = "; ".join(f"{model}: {reason}" for model, reason in self._stopped_models.items())
                self._halted = ("models", told)
            pending = ()
        left = self._run.unfinished()
        if not left and not self._design.next_trials(self._run.results()):
            return Ending("finished", "", 0)
        return Ending(*self._halted, left)

    async def _batch(self, trials: Iterable[TrialSpec]) -> None:
        """Have these trials worked on until each has ended or has been left."""
        queues: dict[str, deque[TrialSpec]] = {name: deque() for name in self._lines}
        for spec in trials:
            queues[spec.model].append(spec)
        for name, queue in queues.items():
            line = self._lines[name]
            most = self._settings.simulated_concurrency if line.settings.embedded else self._settings.concurrency
            for _ in range(min(most, len(queue))):
                self._workers.add(asyncio.create_task(self._work(line, queue)))
        try:
            await self._workers_end()
        finally:
            self._workers.clear()
        self._recorder.check()

    async def _workers_end(self) -> None:
        """Until every worker is through; the first that fails takes the others with it."""
        if not self._workers:
            return
        done, going = await asyncio.wait(self._workers, return_when=asyncio.FIRST_EXCEPTION)
        failures = [task.exception() for task in done if not task.cancelled()]
        failure = next((failure for failure in failures if failure is not None), None)
        if failure is not None:
            for task in going:
                task.cancel()
        if going:
            await asyncio.wait(going)
        if failure is not None:
            raise failure

    async def _work(self, line: Line, queue: deque[TrialSpec]) -> None:
        while queue and not line.gate.closed:
            self._in_flight += 1
            try:
                await self._trial(line, queue.popleft())
            except Halt:
                return
            finally:
                self._in_flight -= 1

    async def _trial(self, line: Line, spec: TrialSpec) -> None:
        """Ask, read, judge, store."""
        situation = situate(self._scenario, spec.variant, self._study.protocol)
        conversation = Conversation(
            self._desk,
            line,
            spec.id,
            situation,
            stored=self._stored.pop(spec.id, ()),
            requests=self._requests.get(spec.id, 0),
        )
        transcript = await hold_conversation(
            situation,
            conversation.ask,
            sampling=self._study.sampling,
            seed=spec.seed,
            model=line.settings,
            turns=self._study.turns,
        )
        if isinstance(transcript, ModelFailure):
            self._recorder.note(TrialEnded(spec, time.time(), None))
            return
        reading = read_transcript(transcript, situation)
        if not isinstance(self._judge, Judge):
            raise StudioError("judges that ask models are not carried out yet", self._judge.name)
        verdicts = self._judge.judge(reading, transcript, situation, self._questions)
        self._recorder.note(TrialEnded(spec, time.time(), verdicts, reading.refused, reading.truncated))

    # What is told. ---------------------------------------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        self._observer(event)

    def _committed(self, operations: Sequence[Operation]) -> None:
        ended, cost = [], 0.0
        for operation in operations:
            if isinstance(operation, TrialEnded):
                ended.append(self._ended(operation))
            elif isinstance(operation, AttemptEnded):
                cost += operation.cost
        if ended or cost:
            self._emit(TrialsEnded(time.monotonic(), tuple(ended), cost))

    def _ended(self, trial: TrialEnded) -> Ended:
        spec, outcome = trial.spec, self._study.outcome
        answer = next((v.answer for v in trial.verdicts or () if v.outcome == outcome), None)
        return Ended(spec.id, spec.arm, spec.model, answer, trial.refused, trial.truncated)

    def _labels(self) -> dict[str, str]:
        return {arm.name: arm.label for arm in self._design.arms()}

    def _started(self, session: int) -> RunStarted:
        labels, plan = self._labels(), self._run.plan
        cells = tuple(
            Cell(
                arm, labels.get(arm, arm), model, counts.planned, counts.yes, counts.no, counts.unclear, counts.failed,
                counts.refused, counts.truncated,
            )
            for (arm, model), counts in self._run.counts(self._study.outcome).items()
        )  # fmt: skip
        cost = self._run.tally().cost
        return RunStarted(time.monotonic(), self._study.name, self._study.outcome, plan.simulated, cells, cost, session)

    def _planned(self, specs: Sequence[TrialSpec]) -> TrialsPlanned:
        labels, numbers = self._labels(), dict[tuple[str, str], int]()
        for spec in specs:
            numbers[spec.arm, spec.model] = numbers.get((spec.arm, spec.model), 0) + 1
        trials = tuple((arm, labels.get(arm, arm), model, number) for (arm, model), number in numbers.items())
        return TrialsPlanned(time.monotonic(), trials)
