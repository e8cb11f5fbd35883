"""The state of a run as a screen shows it: a fold over events, with no screen in it.

Counts and rates so far are raw; what they are evidence of is for the analysis to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from am_studio.records import Counts
from am_studio.runs.events import (
    AttemptFailed,
    Cell,
    Ended,
    Event,
    ModelPaused,
    ModelResumed,
    ModelStopped,
    RunFinished,
    RunPaused,
    RunStarted,
    RunStopping,
    TrialsEnded,
    TrialsPlanned,
)

WINDOW_SECONDS = 30.0
"""The rate is taken over the last so many seconds, so that a pause shows."""

Key = tuple[str, str]
"""(arm, model)."""


@dataclass(frozen=True, slots=True)
class Board:
    """Where a run stands."""

    study: str = ""
    outcome: str = ""
    simulated: bool = False
    session: int = 0
    labels: Mapping[Key, str] = field(default_factory=dict)
    counts: Mapping[Key, Counts] = field(default_factory=dict)
    """One entry an arm and model, in the design's order."""
    cost: float = 0.0
    errors: Mapping[str, int] = field(default_factory=dict)
    """Failed requests of this session by kind."""
    paused_models: Mapping[str, str] = field(default_factory=dict)
    """Models that are not asked for a while, with the reason."""
    stopped_models: Mapping[str, str] = field(default_factory=dict)
    """Models that nothing more is asked of, with the reason."""
    state: str = "waiting"
    """`waiting`, `running`, `stopping`, `paused` or `finished`."""
    reason: str = ""
    """Why it is paused."""
    now: float = 0.0
    began: float = 0.0
    before: int = 0
    """Trials that had ended before this session."""
    recent: tuple[tuple[float, int], ...] = ()
    """(when, how many had ended by then) over the window that the rate is taken from, oldest first."""

    @property
    def planned(self) -> int:
        """Trials that the design has named."""
        return sum(counts.planned for counts in self.counts.values())

    @property
    def ended(self) -> int:
        """Trials that have ended, with a verdict or without."""
        return sum(counts.completed + counts.failed for counts in self.counts.values())

    @property
    def rate(self) -> float | None:
        """Trials a second over the window; None before there is anything to go by."""
        if len(self.recent) < 2:
            return None
        (since, then), (_, ended) = self.recent[0], self.recent[-1]
        seconds = self.now - since
        return (ended - then) / seconds if seconds > 0 and ended > then else None

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None when there is no rate."""
        rate = self.rate
        return (self.planned - self.ended) / rate if rate else None


def fold(board: Board, event: Event) -> Board:
    """The board after this event."""
    match event:
        case RunStarted():
            return _started(event)
        case TrialsPlanned(trials=trials):
            return _more_planned(replace(board, now=event.at), trials)
        case TrialsEnded():
            return _ended(board, event)
        case AttemptFailed(kind=kind):
            return replace(board, now=event.at, errors={**board.errors, kind: board.errors.get(kind, 0) + 1})
        case ModelPaused(model=model, reason=reason):
            return replace(board, now=event.at, paused_models={**board.paused_models, model: reason})
        case ModelResumed(model=model):
            return replace(board, now=event.at, paused_models=_without(board.paused_models, model))
        case ModelStopped(model=model, reason=reason):
            paused = _without(board.paused_models, model)
            stopped = {**board.stopped_models, model: reason}
            return replace(board, now=event.at, paused_models=paused, stopped_models=stopped)
        case RunStopping():
            return replace(board, now=event.at, state="stopping")
        case RunPaused(reason=reason):
            return replace(board, now=event.at, state="paused", reason=reason)
        case RunFinished():
            return replace(board, now=event.at, state="finished")


def _started(event: RunStarted) -> Board:
    counts = {(cell.arm, cell.model): _counts(cell) for cell in event.cells}
    ended = sum(each.completed + each.failed for each in counts.values())
    return Board(
        study=event.study,
        outcome=event.outcome,
        simulated=event.simulated,
        session=event.session,
        labels={(cell.arm, cell.model): cell.label for cell in event.cells},
        counts=counts,
        cost=event.cost,
        state="running",
        now=event.at,
        began=event.at,
        before=ended,
        recent=((event.at, ended),),
    )


def _without(models: Mapping[str, str], model: str) -> dict[str, str]:
    return {name: reason for name, reason in models.items() if name != model}


def _counts(cell: Cell) -> Counts:
    return Counts(cell.planned, cell.yes, cell.no, cell.unclear, cell.failed, cell.refused, cell.truncated)


def _more_planned(board: Board, trials: tuple[tuple[str, str, str, int], ...]) -> Board:
    labels, counts = dict(board.labels), dict(board.counts)
    for arm, label, model, number in trials:
        had = counts.get((arm, model), Counts(0))
        labels[arm, model] = label
        counts[arm, model] = replace(had, planned=had.planned + number)
    return replace(board, labels=labels, counts=counts)


def _ended(board: Board, event: TrialsEnded) -> Board:
    groups: dict[Key, list[Ended]] = {}
    for trial in event.trials:
        groups.setdefault((trial.arm, trial.model), []).append(trial)
    counts = {
        **board.counts,
        **{key: _more_ended(board.counts.get(key, Counts(0)), trials) for key, trials in groups.items()},
    }
    board = replace(board, now=event.at, counts=counts, cost=board.cost + event.cost)
    return replace(board, recent=_recent(board.recent, event.at, board.ended))


def _more_ended(had: Counts, trials: list[Ended]) -> Counts:
    answers = [trial.answer for trial in trials]
    return Counts(
        had.planned,
        had.yes + answers.count("yes"),
        had.no + answers.count("no"),
        had.unclear + answers.count("unclear"),
        had.failed + answers.count(None),
        had.refused + sum(trial.refused for trial in trials),
        had.truncated + sum(trial.truncated for trial in trials),
    )


def _recent(before: tuple[tuple[float, int], ...], at: float, ended: int) -> tuple[tuple[float, int], ...]:
    """The window moved on: points at least a hundredth of it apart, so that it stays short at any speed."""
    points = [point for point in before if at - point[0] <= WINDOW_SECONDS] or list(before[-1:])
    if len(points) > 1 and at - points[-2][0] < WINDOW_SECONDS / 100:
        points.pop()
    return (*points, (at, ended))
