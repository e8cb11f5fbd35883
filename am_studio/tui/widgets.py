"""Small widgets that every screen may use: the title bar, the empty state, the two dialogs; the footer is handed on.

They show what they are given as `Content`; they know no scenario, run or file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, Static

from am_studio.tui.footer import StudioFooter
from am_studio.tui.pointing import Dialog, ways
from am_studio.tui.strangers import joined, plain

__all__ = [
    "DIALOG_CSS",
    "AskScreen",
    "Choice",
    "ChoiceScreen",
    "EmptyState",
    "Field",
    "StudioFooter",
    "TitleBar",
    "trail",
]

_NAME = "AM Studio › "
"""Begins every trail, and gives way where there is no room for all of it."""
_AFTER_TRAIL = 3
"""Cells between the trail and a hint, at least."""


class TitleBar(Static):
    """The line on top: where one is, from the outside in, and what state it is in."""

    DEFAULT_CSS = """
    TitleBar {
        dock: top; height: 1; padding: 0 1; background: $panel; color: $foreground;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self, *crumbs: Content, id: str | None = None) -> None:
        self._told = trail(*crumbs)
        self._hints: tuple[Content, ...] = ()
        super().__init__(self._told, id=id)

    def on_mount(self) -> None:
        """Vim's mode, which is told here, may change with the focus."""
        self.watch(self.screen, "focused", self._focus_moved, init=False)

    def _focus_moved(self) -> None:
        self.refresh()

    def render(self) -> Content:
        """The trail, cut where it has to be, and on the right what the mouse gets elsewhere by."""
        right = self._ways()
        room = max(self.content_size.width - right.cell_length - 2, 0)
        told = self.content if isinstance(self.content, Content) else plain(str(self.content))
        if told.cell_length > room and told.plain.startswith(_NAME):
            told = told[len(_NAME) :]  # where one is and how it stands matter more than what the program is called
        return joined(told.truncate(room, ellipsis=True, pad=True), plain("  "), right)

    def _ways(self) -> Content:
        return ways(deeper=len(self.app.screen_stack) > 1, mode=getattr(self.app, "vim_mode", ""))

    def show(self, *crumbs: Content, note: Content | None = None) -> None:
        """Show this trail, and a note after it such as `unsaved`."""
        told = trail(*crumbs)
        self._told = told if note is None else joined(told, plain("   "), note)
        self._draw()

    def hint(self, *hints: Content) -> None:
        """At the right end, the first of these for which there is room; none takes it away."""
        if hints != self._hints:
            self._hints = hints
            self._draw()

    def on_resize(self) -> None:
        """There may be room now."""
        if self._hints:
            self._draw()

    def _draw(self) -> None:
        room = self.content_size.width - self._told.cell_length - self._ways().cell_length - 2 - _AFTER_TRAIL
        hint = next((hint for hint in self._hints if hint.cell_length <= room), None)
        if hint is None:
            self.update(self._told, layout=False)
        else:
            gap = plain(" " * (room - hint.cell_length + _AFTER_TRAIL))
            self.update(joined(self._told, gap, hint), layout=False)


def trail(*crumbs: Content) -> Content:
    """`AM Studio › Library › ...`."""
    return joined(plain("AM Studio", "bold $primary"), *crumbs, between=" › ")


class EmptyState(Static):
    """Says that there is nothing here, and which key makes something."""

    DEFAULT_CSS = """
    EmptyState { width: 1fr; height: auto; padding: 1 2; color: $text-muted; }
    """


@dataclass(frozen=True, slots=True)
class Choice:
    """One way out of a question."""

    id: str
    label: str
    """Words of ours, such as `Discard`."""
    key: str
    """A letter that chooses it."""
    variant: Literal["default", "primary", "success", "warning", "error"] = "default"


DIALOG_CSS = """
{name} {{ align: center middle; }}
{name} > Vertical {{
    width: 72; max-width: 95%; height: auto; max-height: 90%;
    padding: 1 2; background: $surface; border: round $primary;
}}
{name} .dialog--title {{ text-style: bold; width: 1fr; height: auto; margin-bottom: 1; }}
{name} .dialog--detail {{ height: auto; max-height: 60%; }}
{name} .dialog--detail > Static {{ height: auto; }}
{name} Horizontal {{ height: auto; align-horizontal: right; margin-top: 1; }}
{name} Button {{ margin-left: 1; min-width: 8; width: auto; }}
"""


