"""Somebody makes the studio theirs: looks, keys, vim's keys, and a theme of their own; nothing of it is lost or guessed."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Select, Switch

from am_studio.foundation.errors import StudioError
from am_studio.foundation.settings import user_settings
from am_studio.tui.app import StudioApp
from am_studio.tui.jump import JumpScreen
from am_studio.tui.settings.bindings import every_binding, shared_keys
from am_studio.tui.settings.keys_screen import KeysScreen, PressScreen
from am_studio.tui.settings.screen import SettingRow, SettingsScreen
from am_studio.tui.settings.store import save_setting
from am_studio.tui.themes import choose_theme, theme_names
from am_studio.tui.vim import MOVES
from tests.studio_world import painted, until


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config" / "config.yaml"
    path.parent.mkdir()
    path.write_text("# mine\nconfirm_above_usd: 5  # enough\n")
    path.chmod(0o600)
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return path


@asynccontextmanager
async def studio(size: tuple[int, int] = (120, 36)) -> AsyncIterator[tuple[StudioApp, Pilot[Any]]]:
    app = StudioApp()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.focused is not None)
        yield app, pilot


def test_a_setting_changes_its_line_alone(config: Path) -> None:
    save_setting(("studio", "theme"), "light")
    save_setting(("studio", "keys", "author.save"), "ctrl+w")
    assert config.read_text().startswith("# mine\nconfirm_above_usd: 5  # enough\n")
    assert (user_settings().studio.theme, user_settings().studio.keys) == ("light", {"author.save": "ctrl+w"})
    save_setting(("studio", "keys", "author.save"), None)
    assert user_settings().studio.keys == {}
    before = config.read_bytes()
    with pytest.raises(StudioError, match="vim"):
        save_setting(("studio", "vim"), "perhaps")
    assert config.read_bytes() == before


def test_a_first_setting_makes_a_file_for_its_owner_alone(config: Path) -> None:
    config.unlink()
    save_setting(("studio", "vim"), "true")
    assert user_settings().studio.vim
    assert config.stat().st_mode & 0o777 == 0o600


def test_settings_are_never_kept_in_what_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AM_STUDIO_CONFIG", os.devnull)
    with pytest.raises(StudioError, match="no file that settings could be kept in"):
        save_setting(("studio", "theme"), "light")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_every_theme_can_be_worn_and_a_missing_one_is_told(config: Path) -> None:
    assert [choose_theme(name).theme.ansi for name in theme_names()] == [False, False, False, True, True]
    with pytest.raises(StudioError, match="no theme 'drak'") as error:
        choose_theme("drak")
    assert "dark" in error.value.hint


@pytest.mark.asyncio
async def test_a_theme_of_ones_own_is_worn_and_follows_its_file(config: Path) -> None:
    own = config.parent / "themes" / "sea.yaml"
    own.parent.mkdir()
    own.write_text("primary: '#112233'\n")
    save_setting(("studio", "theme"), "sea")
    async with studio() as (app, pilot):
        assert (app.theme, app.current_theme.primary) == ("own-sea", "#112233")
        own.write_text("primary: '#445566'\nbackground: '#000000'\n")
        await until(pilot, lambda: app.current_theme.primary == "#445566")
        own.write_text("primary: blue\n")
        await until(pilot, lambda: bool(app._notifications))
        assert app.current_theme.primary == "#445566", "the last good one stays"


@pytest.mark.asyncio
async def test_a_broken_settings_file_is_told_and_the_studio_opens(config: Path) -> None:
    config.write_text("studio: {theme: [1]}\n")
    async with studio() as (app, pilot):
        await until(pilot, lambda: bool(app._notifications))
        assert app.theme == "textual-dark"


@pytest.mark.asyncio
async def test_settings_are_set_by_a_form_and_saved_at_once(config: Path) -> None:
    async with studio() as (app, pilot):
        await pilot.press("comma")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        rows = {row.setting.name: row for row in app.screen.query(SettingRow)}
        assert {
            "studio.theme", "studio.spacing", "studio.tables", "studio.vim", "studio.restore", "studio.hints",
            "confirm_above_usd",
        } <= set(rows)  # fmt: skip
        rows["studio.vim"].query_one(Switch).focus()
        await pilot.press("enter")
        await until(pilot, lambda: user_settings().studio.vim)
        rows["studio.theme"].query_one(Select).value = "contrast"
        await until(pilot, lambda: app.theme == "am-contrast")
        amount = rows["confirm_above_usd"].query_one(Input)
        amount.focus()
        amount.value = "2.5"
        await pilot.press("enter")
        await until(pilot, lambda: user_settings().confirm_above_usd == 2.5)
        assert "# enough" in config.read_text()


@pytest.mark.asyncio
async def test_a_key_is_remapped_by_pressing_it_and_taken_back(config: Path) -> None:
    async with studio() as (app, pilot):
        app.open_keys()
        await until(pilot, lambda: isinstance(app.focused, DataTable))
        await pilot.press("slash", *"library.clone", "enter")
        table = app.screen.query_one(DataTable)
        assert table.row_count == 1
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PressScreen))
        await pilot.press("f12")
        await until(pilot, lambda: user_settings().studio.keys == {"library.clone": "f12"})
        await until(pilot, lambda: isinstance(app.screen, KeysScreen))
        await until(pilot, lambda: "f12" in painted(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, KeysScreen))
        active = {binding.binding.id: key for key, binding in app.screen.active_bindings.items()}
        assert active["library.clone"] == "f12"
        app.open_keys()
        await until(pilot, lambda: isinstance(app.focused, DataTable))
        await pilot.press("slash", *"library.clone", "enter", "x")
        await until(pilot, lambda: user_settings().studio.keys == {})


def test_two_things_on_one_key_are_told() -> None:
    known = every_binding()
    assert ("s", "library.clone", "library.study") in shared_keys({"library.clone": "s"}, known)
    assert shared_keys({"library.clone": "f12"}, known) == ()


def test_what_a_key_does_has_an_id_a_description_and_a_tooltip() -> None:
    known = every_binding()
    assert len(known) > 150
    assert [each.id for each in known if not (each.description and each.tooltip)] == []


def test_vim_keys_hide_nothing(config: Path) -> None:
    """What a screen binds to a letter that moves has another key as well."""
    moves = {*MOVES, "g"}
    assert [each.id for each in every_binding() if set(each.keys) <= moves] == []


@pytest.mark.asyncio
async def test_vim_keys_move_and_letters_stay_letters_in_a_text(config: Path) -> None:
    save_setting(("studio", "vim"), "true")
    async with studio() as (app, pilot):
        tree = app.focused
        assert tree is not None
        await until(pilot, lambda: tree.cursor_line >= 0)  # type: ignore[attr-defined]
        start = tree.cursor_line  # type: ignore[attr-defined]
        await pilot.press("j")
        assert tree.cursor_line == start + 1  # type: ignore[attr-defined]
        await pilot.press("k")
        assert tree.cursor_line == start  # type: ignore[attr-defined]
        await pilot.press("G")
        assert tree.cursor_line > start + 1  # type: ignore[attr-defined]
        await pilot.press("g", "g")
        assert tree.cursor_line == 0  # type: ignore[attr-defined]
        await pilot.press("slash", *"jgk")
        assert isinstance(app.focused, Input)
        assert app.focused.value == "jgk"


@pytest.mark.asyncio
async def test_a_letter_jumps_to_any_part(config: Path) -> None:
    async with studio() as (app, pilot):
        before = app.focused
        await pilot.press("f10")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        await until(pilot, lambda: "a letter jumps there" in painted(app))
        letters = list(app.screen._places)  # type: ignore[attr-defined]
        assert len(letters) >= 2
        reached = set()
        await pilot.press("escape")
        for letter in letters:
            await until(pilot, lambda: not isinstance(app.screen, JumpScreen))
            await pilot.press("f10")
            await until(pilot, lambda: isinstance(app.screen, JumpScreen))
            await pilot.press(letter)
            await until(pilot, lambda: not isinstance(app.screen, JumpScreen))
            reached.add(app.focused)
            if isinstance(app.focused, Input):
                await pilot.press("escape")
        assert before in reached
        assert len(reached) >= 2
