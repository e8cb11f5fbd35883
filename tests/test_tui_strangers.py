"""Strangers' text stays text: whatever it holds, it is shown as it is, acts on nothing, and reaches no terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.color import Color
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.filter import LineFilter
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Checkbox, DataTable, Input, Label, OptionList, Select, Static, Tabs, TextArea, Tree
from textual.widgets.option_list import Option

import am_studio.tui
from am_studio.foundation.hygiene import visible
from am_studio.tui.app import StudioApp
from am_studio.tui.palette import Command, StudioCommands
from am_studio.tui.strangers import StudioLineFilter, escaped, filled, joined, plain, plain_text
from am_studio.tui.widgets import Choice, ChoiceScreen
from markup_lint import findings

ESCAPES = [
    "a\x1b[2Jb",  # clear the screen
    "a\x1b]8;;http://x.example\x07b\x1b]8;;\x07",  # a hyperlink
    "a\x1b]0;title\x07b",  # the window's title
    "a\x1b]52;c;aGk=\x07b",  # the clipboard
    "a\x1b[31mb\x1b[0m",
    "a\x1b[?1049lb",  # leave the alternate screen
    "a\x1bP1$r0m\x1b\\b",  # a device control string
    "a\x9b2Jb",  # C1 control sequence introducer
    "a\x9d0;title\x9cb",
    "a\x00b\x07\x08",
    "a\rb",
    "a\u202eb\u202c",  # right to left override
    "a\u2066b\u2069",  # isolates
    "a\u200bb\u200d\ufeff",  # zero width
    "a\U000e0041\U000e0042b\U000e007f",  # tag characters
]
MARKUPS = [
    "[/think]",
    "[think]",
    "[@click=app.quit]x[/]",
    "[@click=app.quit()]x[/@click]",
    "[bold",
    "[bold]x[/bold]",
    "[red on blue]x[/]",
    "[/]",
    "[[b]]",
    "[link=http://x.example]x[/link]",
    "[$primary]x[/]",
    "[b]x[/i]",
    "\\[b]x\\",
    ":smile: [blink]x",
    "[b]$name[/b] {name} %s",
    "[on #ff0000 50%]x[reverse",
]
PAYLOADS = [*ESCAPES, *MARKUPS]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(autouse=True)
def _nothing_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def shows(pilot: Pilot[None], text: str, times: int = 1) -> None:
    """Waits until the screen has this text so many times."""
    for _ in range(1500):
        if screen_text(pilot.app).count(text) >= times:
            return
        await pilot.pause(0.02)
    raise AssertionError(screen_text(pilot.app))


OUR_CLICKS = {("‹ Back", "app.go_back"), ("≡ Menu", "app.command_palette"), ("[×]", "screen.leave")}
"""Words of ours that are clicked, and what they do."""


def screen_text(app: App[None]) -> str:
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips(app.size)
    )


def assert_harmless(app: App[None]) -> None:
    """No byte on its way to the terminal but text and colours, and nothing in it that can be clicked but our own words."""
    console = Console(force_terminal=True, color_system="truecolor", width=app.size.width)
    written = []
    for strip in app.screen._compositor.render_strips(app.size):
        assert strip.cell_length == sum(cell_len(segment.text) for segment in strip) == app.size.width
        written.append(strip.render(console))
        for text, style in {(segment.text, segment.style) for segment in strip if segment.style}:
            assert not style.link
            if "@click" in style.meta:
                assert (text, style.meta["@click"]) in OUR_CLICKS
    for line in written:
        text = COLOURS.sub("", line)
        assert visible(text).translate({9: None, 10: None}) == text


class Bare(StudioApp):
    """The studio's app without its library: its filters, its toasts, its palette."""

    def __init__(self, commands: list[Command] | None = None) -> None:
        super().__init__()
        self.commands = commands or []

    def get_default_screen(self) -> Screen[None]:
        return Screen()

    def palette_commands(self) -> list[Command]:
        return self.commands


