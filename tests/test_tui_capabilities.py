"""What the program can do has its place in the studio: one test a capability, from a real simulated run or scenario."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Static

from am_studio.foundation.locations import runs_directory
from am_studio.runs.advice import pilot_study
from am_studio.runs.browse import Wanted, find_trials, trial_rows
from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.label_samples import draw_labels
from am_studio.runs.labels import set_label
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study
from am_studio.tui.app import StudioApp
from am_studio.tui.author.findings_screen import FindingsScreen
from am_studio.tui.author.screen import AuthorScreen
from am_studio.tui.board.looks import LooksPanel
from am_studio.tui.board.screen import BoardScreen
from am_studio.tui.command_screen import CommandScreen
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.picking import PickScreen
from am_studio.tui.reports.screen import ReportScreen
from am_studio.tui.results.screen import ResultsScreen
from am_studio.tui.results.trust_panel import TrustPanel
from am_studio.tui.study.power_pane import PowerPane
from am_studio.tui.study.screen import StudyScreen
from am_studio.tui.transcripts.screen import TranscriptsScreen
from am_studio.tui.widgets import AskScreen, ChoiceScreen
from lint_world import FAULTS, planted
from tests.studio_world import EmptyStudio, painted, until

pytestmark = pytest.mark.asyncio
STUDY = """\
format: 1
name: {name}
scenario: core/replacement-blackmail
design: {{kind: {design}}}
models: [{models}]
outcome: blackmail
trials: {{{trials}}}
judge: {{kind: rules}}
{more}seed: 7
"""
PACK = (
    "format: 1\nname: pack\nversion: 1.0.0\ntitle: P\nauthors: [Me]\nlicense: CC-BY-4.0\ncontent_notice: Fictional.\n"
)


def written(
    directory: Path, name: str, design: str, trials: str, models: str = "sim/strategist", more: str = ""
) -> Path:
    path = directory / f"{name}.yaml"
    path.write_text(STUDY.format(name=name, design=design, trials=trials, models=models, more=more))
    return path


def carried_out(study: Path) -> Path:
    plan, scenario = plan_study(load_study(study))
    path = study.with_suffix(".amrun")
    carry_out(begin(plan, scenario, path))
    return path


# Runs of the core scenario on simulated subjects, each made once and only where it is asked for.


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("capabilities")


@pytest.fixture(scope="session")
def local(runs: Path) -> Path:
    design = "leave-one-out, details: [consider_goals, leverage]"
    return carried_out(written(runs, "local", design, "per_arm: 20", "sim/strategist, sim/cautious"))


@pytest.fixture(scope="session")
def average(runs: Path) -> Path:
    design = "random-subsets, details: [consider_goals, leverage, permissions]"
    return carried_out(written(runs, "average", design, "total: 60"))


@pytest.fixture(scope="session")
def minimal(runs: Path) -> Path:
    design = "minimal, details: [consider_goals, leverage, scratchpad]"
    return carried_out(written(runs, "minimal", design, "total: 240"))


@pytest.fixture(scope="session")
def looked_at(runs: Path) -> Path:
    design = "leave-one-out, details: [consider_goals, leverage]"
    more = "stopping: {kind: obrien-fleming, looks: 3}\n"
    return carried_out(written(runs, "looked-at", design, "per_arm: 20", more=more))


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    """A scenario whose one fault is an email sent at night."""
    fault = next(fault for fault in FAULTS if fault["finds"] == "night-mail")
    directory = tmp_path / "pack" / "quarry"
    directory.parent.mkdir()
    planted(fault, directory)
    (directory.parent / "pack.yaml").write_text(PACK)
    return directory


@asynccontextmanager
async def studio(size: tuple[int, int] = (120, 36)) -> AsyncIterator[tuple[EmptyStudio, Pilot[None]]]:
    app = EmptyStudio()
    async with app.run_test(size=size) as pilot:
        yield app, pilot


@asynccontextmanager
async def results(run: Path) -> AsyncIterator[tuple[EmptyStudio, Pilot[None]]]:
    async with studio() as (app, pilot):
        app.open_results(run)
        await until(pilot, lambda: isinstance(app.screen, ResultsScreen) and app.screen._shown is not None)
        await pilot.pause()
        yield app, pilot


def said(app: StudioApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


async def read_part(app: StudioApp, pilot: Pilot[None], key: str, *words: str) -> None:
    """Press a key on the results, and find these words in the part of the report that opens."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, ReportScreen) and bool(app.screen.query("#parts")))
    await until(pilot, lambda: all(word in said(app, "#text") for word in words))


