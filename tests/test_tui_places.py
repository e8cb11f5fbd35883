"""Somebody leaves the studio and comes back: they are where they were, and what was open is offered, never forced on them."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from am_studio.foundation.locations import state_directory
from am_studio.tui.app import StudioApp
from am_studio.tui.author.screen import AuthorScreen
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.palette import StudioCommands
from am_studio.tui.reports.screen import ReportScreen
from am_studio.tui.results.screen import ResultsScreen
from am_studio.tui.study.screen import StudyScreen
from am_studio.tui.transcripts.screen import TranscriptsScreen
from am_studio.tui.welcome import restoring
from am_studio.tui.welcome.documents import (
    OpenBoard,
    OpenReport,
    OpenResults,
    OpenScenario,
    OpenStudy,
    OpenTranscripts,
    as_data,
    from_data,
)
from am_studio.tui.welcome.offers import OfferText
from am_studio.tui.welcome.places import MOST_DOCUMENTS, LibraryPlace, Places
from tests.conftest import WritePack
from tests.run_world import Subject, new_run, study_at, work
from tests.studio_world import until

NEWS = "emails/010-news.md"


@pytest.fixture
def home(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a pack of one's own in it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(small_pack().parent.parent)
    return tmp_path


@pytest.fixture
def run(home: Path) -> Path:
    """A run that is finished."""
    run = home / "runs" / "done.amrun"
    run.parent.mkdir()
    work(new_run(study_at(home / "my-pack" / "small"), run), Subject())
    return run


@pytest.fixture
def other(run: Path) -> Path:
    """Another run of the same study."""
    other = run.with_name("other.amrun")
    work(new_run(study_at(run.parent.parent / "my-pack" / "small"), other), Subject())
    return other


@asynccontextmanager
async def studio(size: tuple[int, int] = (120, 36)) -> AsyncIterator[tuple[StudioApp, Pilot[Any]]]:
    app = StudioApp()
    async with app.run_test(size=size) as pilot:
        await until(
            pilot, lambda: library_of(app).state.selected in library_of(app).state.facts and app._known is not None
        )
        yield app, pilot


def library_of(app: StudioApp) -> LibraryScreen:
    screen = app.screen_stack[0]
    assert isinstance(screen, LibraryScreen)
    return screen


def leave(app: StudioApp) -> None:
    app.exit()


def offered(app: StudioApp) -> list[str]:
    return [str(offer.content) for offer in app.screen_stack[0].query(OfferText)]


@pytest.mark.asyncio
async def test_the_library_is_as_it_was_left(home: Path) -> None:
    async with studio() as (app, pilot):
        await pilot.press("slash", *"leak", "enter", "3")
        await until(
            pilot,
            lambda: library_of(app).state.scenario and library_of(app).state.scenario.ref == "core/direction-leak",
        )
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
    async with studio() as (app, pilot):
        await until(pilot, lambda: library_of(app).state.query == "leak")
        await until(
            pilot,
            lambda: library_of(app).state.scenario and library_of(app).state.scenario.ref == "core/direction-leak",
        )
        assert library_of(app).place.tab == "details"
        assert offered(app) == []
        await pilot.press("slash", "escape")
        await until(pilot, lambda: library_of(app).state.query == "")


@pytest.mark.asyncio
async def test_a_scenario_is_offered_on_a_key_and_opens_where_the_cursor_was(home: Path) -> None:
    async with studio() as (app, pilot):
        app.open_author(home / "my-pack" / "small")
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen) and app.focused is not None)
        app.screen.go_to_place(NEWS, 9, 3)
        await until(pilot, lambda: app.screen.query_one("#email").cursor == (9, 3))
        app.screen.ask(replace(app.screen.asked, choices={"hint": "on", "gone": "off"}))
        leave(app)
    async with studio((80, 24)) as (app, pilot):
        await until(pilot, lambda: offered(app) == [". goes on with my-pack/small"])
        assert isinstance(app.screen, LibraryScreen), "never unasked"
        await pilot.press("full_stop")
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen))
        await until(pilot, lambda: app.screen.query_one("#email").cursor == (9, 3))
        await until(pilot, lambda: app.focused is not None and app.focused.id == "text")
        assert app.screen.asked.file == NEWS
        assert app.screen.asked.choices["hint"] == "on", "and what was toggled"
        await until(pilot, lambda: app.screen.shown.variant is not None and app.screen.shown.variant["hint"] == "on")


@pytest.mark.asyncio
async def test_results_and_transcripts_open_with_what_was_chosen(run: Path) -> None:
    async with studio() as (app, pilot):
        app.open_transcripts(run, arm="baseline", answer="no")
        await until(pilot, lambda: isinstance(app.screen, TranscriptsScreen) and app.screen.where_one_is().trial >= 0)
        await pilot.press("n")
        await until(pilot, lambda: app.screen.where_one_is().trial not in {-1, app.screen.browsing.ids[0]})
        before = app.screen.where_one_is()
        leave(app)
    async with studio() as (app, pilot):
        await until(pilot, lambda: offered(app) == [f". goes on with transcripts of {run.stem}"])
        await pilot.click(OfferText)
        await until(pilot, lambda: isinstance(app.screen, TranscriptsScreen) and app.screen.where_one_is() == before)
        app.open_results(run, outcome="no-such", model="nobody")
        await until(pilot, lambda: isinstance(app.screen, ResultsScreen) and app.screen.check_action("report", ()))
        assert app.screen.where_one_is().outcome == "coercion", "what is no more gives way to the study's own"


@pytest.mark.asyncio
async def test_what_brings_the_studio_down_is_offered_once(home: Path) -> None:
    places, scenario = Places(home), OpenScenario(str(home / "my-pack" / "small"))
    places.change(lambda known: known.opened(scenario))
    async with studio() as (app, pilot):
        await until(pilot, lambda: offered(app) != [])
        await pilot.press("full_stop")
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen))
        app.keep_place()
        await app.workers.wait_for_complete()
        assert places.read().offered == (), "it has not stood for long yet: killed now, it is offered no more"
        leave(app)
    assert places.read().offered != (), "left in peace"


@pytest.mark.asyncio
async def test_what_has_stood_for_a_while_is_offered_again_after_a_kill(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "SETTLED_SECONDS", 0.0)
    study_at(home / "my-pack" / "small")
    places, study = Places(home), OpenStudy(str(home / "study.yaml"))
    places.change(lambda known: known.opened(study))
    async with studio() as (app, pilot):
        await pilot.press("full_stop")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen) and app.screen.document is not None)
        app.keep_place()
        await app.workers.wait_for_complete()
        assert places.read().offered == (study,)
        leave(app)


@pytest.mark.asyncio
async def test_a_setting_turns_it_off(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Places(home).change(lambda known: known.opened(OpenScenario(str(home / "my-pack" / "small"))))
    config = tmp_path / "config.yaml"
    config.write_text("studio: {restore: false}\n")
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(config))
    before = Places(home).read()
    async with studio() as (app, pilot):
        assert offered(app) == []
        await pilot.press("full_stop")
        titles = [hit.text async for hit in StudioCommands(app.screen).discover()]
        assert not any("Go on with" in title for title in titles)
        leave(app)
    assert Places(home).read() == before, "nor is anything written"


@pytest.mark.asyncio
async def test_the_palette_offers_the_others_too(home: Path) -> None:
    study_at(home / "my-pack" / "small")
    study = home / "study.yaml"
    Places(home).change(lambda known: known.opened(OpenStudy(str(study))).opened(OpenStudy(str(home / "gone.yaml"))))
    Places(home).change(lambda known: known.opened(OpenScenario(str(home / "my-pack" / "small"))))
    async with studio() as (app, _):
        titles = [hit.text async for hit in StudioCommands(app.screen).discover()]
        assert [title for title in titles if "Go on" in title] == [
            "open: Go on with my-pack/small",
            f"open: Go on with study {study.stem}",
        ]


def test_two_studios_in_one_directory_keep_what_the_other_kept(home: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from am_studio.tui.welcome.documents import OpenStudy\n"
        "from am_studio.tui.welcome.places import Places\n"
        "places = Places(Path(sys.argv[1]))\n"
        "print(flush=True); sys.stdin.readline()\n"
        "for number in range(50):\n"
        "    places.change(lambda known: known.opened(OpenStudy(f'{sys.argv[2]}-{number % 2}')))\n"
    )
    studios = [
        subprocess.Popen([sys.executable, "-c", code, str(home), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for name in ("one", "other")
    ]
    for each in studios:
        assert each.stdout is not None
        each.stdout.readline()
    for each in studios:
        each.communicate(b"\n")
        assert each.returncode == 0
    kept = {each.document.place for each in Places(home).read().documents}
    assert kept == {"one-0", "one-1", "other-0", "other-1"}


@pytest.mark.asyncio
@pytest.mark.parametrize("comparison", [False, True])
async def test_a_report_opens_at_the_part_that_was_read(run: Path, other: Path, comparison: bool) -> None:
    async with studio() as (app, pilot):
        (app.open_comparison if comparison else app.open_report)((run, other), "coercion")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen) and app.screen.where_one_is())
        await pilot.press("n", "n")
        before = app.screen.where_one_is()
        assert before.part
        leave(app)
    async with studio() as (app, pilot):
        await until(pilot, lambda: offered(app) == [f". goes on with report of {run.stem}"])
        await pilot.press("full_stop")
        await until(pilot, lambda: isinstance(app.screen, ReportScreen) and app.screen.where_one_is() == before)


def test_every_kind_of_document_is_read_back_as_it_was_kept() -> None:
    kinds = (
        OpenScenario("/w/pack/one", NEWS, 3, 7, "editor", {"hint": "on"}),
        OpenStudy("/w/a.yaml"),
        OpenBoard("/w/a.amrun"),
        OpenResults("/w/a.amrun", "leak", "sim/strategist"),
        OpenTranscripts("/w/a.amrun", {"answer": "yes"}, "unless", 12),
        OpenReport("/w/a.amrun", ("/w/b.amrun",), True, "leak", "Methods"),
    )
    assert [from_data(json.loads(json.dumps(as_data(each)))) for each in kinds] == list(kinds)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "shell", "place": "/"},
        {"kind": "study", "place": 3},
        {"kind": "study", "place": "/" + "x" * 5000},
        {"kind": "scenario", "place": "/w", "file": "", "line": True, "column": 1, "pane": "", "choices": {}},
        {"kind": "transcripts", "place": "/w", "filter": {"answer": []}, "needle": "", "trial": 0},
        {"kind": "report", "place": "/w", "others": [3], "comparison": False, "outcome": "", "part": ""},
        {"kind": "report", "place": "/w", "others": "ab", "comparison": False, "outcome": "", "part": ""},
    ],
)
def test_what_was_not_kept_by_the_studio_is_no_document(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_data(wrong)


def test_the_memory_is_for_its_owner_alone_bounded_and_never_in_the_way(home: Path) -> None:
    places = Places(home)
    for number in range(20):
        places.change(lambda known, number=number: known.opened(OpenStudy(f"/w/{number}.yaml")))
    assert len(places.read().documents) == MOST_DOCUMENTS
    (file,) = (state_directory() / "places").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text('{"documents": 7}')
    assert places.read() == Places(home / "elsewhere").read()
    (state_directory() / "places" / "x").write_text("")
    file.unlink()
    file.mkdir()
    places.change(lambda known: known.opened(OpenStudy("/w/1.yaml")))
    assert places.read().library == LibraryPlace()
