"""`verify`, `watch`, `retry` and `runs` at the terminal: a run is looked after while it goes on and after it ended."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from am_studio.cli.commands import watch
from am_studio.cli.main import main
from am_studio.foundation.errors import StudioError
from am_studio.records import ChatRequest, ModelFailure, Stopping
from am_studio.runs import follow
from am_studio.runs.analysis import analyse
from am_studio.runs.runfile import RunFile
from am_studio.runs.verify import damages
from am_studio.runs.writer import RunWriter
from run_world import Answer, Subject, new_run, sometimes_threatens, study_at, work

COMMAND = [sys.executable, "-m", "am_studio.cli.main"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "the.amrun"


def fails_for_some(request: ChatRequest, number: int) -> Answer:
    if request.seed % 4 == 0:
        return ModelFailure("server", "The provider had a bad day.")
    return sometimes_threatens(request, number)


# verify ----------------------------------------------------------------------------------------------------------------


def test_a_whole_run_is_said_to_be_whole_with_what_was_checked(small_pack, path: Path, capsys) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    assert main(["verify", str(path)]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "whole; checked:" in shown.err
    assert "44 replies" in shown.err
    assert main(["verify", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["whole"], told["damage"], told["checked"]["verdicts"]) == (True, [], 44)


def test_every_damaged_part_is_a_line_and_the_exit_code_is_1(small_pack, path: Path, capsys) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    db = apsw.Connection(str(path))
    db.execute("UPDATE reply SET body = x'00' WHERE trial IN (3, 5); UPDATE attempt SET cost = 9 WHERE trial = 7")
    db.close()
    assert main(["verify", str(path)]) == 1
    shown = capsys.readouterr()
    assert [line.split(":")[0] for line in shown.out.splitlines()][:2] == ["reply 3.0", "reply 5.0"]
    assert len(shown.out.splitlines()) == 3
    assert "3 damaged parts" in shown.err
    assert main(["verify", str(path), "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["damage"]) == 3


# retry -----------------------------------------------------------------------------------------------------------------


def test_only_what_failed_is_asked_again_and_the_run_remembers_it(small_pack, path: Path, capsys) -> None:
    work(new_run(study_at(small_pack(), seed="6"), path), Subject(fails_for_some), failures=10_000)
    with RunFile.open(path) as run:
        before = {spec.id: run.transcript(spec.id) for spec in run.trials()}
        failed = {trial for trial, transcript in before.items() if not transcript.replies}
        requests, cost = run.tally().attempts, run.tally().cost
        asked = dict(run.query("SELECT trial, count(*) FROM attempt GROUP BY trial"))
    assert failed
    assert main(["retry", str(path), "--errors", "--json"]) == 0
    shown = capsys.readouterr()
    assert f"{len(failed)} failed trials are asked again" in shown.err
    assert f"{len(failed)} trials that had failed were asked again after their end" in shown.out
    with RunFile.open(path) as run:
        assert run.unfinished() == 0
        assert run.tally().attempts == requests + len(failed)
        assert run.tally().cost == pytest.approx(cost)
        for trial, transcript in before.items():
            assert run.transcript(trial).replies
            if trial not in failed:
                assert run.transcript(trial) == transcript
            numbers = [n for (n,) in run.query("SELECT number FROM attempt WHERE trial = ? ORDER BY id", (trial,))]
            assert numbers == list(range(1, len(numbers) + 1))
            assert len(numbers) == asked[trial] + (trial in failed)
        assert list(damages(run)) == []
        assert any("planned again" in line.text for line in follow.snapshot(run).log)


def test_a_retry_that_is_killed_is_resumed_without_failing_again(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack(), seed="6"), path), Subject(fails_for_some), failures=10_000)
    run = RunWriter.open(path)
    number = run.reopen_failed()
    run._db.close()
    run._lock.release()
    with RunFile.open(path) as found:
        assert found.unfinished() == number
        assert list(damages(found)) == []
        assert any("Incomplete" in note for note in analyse(found).tables[0].notes)
    subject = Subject()
    work(RunWriter.open(path), subject)
    assert len(subject.requests) == number


def test_without_saying_what_nothing_is_asked_again(small_pack, path: Path, capsys) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    before = path.read_bytes()
    assert main(["retry", str(path)]) == 2
    assert "--errors" in capsys.readouterr().err
    assert main(["retry", str(path), "--errors"]) == 0
    assert "no trial of" in capsys.readouterr().err
    with RunFile.open(path) as run:
        assert len(run.sessions()) == 1
    assert len(path.read_bytes()) == len(before)


# watch and runs --------------------------------------------------------------------------------------------------------


def started(directory: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *words], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(path: Path) -> int:
    try:
        return follow.look(path).ended
    except StudioError:  # it is still being made
        return 0


def until_it_runs(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not ended(path):
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.01)


def test_a_run_is_followed_from_elsewhere_until_it_ends(tmp_path: Path, path: Path) -> None:
    runner = started(tmp_path, "run", "single-line", "--trials", "1500", "--out", path.name)
    try:
        until_it_runs(path)
        listed = json.loads(
            subprocess.run([*COMMAND, "runs", ".", "--json"], cwd=tmp_path, capture_output=True, check=True).stdout
        )
        assert [entry["state"] for entry in listed] == ["running"]
        once = subprocess.run([*COMMAND, "watch", path.name, "--json"], cwd=tmp_path, capture_output=True, check=True)
        told = json.loads(once.stdout)
        assert told["state"] == "running"
        assert 0 < told["trials"]["ended"] < told["trials"]["planned"]
        with started(tmp_path, "watch", path.name) as watcher:
            _, errors = runner.communicate(timeout=120)
            assert runner.returncode == 0, errors
            shown, said = watcher.communicate(timeout=60)
    finally:
        runner.kill()
        runner.wait()
    assert watcher.returncode == 0
    assert "SIMULATED · single-line" in shown
    assert "finished: am-studio analyze" in said
    assert not re.search(r"\bp ?[<=]|effect|difference", shown)
    with RunFile.open(path) as run:
        assert list(damages(run)) == []


def test_who_stops_watching_does_not_stop_the_run(tmp_path: Path, path: Path) -> None:
    runner = started(tmp_path, "run", "single-line", "--trials", "1500", "--out", path.name)
    try:
        until_it_runs(path)
        with started(tmp_path, "watch", path.name) as watcher:
            assert watcher.stdout is not None
            watcher.stdout.readline()
            watcher.send_signal(signal.SIGINT)
            assert watcher.wait(timeout=60) == 130
        runner.communicate(timeout=120)
    finally:
        runner.kill()
        runner.wait()
    assert runner.returncode == 0


def test_a_killed_run_and_a_paused_one_are_listed_as_such(small_pack, tmp_path: Path, path: Path, capsys) -> None:
    run = new_run(study_at(small_pack()), path)
    run.begin_session()
    run._db.close()
    run._lock.release()
    gives_up = Subject(lambda *_: ModelFailure("authentication", "The key is refused."))
    work(new_run(study_at(small_pack()), tmp_path / "paused.amrun"), gives_up)
    assert main(["runs", str(tmp_path), "--json"]) == 0
    listed = {Path(entry["run"]).stem: entry for entry in json.loads(capsys.readouterr().out)}
    assert (listed["the"]["state"], listed["the"]["reason"]) == ("interrupted", "")
    assert listed["paused"]["state"] == "paused"
    assert "The key is refused." in listed["paused"]["reason"]
    assert main(["runs", str(tmp_path)]) == 0
    assert "paused: " in capsys.readouterr().out
    for name, told in (("the", "interrupted: 0 trials"), ("paused", "44 trials are still to come: am-studio resume")):
        assert main(["watch", str(tmp_path / f"{name}.amrun"), "--once"]) == 0
        assert told in capsys.readouterr().err


def test_a_run_whose_effects_are_held_back_says_so_while_it_runs(small_pack, path: Path, capsys) -> None:
    study = study_at(small_pack())
    run = new_run(replace(study, stopping=Stopping("obrien-fleming", looks=3)), path)
    run.begin_session()
    assert main(["watch", str(path), "--once"]) == 0
    shown = capsys.readouterr()
    assert "its effects are shown when it has ended" in shown.err
    run.end_session("stopped")
    run.close()


def test_the_picture_as_data_has_counts_and_no_statistics(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    told = watch.as_json(follow.look(path))
    with RunFile.open(path) as run:
        counts = run.counts("coercion")
    assert [(arm["arm"], arm["model"], arm["yes"], arm["planned"]) for arm in told["arms"]] == [
        (*key, each.yes, each.planned) for key, each in counts.items()
    ]
    assert told["requests"] == {"all": 44, "in_flight": 0, "unknown": 0, "failures": {}}
