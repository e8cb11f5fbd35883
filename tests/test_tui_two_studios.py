"""Two studios on one scenario, one study and one run: nothing is overwritten unseen, and what one does the other follows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from am_studio.runs.labels import read_labels
from am_studio.runs.runfile import RunFile
from conftest import WritePack
from run_world import study_at
from terminal_world import ON_A_STUDY, STUDIO, Terminals, Window, needs_tmux, until

pytestmark = needs_tmux


@pytest.fixture
def terminals(small_pack: WritePack, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminals]:
    small_pack()
    opened = Terminals(tmp_path_factory.mktemp("t"), tmp_path)
    yield opened
    opened.close()


def typing_in_the_news(window: Window, words: str) -> None:
    """Open the author on the small scenario and type at the start of the news."""
    window.sees("› my-pack/small", "The small one")
    window.press("Enter")
    window.sees("1 Inbox", "News at once", " Add")  # the footer: the inbox has the keys
    window.press("End", "Enter")
    window.sees("Hello,")
    window.sees_no(" Add")
    window.write(words)
    window.sees(words.strip(), "● unsaved: 1 file")


def test_who_saves_second_sees_both_texts_and_chooses(terminals: Terminals, tmp_path: Path) -> None:
    news = tmp_path / "my-pack" / "small" / "emails" / "010-news.md"
    ada, bo = terminals.open("ada", *STUDIO), terminals.open("bo", *STUDIO)
    typing_in_the_news(ada, "Ada says. ")
    typing_in_the_news(bo, "Bo says. ")
    ada.press("C-s")
    until(lambda: "Ada says." in news.read_text())
    ada.sees_no("● unsaved")
    bo.sees("▲ changed on disk: 1 file", "Bo says.")
    bo.press("C-s")
    bo.sees("Changed on disk since it was loaded", "emails/010-news.md")
    assert "Ada says." in news.read_text(), "asked first"
    bo.press("l")
    bo.sees("- on disk", "-Ada says. Hello,", "+Bo says. Hello,")
    bo.press("Escape", "m")
    bo.sees("● unsaved: 1 file")
    assert "Ada says." in news.read_text(), "kept in the editor, not written yet"
    bo.press("C-s")
    until(lambda: "Bo says." in news.read_text())
    # The first one has nothing unsaved, and is told all the same; what is on disk is taken, and can be undone.
    ada.sees("▲ changed on disk: 1 file", "Ada says.")
    ada.press("C-s")
    ada.sees("Changed on disk since it was loaded")
    ada.press("t")
    ada.sees("Bo says. Hello,")
    ada.sees_no("changed on disk")
    ada.press("C-z")
    ada.sees("Ada says. Hello,", "● unsaved: 1 file")
    assert "Bo says." in news.read_text()


def test_a_study_and_its_run_are_shared_by_two_studios(terminals: Terminals, tmp_path: Path) -> None:
    study = Path(study_at(tmp_path / "my-pack" / "small", trials="{per_arm: 2500}").source)
    ada, bo = (terminals.open(name, sys.executable, "-c", ON_A_STUDY, str(study)) for name in ("ada", "bo"))
    for window, name in ((ada, "ada"), (bo, "bo")):
        window.sees("8,536 trials", "Lower case, digits, hyphens.")
        window.press("Down")
        window.sees_no("Lower case, digits, hyphens.")
        window.write(name)
        window.sees(f"title: {name}", "unsaved")
    ada.press("C-s")
    until(lambda: "title: ada" in study.read_text(), lambda: ada.shown)
    bo.sees("changed on disk")
    bo.press("C-s")
    bo.sees("was changed by somebody else")
    assert "title: ada" in study.read_text()
    bo.press("c")
    bo.sees("-title: ada", "+title: bo")
    bo.press("Escape")
    bo.sees("was changed by somebody else")
    bo.press("t")
    bo.sees("title: ada")
    bo.sees_no("unsaved")

    ada.press("C-r")
    ada.sees("Start this run?")
    ada.press("s")
    ada.sees("▶ session 1 began")
    ada.press("p")
    ada.sees("Resume", "session 1 ended")
    bo.press("Escape", "Escape")
    bo.sees("Library", "small-study")
    bo.press("r")
    bo.sees("Compare")
    bo.press("Enter")
    bo.sees("Run ›", "session 1 ended")
    ada.press("c")
    bo.sees("session 2 began")
    (run,) = (tmp_path / "runs").glob("*.amrun")
    watched = subprocess.run([*STUDIO, "watch", str(run)], capture_output=True, text=True, timeout=90, check=False)
    assert "finished" in watched.stdout + watched.stderr
    for window in (ada, bo):
        window.sees("finished")
        window.press("t")
        window.sees("Transcripts ›", "Trial 0")
    for window, name, key in ((ada, "ada", "h"), (bo, "bo", "o")):
        window.press(key)
        window.sees("Who is labelling?")
        window.press("C-u")
        window.write(name)
        window.press("Enter")
        window.sees_no("Who is labelling?")

    def labels() -> set[tuple[int, str, str]]:
        with RunFile.open(run) as file:
            return {(label.trial, label.rater, label.answer) for label in read_labels(file)}

    until(lambda: len(labels()) == 2, lambda: str(labels()))
    assert labels() == {(0, "ada", "yes"), (0, "bo", "no")}
