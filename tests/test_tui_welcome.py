"""Somebody comes to the studio for the first time: it offers a tour, shows round on a scratch copy, hints, tells what is new."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Markdown

from am_studio.cli.main import main
from am_studio.foundation.changelog import changelog
from am_studio.tui.app import StudioApp
from am_studio.tui.author.screen import AuthorScreen
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.palette import StudioCommands
from am_studio.tui.results.effects import EffectsTable
from am_studio.tui.settings.bindings import every_binding
from am_studio.tui.study.screen import StudyScreen
from am_studio.tui.welcome.hints import every_hint
from am_studio.tui.welcome.keys import KEYS
from am_studio.tui.welcome.offers import OfferText
from am_studio.tui.welcome.panel import TourButton, TourPanel
from am_studio.tui.welcome.seen import Seen, mark_seen, read_seen, seen_file
from am_studio.tui.welcome.steps import STEPS
from am_studio.tui.widgets import ChoiceScreen
from am_studio.version import __version__
from tests.conftest import KNOWN_HINTS, WritePack
from tests.studio_world import painted, until


@pytest.fixture
def home(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a pack of one's own in it; scratch copies are made beside it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(small_pack().parent.parent)
    return tmp_path


@pytest.fixture
def newcomer(own_state: Path) -> None:
    """Somebody who has never opened the studio."""
    seen_file().unlink()


@asynccontextmanager
async def studio(size: tuple[int, int] = (80, 24), **options: Any) -> AsyncIterator[tuple[StudioApp, Pilot[Any]]]:
    app = StudioApp(**options)
    async with app.run_test(size=size) as pilot:
        yield app, pilot


async def shown(pilot: Pilot[Any], told: str) -> None:
    """Until this is on the screen, wherever its lines are broken."""
    await until(pilot, lambda: told in " ".join(painted(pilot.app).split()))


async def library_read(pilot: Pilot[Any]) -> LibraryScreen:
    screen = pilot.app.screen_stack[0]
    assert isinstance(screen, LibraryScreen)
    await until(pilot, lambda: screen.state.selected in screen.state.facts and pilot.app._known is not None)
    return screen


def files_under(directory: Path) -> dict[str, bytes]:
    """Every file of the user's: scratch copies and what programs keep of their own apart."""
    found = (path for path in directory.rglob("*") if path.is_file() and "scratch" not in path.parts)
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


# The tour. -----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_tour_is_offered_once_at_the_first_start(home: Path, newcomer: None) -> None:
    async with studio() as (_, pilot):
        await shown(pilot, "New here? T takes a tour: six steps, simulated, on a scratch copy")
    async with studio() as (app, pilot):
        await library_read(pilot)
        assert not app.query(OfferText)


@pytest.mark.asyncio
async def test_somebody_is_led_through_the_six_steps_on_the_real_screens(home: Path, newcomer: None) -> None:
    before = files_under(home)
    async with studio() as (app, pilot):
        await shown(pilot, "New here?")
        await pilot.press("T")
        await shown(pilot, "Tour 1/6 · A scenario · SIMULATED, scratch copy")
        await library_read(pilot)
        assert Path.cwd().parent == home / "scratch"
        await pilot.press("3")
        await shown(pilot, "opens the scenario in the author")
        await until(pilot, lambda: app.screen.state.scenario and app.screen.state.scenario.ref == "tour/cold-store")
        await pilot.press("enter")
        await shown(pilot, "Tour 2/6")
        await shown(pilot, "Go down to an email")
        await pilot.press("down", "down", "down")
        await shown(pilot, "2 goes to its text")
        await pilot.press("2")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "text")
        await pilot.press(*"Well. ")
        await shown(pilot, "^s saves it")
        await pilot.press("ctrl+s", "escape")  # out of the text, not out of the tour
        await shown(pilot, "Tour 3/6")
        await pilot.press("3")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "details")
        await pilot.press("space")
        await shown(pilot, "f5 shows nothing but what the toggle changes")
        await pilot.press("f5")
        await shown(pilot, "Tour 4/6")
        await pilot.press("f8")
        await shown(pilot, "The form says what is compared")
        await pilot.press("f6")
        await shown(pilot, "Tour 5/6")
        await until(pilot, lambda: app.screen.assessment is not None and app.screen.assessment.plan is not None)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("s")
        await shown(pilot, "Tour 6/6")
        await pilot.press("r")
        await shown(pilot, "SIMULATED, so no evidence about any real model")
        await until(pilot, lambda: app.screen.query_one(EffectsTable).chosen is not None)
        await pilot.press("enter")
        await shown(pilot, "v goes to the transcript")
        await pilot.press("v")
        await shown(pilot, "That is the whole course")
        await pilot.press("escape")
        await until(pilot, lambda: Path.cwd() == home and isinstance(app.screen, LibraryScreen))
        await until(pilot, lambda: app.screen.state.scenario and app.screen.state.scenario.ref == "my-pack/small")
        await until(pilot, lambda: not list((home / "scratch").iterdir()))
        assert not app.screen.query(TourPanel)
    assert files_under(home) == before, "nothing of the user's was touched"


