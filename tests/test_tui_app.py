"""The studio's frame: it starts at once, tells every key, offers every command, loses no work, leaks nothing when it fails."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from am_studio.cli.commands import studio
from am_studio.foundation.errors import StudioError
from am_studio.tui import navigation
from am_studio.tui.app import StudioApp
from am_studio.tui.help import HelpScreen
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.palette import Command, StudioCommands
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import AskScreen, Choice, ChoiceScreen, Field

HEAVY = {"litellm", "scipy", "statsmodels", "numpy", "pandas", "matplotlib", "pydantic", "jinja2", "yaml", "apsw"}


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Desk(Screen[None]):
    """A screen with work on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cross", "Cross", id="desk.cross", tooltip="Make a cross"),
        Binding("y", "never", "Never", id="desk.never"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.work: tuple[str, ...] = ("emails/010-news.md",)
        self.crosses = 0

    def compose(self) -> ComposeResult:
        yield Static("the desk")

    def unsaved(self) -> tuple[str, ...]:
        return self.work

    def action_save(self) -> None:
        self.work = ()

    def action_cross(self) -> None:
        self.crosses += 1

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "never"

    def palette_commands(self) -> list[Command]:
        return [Command("desk: Cross", "Make a cross.", "cross"), Command("desk: Never", "Not now.", "never")]


async def settle(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def toasts(app: StudioApp) -> list[str]:
    return [f"{toast.title} {toast.message}".strip() for toast in app._notifications]


def test_starting_the_studio_loads_nothing_heavy() -> None:
    told = "import am_studio.tui.app, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert set(ran.stdout.split()) & HEAVY == set()


@pytest.mark.asyncio
async def test_the_studio_opens_on_the_library_and_leaves_on_q() -> None:
    app = StudioApp()
    async with app.run_test() as pilot:
        assert isinstance(app.screen, LibraryScreen)
        await pilot.press("q")
        await pilot.pause()
    assert app._exit


@pytest.mark.asyncio
async def test_help_is_made_from_the_keys_that_work_here() -> None:
    app = StudioApp()
    async with app.run_test(size=(120, 50)) as pilot:
        await app.push_screen(Desk())
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        shown = str(app.screen.query(Static).last().content)
        assert "x  " in shown
        assert "Cross  Make a cross" in shown
        assert "Never" not in shown
        assert shown.index("On this screen") < shown.index("Everywhere") < shown.index("Leave the studio")
        await pilot.press("escape", "question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)


@pytest.mark.asyncio
async def test_the_palette_carries_out_what_the_screen_in_front_offers() -> None:
    app = StudioApp()
    async with app.run_test() as pilot:
        desk = Desk()
        await app.push_screen(desk)
        titles = [hit.text async for hit in StudioCommands(desk).discover()]
        assert titles[:2] == ["desk: Cross", "app: Go back"]
        await pilot.press("ctrl+p", *"deskcro")
        await pilot.pause(0.6)
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert desk.crosses == 1


@pytest.mark.asyncio
async def test_the_palette_names_the_key_and_leaves_out_what_cannot_be_done() -> None:
    app = StudioApp()
    async with app.run_test():
        desk = Desk()
        await app.push_screen(desk)
        (cross,) = [hit async for hit in StudioCommands(desk).search("cross")]
        assert str(cross.help) == "Make a cross.  (x)"
        assert [hit async for hit in StudioCommands(desk).search("never")] == []


@pytest.mark.asyncio
async def test_themes_are_chosen_in_the_palette() -> None:
    app = StudioApp(theme="light")
    async with app.run_test():
        assert not app.current_theme.dark
        await app.screen.run_action("app.set_theme('dark')")
        assert app.current_theme.dark


@pytest.mark.asyncio
async def test_quitting_with_unsaved_work_asks_first() -> None:
    app = StudioApp()
    async with app.run_test() as pilot:
        await app.push_screen(Desk())
        await app.push_screen(Screen())
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, ChoiceScreen)
        assert "emails/010-news.md" in str(app.screen.query(Static).filter(".dialog--detail > Static").first().content)
        await pilot.press("ctrl+q", "enter")  # asking twice is no answer; enter takes the harmless one
        await settle(pilot)
        assert not app._exit
        await pilot.press("ctrl+q")
        await pilot.pause()
        await pilot.press("d")
        await settle(pilot)
    assert app._exit


@pytest.mark.asyncio
async def test_going_back_with_unsaved_work_offers_to_save() -> None:
    app = StudioApp()
    async with app.run_test() as pilot:
        desk = Desk()
        await app.push_screen(desk)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, ChoiceScreen)
        await pilot.press("escape")
        await settle(pilot)
        assert app.screen is desk
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("s")
        await settle(pilot)
        assert desk.work == ()
        assert isinstance(app.screen, LibraryScreen)


@pytest.mark.asyncio
async def test_the_library_is_never_left_by_escape() -> None:
    app = StudioApp()
    async with app.run_test() as pilot:
        await pilot.press("escape")
        app.go_back()
        await settle(pilot)
        assert isinstance(app.screen, LibraryScreen)


@pytest.mark.asyncio
async def test_a_screen_that_this_version_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(navigation.SCREENS, "nowhere", ("nowhere.screen", "NowhereScreen"))
    app = StudioApp()
    async with app.run_test() as pilot:
        app._open("nowhere", tuple)
        await settle(pilot)
        assert toasts(app) == ["the nowhere screen is not available yet"]


@pytest.mark.asyncio
async def test_a_scenario_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    app = StudioApp()
    async with app.run_test() as pilot:
        app.open_author(tmp_path / "[/nothing]")
        await settle(pilot)
        assert isinstance(app.screen, LibraryScreen)
        assert any("[/nothing]" in toast for toast in toasts(app))


@pytest.mark.asyncio
async def test_every_screen_of_the_list_can_be_loaded() -> None:
    for name, (_, kind) in navigation.SCREENS.items():
        assert navigation.load_screen(name).__name__ == kind


@pytest.mark.asyncio
async def test_names_are_asked_for_until_they_are_right() -> None:
    def check(texts: Mapping[str, str]) -> str:
        return "" if texts["name"].islower() else "lower case letters"

    app = StudioApp()
    given: list[Mapping[str, str] | None] = []
    async with app.run_test() as pilot:
        question = AskScreen(plain("Name it"), (Field("pack", "Pack", "mine"), Field("name", "Name")), check=check)
        app.push_screen(question, given.append)
        await pilot.pause()
        assert app.screen.query(Button).first().disabled
        await pilot.press(*"Ab", "enter")
        await pilot.pause()
        assert given == []
        app.screen.query(Input).last().value = "ab"
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
    assert given == [{"pack": "mine", "name": "ab"}]


@pytest.mark.asyncio
async def test_a_question_is_answered_by_letter_or_mouse() -> None:
    app = StudioApp()
    given: list[str | None] = []
    choices = (Choice("keep", "Keep", "k"), Choice("delete", "Delete", "d", "error"))
    async with app.run_test() as pilot:
        for answer in ("letter", "mouse", "arrow"):
            app.push_screen(ChoiceScreen(plain("Delete it?"), plain(answer), choices), given.append)
            await pilot.pause()
            if answer == "letter":
                await pilot.press("d")
            elif answer == "mouse":
                await pilot.click("Button.-error")
            else:
                await pilot.press("right", "enter")
            await pilot.pause()
    assert given == ["delete"] * 3


@pytest.mark.asyncio
async def test_a_crash_shows_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(StudioApp):
        def action_help(self) -> None:
            key = "sk-" + "verysecret"
            raise RuntimeError(f"failed\x1b[2J after {len(key)} letters")

    async def crash() -> None:
        async with Failing().run_test() as pilot:
            await pilot.press("f1")
            await pilot.pause()

    with pytest.raises(RuntimeError):
        await crash()
    told = capsys.readouterr().err
    assert "RuntimeError: failed[2J after 13 letters" in told
    assert "sk-verysecret" not in told


def test_the_command_wants_a_terminal() -> None:
    parser = argparse.ArgumentParser()
    studio.add_arguments(parser)
    with pytest.raises(StudioError, match="needs a terminal"):
        studio.run(parser.parse_args([]))
