"""Begins a run and carries it out, first time or resumed: everything comes from the run file, so both are one path.

Opens what the plan names (scenario, design, judge, clients), installs the handlers of Ctrl-C and of a polite kill, and
leaves the file closed and resumable whatever happens.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import apsw

from am_studio.designs.registry import open_design
from am_studio.foundation.collector import calmly
from am_studio.foundation.errors import StudioError
from am_studio.judging import Judge, open_judge
from am_studio.models.base import Client
from am_studio.models.registry import open_client
from am_studio.records import ModelSettings, Study
from am_studio.runs.carried import load_carried, scenario_texts
from am_studio.runs.codec import Damage
from am_studio.runs.compared import load_compared
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.events import Observer
from am_studio.runs.plan import Plan, make_plan, refuse_imported
from am_studio.runs.writer import RunWriter
from am_studio.scenarios import Scenario

if TYPE_CHECKING:
    from am_studio.runs.asking_session import Ending

OpenClient = Callable[[ModelSettings], Client]


def plan_study(study: Study) -> tuple[Plan, Scenario]:
    """The plan of a study and the scenario it is about, with those beside it; StudioError for whatever stands in the way."""
    scenario = load_compared(study)
    return make_plan(study, scenario), scenario


def begin(plan: Plan, scenario: Scenario, path: Path) -> RunWriter:
    """A run file with this plan, open to be carried out; StudioError when the file exists."""
    others = {name: scenario_texts(other) for name, other in scenario.beside.items()}
    return RunWriter.create(path, plan, scenario_texts(scenario), others)


def refuse_unpriced(plan: Plan) -> None:
    """StudioError when there is a budget that cannot be kept, because a model's price is unknown."""
    if plan.study.budget_usd is not None and plan.unpriced:
        raise StudioError(
            f"the budget of ${plan.study.budget_usd:,.2f} cannot be kept: no price is known for {', '.join(plan.unpriced)}",
            hint="give its `price: {input: ..., output: ...}` in the study, or say --allow-unknown-price",
        )


def carry_out(
    run: RunWriter,
    *,
    observer: Observer = lambda _: None,
    settings: EngineSettings | None = None,
    open_model: OpenClient = open_client,
) -> Ending:
    """Work on the run until it ends or is stopped; the file is closed afterwards.

    StudioError when the run cannot be carried on (its judge has changed, its scenario is damaged) or cannot be written.
    """
    try:
        refuse_imported(run.plan)
        with calmly():
            return asyncio.run(_session(run, observer, settings, open_model))
    except apsw.Error as error:
        raise Damage("its tables", str(error)) from error
    finally:
        run.close()


async def _session(
    run: RunWriter, observer: Observer, settings: EngineSettings | None, open_model: OpenClient
) -> Ending:
    from am_studio.runs.engine import Engine  # whoever only plans needs none

    stopping = Stopping()
    # Before anything else: a signal that came earlier would cancel this task at some later moment, as an error.
    with stop_signals(stopping.stop):
        plan = run.plan
        scenario = load_carried(run.scenario_texts, plan, run.other_texts)
        judge = open_judge(plan.study.judge)
        if judge.name != plan.judge:
            raise StudioError(
                f"the run was planned with the judge {plan.judge}, this program has {judge.name}",
                hint=f"carry it on with version {plan.program} of the program",
            )
        asked = () if isinstance(judge, Judge) else judge.models
        clients = {model: open_model(model) for model in dict.fromkeys((*plan.study.models, *asked))}
        engine = Engine(
            run,
            scenario=scenario,
            design=open_design(plan.study, scenario),
            judge=judge,
            clients=clients,
            observer=observer,
            settings=settings,
        )
        try:
            await stopping.hand_over(engine)
            return await engine.carry_out()
        finally:
            for client in clients.values():
                await client.close()


class Stoppable(Protocol):
    """A session of work that can be asked to end."""

    def stop(self) -> None:
        """Send nothing more."""
        ...


class Stopping:
    """Passes a wish to stop on to the engine, also one that comes before there is any."""

    def __init__(self) -> None:
        self._engine: Stoppable | None = None
        self._wished = False

    def stop(self) -> None:
        """Somebody wants the session to end."""
        self._wished = True
        if self._engine is not None:
            self._engine.stop()

    async def hand_over(self, engine: Stoppable) -> None:
        """From now on the engine is told, also of what was wished before."""
        for _ in range(4):  # a signal that came while everything was opened takes the loop a few turns to be heard
            await asyncio.sleep(0)
        self._engine = engine
        if self._wished:
            engine.stop()


@contextmanager
def stop_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM call `stop`; where there are no such signals (a thread, some systems) they stay as they are."""
    loop = asyncio.get_running_loop()
    installed = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop)
            installed.append(number)
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)