@pytest.mark.asyncio
async def test_the_tour_can_be_done_for_one_and_ends_on_escape_wherever_one_is(home: Path) -> None:
    async with studio(tour=True) as (app, pilot):
        await shown(pilot, "Tour 1/6")
        await pilot.click(TourButton)
        await shown(pilot, "opens the scenario in the author")
        for told in (
            "Go down to an email",
            "2 goes to its text",
            "3 goes to the details",
            "f5 shows",
            "f8 makes",
            "The form",
        ):
            await pilot.press("ctrl+n")
            await shown(pilot, told)
        await until(pilot, lambda: isinstance(app.screen, StudyScreen) and app.focused is not None)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and not app.touring)
        assert Path.cwd() == home


def test_every_step_names_keys_that_are_known() -> None:
    told = [move.told for step in STEPS for move in step.moves]
    for sentence in told:
        names = [part.partition("}")[0] for part in sentence.split("{")[1:]]
        assert set(names) <= set(KEYS)
    assert len(STEPS) == 6


def test_the_keys_that_are_told_are_those_that_are_bound() -> None:
    bound = {each.id: ",".join(each.keys) for each in every_binding()}
    assert {name: bound[name] for name in KEYS} == dict(KEYS)


def test_the_fixture_of_all_tests_knows_what_there_is_to_know() -> None:
    assert set(KNOWN_HINTS) == every_hint()
    assert read_seen() == Seen(tour=True, news=__version__, followed=every_hint())


@pytest.mark.asyncio
async def test_keys_of_ones_own_are_the_ones_that_are_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("studio: {keys: {library.details: f9, welcome.tour: ctrl+t, tour.next: f12}}\n")
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(config))
    async with studio() as (app, pilot):
        await library_read(pilot)
        await pilot.press("ctrl+t")
        await shown(pilot, "f9 shows its details")
        await shown(pilot, "[f12 do it]")
        await library_read(pilot)
        await pilot.press("f9")
        await shown(pilot, "opens the scenario in the author")
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app._exit)
    assert Path.cwd() == home
    assert list((home / "scratch").iterdir()) == []


@pytest.mark.asyncio
async def test_tour_and_news_are_in_the_help_and_in_the_palette(home: Path) -> None:
    async with studio((120, 80)) as (app, pilot):
        library = await library_read(pilot)
        titles = [hit.text async for hit in StudioCommands(library).discover()]
        assert {"app: Tour", "app: What is new"} <= set(titles)
        assert "app: End the tour" not in titles
        await pilot.press("f1")
        await shown(pilot, "Tour Six steps on a scratch copy")
        await pilot.press("plus")
        await until(pilot, lambda: app.screen.query(Markdown))
        await shown(pilot, "Writing scenarios")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is library)


# What is new. --------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_after_an_upgrade_a_line_offers_what_is_new_once(home: Path) -> None:
    mark_seen(lambda seen: Seen(seen.tour, "0.0.9", seen.followed))
    async with studio() as (app, pilot):
        await shown(pilot, f"+ shows what is new in {__version__}")
        await pilot.click(OfferText)
        await until(pilot, lambda: app.screen.query(Markdown))
        await pilot.press("escape")
        library = await library_read(pilot)
        await until(pilot, lambda: app.screen is library and not app.screen.query(OfferText))
    async with studio() as (app, pilot):
        await library_read(pilot)
        assert not app.query(OfferText)


def test_the_changelog_has_this_version_and_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert f"\n## {__version__}\n" in changelog()
    assert main(["changelog"]) == 0
    assert capsys.readouterr().out == changelog()


@pytest.mark.asyncio
async def test_a_memory_that_cannot_be_read_makes_no_offer(home: Path) -> None:
    seen_file().write_text("{ no")
    async with studio() as (app, pilot):
        await library_read(pilot)
        assert not app.query(OfferText)


# Hints. --------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_hint_goes_away_when_it_is_followed_and_does_not_come_back(home: Path) -> None:
    mark_seen(lambda seen: Seen(seen.tour, seen.news))
    async with studio() as (app, pilot):
        await library_read(pilot)
        await until(pilot, lambda: "⏎ opens it" in painted(app).splitlines()[0])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen))
        await until(pilot, lambda: "3, space: toggle a detail" in painted(app).splitlines()[0])
        await pilot.press("3", "space")
        await until(pilot, lambda: "f5 shows the change" in painted(app).splitlines()[0])
        assert {"library.open", "author.toggle"} <= app._known
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "s makes a study" in painted(app).splitlines()[0])
        await until(pilot, lambda: {"library.open", "author.toggle"} <= read_seen().followed)
    async with studio((120, 36)) as (app, pilot):
        await library_read(pilot)
        await until(
            pilot, lambda: "s makes a study of this scenario: which details matter?" in painted(app).splitlines()[0]
        )
        assert "opens" not in painted(app).splitlines()[0]


@pytest.mark.asyncio
async def test_hints_can_be_turned_off(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark_seen(lambda seen: Seen(seen.tour, seen.news))
    config = tmp_path / "config.yaml"
    config.write_text("studio: {hints: false}\n")
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(config))
    async with studio() as (app, pilot):
        library = await library_read(pilot)
        app._look()
        await pilot.pause()
        assert painted(app).splitlines()[0].split("≡")[0].strip() == "AM Studio › Library › my-pack/small"
        config.write_text("studio: {hints: true}\n")
        app.use_settings()
        await until(pilot, lambda: "⏎ opens it" in painted(app).splitlines()[0])
        assert library.is_active
