"""Every key of the studio: none is only one that a terminal swallows, each can be another, and what is selected is copied."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.widgets import DataTable, TextArea

from am_studio.foundation.settings import user_settings
from am_studio.tui.author.preview_pane import PreviewPane
from am_studio.tui.jump import JumpScreen, jump_targets, place_of
from am_studio.tui.settings.bindings import every_binding, shared_keys, wrong_ids
from am_studio.tui.settings.keys_screen import KeysScreen, PressScreen
from am_studio.tui.settings.store import save_setting
from am_studio.tui.settings.swallowed import TAKERS, taken_by
from am_studio.tui.transcripts.pane import TranscriptPane
from conftest import WritePack
from hands_world import Mouse, opened
from run_world import Subject, new_run, study_at, work


@pytest.fixture
def home(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a pack of one's own, and settings of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(tmp_path / "config" / "config.yaml"))
    save_setting(("studio", "vim"), "false")
    small_pack()
    return tmp_path


@pytest.fixture
def run(home: Path) -> Path:
    """A run that has ended."""
    path = home / "run.amrun"
    work(new_run(study_at(home / "my-pack" / "small"), path), Subject())
    return path


def kinds() -> list[type[DOMNode]]:
    """Every class of ours that a key may belong to."""
    every_binding()
    found: list[type[DOMNode]] = []
    waiting = [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("am_studio."):
            found.append(kind)
    return found


def test_whatever_is_swallowed_has_a_key_that_is_not() -> None:
    """By action: two bindings of one action are one thing to who presses keys."""
    by_action = defaultdict(set)
    for kind in kinds():
        for bindings in BindingsMap(kind.__dict__.get("BINDINGS", ())).key_to_bindings.values():
            for binding in bindings:
                by_action[kind.__name__, binding.action].add(binding.key)
    lost = [
        (taker, place, sorted(keys))
        for place, keys in by_action.items()
        for taker, swallowed in TAKERS.items()
        if all(swallowed.fullmatch(key) for key in keys)
    ]
    assert lost == []
    assert len(by_action) > 150


def test_what_swallows_a_key_is_known_by_name() -> None:
    assert taken_by("ctrl+b") == ("VS Code", "tmux")
    assert taken_by("ctrl+a") == ("screen",)
    assert "flow control" in taken_by("ctrl+s")
    assert "the terminal's encoding" in taken_by("ctrl+i")
    assert "a Mac's terminal" in taken_by("f6")
    assert taken_by("j") == taken_by("enter") == taken_by("slash") == ()


def test_every_binding_has_an_id_that_means_one_thing() -> None:
    uses = defaultdict(set)
    for kind in kinds():
        for bindings in BindingsMap(kind.__dict__.get("BINDINGS", ())).key_to_bindings.values():
            for binding in bindings:
                assert binding.id, f"{kind.__name__}: {binding.key} {binding.action} has no id"
                uses[binding.id].add(binding.action)
    assert {name: actions for name, actions in uses.items() if len(actions) > 1} == {}


def test_keys_that_clash_are_told_across_the_parts_of_a_screen() -> None:
    known = every_binding()
    assert ("a", "author.save", "inbox.add") in shared_keys({"author.save": "a"}, known)
    assert ("q", "author.save", "app.quit") in shared_keys({"author.save": "q"}, known)
    assert shared_keys({"author.save": "l"}, known) != ()
    (told,) = wrong_ids({"author.sav": "a"}, known)
    assert "author.save" in told


@pytest.mark.asyncio
async def test_a_key_that_others_may_take_and_an_unknown_id_are_told_on_the_keys_screen(home: Path) -> None:
    save_setting(("studio", "keys", "author.sav"), "f12")
    async with opened((80, 24)) as (app, pilot):
        mouse = Mouse(app, pilot)
        app.open_keys()
        await mouse.on("KeysScreen")
        await mouse.sees("author.sav'")
        await pilot.press("slash", *"board.pause", "enter", "enter")
        await mouse.on("PressScreen")
        await pilot.press("ctrl+b")
        await mouse.on("KeysScreen")
        assert user_settings().studio.keys["board.pause"] == "ctrl+b"
        await mouse.sees("May be taken: ", "ctrl+b by VS Code")
        assert isinstance(app.screen, KeysScreen)
        assert not isinstance(app.screen, PressScreen)
        assert app.screen.query_one(DataTable).row_count == 1


@pytest.mark.asyncio
async def test_every_key_can_be_another_and_the_footer_and_help_say_so(home: Path) -> None:
    save_setting(("studio", "keys", "library.clone"), "f12")
    save_setting(("studio", "keys", "app.help"), "f9")
    async with opened() as (app, pilot):
        mouse = Mouse(app, pilot)
        await mouse.sees("my-pack", "f9")
        await pilot.press("f9")
        await mouse.on("HelpScreen")
        await mouse.sees("f12")


@pytest.mark.asyncio
async def test_selected_text_is_copied_from_editor_preview_and_transcript(home: Path, run: Path) -> None:
    async with opened() as (app, pilot):
        mouse = Mouse(app, pilot)
        app.open_author(home / "my-pack" / "small")
        await mouse.on("AuthorScreen")
        await mouse.click("News", "InboxList")
        area = app.screen.query("TemplateArea").first(TextArea)
        await mouse.select("Hello", "TemplateArea")
        await pilot.press("ctrl+c")
        assert app.clipboard == "Hello"
        assert area.text.startswith("Hello"), "copying changes nothing"
        await mouse.select("Soup today", PreviewPane)
        await pilot.press("ctrl+c")
        await mouse.until(lambda: app.clipboard.startswith("Soup today"))
        app.go_back()
        await mouse.on("LibraryScreen")
        app.open_transcripts(run, trial=0)
        await mouse.on("TranscriptsScreen")
        await mouse.sees("▾ Reply")
        words = next(word for word in ("Nothing to do", "I saw it") if mouse.place(word))
        await mouse.select(words, TranscriptPane)
        await pilot.press("ctrl+c")
        await mouse.until(lambda: app.clipboard.startswith(words))


@pytest.mark.asyncio
async def test_jump_mode_names_every_part_of_every_screen(home: Path, run: Path) -> None:
    """Each part that can have the focus and is seen has a letter; a letter goes to its part."""
    async with opened((120, 36)) as (app, pilot):
        mouse = Mouse(app, pilot)
        openings: dict[str, Any] = {
            "AuthorScreen": lambda: app.open_author(home / "my-pack" / "small"),
            "StudyScreen": lambda: app.open_study(home / "study.yaml"),
            "BoardScreen": lambda: app.open_board(run),
            "ResultsScreen": lambda: app.open_results(run),
            "TranscriptsScreen": lambda: app.open_transcripts(run),
            "ReportScreen": lambda: app.open_report([run]),
            "SettingsScreen": app.open_settings,
            "KeysScreen": app.open_keys,
        }
        for name, opening in openings.items():
            opening()
            await mouse.on(name)
            await pilot.pause()
            screen = app.screen
            seen = [each for each in screen.focus_chain if place_of(screen, each) is not None]
            targets = jump_targets(screen)
            assert seen, name
            assert set(seen) == set(targets.values()), name
            letter, target = list(targets.items())[-1]
            app.action_jump()
            await mouse.until(lambda: isinstance(app.screen, JumpScreen))
            assert len(app.screen._places) == len(targets)  # type: ignore[attr-defined]
            await pilot.press(letter)
            await mouse.until(lambda screen=screen, target=target: app.screen is screen and app.focused is target, name)
            app.go_back(force=True)
            await mouse.on("LibraryScreen")