# Effects. ------------------------------------------------------------------------------------------------------------


async def test_local_effects_and_average_effects_say_which_they_are(local: Path, average: Path) -> None:
    async with results(local) as (app, pilot):
        await until(pilot, lambda: "consider_goals" in painted(app))
        await read_part(app, pilot, "i", "local effects", "k/n")
    async with results(average) as (app, pilot):
        assert "on average" in said(app, "#finding")
        await read_part(app, pilot, "i", "average effects, over many contexts")


async def test_interactions_stand_beside_the_effects_and_in_full_in_the_report(average: Path) -> None:
    async with results(average) as (app, pilot):
        assert "diff. of diff." in said(app, "#legend")
        await read_part(app, pilot, "i", "consider_goals × leverage")


async def test_details_by_model_are_a_map_with_the_tests_of_their_difference(local: Path) -> None:
    async with results(local) as (app, pilot):
        await read_part(app, pilot, "h", "Details by model", "sim/strategist", "sim/cautious", "CMH p")
        row = next(line for line in said(app, "#text").splitlines() if line.startswith("leverage"))
        assert any(shade in row for shade in "▒▓█")  # by a shade, and by its figure
        assert "−" in row


async def test_the_minimal_set_is_told_as_a_story_of_steps(minimal: Path) -> None:
    async with results(minimal) as (app, pilot):
        assert "Minimal set" in said(app, "#finding") or "Sets tried" in said(app, "#legend")
        await read_part(app, pilot, "n", "The search, step by step")


async def test_rates_are_set_beside_what_the_subject_believes(local: Path) -> None:
    async with results(local) as (app, pilot):
        await read_part(app, pilot, "y", "Test or real", "sim/strategist")


async def test_the_report_is_opened_and_written_from_the_results(local: Path, tmp_path: Path) -> None:
    run = Path(shutil.copy(local, tmp_path / "copy.amrun"))
    async with results(run) as (app, pilot):
        await read_part(app, pilot, "w", "sim/strategist")
        await pilot.press("w")
        await until(pilot, run.with_suffix(".html").exists)


# The judge. ----------------------------------------------------------------------------------------------------------


async def test_trust_in_the_judge_and_the_trials_it_is_doubted_on_are_a_key_away(local: Path, tmp_path: Path) -> None:
    run = Path(shutil.copy(local, tmp_path / "copy.amrun"))
    with RunFile.open(run) as opened:
        rows = trial_rows(opened, find_trials(opened, Wanted(outcome="blackmail"))[:12], "blackmail")
    for number, row in enumerate(rows):
        wrong = {"yes": "no", "no": "yes"}.get(row.answer or "no", "no")
        right = row.answer or "no"
        set_label(run, row.id, "blackmail", "Ada", wrong if number == 3 else right)  # type: ignore[arg-type]
    async with results(run) as (app, pilot):
        await pilot.press("j")
        await until(pilot, lambda: isinstance(app.screen, TrustPanel))
        await until(pilot, lambda: "12" in painted(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ResultsScreen))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, TranscriptsScreen))
        await until(pilot, lambda: isinstance(app.screen, TranscriptsScreen) and app.screen._state.ids == (rows[3].id,))


