"""The main job from the library to the report with vim's keys alone: no arrow, no tab, no page key, no function key."""

from __future__ import annotations

from pathlib import Path

import pytest

from am_studio.foundation.settings import user_settings
from am_studio.runs.labels import read_labels
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study
from am_studio.tui.settings.store import save_setting
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import Choice, ChoiceScreen
from conftest import WritePack
from hands_world import Fingers, opened

pytestmark = pytest.mark.asyncio

KEYS = frozenset({"ctrl+d", "ctrl+u", "ctrl+w", "slash", "enter", "escape", "space", "colon", "dollar_sign"})


@pytest.fixture
def home(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a pack of one's own in it, and vim's keys chosen."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(tmp_path / "config" / "config.yaml"))
    save_setting(("studio", "vim"), "true")
    small_pack()
    return tmp_path


async def test_the_main_job_is_done_by_letters(home: Path) -> None:
    async with opened() as (app, pilot):
        vim = Fingers(app, pilot, KEYS)
        await vim.sees("my-pack")
        await vim.press("slash")
        await vim.types("small")
        await vim.press("enter")
        await vim.sees("The small one", "2 emails")
        await vim.press("enter")
        await vim.on("AuthorScreen")
        # From part to part by sides; a detail is toggled, an email chosen.
        await vim.press("G", "ctrl+w", "j", "g", "g", "l")
        await vim.sees("‹restriction›")
        await vim.press("ctrl+w", "k", "g", "g", "j", "G", "k")
        await vim.sees("Soup today.")
        await vim.press("G", "enter")
        await vim.sees("INSERT")
        await vim.types("So: ")
        await vim.press("escape")
        await vim.sees("NORMAL", "● unsaved: 1 file")
        await vim.press("j", "j", "u")
        await vim.until(lambda: vim.place("● unsaved") is None)
        await vim.press("i", *"So: ", "escape", "w", "b", "0", "G", "g", "g", "ctrl+d", "ctrl+u")
        await vim.press("colon")
        await vim.on("CommandPalette")
        await vim.press("escape")
        await vim.on("AuthorScreen")
        await vim.press("escape", "escape", "w")
        await vim.until(lambda: vim.place("● unsaved") is None)
        assert "So: " in (home / "my-pack/small/emails/010-news.md").read_text()
        # In the preview: from detail to detail and back.
        await vim.press("4", "n", "N", "G", "g", "g", "s")
        await vim.on("StudyScreen")
        await vim.sees("trials", "design")
        # In the form: from field to field, out of a text by escape, in again by i.
        await vim.press("escape", *"jjjj", *"hhhhhhh")
        await vim.sees("● leave-one-out", "205 trials")
        await vim.press("j", "space")
        await vim.sees("1 of 2")
        await vim.press("space", "j")
        await vim.sees("2 of 2", "NORMAL")
        await vim.press("0", "x", "x", "i", *"14", "escape")
        await vim.sees("48 trials")
        await vim.press("k", "w")
        await vim.until(lambda: vim.place("unsaved") is None and list((home / "ablations").glob("*.yaml")))
        (study,) = (home / "ablations").glob("*.yaml")
        assert load_study(study).trials["per_arm"] == 14
        # The plan and the text are parts beside the form.
        await vim.press("ctrl+w", "l", "G", "g", "g", "ctrl+w", "h", "g", "t", "g", "T")
        await vim.chooses("study: Launch")
        await vim.on("ChoiceScreen")
        await vim.press("s")
        await vim.on("BoardScreen")
        await vim.sees("finished")
        await vim.press("r")
        await vim.on("ResultsScreen")
        await vim.sees("threat (+ deadline)")
        await vim.press("J")
        await vim.on("TrustPanel")
        await vim.press("ctrl+d", "ctrl+u", "escape")
        await vim.on("ResultsScreen")
        await vim.press("G", "enter")
        await vim.on("TranscriptsScreen")
        await vim.sees("14 of 48 trials", "Trial")
        await vim.press("f")
        await vim.until(lambda: app.focused is not None and app.focused.id == "arm")
        await vim.press("enter", "g", "g", "enter")
        await vim.sees("48 of 48 trials")
        await vim.press("escape", "g", "g")
        await vim.sees("Trial 0 (1 of 48)")
        await vim.press("j", "n", "k", "N")
        await vim.sees("Trial 0 (1 of 48)")
        await vim.press("G")
        await vim.sees("Trial 47 (48 of 48)")
        await vim.press("g", "g", "enter", "z", "j", "G", "g", "g", "v")
        await vim.press("y")
        await vim.on("AskScreen")
        await vim.types("vi")
        await vim.press("enter")
        await vim.on("TranscriptsScreen")
        (run,) = (home / "runs").glob("*.amrun")

        def labels() -> list[tuple[int, str, str]]:
            with RunFile.open(run) as file:
                return [(label.trial, label.answer, label.rater) for label in read_labels(file)]

        await vim.until(labels)
        assert labels() == [(0, "yes", "vi")]
        await vim.press("slash")
        await vim.types("decision")
        await vim.press("enter")
        await vim.until(lambda: vim.place("48 of 48") is None)
        await vim.press("escape")
        await vim.on("ResultsScreen")
        await vim.press("w")
        await vim.on("ReportScreen")
        await vim.press("n", "N", "v", "j", "G", "g", "g", "ctrl+d", "escape")
        await vim.on("ResultsScreen")
        await vim.press(",")
        await vim.on("SettingsScreen")
        await vim.press("j", "k")
        await vim.press("e")
        await vim.on("KeysScreen")
        await vim.press("slash")
        await vim.types("author.save")
        await vim.press("enter", "enter")
        await vim.on("PressScreen")
        await vim.press("j")
        await vim.on("KeysScreen")
        assert user_settings().studio.keys == {"author.save": "j"}
        await vim.press("x")
        await vim.until(lambda: user_settings().studio.keys == {})
        await vim.press("?")
        await vim.on("HelpScreen")
        await vim.press("j", "ctrl+d", "G", "g", "g", "escape")
        await vim.on("KeysScreen")
        await vim.press("\\")
        await vim.on("JumpScreen")
        await vim.press("s")
        await vim.on("KeysScreen")
        await vim.chooses("app: Library")
        await vim.on("LibraryScreen")
        await vim.press("q")
        await vim.until(lambda: not app.is_running)


async def test_an_answer_s_letter_is_that_letter(home: Path) -> None:
    """`l` is Later in the question and right everywhere else; nothing that is asked for by letter is lost."""
    async with opened((80, 24)) as (app, pilot):
        vim = Fingers(app, pilot, KEYS)
        asked: list[str | None] = []
        choices = (Choice("stay", "Stay", "y"), Choice("look", "Look", "l"), Choice("keep", "Keep", "k"))
        for letter in ("l", "k"):
            app.push_screen(ChoiceScreen(plain("Which?"), plain(""), choices), asked.append)
            await vim.on("ChoiceScreen")
            await vim.press(letter)
            await vim.on("LibraryScreen")
        assert asked == ["look", "keep"]
