"""The second process that helps to read and judge: the same results with it, without it, and when it dies at its work."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from am_studio.judging import Judge, base, open_judge, rules
from am_studio.models.registry import open_client
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Reply, Transcript, TrialSpec
from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.clerk import Clerk, Heard, Judged, can_help
from am_studio.runs.codec import packed_verdicts
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study, with_changes
from am_studio.runs.verify import damages
from am_studio.scenarios import situate
from am_studio.trials import read_transcript
from tests.run_world import reply

pytestmark = pytest.mark.skipif(not can_help(), reason="one core: there is nobody to help")

ALWAYS, NEVER = EngineSettings(clerk_from=1), EngineSettings(clerk_from=1_000_000)
TOLD = (
    "SELECT trial, judge, outcome, arm, model, answer FROM verdict ORDER BY 1, 2, 3",
    "SELECT trial, body, digest FROM evidence ORDER BY 1",
    "SELECT id, arm, model, state, refused, truncated, words FROM trial ORDER BY id",
)


class Patient:
    """A simulated subject that says nothing before the clerk is ready, for a clerk takes longer to come than a few trials do."""

    def __init__(self, settings: ModelSettings, clerks: list[Clerk]) -> None:
        self._subject, self._clerks = open_client(settings), clerks

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        await until(lambda: all(clerk._into is not None or clerk._serving.done() for clerk in self._clerks))
        return await self._subject.ask(request)

    async def close(self) -> None:
        await self._subject.close()


@pytest.fixture
def clerks(monkeypatch: pytest.MonkeyPatch) -> list[Clerk]:
    """Every clerk that is started."""
    started: list[Clerk] = []
    begin_ = Clerk.__init__

    def beginning(self: Clerk, *given: Any) -> None:
        begin_(self, *given)
        started.append(self)

    monkeypatch.setattr(Clerk, "__init__", beginning)
    return started


def carried(path: Path, settings: EngineSettings, clerks: list[Clerk], number: int = 60) -> list[Any]:
    """All that reading and judging left in the file of a run of so many trials an arm."""
    plan, scenario = plan_study(with_changes(load_study("single-line"), models=("sim/strategist",), per_arm=number))
    run = begin(plan, scenario, path)
    assert carry_out(run, settings=settings, open_model=lambda model: Patient(model, clerks)).kind == "finished"
    with RunFile.open(path) as run:
        names = dict(run.query("SELECT id, name FROM name"))
        verdicts, *others = ([*run.query(query)] for query in TOLD)
        assert not list(damages(run))
    # Names are numbered as they come.
    return [sorted((trial, names[outcome], answer) for trial, _, outcome, _, _, answer in verdicts), *others]


def children() -> list[int]:
    """Processes of this one that are clerks."""
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "clerk_process"], capture_output=True, text=True, check=False
    )
    return [int(number) for number in found.stdout.split()]


def test_a_run_comes_out_the_same_with_a_clerk_and_without(
    tmp_path: Path, clerks: list[Clerk], monkeypatch: pytest.MonkeyPatch
) -> None:
    helped: list[int] = []
    take_back = Clerk._take_back

    def counted(self: Clerk, judged: list[tuple[Any, ...]]) -> None:
        helped.append(len(judged))
        take_back(self, judged)

    monkeypatch.setattr(Clerk, "_take_back", counted)
    alone = carried(tmp_path / "alone.amrun", NEVER, clerks)
    assert not clerks
    together = carried(tmp_path / "together.amrun", ALWAYS, clerks)
    assert together == alone
    assert sum(helped) > 0
    assert not children()


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process by its name")
def test_a_clerk_that_is_killed_at_its_work_loses_nothing(
    tmp_path: Path, clerks: list[Clerk], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    take = Clerk.take

    def taking(self: Clerk, heard: Heard) -> bool:
        taken = take(self, heard)
        if taken and not killed:
            killed.extend(children())
            for number in killed:
                os.kill(number, signal.SIGKILL)
        return taken

    monkeypatch.setattr(Clerk, "take", taking)
    with_losses = carried(tmp_path / "killed.amrun", ALWAYS, clerks)
    assert len(killed) == 1
    clerks.clear()
    assert with_losses == carried(tmp_path / "alone.amrun", NEVER, clerks)


def test_a_judge_that_only_this_process_knows_judges_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Own:
        name = "only-here/1"

        def __init__(self) -> None:
            self._rules = open_judge({"kind": "rules"})

        def judge(self, *given: Any) -> Any:
            assert isinstance(self._rules, Judge)
            return tuple(replace(verdict, judge=self.name) for verdict in self._rules.judge(*given))

    monkeypatch.setitem(base._OPENERS, "only-here", lambda _: Own())
    study = with_changes(load_study("single-line"), models=("sim/strategist",), per_arm=60)
    plan, scenario = plan_study(replace(study, judge={"kind": "only-here"}))
    path = tmp_path / "own.amrun"
    assert carry_out(begin(plan, scenario, path), settings=ALWAYS).kind == "finished"
    with RunFile.open(path) as run:
        assert run.verdicts(0)[0].judge == "only-here/1"
        assert run.unfinished() == 0
    assert not children()


def test_text_that_no_encoding_has_comes_through_as_it_is(tmp_path: Path) -> None:
    plan, scenario = plan_study(load_study("single-line"))
    path = tmp_path / "text.amrun"
    begin(plan, scenario, path).close()
    situation = situate(scenario, scenario.defaults())
    texts = ["\ud800 and \x00, \U0001f4e7", "I refuse.", "<tool_use:send_email>\nto: nobody@x.example", ""]
    heard = [
        Heard(
            TrialSpec(number, "baseline", "sim/strategist", situation.variant, 1), number, situation, transcript, False
        )
        for number, transcript in enumerate(Transcript((reply(text),)) for text in texts)
    ]
    judge = open_judge({"kind": "rules"})
    assert isinstance(judge, Judge)

    async def asked() -> dict[int, Judged]:
        back: dict[int, Judged] = {}
        clerk = await Clerk.hired(path, lambda one, judged: back.update({one.spec.id: judged}))
        try:
            await until(lambda: clerk.take(heard[0]))
            assert all(clerk.take(one) for one in heard[1:])
            assert await clerk.settled() == []
        finally:
            await clerk.close()
        return back

    back = asyncio.run(asked())
    for one in heard:
        reading = read_transcript(one.transcript, situation)
        verdicts = judge.judge(reading, one.transcript, situation, scenario.questions_for(situation.variant))
        assert back[one.spec.id] == Judged(reading.refused, reading.truncated, packed_verdicts(verdicts))
    assert {back[0].verdicts.judge, back[3].verdicts.judge} == {rules.NAME}


def test_a_clerk_that_hangs_is_dismissed_and_gives_back_what_it_had(tmp_path: Path) -> None:
    plan, scenario = plan_study(load_study("single-line"))
    path = tmp_path / "hangs.amrun"
    begin(plan, scenario, path).close()
    situation = situate(scenario, scenario.defaults())
    spec = TrialSpec(0, "baseline", "sim/strategist", situation.variant, 1)
    heard = Heard(spec, 0, situation, Transcript((reply("I refuse."),)), False)

    async def asked() -> list[Heard]:
        clerk = await Clerk.hired(path, lambda *_: pytest.fail("it hangs"))
        try:
            await until(lambda: clerk._into is not None)
            clerk._process.send_signal(signal.SIGSTOP)
            assert clerk.take(heard)
            waiting = asyncio.create_task(clerk.settled())
            await asyncio.sleep(0)
            assert not waiting.done()
            clerk.dismiss()
            return await waiting
        finally:
            await clerk.close()

    assert asyncio.run(asked()) == [heard]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process by its name")
@pytest.mark.parametrize("dismissed", [False, True])
def test_a_clerk_that_is_let_go_at_any_moment_is_no_more(tmp_path: Path, dismissed: bool) -> None:
    plan, scenario = plan_study(load_study("single-line"))
    path = tmp_path / "let-go.amrun"
    begin(plan, scenario, path).close()

    async def hired_and_closed(steps: int) -> None:
        clerk = await Clerk.hired(path, lambda *_: pytest.fail("it was given nothing"))
        assert len(children()) == 1
        if dismissed:
            clerk.dismiss()
        for _ in range(steps):
            await asyncio.sleep(0)
        await clerk.close()
        assert clerk._process.returncode == -signal.SIGKILL

    for steps in range(6):
        asyncio.run(hired_and_closed(steps))
        assert not children()


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process by its name")
def test_a_clerk_ends_with_the_run_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "am_studio.cli.main", "run", "single-line", "--trials", "3000", "--out", "k.amrun"]
    run = subprocess.Popen([*command, "--yes"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def clerks() -> list[str]:
        named = ["pgrep", "-f", "clerk_process .*k.amrun$"]
        found = subprocess.run(named, capture_output=True, text=True, check=False, cwd=tmp_path).stdout.split()
        return [number for number in found if os.path.realpath(f"/proc/{number}/cwd") == str(tmp_path.resolve())]

    try:
        wait(lambda: bool(clerks()) or run.poll() is not None)
        assert clerks()
    finally:
        run.kill()
        run.wait()
    wait(lambda: not clerks())


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.01)


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
