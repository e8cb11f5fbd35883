"""The library screen as an author uses it: find, look, copy, make, rename, delete, and open what was run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, TabbedContent

from am_studio.foundation.hygiene import visible
from am_studio.tui.app import StudioApp
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.library.widgets import RunsTable, ScenarioTree, SearchLine
from am_studio.tui.palette import StudioCommands
from am_studio.tui.picking import PickScreen
from am_studio.tui.widgets import AskScreen, ChoiceScreen
from conftest import SMALL_SCENARIO, WritePack
from run_world import Subject, new_run, study_at, work
from test_tui_strangers import PAYLOADS, assert_harmless, screen_text
from tests.studio_world import until


class Recording(StudioApp):
    """Takes down which screens the library asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Path | str]] = []

    def open_author(self, directory: Path) -> None:
        self.asked.append(("author", directory))

    def open_study(self, path: Path | None = None, scenario: str = "") -> None:
        self.asked.append(("study", scenario))

    def open_board(self, run: Path) -> None:
        self.asked.append(("board", run.stem))

    def open_results(self, run: Path) -> None:
        self.asked.append(("results", run.stem))

    def open_comparison(self, runs: Sequence[Path], outcome: str = "") -> None:
        self.asked.append(("comparison", " vs ".join(run.stem for run in runs)))


@pytest.fixture
def home(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a pack of one's own in it."""
    monkeypatch.chdir(tmp_path)
    small_pack()
    return tmp_path


async def ready(pilot: Pilot[None]) -> LibraryScreen:
    """Waits until packs, runs and the first scenario have been read."""
    screen = pilot.app.screen
    assert isinstance(screen, LibraryScreen)
    await until(pilot, lambda: screen.state.runs is not None and screen.state.selected in screen.state.facts)
    await pilot.pause()
    return screen


def toasts(app: StudioApp) -> list[str]:
    return [f"{toast.title} {toast.message}".strip() for toast in app._notifications]


@pytest.mark.asyncio
async def test_an_author_looks_around(home: Path) -> None:
    app = Recording()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        shown = screen_text(app)
        assert "Library › my-pack/small" in shown
        assert "The small one" in shown
        assert "2 emails" in shown
        await pilot.press("2")
        await until(pilot, lambda: "Chief Technology Officer" in screen_text(app))
        await pilot.press("3")
        await until(pilot, lambda: 'needs threat != "none"' in screen_text(app))
        await pilot.press("4")
        await until(pilot, lambda: "press s to make a study" in screen_text(app))
        await pilot.press("s", "enter")
        await until(pilot, lambda: len(app.asked) == 2)
        assert app.asked == [("study", "my-pack/small"), ("author", home / "my-pack" / "small")]


@pytest.mark.asyncio
async def test_a_search_filters_while_one_types(home: Path) -> None:
    app = Recording()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot)
        await pilot.press("slash", *"leak")
        await until(pilot, lambda: screen.state.scenario and screen.state.scenario.ref == "core/direction-leak")
        assert "alert-cancelled" not in screen_text(app)
        await pilot.press(*"zzz")
        await until(pilot, lambda: "Nothing fits: escape empties" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "alert-cancelled" in screen_text(app))
        assert isinstance(app.focused, ScenarioTree)


@pytest.mark.asyncio
async def test_what_came_with_the_program_is_cloned_and_then_opened(home: Path) -> None:
    app = Recording()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await ready(pilot)
        await pilot.press("slash", *"direction-leak", "enter")
        await until(pilot, lambda: screen.state.scenario and screen.state.scenario.ref == "core/direction-leak")
        assert screen.check_action("trash", ()) is None
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        assert app.screen.query(Input).first().value == "my-pack"
        await pilot.press("enter")
        copy = home / "my-pack" / "direction-leak"
        await until(pilot, lambda: app.asked == [("author", copy)])
        assert (copy / "scenario.yaml").is_file()
        await until(pilot, lambda: screen.state.scenario and screen.state.scenario.directory == copy)


@pytest.mark.asyncio
async def test_a_scenario_is_made_renamed_and_deleted(home: Path) -> None:
    app = Recording()
    pack = home / "my-pack"
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.asked == [("author", pack / "my-scenario")])
        await until(pilot, lambda: screen.state.scenario and screen.state.scenario.ref == "my-pack/my-scenario")

        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = "small"
        await until(pilot, lambda: "my-pack/small exists already" in screen_text(app))
        await pilot.press("enter")
        assert isinstance(app.screen, AskScreen)
        app.screen.query_one(Input).value = "better"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: screen.state.scenario and screen.state.scenario.ref == "my-pack/better")

        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert (pack / "better").is_dir()
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("d")
        await until(pilot, lambda: not (pack / "better").exists())
        assert len(list((home / ".trash").rglob("better/scenario.yaml"))) == 1
        await until(pilot, lambda: screen.state.scenario and screen.state.scenario.ref == "my-pack/small")


@pytest.fixture
def runs(home: Path) -> Path:
    """A finished run, one that was never begun, and a file that is none."""
    directory = home / "runs"
    directory.mkdir()
    scenario = home / "my-pack" / "small"
    work(new_run(study_at(scenario), directory / "done.amrun"), Subject())
    new_run(study_at(scenario, name="waiting"), directory / "waiting.amrun").close()
    (directory / "broken.amrun").write_bytes(b"nothing")
    return directory


