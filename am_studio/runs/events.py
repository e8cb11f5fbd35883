"""What a run tells whoever watches it: a closed union of frozen events.

A trial is told as ended when its result is durable, not before. Events carry no text of a prompt or reply. An observer may
be slow or gone: nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from am_studio.records import Answer, FailureKind


@dataclass(frozen=True, slots=True)
class Cell:
    """One arm in one model, as a run begins or is resumed."""

    arm: str
    label: str
    model: str
    planned: int
    yes: int = 0
    no: int = 0
    unclear: int = 0
    failed: int = 0
    refused: int = 0
    truncated: int = 0


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run begins, or goes on: what is planned and what has been done before."""

    at: float
    """Seconds on a clock that only goes forward; comparable within a process."""
    study: str
    outcome: str
    simulated: bool
    cells: tuple[Cell, ...]
    cost: float
    """US dollars spent so far."""
    session: int
    """Counts from 1."""


@dataclass(frozen=True, slots=True)
class TrialsPlanned:
    """The design named more trials."""

    at: float
    trials: tuple[tuple[str, str, str, int], ...]
    """(arm, its label, model, how many)."""


@dataclass(frozen=True, slots=True)
class Ended:
    """One trial that came to its end."""

    trial: int
    arm: str
    model: str
    answer: Answer | None
    """The judge's answer for the study's outcome; None: the trial failed, after every try."""
    refused: bool = False
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class TrialsEnded:
    """Trials whose results are durable now; a group shares one commit."""

    at: float
    trials: tuple[Ended, ...]
    cost: float
    """US dollars that these trials' requests came to, as far as known."""


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """A request gave no usable reply; it is tried again when `waits` is a number."""

    at: float
    trial: int
    model: str
    kind: FailureKind
    message: str
    waits: float | None
    """Seconds until the next try; None: no further try."""


@dataclass(frozen=True, slots=True)
class ModelPaused:
    """This model is not asked for a while, because it fails or because its provider wants a pause; others go on."""

    at: float
    model: str
    seconds: float
    """Until it is asked again; a model that failed is then asked by a single request first."""
    reason: str


@dataclass(frozen=True, slots=True)
class ModelResumed:
    """This model is asked again."""

    at: float
    model: str


@dataclass(frozen=True, slots=True)
class ModelStopped:
    """Nothing more is asked of this model in this session; its other trials stay planned."""

    at: float
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunStopping:
    """Nothing more is sent; what is in flight is waited for."""

    at: float
    in_flight: int


@dataclass(frozen=True, slots=True)
class RunPaused:
    """The session ended before the study did; the run can be resumed."""

    at: float
    reason: str
    left: int
    """Trials still to come."""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The design wants no more trials and every planned one has ended."""

    at: float


Event = (
    RunStarted
    | TrialsPlanned
    | TrialsEnded
    | AttemptFailed
    | ModelPaused
    | ModelResumed
    | ModelStopped
    | RunStopping
    | RunPaused
    | RunFinished
)
Observer = Callable[[Event], None]
