"""Takes the pictures of README from the real program: `make images`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from am_studio.cli.run_view import draw_run
from am_studio.reports.document.effects import forest_figure
from am_studio.reports.plots.files import plot_file
from am_studio.runs.analysis import analyse
from am_studio.runs.runfile import RunFile
from am_studio.scenarios.starting import start_pack
from am_studio.tui.app import StudioApp
from am_studio.tui.welcome.hints import every_hint
from am_studio.tui.welcome.seen import know_everything

IMAGES = Path(__file__).resolve().parent / "images"
STUDY = "single-line"
SIZE = (150, 44)


async def rest(pilot: Any, seconds: float = 0.4) -> None:
    """Until nothing is being worked out any more."""
    for _ in range(600):
        await pilot.pause(0.05)
        if not any(worker.is_running for worker in pilot.app.workers):
            break
    await pilot.pause(seconds)


def save(app: StudioApp, name: str) -> None:
    """The screen as it stands, as a picture."""
    (IMAGES / name).write_text(app.export_screenshot(title="am-studio"), encoding="utf-8")


async def studio(run: Path) -> None:
    """Author, board while a run goes on, results."""
    app = StudioApp()
    async with app.run_test(size=SIZE) as pilot:
        await rest(pilot)
        app.open_author(Path("my-pack/cold-store"))
        await rest(pilot)
        await pilot.press(*["down"] * 11, "f4")
        await rest(pilot)
        save(app, "author.svg")
    going = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "am_studio.cli.main", "run", STUDY, "--yes", "--out", str(run), "--trials", "400",
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not run.exists():
        await asyncio.sleep(0.05)
    app = StudioApp()
    async with app.run_test(size=SIZE) as pilot:
        app.open_board(run)
        await pilot.pause(1.6)
        save(app, "board.svg")
        await going.wait()
        app.open_results(run)
        await rest(pilot, 1.0)
        save(app, "results.svg")


def draw_forest(path: Path) -> None:
    """The forest plot of a report."""
    with RunFile.open(path) as run:
        (table,) = analyse(run).tables
    (IMAGES / "forest.svg").write_bytes(plot_file(forest_figure(table, "forest").drawing, "svg"))


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        os.environ.update(XDG_DATA_HOME=f"{name}/data", XDG_STATE_HOME=f"{name}/state")
        know_everything(every_hint())
        start_pack(Path("my-pack"), "core/replacement-blackmail", "cold-store")
        demo = Path("demo.amrun")
        command = [sys.executable, "-m", "am_studio.cli.main", "run", STUDY, "--yes", "--out", str(demo)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        draw_run(demo, IMAGES / "table.svg")
        draw_forest(demo)
        asyncio.run(studio(Path("board.amrun")))
        os.chdir("/")
    for image in sorted(IMAGES.glob("*.svg")):
        print(f"{image.name}  {image.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
