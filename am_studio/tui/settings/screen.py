"""The settings as a form, made from what the settings file may say: every field with its description, saved as it is set.

Keys of models never appear: those are written into the file by hand. Which key does what has a screen of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Input, Label, Select, Static, Switch

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import settings_file, shown_path
from am_studio.foundation.settings import SettingsForm, user_settings
from am_studio.foundation.studio_form import StudioForm
from am_studio.tui.looks import is_linear
from am_studio.tui.settings.store import save_setting
from am_studio.tui.strangers import escaped, plain
from am_studio.tui.themes import theme_names
from am_studio.tui.widgets import StudioFooter, TitleBar

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that may be set."""

    path: tuple[str, ...]
    description: str
    options: tuple[str, ...] | None
    """What it may be; None: any text or number."""
    value: str | bool | float
    """As it is."""
    fresh: str | bool | float
    """As it is when nothing is said."""

    @property
    def name(self) -> str:
        """As the file has it, such as `studio.theme`."""
        return ".".join(self.path)


def settings_shown() -> tuple[Setting, ...]:
    """Every setting that is one word, number or choice; StudioError when the settings file cannot be used."""
    now = user_settings()
    found = [*_of(StudioForm, now.studio, ("studio",)), *_of(SettingsForm, now, ())]
    return tuple(found)


def _of(form: type[BaseModel], values: object, under: tuple[str, ...]) -> Iterator[Setting]:
    for name, field in form.model_fields.items():
        fresh = field.get_default(call_default_factory=True)
        if isinstance(fresh, (str, bool, float)):
            options = theme_names() if (*under, name) == ("studio", "theme") else _options(field)
            yield Setting((*under, name), field.description or "", options, getattr(values, name), fresh)


def _options(field: FieldInfo) -> tuple[str, ...] | None:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else None


class SettingSelect(Select[str]):
    """A choice from many. Up and down go from setting to setting."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Choose", id="setting.choose", tooltip="Choose another"),
        Binding("up", "app.focus_previous", "Before", id="setting.before", tooltip="The setting before", show=False),
        Binding("down", "app.focus_next", "Next", id="setting.next", tooltip="The next setting", show=False),
    ]


class OnOff(Switch):
    """A switch that says which it is, for those who see no colour."""

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as what it says."""
        return len("[■] off")

    def render(self) -> Content:
        """A box and a word."""
        return plain(f"[{'x' if is_linear(self) else '■'}] on" if self.value else "[ ] off")


class SettingRow(Horizontal):
    """A setting: its name, what it is set to, what it does."""

    DEFAULT_CSS = """
    SettingRow { height: auto; margin-bottom: 1; }
    SettingRow .setting--name { width: 26; padding-top: 0; }
    SettingRow Vertical { height: auto; width: 1fr; }
    SettingRow Switch, SettingRow Input { height: 1; border: none; padding: 0 1; width: 24; }
    SettingRow Switch:focus { border: none; background: $block-cursor-background; color: $block-cursor-foreground; }
    SettingRow Input { background: $boost; }
    SettingRow Select { width: 30; }
    SettingRow .setting--told { color: $foreground-muted; height: auto; }
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting

    def compose(self) -> ComposeResult:
        """Name, editor, description."""
        setting = self.setting
        yield Label(plain(setting.name, "bold"), classes="setting--name")
        with Vertical():
            if isinstance(setting.value, bool):
                yield OnOff(setting.value, animate=False)
            elif setting.options:
                known = setting.value if setting.value in setting.options else setting.options[0]
                yield SettingSelect(
                    [(escaped(option), option) for option in setting.options],
                    value=str(known),
                    allow_blank=False,
                    compact=True,
                )
            else:
                kind: Literal["number", "text"] = "number" if isinstance(setting.value, float) else "text"
                shown = f"{setting.value:g}" if isinstance(setting.value, float) else str(setting.value)
                yield Input(shown, type=kind, compact=True)
            yield Static(plain(setting.description), classes="setting--told")


class SettingsScreen(Screen[None]):
    """What may be set."""

    BINDING_GROUP_TITLE = "Settings"
    DEFAULT_CSS = """
    SettingsScreen VerticalScroll { padding: 1 2; }
    SettingsScreen .settings--file { color: $foreground-muted; margin-bottom: 1; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.go_back", "Back", id="settings.back", tooltip="Back to the screen before"),
        Binding("f4,e", "keys", "Keys", id="settings.keys", tooltip="Which key does what"),
        Binding("up", "app.focus_previous", "Before", id="settings.before", tooltip="The setting before", show=False),
        Binding("down", "app.focus_next", "Next", id="settings.next", tooltip="The next setting", show=False),
    ]

    def __init__(self, shown: Sequence[Setting]) -> None:
        super().__init__()
        self._shown = shown

    def compose(self) -> ComposeResult:
        """A row a setting."""
        yield TitleBar(plain("Settings"))
        with VerticalScroll(can_focus=False):
            told = f"Saved as you set them, in {shown_path(settings_file())}. Models, prices and keys of providers are written there by hand."
            yield Static(plain(told), classes="settings--file")
            for setting in self._shown:
                yield SettingRow(setting)
        yield StudioFooter()

    @on(Switch.Changed)
    @on(Select.Changed)
    @on(Input.Submitted)
    @on(Input.Blurred)
    def _set(self, event: Switch.Changed | Select.Changed | Input.Submitted | Input.Blurred) -> None:
        row = next(each for each in self.query(SettingRow) if event.control in each.query("*"))
        self._save(row, event.value)

    def _save(self, row: SettingRow, value: Any) -> None:
        """Save what a row was set to, when it differs; what cannot be saved is told, and nothing is lost."""
        setting = row.setting
        now = str(value).lower() if isinstance(value, bool) else str(value)
        before = str(setting.value).lower() if isinstance(setting.value, bool) else f"{setting.value}"
        if now == before or (isinstance(setting.value, float) and now and float(now) == setting.value):
            return
        try:
            save_setting(setting.path, now)
            fresh = {each.path: each for each in settings_shown()}
            row.setting = fresh[setting.path]
            cast("StudioApp", self.app).use_settings()
        except StudioError as error:
            cast("StudioApp", self.app).show_error(error)

    def action_keys(self) -> None:
        """Show which key does what."""
        cast("StudioApp", self.app).open_keys()
