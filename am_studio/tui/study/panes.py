"""Beside the form: the plan, the problems, and the text as it will be saved. They show, and announce what is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static, TextArea
from textual.widgets.option_list import Option

from am_studio.foundation.errors import Problem
from am_studio.tui.kept_area import KeptArea
from am_studio.tui.strangers import MUTED, joined, plain
from am_studio.tui.study.plan_told import Line, Role
from am_studio.tui.study.state import told

_STYLES: dict[Role, str] = {
    "title": "bold",
    "head": "bold $text-secondary",
    "text": "",
    "warning": "$text-warning",
    "muted": MUTED,
}


def drawn(lines: Sequence[Line]) -> Content:
    """Lines in the styles of what they are."""
    return joined(*(plain(line.text, _STYLES[line.role]) for line in lines), between="\n")


class PlanPane(VerticalScroll):
    """What the study would do."""

    BINDING_GROUP_TITLE = "Plan"
    DEFAULT_CSS = """
    PlanPane { height: 1fr; padding: 0 1; border-top: hkey $panel; border-title-color: $text-muted; }
    PlanPane:focus { border-top: hkey $primary; border-title-color: $text-primary; }
    PlanPane Static { height: auto; }
    PlanPane.-stale Static { opacity: 60%; }
    """

    def compose(self) -> ComposeResult:
        """The plan."""
        yield Static()

    def on_mount(self) -> None:
        """The pane's name."""
        self.border_title = "Plan"

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        self.query_one(Static).update(drawn(lines))

    def show_working(self, working: bool) -> None:
        """Show that it is being worked out anew, or that it is what the text says."""
        self.set_class(working, "-stale")
        self.border_subtitle = "working it out ..." if working else ""


class ProblemList(OptionList):
    """What is wrong, each with its line; choosing one goes there."""

    BINDING_GROUP_TITLE = "Problems"
    DEFAULT_CSS = """
    ProblemList {
        height: auto; max-height: 8; padding: 0 1; border: none; border-top: solid $error; border-title-color: $text-error; display: none;
    }
    ProblemList.-there { display: block; }
    ProblemList:focus { border: none; border-top: solid $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Go there", id="problems.go", tooltip="Edit the field with this problem"),
    ]

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.problems: tuple[Problem, ...] = ()

    def show(self, problems: Sequence[Problem]) -> None:
        """Show these problems."""
        if tuple(problems) == self.problems:
            return
        self.problems = tuple(problems)
        self.set_options(
            Option(joined(plain(f"! line {problem.place.line or '?'}: ", "bold $text-error"), plain(told(problem))))
            for problem in problems
        )
        self.border_title = "1 problem" if len(problems) == 1 else plain(f"{len(problems)} problems").plain
        self.set_class(bool(problems), "-there")
        if problems:
            self.highlighted = 0


class YamlArea(KeptArea):
    """The text of the study, which can be edited as well. It keeps no history of its own: the document does."""

    BINDING_GROUP_TITLE = "Text"
    DEFAULT_CSS = """
    YamlArea { height: 1fr; padding: 0; border: none; border-top: hkey $panel; border-title-color: $text-muted; }
    YamlArea:focus { border: none; border-top: hkey $primary; border-title-color: $text-primary; }
    """
    # The screen's keys, told here as well because TextArea has other uses for them.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z,super+z", "screen.undo", "Undo", id="yaml.undo", tooltip="Undo the last change", show=False),
        Binding("ctrl+y,super+y", "screen.redo", "Redo", id="yaml.redo", tooltip="Redo it", show=False),
        Binding(
            "f6,ctrl+right_square_bracket",
            "screen.next_pane",
            "Next pane",
            id="yaml.next_pane",
            tooltip="Go to the next pane",
            show=False,
        ),
        Binding(
            "f7,ctrl+g",
            "screen.next_problem",
            "Problem",
            id="yaml.problem",
            tooltip="Go to the next problem",
            show=False,
        ),
    ]

    class Edited(Message):
        """Somebody has typed in the text; what was typed is handed over already."""

    def __init__(self, keep: Callable[[str], None]) -> None:
        super().__init__(keep, show_line_numbers=True)

    def on_mount(self) -> None:
        """The pane's name."""
        self.border_title = "Text"

    def show(self, text: str) -> bool:
        """Show this text, and where it changed."""
        if not self.text:
            self.load(text)
            return bool(text)
        changed = super().show(text)
        if changed:
            self.scroll_cursor_visible(center=True)
        return changed

    def go_to(self, line: int, column: int) -> None:
        """Put the cursor there; both count from 1."""
        self.move_cursor((max(line - 1, 0), max(column - 1, 0)), center=True)
        self.focus()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tell what was typed."""
        event.stop()
        self.post_message(self.Edited())
