"""Somebody brings a prompt into the library by the dialogs, and is told kindly what cannot be brought in."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from am_studio.tui.app import StudioApp
from am_studio.tui.command_screen import CommandScreen
from am_studio.tui.library.importing import KINDS, arguments, lacking
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.picking import PickScreen
from am_studio.tui.widgets import AskScreen
from tests.studio_world import until

PROMPT = "System:\nYou are Ada, an agent at Quince.\nUser:\n<email>\nFrom: Noor <noor@quince.example>\nTo: Ada <ada@quince.example>\nSubject: Hi\n\nHello.\n</email>\n"


class Recording(StudioApp):
    """Takes down which scenario is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Path] = []

    def open_author(self, directory: Path) -> None:
        self.asked.append(directory)


async def ask(pilot: Pilot[None], words: str, source: str) -> None:
    """Choose a kind by typing, name the file, and import."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app.screen.query("#facts > FactsPane"))
    await pilot.press("i")
    await until(pilot, lambda: isinstance(app.screen, PickScreen))
    await pilot.press(*words, "enter")
    await until(pilot, lambda: isinstance(app.screen, AskScreen))
    app.screen.query(Input).last().value = source
    await pilot.pause()
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, CommandScreen) and app.screen.has_class("-done"))


@pytest.mark.asyncio
async def test_a_prompt_becomes_a_scenario_that_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prompt.txt").write_text(PROMPT)
    app = Recording()
    async with app.run_test(size=(80, 24)) as pilot:
        await ask(pilot, "prompt", "prompt.txt")
        told = str(app.screen.query_one("#said", Static).render())
        assert not app.screen.has_class("-failed"), told
        assert "imported/prompt" in told
        await pilot.press("enter")
        await until(pilot, lambda: app.asked == [Path("imported/prompt")])


@pytest.mark.asyncio
async def test_what_cannot_be_imported_is_said_and_nothing_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.eval").write_text("nothing")
    app = Recording()
    async with app.run_test(size=(80, 24)) as pilot:
        await ask(pilot, "inspect", "log.eval")
        assert app.screen.has_class("-failed")
        assert "log.eval" in str(app.screen.query_one("#said", Static).render())
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        assert app.asked == []


def test_a_file_named_like_an_option_stays_a_file(tmp_path: Path) -> None:
    transcripts = next(kind for kind in KINDS if kind.verb == "transcripts")
    texts = {"source": "--yes", "--map": "reply=x", "--model": ""}
    assert arguments(transcripts, texts) == ("import", "transcripts", "--yes", "--map=reply=x", "--", "--yes")
    assert lacking(transcripts, {"source": str(tmp_path / "none")}) == "there is nothing at this path"
    assert lacking(transcripts, {"source": ""}) == "say where it is"
    suite = KINDS[0]
    assert lacking(suite, {"source": ""}) == ""
    assert arguments(suite, {"source": ""}) == ("import", "agentic-misalignment")
