"""How the studio looks beyond its theme: close spacing, tables as sentences, and no colour at all.

Each is a class on the app with rules of its own, which are read when it is first asked for. Nothing here knows a screen's
data; what a table says in words is for the table to know (`tui/linear.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.reactive import reactive
from textual.theme import Theme

from am_studio.foundation.plainly import plainly, tell_plainly
from am_studio.foundation.studio_looks import StudioLooks
from am_studio.tui.strangers import StudioLineFilter

CLOSE_CSS = """
.-close {
    Tabs { height: 1; }
    Tabs Underline { display: none; }
    TabbedContent ContentTabs { height: 1; }
    Tab.-active { text-style: bold underline; }
    EmptyState { padding: 0 1; }
    Input { height: 1; border: none; padding: 0 1; background: $boost; }
    Input.-textual-compact { padding: 0; }
    Input:focus { border: none; }
    Button { height: 1; border: none; padding: 0 1; }
    Button:hover, Button:focus { border: none; }
    ChoiceScreen > Vertical, AskScreen > Vertical, PressScreen > Vertical { padding: 0 1; }
    .dialog--title { margin-bottom: 0; }
    ChoiceScreen Horizontal, AskScreen Horizontal { margin-top: 0; }
    SettingRow { margin-bottom: 0; }
    SettingsScreen VerticalScroll { padding: 0 1; }
    SettingsScreen .settings--file { margin-bottom: 0; }
    StudyFormView .form--section { margin-top: 0; }
    StudyLayout #hint { height: 1; }
    RecordForm Label { margin-top: 0; }
    BoardScreen #arms { margin-top: 0; }
    BoardScreen #stamp, ReportScreen #stamp, ResultsScreen #stamp { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    BoardScreen #log { height: 4; }
    BoardScreen.-short #log { height: 3; }
    BoardScreen #footnote { max-height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ResultsScreen #summary { max-height: 4; margin: 0; }
    ResultsScreen #details { min-height: 1; max-height: 2; border-top: none; background: $surface; }
    ResultsScreen #notes { height: 20%; min-height: 2; }
    ResultsScreen.-short #notes { height: 1; min-height: 1; }
    TranscriptsScreen #legend { display: none; }
    LibraryScreen #recent > .title { display: none; }
    HelpScreen #help { padding: 0 1; }
}
"""
"""Margins, paddings, borders and second lines go; what they set apart stays apart by its ground or its line."""
LINEAR_CSS = """
.-linear {
    * { border: none; scrollbar-size: 0 0; outline: none; }
    Tabs { height: 1; }
    Tabs Underline { display: none; }
    TabbedContent ContentTabs { height: 1; }
    Tab.-active { text-style: bold underline; }
    Input { height: 1; padding: 0 1; background: $boost; }
    Input.-textual-compact { padding: 0; }
    Button { height: 1; padding: 0 1; }
    Bar { display: none; }
    Divider.-across { border-top: blank $panel; }
    Divider.-across.-here { border-title-style: reverse; }
    PlanPane, YamlArea, InboxList, #details-pane, ProblemList, #log, #notes, TrustPanel #panel { border-top: blank $panel; }
    PlanPane:focus, YamlArea:focus, InboxList:focus, ProblemList:focus, #log:focus, #notes:focus { border-top: blank $panel; border-title-style: reverse; }
    LibraryScreen > Horizontal, ReportScreen > Horizontal, TranscriptsScreen #body, TranscriptsScreen #texts { layout: vertical; }
    PacksScreen > Horizontal, ChangesScreen > Horizontal, AuthorScreen > Horizontal, StudyLayout > Horizontal, StudyLayout #side { layout: vertical; }
    PacksScreen #packs, ChangesScreen #parts, LibraryScreen #scenarios, ReportScreen #parts, TranscriptsScreen #listing, AuthorScreen #left { width: 1fr; height: 40%; }
    PacksScreen #page, ChangesScreen #page, LibraryScreen #facts, ReportScreen #page, TranscriptsScreen #texts, AuthorScreen #editor { width: 1fr; height: 1fr; }
    AuthorScreen #preview-column, StudyLayout #form, StudyLayout #side { width: 1fr; height: 1fr; }
    TranscriptsScreen.-narrow #listing, AuthorScreen.-narrow #left { height: 1fr; }
    TranscriptsScreen #legend, TranscriptsScreen #heading { display: none; }
}
"""
"""Nothing is drawn: no line, box, bar or block; panes stand one under the other, for a reader goes from line to line."""
MONO_CSS = """
.-mono {
    Tab.-active { text-style: bold underline; }
    *:focus { border-title-style: bold reverse; }
    Divider.-here { border-title-style: bold reverse; }
    DataTable > .datatable--header { text-style: bold underline; background: #000000; }
    DataTable > .datatable--cursor, OptionList > .option-list--option-highlighted { text-style: bold underline; }
    Tree > .tree--cursor, TrialList > .trials--cursor { text-style: bold underline; }
    DataTable:focus > .datatable--cursor, OptionList:focus > .option-list--option-highlighted { background: #ffffff; text-style: bold; }
    Tree:focus > .tree--cursor, TrialList:focus > .trials--cursor { background: #ffffff; text-style: bold; }
    PreviewPane > .preview--cursor-row { text-style: underline; }
    Select:focus SelectCurrent, Switch:focus { background: #ffffff; color: #000000; text-style: bold; }
    VerticalScroll:focus, OptionsLine:focus { text-style: bold; }
    OptionsLine:focus { background: #000000; }
    Button { background: #000000; color: #ffffff; }
    Button:focus { background: #ffffff; color: #000000; text-style: bold; }
    TextArea:focus .text-area--cursor-line { text-style: bold; }
}
"""
"""What colours tell is told by bold, underlined and reversed text."""
MONO = Theme(
    name="am-mono",
    primary="#ffffff",
    secondary="#ffffff",
    warning="#ffffff",
    error="#ffffff",
    success="#ffffff",
    accent="#ffffff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    boost="#000000",
    dark=True,
    text_alpha=1.0,
    variables={
        "block-cursor-background": "#ffffff",
        "block-cursor-foreground": "#000000",
        "block-cursor-blurred-background": "#000000",
        "block-hover-background": "#000000",
        "input-cursor-background": "#ffffff",
        "input-selection-background": "#ffffff",
        "scrollbar": "#ffffff",
        "scrollbar-background": "#000000",
        "scrollbar-hover": "#ffffff",
        "scrollbar-active": "#ffffff",
        "scrollbar-corner-color": "#000000",
        "screen-selection-background": "#ffffff",
    },
)
"""Where no colour may be shown: a light ground in it stands for reversed text, and `NoColours` takes the rest away."""
_LIGHT = 128
"""From here on the mean of red, green and blue is a light ground."""


Colours = Literal["all", "sixteen", "none"]


class NoColours(LineFilter):
    """Takes every colour from a line. A light ground becomes reversed text; bold, underlined and struck text stays."""

    def apply(self, segments: Iterable[Segment], background: Color) -> list[Segment]:
        """The segments without colour."""
        return [Segment(text, _bare(style) if style else style, control) for text, style, control in segments]


@lru_cache(maxsize=4096)
def _bare(style: Style) -> Style:
    ground = style.bgcolor
    light = ground is not None and ground.triplet is not None and sum(ground.triplet) >= 3 * _LIGHT
    bare = style.without_color
    return bare + Style(reverse=light != bool(style.reverse))


class LooksApp(App[None]):
    """An app that can be worn close, linear and without colour."""

    linear: reactive[bool] = reactive(False)
    """Whether tables are told as sentences, and nothing is drawn."""
    close: reactive[bool] = reactive(False)
    """Whether space is saved."""

    def __init__(self, *, plain: bool = False) -> None:
        """`plain`: linear whatever the settings say."""
        super().__init__()
        self.asked_plain = plain
        self.colours: Colours = "all"
        """How many the terminal shows."""
        self._safe = StudioLineFilter()
        self._no_colours = NoColours()

    @property
    def mono(self) -> bool:
        """Whether no colour may be shown: NO_COLOR says so, or the terminal has none."""
        return self.no_color or self.colours == "none"

    def heed_terminal(self) -> None:
        """Show no more colours than the terminal has: with sixteen, those of other themes would be changed beyond use."""
        system = self.console.color_system
        self.colours = "none" if system is None else "sixteen" if system == "standard" else "all"

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The filter that strips strangers' text, then Textual's own, or the one that takes all colours away."""
        # Strips cache what a filter made of them by the filter itself: it has to be the same one every time.
        return (self._safe, self._no_colours) if self.mono else (self._safe, *super().get_line_filters())

    def use_looks(self, looks: StudioLooks) -> None:
        """Wear these; on screens that are open as well."""
        # Reports and boards are read here too: what they say follows.
        tell_plainly(True if self.asked_plain or looks.tables == "linear" else None)
        self.linear = plainly()
        self.close = looks.spacing == "compact"
        worn = (("-close", self.close, CLOSE_CSS), ("-linear", self.linear, LINEAR_CSS), ("-mono", self.mono, MONO_CSS))
        changed = [name for name, on, _ in worn if on != self.has_class(name)]
        for name, on, css in worn:
            if on:
                self.stylesheet.add_source(css, read_from=("am_studio.tui.looks", name))
            self.set_class(on, name, update=False)
        if self.linear:
            self.animation_level = "none"
        if changed and self.is_running:
            self.refresh_css(animate=False)


def is_linear(node: DOMNode) -> bool:
    """Whether tables are told as sentences where this widget is."""
    app: App[Any] = node.app
    return isinstance(app, LooksApp) and app.linear


def is_close(node: DOMNode) -> bool:
    """Whether space is saved where this widget is."""
    app: App[Any] = node.app
    return isinstance(app, LooksApp) and app.close
