"""Makes the moving picture of README: the studio's main job, from the library to a result. Part of `make images`.

    python docs/make_recording.py [FILE]    # docs/images/recording.svg unless told otherwise

The real studio is driven key by key, on a simulated subject, in a directory of its own; each step is its screen with a
caption. What a clock says (times, durations, rates) is replaced, so that the file is the same whenever it is made.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from moving_picture import Frame, moving_picture
from rich.segment import Segment
from textual.pilot import Pilot
from textual.screen import ModalScreen

from am_studio.scenarios.starting import start_pack
from am_studio.tui.app import StudioApp
from am_studio.tui.author.details_panel import DetailsPanel
from am_studio.tui.launching import is_running
from am_studio.tui.library.widgets import ScenarioTree
from am_studio.tui.study.form_view import StudyFormView
from am_studio.tui.welcome.hints import every_hint
from am_studio.tui.welcome.seen import know_everything

ABLATIONS = Path(__file__).resolve().parents[1] / "ablations"
RECORDING = Path(__file__).resolve().parent / "images" / "recording.svg"
STUDY = "single-line"
SIZE = (112, 32)
CAPTIONS = {
    "library": "Library: choose a scenario",
    "author": "Author: emails, details, and the prompt the subject reads",
    "toggled": "Turn off a detail, consider_goals: the preview follows",
    "compared": "Compare: what exactly that takes out of the prompt",
    "study": "Study: which details to remove, and what it will cost",
    "launch": "Launch: asked once, with its greatest cost",
    "board": "Board: every arm fills as the run goes on",
    "results": "Results: how much each removed detail changes the harm",
}
"""What is said about each step, in their order."""
SECONDS = {"study": 3.0, "launch": 2.0, "results": 5.0}
"""How long a step is shown, where that is not 2.5 seconds."""
TOLD = (
    "Eight screens of AM Studio in a terminal, one after the other. In the library a scenario is chosen; in the author screen "
    "the detail consider_goals is turned off, and the preview of the prompt shows what that takes away; a study is planned and "
    "launched on a simulated subject; its board fills; the results, stamped SIMULATED, show the effect of each removed detail."
)
CLOCKED = (
    (re.compile(r"\d{8}-\d{6}"), "20310514-164000"),
    (re.compile(r"\d\d:\d\d:\d\d"), "16:40:00"),
    (re.compile(r"finished in \d+ s"), "finished in 2 s"),
)
"""What differs from one making to the next, and what stands for it."""


class Recorder:
    """The frames, as they are taken."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self._pilot = pilot
        self.frames: list[Frame] = []

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something, and for all work behind it."""
        for _ in range(1500):
            await self._pilot.pause(0.02)
            if holds() and not any(worker.is_running for worker in self._pilot.app.workers):
                await self._pilot.pause(0.5)
                return
        raise SystemExit(f"never came to that, on {type(self._pilot.app.screen).__name__}")

    async def asked(self) -> None:
        """Wait for a question; what asks it waits for its answer."""
        for _ in range(3000):
            await self._pilot.pause(0.02)
            if isinstance(self._pilot.app.screen, ModalScreen):
                await self._pilot.pause(0.5)
                return
        raise SystemExit("nobody asked")

    async def press(self, key: str, holds: Callable[[], bool]) -> None:
        """Press a key until something is so."""
        for _ in range(60):
            if holds():
                return
            await self._pilot.press(key)
        raise SystemExit(f"{key} never led there, on {type(self._pilot.app.screen).__name__}")

    async def shows(self, *names: str) -> None:
        """Wait for a screen."""
        await self.until(lambda: type(self._pilot.app.screen).__name__ in names)

    async def take(self, step: str) -> None:
        """The screen as soon as it stays as it is for a second."""
        lines, same = self._lines(), 0
        for _ in range(300):
            await self._pilot.pause(0.1)
            before, lines = lines, self._lines()
            same = same + 1 if lines == before else 0
            if same >= 10:
                self.frames.append(Frame(CAPTIONS[step], SECONDS.get(step, 2.5), lines))
                return
        raise SystemExit(f"the screen never rests at {step}")

    def _lines(self) -> tuple[tuple[Segment, ...], ...]:
        strips = self._pilot.app.screen._compositor.render_strips()
        return tuple(tuple(steady(strip)) for strip in strips)


def steady(line: Sequence[Segment]) -> list[Segment]:
    """The line with what a clock says replaced."""
    segments = []
    for segment in line:
        text = segment.text
        for pattern, stands in CLOCKED:
            text = pattern.sub(stands, text)
        segments.append(Segment(text, segment.style, segment.control))
    return segments


async def record() -> list[Frame]:
    """The main job, step by step."""
    app = StudioApp()
    async with app.run_test(size=SIZE) as pilot:
        recorder = Recorder(pilot)
        await choose(recorder, pilot)
        await write(recorder, pilot)
        app.go_back(force=True)
        await recorder.shows("LibraryScreen")
        app.open_study(Path(f"ablations/{STUDY}.yaml"))
        await plan(recorder, pilot)
        await run(recorder, pilot)
    return recorder.frames


async def choose(recorder: Recorder, pilot: Pilot[Any]) -> None:
    """From the library to the author's own scenario."""
    await recorder.shows("LibraryScreen")
    tree = pilot.app.screen.query_one(ScenarioTree)
    await recorder.until(lambda: tree.cursor_node is not None and "cold-store" in str(tree.cursor_node.label))
    await recorder.take("library")
    await pilot.press("enter")