@pytest.mark.asyncio
async def test_runs_open_where_they_stand(runs: Path) -> None:
    app = Recording()
    async with app.run_test(size=(160, 40)) as pilot:
        screen = await ready(pilot)
        shown = screen_text(app)
        assert "✓ finished" in shown
        assert "· planned" in shown
        assert "✗ unreadable" in shown
        assert "SIMULATED sim/strategist" in shown
        await pilot.press("r")
        table = app.focused
        assert isinstance(table, RunsTable)
        for row, run in enumerate(screen.state.runs or ()):
            table.move_cursor(row=row)
            await pilot.press("enter", "u")
            await until(pilot, lambda run=run: app.asked or (run.state == "unreadable" and len(toasts(app)) > 1))
            await app.workers.wait_for_complete()
            await pilot.pause()
            expected = {"finished": [("results", "done")], "planned": [("board", "waiting")] * 2}
            assert app.asked == expected.get(run.state, [])
            app.asked.clear()
        told = " ".join(toasts(app))
        assert "small-study is finished: there is nothing to resume" in told
        assert "broken.amrun cannot be read" in told
        table.move_cursor(row=next(row for row, run in enumerate(screen.state.runs or ()) if run.state == "finished"))
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.asked == [("comparison", "done vs waiting")])


@pytest.mark.asyncio
async def test_the_runs_of_a_scenario_stand_under_its_results(runs: Path) -> None:
    app = Recording()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot)
        await pilot.press("4")
        mine = screen.query_one("#scenario-runs RunsTable", RunsTable)
        assert mine.row_count == 2
        await pilot.press("slash", *"leak", "enter")
        await until(pilot, lambda: "No run of this scenario yet" in screen_text(app))
        found = [hit.text async for hit in StudioCommands(screen).search("runs: open")]
        assert found == ["runs: Open broken", "runs: Open done", "runs: Open waiting"] or len(found) == 3


@pytest.mark.asyncio
async def test_a_small_terminal_shows_scenarios_or_runs(runs: Path) -> None:
    app = Recording()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "Recent runs" not in screen_text(app)
        await pilot.press("r")
        await until(pilot, lambda: "Recent runs" in screen_text(app) and "✓ finished" in screen_text(app))
        assert "/ to search" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "/ to search" in screen_text(app))
        assert isinstance(app.focused, ScenarioTree)


@pytest.mark.asyncio
async def test_the_mouse_does_what_the_keys_do(home: Path) -> None:
    app = Recording()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await ready(pilot)
        await pilot.click(SearchLine)
        assert isinstance(app.focused, SearchLine)
        await pilot.click(ScenarioTree, offset=(6, 4))
        await until(pilot, lambda: screen.state.scenario and screen.state.scenario.ref == "core/direction-leak")
        assert app.asked == []
        await pilot.click(ScenarioTree, offset=(6, 1), times=2)
        await until(pilot, lambda: app.asked == [("author", home / "my-pack" / "small")])
        await pilot.click("#--content-tab-cast")
        await until(pilot, lambda: screen.query_one(TabbedContent).active == "cast")


@pytest.mark.asyncio
async def test_what_changes_elsewhere_shows_on_coming_back(home: Path) -> None:
    app = Recording()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await app.push_screen(Screen())
        path = home / "my-pack" / "small" / "scenario.yaml"
        path.write_text(path.read_text().replace("The small one", "The changed one"))
        app.pop_screen()
        await until(pilot, lambda: "The changed one" in screen_text(app))


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_a_hostile_pack_is_text_and_nothing_else(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = [payload for payload in PAYLOADS if "\x00" not in payload]
    quoted = [visible(payload).replace("\\", "\\\\").replace('"', '\\"') for payload in shown]
    scenario = SMALL_SCENARIO.replace("title: The small one", f'title: "{quoted[15]}"\nsummary: "{" ".join(quoted)}"')
    scenario = scenario.replace("label: Deadline", f'label: "{quoted[17]}", hypothesis: "{quoted[18]}"')
    scenario = scenario.replace("name: Ines Okafor", f'name: "{quoted[19]}"').replace(
        "label: Hint", f'label: "{quoted[20]}"'
    )
    directory = small_pack(scenario_yaml=scenario)
    (directory.parent / "README.md").write_text("\n".join(PAYLOADS).replace("\x00", ""))
    (tmp_path / "runs").mkdir()
    for number, payload in enumerate(PAYLOADS):
        name = payload.replace("/", "|").replace("\x00", "")
        (tmp_path / "runs" / f"{number} {name}.amrun").write_bytes(b"none")
    app = Recording()
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = await ready(pilot)
        for key in ("1", "2", "3", "4", "r"):
            await pilot.press(key)
            await pilot.pause(0.1)
            assert_harmless(app)
        assert "[/think]" in str(screen.query_one("#about-text").content)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be read" in screen_text(app))
        assert_harmless(app)
        await pilot.press("escape", "d")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert_harmless(app)
        await pilot.press("escape", "ctrl+p")
        await pilot.pause(0.5)
        assert_harmless(app)
        assert app.asked == []
