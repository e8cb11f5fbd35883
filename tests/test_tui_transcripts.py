"""A reader opens the trials behind a number, reads, searches, compares and labels them by keyboard alone."""

from __future__ import annotations

import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static

from am_studio.records import ModelFailure
from am_studio.runs.browse import Wanted, about, find_trials
from am_studio.runs.label_samples import label_sample
from am_studio.runs.labels import label_history, read_labels, set_label
from am_studio.runs.runfile import RunFile
from am_studio.runs.trial_view import open_trial
from am_studio.tui.app import StudioApp
from am_studio.tui.help import HelpScreen
from am_studio.tui.transcripts import reading as jobs
from am_studio.tui.transcripts.pane import TranscriptPane
from am_studio.tui.transcripts.screen import TranscriptsScreen
from am_studio.tui.transcripts.trial_list import TrialList
from am_studio.tui.widgets import AskScreen
from run_world import Subject, new_run, reply, sometimes_threatens, study_at, work
from tests.studio_world import EmptyStudio, until

pytestmark = pytest.mark.asyncio

HOSTILE = (
    "[/think] [@click=app.quit]press[/] \x1b[2J\x1b]8;;http://x\x07link\u202e [bold\n"
    "<tool_use:send_email>\nto: ines@tarn-optics.example\nsubject: [red]hello[/red]\nbody: a [link=x]b\n</tool_use:send_email>"
)


def script(request, number):
    if number == 0:
        return ModelFailure("server", "The provider fell over.")
    if number == 1:
        return reply(HOSTILE, reasoning="[/] quiet")
    return sometimes_threatens(request, number)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import textwrap

    from conftest import SMALL_FILES

    directory = tmp_path_factory.mktemp("run") / "my-pack" / "small"
    (directory / "emails").mkdir(parents=True)
    (directory.parent / "pack.yaml").write_text(
        "format: 1\nname: my-pack\nversion: 1.0.0\ntitle: M\nauthors: [Me]\nlicense: CC-BY-4.0\ncontent_notice: F.\n"
    )
    for name, text in SMALL_FILES.items():
        (directory / name).write_text(textwrap.dedent(text).lstrip("\n"))
    path = directory.parent.parent / "the.amrun"
    work(new_run(study_at(directory), path), Subject(script), tries=1, simulated_concurrency=1)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "the.amrun"))


def trials(path: Path, **wanted: Any) -> tuple[int, ...]:
    with RunFile.open(path) as run:
        return find_trials(run, Wanted(**wanted))


class Reader:
    """The studio with the transcripts in front, as somebody sees it."""

    def __init__(self, app: StudioApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> TranscriptsScreen:
        (found,) = (screen for screen in self.app.screen_stack if isinstance(screen, TranscriptsScreen))
        return found

    @property
    def list(self) -> TrialList:
        return self.screen.query_one(TrialList)

    @property
    def pane(self) -> TranscriptPane:
        return self.screen.query_one("#pane", TranscriptPane)

    def line(self, name: str) -> str:
        return str(self.screen.query_one(f"#{name}", Static).render())

    def rows(self, widget: TrialList | TranscriptPane) -> list[str]:
        """The lines on the screen."""
        return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]

    def text(self) -> str:
        return "\n".join(row.text for row in self.pane._rows)

    async def until(self, holds: Callable[[], bool]) -> None:
        await until(self.pilot, holds)

    async def shows(self, trial: int) -> None:
        """Wait until this trial is the one to be read."""
        await self.until(
            lambda: self.line("main-which").startswith(f"Trial {trial} ") and self.screen._current is not None
        )

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*({" ": "space"}.get(letter, letter) for letter in text))


@asynccontextmanager
async def reading(path: Path, *, size: tuple[int, int] = (120, 36), **options: Any) -> AsyncIterator[Reader]:
    app = EmptyStudio()
    async with app.run_test(size=size) as pilot:
        app.open_transcripts(path, **options)
        reader = Reader(app, pilot)
        await reader.until(lambda: isinstance(app.screen, TranscriptsScreen) and app.screen.is_mounted)
        await reader.until(lambda: reader.screen._state.about is not None)
        if reader.list.current is not None:
            await reader.shows(options.get("trial") or reader.list.current)
        yield reader


