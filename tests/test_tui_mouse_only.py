"""The main job from the library to the report with the mouse alone; the keyboard is for texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from am_studio.runs.study import load_study
from conftest import WritePack
from hands_world import Mouse, opened

pytestmark = pytest.mark.asyncio


@pytest.fixture
def home(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a pack of one's own in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    small_pack()
    return tmp_path


async def test_the_main_job_is_done_by_pointing(home: Path) -> None:
    async with opened() as (app, pilot):
        mouse = Mouse(app, pilot)
        await mouse.click("small", "ScenarioTree")
        await mouse.sees("The small one", "2 emails")
        await mouse.click("small", "ScenarioTree", times=2)
        await mouse.on("AuthorScreen")
        await mouse.click("Threat", "DetailsPanel")
        await mouse.sees("‹restriction›")
        await mouse.click("News", "InboxList")
        await mouse.click("Hello,", "TemplateArea")
        await mouse.types("So: ")
        await mouse.sees("● unsaved: 1 file")
        await mouse.wheel("PreviewPane")
        await mouse.click("Save")
        await mouse.until(lambda: "So: " in (home / "my-pack/small/emails/010-news.md").read_text())
        await mouse.chooses("author: Study")
        await mouse.on("StudyScreen")
        await mouse.sees("trials", "design")
        await mouse.click("add-one-in", "StudyFormView")
        await mouse.click("leave-one-out", "StudyFormView")
        await mouse.click("[x] deadline", "StudyFormView")
        await mouse.sees("1 of 2")
        await mouse.click("[ ] deadline", "StudyFormView")
        await mouse.click("add a model", "StudyFormView")
        await mouse.types("sim/cautious")
        await mouse.click("Add", "Send")
        await mouse.click("sim/cautious", "ModelList")
        await mouse.on("ChoiceScreen")
        await mouse.click("[×]")
        await mouse.on("StudyScreen")
        await mouse.click("sim/cautious", "ModelList")
        await mouse.click("Remove (r)")
        await mouse.on("StudyScreen")
        await mouse.until(lambda: mouse.place("sim/cautious") is None)
        await mouse.select("60", "StudyFormView")
        await mouse.types("14")
        await mouse.sees("48 trials")
        await mouse.click("Save", "StudioFooter")
        (study,) = (home / "ablations").glob("*.yaml")
        await mouse.until(lambda: load_study(study).trials["per_arm"] == 14)
        await mouse.click("Launch", "StudioFooter")
        await mouse.on("ChoiceScreen")
        await mouse.click("Start (s)")
        await mouse.on("BoardScreen")
        await mouse.sees("finished")
        await mouse.click("Results", "StudioFooter")
        await mouse.on("ResultsScreen")
        await mouse.sees("threat")
        await mouse.click("Judge", "StudioFooter")
        await mouse.on("TrustPanel")
        await mouse.click("[×]")
        await mouse.on("ResultsScreen")
        await mouse.click("deadline", "EffectsTable", times=2)
        await mouse.on("TranscriptsScreen")
        await mouse.click("Filter", "StudioFooter")
        await mouse.click("without-threat", "FilterBar")
        await mouse.click("any arm")
        await mouse.sees("48 trials")
        await mouse.click("search every", "SearchField")
        await mouse.types("or else")
        await mouse.click("Search", "Send")
        await mouse.chooses("trials: Clear filter")
        await mouse.on("TranscriptsScreen")
        await mouse.click("Unclear", "StudioFooter")
        await mouse.on("AskScreen")
        await mouse.types("mouse")
        await mouse.click("Label", "Button")
        await mouse.on("TranscriptsScreen")
        await mouse.click("‹ Back")
        await mouse.on("ResultsScreen")
        await mouse.click("Report", "StudioFooter")
        await mouse.on("ReportScreen")
        await mouse.click("Effects")
        await mouse.click("‹ Back")
        await mouse.chooses("app: Settings")
        await mouse.on("SettingsScreen")
        await mouse.click("Keys", "StudioFooter")
        await mouse.on("KeysScreen")
        await mouse.click("author.save", times=2)
        await mouse.on("PressScreen")
        await mouse.click("[×]")
        await mouse.on("KeysScreen")
        await mouse.click("Help", "StudioFooter")
        await mouse.on("HelpScreen")
        await pilot.click(offset=(1, 1))
        await mouse.on("KeysScreen")
        await mouse.chooses("app: Jump")
        await mouse.on("JumpScreen")
        await pilot.click(app.screen.query("Label").first())
        await mouse.on("KeysScreen")
        await mouse.chooses("app: Library")
        await mouse.on("LibraryScreen")
        await mouse.chooses("app: Quit")
        await mouse.until(lambda: not app.is_running)
