"""What every session that asks models has in common: a line to each, a crew at work, and an end that can come early."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from am_studio.models.base import Client
from am_studio.records import ModelSettings
from am_studio.runs.conversation import Books, Desk, Rows
from am_studio.runs.crew import Crew
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.events import ModelPaused, ModelResumed, ModelStopped, Observer, RunStopping
from am_studio.runs.ledger import Ledger
from am_studio.runs.lines import make_lines

EndingKind = Literal["finished", "stopped", "budget", "models"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended."""

    kind: EndingKind
    reason: str
    """In words; empty when finished."""
    left: int
    """Planned trials that have not ended."""


class AskingSession:
    """One session of work in which models are asked. Use it once, inside a running loop."""

    def __init__(
        self,
        clients: Mapping[ModelSettings, Client],
        settings: EngineSettings,
        observer: Observer,
        budget_usd: float | None,
    ) -> None:
        """`clients`: for every model that is asked; `budget_usd`: in all sessions together."""
        self._observer, self._settings, self._budget = observer, settings, budget_usd
        self._chance = random.Random()
        self._crew = Crew()
        self._halted: tuple[EndingKind, str] | None = None
        """Why nothing more is sent."""
        self._lines = make_lines(
            clients, settings, self._chance, tell_pause=self._paused, tell_resumed=self._resumed, stop=self._given_up
        )

    def _make_desk(self, rows: Rows, books: Books, spent: float) -> Desk:
        """What the conversations share; `spent`: US dollars, in earlier sessions."""
        return Desk(
            rows,
            books,
            Ledger(self._budget, spent),
            self._lines,
            self._observer,
            self._out_of_budget,
            self._settings.tries,
            self._settings.attempt_seconds,
            self._chance,
        )

    # Control, from the loop's own thread. ----------------------------------------------------------------------------

    def stop(self, reason: str = "stopped by the user") -> None:
        """Send nothing more; what is in flight is still stored. A second call leaves that as well."""
        if self._halted:
            self._crew.cancel()
        else:
            self._halt("stopped", reason)

    def _halt(self, kind: EndingKind, reason: str) -> None:
        if self._halted:
            return
        self._halted = (kind, reason)
        for line in self._lines.values():
            line.lane.close()
        providers = {line.lane.provider for line in self._lines.values()}
        self._observer(RunStopping(time.monotonic(), sum(provider.throttle.in_flight for provider in providers)))

    def _out_of_budget(self) -> None:
        self._halt("budget", f"the budget of ${self._budget or 0:,.2f} does not cover another request")

    def _given_up(self, model: ModelSettings, reason: str) -> None:
        """A model answers no more; where all models are needed, as for a judge, there is nothing to go on with."""
        self._observer(ModelStopped(time.monotonic(), model.name, reason))
        self._halt("models", f"{model.name}: {reason}")

    def _paused(self, model: str, seconds: float, reason: str) -> None:
        self._observer(ModelPaused(time.monotonic(), model, seconds, reason))

    def _resumed(self, model: str) -> None:
        self._observer(ModelResumed(time.monotonic(), model))

    async def _hang_up(self) -> None:
        """Nobody is asked any more."""
        for line in self._lines.values():
            await line.lane.provider.close()