async def named(reader: Reader, name: str = "Noor") -> None:
    """Say who labels, when it is asked."""
    await reader.until(lambda: isinstance(reader.app.screen, AskScreen))
    asked = reader.app.screen
    asked.query_one(Input).value = name
    await reader.press("enter")
    await reader.until(lambda: reader.app.screen is not asked)


# Reading ---------------------------------------------------------------------------------------------------------------


async def test_the_trials_behind_a_number_are_listed_and_the_first_is_open(path: Path) -> None:
    yes = trials(path, answer="yes", arm="baseline")
    async with reading(path, arm="baseline", model="sim/strategist", answer="yes") as reader:
        assert reader.screen._state.ids == yes
        assert f"{len(yes)} of 44 trials" in reader.line("status")
        assert reader.line("main-judged") == "▲ coercion: yes, says rules/2"
        assert "SIMULATED" in str(reader.screen.query_one("TitleBar", Static).render())
        assert "▌a        Stop it, or else." in reader.text() or "Stop it, or else." in reader.text()
        await reader.until(lambda: "▲" in reader.rows(reader.list)[0])
        assert str(yes[0]) in reader.rows(reader.list)[0]


async def test_next_and_previous_go_through_the_filtered_trials(path: Path) -> None:
    yes = trials(path, answer="yes")
    async with reading(path, answer="yes") as reader:
        await reader.press("n")
        await reader.shows(yes[1])
        await reader.press("n", "n", "p")
        await reader.shows(yes[2])
        await reader.press("end")
        await reader.shows(yes[-1])
        await reader.press("n")
        await reader.shows(yes[-1])


async def test_evidence_has_a_bar_in_the_margin_and_the_next_mark_is_a_key_away(path: Path) -> None:
    async with reading(path, answer="yes", size=(120, 24)) as reader:
        await reader.press("enter", "e")
        bars = [row for row in reader.rows(reader.pane) if row.startswith("▌a")]
        assert any("send_email  ✓ done" in row for row in bars)
        assert any("Stop it, or else." in row for row in bars)
        underlined = [
            segment.text
            for y in range(reader.pane.size.height)
            for segment in reader.pane.render_line(y)
            if segment.style and segment.style.underline
        ]
        assert "Stop it, or else." in underlined


async def test_parts_fold_and_stay_folded_from_trial_to_trial(path: Path) -> None:
    yes = trials(path, answer="yes")
    async with reading(path, answer="yes") as reader:
        assert "▸ Prompt: system" in reader.text()
        assert "Wren of Tarn Optics" not in reader.text()
        await reader.press("enter", "left_square_bracket", "left_square_bracket", "left_square_bracket", "enter")
        assert "▾ Prompt: system" in reader.text()
        assert "You are Wren of Tarn Optics" in reader.text()
        await reader.press("n")
        await reader.shows(yes[1])
        assert "You are Wren of Tarn Optics" in reader.text()
        await reader.press("z")
        assert "▸ Actions" in reader.text()
        assert "Stop it" not in reader.text()
        await reader.press("z")
        assert "▾ As it came" in reader.text()
        click = next(y for y, row in enumerate(reader.rows(reader.pane)) if "▾ Prompt: system" in row)
        await reader.pilot.click("#pane", offset=(12, click))
        assert "▸ Prompt: system" in reader.text()


async def test_the_current_part_is_copied_as_it_came(path: Path) -> None:
    async with reading(path, answer="yes") as reader:
        await reader.press("enter", "right_square_bracket", "y")
        await reader.until(lambda: reader.app.clipboard != "")
        assert reader.app.clipboard.startswith("<tool_use:send_email>")


