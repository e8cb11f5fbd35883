"""What a run's writer makes durable, one record a kind of operation; nothing here touches a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from am_studio.records import ModelFailure, Prompt, Reply, TrialSpec, Variant
from am_studio.runs.codec import PackedVerdicts


@dataclass(frozen=True, slots=True)
class PromptKnown:
    """What a variant renders to; stored once, before the first request that sends it."""

    variant: Variant
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A request that is about to leave."""

    attempt: int
    """From `RunWriter.new_attempt`."""
    trial: int
    turn: int
    number: int
    """Which request of this trial, from 1; goes on over turns, retries and sessions."""
    at: float
    """Seconds since 1970."""
    reserved: float
    """US dollars that it can cost at most; 0 when no price is known."""
    judge: str = ""
    """The judge that asks, by its name; empty: a turn of the subject's. Each judge counts its turns from 0."""


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """What came of a request."""

    attempt: int
    trial: int
    turn: int
    seconds: float
    answer: Reply | ModelFailure
    cost: float
    """US dollars, settled; what was reserved when nobody can tell."""
    judge: str = ""
    """As it started."""


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial that came to its end; `verdicts` is None when no conversation came of it."""

    spec: TrialSpec
    at: float
    verdicts: PackedVerdicts | None
    refused: bool = False
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class TrialJudged:
    """A trial that had ended, judged once more by another judge; what others said of it stays."""

    spec: TrialSpec
    verdicts: PackedVerdicts


Operation = PromptKnown | AttemptStarted | AttemptEnded | TrialEnded | TrialJudged


class Asked(NamedTuple):
    """What is known of a request before its answer."""

    trial: int
    turn: int
    number: int
    session: int
    started: float
    judge: int

    def row(self, attempt: int, came: Came) -> tuple[int | float | str | None, ...]:
        """Its row, in the order of the table's columns."""
        asked = (attempt, self.trial, self.turn, self.number, self.session, came.state, float(self.started))
        return (*asked, came.seconds, came.kind, came.cost, *came.tokens, came.returned, self.judge)


class Came(NamedTuple):
    """What came of a request so far."""

    state: int
    cost: float
    seconds: float | None = None
    kind: str | None = None
    tokens: tuple[int | None, int | None] = (None, None)
    returned: int | None = None
