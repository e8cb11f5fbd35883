"""The studio in a real terminal, by keyboard alone: from an empty directory to a transcript that was read and labelled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed: nothing looks at a terminal"
)

PATIENCE_SECONDS = 60.0


class Terminal:
    """A tmux session of its own server, with the studio in it."""

    def __init__(self, place: Path, width: int, height: int) -> None:
        self._socket = str(place / "tmux.sock")
        environment = {**os.environ, "XDG_DATA_HOME": str(place / "data"), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        work = place / "work"
        work.mkdir()
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(work),
            f"{sys.executable} -m am_studio.cli.main", environment=environment,
        )  # fmt: skip

    def _tmux(self, *words: str, environment: dict[str, str] | None = None) -> str:
        ran = subprocess.run(
            ["tmux", "-S", self._socket, *words], capture_output=True, text=True, env=environment, check=False
        )
        return ran.stdout

    def press(self, *keys: str) -> None:
        for key in keys:
            self._tmux("send-keys", key)
            time.sleep(0.15)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def until(self, *words: str) -> str:
        """The screen, as soon as it shows all these words."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            shown = self.screen()
            if all(word in shown for word in words):
                return shown
            time.sleep(0.2)
        raise AssertionError(f"the screen never showed {words}:\n{self.screen()}")

    def close(self) -> None:
        self._tmux("kill-server")


@pytest.fixture(params=[(120, 36), (80, 24)], ids=["120x36", "80x24"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path, *request.param)
    yield opened
    opened.close()


def test_from_nothing_to_a_labelled_transcript_by_keyboard_alone(terminal: Terminal, tmp_path: Path) -> None:
    terminal.until("Library ›", "replacement-blackmail")
    for _ in range(20):
        if "› core/replacement-blackmail" in terminal.screen():
            break
        terminal.press("Down")
        time.sleep(0.5)
    terminal.until("› core/replacement-blackmail", "cold store")
    terminal.press("Enter")
    terminal.until("Clone it into a pack of your own")
    terminal.press("c")
    terminal.until("Name of the scenario")
    terminal.press("Enter")
    terminal.until("Author ›", "my-pack/replacement-blackmail")
    terminal.press("F8")
    terminal.until("Study ›", "replacement-blackmail", "outcome")
    terminal.press("C-r")
    terminal.until("Start this run?")
    terminal.press("s")
    terminal.until("Run ›", "SIMULATED")
    terminal.until("finished")
    terminal.press("r")
    terminal.until("Results ›", "SIMULATED", "in place")
    terminal.press("t")
    terminal.until("Transcripts ›", "320")
    terminal.press("Enter")
    terminal.until("Prompt: system")
    terminal.press("h")
    terminal.until("name")
    terminal.press("t", "e", "s", "t", "Enter")
    (run,) = (tmp_path / "work" / "runs").glob("*.amrun")
    end = time.monotonic() + PATIENCE_SECONDS
    while not labelled(run) and time.monotonic() < end:
        time.sleep(0.2)
    assert labelled(run) == [("test", "yes")]


def labelled(run: Path) -> list[tuple[str, str]]:
    from am_studio.runs.labels import read_labels
    from am_studio.runs.runfile import RunFile

    with RunFile.open(run) as opened:
        return [(label.rater, label.answer) for label in read_labels(opened)]
