"""A run over several sessions: some of the baseline is run again in each, so that a model that changed shows."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from am_studio.designs.base import trial_seed
from am_studio.records import ChatRequest, ModelFailure, Reply
from am_studio.reports.nuisance_tables import nuisance_lines
from am_studio.runs.analysis import analyse
from am_studio.runs.board import Board, fold
from am_studio.runs.browse import Wanted, about, find_trials
from am_studio.runs.drift import drift
from am_studio.runs.events import RunStarted, TrialsPlanned
from am_studio.runs.follow import look
from am_studio.runs.runfile import RunFile
from am_studio.runs.trial_view import open_trial
from am_studio.runs.verify import damages
from am_studio.runs.writer import RunWriter
from am_studio.tui.board.state import arm_rows
from run_world import THREAT, Subject, new_run, reply, study_at, work

MODEL = "openai/little"
FREE = "{name: openai/little, price: {input: 0, output: 0}}"
HARMLESS = "Nothing to do."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "the.amrun"


def answering(text: str, times: int = 10**9) -> Subject:
    """Says the same to everything; after so many replies its key is not taken any more."""
    return Subject(
        lambda _, number: reply(text) if number < times else ModelFailure("authentication", "the key has expired")
    )


def begun(small_pack, path: Path, *texts: tuple[str, int], **changes: str) -> None:
    """A run with a session for each (text, replies until it stops)."""
    first, *others = texts
    work(new_run(study_at(small_pack(), FREE, **changes), path), answering(*first), concurrency=1)
    for text in others:
        work(RunWriter.open(path), answering(*text), concurrency=1)


def test_a_later_session_runs_some_of_the_baseline_again_among_what_is_left(small_pack, path: Path) -> None:
    begun(small_pack, path, (HARMLESS, 20))
    asked: list[int] = []

    def script(request: ChatRequest, _: int) -> Reply:
        asked.append(request.seed)
        return reply(HARMLESS)

    ending, events = work(RunWriter.open(path), Subject(script), concurrency=1)
    assert ending.kind == "finished"
    seeds = [trial_seed(5, MODEL, "baseline@2", index) for index in range(10)]
    places = [place for place, seed in enumerate(asked) if seed in seeds]
    assert len(places) == 10
    assert len(asked) == 24 + 10
    assert places[-1] - places[0] > 10, "they are spread over the session"
    with RunFile.open(path) as run:
        counts = run.counts("coercion")
        assert counts["baseline@2", MODEL].completed == 10
        assert counts["baseline", MODEL].planned == 20
        assert run.planned() == 54
        extra = [spec for spec in run.trials() if spec.arm == "baseline@2"]
        baseline = next(spec for spec in run.trials() if spec.arm == "baseline")
        assert {spec.variant for spec in extra} == {baseline.variant}
        assert sorted(spec.id for spec in extra) == list(range(44, 54))
        assert list(damages(run)) == []
        table = analyse(run).tables[0]
        assert [effect.arm for effect in table.effects] == ["without-threat", "without-deadline"]
        assert table.baseline.planned == 20, "they are in no effect"
    planned = [event for event in events if isinstance(event, TrialsPlanned)]
    assert planned[0].trials == (("baseline@2", "baseline, session 2", MODEL, 10),)


def test_every_place_that_lists_arms_knows_the_extra_ones(small_pack, path: Path) -> None:
    begun(small_pack, path, (HARMLESS, 20), (HARMLESS, 30))
    snapshot = look(path)
    assert snapshot.label("baseline@2") == "baseline, session 2"
    assert (snapshot.planned, snapshot.ended) == (54, 50)
    rows = {row.arm: row for row in arm_rows(snapshot)}
    assert rows["baseline@2"].label == "baseline, session 2"
    assert rows["baseline@2"].difference is None
    assert rows["without-threat"].difference is not None
    with RunFile.open(path) as run:
        assert about(run).arms[-1] == ("baseline@2", "baseline, session 2")
        first = find_trials(run, Wanted(arm="baseline@2"))[0]
        assert open_trial(run, first).arm_label == "baseline, session 2"
    _, events = work(RunWriter.open(path), answering(HARMLESS))
    started = events[0]
    assert isinstance(started, RunStarted)
    assert started.cells[-1].label == "baseline, session 2"
    board = Board()
    for event in events:
        board = fold(board, event)
    with RunFile.open(path) as run:
        assert (board.planned, board.ended) == (run.planned(), run.planned())


def test_no_extra_trials_where_they_could_show_nothing(small_pack, path: Path) -> None:
    # A simulated subject cannot drift.
    stopping = Subject(lambda _, number: reply(HARMLESS) if number < 20 else ModelFailure("not_found", "gone"))
    work(new_run(study_at(small_pack()), path), stopping, simulated_concurrency=1)
    work(RunWriter.open(path), Subject())
    with RunFile.open(path) as run:
        assert run.planned() == 44
        assert not any("Sessions" in note for note in analyse(run).tables[0].notes)
    # Nothing was asked before, so there is nothing to compare with.
    other = path.with_name("2.amrun")
    begun(small_pack, other, (HARMLESS, 0), (HARMLESS, 100))
    with RunFile.open(other) as run:
        assert run.planned() == 44
    # The study wants none.
    third = path.with_name("3.amrun")
    begun(small_pack, third, (HARMLESS, 20), (HARMLESS, 100), sessions="{recheck: 0}")
    with RunFile.open(third) as run:
        assert run.planned() == 44


def test_sessions_that_end_at_once_do_not_pile_up_extra_trials(small_pack, path: Path) -> None:
    begun(small_pack, path, (HARMLESS, 20), (HARMLESS, 0), (HARMLESS, 0), (HARMLESS, 100))
    with RunFile.open(path) as run:
        assert run.state() == "finished"
        assert run.planned() == 54
    few_left = path.with_name("2.amrun")
    begun(small_pack, few_left, (HARMLESS, 41), (HARMLESS, 100))
    with RunFile.open(few_left) as run:
        assert run.planned() == 44 + 3, "never more than what is left"


def test_a_model_that_changed_between_sessions_is_noticed(small_pack, path: Path) -> None:
    begun(small_pack, path, (HARMLESS, 16), (THREAT, 100))
    with RunFile.open(path) as run:
        found = drift(run, "coercion", MODEL)
        assert found is not None
        assert found.found
        first, second = found.sessions
        assert (first.k, first.n + second.n) == (0, 30)
        assert second.k == second.n >= 10
        (note,) = [note for note in analyse(run).tables[0].notes if note.startswith("Sessions:")]
    assert f"baseline 0/{first.n} in session 1, {second.k}/{second.n} in session 2 (p < .001)" in note
    assert "the model may have changed between them" in note


def test_a_model_that_stayed_the_same_is_said_to_show_no_sign_of_it(small_pack, path: Path) -> None:
    begun(small_pack, path, (THREAT, 20), (THREAT, 20), (THREAT, 100))
    with RunFile.open(path) as run:
        found = drift(run, "coercion", MODEL)
        assert found is not None
        assert not found.found
        assert [session.session for session in found.sessions] == [1, 2, 3]
        assert found.sessions[1].p_adjusted == 1.0
        (note,) = [note for note in analyse(run).tables[0].notes if note.startswith("Sessions:")]
    assert "adjusted for the number of sessions: no sign that the model changed" in note


def test_a_run_of_one_session_says_nothing_of_sessions(small_pack, path: Path) -> None:
    begun(small_pack, path, (THREAT, 100))
    with RunFile.open(path) as run:
        assert drift(run, "coercion", MODEL) is None
        assert not any("Sessions" in note for note in analyse(run).tables[0].notes)


def test_when_in_which_order_and_in_which_session_a_trial_ended_is_stored(small_pack, path: Path) -> None:
    before = time.time()
    begun(small_pack, path, (HARMLESS, 20), (HARMLESS, 100))
    with RunFile.open(path) as run:
        rows = list(run.query("SELECT id, session, ended FROM trial"))
        assert all(before <= ended <= time.time() for _, _, ended in rows)
        assert Counter(session for _, session, _ in rows) == {1: 20, 2: 34}
        first = [id_ for id_, session, _ in rows if session == 1]
        assert first == list(range(20)), "the order of the plan, which interleaves the arms"
        assert list(run.query("SELECT count(DISTINCT trial) FROM attempt WHERE session = 2")) == [(34,)]


def test_a_clock_that_is_set_back_makes_no_time_negative(
    small_pack, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = time.time, Counter[str]()

    def jumping() -> float:
        calls["time"] += 1
        return real() - 86_400.0 * (calls["time"] % 3)

    monkeypatch.setattr(time, "time", jumping)
    begun(small_pack, path, (HARMLESS, 20), (HARMLESS, 100))
    snapshot = look(path)
    assert snapshot.seconds >= 0.0
    assert snapshot.rate is None or snapshot.rate >= 0.0
    with RunFile.open(path) as run:
        assert all(session.seconds is not None and session.seconds >= 0.0 for session in run.sessions())
        assert all(seconds >= 0.0 for (seconds,) in run.query("SELECT seconds FROM attempt"))
    assert calls["time"] > 44


def test_effects_are_told_with_the_sessions_held_apart(small_pack, path: Path) -> None:
    begun(small_pack, path, (HARMLESS, 16), (THREAT, 10**9))
    with RunFile.open(path) as run:
        (table,) = analyse(run).tables
    for effect in table.effects:
        held = effect.by_session
        assert held is not None
        assert (held.factors, held.strata) == (("session",), 2)
        assert held.difference == 0, "within a session every trial ended alike"
        assert effect.stratified is None
    assert any(effect.difference for effect in table.effects), "the crude difference is the sessions'"
    told = "\n".join(nuisance_lines(table))
    assert "sessions held apart" in told
    assert "Stratified by session (2 strata)" in told


def test_one_session_has_nothing_to_hold_apart(small_pack, path: Path) -> None:
    begun(small_pack, path, (HARMLESS, 10**9))
    with RunFile.open(path) as run:
        (table,) = analyse(run).tables
    assert [effect.by_session for effect in table.effects] == [None, None]
    assert nuisance_lines(table) == ()
