"""Somebody launches a run, watches it, pauses it, goes away and comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from am_studio.records import ModelFailure
from am_studio.runs.lock import is_held
from am_studio.runs.runfile import RunFile
from am_studio.tui import launching
from am_studio.tui.app import StudioApp
from am_studio.tui.board.arms import ArmsTable
from am_studio.tui.board.screen import BoardScreen
from am_studio.tui.widgets import ChoiceScreen
from run_world import Subject, new_run, study_at, work
from tests.studio_world import EmptyStudio, until

WritePack = Callable[..., Path]
pytestmark = pytest.mark.asyncio


class Studio(EmptyStudio):
    """The studio, begun on an empty screen; it notes which trials and results were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[tuple[Any, ...]] = []

    def open_transcripts(
        self, run: Path, arm: str = "", model: str = "", outcome: str = "", answer: str = "", trial: int | None = None
    ) -> None:
        self.opened.append(("transcripts", run, arm, model))

    def open_results(self, run: Path) -> None:
        self.opened.append(("results", run))


@asynccontextmanager
async def studio(size: tuple[int, int] = (120, 36)) -> AsyncIterator[tuple[Studio, Pilot[None]]]:
    app = Studio()
    async with app.run_test(size=size) as pilot:
        yield app, pilot


def text(app: StudioApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Static).render())


def on_board(app: StudioApp) -> bool:
    return isinstance(app.screen, BoardScreen)


def shown_rows(app: StudioApp) -> list[str]:
    table = app.screen.query_one(ArmsTable)
    return [" ".join(str(cell) for cell in table.get_row_at(row)) for row in range(table.row_count)]


def keys(app: StudioApp) -> set[str]:
    return {binding.binding.description for binding in app.screen.active_bindings.values() if binding.enabled}


