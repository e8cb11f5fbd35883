"""The tour's ground and its course: a scratch copy in a directory of its own, and which move comes next.

The studio works in that directory for as long as the tour lasts, so that nothing of the user's is touched or listed:
scenario, study and run lie there, and go with it. Draws nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.screen import Screen

from am_studio.foundation.errors import StudioError
from am_studio.tui.welcome.steps import STEPS, Move

SOURCE = "core/replacement-blackmail"
PACK, SCENARIO = "tour", "cold-store"


def lay_out() -> Path:
    """The scratch directory, with a pack in it; StudioError when it cannot be made. Takes a moment: call it in a thread."""
    from am_studio.scenarios.starting import start_pack

    try:
        ground = Path(tempfile.mkdtemp(prefix="am-studio-tour-")).resolve()
    except OSError as error:
        raise StudioError(
            "the tour has no place for its copy", str(error), "set TMPDIR to a directory with room"
        ) from error
    start_pack(ground / PACK, SOURCE, SCENARIO)
    return ground


def clear_away(ground: Path) -> None:
    """Stop what still runs there and remove it all."""
    runs = tuple(ground.glob("runs/*.amrun"))
    if runs:
        from am_studio.tui.launching import stop

        for run in runs:
            with suppress(StudioError):
                stop(run)
                stop(run)  # twice: what is in flight is left
    shutil.rmtree(ground, ignore_errors=True)


@dataclass
class Tour:
    """Where the tour is."""

    ground: Path
    home: Path
    """The working directory before."""
    step: int = 0
    move: int = 0

    @property
    def scenario(self) -> Path:
        """The scenario's directory."""
        return self.ground / PACK / SCENARIO

    @property
    def run(self) -> Path | None:
        """The latest run made on the tour."""
        return max(self.ground.glob("runs/*.amrun"), key=lambda run: run.stat().st_mtime, default=None)

    @property
    def now(self) -> Move:
        """What is to be done."""
        return STEPS[self.step].moves[self.move]

    @property
    def title(self) -> str:
        """Which step it is of."""
        return f"Tour {self.step + 1}/{len(STEPS)} · {STEPS[self.step].title}"

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after this move."""
        return self.now is STEPS[-1].moves[-1]

    def go_on(self) -> None:
        """To the next move; the last one stays."""
        if self.move + 1 < len(STEPS[self.step].moves):
            self.move += 1
        elif self.step + 1 < len(STEPS):
            self.step, self.move = self.step + 1, 0

    def keep_up(self, front: Screen[Any]) -> None:
        """Go on past what the screen in front shows to be done; who has run ahead is met there."""
        if self.is_last:
            return
        if self.now.done(front):
            self.go_on()
        elif self.now.screen != type(front).__name__:
            for step, move in self._to_come():
                if STEPS[step].moves[move].screen == type(front).__name__:
                    self.step, self.move = step, move
                    return

    def _to_come(self) -> Iterator[tuple[int, int]]:
        for step in range(self.step, len(STEPS)):
            for move in range(self.move + 1 if step == self.step else 0, len(STEPS[step].moves)):
                yield step, move

    def back_to_the_launch(self) -> None:
        """There is no run yet: to the move that makes one."""
        self.step, self.move = next(
            (step, move)
            for step, moves in enumerate(STEPS)
            for move, each in enumerate(moves.moves)
            if each.screen == "StudyScreen" and each.launches
        )

    def enter(self) -> None:
        """Work in the scratch directory."""
        os.chdir(self.ground)

    def leave(self) -> None:
        """Work where the studio did before."""
        with suppress(OSError):
            os.chdir(self.home)