async def test_text_is_selected_with_the_mouse_as_it_is_shown(path: Path) -> None:
    async with reading(path, answer="yes") as reader:
        rows = reader.rows(reader.pane)
        first = next(y for y, row in enumerate(rows) if "subject: You" in row)
        await reader.pilot.mouse_down("#pane", offset=(5, first))
        await reader.pilot.hover("#pane", offset=(15, first + 2))
        await reader.pilot.mouse_up("#pane", offset=(15, first + 2))
        chosen = reader.screen.get_selected_text() or ""
        assert chosen.rstrip() == "subject: You\nbody: Stop it, or else."
        assert reader.rows(reader.pane) == rows, "nothing folds under the mouse"


async def test_a_failed_trial_says_why_and_cannot_be_labelled(path: Path) -> None:
    async with reading(path, trial=0) as reader:
        assert reader.line("main-judged") == "✗ failed: no conversation to judge"
        assert "server: The provider fell over." in reader.text()
        await reader.until(lambda: "✗" in reader.rows(reader.list)[0])
        await reader.press("h")
        assert isinstance(reader.app.screen, TranscriptsScreen)
    with RunFile.open(path) as run:
        assert read_labels(run) == ()


async def test_strangers_words_are_literal(path: Path) -> None:
    async with reading(path, trial=1) as reader:
        text = reader.text()
        assert "[/think] [@click=app.quit]press[/]" in text
        assert "subject: [red]hello[/red]" in text
        assert "\x1b" not in "".join(reader.rows(reader.pane))
        await reader.press("y")
        assert reader.app.is_running


# Choosing --------------------------------------------------------------------------------------------------------------


async def test_the_filter_is_chosen_by_keys_and_cleared_by_one(path: Path) -> None:
    failed, without = trials(path, ended="failed"), trials(path, arm="without-threat")
    async with reading(path) as reader:
        assert len(reader.screen._state.ids) == 44
        await reader.press("f")
        await reader.until(lambda: isinstance(reader.app.focused, Select))
        reader.screen.query_one("#arm", Select).value = "without-threat"
        await reader.until(lambda: reader.screen._state.ids == without)
        await reader.press("escape")
        await reader.press("backspace")
        await reader.until(lambda: len(reader.screen._state.ids) == 44)
        reader.screen.query_one("#ended", Select).value = "failed"
        await reader.until(lambda: reader.screen._state.ids == failed)
        reader.screen.query_one("#answer", Select).value = "unclear"
        await reader.until(lambda: reader.screen._state.ids == ())
        assert "Backspace" in reader.line("nothing")
        assert reader.screen.query_one("#nothing").display


async def test_words_are_searched_for_in_every_reply(path: Path) -> None:
    yes = trials(path, answer="yes")
    async with reading(path) as reader:
        await reader.press("slash")
        await reader.until(lambda: isinstance(reader.app.focused, Input))
        await reader.type("STOP it, or")
        await reader.press("enter")
        await reader.until(lambda: reader.screen._state.ids == yes and not reader.screen._state.searching)
        await reader.shows(yes[0])
        await reader.until(lambda: "Stop it, or" in reader.rows(reader.list)[0])
        found = [
            segment.text
            for y in range(reader.pane.size.height)
            for segment in reader.pane.render_line(y)
            if segment.style and segment.style.reverse
        ]
        assert "Stop it, or" in found
        await reader.press("slash")
        await reader.until(lambda: isinstance(reader.app.focused, Input))
        reader.screen.query_one("#needle", Input).value = "no such words"
        await reader.press("enter")
        await reader.until(lambda: reader.screen._state.step is not None and not reader.screen._state.searching)
        assert reader.screen._state.ids == ()
        await reader.press("backspace")
        await reader.until(lambda: len(reader.screen._state.ids) == 44)
        assert reader.screen.query_one("#needle", Input).value == ""


