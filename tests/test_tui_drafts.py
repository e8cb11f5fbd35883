"""A studio ends without a goodbye, by a kill or an error of its own: what was typed is there when it is opened again."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot

from am_studio.runs.study_document import StudyDocument
from am_studio.tui.app import StudioApp
from am_studio.tui.author.screen import AuthorScreen
from am_studio.tui.author.template_area import TemplateArea
from am_studio.tui.crash import write_report
from am_studio.tui.drafts import Draft, DraftKeeper, discard, drafts_directory, left_behind, take
from am_studio.tui.study.screen import StudyScreen
from am_studio.tui.widgets import ChoiceScreen
from tests.conftest import WritePack
from tests.studio_world import until

NEWS = "emails/010-news.md"


def die(app: StudioApp) -> None:
    """As a kill does: the lock goes with the process, the file stays."""
    lock = app._drafts._lock
    assert lock is not None
    os.close(lock)


@asynccontextmanager
async def studio() -> AsyncIterator[tuple[StudioApp, Pilot[Any]]]:
    app = StudioApp()
    async with app.run_test(size=(120, 36)) as pilot:
        yield app, pilot


async def left_by_a_killed_studio(directory: Path) -> str:
    async with studio() as (app, pilot):
        app.open_author(directory)
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen) and app.focused is not None)
        screen = app.screen
        assert isinstance(screen, AuthorScreen)
        screen.change((NEWS, screen.document.texts[NEWS] + "Unsaved.\n"), "type")
        await until(pilot, lambda: any(drafts_directory().glob("*.json")))
        assert left_behind() == (), "a living studio's drafts are its own"
        die(app)
        return screen.document.texts[NEWS]


@pytest.mark.asyncio
async def test_what_was_typed_is_offered_and_taken_up_unsaved(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = small_pack()
    monkeypatch.chdir(tmp_path)
    saved = (directory / NEWS).read_text()
    typed = await left_by_a_killed_studio(directory)
    (left,) = left_behind()
    assert (left.file.stat().st_mode & 0o777, left.file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    async with studio() as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen))
        screen = app.screen
        assert isinstance(screen, AuthorScreen)
        assert screen.document.texts[NEWS] == typed
        assert screen.document.dirty == (NEWS,)
        assert (directory / NEWS).read_text() == saved, "nothing is saved before somebody saves"
        assert not left.file.exists()
        kept = list(drafts_directory().glob("*.json"))
        assert len(kept) == 1, "it is this studio's draft now"
        screen.document.undo()
        assert screen.document.dirty == ()


@pytest.mark.asyncio
async def test_later_keeps_it_and_discarding_gives_it_up(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = small_pack()
    monkeypatch.chdir(tmp_path)
    await left_by_a_killed_studio(directory)
    for key, remaining in (("l", 1), ("d", 0)):
        async with studio() as (app, pilot):
            await until(pilot, lambda app=app: isinstance(app.screen, ChoiceScreen))  # type: ignore[misc]
            await pilot.press(key)
            await until(pilot, lambda app=app: not isinstance(app.screen, ChoiceScreen))  # type: ignore[misc]
        assert len(left_behind()) == remaining


@pytest.mark.asyncio
async def test_a_study_that_was_never_saved_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = StudyDocument.new("core/replacement-blackmail").text.replace("seed: 1", "seed: 2")
    keeper = DraftKeeper()
    keeper.keep([Draft("study", str(tmp_path / "ablations" / "mine.yaml"), {"mine.yaml": text})])
    assert keeper._lock is not None
    os.close(keeper._lock)
    async with studio() as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen) and app.screen.document is not None)
        assert isinstance(app.screen, StudyScreen)
        assert app.screen.document is not None
        assert (app.screen.document.text, app.screen.document.dirty) == (text, True)
        assert app.screen.unsaved() == ("mine.yaml",)


def test_saving_or_leaving_removes_the_draft_and_two_never_take_one() -> None:
    keeper = DraftKeeper()
    keeper.keep([Draft("study", "/nowhere/mine.yaml", {"mine.yaml": "text"})])
    assert keeper._lock is not None
    os.close(keeper._lock)
    (left,) = left_behind()
    assert [take(left), take(left)] == [True, False]
    assert left_behind() == ()
    discard(left)
    assert list(drafts_directory().iterdir()) == []
    again = DraftKeeper()
    again.keep([Draft("study", "/nowhere/mine.yaml", {"mine.yaml": "text"})])
    again.close()
    assert list(drafts_directory().iterdir()) == []


@pytest.mark.asyncio
async def test_a_draft_whose_scenario_is_gone_is_told_and_stays(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = small_pack()
    monkeypatch.chdir(tmp_path)
    await left_by_a_killed_studio(directory)
    directory.rename(directory.with_name("elsewhere"))
    async with studio() as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("r")
        await until(pilot, lambda: bool(app._notifications))
    (kept,) = drafts_directory().glob("*.taken")
    assert "Unsaved." in kept.read_text()


def test_a_crash_report_holds_no_locals_and_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sentinel-0123456789abcdef0123456789")
    secret_local = "a letter of a stranger"
    path = write_report(f"ValueError: sk-sentinel-0123456789abcdef0123456789 {len(secret_local)}", ["AuthorScreen"])
    assert path is not None
    told = path.read_text()
    assert "sentinel" not in told
    assert "AuthorScreen" in told
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.asyncio
async def test_a_screen_that_is_busy_does_not_hold_its_drafts_up(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = small_pack()
    monkeypatch.chdir(tmp_path)
    async with studio() as (app, pilot):
        app.open_author(directory)
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen) and app.focused is not None)
        assert isinstance(app.screen, AuthorScreen)
        app.screen.document.edit((NEWS, app.screen.document.texts[NEWS] + "Unsaved.\n"), "type")
        for _ in range(6000):
            # Nothing is awaited: the screen does not get a turn.
            time.sleep(0.01)
            if any(drafts_directory().glob("*.json")):
                break
        (kept,) = drafts_directory().glob("*.json")
        assert "Unsaved." in kept.read_text()


@pytest.mark.asyncio
async def test_keys_that_come_faster_than_the_screen_are_all_there(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = small_pack()
    monkeypatch.chdir(tmp_path)
    letters = "abcdefghijklmnopqrstuvwxyz" * 3
    async with studio() as (app, pilot):
        app.open_author(directory)
        await until(pilot, lambda: isinstance(app.screen, AuthorScreen) and app.focused is not None)
        screen = app.screen
        assert isinstance(screen, AuthorScreen)
        await pilot.press("2")
        area = screen.query_one(TemplateArea)
        await until(pilot, lambda: area.has_focus)
        before = area.text
        for letter in letters:
            app.post_message(Key(letter, letter))
            await asyncio.sleep(0)
        await until(pilot, lambda: len(area.text) >= len(before) + len(letters))
        assert area.text == letters + before
        assert screen.document.texts[screen.asked.file].endswith(area.text)
        await until(pilot, lambda: screen.shown_texts is screen.texts)
        assert any("xyz" in line.text for line in screen.shown.lines)
