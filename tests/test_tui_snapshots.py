"""How every screen looks: three sizes, dark and light. A changed look is a failing test until somebody has looked at it.

`pytest tests/test_tui_snapshots.py --snapshot-update` takes new pictures; look at them before they are committed.
"""

from __future__ import annotations

import datetime
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import time_machine
from textual.pilot import Pilot
from textual.screen import Screen

from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.study import load_study
from am_studio.scenarios.starting import start_pack
from am_studio.tui.app import StudioApp
from tests.studio_world import painted, still, until

MOMENT = datetime.datetime(2031, 5, 14, 16, 40, tzinfo=datetime.UTC)
SIZES = [(80, 24), (120, 36), pytest.param((200, 60), marks=pytest.mark.slow)]
STUDY = """\
format: 1
name: my-study
title: Does one line carry the behaviour?
scenario: ./my-pack/cold-store
design: {kind: leave-one-out, details: [consider_goals, threat, deadline]}
models: [sim/strategist]
outcome: blackmail
trials: {per_arm: 24}
nuisance: off
seed: 7
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a pack, a study and a finished run, made at one moment."""
    place = tmp_path_factory.mktemp("made")
    with time_machine.travel(MOMENT, tick=False):
        start_pack(place / "my-pack", "core/replacement-blackmail", "cold-store")
        (place / "ablations").mkdir()
        study = place / "my-study.yaml"
        study.write_text(STUDY)
        (place / "runs").mkdir()
        plan, scenario = plan_study(load_study(study))
        run = place / "runs" / "my-study.amrun"
        carry_out(begin(plan, scenario, run))
        _as_if_it_took_42_seconds(run)
    return place


def _as_if_it_took_42_seconds(run: Path) -> None:
    """How long the machine took is shown, and differs each time."""
    connection = apsw.Connection(str(run))
    connection.execute("UPDATE session SET seconds = 42")
    connection.close()


@pytest.fixture
def workspace(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = tmp_path / "work"
    shutil.copytree(made, place)
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("USER", "tester")
    monkeypatch.setenv("LOGNAME", "tester")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    with time_machine.travel(MOMENT, tick=False):
        yield place


async def rest(pilot: Pilot[Any]) -> None:
    """Until nothing is being worked out any more and the picture has stood still for a while, however busy the machine is."""
    still, before = 0, ""
    for _ in range(2000):
        await pilot.pause(0.05)
        for field in pilot.app.screen.query("Input, TextArea"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        now = pilot.app.export_screenshot()
        working = any(worker.is_running for worker in pilot.app.workers)
        still = 0 if working or now != before else still + 1
        before = now
        if still >= 8:
            break


async def arrived(pilot: Pilot[Any], left: Screen[Any]) -> None:
    """Until another screen than the one that was left is there, and something in it has the focus."""
    await until(pilot, lambda: pilot.app.screen is not left and pilot.app.focused is not None)


def _library(app: StudioApp) -> None:
    pass


def _author(app: StudioApp) -> None:
    app.open_author(Path("my-pack/cold-store"))


def _study(app: StudioApp) -> None:
    app.open_study(Path("my-study.yaml"))


def _board(app: StudioApp) -> None:
    app.open_board(Path("runs/my-study.amrun"))


def _results(app: StudioApp) -> None:
    app.open_results(Path("runs/my-study.amrun"))


def _transcripts(app: StudioApp) -> None:
    app.open_transcripts(Path("runs/my-study.amrun"), answer="yes", outcome="blackmail")


SCREENS: dict[str, tuple[Callable[[StudioApp], None], tuple[str, ...]]] = {
    "library": (_library, ("down",)),
    "author": (_author, ()),
    "author_email": (_author, ("down", "down", "down", "down", "f4")),
    "study": (_study, ()),
    "board": (_board, ()),
    "results": (_results, ()),
    "transcripts": (_transcripts, ("enter",)),
    "help": (_library, ("f1",)),
}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", SCREENS)
def test_the_look_of_a_screen(
    screen: str, size: tuple[int, int], theme: str, workspace: Path, snap_compare: Callable[..., bool]
) -> None:
    opened, keys = SCREENS[screen]

    async def arrive(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "Reading the library" not in painted(pilot.app))
        await still(pilot)
        left = pilot.app.screen
        opened(pilot.app)  # type: ignore[arg-type]
        if opened is not _library:
            await arrived(pilot, left)
        for key in keys:
            await still(pilot)
            await pilot.press(key)
        await rest(pilot)

    run_before: Callable[[Pilot[Any]], Awaitable[None]] = arrive
    app = StudioApp(theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=run_before)
