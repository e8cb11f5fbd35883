"""Pictures of a run that another process may be carrying out: where it stands, how fast it goes, what went wrong.

Each picture is taken in one short read that never blocks the writer, and nothing is held open between pictures: a reader
that stayed connected would keep the run from being folded into its one file when it ends. Estimates no effect and reads
no reply.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.records import Counts
from am_studio.runs import codec, schema
from am_studio.runs.database import connect
from am_studio.runs.lock import is_held
from am_studio.runs.plan import Plan
from am_studio.runs.rechecks import arm_label
from am_studio.runs.runfile import Key, RunFile, RunState, Session, Tally

WINDOW_SECONDS = 10.0
"""The rate is taken over the last so many seconds, so that a pause shows."""
_STEP_SECONDS = 0.1
"""Points of that window are at least so far apart."""
_MOST_FAILURES = 30
"""Failed requests that the log shows: the latest ones."""
_QUIET_SECONDS = 2.0
"""A file that was last written longer ago than this, and looks as it did then, is not read again. (Shorter would trust a
file system's clock, which ticks in steps of milliseconds.)"""

Stamp = tuple[tuple[int, int, int], ...]
"""(inode, time of the last write in nanoseconds, size in bytes) of the run file and its journal."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that happened."""

    at: float
    """Seconds since 1970."""
    kind: Literal["started", "ended", "failure"]
    text: str
    """In words; those of a failure are the provider's."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment. Two of them differ in what happened between; nothing changes in either."""

    path: Path
    plan: Plan
    simulated: bool
    """Whether every model is a simulated subject, as far as the answers tell by now."""
    state: RunState
    counts: Mapping[Key, Counts]
    """By arm and model, in the plan's order, for the study's outcome and the plan's judge."""
    tally: Tally
    """All requests of the run, those in flight included."""
    in_flight: int
    """Requests that were sent and not answered yet."""
    sessions: tuple[Session, ...]
    log: tuple[LogLine, ...]
    """Oldest first: every session, and the latest failed requests."""
    at: float
    """When it was taken, in seconds since 1970."""
    recent: tuple[tuple[float, int], ...]
    """(clock that only goes forward, trials ended by then) over the last seconds, oldest first."""
    settled: tuple[int, Tally]
    """The number of a request before which none is open any more, and what they all came to."""
    stamp: Stamp

    @property
    def planned(self) -> int:
        """Trials named so far."""
        return sum(counts.planned for counts in self.counts.values())

    @property
    def ended(self) -> int:
        """Trials that have ended, with a verdict or without."""
        return sum(counts.completed + counts.failed for counts in self.counts.values())

    @property
    def rate(self) -> float | None:
        """Trials a second over the last seconds; None while nothing runs or it is too early to say."""
        if self.state != "running" or len(self.recent) < 2:
            return None
        (since, then), (now, ended) = self.recent[0], self.recent[-1]
        return max(ended - then, 0) / (now - since) if now - since >= _STEP_SECONDS else None

    @property
    def seconds_left(self) -> float | None:
        """For the trials named so far at the present rate; None without a rate."""
        rate = self.rate
        return (self.planned - self.ended) / rate if rate else None

    @property
    def seconds(self) -> float:
        """Time worked on the run, over all sessions that ended or are going on."""
        worked = sum(session.seconds or 0.0 for session in self.sessions)
        going = self.state == "running" and self.sessions and self.sessions[-1].seconds is None
        return worked + (max(self.at - self.sessions[-1].started, 0.0) if going else 0.0)

    @property
    def reason(self) -> str:
        """Why the last session ended; empty while one is going on, after a kill, and when the run is finished."""
        return self.sessions[-1].ending if self.state == "paused" else ""

    @property
    def budget(self) -> float | None:
        """US dollars that the run may cost; None: no limit was set."""
        return self.plan.study.budget_usd

    def label(self, arm: str) -> str:
        """What an arm is called."""
        return arm_label(arm, {planned.name: planned.label for planned in self.plan.arms})


def look(path: Path, since: Snapshot | None = None) -> Snapshot:
    """The run in this file now; `since` is the picture before, which saves most of the work.

    Nothing is read when nothing was written. StudioError when there is no run that can be read.
    """
    # The lock first: whoever let go of it had written how the session ended.
    held = is_held(path)
    stamp, now = _stamp(path), time.time()
    if since is not None and [inode for inode, *_ in since.stamp[:1]] != [inode for inode, *_ in stamp[:1]]:
        since = None  # another file lies there now
    if since is not None and since.stamp == stamp and _quiet(stamp, now):
        state = _state(held, since.sessions)
        return replace(since, state=state, at=now, recent=_recent(since, state, since.ended))
    with RunFile.open(path) as run:
        taken = replace(snapshot(run, since), stamp=stamp)
    if since is not None and taken.state != "running":
        _fold_journal(path)
    return taken


def snapshot(run: RunFile, since: Snapshot | None = None) -> Snapshot:
    """The run that is open, as it is now: one consistent picture. `since` must be of the same run."""
    if since is not None:
        run.plan = since.plan
    held = is_held(run.path)
    list(run.query("BEGIN"))
    try:
        counts = run.counts(run.plan.study.outcome)
        settled, tally, in_flight = _requests(run, since)
        sessions, failures = run.sessions(), tuple(_failures(run))
        started = since is None and _recently_ended(run)
        simulated = (since is not None and since.simulated) or run.simulated
    finally:
        list(run.query("ROLLBACK"))
    state = _state(held, sessions)
    taken = Snapshot(
        path=run.path,
        plan=run.plan,
        simulated=simulated,
        state=state,
        counts=counts,
        tally=tally,
        in_flight=in_flight if state == "running" else 0,
        sessions=sessions,
        log=_log(sessions, failures, run.reopened()),
        at=time.time(),
        recent=(),
        settled=settled,
        stamp=(),
    )
    return replace(taken, recent=_recent(since, state, taken.ended) if since else _first_points(taken, started or 0))


def withholds_effects(plan: Plan) -> bool:
    """Whether the plan looks at its effects at set times only, so that nothing but counts may be seen before its end.

    An e-process may be looked at whenever one likes.
    """
    stopping = plan.study.stopping
    return stopping is not None and not stopping.anytime


# Reading. ------------------------------------------------------------------------------------------------------------


def _state(held: bool, sessions: tuple[Session, ...]) -> RunState:
    """As `RunFile.state` says, from sessions that were read after it was seen whether the run is held."""
    if held:
        return "running"
    if not sessions:
        return "planned"
    ending = sessions[-1].ending
    return "finished" if ending == "finished" else "paused" if ending else "interrupted"


def _requests(run: RunFile, since: Snapshot | None) -> tuple[tuple[int, Tally], Tally, int]:
    """(up to which request all have ended and what they came to, the tally of all, how many are open).

    What has ended never changes, so only the requests after the last open one of before are counted.
    """
    counted, before = since.settled if since else (0, Tally(0, 0, {}, 0.0))
    ((first_open, open_now),) = run.query("SELECT min(id), count(*) FROM attempt WHERE state = ?", (schema.STARTED,))
    ((last,),) = run.query("SELECT coalesce(max(id), 0) FROM attempt")
    through = last if first_open is None else first_open - 1
    ended = _added(before, run, counted, through)
    return (through, ended), _added(ended, run, through, last), open_now


def _added(tally: Tally, run: RunFile, after: int, through: int) -> Tally:
    """The tally with the requests of these numbers."""
    attempts, unknown, failures, cost = tally.attempts, tally.unknown, dict(tally.failures), tally.cost
    for state, kind, number, dollars in run.query(
        "SELECT state, kind, count(*), sum(cost) FROM attempt WHERE id > ? AND id <= ? GROUP BY state, kind",
        (after, through),
    ):
        attempts, cost = attempts + number, cost + dollars
        if state in {schema.STARTED, schema.UNKNOWN}:
            unknown += number
        elif state == schema.ERROR:
            failures[kind] = failures.get(kind, 0) + number
    return Tally(attempts, unknown, failures, cost)


def _failures(run: RunFile) -> Iterator[LogLine]:
    rows = run.query(
        """SELECT failure.attempt, failure.body, failure.digest, attempt.trial, attempt.started, attempt.seconds,
        name.name FROM failure JOIN attempt ON attempt.id = failure.attempt JOIN trial ON trial.id = attempt.trial
        JOIN name ON name.id = trial.model ORDER BY failure.attempt DESC LIMIT ?""",
        (_MOST_FAILURES,),
    )
    for attempt, body, digest, trial, started, seconds, model in rows:
        failure = codec.decoded("failure", codec.failure_from_json, codec.checked("failure", attempt, body, digest))
        text = f"trial {trial}, {model}: {failure.kind}: {failure.message}"
        yield LogLine(started + (seconds or 0.0), "failure", text)


def _log(
    sessions: tuple[Session, ...], failures: tuple[LogLine, ...], reopened: tuple[tuple[float, int], ...]
) -> tuple[LogLine, ...]:
    lines = [*failures, *(LogLine(at, "started", _planned_again(number)) for at, number in reopened)]
    for session in sessions:
        lines.append(LogLine(session.started, "started", f"session {session.id} began"))
        if session.seconds is not None:
            text = f"session {session.id} ended: {session.ending}"
            lines.append(LogLine(session.started + session.seconds, "ended", text))
    return tuple(sorted(lines, key=lambda line: line.at))


def _planned_again(number: int) -> str:
    return "1 failed trial was planned again" if number == 1 else f"{number} failed trials were planned again"


# Speed. --------------------------------------------------------------------------------------------------------------


def _recently_ended(run: RunFile) -> int:
    """How many trials ended within the window of the rate, by the clock on the wall."""
    ((number,),) = run.query("SELECT count(*) FROM trial WHERE ended > ?", (time.time() - WINDOW_SECONDS,))
    return int(number)


def _first_points(taken: Snapshot, recently: int) -> tuple[tuple[float, int], ...]:
    """Where the window stands when a run is first looked at: at what has ended in the seconds before."""
    now = time.monotonic()
    if taken.state != "running" or not taken.sessions:
        return ((now, taken.ended),)
    worked = min(max(taken.at - taken.sessions[-1].started, 0.0), WINDOW_SECONDS)
    return ((now - worked, taken.ended - recently), (now, taken.ended))


def _recent(since: Snapshot, state: RunState, ended: int) -> tuple[tuple[float, int], ...]:
    """The window moved on; it begins anew with each session."""
    now = time.monotonic()
    if state != "running" or since.state != "running":
        return ((now, ended),)
    points = [point for point in since.recent if now - point[0] <= WINDOW_SECONDS] or list(since.recent[-1:])
    if len(points) > 1 and now - points[-2][0] < _STEP_SECONDS:
        points.pop()
    return (*points, (now, ended))


# The files. ----------------------------------------------------------------------------------------------------------


def _journal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _stamp(path: Path) -> Stamp:
    stamps = []
    for file in (path, _journal(path)):
        with suppress(OSError):
            found = file.stat()
            stamps.append((found.st_ino, found.st_mtime_ns, found.st_size))
    return tuple(stamps)


def _quiet(stamp: Stamp, now: float) -> bool:
    return all(now - written / 1e9 > _QUIET_SECONDS for _, written, _ in stamp)


def _fold_journal(path: Path) -> None:
    """Make one file of a run that nobody carries out any more, which its writer could not where somebody was reading."""
    if not _journal(path).exists() or is_held(path):
        return
    with suppress(apsw.Error, StudioError), closing(connect(path, apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.set_busy_timeout(0)
        connection.pragma("journal_mode", "delete")
