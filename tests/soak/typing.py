"""Somebody types in the studio and it is killed: how much is lost? `python -m tests.soak.typing [TIMES]`; fails by exit code.

A real terminal (tmux) with the studio in it; a letter every twentieth of a second into an email; kill -9 at a random moment,
time after time. What the drafts hold is compared with what had been typed two seconds before the kill.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from am_studio.scenarios.starting import start_pack
from am_studio.tui.drafts import AUTOSAVE_SECONDS, left_behind

TIMES = 20
SLACK_SECONDS = 0.75
"""For a letter to get from tmux into the studio, and for a draft to be written, on a busy machine."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def lost_by_a_kill(place: Path, rng: random.Random) -> tuple[float, int]:
    """(seconds of typing that were lost, letters typed) of one studio that is killed."""
    work, sock = place / "work", str(place / "tmux.sock")
    work.mkdir(parents=True)
    os.environ["XDG_STATE_HOME"] = str(place / "state")
    start_pack(work / "my-pack", "core/replacement-blackmail", "cold-store")
    environment = {**os.environ, "XDG_DATA_HOME": str(place / "data"), "TERM": "xterm-256color", "LANG": "C.UTF-8"}

    def tmux(*words: str) -> str:
        command = ["tmux", "-S", sock, *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False).stdout

    def until(word: str, nudge: str = "") -> None:
        """Wait for a word on the screen; a key that may have come too early is pressed again every three seconds."""
        end, again = time.monotonic() + 120, time.monotonic()
        while word not in tmux("capture-pane", "-p"):
            if time.monotonic() > end:
                raise SystemExit(f"the screen never showed {word!r}:\n{tmux('capture-pane', '-p')}")
            if nudge and time.monotonic() >= again:
                tmux("send-keys", nudge)
                again = time.monotonic() + 3
            time.sleep(0.1)

    studio = f"{sys.executable} -m am_studio.cli.main"
    tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "36", "-c", str(work), studio)
    try:
        until("› my-pack/cold-store")  # the cursor of the tree is on the author's own scenario
        until("› Author ›", nudge="Enter")
        until("● unsaved", nudge="2")  # goes to the text; there it is a letter like any other
        typed: list[float] = []
        end = time.monotonic() + rng.uniform(3, 7)
        while time.monotonic() < end:
            tmux("send-keys", LETTERS[len(typed) % len(LETTERS)])
            typed.append(time.monotonic())
            time.sleep(0.05)
        killed = time.monotonic()
        pid = int(tmux("list-panes", "-F", "#{pane_pid}"))
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists():  # it holds its drafts until the kernel is done with it
            time.sleep(0.05)
    finally:
        tmux("kill-server")
    kept = _letters_kept()
    first_lost = typed[kept] if kept < len(typed) else killed
    return killed - first_lost, len(typed)


def _letters_kept() -> int:
    """How many of the letters that were typed the drafts hold, in their order."""
    most = 0
    for left in left_behind():
        for draft in left.drafts:
            for text in draft.texts.values():
                most = max([most, *(_in_order(run) for run in re.findall("[a-z]+", text or ""))])
    return most


def _in_order(run: str) -> int:
    """The length of the longest beginning of the alphabet, over and over, in which a run of letters ends."""
    for start in range(len(run)):
        if all(letter == LETTERS[index % len(LETTERS)] for index, letter in enumerate(run[start:])):
            return len(run) - start
    return 0


def main() -> int:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    rng = random.Random(1)
    worst = 0.0
    for number in range(times):
        with tempfile.TemporaryDirectory() as place:
            lost, letters = lost_by_a_kill(Path(place), rng)
        worst = max(worst, lost)
        print(f"kill {number + 1:>2}: {letters} letters typed, the last {lost:.2f} s of them lost", flush=True)
    allowed = AUTOSAVE_SECONDS + SLACK_SECONDS
    print(f"worst {worst:.2f} s   [at most {AUTOSAVE_SECONDS:g} s between drafts, {SLACK_SECONDS} s for the terminal]")
    return 0 if worst <= allowed else 1


if __name__ == "__main__":
    if shutil.which("tmux") is None:
        raise SystemExit("tmux is not installed")
    sys.exit(main())
