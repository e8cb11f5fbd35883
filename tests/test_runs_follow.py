"""A run is watched while it goes on, from outside, without being in its way."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from am_studio.foundation.errors import StudioError
from am_studio.records import ChatRequest, ModelFailure, Reply, Stopping
from am_studio.runs.follow import Snapshot, look, withholds_effects
from am_studio.runs.runfile import RunFile
from am_studio.runs.writer import RunWriter
from run_world import Subject, new_run, reply, sometimes_threatens, study_at, work

WritePack = Callable[..., Path]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.amrun"


def journal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def test_pictures_of_a_run_follow_it_from_its_first_trial_to_its_end(small_pack: WritePack, path: Path) -> None:
    pictures: list[Snapshot] = []

    def watched(request: ChatRequest, number: int) -> Reply:
        if number % 5 == 0:
            pictures.append(look(path, pictures[-1] if pictures else None))
        return sometimes_threatens(request, number)

    work(new_run(study_at(small_pack()), path), Subject(watched, seconds=0.03), simulated_concurrency=4)
    last = look(path, pictures[-1])
    ended = [picture.ended for picture in pictures]
    assert ended == sorted(ended)
    assert ended[0] < 5 < ended[-1] < last.ended == last.planned == 44
    assert {picture.state for picture in pictures} == {"running"}
    assert all(1 <= picture.in_flight <= 4 for picture in pictures)
    assert pictures[-1].rate is not None
    assert pictures[-1].rate > 0
    assert pictures[-1].seconds_left is not None
    assert (last.state, last.in_flight, last.rate, last.reason) == ("finished", 0, None, "")
    assert [line.text for line in last.log] == ["session 1 began", "session 1 ended: finished"]
    with RunFile.open(path) as run:
        assert last.counts == run.counts("coercion")
        assert last.tally == run.tally()
        assert last.label("without-threat") == "threat (+ deadline)"


def test_what_was_worked_out_step_by_step_is_what_a_fresh_look_finds(small_pack: WritePack, path: Path) -> None:
    since: Snapshot | None = None

    def flaky(request: ChatRequest, number: int) -> Reply | ModelFailure:
        nonlocal since
        since = look(path, since)
        return ModelFailure("server", "try again") if number % 7 == 3 else sometimes_threatens(request, number)

    work(new_run(study_at(small_pack()), path), Subject(flaky), simulated_concurrency=3)
    followed, fresh = look(path, since), look(path)
    assert replace(followed.tally, cost=0) == replace(fresh.tally, cost=0)
    assert followed.tally.cost == pytest.approx(fresh.tally.cost)
    assert followed.tally.failures["server"] >= 6
    assert (followed.counts, followed.log, followed.sessions) == (fresh.counts, fresh.log, fresh.sessions)


def test_trouble_is_in_the_log_with_its_kind_and_its_words(small_pack: WritePack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject(lambda *_: ModelFailure("authentication", "the key is wrong")))
    seen = look(path)
    assert seen.state == "paused"
    assert "the key is wrong" in seen.reason
    assert seen.tally.failures["authentication"] >= 1
    failure = next(line for line in seen.log if line.kind == "failure")
    assert failure.text.endswith("sim/strategist: authentication: the key is wrong")
    assert seen.log[0].kind == "started"
    assert seen.log[-1].kind == "ended"


def test_a_run_whose_process_was_killed_is_interrupted_and_has_nothing_in_flight(
    small_pack: WritePack, path: Path
) -> None:
    run = new_run(study_at(small_pack()), path)
    run.begin_session()
    run.close()
    seen = look(path)
    assert (seen.state, seen.in_flight, seen.ended) == ("interrupted", 0, 0)
    assert seen.seconds == 0.0


def test_a_file_that_nobody_writes_is_not_read_again(small_pack: WritePack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    os.utime(path, (1e9, 1e9))
    first = look(path)
    again = look(path, first)
    assert again.counts is first.counts
    assert again.at >= first.at
    with RunWriter.open(path) as run:
        run.begin_session()
        resumed = look(path, again)
        assert resumed.state == "running"
        assert len(resumed.sessions) == 2


def test_another_run_under_the_same_name_is_seen_as_another_run(small_pack: WritePack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    first = look(path)
    other = path.with_name("b.amrun")
    work(new_run(study_at(small_pack(), seed="6"), other), Subject())
    other.replace(path)
    second = look(path, first)
    assert (first.plan.study.seed, second.plan.study.seed) == (5, 6)


def test_a_run_that_ended_while_somebody_was_reading_becomes_one_file_all_the_same(
    small_pack: WritePack, path: Path
) -> None:
    run = new_run(study_at(small_pack()), path)
    going = look(path)
    assert going.state == "running"
    with RunFile.open(path) as reader:
        assert list(reader.query("SELECT count(*) FROM trial")) == [(0,)]
        work(run, Subject())
    assert journal(path).exists()
    seen = look(path, going)
    assert not journal(path).exists()
    assert (seen.state, seen.ended) == ("finished", 44)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.pragma("journal_mode") == "delete"
    connection.close()


def test_spend_is_told_beside_its_budget(small_pack: WritePack, path: Path) -> None:
    work(new_run(study_at(small_pack(), budget="{usd: 3}"), path), Subject(lambda *_: reply("No.", cost=0.01)))
    seen = look(path)
    assert seen.budget == 3.0
    assert seen.tally.cost == pytest.approx(0.44)


def test_what_is_no_run_cannot_be_followed(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="there is no run"):
        look(tmp_path / "none.amrun")
    (tmp_path / "text.amrun").write_text("hello")
    with pytest.raises(StudioError):
        look(tmp_path / "text.amrun")


def test_a_plan_with_looks_withholds_its_effects(small_pack: WritePack, path: Path) -> None:
    new_run(study_at(small_pack()), path).close()
    plan = look(path).plan
    assert not withholds_effects(plan)
    looking = replace(plan.study, stopping=Stopping("pocock", 3))
    assert withholds_effects(replace(plan, study=looking))
    watched = replace(plan.study, stopping=Stopping("e-process"))
    assert not withholds_effects(replace(plan, study=watched))
