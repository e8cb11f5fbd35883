"""A dialog that carries out one command, shows that it is at work, and then what it said. It knows no command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Label, ProgressBar, Static
from textual.worker import get_current_worker

from am_studio.foundation.errors import StudioError
from am_studio.tui.commanding import Said, carry_out
from am_studio.tui.pointing import Dialog
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import DIALOG_CSS


class CommandScreen(Dialog[Said | None]):
    """The result is what the command said when it did what it should and the reader wants to go there; else None."""

    DEFAULT_CSS = (
        DIALOG_CSS.format(name="CommandScreen")
        + """
    CommandScreen > Vertical { width: 84; }
    CommandScreen .dialog--detail { max-height: 16; }
    CommandScreen.-narrow > Vertical { max-width: 100%; padding: 0 1; }
    CommandScreen.-short .dialog--detail { max-height: 11; }
    CommandScreen.-done ProgressBar { display: none; }
    CommandScreen.-failed .dialog--title { color: $text-error; }
    CommandScreen #go { display: none; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", id="command.leave", tooltip="Close; what is at work is ended"),
        Binding(
            "f1,question_mark", "app.help", "Help", id="command.help", tooltip="What every key does here", show=False
        ),
    ]

    @dataclass
    class Ended(Message):
        """The command has ended, or could not begin."""

        said: Said

    def __init__(self, title: Content, done: Content, arguments: Sequence[str], go: str = "") -> None:
        """`title` while it is at work, `done` afterwards; `go` is the word on a button that leads to what was made."""
        super().__init__()
        self._title, self._done, self._arguments, self._go = title, done, tuple(arguments), go
        self._said: Said | None = None

    def compose(self) -> ComposeResult:
        """What is done, that it is going on, what it said."""
        with Vertical():
            yield Label(self._title, classes="dialog--title")
            yield ProgressBar(show_percentage=False, show_eta=False)
            with VerticalScroll(classes="dialog--detail"):
                yield Static(id="said", markup=False)
            with Horizontal():
                yield Button(plain(self._go or "OK"), id="go", variant="primary")
                yield Button("Stop", id="close")

    def on_mount(self) -> None:
        """Begin."""
        self.query_one("#close").focus()
        self._carry_out()

    @work(thread=True, exclusive=True, group="command")
    def _carry_out(self) -> None:
        worker = get_current_worker()
        try:
            said = carry_out(self._arguments, lambda: worker.is_cancelled)
        except StudioError as error:
            said = Said(1, "", str(error))
        if said is not None and not worker.is_cancelled:
            self.post_message(self.Ended(said))

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self._said = said = message.said
        well = said.code == 0
        self.add_class("-done", *([] if well else ["-failed"]))
        self.query_one(".dialog--title", Label).update(self._done if well else plain("It could not be done"))
        self.query_one("#said", Static).update(plain("\n".join(filter(None, (said.result, said.told)))))
        close, go = self.query_one("#close", Button), self.query_one("#go", Button)
        close.label = plain("Close")
        go.display = well and bool(self._go)
        (go if go.display else close).focus()

    @on(Button.Pressed, "#go")
    def _going(self) -> None:
        self.dismiss(self._said)

    @on(Button.Pressed, "#close")
    def action_leave(self) -> None:
        """Close; what is at work is ended."""
        self.dismiss(None)
