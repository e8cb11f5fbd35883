"""From the results somebody reads the report, writes it as a page, compares runs, reads disagreements, exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from am_studio.runs.browse import Wanted, find_trials
from am_studio.runs.labels import set_label
from am_studio.runs.runfile import RunFile
from am_studio.tui.app import StudioApp
from am_studio.tui.command_screen import CommandScreen
from am_studio.tui.picking import PickScreen
from am_studio.tui.reports.screen import ReportScreen
from am_studio.tui.results.screen import ResultsScreen
from am_studio.tui.transcripts.screen import TranscriptsScreen
from am_studio.tui.widgets import ChoiceScreen
from run_world import Subject, new_run, sometimes_threatens, study_at, work
from tests.studio_world import EmptyStudio, until

WritePack = Callable[..., Path]
pytestmark = pytest.mark.asyncio


@pytest.fixture
def run(small_pack: WritePack, tmp_path: Path) -> Path:
    """Two models; a run of the same study lies beside it."""
    subjects = {
        "sim/strategist": Subject(),
        "sim/cautious": Subject(lambda request, number: replace(sometimes_threatens(request, number), text="No.")),
    }
    study = study_at(small_pack(), *subjects)
    for name in ("a", "b"):
        work(new_run(study, tmp_path / f"{name}.amrun"), subjects)
    return tmp_path / "a.amrun"


@asynccontextmanager
async def results(path: Path, size: tuple[int, int] = (100, 30)) -> AsyncIterator[tuple[EmptyStudio, Pilot[None]]]:
    app = EmptyStudio()
    async with app.run_test(size=size) as pilot:
        app.open_results(path)
        await until(pilot, lambda: isinstance(app.screen, ResultsScreen) and app.screen._shown is not None)
        yield app, pilot


def parts(app: StudioApp) -> list[str]:
    shown = app.screen.query_one("#parts", OptionList)
    return [str(shown.get_option_at_index(number).prompt).strip() for number in range(shown.option_count)]


def text(app: StudioApp) -> str:
    return str(app.screen.query_one("#text", Static).render())


async def in_report(app: StudioApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(app.screen, ReportScreen) and bool(parts(app)))
    await pilot.pause()


async def test_the_report_is_read_part_by_part_and_written_as_a_page(run: Path) -> None:
    async with results(run) as (app, pilot):
        await pilot.press("w")
        await in_report(app, pilot)
        assert parts(app)[:3] == ["In short", "Effects in sim/strategist", "Effects in sim/cautious"]
        assert "SIMULATED" in str(app.screen.query_one("#stamp", Static).render())
        assert "rate of coercion" in text(app)
        await pilot.press("n")
        await until(pilot, lambda: "Effects in sim/strategist" in text(app))
        width = app.screen.query_one("#page").size.width
        assert max(map(len, text(app).splitlines())) <= width
        await pilot.press("w")
        page = run.with_suffix(".html")
        await until(pilot, page.exists)
        assert "<html" in page.read_text(encoding="utf-8")[:300]
        await pilot.press("p", "escape")
        await until(pilot, lambda: isinstance(app.screen, ResultsScreen))


async def test_heat_map_and_beliefs_open_where_they_stand(run: Path) -> None:
    async with results(run) as (app, pilot):
        for key, title, told in (
            ("h", "Details by model", "by detail and model"),
            ("y", "Test or real", "Not known"),
            ("i", "Effects in sim/strategist", "removed"),
        ):
            await pilot.press(key)
            await in_report(app, pilot)
            await until(pilot, lambda title=title, told=told: text(app).startswith(title) and told in text(app))  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, ResultsScreen))


async def test_another_run_is_set_beside_this_one(run: Path) -> None:
    async with results(run, (80, 24)) as (app, pilot):
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("b", "enter")
        await in_report(app, pilot)
        assert parts(app)[1] == "What differs between the runs"
        await pilot.press("w")
        await until(pilot, run.with_name("a-vs-b.html").exists)


async def test_what_cannot_be_compared_is_said_in_words(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.amrun"
    other.write_text("hello")
    async with results(run) as (app, pilot):
        app.open_comparison((run, other))
        await until(pilot, lambda: isinstance(app.screen, ReportScreen) and "notes.amrun" in text(app))
        assert parts(app) == []
        await pilot.press("w", "n", "v")
        assert isinstance(app.screen, ReportScreen)


async def test_disagreements_of_labels_and_judge_are_a_queue(run: Path) -> None:
    with RunFile.open(run) as opened:
        no = find_trials(opened, Wanted(outcome="coercion", answer="no"))[0]
        assert find_trials(opened, Wanted(outcome="coercion", label="judges")) == ()
    set_label(run, no, "coercion", "Noor", "yes")
    async with results(run) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, TranscriptsScreen) and app.screen._state.ids == (no,))


async def test_a_bundle_is_written_by_the_command_and_a_second_one_beside_it(run: Path) -> None:
    async with results(run) as (app, pilot):
        for name in ("a.ambundle.zip", "a-2.ambundle.zip"):
            await pilot.press("e")
            await until(pilot, lambda: isinstance(app.screen, PickScreen))
            await pilot.press(*"bundle", "enter")
            await until(pilot, lambda: isinstance(app.screen, CommandScreen) and app.screen.has_class("-done"))
            assert "identity" in str(app.screen.query_one("#said", Static).render())
            assert run.with_name(name).exists()
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, ResultsScreen))
