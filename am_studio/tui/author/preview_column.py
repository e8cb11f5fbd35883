"""The right column: which variant is shown, its prompt, where the text under the cursor comes from, and the problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList

from am_studio.foundation.errors import Place, Problem
from am_studio.tui.author.preview import told
from am_studio.tui.author.preview_pane import PreviewPane
from am_studio.tui.author.row_list import ListRow, RowList
from am_studio.tui.author.state import Asked, Shown, problem_order
from am_studio.tui.author.steady import Steady
from am_studio.tui.strangers import MUTED, joined, plain


class ProblemList(RowList):
    """What `check` finds, errors first."""

    BINDING_GROUP_TITLE = "Problems"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Go there", id="problems.go", tooltip="Go to the file and line"),
    ]


class PreviewColumn(Vertical):
    """Preview with its head, its status line, and the problems."""

    DEFAULT_CSS = """
    PreviewColumn #variant { height: auto; max-height: 4; padding: 0 1; background: $boost; }
    PreviewColumn #tokens, PreviewColumn #source { height: 1; padding: 0 1; color: $text-muted; background: $boost; text-wrap: nowrap; text-overflow: ellipsis; }
    PreviewColumn ProblemList { height: auto; max-height: 7; border-top: solid $error; border-title-color: $text-error; }
    PreviewColumn ProblemList.-warnings { border-top: solid $warning; border-title-color: $text-warning; }
    """

    class GoTo(Message):
        """The author wants to see the place of a problem."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._problems: tuple[Problem, ...] = ()
        self._tokens, self._findings = 0, 0

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Steady(id="variant")
        yield Steady(id="tokens", steady=True)
        yield PreviewPane(id="preview")
        yield Steady(id="source", steady=True)
        yield ProblemList(id="problems")

    def on_mount(self) -> None:
        """Without problems there is no list."""
        self.query_one(ProblemList).display = False

    def show(self, shown: Shown, asked: Asked, dark: bool) -> None:
        """Show this."""
        self.query_one("#variant", Steady).say(_head(shown, asked, dark))
        self._tokens = shown.tokens
        self._say_size()
        self.query_one(PreviewPane).show(shown.lines, shown.marks, dark=dark, old=not shown.current)

    def show_findings(self, number: int) -> None:
        """Say how many findings of the lint there are."""
        self._findings = number
        self._say_size()

    def _say_size(self) -> None:
        tokens = plain(f"≈ {self._tokens:,} tokens a trial (characters / 4)")
        found = plain(f"? {self._findings} finding{'s' * (self._findings != 1)} (ctrl+l)", "bold $text-warning")
        self.query_one("#tokens", Steady).say(joined(found, tokens, between=" · ") if self._findings else tokens)

    def show_problems(self, problems: Sequence[Problem], file: str) -> None:
        """List these problems, those of `file` first among their like."""
        self._problems = tuple(sorted(problems, key=problem_order(file)))
        errors = sum(problem.severity == "error" for problem in problems)
        listing = self.query_one(ProblemList)
        listing.display = bool(problems)
        listing.set_class(not errors, "-warnings")
        listing.border_title = plain(f"{errors} errors, {len(problems) - errors} warnings")
        listing.show([ListRow(str(problem), _problem(problem)) for problem in self._problems])

    def note(self, words: Content) -> None:
        """Say something in the status line, until the cursor moves."""
        self.query_one("#source", Steady).say(words)

    @on(PreviewPane.Moved)
    def _moved(self, message: PreviewPane.Moved) -> None:
        source = message.source
        self.query_one("#source", Steady).say(plain(told(source) if source else ""))

    @on(OptionList.OptionSelected)
    def _go(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.GoTo(self._problems[event.option_index].place))


def _head(shown: Shown, asked: Asked, dark: bool) -> Content:
    """Variant, size and state in words."""
    chosen = [row for row in shown.details if row.chosen != row.default]
    parts = [plain(f"{row.mark.letter} {row.name}={row.level}", f"bold {row.mark.colour(dark)}") for row in chosen] or [
        plain("defaults", "bold")
    ]
    notes: list[Content] = []
    if asked.show_diff:
        notes.insert(0, plain("against the defaults: [-gone-] {+new+}", "bold"))
    elif asked.show_off:
        notes.insert(0, plain("what is off is struck through", "bold"))
    if not shown.allowed:
        notes.insert(0, plain("! the constraints rule this variant out", "bold $text-error"))
    if not shown.current:
        notes.insert(0, plain("! OLD: the texts do not parse; see the problems", "bold $text-error"))
    return joined(joined(*parts, between="  "), *notes, between="  ·  ")


def _problem(problem: Problem) -> Content:
    error = problem.severity == "error"
    sign = plain("! " if error else "~ ", "bold $text-error" if error else "bold $text-warning")
    hint = plain(f"  {problem.hint}", MUTED) if problem.hint else plain("")
    return joined(sign, plain(f"{problem.place} "), plain(problem.message, "bold" if error else ""), hint)
