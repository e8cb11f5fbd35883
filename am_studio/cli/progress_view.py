"""A run on screen while it goes on: a live table on a terminal, a line now and then anywhere else.

It shows a `Board` and knows nothing of engines; counts so far are shown as k/n, without statistics.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from am_studio.cli.console import data, say, stderr_console, stdout_console
from am_studio.foundation.hygiene import one_line
from am_studio.records import Counts
from am_studio.reports.numbers import duration
from am_studio.runs.board import Board, fold
from am_studio.runs.events import (
    AttemptFailed,
    Event,
    ModelPaused,
    ModelResumed,
    ModelStopped,
    RunFinished,
    RunPaused,
    RunStarted,
    RunStopping,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

SECONDS_BETWEEN_LINES = 5.0
MOST_ROWS = 40
"""Arms shown live; the line above them counts all."""
MOST_ARMS_IN_A_LINE = 12
BAR_WIDTH = 16
"""Characters of an arm's bar."""


class ProgressView:
    """Watches one session, on stderr where it is beside the work, on stdout where watching is all there is to it.

    Use it as a context, with `observe` as the engine's observer, or with `show`.
    """

    def __init__(self, *, on_stdout: bool = False) -> None:
        self.board = Board()
        self._console = stdout_console() if on_stdout else stderr_console()
        self._write = data if on_stdout else say
        self._live: Live | None = None
        self._last_line = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(
                console=self._console, get_renderable=self._table, refresh_per_second=5, transient=True, screen=False
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self.board.ended:
            self.tell(summary(self.board, arms=True))

    def observe(self, event: Event) -> None:
        """Take an event in; show it when it is time."""
        self.board = fold(self.board, event)
        match event:
            case ModelStopped(model=model, reason=reason):
                self.tell(f"nothing more is asked of {model}: {reason}")
            case ModelPaused(model=model, seconds=seconds, reason=reason):
                self.tell(f"{model} is paused for {duration(seconds)}: {reason}")
            case ModelResumed(model=model):
                self.tell(f"{model} is asked again")
            case RunStopping(in_flight=in_flight) if in_flight:
                waiting = "1 request" if in_flight == 1 else f"{in_flight} requests"
                self.tell(f"stopping: waiting for {waiting} in flight; Ctrl-C again leaves them")
            case AttemptFailed(message=message, waits=None):
                self.tell(f"trial {event.trial} gave up: {event.kind}: {message}")
            case RunStarted():
                self._last_line = event.at
            case RunPaused() | RunFinished():
                pass
            case _ if self._live is None and event.at - self._last_line >= SECONDS_BETWEEN_LINES:
                self._last_line = event.at
                self.tell(summary(self.board, arms=True))

    def show(self, board: Board) -> None:
        """Show this board, where lines are printed when it is time for one."""
        self.board = board
        now = time.monotonic()
        if self._live is None and now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self.tell(summary(board, arms=True))

    def tell(self, text: str) -> None:
        """A line of its own, above the table where there is one."""
        if self._live is not None:
            from rich.text import Text

            self._live.console.print(Text(one_line(text)))
        else:
            self._write(one_line(text))

    def _table(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        board = replace(self.board, now=time.monotonic())
        several = len({model for _, model in board.counts}) > 1
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("arm", overflow="ellipsis", no_wrap=True, max_width=40)
        if several:
            table.add_column("model", overflow="ellipsis", no_wrap=True)
        table.add_column("", no_wrap=True, min_width=BAR_WIDTH + 2)
        table.add_column("ended", justify="right", no_wrap=True, min_width=7)
        table.add_column(one_line(board.outcome) or "yes", justify="right", no_wrap=True, min_width=7)
        for (arm, model), counts in list(board.counts.items())[:MOST_ROWS]:
            label = board.labels.get((arm, model), arm)
            figures = (bar(counts), f"{ended(counts)}/{counts.planned}", f"{counts.yes}/{counts.completed}")
            row = (label, *([model] if several else []), *figures)
            table.add_row(*(Text(one_line(cell)) for cell in row))
        return Group(Text(one_line(summary(board))), table)


def summary(board: Board, *, arms: bool = False) -> str:
    """One line: how many trials have ended, rate, time left, cost, errors; with `arms` also each arm's counts so far."""
    parts = [f"{board.study}: {board.ended}/{board.planned} trials"]
    if board.simulated:
        parts.insert(0, "SIMULATED")
    if board.rate:
        parts.append(f"{board.rate:.0f}/s" if board.rate >= 10 else f"{board.rate * 60:.1f}/min")
    if board.seconds_left is not None and board.ended < board.planned:
        parts.append(f"{duration(board.seconds_left)} left")
    if board.cost:
        parts.append(f"${board.cost:,.2f}")
    if board.paused_models:
        parts.append(f"paused: {', '.join(board.paused_models)}")
    if board.errors:
        parts.append("errors: " + ", ".join(f"{kind} {number}" for kind, number in sorted(board.errors.items())))
    if arms and 0 < len(board.counts) <= MOST_ARMS_IN_A_LINE:
        shown = [
            f"{board.labels.get(key, key[0])} {counts.yes}/{counts.completed}" for key, counts in board.counts.items()
        ]
        parts.append(f"{board.outcome} so far: {', '.join(shown)}")
    return " · ".join(parts)


def ended(counts: Counts) -> int:
    """Trials that have ended, with a verdict or without."""
    return counts.completed + counts.failed


def bar(counts: Counts, width: int = BAR_WIDTH) -> str:
    """How far an arm is, in characters that any terminal has."""
    full = round(width * ended(counts) / counts.planned) if counts.planned else 0
    return "[" + "#" * full + "." * (width - full) + "]"