async def write(recorder: Recorder, pilot: Pilot[Any]) -> None:
    """Look at what a detail governs, turn it off, compare."""
    await recorder.shows("AuthorScreen")
    await pilot.press("3")
    panel = pilot.app.screen.query_one(DetailsPanel)
    await recorder.press("down", lambda: panel.current == "consider_goals")
    await pilot.press("f")
    await recorder.take("author")
    await pilot.press("3", "space")
    await recorder.take("toggled")
    await pilot.press("f5")
    await recorder.take("compared")


async def plan(recorder: Recorder, pilot: Pilot[Any]) -> None:
    """The study, at the details it removes; then the question before it starts."""
    await recorder.shows("StudyScreen")
    form = pilot.app.screen.query_one(StudyFormView)
    await recorder.press("down", lambda: form.current is not None and form.current.field.path[-1] == "details")
    await recorder.take("study")
    await pilot.press("ctrl+r")
    await recorder.asked()
    await recorder.take("launch")
    await pilot.press("s")


async def run(recorder: Recorder, pilot: Pilot[Any]) -> None:
    """Watch the run to its end, and read what it found."""
    await recorder.shows("BoardScreen")
    (path,) = Path().glob("**/*.amrun")
    await recorder.until(lambda: not is_running(path))
    await pilot.pause(2.0)
    await recorder.take("board")
    await pilot.press("r")
    await recorder.shows("ResultsScreen")
    await pilot.press("down")
    await recorder.take("results")


def main() -> None:
    """Make the recording."""
    target = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else RECORDING
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        os.environ.update(
            XDG_DATA_HOME=f"{name}/data", XDG_STATE_HOME=f"{name}/state", XDG_CONFIG_HOME=f"{name}/config"
        )
        know_everything(every_hint())
        start_pack(Path("my-pack"), "core/replacement-blackmail", "cold-store")
        Path("ablations").mkdir()
        ready = (ABLATIONS / f"{STUDY}.yaml").read_text(encoding="utf-8")
        own = ready.replace("scenario: core/replacement-blackmail", "scenario: my-pack/cold-store")
        Path(f"ablations/{STUDY}.yaml").write_text(own, encoding="utf-8")
        frames = asyncio.run(record())
        os.chdir("/")
    target.write_text(moving_picture(frames, "AM Studio: from a scenario to an effect", TOLD), encoding="utf-8")
    print(f"{target.name}  {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
