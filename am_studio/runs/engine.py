"""Carries a plan out: takes trials from the design, has them asked, read and judged, and stores every step.

One loop, a queue a provider, one writer. The result depends on the plan alone, not on how many requests are in flight or
how often the run was interrupted. It prints nothing and knows no terminal; whoever watches gets events.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence

from am_studio.designs.base import OpenDesign
from am_studio.designs.nuisance import with_draws
from am_studio.judging import AskingJudge, Judge
from am_studio.models.base import Client
from am_studio.models.prices import FREE
from am_studio.models.tokens import let_go_of_table
from am_studio.records import ModelFailure, ModelSettings, TrialSpec
from am_studio.runs.asking_session import AskingSession, Ending
from am_studio.runs.clerk import Clerk, Heard, Judged, can_help
from am_studio.runs.conversation import Before, Conversation, Line
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.events import (
    Event,
    ModelStopped,
    Observer,
    RunFinished,
    RunPaused,
)
from am_studio.runs.flow import Halt
from am_studio.runs.judges import Finished, Judging
from am_studio.runs.rechecks import mixed_in, recheck_trials
from am_studio.runs.recorder import Recorder
from am_studio.runs.telling import Telling
from am_studio.runs.writer import RunWriter, TrialEnded
from am_studio.scenarios import Scenario, situate
from am_studio.trials import hold_conversation, read_transcript

SPARE = 8
"""At least so many trials of a model are begun at a time, so that one that waits for its next try holds up nobody."""


class Engine(AskingSession):
    """One session of work on one run. Use it once, inside a running loop."""

    def __init__(
        self,
        run: RunWriter,
        *,
        scenario: Scenario,
        design: OpenDesign,
        judge: Judge | AskingJudge,
        clients: Mapping[ModelSettings, Client],
        observer: Observer = lambda _: None,
        settings: EngineSettings | None = None,
    ) -> None:
        """`clients`: for every model of the study, and every model that the judge asks."""
        settings = settings or EngineSettings()
        self._study = run.plan.study
        super().__init__(clients, settings, observer, self._study.budget_usd)
        self._run = run
        self._scenario = scenario
        self._design = design
        self._stopped_models: dict[ModelSettings, str] = {}
        self._begun: dict[int, int] = {}
        """Requests that earlier sessions made for trials that have not ended."""
        self._order = itertools.count()
        self._telling = Telling(run, design)
        self._recorder = Recorder(run, lambda operations: self._emit(self._telling.committed(operations)))
        self._desk = self._make_desk(run, self._recorder, run.spent())
        self._judging = Judging(judge, scenario, self._desk, self._crew, most=settings.judging)
        self._clerk: Clerk | None = None
        embedded = all(model.embedded for model in self._study.models)
        self._clerk_from = settings.clerk_from if embedded and isinstance(judge, Judge) and can_help() else None
        """Trials to come from which on there is a clerk; None: there never is."""

    # Control, from the loop's own thread. ---------------------------------------------------------------------------

    def stop(self, reason: str = "stopped by the user") -> None:
        """Send nothing more; what is in flight is still stored. A second call leaves that as well."""
        if self._halted and self._clerk is not None:
            self._clerk.dismiss()
        super().stop(reason)

    def _given_up(self, model: ModelSettings, reason: str) -> None:
        """The others go on."""
        if model not in self._stopped_models:
            self._stopped_models[model] = reason
            self._emit(ModelStopped(time.monotonic(), model.name, reason))

    def _emit(self, event: Event | None) -> None:
        if event is not None:
            self._observer(event)

    # The session. ----------------------------------------------------------------------------------------------------

    async def carry_out(self) -> Ending:
        """Work until the design wants no more, or something ends the session before; StudioError: nothing can be stored."""
        session = self._run.begin_session()
        self._emit(self._telling.started(session))
        if all(line.price in {None, FREE} for line in self._lines.values()):
            let_go_of_table()  # only what costs something is counted before it is sent
        ending = Ending("stopped", "ended by an error", 0)
        try:
            if self._clerk_from is not None and self._to_come() >= self._clerk_from:
                self._clerk = await Clerk.hired(self._run.path, self._judged)
            ending = await self._all_batches(session)
        finally:
            if self._clerk is not None:
                await self._clerk.close()
            await self._hang_up()
            if self._recorder.failure is None:
                self._run.end_session(ending.kind if ending.kind == "finished" else ending.reason)
        now = time.monotonic()
        self._emit(RunFinished(now) if ending.kind == "finished" else RunPaused(now, ending.reason, ending.left))
        return ending

    def _to_come(self) -> int:
        """Trials of this session, at most."""
        return self._design.greatest() - self._run.planned() + self._run.unfinished()

    async def _all_batches(self, session: int) -> Ending:
        self._begun = self._run.begun()
        pending: Sequence[TrialSpec] = tuple(self._run.trials(unfinished=True))
        checked = session == 1
        while not self._halted:
            if not pending:
                pending = self._design.next_trials(self._run.results())
                if not pending:
                    return Ending("finished", "", 0)
                self._plan(pending)
            if not checked:
                pending, checked = self._with_rechecks(pending, session), True
            await self._batch(pending)
            if self._stopped_models and not self._halted:
                told = "; ".join(f"{model.name}: {reason}" for model, reason in self._stopped_models.items())
                self._halted = ("models", told)
            pending = ()
        left = self._run.unfinished()
        more = len(self._design.next_trials(self._run.results()))
        if not left and not more:
            return Ending("finished", "", 0)
        return Ending(*self._halted, left or more)

    def _plan(self, trials: Sequence[TrialSpec]) -> None:
        self._run.plan_trials(trials)
        self._emit(self._telling.planned(trials))

    def _with_rechecks(self, left: Sequence[TrialSpec], session: int) -> Sequence[TrialSpec]:
        """What is left with the session's extra baseline trials among it, which are planned.

        Trials that only wait for their judge are nothing that a change of the subject could touch.
        """
        replied = self._run.replied()
        to_ask = [spec for spec in left if spec.id not in replied]
        ended: Counter[str] = Counter()
        for (_, model), counts in self._run.counts(self._study.outcome).items():
            ended[model] += counts.completed + counts.failed
        extra = recheck_trials(
            self._study, self._design.arms(), session, ended=ended, left=to_ask, first_id=self._run.planned()
        )
        if not extra:
            return left
        extra = with_draws(extra, self._study, self._scenario)
        self._plan(extra)
        return mixed_in(extra, left, self._study.seed, session)

    async def _batch(self, trials: Sequence[TrialSpec]) -> None:
        """Have these trials worked on until each has ended or has been left."""
        lines = {model.name: self._lines[model] for model in self._study.models}
        queues: dict[str, deque[TrialSpec]] = {name: deque() for name in lines}
        for spec in trials:
            queues[spec.model].append(spec)
        for name, queue in queues.items():
            line = lines[name]
            line.lane.trials_left = len(queue)
            for _ in range(min(max(line.lane.provider.throttle.ceiling, SPARE), len(queue))):
                self._crew.start(self._work(line, queue))
        await self._crew.through()
        for heard in await self._clerk.settled() if self._clerk is not None else ():
            await self._read(heard)
        self._recorder.check()

    async def _work(self, line: Line, queue: deque[TrialSpec]) -> None:
        while queue and not line.lane.closed:
            try:
                await self._trial(line, queue.popleft())
            except Halt:
                return
            line.lane.trials_left = (line.lane.trials_left or 1) - 1

    async def _trial(self, line: Line, spec: TrialSpec) -> None:
        """Ask, and hand over to the clerk or to the judge; a trial without a conversation has failed."""
        order = next(self._order)
        situation = situate(self._scenario, spec.variant, self._study.protocol)
        begun = self._begun.pop(spec.id, 0)
        conversation = Conversation(self._desk, spec.id, order, situation, self._before(spec, begun))
        model = line.settings
        transcript = await hold_conversation(
            situation,
            conversation.ask,
            sampling=model.sampling(self._study.sampling),
            seed=spec.seed,
            model=model,
            turns=self._study.turns,
        )
        if isinstance(transcript, ModelFailure):
            self._recorder.note(TrialEnded(spec, time.time(), None))
            return
        heard = Heard(spec, order, situation, transcript, bool(begun))
        if self._clerk is None or not self._clerk.take(heard):
            await self._read(heard)

    async def _read(self, heard: Heard) -> None:
        reading = read_transcript(heard.transcript, heard.situation)
        finished = Finished(heard.spec, heard.order, heard.situation, heard.transcript, reading, heard.begun)
        await self._judging.take(finished)

    def _judged(self, heard: Heard, judged: Judged) -> None:
        """The clerk has read and judged it."""
        self._recorder.add(TrialEnded(heard.spec, time.time(), judged.verdicts, judged.refused, judged.truncated))

    def _before(self, spec: TrialSpec, begun: int) -> Before:
        return Before(dict(enumerate(self._run.transcript(spec.id).replies)), begun) if begun else Before()