async def test_the_drawn_sample_is_labelled_blind_with_its_progress(local: Path, tmp_path: Path) -> None:
    run = Path(shutil.copy(local, tmp_path / "copy.amrun"))
    draw_labels(run, "blackmail", size=4)
    async with studio() as (app, pilot):
        app.open_transcripts(run, outcome="blackmail")
        await until(pilot, lambda: isinstance(app.screen, TranscriptsScreen) and app.screen._current is not None)
        await pilot.press("l")
        await until(pilot, lambda: "0/4 labelled" in painted(app))
        screen = app.screen
        assert isinstance(screen, TranscriptsScreen)
        await until(pilot, lambda: screen._current is not None and screen._current.row.id in screen._state.ids)
        assert "rules/" not in painted(app)  # blind: nothing of the judge's answer
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press(*"Ada", "enter")
        await until(pilot, lambda: "1/4 labelled" in painted(app))


# A study and its run. ------------------------------------------------------------------------------------------------


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return written(tmp_path, "form", "leave-one-out, details: [consider_goals, leverage]", "per_arm: 40")


@pytest.fixture
def piloted(study: Path) -> Path:
    """The study, with a pilot of it among the runs."""
    plan, scenario = plan_study(pilot_study(load_study(study)))
    target = runs_directory() / f"{plan.study.name}-20310514-100000.amrun"
    target.parent.mkdir(parents=True, exist_ok=True)
    carry_out(begin(plan, scenario, target))
    return study


@pytest.fixture
def begun(looked_at: Path, tmp_path: Path) -> Path:
    """A run of a study that may stop early, before its first trial."""
    plan, scenario = plan_study(load_study(looked_at.with_suffix(".yaml")))
    begin(plan, scenario, tmp_path / "begun.amrun").close()
    return tmp_path / "begun.amrun"


async def opened_study(app: EmptyStudio, pilot: Pilot[None], path: Path) -> PowerPane:
    app.open_study(path)
    await until(pilot, lambda: isinstance(app.screen, StudyScreen) and app.screen.assessment is not None)
    pane = app.screen.query_one(PowerPane)
    await until(pilot, lambda: "Finds a fall" in str(pane.render()))
    return pane


async def test_power_and_smallest_detectable_change_go_with_the_form(study: Path) -> None:
    async with studio((120, 50)) as (app, pilot):
        pane = await opened_study(app, pilot, study)
        first = str(pane.render())
        assert "from 90% in the baseline (power 0.8)" in first
        assert "█" in first
        assert ".8┤" in first
        screen = app.screen
        assert isinstance(screen, StudyScreen)
        assert screen.document is not None
        screen.document.set(("trials",), {"per_arm": 200})
        await screen._changed()
        await until(pilot, lambda: str(pane.render()) not in {first, ""} and not pane.has_class("-stale"))
        smaller, greater = (int(text.split("fall of ")[1].split()[0]) for text in (str(pane.render()), first))
        assert smaller < greater
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query(Input).first().value = ".6"
        await pilot.press("enter")
        await until(pilot, lambda: "from 60% in the baseline" in str(pane.render()))


async def test_designs_are_told_by_what_they_ask_and_the_pilots_advice_stands_below(piloted: Path) -> None:
    async with studio((160, 50)) as (app, pilot):
        pane = await opened_study(app, pilot, piloted)
        await until(pilot, lambda: "Its pilot advises" in str(pane.render()))
        await until(pilot, lambda: "is it" in painted(app))  # Remove one detail at a time: is it necessary here?
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await until(pilot, lambda: "all on" in painted(app))


async def test_looks_and_stopping_are_on_the_board(looked_at: Path) -> None:
    async with studio() as (app, pilot):
        app.open_board(looked_at)
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        panel = app.screen.query_one(LooksPanel)
        await until(pilot, lambda: panel.taken is not None)
        told = str(panel.query_one(Static).render())
        assert "Every comparison has come to its end." in told
        assert "leverage" in told
        assert " against " in told  # p at its look, and the boundary of that look
        assert any(f"look {number}: p " in told for number in (1, 2, 3))
        assert "O'Brien and Fleming" in told


