"""The real command in a process of its own: killed, stopped, resumed, and never on the network by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from am_studio.foundation.errors import StudioError
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.runfile import RunFile
from am_studio.runs.verify import damages

COMMAND = [sys.executable, "-m", "am_studio.cli.main"]
STUDY = ["single-line", "--trials", "250", "--seed", "3"]
IN_FLIGHT = EngineSettings().simulated_concurrency


def studio(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)


def numbers(output: str) -> list[Any]:
    """What a table says, without where and when it was made."""
    return [[table["baseline"], table["effects"]] for table in json.loads(output)["tables"]]


def interrupt(command: list[str | Path], run: Path, cwd: Path, number: int, enough: int) -> int:
    """Start the command, send it this signal once so many trials have ended, and give its exit code."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, command)], cwd=cwd, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: process.poll() is not None or ended(run) >= enough)
        process.send_signal(number)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    return process.returncode


def ended(run: Path) -> int:
    try:
        with RunFile.open(run) as file:
            return file.planned() - file.unfinished()
    except StudioError:
        return 0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    directory = tmp_path_factory.mktemp("whole")
    done = studio("run", *STUDY, "--json", "--out", "whole.amrun", cwd=directory)
    assert done.returncode == 0, done.stderr
    return numbers(done.stdout)


def test_killed_three_times_and_resumed_no_trial_is_lost_or_counted_twice(
    tmp_path: Path, uninterrupted: list[Any]
) -> None:
    run = tmp_path / "killed.amrun"
    command: list[str | Path] = ["run", *STUDY, "--out", run]
    kills = 0
    for enough in (1, 300, 700):
        kills += interrupt(command, run, tmp_path, signal.SIGKILL, enough) == -signal.SIGKILL
        command = ["resume", run]
    assert kills >= 1
    with RunFile.open(run) as file:
        assert file.state() == "interrupted"
        before = {spec.id for spec in file.trials()} - {spec.id for spec in file.trials(unfinished=True)}
        attempts_before = dict(file.query("SELECT trial, count(*) FROM attempt GROUP BY trial"))
    resumed = studio("resume", run, "--json", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert numbers(resumed.stdout) == uninterrupted
    with RunFile.open(run) as file:
        planned, tally = file.planned(), file.tally()
        assert file.unfinished() == 0
        assert tally.unknown <= kills * IN_FLIGHT
        assert tally.attempts == planned + tally.unknown
        assert next(file.query("SELECT count(*) FROM reply")) == (planned,)
        assert next(file.query("SELECT count(*), count(DISTINCT trial) FROM evidence")) == (planned, planned)
        after = dict(file.query("SELECT trial, count(*) FROM attempt GROUP BY trial"))
        assert all(after[trial] == attempts_before[trial] for trial in before), "a finished trial is not asked again"
        assert list(damages(file)) == []


def test_ctrl_c_leaves_a_run_that_gives_the_same_table_once_resumed(tmp_path: Path, uninterrupted: list[Any]) -> None:
    run = tmp_path / "stopped.amrun"
    code = interrupt(["run", *STUDY, "--out", run], run, tmp_path, signal.SIGINT, 1)
    assert code == 130
    with RunFile.open(run) as file:
        assert file.state() == "paused"
        assert 0 < file.unfinished() < file.planned()
        assert file.tally().unknown == 0, "what was in flight has been stored"
    listed = json.loads(studio("runs", ".", "--json", cwd=tmp_path).stdout)
    assert [(entry["run"], entry["state"]) for entry in listed] == [("stopped.amrun", "paused")]
    so_far = studio("analyze", run, cwd=tmp_path)
    assert "Incomplete" in so_far.stdout
    assert "SIMULATED" in so_far.stdout
    resumed = studio("resume", run, "--json", "--concurrency", "3", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert numbers(resumed.stdout) == uninterrupted


def test_a_run_is_shown_with_its_plan_its_finding_and_where_it_lies(tmp_path: Path) -> None:
    done = studio("run", "single-line", "--trials", "10", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "runs").glob("single-line-*.amrun")
    shown = " ".join(done.stdout.split())
    for told in ("SIMULATED", "consider_goals", f"runs/{run.name}", "Judge rules/"):
        assert told in shown
    for told in ("73 trials", "Plan sha256:", "10 trials an arm are few"):
        assert told in done.stderr
    again = studio("analyze", run, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["tables"][0]["finding"] in shown
    listed = studio("runs", cwd=tmp_path)
    assert "finished" in listed.stdout
    assert "73/73" in listed.stdout


def test_mistakes_end_with_words_and_exit_code_2(tmp_path: Path) -> None:
    for words, told in (
        (["run", "singleline"], "single-line"),
        (["run", "single-line", "--model", "sim/strategst"], "strategist"),
        (["run", "single-line", "--model", "hosted_vllm/x", "--yes"], "--allow-unknown-price"),
        (["run", "single-line", "--model", "gpt-4o"], "--yes"),
        (["resume", "nothing.amrun"], "no run"),
        (["analyze", "nothing.amrun"], "no run"),
    ):
        done = studio(*words, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert told in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.amrun"))


NO_SOCKETS = """
import sys
def refuse(event, args):
    if event.startswith("socket."):
        raise RuntimeError(f"a socket was touched: {event} {args}")
sys.addaudithook(refuse)
import importlib, pkgutil, am_studio
for module in pkgutil.walk_packages(am_studio.__path__, "am_studio."):
    importlib.import_module(module.name)
heavy = {"litellm", "scipy", "statsmodels"} & set(sys.modules)
assert not heavy, heavy
"""


def test_importing_every_module_opens_no_socket_and_loads_nothing_heavy(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", NO_SOCKETS], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


STOPPED_AT_ONCE = """
import os, signal, sys
from pathlib import Path
import am_studio.runs.carry as carry
from am_studio.runs.writer import RunWriter
inner = carry.load_carried
def interrupted(*given):
    os.kill(os.getpid(), signal.SIGINT)
    return inner(*given)
carry.load_carried = interrupted
ending = carry.carry_out(RunWriter.open(Path(sys.argv[1])))
print(ending.kind, ending.left)
"""


def test_ctrl_c_in_the_first_moments_of_resuming_ends_the_session_as_stopped(tmp_path: Path) -> None:
    run = tmp_path / "early.amrun"
    assert interrupt(["run", *STUDY, "--out", run], run, tmp_path, signal.SIGINT, 1) == 130
    with RunFile.open(run) as file:
        left, attempts = file.unfinished(), file.tally().attempts
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_AT_ONCE, str(run)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["stopped", str(left)]
    with RunFile.open(run) as file:
        assert [session.ending for session in file.sessions()] == ["stopped by the user"] * 2
        assert file.tally().attempts == attempts, "nothing was sent"
