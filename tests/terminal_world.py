"""Real studios in real terminals: one tmux server, a window a program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE_SECONDS = 90.0
needs_tmux = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed: nothing looks at a terminal"
)
STUDIO = (sys.executable, "-m", "am_studio.cli.main")
ON_A_STUDY = """
import sys, pathlib
from am_studio.tui.app import StudioApp
class OnAStudy(StudioApp):
    def on_mount(self):
        self.open_study(pathlib.Path(sys.argv[1]))
OnAStudy().run()
"""


def until(holds: Callable[[], object], told: Callable[[], str] = str) -> None:
    """Wait until it holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, f"it did not come to that:\n{told()}"
        time.sleep(0.1)


class Terminals:
    """A tmux server of its own; every program in it works in the same directory."""

    def __init__(self, place: Path, work: Path) -> None:
        self._socket, self._work = str(place / "tmux.sock"), work
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}},
            "XDG_DATA_HOME": str(place / "data"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }

    def tmux(self, *words: str) -> str:
        ran = subprocess.run(
            ["tmux", "-S", self._socket, *words], capture_output=True, text=True, env=self._environment, check=False
        )
        return ran.stdout

    def open(self, name: str, *command: str, width: int = 110, height: int = 36) -> Window:
        """Start a program in a terminal of its own."""
        size = ("-x", str(width), "-y", str(height))
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", name, *size, "-c", str(self._work), *command)
        return Window(self, name)

    def close(self) -> None:
        self.tmux("kill-server")


class Window:
    """One of the terminals."""

    def __init__(self, terminals: Terminals, name: str) -> None:
        self._terminals, self.name = terminals, name

    def press(self, *keys: str) -> None:
        """Keys by tmux's names."""
        for key in keys:
            self._terminals.tmux("send-keys", "-t", self.name, key)
            time.sleep(0.15)

    def write(self, text: str) -> None:
        """Text as it is."""
        self._terminals.tmux("send-keys", "-t", self.name, "-l", text)

    @property
    def shown(self) -> str:
        return self._terminals.tmux("capture-pane", "-p", "-t", self.name)

    def sees(self, *words: str) -> str:
        """What is shown, as soon as all these words are in it."""
        until(lambda: all(word in self.shown for word in words), lambda: f"{self.name}: {words}\n{self.shown}")
        return self.shown

    def sees_no(self, words: str) -> None:
        """Wait until these words are gone."""
        until(lambda: words not in self.shown, lambda: f"{self.name}: still {words}\n{self.shown}")