async def test_two_trials_stand_side_by_side(path: Path) -> None:
    yes = trials(path, answer="yes")
    async with reading(path, answer="yes", size=(200, 60)) as reader:
        assert not reader.screen.query_one("#beside").display
        await reader.press("2", "n")
        await reader.shows(yes[1])
        await reader.until(lambda: reader.line("beside-which").startswith(f"Trial {yes[0]} "))
        assert reader.screen.query_one("#beside").display
        beside = reader.screen.query_one("#pane2", TranscriptPane)
        assert any("Stop it" in row for row in reader.rows(beside))
        await reader.press("z")
        assert all("Stop it" not in row for row in reader.rows(beside)), "parts fold in both"
        await reader.press("p")
        await reader.shows(yes[0])
        await reader.press("2")
        assert not reader.screen.query_one("#beside").display


# Labelling -------------------------------------------------------------------------------------------------------------


async def test_labels_are_single_keys_kept_in_the_run(path: Path) -> None:
    yes = trials(path, answer="yes")
    async with reading(path, answer="yes") as reader:
        await reader.press("h")
        await named(reader)
        await reader.until(lambda: "label: yes, Noor" in reader.line("main-labelled"))
        await reader.press("n")
        await reader.shows(yes[1])
        await reader.press("o")
        await reader.until(lambda: "label: no ≠ judge, Noor" in reader.line("main-labelled"))
        assert "2 labelled by Noor for coercion" in reader.line("status")
        assert "▲h" in reader.rows(reader.list)[0]
        assert "▲o" in reader.rows(reader.list)[1]
        await reader.press("u", "h", "u")
        await reader.until(lambda: "label: unclear" in reader.line("main-labelled"))
        await reader.press("p")
        await reader.shows(yes[0])
        await reader.press("x")
        await reader.until(lambda: "no label" in reader.line("main-labelled"))
        await reader.press("x")
    with RunFile.open(path) as run:
        assert [(label.trial, label.answer) for label in read_labels(run, rater="Noor")] == [(yes[1], "unclear")]
        assert [change.answer for change in label_history(run, trial=yes[0])] == ["yes", None]
        assert label_history(run, trial=yes[1])[-1].answer == "unclear", "the last key counts"


async def test_a_note_belongs_to_a_label(path: Path) -> None:
    yes = trials(path, answer="yes")
    async with reading(path, answer="yes") as reader:
        await reader.press("a")
        await named(reader)
        await reader.until(lambda: isinstance(reader.app.screen, AskScreen))
        note, answer = reader.app.screen.query(Input)
        note.value, answer.value = "quotes [i]policy[/i]", "maybe"
        await reader.press("enter")
        assert isinstance(reader.app.screen, AskScreen), "an answer is needed"
        answer.value = "no"
        await reader.press("enter")
        await reader.until(lambda: "“quotes [i]policy[/i]”" in reader.line("main-labelled"))
        await reader.press("u")
        await reader.until(lambda: "label: unclear" in reader.line("main-labelled"))
        assert "policy" in reader.line("main-labelled"), "the note stays when the answer changes"
    with RunFile.open(path) as run:
        (label,) = read_labels(run)
        assert (label.trial, label.answer, label.note) == (yes[0], "unclear", "quotes [i]policy[/i]")


async def test_a_key_never_labels_a_trial_that_is_not_shown_yet(path: Path) -> None:
    yes = trials(path, answer="yes")
    set_label(path, yes[0], "coercion", "Noor", "unclear")
    async with reading(path, answer="yes") as reader:
        reader.screen._state = reader.screen._state.__class__(
            **{
                **{name: getattr(reader.screen._state, name) for name in reader.screen._state.__slots__},
                "rater": "Noor",
            }
        )
        reader.list.action_move(1)
        reader.screen._moved(TrialList.Moved(yes[1]))
        assert reader.screen.check_action("label", ("yes",)) is None
        await reader.press("h")
        await reader.shows(yes[1])
        await reader.pilot.pause(0.2)
    with RunFile.open(path) as run:
        labelled = {label.trial: label.answer for label in read_labels(run)}
    assert labelled[yes[0]] == "unclear"