class Showcase(VerticalScroll):
    """Shows one text in everything that shows text, through the helpers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.border_title = plain(text)
        self.styles.border = ("round", "white")

    def compose(self) -> ComposeResult:
        text = self.text
        yield Static(plain(text))
        yield Label(joined(plain("we: "), plain(text, "bold")))
        yield Button(plain(text))
        yield Checkbox(plain(text))
        table: DataTable[Text] = DataTable()
        table.add_column(plain_text(text))
        table.add_row(plain_text(text))
        yield table
        tree: Tree[None] = Tree(plain_text(text))
        tree.root.add_leaf(plain_text(text))
        tree.root.expand()
        yield tree
        yield OptionList(Option(plain(text)))
        yield Select([(plain(text), 1)], value=1, prompt=escaped(text))
        yield Tabs(plain(text))
        yield Input(text)
        yield Input(placeholder=text)
        yield TextArea(text)


GROUPS = [PAYLOADS[start : start + 8] for start in range(0, len(PAYLOADS), 8)]
WIDTH = 60


@pytest.mark.asyncio
@pytest.mark.parametrize("payloads", GROUPS, ids=["cursor and links", "C1 and directions", "tags", "styles"])
async def test_hostile_text_is_shown_as_it_is_by_every_widget(payloads: list[str]) -> None:
    app = Bare()
    async with app.run_test(size=(WIDTH * len(payloads), 70)) as pilot:
        await app.screen.mount(Horizontal(*(Showcase(payload) for payload in payloads)))
        await shows(pilot, "we: ", times=len(payloads))
        await pilot.pause()
        for number, payload in enumerate(payloads):
            column = "\n".join(line[number * WIDTH :][:WIDTH] for line in screen_text(app).splitlines())
            assert column.count(visible(payload)) >= 14, column
        assert_harmless(app)


@pytest.mark.asyncio
@pytest.mark.parametrize("payloads", GROUPS, ids=["cursor and links", "C1 and directions", "tags", "styles"])
async def test_toasts_and_dialogs_quote_it_literally(payloads: list[str]) -> None:
    app = Bare()
    async with app.run_test(size=(100, 80), notifications=True) as pilot:
        for payload in payloads:
            app.notify(payload, title=payload, timeout=60)
            app.screen.notify(payload, timeout=60)
        for payload in payloads:
            await shows(pilot, visible(payload), times=3)
        assert_harmless(app)
        app.clear_notifications()
        question = filled("Delete {name}?", name=payloads[0])
        app.push_screen(ChoiceScreen(question, plain("\n".join(payloads)), (Choice("keep", "Keep", "k"),)))
        await shows(pilot, f"Delete {visible(payloads[0])}?")
        for payload in payloads:
            assert visible(payload) in screen_text(app)
        assert_harmless(app)


@pytest.mark.asyncio
async def test_the_palette_offers_hostile_names_as_text() -> None:
    app = Bare([Command(f"runs: Open {payload}", payload, "app.help") for payload in PAYLOADS])
    async with app.run_test(size=(100, 80)) as pilot:
        provider = StudioCommands(app.screen)
        for hits in ([hit async for hit in provider.search("runsopen")], [hit async for hit in provider.discover()]):
            assert [str(hit.prompt) for hit in hits] == [visible(f"runs: Open {payload}") for payload in PAYLOADS]
        await pilot.press("ctrl+p")
        await shows(pilot, "runs: Open [/think]")
        assert_harmless(app)


def test_the_filter_keeps_the_width_of_every_segment() -> None:
    line = [Segment("ab\x1b[2Jc"), Segment("漢\u200b字\t", Style(link="http://x.example")), Segment("plain")]
    clean = StudioLineFilter().apply(line, Color(0, 0, 0))
    assert [segment.text for segment in clean] == ["ab[2Jc", "漢字", "plain"]
    assert [cell_len(segment.text) for segment in clean] == [cell_len(segment.text) for segment in line]
    assert all(segment.style is None or not segment.style.link for segment in clean)


@given(st.text())
def test_whatever_the_text_the_filter_lets_no_control_through_and_moves_nothing(text: str) -> None:
    (clean,) = StudioLineFilter().apply([Segment(text)], Color(0, 0, 0))
    assert visible(clean.text) == clean.text
    assert "\n" not in clean.text
    assert cell_len(clean.text) == cell_len(text)


def test_control_segments_go_nowhere() -> None:
    from rich.control import Control

    assert StudioLineFilter().apply([Control.clear().segment], Color(0, 0, 0)) == []


@given(st.text(alphabet="[]\\/@$=ab\x1b\u202e \n"))
def test_the_helpers_say_the_same_text(text: str) -> None:
    expected = visible(text)
    assert plain(text).plain == plain_text(text).plain == expected
    assert Content.from_markup(escaped(text)).plain == expected
    assert filled("{it}", it=text).plain == expected


@pytest.mark.asyncio
async def test_the_filter_is_the_second_fence_when_a_widget_forgets_the_first() -> None:
    app = Bare()
    async with app.run_test(size=(60, 20)) as pilot:
        await app.screen.mount(Static(Content("before \x1b[2J\u202eafter", strip_control_codes=False)))
        await shows(pilot, "before [2Jafter")
        assert_harmless(app)


def test_the_filters_of_textual_stay() -> None:
    filters = StudioApp().get_line_filters()
    assert isinstance(filters[0], StudioLineFilter)
    assert all(isinstance(each, LineFilter) for each in filters)
    assert StudioApp().get_line_filters()[0] is not filters[0]


# The lint. --------------------------------------------------------------------------------------------------------------


def test_no_widget_of_the_studio_is_given_text_of_unknown_origin() -> None:
    assert findings(Path(am_studio.tui.__file__).parent) == []


@pytest.mark.parametrize(
    "line",
    [
        "Static(name)",
        "Label(f'Hello {name}')",
        "Button(run.name)",
        "yield Static('a' + name)",
        "Static(', '.join(names))",
        "Static(str(name))",
        "Static('%s' % name)",
        "self.query_one(Static).update(name)",
        "table.add_row('ok', name)",
        "table.add_row(*names)",
        "table.add_columns(*[name for name in names])",
        "OptionList(Option(name))",
        "options.add_option(name)",
        "options.add_options([name])",
        "Select([(name, 1)])",
        "Select((name, name) for name in names)",
        "Select([], prompt=name)",
        "TabPane(title=name)",
        "Checkbox(label=name)",
        "tree.root.add_leaf(name)",
        "node.add(name, data=1)",
        "node.set_label(name)",
        "widget.border_title = name",
        "widget.tooltip = f'{name}'",
        "widget.with_tooltip(name)",
        "self.notify(name)",
        "self.notify(f'Saved {name}', title='Saved')",
        "Content.from_markup(name)",
        "Static(Content.from_markup(f'[b]{name}[/b]'))",
        "Collapsible(title=name)",
        "Static('yes' if name else name)",
        "Mine(name)",
    ],
)
def test_the_lint_finds(line: str, tmp_path: Path) -> None:
    assert lint(line, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "Static('our words')",
        "Static('yes' if name else 'no')",
        "Static(plain(name))",
        "Static(joined(plain(name), plain('x')))",
        "Static(plain(name).truncate(8))",
        "Label(Content(name))",
        "Label(Content.assemble(name, ('x', 'bold')))",
        "told = plain(name); Static(told)",
        "Static(self.shown)",
        "Static(self.made())",
        "Static(WORDS[name])",
        "Static(WORDS.get(name, 'else'))",
        "table.add_row(*(plain_text(name) for name in names))",
        "for heading in ('a', 'b'): table.add_column(heading)",
        "OptionList(*[Option(plain(name)) for name in names])",
        "Select([(plain(name), name) for name in names], prompt=escaped(name))",
        "self.notify('our words')",
        "self.notify(f'Saved {name}', markup=False)",
        "Content.from_markup('[b]$name[/b]', name=name)",
        "self.notify(f'Saved {len(names)} of {round(1.5)}')",
        "Input(name, placeholder=name)",
        "TextArea(name)",
        "names.add(name)",
        "Mine(plain(name))",
    ],
)
def test_the_lint_lets_pass(line: str, tmp_path: Path) -> None:
    assert lint(line, tmp_path) == []


def lint(line: str, directory: Path) -> list[str]:
    (directory / "case.py").write_text(
        "from textual.widgets import Static\n"
        "WORDS = {'a': 'first', 'b': 'second'}\n"
        "class Mine(Static):\n"
        "    pass\n"
        "class Screen:\n"
        "    shown: Content\n"
        "    def made(self) -> Content: return plain('x')\n"
        "    def compose(self, name: str, names: list[str], run, table, tree, node, options, widget):\n"
        f"        {line}\n"
        "def plain(text: object) -> Content: ...\n"
        "def plain_text(text: object) -> Text: ...\n"
        "def joined(*parts: Content) -> Content: ...\n"
    )
    return findings(directory)


def test_a_widget_that_renders_a_bare_str_is_found(tmp_path: Path) -> None:
    (tmp_path / "case.py").write_text(
        "from textual.widget import Widget\n"
        "class Shown(Widget):\n"
        "    def render(self) -> str:\n"
        "        return self.name\n"
        "class Passed(Static):\n"
        "    def __init__(self, name: str) -> None:\n"
        "        super().__init__(name)\n"
    )
    assert [finding.split(" ")[0] for finding in findings(tmp_path)] == ["case.py:4:", "case.py:7:"]