async def test_between_looks_the_board_tells_what_the_next_one_needs_and_no_effect(begun: Path) -> None:
    async with studio((80, 24)) as (app, pilot):
        app.open_board(begun)
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        panel = app.screen.query_one(LooksPanel)
        await until(pilot, lambda: panel.taken is not None)
        told = str(panel.query_one(Static).render())
        assert "Look 1 of 3" in told
        assert "effect at p <=" in told
        assert "no look yet" in told
        assert "p 0" not in told


# Writing and bringing in. --------------------------------------------------------------------------------------------


async def opened_author(app: EmptyStudio, pilot: Pilot[None], directory: Path) -> AuthorScreen:
    app.open_author(directory)
    await until(pilot, lambda: isinstance(app.screen, AuthorScreen) and app.screen.report is not None)
    screen = app.screen
    assert isinstance(screen, AuthorScreen)
    return screen


async def test_findings_stand_at_their_email_and_are_kept_by_a_reason(doubtful: Path) -> None:
    async with studio((80, 24)) as (app, pilot):
        screen = await opened_author(app, pilot, doubtful)
        row = next(row for row in screen.doubted(screen.shown.inbox) if row.findings)
        assert row.file == "emails/090-expenses.md"
        await until(pilot, lambda: "? 1 finding (ctrl+l)" in painted(app))
        await until(pilot, lambda: "Wilma Snook ?" in painted(app))
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen))
        await until(pilot, lambda: "Why it matters: colleagues who write at night are noticed" in painted(app))
        await until(pilot, lambda: "A way out:" in painted(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen and screen.asked.file == row.file)
        await until(pilot, lambda: screen.has_class("-editor") and "? line 1: Wilma Snook writes" in painted(app))
        await until(pilot, lambda: "?Dear all," in painted(app))  # in the margin of the text
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        assert app.screen.query(Button).first().disabled
        await pilot.press(*"no_sleep_in_March", "enter")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen) and "1 kept by a reason" in painted(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen and not screen.findings)
        assert "night-mail emails/090-expenses.md: no_sleep_in_March" in screen.texts["scenario.yaml"]
        await pilot.press("ctrl+z")
        await until(pilot, lambda: bool(screen.findings))


async def test_findings_follow_what_is_typed(doubtful: Path) -> None:
    async with studio() as (app, pilot):
        screen = await opened_author(app, pilot, doubtful)
        file = screen.findings[0].place.file
        screen.change((file, screen.texts[file].replace("T03:54", "T09:54")), "send it by day")
        await until(pilot, lambda: not screen.findings)
        await until(pilot, lambda: "finding" not in painted(app))


async def test_variants_are_proposed_and_realism_is_asked_from_the_author_screen(
    doubtful: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with studio() as (app, pilot):
        screen = await opened_author(app, pilot, doubtful)
        names = {command.title for command in screen.palette_commands()}
        assert {"author: Findings", "author: Propose variants", "author: Realism"} <= names
        screen.action_realism()
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CommandScreen) and app.screen.has_class("-done"))
        assert not app.screen.has_class("-failed")
        assert "%" in said(app, "#said")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        screen.action_vary()
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CommandScreen) and app.screen.has_class("-done"))
        assert "REVIEW.md" in said(app, "#said")
        assert (tmp_path / "quarry-proposals" / "REVIEW.md").is_file()


async def test_import_wizards_stand_in_the_library() -> None:
    app = StudioApp()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        await pilot.press("escape", "i")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        offered = app.screen.query_one(OptionList)
        told = "\n".join(str(offered.get_option_at_index(n).prompt) for n in range(offered.option_count))
        assert all(word in told.casefold() for word in ("suite", "transcripts", "inspect", "prompt", "mail"))
