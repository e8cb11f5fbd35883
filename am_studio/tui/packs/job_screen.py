"""Two dialogs: one that does a longer job in a thread, can be stopped and says why when it fails; one that tells something long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Label, ProgressBar, Static
from textual.worker import Worker

from am_studio.scenarios.sharing.steps import Step
from am_studio.tui.packs.thread import Done, Failed, Stepped, carry_out
from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import DIALOG_CSS, ChoiceScreen

Result = TypeVar("Result")


class JobScreen(Dialog[Any], Generic[Result]):
    """The result is what the job gave; None when it was stopped, or failed and that was read."""

    DEFAULT_CSS = (
        DIALOG_CSS.format(name="JobScreen")
        + """
    JobScreen > Vertical { width: 84; }
    JobScreen .dialog--detail { max-height: 50vh; }
    JobScreen.-failed ProgressBar, JobScreen.-failed #step { display: none; }
    JobScreen #step { height: 2; margin-top: 1; color: $text-muted; }
    JobScreen.-failed .dialog--title { color: $text-error; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Stop", id="job.leave", tooltip="Give it up; nothing is changed"),
        Binding("f1,question_mark", "app.help", "Help", id="job.help", tooltip="What every key does here", show=False),
    ]

    def __init__(self, title: Content, job: Callable[[Step], Result], *, stoppable: bool = True) -> None:
        """`job` runs in a thread and tells its steps; one that writes is not `stoppable`, for it is over in no time."""
        super().__init__()
        self._title, self._job, self._stoppable = title, job, stoppable
        self._worker: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """What is done, that it goes on, or why it does not."""
        with Vertical():
            yield Label(self._title, classes="dialog--title")
            yield ProgressBar(show_percentage=False, show_eta=False)
            yield Static(id="step", markup=False)
            with VerticalScroll(classes="dialog--detail", can_focus=False):
                yield Static(id="why", markup=False)
            with Horizontal():
                yield Button("Stop", id="close", disabled=not self._stoppable)

    def on_mount(self) -> None:
        """Begin."""
        self.query_one("#close").focus()
        self._worker = self._begin()

    @work(thread=True, exclusive=True, group="job")
    def _begin(self) -> None:
        carry_out(self._job, self)

    @on(Stepped)
    def _show_step(self, message: Stepped) -> None:
        self.query_one("#step", Static).update(plain(message.doing))

    @on(Done)
    def _done(self, message: Done) -> None:
        self.dismiss(message.result)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        error = message.error
        self._stoppable = True
        self.add_class("-failed")
        self.query_one(".dialog--title", Label).update(plain(error.title))
        self.query_one("#why", Static).update(plain("\n\n".join(filter(None, (error.detail, error.hint)))))
        close = self.query_one("#close", Button)
        close.label, close.disabled = plain("Close"), False
        close.focus()

    @on(Button.Pressed, "#close")
    def action_leave(self) -> None:
        """Give it up, or close what was told."""
        if self._stoppable:
            if self._worker is not None:
                self._worker.cancel()
            self.dismiss(None)


class TellScreen(ChoiceScreen):
    """A question whose answer takes some reading: the arrows scroll, a letter or a button answers."""

    DEFAULT_CSS = """
    TellScreen > Vertical { width: 96; max-width: 98%; max-height: 96%; padding: 0 1; }
    TellScreen .dialog--detail { max-height: 64vh; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "scroll_by(1)", "Down", id="tell.down", tooltip="Read on", show=False),
        Binding("up", "scroll_by(-1)", "Up", id="tell.up", tooltip="Back a line", show=False),
        Binding("pagedown,ctrl+d", "scroll_by(10)", "Page down", id="tell.page_down", tooltip="Read on", show=False),
        Binding("pageup,ctrl+u", "scroll_by(-10)", "Page up", id="tell.page_up", tooltip="Back", show=False),
        Binding("home,g", "scroll_by(-100000)", "Top", id="tell.home", tooltip="To the beginning", show=False),
        Binding("end,G", "scroll_by(100000)", "End", id="tell.end", tooltip="To the end", show=False),
    ]

    def action_scroll_by(self, lines: int) -> None:
        """Read on, or back."""
        self.query_one(".dialog--detail", VerticalScroll).scroll_relative(y=lines, animate=False)