async def test_another_raters_labels_are_shown_until_one_says_who_one_is(path: Path) -> None:
    yes = trials(path, answer="yes")
    set_label(path, yes[0], "coercion", "Ilse", "no", note="irony")
    async with reading(path, answer="yes", trial=yes[0]) as reader:
        assert "label: no ≠ judge, Ilse, “irony”" in reader.line("main-labelled")
        await reader.press("x")
        await reader.press("h")
        await named(reader, "Noor")
        await reader.until(lambda: "label: yes, Noor" in reader.line("main-labelled"))
        assert "Ilse" in reader.text(), "everybody's labels are among the parts"
    with RunFile.open(path) as run:
        assert {label.rater: label.answer for label in read_labels(run)} == {"Ilse": "no", "Noor": "yes"}


async def test_a_run_that_takes_no_labels_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with reading(path, answer="yes") as reader:
        monkeypatch.setattr(
            "am_studio.runs.labels.connect",
            lambda path, flags: apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY),
        )
        await reader.press("h")
        await named(reader)
        await reader.until(lambda: bool(reader.app._notifications))
        (told,) = reader.app._notifications
        assert "takes no labels" in told.title
        assert "no label" in reader.line("main-labelled")


# Many threads ----------------------------------------------------------------------------------------------------------


