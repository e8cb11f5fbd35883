"""One tab of scenario.yaml as a form: the records in a list, the fields of the chosen one below. Writes nothing itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Label, OptionList, Select, TextArea

from am_studio.foundation.errors import Problem, StudioError
from am_studio.tui.author.fields import Field, Path, Record, Tab, meaning
from am_studio.tui.author.row_list import ListRow, RowList
from am_studio.tui.author.steady import Steady
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import EmptyState

PAUSE = 0.3
"""Seconds after the last key before a field is written: reading scenario.yaml again takes longer than a key press."""
LONGEST = 1.0
"""Seconds after the first key when it is written although somebody is still typing, so that it is in the drafts."""


class RecordList(RowList):
    """The records of a tab."""

    BINDING_GROUP_TITLE = "Records"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "screen.add_record", "Add", id="records.add", tooltip="Add one"),
        Binding("delete,x", "screen.remove_record", "Remove", id="records.remove", tooltip="Remove this one"),
    ]


class RecordForm(Vertical):
    """A list of records over the fields of one of them."""

    DEFAULT_CSS = """
    RecordForm RecordList { height: auto; max-height: 35%; border-bottom: solid $panel; }
    RecordForm VerticalScroll { scrollbar-size-vertical: 1; height: 1fr; padding: 0 1; }
    RecordForm Label { color: $text-muted; margin-top: 1; }
    RecordForm Input { width: 1fr; }
    RecordForm TextArea { height: auto; min-height: 2; max-height: 12; border: none; padding: 0; background: $boost; }
    RecordForm Select { width: 1fr; }
    RecordForm .record--problems { color: $text-error; height: auto; max-height: 6; padding: 0 1; }
    """

    @dataclass
    class Edited(Message):
        """A field says something else."""

        field: Field
        value: str

    def __init__(self, tab: Tab) -> None:
        super().__init__(id=f"form-{tab}")
        self.tab = tab
        self._records: tuple[Record, ...] = ()
        self._shown: tuple[object, ...] = ()
        self._showing = asyncio.Lock()
        """Fields are taken away and put there in several steps, which nobody may interrupt."""
        self._waiting: Timer | None = None
        self._since = 0.0
        """When the first of the pending keys was pressed, by the monotonic clock."""
        self._said: dict[Path, str] = {}
        """What each field's widget said when it was last listened to: another value was typed, and its message is on its way."""
        self._pending: dict[Path, tuple[Field, str]] = {}
        self._widgets: dict[Path, Widget] = {}

    def compose(self) -> ComposeResult:
        """Records above, fields below."""
        yield RecordList(id=f"records-{self.tab}")
        yield VerticalScroll(id=f"fields-{self.tab}", can_focus=False)
        yield Steady(classes="record--problems")

    @property
    def record(self) -> Record | None:
        """The chosen record."""
        return next((record for record in self._records if record.key == self.key), None)

    @property
    def key(self) -> str:
        """Key of the chosen record; empty when there is none."""
        return self.query_one(RecordList).current

    async def show(self, records: Sequence[Record], problems: Sequence[Problem], current: str = "") -> None:
        """Show these records, and what is wrong with the chosen one."""
        self._records = tuple(records)
        listing = self.query_one(RecordList)
        listing.show([ListRow(record.key, plain(record.title)) for record in records], current)
        if not listing.current and records:
            listing.highlight(records[0].key)
        async with self._showing:
            await self._show_fields(problems)

    async def _show_fields(self, problems: Sequence[Problem] = ()) -> None:
        record = self.record
        shape = (record.key, *((field.path, field.kind) for field in record.fields)) if record else ()
        holder = self.query_one(VerticalScroll)
        if shape != self._shown or not holder.children:
            self._flush()
            self._shown = shape
            await holder.remove_children()
            await holder.mount(*self._made(record))
        elif record is not None:
            for field in record.fields:
                self._refresh(field)
        told = "\n".join(f"line {problem.place.line}: {problem.message}; {problem.hint}" for problem in problems)
        self.query_one(".record--problems", Steady).say(plain(told))

    def _made(self, record: Record | None) -> list[Widget]:
        self._widgets, self._said = {}, {}
        if record is None:
            return [EmptyState("Nothing here yet: press a in the list to add one.")]
        widgets: list[Widget] = []
        for field in record.fields:
            self._widgets[field.path] = _widget(field)
            self._said[field.path] = field.value
            widgets += [Label(plain(_label(field))), self._widgets[field.path]]
        return widgets

    def _refresh(self, field: Field) -> None:
        """Show a field's value where it is not what is being typed already."""
        if field.path in self._pending:
            return
        widget = self._widgets[field.path]
        if isinstance(widget, Select):
            with self.prevent(Select.Changed):
                widget.value = field.value if field.value in field.choices else Select.NULL
        elif isinstance(widget, Input) and self._may_show(field, widget.value):
            with self.prevent(Input.Changed):
                widget.value = self._said[field.path] = field.value
        elif isinstance(widget, TextArea) and self._may_show(field, widget.text):
            with self.prevent(TextArea.Changed):
                widget.text = self._said[field.path] = field.value

    def _may_show(self, field: Field, stands: str) -> bool:
        """Whether a widget says something else than the file, and nobody has typed it just now."""
        return stands == self._said.get(field.path) and not _same(field, stands)

    # What is typed. --------------------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    async def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        async with self._showing:
            await self._show_fields()

    @on(Input.Changed)
    def _line_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._typed(event.input, event.value)

    @on(TextArea.Changed)
    def _text_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._typed(event.text_area, event.text_area.text)

    @on(Select.Changed)
    def _choice_changed(self, event: Select.Changed) -> None:
        event.stop()
        self._typed(event.select, "" if event.value is Select.NULL else str(event.value))
        self._flush()

    def _typed(self, widget: Widget, value: str) -> None:
        fields = self.record.fields if self.record is not None else ()
        field = next((field for field in fields if self._widgets.get(field.path) is widget), None)
        if field is not None:
            self._said[field.path] = value
        if field is None or (field.value == value and field.path not in self._pending):
            return
        if not self._pending:
            self._since = time.monotonic()
        self._pending[field.path] = (field, value)
        if self._waiting is not None:
            self._waiting.stop()
        self._waiting = self.set_timer(max(min(PAUSE, self._since + LONGEST - time.monotonic()), 0.01), self._flush)

    def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        for field, value in pending.values():
            self.post_message(self.Edited(field, value))


def _same(field: Field, typed: str) -> bool:
    """Whether what is typed means what the file says, such as a list with a comma too many."""
    try:
        return bool(meaning(field.kind, typed) == meaning(field.kind, field.value))
    except StudioError:
        return True


def _label(field: Field) -> str:
    """Its name, whether it is needed, and what a choice that is not set means."""
    unset = f" (not set: {field.hint})" if field.kind == "choice" and field.hint else ""
    return field.label + (" *" if field.required else "") + unset


def _widget(field: Field) -> Widget:
    if field.kind == "choice":
        value = field.value if field.value in field.choices else Select.NULL
        options = [(plain(choice), choice) for choice in field.choices]
        return Select(options, value=value, prompt="not set", compact=True)
    if field.kind in ("text", "lines", "yaml"):
        return TextArea(field.value, compact=True, placeholder=plain(field.hint))
    return Input(field.value, placeholder=field.hint, compact=True)
