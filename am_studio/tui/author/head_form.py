"""An email's head as a form: one line a field, checked as it is typed, people completed from the cast."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.suggester import Suggester
from textual.widgets import Input

from am_studio.tui.author.completion import Completion, Vocabulary, in_condition, in_people
from am_studio.tui.author.heads import FIELDS, field_value
from am_studio.tui.author.steady import Steady
from am_studio.tui.strangers import plain

HINTS = {
    "from": "cast.someone",
    "to": "cast.someone, agent",
    "cc": "nobody",
    "subject": "what it is about",
    "sent": "2031-05-14T09:12",
    "when": "always there",
    "attachments": "none; plan.pdf, list.xlsx",
}
"""What an empty field shows."""


class LastWord(Suggester):
    """Completes the last word of a line; the right arrow takes it."""

    def __init__(self, complete: Callable[[str], Completion | None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        """The line with its last word completed; None where nothing begins like it."""
        found = self._complete(value)
        if found is None or not found.typed:
            return None
        typed = value[len(value) - found.typed :]
        choice = next((choice for choice in found.choices if choice.text.startswith(typed)), None)
        return value[: len(value) - found.typed] + choice.text if choice else None


class HeadLine(Input):
    """A field of the form: what is typed is handed over in the same step, what is shown is not."""

    def __init__(self, field: str, suggester: Suggester | None, keep: Callable[[str, str], None]) -> None:
        super().__init__(
            id=f"head-{field}", placeholder=HINTS[field], compact=True, suggester=suggester, select_on_focus=False
        )
        self._field, self._keep, self._showing = field, keep, False

    def show(self, value: str) -> None:
        """Show what the document says."""
        self._showing = True
        try:
            with self.prevent(Input.Changed):
                self.value = value
        finally:
            self._showing = False

    def watch_value(self, value: str) -> None:
        """Hand over what was typed."""
        if not self._showing:
            self._keep(self._field, value)


class HeadForm(Vertical):
    """The head of the selected email."""

    BINDING_GROUP_TITLE = "Email head"
    DEFAULT_CSS = """
    HeadForm { height: auto; padding: 0 1; border-bottom: solid $panel; }
    HeadForm Horizontal { height: 1; }
    HeadForm .head--label { width: 8; color: $text-muted; }
    HeadForm .head--label.-wrong { color: $text-error; text-style: bold; }
    HeadForm Input { width: 1fr; }
    HeadForm #head-problem { height: auto; color: $text-error; display: none; }
    HeadForm #head-problem.-shown { display: block; }
    """

    def __init__(self, keep: Callable[[str, str | list[str]], None], *, id: str) -> None:
        """`keep` takes a field and what it means now, as soon as somebody types."""
        super().__init__(id=id)
        self._keep = keep
        self._words = Vocabulary()

    def compose(self) -> ComposeResult:
        """A labelled line a field, and what is wrong."""
        suggesters = {
            **dict.fromkeys(("from", "to", "cc"), LastWord(lambda value: in_people(value, self._words))),
            "when": LastWord(lambda value: in_condition(value, self._words)),
        }
        for field in FIELDS:
            with Horizontal():
                yield Steady(plain(_label(field)), id=f"label-{field}", classes="head--label")
                yield HeadLine(field, suggesters.get(field), self._typed)
        yield Steady(id="head-problem")

    def show(self, values: Mapping[str, str], words: Vocabulary) -> None:
        """Show these values; a field that means the same already is left as it was typed."""
        self._words = words
        for field in FIELDS:
            line = self._line(field)
            value = values.get(field, "")
            if field_value(field, line.value) != field_value(field, value):
                line.show(value)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Mark the fields that are wrong, and say what is wrong with the one being edited, or else with the first."""
        for field in FIELDS:
            label = self.query_one(f"#label-{field}", Steady)
            label.set_class(field in problems, "-wrong")
            label.say(plain(("!" if field in problems else "") + _label(field)))
        editing = next((field for field in FIELDS if self._line(field).has_focus), "")
        first = editing if editing in problems else next(iter(problems), None)
        told = self.query_one("#head-problem", Steady)
        told.set_class(first is not None, "-shown")
        if first is not None:
            told.say(plain(f"{first}: {problems[first]}" if first else problems[first]))

    def focus_line(self, written: str) -> None:
        """Focus the field that this line of the head writes, or else the first."""
        name = written.partition(":")[0].strip()
        self._line(name if name in FIELDS else FIELDS[0]).focus()

    def _line(self, field: str) -> HeadLine:
        return self.query_one(f"#head-{field}", HeadLine)

    def _typed(self, field: str, value: str) -> None:
        self._keep(field, field_value(field, value))


def _label(field: str) -> str:
    return "attach" if field == "attachments" else field
