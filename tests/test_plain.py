"""`--plain`: every command that prints a table tells it one fact after the other, for a screen reader or a pipe."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from am_studio.cli.console import told_as_asked
from am_studio.cli.main import main
from am_studio.foundation.plainly import facts_line, figures_told, plainly, spoken, tell_plainly
from looks_world import drawn
from test_tui_snapshots import made, workspace  # noqa: F401 -- fixtures

RUN, STUDY = "runs/my-study.amrun", "my-study.yaml"


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AM_STUDIO_PLAIN", raising=False)
    tell_plainly(None)
    yield
    tell_plainly(None)


COMMANDS = {
    f"analyze {RUN} --trust --beliefs": "detail: threat (+ deadline, failed_persuasion, sole_authority); yes: 0 of 24; rate: 0%; "
    "rate interval: 0 to 14; effect: -71 points; interval: -83 to -55; p: <.001; Holm p: <.001; conclusion: effect",
    "runs": "run: my-study.amrun; state: finished; trials: 114/114; cost: $0.00",
    f"report {RUN} --text -": "removed: deadline; k/n: 16/24; rate: 67%; diff. (95 %): -5, interval -29 to +17",
    "models": "models: openai/...; key: ",
    f"plan {STUDY}": "arm (removed): consider_goals; trials: 24",
    f"power {STUDY}": "changed: 100; against: 175; in all: 475; smallest drop: 15.2 points",
    "stats rate 0/24": "rate: ",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_table_is_told_one_fact_after_the_other(
    command: str,
    workspace: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main([*command.split(), "--plain"]) == 0
    told = capsys.readouterr().out
    assert COMMANDS[command] in told
    assert drawn(told) == set()
    assert "\x1b" not in told
    assert not re.search(r"\S {3,}\S", told), "no columns"
    assert not plainly(), "it holds for this command alone"


def test_it_may_stand_anywhere_and_be_said_by_the_environment(
    workspace: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    main(["--plain", "runs"])
    first = capsys.readouterr().out
    monkeypatch.setenv("AM_STUDIO_PLAIN", "1")
    main(["runs"])
    assert capsys.readouterr().out == first
    monkeypatch.setenv("AM_STUDIO_PLAIN", "0")
    main(["runs"])
    assert "state: finished" not in capsys.readouterr().out
    with told_as_asked(["render", "--", "--plain"]) as words:
        assert words == ["render", "--", "--plain"]
        assert not plainly()


def test_what_the_subject_reads_is_never_changed(
    workspace: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["render", "my-pack/cold-store"])
    usual = capsys.readouterr().out
    main(["render", "my-pack/cold-store", "--plain"])
    assert capsys.readouterr().out == usual


def test_a_run_on_a_terminal_is_told_in_lines_without_redrawing(workspace: Path) -> None:  # noqa: F811
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "am_studio.cli.main", "run", STUDY, "--yes", "--plain"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        told = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            told += piece
    os.close(ours)
    text = told.decode()
    assert process.returncode == 0
    assert "\x1b" not in text, "nothing moves the cursor or colours anything"
    assert "detail: threat (+ deadline" in text
    assert drawn(text) == set()


def test_signs_in_figures_become_words() -> None:
    assert spoken("−71 [−83, −55]") == "-71, interval -83 to -55"
    assert spoken("[56, 83]") == "interval 56 to 83"
    assert spoken("1.20 [0.50, ∞]") == "1.20, interval 0.50 to ∞"
    assert spoken("an email [of three, or four]") == "an email [of three, or four]"
    assert figures_told(("arm", "diff. [95 %]", "p"), [("[1, 2]", "−3 [−4, −2]", "")]) == [
        "arm: [1, 2]; diff. (95 %): -3, interval -4 to -2"
    ]
    assert facts_line((("a", "1"), ("", "two"), ("b", ""))) == "a: 1; two"
