"""One row of the form: label, editor, and what is wrong. It announces what is typed or chosen and changes nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, OptionList, Select, Static
from textual.widgets.option_list import Option

from am_studio.tui.pointing import Send
from am_studio.tui.strangers import MUTED, joined, plain
from am_studio.tui.study.fields import Field
from am_studio.tui.study.options_line import OptionsLine


@dataclass
class Typed(Message):
    """Another text stands in a field."""

    field: Field
    text: str


@dataclass
class Chosen(Message):
    """An option of a field was taken."""

    field: Field
    value: str


@dataclass
class ModelAdded(Message):
    """A model's name was entered."""

    name: str


@dataclass
class ModelPicked(Message):
    """A model of the list was picked."""

    index: int


class ModelList(OptionList):
    """The models of the study."""

    BINDING_GROUP_TITLE = "Models"
    DEFAULT_CSS = """
    ModelList { height: auto; max-height: 8; border: none; padding: 0; background: transparent; }
    ModelList:focus { border: none; }
    ModelList > .option-list--option-highlighted { background: transparent; }
    ModelList:focus > .option-list--option-highlighted { background: $block-cursor-blurred-background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Change", id="models.change", tooltip="Settings of this model, or remove it"),
        Binding("delete,x", "remove", "Remove", id="models.remove", tooltip="Take this model out of the study"),
    ]

    @dataclass
    class Removed(Message):
        """A model is to be taken out."""

        index: int

    def action_remove(self) -> None:
        """Take the highlighted model out."""
        if self.highlighted is not None:
            self.post_message(self.Removed(self.highlighted))


class ScenarioSelect(Select[str]):
    """A choice from many. Up and down go from field to field, as everywhere in the form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Choose", id="scenario.choose", tooltip="Choose a scenario"),
        Binding(
            "up", "app.focus_previous", "Field before", id="scenario.before", tooltip="The field above", show=False
        ),
        Binding("down", "app.focus_next", "Next field", id="scenario.next", tooltip="The field below", show=False),
    ]


class FieldRow(Vertical):
    """A field of the form."""

    DEFAULT_CSS = """
    FieldRow { height: auto; }
    FieldRow > Horizontal { height: auto; }
    FieldRow .field--label { width: 20; padding-right: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    FieldRow .field--label.-here { color: $foreground; text-style: bold; }
    FieldRow .field--said { height: auto; padding-left: 20; display: none; }
    FieldRow Input { width: 1fr; }
    FieldRow Select { width: 1fr; }
    FieldRow .field--models { height: auto; width: 1fr; }
    FieldRow .field--add { height: 1; }
    """

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self._said = Content()
        self._composed = False
        """Whether there is an editor to show the field in."""

    def compose(self) -> ComposeResult:
        """The label with the editor beside it, and what is said of the value below."""
        with Horizontal():
            yield Static(plain(self.field.label), classes="field--label")
            yield from self._editor()
        yield Static(classes="field--said")

    def _editor(self) -> ComposeResult:
        field = self.field
        match field.kind:
            case "choice" | "several":
                yield OptionsLine(several=field.kind == "several")
            case "scenario":
                options = [(plain(option.label), option.value) for option in field.options]
                chosen = field.value if field.value else Select.NULL
                yield ScenarioSelect(
                    options, value=chosen, allow_blank=not field.value, compact=True, prompt="choose one"
                )
            case "models":
                with Vertical(classes="field--models"):
                    yield ModelList(markup=False, compact=True)
                    with Horizontal(classes="field--add"):
                        yield Input(placeholder="add a model: name, enter", compact=True)
                        yield Send("Add")
            case _:
                yield Input(field.value, compact=True)

    def on_mount(self) -> None:
        """Show what the field says."""
        # A studio that is being left takes rows away while they are still being put there.
        self._composed = self.app.is_running
        self.show(self.field)

    def on_descendant_focus(self) -> None:
        """The label of the field with the focus stands out."""
        self.query_one(".field--label").add_class("-here")

    def on_descendant_blur(self) -> None:
        """It does not any more."""
        self.query_one(".field--label").remove_class("-here")

    @property
    def editor(self) -> Widget:
        """What takes the focus."""
        return next(widget for widget in self.query("OptionsLine, Select, Input, ModelList") if widget.focusable)

    def show(self, field: Field, *, keep_text: bool = False) -> None:
        """Show a field of the same shape; with `keep_text` what stands in its input stays as somebody types it."""
        before, self.field = self.field, field
        if not (self._composed and self.is_attached):
            return
        match field.kind:
            case "choice":
                self.query_one(OptionsLine).show(field.options, (field.value,))
            case "several":
                self.query_one(OptionsLine).show(field.options, field.values)
            case "scenario":
                select = self.query_one(Select)
                with select.prevent(Select.Changed):
                    if field.options != before.options:
                        select.set_options(_choices(field))
                    select.value = field.value or Select.NULL
            case "models":
                self._show_models(field)
            case _:
                entry = self.query_one(Input)
                entry.placeholder = plain(field.empty).plain
                if not keep_text and entry.value != field.value:
                    with entry.prevent(Input.Changed):
                        entry.value = field.value
        self._say(field)

    def complain(self, problem: str) -> None:
        """Say what is wrong with what is typed, until the field is shown again."""
        self._tell(plain(f"! {problem}", "$text-error"))

    def _say(self, field: Field) -> None:
        wrong = [plain(f"! {problem}", "$text-error") for problem in field.problems]
        noted = [plain(field.note, MUTED)] if field.note else []
        self._tell(joined(*wrong, *noted, between="\n"))

    def _tell(self, said: Content) -> None:
        if said.plain == self._said.plain:
            return
        self._said = said
        shown = self.query_one(".field--said", Static)
        shown.update(said)
        shown.display = bool(said.plain)

    def _show_models(self, field: Field) -> None:
        models = self.query_one(ModelList)
        kept = models.highlighted
        models.set_options(Option(_model(option.label, option.note)) for option in field.options)
        if field.options:
            models.highlighted = min(kept or 0, len(field.options) - 1)
        models.disabled = not field.options
        self.query_one(Input).suggester = SuggestFromList(field.completions, case_sensitive=False)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.field.kind != "models" and event.value != self.field.value:
            self.post_message(Typed(self.field, event.value))

    @on(Input.Submitted)
    @on(Send.Pressed)
    def _entered(self, event: Input.Submitted | Send.Pressed) -> None:
        event.stop()
        entry = self.query_one(Input)
        name = entry.value.strip()
        if self.field.kind == "models" and name:
            entry.value = ""
            self.post_message(ModelAdded(name))

    @on(OptionsLine.Asked)
    def _asked(self, event: OptionsLine.Asked) -> None:
        event.stop()
        self.post_message(Chosen(self.field, event.value))

    @on(Select.Changed)
    def _selected(self, event: Select.Changed) -> None:
        event.stop()
        if isinstance(event.value, str) and event.value != self.field.value:
            self.post_message(Chosen(self.field, event.value))

    @on(OptionList.OptionSelected, "ModelList")
    def _picked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(ModelPicked(event.option_index))


def _choices(field: Field) -> list[tuple[Content, str]]:
    return [(plain(option.label), option.value) for option in field.options]


def _model(name: str, note: str) -> Content:
    return joined(plain(name, "bold"), plain(f"  {note}", MUTED))
