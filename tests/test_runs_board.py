"""What a screen shows of a run, worked out without a screen."""

from __future__ import annotations

from functools import reduce

import pytest

from am_studio.cli.progress_view import ProgressView, summary
from am_studio.records import Counts
from am_studio.runs.board import Board, fold
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

MODEL = "sim/strategist"
BASELINE, REMOVED = ("baseline", MODEL), ("without-threat", MODEL)


def board(*events: Event) -> Board:
    return reduce(fold, events, Board())


def started(at: float = 100.0, cells: tuple[Cell, ...] = (), cost: float = 0.0) -> RunStarted:
    return RunStarted(at, "single-line", "blackmail", True, cells, cost, 1)


PLANNED = TrialsPlanned(
    100.0, (("baseline", "baseline", MODEL, 4), ("without-threat", "threat (+ deadline)", MODEL, 2))
)


def test_a_run_fills_up_as_its_trials_end() -> None:
    shown = board(
        started(),
        PLANNED,
        TrialsEnded(
            101.0, (Ended(0, "baseline", MODEL, "yes"), Ended(1, "without-threat", MODEL, "no", refused=True)), 0.02
        ),
        TrialsEnded(
            102.0, (Ended(2, "baseline", MODEL, None), Ended(3, "baseline", MODEL, "unclear", truncated=True)), 0.01
        ),
    )
    assert shown.counts[BASELINE] == Counts(4, yes=1, unclear=1, failed=1, truncated=1)
    assert shown.counts[REMOVED] == Counts(2, no=1, refused=1)
    assert (shown.planned, shown.ended, round(shown.cost, 2)) == (6, 4, 0.03)
    assert shown.rate == 2.0
    assert shown.seconds_left == 1.0
    assert shown.labels[REMOVED] == "threat (+ deadline)"


def test_a_resumed_run_counts_what_was_done_before_but_not_in_its_rate() -> None:
    cells = (Cell("baseline", "baseline", MODEL, 100, yes=50, no=20, failed=2),)
    shown = board(started(cells=cells, cost=1.5), TrialsEnded(110.0, (Ended(80, "baseline", MODEL, "yes"),), 0.0))
    assert (shown.before, shown.ended, shown.cost) == (72, 73, 1.5)
    assert shown.rate == 0.1


def test_the_rate_is_that_of_the_last_half_minute_and_a_thousand_events_stay_a_short_list() -> None:
    shown = board(started(0.0), TrialsPlanned(0.0, (("baseline", "baseline", MODEL, 100_000),)))
    for number in range(20_000):
        at = number / 100 if number < 10_000 else 100 + (number - 10_000) / 200
        shown = fold(shown, TrialsEnded(at, (Ended(number, "baseline", MODEL, "no"),), 0.0))
    assert shown.rate is not None
    assert 190 < shown.rate < 210
    assert len(shown.recent) < 200


def test_trouble_is_counted_by_kind_and_said() -> None:
    shown = board(
        started(),
        PLANNED,
        AttemptFailed(101.0, 0, MODEL, "rate_limit", "slow down", 2.0),
        AttemptFailed(102.0, 1, MODEL, "rate_limit", "slow down", 4.0),
        AttemptFailed(103.0, 2, MODEL, "server", "oh", None),
        ModelStopped(104.0, "openai/little", "no such key"),
    )
    assert shown.errors == {"rate_limit": 2, "server": 1}
    assert shown.stopped_models == {"openai/little": "no such key"}
    line = summary(shown)
    assert "rate_limit 2" in line
    assert line.startswith("SIMULATED")


def test_a_model_that_is_paused_is_told_until_it_is_asked_again_or_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    pause = ModelPaused(101.0, "openai/little", 20.0, "8 failures in a row: we are down")
    paused = board(started(), pause)
    assert paused.paused_models == {"openai/little": "8 failures in a row: we are down"}
    assert "paused: openai/little" in summary(paused)
    resumed = fold(paused, ModelResumed(121.0, "openai/little"))
    assert resumed.paused_models == {}
    assert "paused" not in summary(resumed)
    stopped = fold(paused, ModelStopped(121.0, "openai/little", "still down"))
    assert (stopped.paused_models, stopped.stopped_models) == ({}, {"openai/little": "still down"})
    view = ProgressView()
    for event in (started(), pause, ModelResumed(121.0, "openai/little")):
        view.observe(event)
    told = capsys.readouterr().err
    assert "openai/little is paused for 20 s: 8 failures in a row: we are down" in told
    assert "openai/little is asked again" in told


def test_a_run_stops_pauses_and_finishes() -> None:
    stopping = board(started(), RunStopping(101.0, 3))
    assert stopping.state == "stopping"
    paused = fold(stopping, RunPaused(102.0, "stopped by the user", 5))
    assert (paused.state, paused.reason) == ("paused", "stopped by the user")
    assert board(started(), RunFinished(101.0)).state == "finished"
    assert board(started()).rate is None
    assert board(started()).seconds_left is None