async def test_trials_read_while_a_search_goes_on_have_their_own_words(path: Path) -> None:
    ids = trials(path, ended="done")
    with RunFile.open(path) as run:
        there, whole = about(run), {trial: open_trial(run, trial) for trial in ids}
    wrong: list[object] = []

    def search() -> None:
        for _ in range(12):
            job = partial(jobs.find, path, Wanted(), "or else", "", None)
            steps = [message for message in job() if not isinstance(message, jobs.Found)]
            wrong.extend(step for step in steps if not isinstance(step, jobs.Searched) or step.step.damaged)

    def read() -> None:
        for trial in ids:
            for message in jobs.opened(path, trial, there, None, False):
                if not isinstance(message, jobs.Opened) or message.view != whole[trial]:
                    wrong.append(message)

    threads = [threading.Thread(target=work) for work in (search, read, search, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# Everywhere ------------------------------------------------------------------------------------------------------------


async def test_in_eighty_columns_one_key_goes_from_list_to_text_and_back(path: Path) -> None:
    async with reading(path, size=(80, 24), answer="yes") as reader:
        listing, texts = reader.screen.query_one("#listing"), reader.screen.query_one("#texts")
        assert listing.display
        assert not texts.display
        await reader.press("v")
        await reader.until(lambda: texts.display and not listing.display)
        assert any("Actions" in row for row in reader.rows(reader.pane))
        await reader.press("escape")
        await reader.until(lambda: listing.display and not texts.display)
        assert not reader.screen.query_one("#filters").display
        await reader.press("f")
        await reader.until(lambda: bool(reader.screen.query_one("#filters").display))
        await reader.press("escape")
        await reader.until(lambda: not reader.screen.query_one("#filters").display)
        await reader.press("escape")
        await reader.until(lambda: not isinstance(reader.app.screen, TranscriptsScreen))


async def test_a_running_study_is_read_again_on_a_key(path: Path) -> None:
    async with reading(path) as reader:
        vandal = apsw.Connection(str(path))
        vandal.set_busy_timeout(30_000)
        vandal.execute("UPDATE trial SET state = 0 WHERE id = 43")
        vandal.close()
        await reader.press("n", "r")
        await reader.until(lambda: len(reader.screen._state.ids) == 43)
        await reader.shows(1)


async def test_a_trial_that_cannot_be_read_says_so_and_the_others_can(path: Path) -> None:
    async with reading(path, arm="baseline") as reader:
        vandal = apsw.Connection(str(path))
        vandal.execute("DELETE FROM trial WHERE id = ?", (reader.screen._state.ids[-1],))
        vandal.close()
        await reader.press("end")
        await reader.until(lambda: "cannot be read" in reader.text())
        assert reader.line("main-which") == ""
        await reader.press("h", "2", "p")
        await reader.shows(reader.screen._state.ids[-2])


async def test_a_file_that_is_no_run_says_so(tmp_path: Path) -> None:
    path = tmp_path / "no.amrun"
    path.write_text("nothing")
    app = EmptyStudio()
    async with app.run_test(size=(120, 36)) as pilot:
        app.open_transcripts(path)
        reader = Reader(app, pilot)
        await reader.until(lambda: isinstance(app.screen, TranscriptsScreen))
        await reader.until(lambda: "Escape goes back" in reader.line("nothing"))
        await reader.press("n", "h", "2", "y", "e", "z", "escape")
        await reader.until(lambda: not isinstance(app.screen, TranscriptsScreen))


async def test_the_palette_and_the_help_know_every_action(path: Path) -> None:
    async with reading(path, answer="yes") as reader:
        titles = [command.title for command in reader.screen.palette_commands()]
        assert len(titles) == len(set(titles))
        for command in reader.screen.palette_commands():
            name = command.action.partition("(")[0]
            assert hasattr(reader.screen, f"action_{name}"), name
        await reader.press("f1")
        await reader.until(lambda: isinstance(reader.app.screen, HelpScreen))
        told = "\n".join(str(static.render()) for static in reader.app.screen.query(Static))
        for words in ("Label: the outcome happened", "The next trial that fits the filter", "Go to the transcript"):
            assert words in told
    for binding in (*TranscriptsScreen.BINDINGS, *TrialList.BINDINGS, *TranscriptPane.BINDINGS):
        assert binding.id
        assert binding.description
        assert binding.tooltip


# The labelling queue ---------------------------------------------------------------------------------------------------


async def test_the_drawn_sample_is_labelled_blind_one_trial_after_the_other(path: Path) -> None:
    set_label(path, 3, "coercion", "Ilse", "yes")
    async with reading(path) as reader:
        await reader.press("l")
        await reader.until(lambda: reader.screen._state.blind and bool(reader.screen._state.ids))
        with RunFile.open(path) as run:
            drawn = label_sample(run, "coercion")
        assert reader.screen._state.ids == tuple(sorted(drawn.chances))
        first, second = reader.screen._state.ids[:2]
        await reader.shows(first)
        assert reader.line("status") == f"queue: 0/{len(drawn.trials)} labelled for coercion"
        assert reader.line("main-which").endswith("blind")
        await reader.until(lambda: "to be labelled" in reader.rows(reader.list)[0])
        everything = "\n".join([*reader.rows(reader.list), reader.text(), *map(reader.line, ("main-judged", "status"))])
        for telling in ("baseline", "without-", "rules/2", "▲", "strategist", "Ilse", "Prompt"):
            assert telling not in everything
        await reader.press("o")
        await named(reader)
        await reader.shows(second)
        assert reader.line("status").startswith("queue: 1/")
        with RunFile.open(path) as run:
            assert [(label.trial, label.answer) for label in read_labels(run, rater="Noor")] == [(first, "no")]


async def test_evidence_is_marked_in_the_queue_only_when_it_is_asked_for(path: Path) -> None:
    async with reading(path) as reader:
        await reader.press("l")
        await reader.until(lambda: reader.screen._state.blind and bool(reader.screen._state.ids))
        harmful = next(trial for trial in trials(path, answer="yes") if trial in reader.screen._state.ids)
        reader.list.go_to(harmful)
        await reader.shows(harmful)

        def letters() -> set[str]:
            return {row.letters for row in reader.pane._rows} - {""}

        assert not letters()
        await reader.press("i")
        await reader.until(lambda: letters() == {"a"})
        assert "evidence marked" in reader.line("status")
        assert "rules/2" not in reader.text()
        await reader.press("n")
        await reader.until(lambda: not reader.screen._state.evidence)
        await reader.press("l")
        await reader.until(lambda: not reader.screen._state.blind and bool(reader.screen._state.ids))
        assert "44 trials" in reader.line("status")
