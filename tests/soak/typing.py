"""Somebody types in the studio and it is killed: how much is lost? `python -m tests.soak.typing [TIMES] [--busy N]`.

A real terminal (tmux) with the studio in it; a letter every twentieth of a second into the system prompt; kill -9 at a random
moment, time after time. Lost is what had been typed, seen or not, and is in no draft: the time from the first such letter to
the kill. Every letter counts, so that one missing in the middle loses all that follows it. `--busy` keeps so many processes
busy meanwhile. Fails by exit code when more than two seconds are lost once; nothing is allowed on top.
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
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from am_studio.scenarios.starting import start_pack
from am_studio.tui.drafts import AUTOSAVE_SECONDS, left_behind
from am_studio.tui.welcome.hints import every_hint
from am_studio.tui.welcome.seen import know_everything

TIMES = 20
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def lost_by_a_kill(place: Path, rng: random.Random) -> tuple[float, int]:
    """(seconds of typing that were lost, letters typed) of one studio that is killed."""
    work, sock = place / "work", str(place / "tmux.sock")
    work.mkdir(parents=True)
    os.environ["XDG_STATE_HOME"] = str(place / "state")
    know_everything(every_hint())
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


@contextmanager
def busy(number: int) -> Iterator[None]:
    """So many processes that never rest."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def main() -> int:
    options = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("times", nargs="?", type=int, default=TIMES, help=f"kills, {TIMES} unless told otherwise")
    options.add_argument("--busy", type=int, default=0, metavar="N", help="processes that keep the machine busy")
    asked = options.parse_args()
    times, rng, worst = asked.times, random.Random(1), 0.0
    with busy(asked.busy):
        for number in range(times):
            with tempfile.TemporaryDirectory() as place:
                lost, letters = lost_by_a_kill(Path(place), rng)
            worst = max(worst, lost)
            print(f"kill {number + 1:>2}: {letters} letters typed, the last {lost:.2f} s of them lost", flush=True)
    print(f"worst of {times}: {worst:.2f} s   [at most {AUTOSAVE_SECONDS:g} s]")
    return 0 if worst <= AUTOSAVE_SECONDS else 1


if __name__ == "__main__":
    if shutil.which("tmux") is None:
        raise SystemExit("tmux is not installed")
    sys.exit(main())
