"""`am-studio studio WHAT` opens what somebody names, on the screen that fits it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.library import clone_scenario
from am_studio.tui.app import StudioApp
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.opening import document_named
from am_studio.tui.welcome.documents import OpenBoard, OpenResults, OpenScenario, OpenStudy
from tests.conftest import WritePack
from tests.run_world import Subject, new_run, study_at, work
from tests.studio_world import until


@pytest.fixture
def here(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a scenario, a study of it, a run that is to come and one that is at its end."""
    monkeypatch.chdir(tmp_path)
    subjects = {"sim/strategist": Subject()}
    study = study_at(small_pack(), *subjects)
    Path("runs").mkdir()
    new_run(study, Path("runs/to-come.amrun")).close()
    work(new_run(study, Path("runs/ended.amrun")), subjects)
    Path(study.source).rename("mine.yaml")
    return tmp_path


def test_a_path_or_a_name_means_a_run_a_study_or_a_scenario(here: Path) -> None:
    place = lambda *parts: str(here.joinpath(*parts).resolve())  # noqa: E731
    scenario = next(here.glob("*/*/scenario.yaml")).parent.relative_to(here)
    assert document_named("runs/to-come.amrun") == OpenBoard(place("runs", "to-come.amrun"))
    assert document_named("runs/ended.amrun") == OpenResults(place("runs", "ended.amrun"))
    assert document_named("mine.yaml") == OpenStudy(place("mine.yaml"))
    assert document_named(str(scenario)) == document_named(f"{scenario}/scenario.yaml") == OpenScenario(place(scenario))
    assert Path(document_named("single-line").place).name == "single-line.yaml"
    assert isinstance(document_named("core/quiet-week"), OpenScenario)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("core/quiet-weak", "did you mean 'core/quiet-week'?"),
        ("singel-line", "did you mean 'single-line'?"),
        ("runs", "there is no scenario 'runs'"),
        ("runs/gone.amrun", "gone.amrun"),
    ],
)
def test_what_is_nothing_of_these_is_told_with_the_nearest_name(here: Path, given: str, told: str) -> None:
    with pytest.raises(StudioError) as caught:
        document_named(given)
    assert told in f"{caught.value.title} {caught.value.detail} {caught.value.hint}"


def test_of_a_pack_its_scenarios_are_named(here: Path) -> None:
    scenario = next(here.glob("*/*/scenario.yaml")).parent.relative_to(here)
    with pytest.raises(StudioError, match="is a pack") as caught:
        document_named(str(scenario.parent))
    assert caught.value.hint == f"name one of its scenarios: {scenario}"


def test_a_path_that_is_given_as_a_command_is_opened_by_one_that_is_told(here: Path) -> None:
    command = [sys.executable, "-m", "am_studio.cli.main", "runs/ended.amrun"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "am-studio studio runs/ended.amrun" in told.stderr


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("given", "screen"),
    [
        ("runs/to-come.amrun", "BoardScreen"),
        ("runs/ended.amrun", "ResultsScreen"),
        ("mine.yaml", "StudyScreen"),
        ("my-pack/quiet", "AuthorScreen"),
    ],
)
async def test_the_studio_begins_on_it_and_escape_leads_to_the_library(here: Path, given: str, screen: str) -> None:
    if given == "my-pack/quiet":
        clone_scenario("core/quiet-week", here / "my-pack", "quiet")
    app = StudioApp(opens=document_named(given))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: type(app.screen).__name__ == screen and app.focused is not None)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))


@pytest.mark.asyncio
async def test_a_scenario_that_came_with_the_program_is_chosen_in_the_library(here: Path) -> None:
    app = StudioApp(opens=document_named("core/unfinished-shutdown"))
    async with app.run_test(size=(100, 30)) as pilot:
        library = app.screen
        assert isinstance(library, LibraryScreen)
        await until(pilot, lambda: library.state.scenario is not None and library.state.facts)
        await until(pilot, lambda: library.state.scenario.ref == "core/unfinished-shutdown")
        await pilot.pause(0.3)
        assert library.state.scenario.ref == "core/unfinished-shutdown", "and stays so"
        assert app.screen is library
