"""The run board: a run while it goes on, and the keys that pause, resume and stop it.

The run is carried out by a process of its own; this screen reads its file four times a second and signals it. Leaving
the screen, or the studio, changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import DataTable, ProgressBar, Static

from am_studio.foundation.errors import StudioError
from am_studio.reports.effect_table import STAMP
from am_studio.runs.follow import Snapshot, look
from am_studio.tui.board.arms import ArmsTable
from am_studio.tui.board.control import carry_on, interrupt
from am_studio.tui.board.looks import LooksPanel
from am_studio.tui.board.messages import ControlEnded, Seen, Unreadable
from am_studio.tui.board.state import facts, figures, footnote, log_text, status
from am_studio.tui.palette import Command
from am_studio.tui.panes import Divider
from am_studio.tui.resuming import may_resume
from am_studio.tui.strangers import joined, plain
from am_studio.tui.welcome.documents import OpenBoard
from am_studio.tui.widgets import Choice, ChoiceScreen, StudioFooter, TitleBar

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

LOOKS_A_SECOND = 4
_UNREADABLE_SECONDS = 3.0
"""A run that has just been started may not be readable yet for so long."""


class BoardScreen(Screen[None]):
    """Shows a run and carries it on."""

    DEFAULT_CSS = """
    BoardScreen #stamp { height: auto; padding: 0 1; text-style: bold; background: $warning; color: auto; display: none; }
    BoardScreen.-simulated #stamp { display: block; }
    BoardScreen #facts { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; color: $text-muted; }
    BoardScreen #status { height: auto; max-height: 3; padding: 0 1; text-style: bold; }
    BoardScreen.-finished #status { color: $text-success; }
    BoardScreen.-trouble #status { color: $text-warning; }
    BoardScreen #progress { height: 1; width: 1fr; padding: 0 1; }
    BoardScreen #progress Bar { width: 1fr; }
    BoardScreen #figures { height: auto; max-height: 3; padding: 0 1; }
    BoardScreen #arms { margin-top: 1; }
    BoardScreen #footnote { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
    BoardScreen #log { height: 4; padding: 0 1; border-top: hkey $panel; border-title-color: $text-muted; }
    BoardScreen.-tall #log { height: 25%; min-height: 5; }
    BoardScreen.-short #arms { margin-top: 0; }
    BoardScreen.-short #looks { max-height: 5; }
    BoardScreen.-short #log { height: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause", id="board.pause", tooltip="Send nothing more; what is in flight is kept"),
        Binding("c", "carry_on", "Resume", id="board.carry_on", tooltip="Carry the run on where it stands"),
        Binding("s", "stop", "Stop", id="board.stop", tooltip="Stop at once, leaving what is in flight; resumable"),
        Binding("r", "results", "Results", id="board.results", tooltip="The effects, with their tests"),
        Binding("t", "transcripts", "All trials", id="board.transcripts", tooltip="Open the trials of the whole run"),
    ]

    def __init__(self, run: Path) -> None:
        super().__init__()
        self._run = run
        self._snapshot: Snapshot | None = None
        self._log: object = None
        self._looking = False
        self._busy = ""
        """`pausing` or `starting` while that is asked for and has not happened."""
        self._timer: Timer | None = None
        self._opened = time.monotonic()

    def compose(self) -> ComposeResult:
        """What is run, where it stands, the arms, what happened."""
        yield TitleBar(plain("Run"), plain(self._run.name))
        yield Static(STAMP, id="stamp", markup=False)
        yield Static(id="facts", markup=False)
        yield Static("… reading the run", id="status", markup=False)
        yield ProgressBar(id="progress", show_eta=False)
        yield Static(id="figures", markup=False)
        yield LooksPanel()
        yield ArmsTable(id="arms")
        yield Static(id="footnote", markup=False)
        yield Divider("board.log", sizes="after", gives="arms")
        with VerticalScroll(id="log") as log:
            log.border_title = "Log"
            yield Static(id="lines", markup=False)
        yield StudioFooter()

    def on_mount(self) -> None:
        """Look at once, and then again and again."""
        self._timer = self.set_interval(1 / LOOKS_A_SECOND, self._look)
        self.query_one(ArmsTable).focus()
        self._look()

    def on_screen_suspend(self) -> None:
        """Another screen is in front: nobody looks."""
        if self._timer is not None:
            self._timer.pause()

    def on_screen_resume(self) -> None:
        """Show how it went on meanwhile."""
        if self._timer is not None:
            self._timer.resume()
            self._look()

    def where_one_is(self) -> OpenBoard:
        """The run."""
        return OpenBoard(str(self._run.absolute()))

    # Looking. --------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            self._read(self._snapshot)

    @work(thread=True, group="look", description="look at the run")
    def _read(self, since: Snapshot | None) -> None:
        try:
            message: Message = Seen(look(self._run, since))
        except StudioError as error:
            message = Unreadable(error)
        self.post_message(message)

    @on(Unreadable)
    def _tell_unreadable(self, message: Unreadable) -> None:
        self._looking = False
        if time.monotonic() - self._opened > _UNREADABLE_SECONDS:
            error = message.error
            self.set_class(True, "-trouble")
            self.query_one("#status", Static).update(plain(". ".join(filter(None, (error.title, error.detail)))))

    @on(Seen)
    def _show(self, message: Seen) -> None:
        self._looking = False
        before, snapshot = self._snapshot, message.snapshot
        self._snapshot = snapshot
        if self._busy == "pausing" and snapshot.state != "running":
            self._busy = ""
        self._show_lines(snapshot)
        self.query_one(ArmsTable).show(snapshot)
        self.query_one(LooksPanel).show(snapshot, self._run)
        if before is None or before.state != snapshot.state or before.ended != snapshot.ended:
            self.refresh_bindings()
        if before is not None and before.state == "running" and snapshot.state == "finished":
            self.notify("Press r for the results.", title="The run is finished", markup=False)

    def _show_lines(self, snapshot: Snapshot) -> None:
        self.set_class(snapshot.simulated, "-simulated")
        self.set_class(snapshot.state == "finished", "-finished")
        self.set_class(snapshot.state in {"paused", "interrupted"}, "-trouble")
        told = "… starting" if self._busy == "starting" else status(snapshot, stopping=self._busy == "pausing")
        for name, text in {
            "facts": facts(snapshot),
            "status": told,
            "figures": figures(snapshot),
            "footnote": footnote(snapshot),
        }.items():
            self.query_one(f"#{name}", Static).update(plain(text))
        self.query_one(ProgressBar).update(total=max(snapshot.planned, 1), progress=snapshot.ended)
        if snapshot.log != self._log:
            self._log = snapshot.log
            scroll = self.query_one("#log", VerticalScroll)
            at_end = scroll.scroll_offset.y >= scroll.max_scroll_y
            lines: list[Content] = [plain(log_text(line)) for line in snapshot.log]
            self.query_one("#lines", Static).update(joined(*lines, between="\n"))
            if at_end:
                scroll.scroll_end(animate=False)

    # Doing. ----------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A running run can be paused and stopped, an unfinished one carried on."""
        state = self._snapshot.state if self._snapshot else None
        if action == "pause":
            return state == "running" and not self._busy
        if action == "stop":
            return state == "running"
        if action == "carry_on":
            return state in {"paused", "interrupted", "planned"} and not self._busy
        if action in {"results", "transcripts"}:
            return self._snapshot is not None and self._snapshot.ended > 0
        return True

    def action_pause(self) -> None:
        """Send nothing more; what is in flight is waited for and stored."""
        self._interrupt(leaving=False)

    @work
    async def action_stop(self) -> None:
        """Stop at once, after asking."""
        flying = self._snapshot.in_flight if self._snapshot else 0
        question = ChoiceScreen(
            plain("Stop without waiting?"),
            plain(
                f"Requests in flight: {flying}. Their answers would be lost, and may be paid for. What has ended is kept, "
                "and the run can be resumed either way."
            ),
            (
                Choice("pause", "Wait for them", "w", "primary"),
                Choice("stop", "Stop now", "s", "error"),
                Choice("", "Go on", "g"),
            ),
        )
        answer = await self.app.push_screen_wait(question)
        if answer and self.check_action("stop", ()):
            self._interrupt(leaving=answer == "stop")

    @work
    async def action_carry_on(self) -> None:
        """Start a process that completes the run, once that is agreed to where there is a reason to ask."""
        if not await may_resume(self._studio, self._run) or not self.check_action("carry_on", ()):
            return
        self._busy = "starting"
        self.refresh_bindings()
        self._in_thread(partial(carry_on, self._run, lambda: not self.is_attached))

    def _interrupt(self, *, leaving: bool) -> None:
        """Have the run end its session; `leaving` does not wait for what is in flight."""
        times = int(self._busy != "pausing") + int(leaving)
        self._busy = "pausing"
        self.refresh_bindings()
        self._in_thread(partial(interrupt, self._run, times))

    @work(thread=True, group="control")
    def _in_thread(self, what: Callable[[], None]) -> None:
        try:
            what()
        except StudioError as error:
            self.post_message(ControlEnded(error))
        else:
            self.post_message(ControlEnded(None))

    @on(ControlEnded)
    def _control_ended(self, message: ControlEnded) -> None:
        if message.error is not None or self._busy == "starting":
            self._busy = ""
        if message.error is not None:
            self._studio.show_error(message.error)
        self.refresh_bindings()
        self._look()

    @on(DataTable.RowSelected)
    def action_trials(self) -> None:
        """Open the trials of the arm under the cursor."""
        chosen = self.query_one(ArmsTable).chosen
        if chosen is not None:
            self._studio.open_transcripts(self._run, arm=chosen[0], model=chosen[1])

    def action_transcripts(self) -> None:
        """Open the trials of the whole run."""
        self._studio.open_transcripts(self._run)

    def action_results(self) -> None:
        """Open the effects."""
        self._studio.open_results(self._run)

    @property
    def _studio(self) -> StudioApp:
        return cast("StudioApp", self.app)

    def palette_commands(self) -> list[Command]:
        """What can be done with a run."""
        return [
            Command("run: Pause", "Send nothing more; what is in flight is waited for and stored.", "pause"),
            Command("run: Resume", "Carry the run on where it stands.", "carry_on"),
            Command("run: Stop", "Stop at once; what is in flight is left.", "stop"),
            Command("run: Show results", "The effects with their intervals and tests.", "results"),
            Command("run: Open trials of arm", "The transcripts of the arm under the cursor.", "trials"),
            Command("run: Open all trials", "The transcripts of the whole run.", "transcripts"),
        ]