class ChoiceScreen(Dialog[str]):
    """A question with a few answers; the result is the id of the chosen one, or empty when it was left by escape.

    The first choice has the focus, so put the harmless one first.
    """

    DEFAULT_CSS = DIALOG_CSS.format(name="ChoiceScreen")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="choice.leave", tooltip="Change nothing"),
        Binding(
            "f1,question_mark", "app.help", "Help", id="choice.help", tooltip="What every key does here", show=False
        ),
        Binding(
            "left", "app.focus_previous", "Previous", id="choice.previous", tooltip="The answer before", show=False
        ),
        Binding("right", "app.focus_next", "Next", id="choice.next", tooltip="The next answer", show=False),
    ]

    def __init__(self, title: Content, detail: Content, choices: tuple[Choice, ...]) -> None:
        super().__init__()
        self._title, self._detail, self._choices = title, detail, choices

    def compose(self) -> ComposeResult:
        """Title, detail, a button a choice."""
        with Vertical():
            yield Label(self._title, classes="dialog--title")
            with VerticalScroll(classes="dialog--detail", can_focus=False):
                yield Static(self._detail)
            with Horizontal():
                for choice in self._choices:
                    yield Button(plain(f"{choice.label} ({choice.key})"), variant=choice.variant, name=choice.id)

    def on_mount(self) -> None:
        """The first choice is the one that enter takes."""
        self.query(Button).first().focus()

    @on(Button.Pressed)
    def _chosen(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.name or "")

    def takes_key(self, event: Key) -> bool:
        """The letters of the choices are these, whatever else they may stand for."""
        return event.character in {choice.key for choice in self._choices}

    def on_key(self, event: Key) -> None:
        """A choice's letter chooses it."""
        for choice in self._choices:
            if event.character == choice.key:
                event.stop()
                self.dismiss(choice.id)
                return

    def action_leave(self) -> None:
        """Choose nothing."""
        self.dismiss("")


@dataclass(frozen=True, slots=True)
class Field:
    """One line that is asked for."""

    id: str
    label: str
    """Words of ours."""
    value: str = ""
    suggestions: tuple[str, ...] = ()
    """Completions that are offered while typing; the right arrow takes one."""


_ROOMY = 3
"""With more fields than that each takes one line, so that a small terminal shows them all."""


class AskScreen(Dialog[Mapping[str, str]]):
    """Asks for a few lines of text. The result maps field ids to texts; it is empty when it was left by escape.

    `check` says what is wrong with the texts as they stand, or nothing; while something is, they cannot be sent.
    """

    DEFAULT_CSS = (
        DIALOG_CSS.format(name="AskScreen") + "AskScreen .ask--problem { color: $text-error; height: auto; }\n"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="ask.leave", tooltip="Change nothing"),
        Binding("f1,question_mark", "app.help", "Help", id="ask.help", tooltip="What every key does here", show=False),
        Binding("up", "app.focus_previous", "Before", id="ask.previous", tooltip="The line before", show=False),
        Binding("down", "app.focus_next", "Next", id="ask.next", tooltip="The next line", show=False),
    ]

    def __init__(
        self,
        title: Content,
        fields: tuple[Field, ...],
        *,
        verb: str = "OK",
        check: Callable[[Mapping[str, str]], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self._title, self._fields, self._verb, self._check = title, fields, verb, check

    def compose(self) -> ComposeResult:
        """Title, a labelled input a field, what is wrong, the buttons."""
        with Vertical():
            yield Label(self._title, classes="dialog--title")
            for field in self._fields:
                yield Label(plain(field.label))
                suggester = SuggestFromList(field.suggestions) if field.suggestions else None
                yield Input(field.value, name=field.id, suggester=suggester, compact=len(self._fields) > _ROOMY)
            yield Label(Content(), classes="ask--problem")
            with Horizontal():
                yield Button(plain(self._verb), variant="primary", name="send")
                yield Button("Cancel", name="leave")

    def on_mount(self) -> None:
        """The last field is the one that usually differs."""
        self.query(Input).last().focus()
        self._show_problem()

    @property
    def texts(self) -> Mapping[str, str]:
        """What stands in the fields."""
        return {field.name or "": field.value.strip() for field in self.query(Input)}

    @on(Input.Changed)
    def _show_problem(self) -> None:
        problem = self._check(self.texts)
        self.query_one(".ask--problem", Label).update(plain(problem))
        self.query(Button).first().disabled = bool(problem)

    @on(Input.Submitted)
    def _next_or_send(self, event: Input.Submitted) -> None:
        if event.input is self.query(Input).last():
            self._send()
        else:
            self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.name == "send":
            self._send()
        else:
            self.action_leave()

    def _send(self) -> None:
        if not self._check(self.texts):
            self.dismiss(self.texts)

    def action_leave(self) -> None:
        """Send nothing."""
        self.dismiss({})