@pytest.fixture
def launched(small_pack: WritePack, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A run of some thousand trials, or as many as the test asks for, that goes on in a process of its own."""
    each = getattr(request, "param", 8_000)
    study_at(small_pack(), trials=f"{{per_arm: {each}, baseline: {each}}}")
    path = tmp_path / "live.amrun"
    started = launching.launch(tmp_path / "study.yaml", path)
    yield path
    if is_held(path):
        started.process.kill()
        started.process.wait()


@pytest.fixture
def finished(small_pack: WritePack, tmp_path: Path) -> Path:
    path = tmp_path / "done.amrun"
    work(new_run(study_at(small_pack()), path), Subject())
    return path


async def test_a_launched_run_is_watched_paused_left_resumed_and_seen_to_its_end(launched: Path) -> None:
    async with studio() as (app, pilot):
        app.open_board(launched)
        await until(pilot, lambda: on_board(app) and "running" in text(app, "status"))
        await until(pilot, lambda: "in flight" in text(app, "figures") and "[" in "".join(shown_rows(app)))
        assert {"Pause", "Stop"} <= keys(app)
        assert "Resume" not in keys(app)

        await pilot.press("p")
        await until(pilot, lambda: "‖ paused: stopped by the user" in text(app, "status"))
        with RunFile.open(launched) as run:
            left = run.unfinished()
        assert left > 0
        assert {"Pause", "Stop"} & keys(app) == set()

        await pilot.press("escape")
        await until(pilot, lambda: not on_board(app))
        app.open_board(launched)
        await until(pilot, lambda: on_board(app) and "paused" in text(app, "status"))

        await pilot.press("c")
        await until(pilot, lambda: "running" in text(app, "status"))
        await pilot.press("escape")
        await until(pilot, lambda: not on_board(app))
        assert launching.is_running(launched)
        app.open_board(launched)
        await until(pilot, lambda: on_board(app) and "✓ finished" in text(app, "status"))
        assert "24000/24000 trials" in text(app, "figures")
        assert "session 2 ended: finished" in text(app, "lines")
        await pilot.press("r")
        assert app.opened == [("results", launched)]


async def test_a_run_that_would_send_a_key_somewhere_is_not_resumed_unasked(
    small_pack: WritePack, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.amrun"
    away = "{name: openai/little, endpoint: 'https://models.thief.example/v1', key_env: TEST_MODEL_KEY}"
    new_run(study_at(small_pack(), away), path).close()
    async with studio() as (app, pilot):
        app.open_board(path)
        await until(pilot, lambda: on_board(app) and "Resume" in keys(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        asked = " ".join(str(part.render()) for part in app.screen.query(Static))
        assert "the key in TEST_MODEL_KEY and every prompt to https://models.thief.example/v1" in asked
        await pilot.press("enter")
        await until(pilot, lambda: on_board(app))
        assert not launching.is_running(path), "the first answer is the harmless one"
        assert not launching.log_path(path).exists()


@pytest.mark.parametrize("launched", [40_000], indirect=True)  # it must not come to its end
async def test_stopping_asks_first_and_the_run_stays_resumable(launched: Path) -> None:
    async with studio() as (app, pilot):
        app.open_board(launched)
        await until(pilot, lambda: on_board(app) and "running" in text(app, "status"))
        await pilot.press("s")
        await until(pilot, lambda: not on_board(app))
        await pilot.press("g")
        await until(pilot, lambda: on_board(app))
        assert launching.is_running(launched)
        await pilot.press("s")
        await until(pilot, lambda: not on_board(app))
        await pilot.press("s")
        await until(pilot, lambda: on_board(app) and "paused" in text(app, "status"))
        assert "Resume" in keys(app)


async def test_enter_on_an_arm_opens_its_trials(finished: Path) -> None:
    async with studio() as (app, pilot):
        app.open_board(finished)
        await until(pilot, lambda: on_board(app) and len(shown_rows(app)) == 3)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.opened == [("transcripts", finished, "without-threat", "sim/strategist")]
        await pilot.press("t")
        assert app.opened[1:] == [("transcripts", finished, "", "")]


async def test_a_simulated_run_is_stamped_and_a_finished_one_offers_its_results(finished: Path) -> None:
    async with studio() as (app, pilot):
        app.open_board(finished)
        await until(pilot, lambda: on_board(app) and "✓ finished" in text(app, "status"))
        assert app.screen.query_one("#stamp").display
        assert text(app, "stamp").startswith("SIMULATED")
        assert "r shows the results" in text(app, "status")
        assert {"Results", "Trials", "All trials"} <= keys(app)
        assert {"Pause", "Stop", "Resume"} & keys(app) == set()


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_nothing_is_cut_off_on_any_screen(finished: Path, size: tuple[int, int]) -> None:
    async with studio(size) as (app, pilot):
        app.open_board(finished)
        await until(pilot, lambda: on_board(app) and len(shown_rows(app)) == 3)
        table = app.screen.query_one(ArmsTable)
        assert table.virtual_size.width <= table.size.width
        assert table.size.height >= 4
        for name in ("figures", "status", "footnote", "log", "arms"):
            assert app.screen.query_one(f"#{name}").region.bottom <= size[1] - 1
        await pilot.resize_terminal(60, 24)
        await pilot.pause()
        assert table.virtual_size.width <= table.size.width


WORDS = "[/think] [@click=app.quit]x[/] [bold"


@pytest.fixture
def refused(small_pack: WritePack, tmp_path: Path) -> Path:
    """A run that a provider refused with strange words."""
    path = tmp_path / "bad.amrun"
    failure = ModelFailure("not_found", WORDS + "\x1b[2J\u202e")
    work(new_run(study_at(small_pack()), path), Subject(lambda *_: failure))
    return path


async def test_what_a_provider_says_is_shown_to_the_letter(refused: Path) -> None:
    async with studio() as (app, pilot):
        app.open_board(refused)
        await until(pilot, lambda: on_board(app) and "paused" in text(app, "status"))
        assert WORDS in text(app, "lines")
        assert WORDS in text(app, "status")
        assert "\x1b" not in text(app, "lines") + text(app, "status")


async def test_a_file_that_is_no_run_is_said_not_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("am_studio.tui.board.screen._UNREADABLE_SECONDS", 0.0)
    path = tmp_path / "notes.amrun"
    path.write_text("hello")
    async with studio() as (app, pilot):
        app.open_board(path)
        await until(pilot, lambda: on_board(app) and "notes.amrun" in text(app, "status"))
        assert keys(app) & {"Pause", "Resume", "Results"} == set()


async def test_every_action_of_the_board_is_in_the_palette(finished: Path) -> None:
    async with studio() as (app, pilot):
        app.open_board(finished)
        await until(pilot, lambda: on_board(app))
        screen = app.screen
        assert isinstance(screen, BoardScreen)
        offered = {command.action for command in screen.palette_commands()}
        assert offered == {"pause", "carry_on", "stop", "results", "transcripts", "trials"}
        assert all(hasattr(screen, f"action_{name}") for name in offered)
        assert all(command.title.startswith("run: ") for command in screen.palette_commands())
