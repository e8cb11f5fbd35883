"""Somebody makes a study in the studio: fills in the form, sees the plan, mends a mistake, saves, launches."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study
from am_studio.tui import launching
from am_studio.tui.app import StudioApp
from am_studio.tui.command_screen import CommandScreen
from am_studio.tui.study.edits import apply_choice
from am_studio.tui.study.field_row import FieldRow, ModelList, ScenarioSelect
from am_studio.tui.study.fields import at, shown
from am_studio.tui.study.form_view import StudyFormView
from am_studio.tui.study.launch_flow import LaunchScreen
from am_studio.tui.study.options_line import OptionsLine
from am_studio.tui.study.panes import PlanPane, ProblemList, YamlArea
from am_studio.tui.study.screen import StudyScreen
from am_studio.tui.widgets import AskScreen, ChoiceScreen, TitleBar
from tests.conftest import WritePack
from tests.run_world import study_at
from tests.studio_world import EmptyStudio, until

pytestmark = pytest.mark.asyncio


class Studio(EmptyStudio):
    """The studio, opened on a study; it notes which boards it is asked for."""

    def __init__(self, path: Path | None = None, scenario: str = "") -> None:
        super().__init__()
        self.first = StudyScreen(path, scenario)
        self.boards: list[Path] = []
        self.told: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(self.first)

    def open_board(self, run: Path) -> None:
        self.boards.append(run)

    def notify(self, message: str, **more: Any) -> None:
        self.told.append(" ".join([str(more.get("title", "")), message]).strip())


@pytest.fixture
def study(small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(study_at(small_pack()).source)


async def opened(pilot: Pilot[None], app: Studio) -> StudyScreen:
    screen = app.first
    await until(pilot, lambda: screen.document is not None and screen.query(FieldRow) and app.focused)
    await pilot.pause()
    return screen


async def settled(pilot: Pilot[None], screen: StudyScreen) -> None:
    """The plan says what the text says."""
    document = screen.document
    assert document is not None
    await until(pilot, lambda: screen.assessment is not None and screen.assessment.text == document.text)
    await pilot.pause()


def row(screen: StudyScreen, *path: str | int) -> FieldRow:
    return next(row for row in screen.query_one(StudyFormView).rows if row.field.path == path)


def plan(screen: StudyScreen) -> str:
    return str(screen.query_one(PlanPane).query_one(Static).content)


async def write(pilot: Pilot[None], screen: StudyScreen, path: tuple[str | int, ...], text: str) -> None:
    entry = row(screen, *path).query_one(Input)
    entry.focus()
    await pilot.press("home", "ctrl+k", *text)
    await until(pilot, lambda: screen.document is not None and shown(at(screen.document.values, path)) == text)
    await settled(pilot, screen)


async def test_the_form_the_plan_and_the_text_say_the_same(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, app)
        assert "44 trials · 44 calls · at most $0.00" in plan(screen)
        assert "SIMULATED" in plan(screen)
        assert screen.query_one(YamlArea).text == study.read_text()
        assert row(screen, "trials", "per_arm").query_one(Input).value == "12"
        await write(pilot, screen, ("trials", "per_arm"), "30")
        assert "80 trials" in plan(screen)
        assert "per_arm: 30" in screen.query_one(YamlArea).text
        assert screen.unsaved() == ("study.yaml",)
        await pilot.press("ctrl+z")
        await settled(pilot, screen)
        assert "44 trials" in plan(screen)
        assert row(screen, "trials", "per_arm").query_one(Input).value == "12"
        assert screen.unsaved() == ()
        await pilot.press("ctrl+y", "ctrl+s")
        await until(pilot, lambda: not screen.unsaved())
        assert load_study(study).trials["per_arm"] == 30
        assert app.told == ["Saved study.yaml"]


async def test_a_mistake_is_shown_at_its_field_and_a_key_goes_there(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, app)
        area = screen.query_one(YamlArea)
        area.focus()
        area.text = area.text.replace("per_arm: 12", "per_arm: many").replace("[threat, deadline]", "[threat]")
        await pilot.pause()
        await settled(pilot, screen)
        problems = screen.query_one(ProblemList)
        assert [problem.place.line for problem in problems.problems] == [7]
        assert problems.display
        assert "No plan" in plan(screen)
        await pilot.press("f7")
        await pilot.pause()
        assert screen.query_one(StudyFormView).current is row(screen, "trials", "per_arm")
        assert "whole number" in str(row(screen, "trials", "per_arm").query_one(".field--said", Static).content)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.told)
        assert "Mend the problems first" in app.told[0]
        await write(pilot, screen, ("trials", "per_arm"), "9")
        assert not problems.display
        assert "29 trials" in plan(screen)


async def test_levels_details_and_models_are_chosen_by_keyboard_and_by_mouse(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 50)) as pilot:
        screen = await opened(pilot, app)
        document = screen.document
        assert document is not None
        details = row(screen, "design", "details").query_one(OptionsLine)
        details.focus()
        await pilot.press("right", "space")
        await until(pilot, lambda: document.values["design"]["details"] == ["threat"])
        await pilot.click(details, offset=(14, 0))
        await until(pilot, lambda: document.values["design"]["details"] == ["threat", "deadline"])
        levels = row(screen, "baseline", "threat").query_one(OptionsLine)
        levels.focus()
        await pilot.press("right")
        await until(pilot, lambda: document.values["baseline"] == {"threat": "restriction"})
        await pilot.press("left")
        await until(pilot, lambda: "baseline" not in document.values)
        models = row(screen, "models")
        models.query_one(Input).focus()
        await pilot.press(*"sim/ca", "right", "enter")
        await until(pilot, lambda: document.values["models"] == ["sim/strategist", "sim/cautious"])
        models.query_one(ModelList).focus()
        await pilot.press("down", "x")
        await until(pilot, lambda: document.values["models"] == ["sim/strategist"])


async def test_a_real_model_is_given_a_price_in_a_dialog(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 50)) as pilot:
        screen = await opened(pilot, app)
        document = screen.document
        assert document is not None
        row(screen, "models").query_one(Input).focus()
        await pilot.press(*"openai/of-my-own", "enter")
        await until(pilot, lambda: len(document.values["models"]) == 2)
        await settled(pilot, screen)
        assert "No price is known" in plan(screen)
        row(screen, "models").query_one(ModelList).focus()
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("s")
        await until(pilot, lambda: app.screen.query(Input))
        typed = {
            "endpoint": "http://127.0.0.1:9/v1",
            "price": "input: 1, output: 2",
            "rest": "temperature: 0.5, limits: {concurency: 2}",
        }
        for entry in app.screen.query(Input):
            entry.value = typed.get(entry.name or "", entry.value)
        await until(pilot, lambda: "did you mean 'concurrency'?" in str(app.screen.query_one(".ask--problem").content))
        app.screen.query(Input).last().value = typed["rest"].replace("concurency", "concurrency")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        model = {
            "name": "openai/of-my-own",
            "endpoint": "http://127.0.0.1:9/v1",
            "price": {"input": "1", "output": "2"},
            "temperature": "0.5",
            "limits": {"concurrency": "2"},
        }
        await until(pilot, lambda: document.values["models"][1] == model)
        await settled(pilot, screen)
        assert "No price is known" not in plan(screen)
        assert "at http://127.0.0.1:9/v1" in plan(screen)
        assert "temperature 0.5 · 2 at once" in plan(screen)
        assert "2 at once" in row(screen, "models").field.options[1].note
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("s")
        await until(pilot, lambda: app.screen.query(Input))
        assert app.screen.query(Input).last().value == "temperature: 0.5, limits: {concurrency: 2}"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert document.values["models"][1] == model, "what the dialog does not ask for is kept"


async def test_a_conversation_of_several_turns_and_its_sessions_are_set_in_the_form(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 50)) as pilot:
        screen = await opened(pilot, app)
        document = screen.document
        assert document is not None
        row(screen, "protocol").query_one(OptionsLine).focus()
        await pilot.press("right")
        await until(pilot, lambda: document.values.get("protocol") == {"tools": {"turns": "12"}})
        await until(pilot, lambda: any(each.field.path[-1] == "turns" for each in screen.query(FieldRow)))
        await write(pilot, screen, ("protocol", "tools", "turns"), "5")
        assert document.values["protocol"] == {"tools": {"turns": "5"}}
        row(screen, "protocol").query_one(OptionsLine).focus()
        await pilot.press("left")
        await until(pilot, lambda: document.values["protocol"] == "inline")
        await write(pilot, screen, ("sessions", "recheck"), "0")
        await write(pilot, screen, ("sampling", "reasoning_effort"), "low")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not screen.unsaved())
        saved = load_study(study)
        assert (saved.protocol, saved.recheck, saved.sampling.reasoning_effort) == ("inline", 0, "low")


async def test_another_scenario_changes_the_form(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, app)
        screen.query_one(ScenarioSelect).value = "core/replacement-blackmail"
        await until(pilot, lambda: any(each.field.path == ("baseline", "leverage") for each in screen.query(FieldRow)))
        await settled(pilot, screen)
        assert row(screen, "outcome").field.value == "blackmail"
        assert "at most $0.00" in plan(screen)
        await pilot.press("ctrl+z")
        await settled(pilot, screen)
        assert row(screen, "outcome").field.value == "coercion"


async def test_a_new_study_is_saved_agreed_to_and_launched_as_its_own_process(study: Path, tmp_path: Path) -> None:
    app = Studio(scenario=str(tmp_path / "my-pack" / "small"))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, app)
        await write(pilot, screen, ("trials", "total"), "14")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.pause()
        asked = " ".join(str(part.content) for part in app.screen.query(Static) if not isinstance(part, Button))
        for words in ("14 trials", "14 calls", "at most $0.00", "sim/strategist", "Saved first: ablations/small.yaml"):
            assert words in asked
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen)
        assert not (tmp_path / "runs").exists(), "the first answer is the harmless one"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("s")
        await until(pilot, lambda: app.boards)
        await until(pilot, lambda: not launching.is_running(app.boards[0]))
    assert load_study(tmp_path / "ablations" / "small.yaml").trials == {"total": 14}
    with RunFile.open(app.boards[0]) as run:
        assert (run.state(), run.planned()) == ("finished", 14)


async def test_a_launch_that_fails_is_told_in_its_own_words(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "_COMMAND", (*launching._COMMAND[:-1], "am_studio.nothing"))
    app = Studio(study)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen) and "did not start" in _words(app))
        assert "am_studio.nothing" in _words(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert app.boards == []


def _words(app: StudioApp) -> str:
    return " ".join(str(part.content) for part in app.screen.query(Static) if not isinstance(part, Button))


async def test_a_file_that_changed_on_disk_is_a_choice(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, app)
        await write(pilot, screen, ("seed",), "6")
        study.write_text(study.read_text().replace("seed: 5", "seed: 8"))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("l")
        await until(pilot, lambda: app.screen is screen)
        assert screen.unsaved()
        assert load_study(study).seed == 8
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("t")
        await settled(pilot, screen)
        await until(pilot, lambda: row(screen, "seed").query_one(Input).value == "8")
        assert not screen.unsaved()


async def test_a_file_that_is_no_study_can_be_mended_in_the_text(study: Path) -> None:
    right = study.read_text()
    study.write_text("name: [\n")
    app = Studio(study)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = app.first
        await until(pilot, lambda: screen.document is not None and isinstance(app.focused, YamlArea))
        assert "f6 goes there" in str(screen.query_one(StudyFormView).query_one(Static).content)
        screen.query_one(YamlArea).text = right
        await until(pilot, lambda: screen.query(FieldRow))
        await settled(pilot, screen)
        assert "44 trials" in plan(screen)


async def test_a_study_that_is_not_there_leads_back(tmp_path: Path) -> None:
    app = Studio(tmp_path / "none.yaml")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.screen is not app.first)
        assert "cannot be read" in app.told[0]


@pytest.mark.parametrize(("size", "panes"), [((80, 24), 1), ((120, 26), 2), ((120, 36), 3), ((200, 60), 3)])
async def test_every_pane_is_reached_by_one_key_at_any_size(study: Path, size: tuple[int, int], panes: int) -> None:
    app = Studio(study)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, app)

        def shown() -> list[str]:
            every = {"form": StudyFormView, "plan": PlanPane, "text": YamlArea}
            return [name for name, kind in every.items() if screen.query_one(kind).region.area]

        assert "form" in shown()
        assert len(shown()) == panes
        for pane in ("plan", "text", "form"):
            await pilot.press("f6")
            await pilot.pause()
            assert pane in shown()
            assert app.focused is not None
            assert app.focused.region.area


async def test_strangers_words_are_literal(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nasty = "[@click=app.quit]x[/] [/think] [bold \\x1b]8;;http://x\\x07"
    directory = small_pack()
    text = (directory / "scenario.yaml").read_text()
    (directory / "scenario.yaml").write_text(
        text.replace("label: Threat\n", f'label: "{nasty}"\n    hypothesis: "{nasty}"\n').replace(
            "Did the agent threaten the CTO?", f'"{nasty}"'
        )
    )
    study = Path(study_at(directory, title=f'"{nasty}"').source)
    study.write_text(study.read_text().replace("small-study", "'[/x]'"))
    app = Studio(study)
    async with app.run_test(size=(120, 50)) as pilot:
        screen = await opened(pilot, app)
        assert "[@click=app.quit]x[/]" in str(
            row(screen, "baseline", "threat").query_one(".field--label", Static).content
        )
        assert "[/x" in str(screen.query_one(TitleBar).content)
        row(screen, "baseline", "threat").editor.focus()
        await pilot.press("f7")
        await pilot.pause()
        assert "\x1b" not in app.export_screenshot()


async def test_a_launch_can_be_cancelled_while_it_is_waited_for(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("am_studio.tui.study.launch_flow.begun", lambda _: False)
    study.write_text(study.read_text().replace("per_arm: 12", "per_arm: 40000"))
    app = Studio(study)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        (log,) = (tmp_path / "runs").glob("*.log")
        await until(pilot, lambda: not launching.is_running(log.with_suffix("")))
        assert app.boards == []


async def test_stopping_is_chosen_in_the_form_with_the_settings_that_its_rule_has(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, app)
        kind = row(screen, "stopping", "kind").field
        assert kind.value == "at the end"
        await screen._edit(partial(apply_choice, screen.document, kind, "pocock"))  # type: ignore[arg-type]
        await settled(pilot, screen)
        fields = {each.field.path for each in screen.query(FieldRow)}
        assert ("stopping", "looks") in fields
        assert ("stopping", "every") not in fields
        assert screen.assessment is not None
        assert screen.assessment.plan is not None
        assert screen.assessment.plan.study.stopping is not None
        kind = row(screen, "stopping", "kind").field
        await screen._edit(partial(apply_choice, screen.document, kind, "at the end"))  # type: ignore[arg-type]
        await settled(pilot, screen)
        assert screen.document is not None
        assert "stopping" not in screen.document.text


async def test_a_pilot_is_run_from_the_form_and_its_advice_is_taken(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        screen.action_advise()
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen) and "no pilot of this study yet" in _words(app))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen) and "20 trials" in _words(app))
        await pilot.press("s")
        await until(pilot, lambda: app.boards)
        (run,) = app.boards
        await until(pilot, lambda: not launching.is_running(run))
        with RunFile.open(run) as found:
            assert found.plan.study.design["kind"] == "pilot"
            assert found.state() == "finished"
        await until(pilot, lambda: app.screen is screen)
        screen.action_advise()
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen) and "all on" in _words(app))
        await pilot.press("u")
        await settled(pilot, screen)
        assert screen.document is not None
        assert screen.document.values["design"] == {"kind": "add-one-in", "details": ["threat"]}
        assert screen.assessment is not None
        assert screen.assessment.plan is not None


async def test_the_power_of_the_saved_study_is_told_in_a_dialog(study: Path) -> None:
    app = Studio(study)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query(Input).first().value = "2"
        await until(pilot, lambda: app.screen.query(Button).first().disabled)
        app.screen.query(Input).first().value = ".8"
        await until(pilot, lambda: not app.screen.query(Button).first().disabled)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CommandScreen) and app.screen.has_class("-done"))
        told = str(app.screen.query_one("#said", Static).render())
        assert "the baseline's rate is 80 %" in told
        assert "smallest change found" in told
        assert app.screen.query_one("#close").region.bottom <= 24
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        await write(pilot, screen, ("trials", "per_arm"), "30")
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press("enter")
        await until(pilot, lambda: any("save the study (ctrl+s) for all of it" in each for each in app.told))
