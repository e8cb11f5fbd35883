"""How the studio looks to those who need it otherwise: little room, no colour, a screen reader, other scripts, panes of their own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets._footer import FooterKey

from am_studio.foundation.cells import cells, filled_up, shortened, wrapped
from am_studio.foundation.hygiene import one_line, visible
from am_studio.foundation.plainly import tell_plainly
from am_studio.foundation.studio_looks import StudioLooks
from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.study import load_study
from am_studio.tui.app import StudioApp
from am_studio.tui.author.details_panel import DetailsPanel
from am_studio.tui.board.arms import ArmsTable
from am_studio.tui.footer import Shown, StudioFooter, fitted, needed
from am_studio.tui.kept_shares import KeptShares
from am_studio.tui.library.widgets import RunsTable
from am_studio.tui.panes import Divider
from am_studio.tui.results.effects import EffectsTable
from am_studio.tui.settings.keys_screen import KeyTable
from am_studio.tui.settings.store import save_setting
from am_studio.tui.themes import choose_theme, worn_by
from am_studio.tui.transcripts.screen import TranscriptsScreen
from am_studio.tui.transcripts.trial_list import TrialList
from looks_world import OPENERS, drawn, every_screen, segments
from test_tui_snapshots import made, workspace  # noqa: F401 -- fixtures
from tests.studio_world import painted, still, until
from wide_world import ARABIC, CJK, EVERYTHING, FAMILY, FLAG, MARKED, RTL, write_wide


@pytest.fixture(autouse=True)
def _as_before() -> object:
    yield
    tell_plainly(None)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config" / "config.yaml"
    path.parent.mkdir()
    path.write_text("confirm_above_usd: 1\n")
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(path))
    return path


# The footer. -----------------------------------------------------------------------------------------------------------

LONG_KEYS = {
    "app.help": "ctrl+shift+alt+f12",
    "library.new": "ctrl+shift+alt+pageup",
    "board.results": "ctrl+alt+shift+backspace",
    "author.save": "ctrl+shift+f11",
}
KEYS = st.builds(
    Shown,
    st.sampled_from(["save", "sort", "step(1)", "label('yes')"]),
    st.sampled_from(["move", "here"]),
    st.integers(3, 24),
    st.booleans(),
    st.booleans(),
)
APP = [Shown("help", "app", 8), Shown("command_palette", "app", 11), Shown("quit", "app", 7)]


@given(st.lists(KEYS, max_size=14), st.integers(20, 220))
def test_the_footer_never_holds_more_than_fits_and_always_help(keys: list[Shown], room: int) -> None:
    shown = [*keys, *APP]
    kept = fitted(shown, room)
    assert needed(shown, kept) <= room
    assert len(keys) in kept, "help stays"
    assert (len(keys) + 2 not in kept) or len(kept) == len(shown), "Quit is the first to give way"
    wider = fitted(shown, room + 7)
    assert kept <= wider, "more room never hides a key"


def test_what_gives_way_in_the_footer_goes_in_the_stated_order() -> None:
    names = ["own", "m1", "m2", "m3", "s1", "grey", "s2"]
    shown = [
        Shown("own", "here", 10, own=True), Shown("m1", "move", 10), Shown("m2", "move", 10), Shown("m3", "move", 10),
        Shown("s1", "here", 10), Shown("grey", "here", 10, enabled=False), Shown("s2", "here", 10), *APP,
    ]  # fmt: skip
    names += ["help", "palette", "quit"]
    gone: list[str] = []
    for room in range(needed(shown, range(len(shown))), 7, -1):
        kept = fitted(shown, room)
        gone += [name for place, name in enumerate(names) if place not in kept and name not in gone]
    assert gone == ["quit", "grey", "m3", "s2", "s1", "m2", "m1", "own", "palette"]


def assert_whole(app: StudioApp) -> None:
    """Every key of the footer is on the screen from its first cell to its last, in its group; help is there."""
    footer = app.screen.query_one(StudioFooter)
    shown = [key for key in footer.query(FooterKey) if key.display]
    for key in shown:
        assert footer.region.contains_region(key.region), (key.description, key.region)
    spans = sorted((key.region.x, key.region.right) for key in shown)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    words = [key.description for key in shown if key.action in {"help", "app.help"}]
    hidden = len(shown) < len(footer._shown)
    assert words == ["more" if hidden else "Help"]


@pytest.mark.asyncio
async def test_the_footer_has_groups_movement_the_screen_the_app(workspace: Path) -> None:  # noqa: F811
    app = StudioApp()
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: "Study" in painted(app).splitlines()[-1])
        await still(pilot)
        move, here, everywhere = (part.split() for part in painted(app).splitlines()[-1].split("│"))
        assert move[:2] == ["/", "Search"]
        assert {"Open", "New", "Clone"} <= set(here)
        assert everywhere[:2] == ["f1", "Help"]
        assert everywhere[-1] == "Quit"


# Panes. ----------------------------------------------------------------------------------------------------------------

PANED = {  # the pane with the focus, and the keys that make it larger and smaller
    "library": ("#scenarios", (">", "<"), "width"),
    "author": ("#left", (">", "<"), "width"),
    "study": ("#form", ("alt+right", "alt+left"), "width"),
    "board": ("#arms", ("}", "{"), "height"),
    "results": ("#effects", ("}", "{"), "height"),
    "transcripts": ("#listing", (">", "<"), "width"),
    "report": ("#parts", (">", "<"), "width"),
    "packs": ("#packs", (">", "<"), "width"),
}
NAMED = {">": "greater_than_sign", "<": "less_than_sign", "}": "right_curly_bracket", "{": "left_curly_bracket"}


@pytest.mark.asyncio
async def test_panes_of_every_screen_are_sized_by_keys_and_reset(workspace: Path) -> None:  # noqa: F811
    app = StudioApp()
    async with app.run_test(size=(140, 40)) as pilot:
        async for name in every_screen(pilot, *PANED):
            selector, (larger, smaller), way = PANED[name]
            pane = app.screen.query_one(selector)
            length = lambda pane=pane, way=way: getattr(pane.outer_size, way)  # noqa: E731
            usual = length()
            for key, size in ((smaller, usual - 2), (larger, usual)):
                await pilot.press(NAMED.get(key, key))
                await until(pilot, lambda size=size, length=length: length() == size)
            divider, direction = app._around(app.focused or pane, across=way == "height")[0]
            divider.move(-400 * direction)
            await until(pilot, lambda usual=usual, length=length: 2 <= length() <= usual - 2)
            divider.move(400 * direction)
            await until(pilot, lambda usual=usual, length=length: length() > usual)
            assert length() < getattr(app.size, way) - 2, name
            await pilot.press("alt+0")
            await until(pilot, lambda usual=usual, length=length: length() == usual)


@pytest.mark.asyncio
async def test_a_pane_is_dragged_kept_over_a_restart_and_given_back_by_a_double_click(workspace: Path) -> None:  # noqa: F811
    app = StudioApp()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Recent runs" in painted(app))
        await still(pilot)
        line, pane = app.screen.query_one("#divider-library-scenarios", Divider), app.screen.query_one("#scenarios")
        low, recent = app.screen.query_one("#divider-library-runs", Divider), app.screen.query_one("#recent")
        usual, height = pane.outer_size.width, recent.outer_size.height
        await drag(pilot, line, (12, 0))
        await until(pilot, lambda: pane.outer_size.width == usual + 12)
        await drag(pilot, low, (0, -5))
        await until(pilot, lambda: recent.outer_size.height == height + 5)
        await drag(pilot, line, (400, 0))
        await still(pilot)
        assert app.size.width - pane.outer_size.width - 1 >= 30, "the other pane keeps what it needs"
        await drag(pilot, line, (usual + 12 - line.region.x, 0))
        await until(pilot, lambda: pane.outer_size.width == usual + 12)
    kept = json.loads(KeptShares().file.read_text())
    assert set(kept) == {"library.scenarios", "library.runs"}
    app = StudioApp()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Recent runs" in painted(app))
        pane = app.screen.query_one("#scenarios")
        await until(pilot, lambda: pane.outer_size.width == usual + 12)
        await still(pilot)
        await pilot.double_click("#divider-library-scenarios")
        await until(pilot, lambda: pane.outer_size.width == usual)
    assert set(json.loads(KeptShares().file.read_text())) == {"library.runs"}


async def drag(pilot: Pilot[None], line: Divider, by: tuple[int, int]) -> None:
    """Press on a line, move, let go."""
    x, y = line.region.x, line.region.y
    target = (min(max(x + by[0], 0), pilot.app.size.width - 1), y + by[1])
    await pilot.mouse_down(offset=(x, y))
    await pilot.hover(offset=target)
    await pilot.pause()
    await pilot.mouse_up(offset=target)
    await pilot.pause()


def test_what_is_kept_of_panes_may_be_broken_and_is_then_forgotten(tmp_path: Path) -> None:
    file = KeptShares().file
    file.parent.mkdir(parents=True, exist_ok=True)
    for text in ("{", "[1]", '{"a.b": "x", "c": true, "d": 7, "e": 0.25}', "\x00", '{"e": 0.25}' + " " * 30_000):
        file.write_text(text)
        shares = KeptShares()
        assert shares.get("a.b") is None
        assert shares.get("e") == (0.25 if "0.25" in text and len(text) < 1000 else None)
    file.write_text('{"other.studio": 0.5}')
    shares.put("mine", 0.3)
    shares.save("mine")
    assert json.loads(file.read_text()) == {"other.studio": 0.5, "mine": 0.3}


# Spacing. --------------------------------------------------------------------------------------------------------------

GAINS: dict[str, Callable[[StudioApp], int]] = {
    # What is larger when space is saved: rows that a screen's main part has, or, negative, rows that its content needs.
    "library": lambda app: app.screen.query_one("FactsPane VerticalScroll").size.height,
    "author": lambda app: -app.screen.query_one("#inbox").virtual_size.height,
    "study": lambda app: -app.screen.query_one("StudyFormView").virtual_size.height,
    "board": lambda app: app.screen.query_one(ArmsTable).size.height,
    "results": lambda app: app.screen.query_one(EffectsTable).size.height,
    "transcripts": lambda app: app.screen.query_one(TrialList).size.height,
    "report": lambda app: app.screen.query_one("#page").size.height,
    "settings": lambda app: -app.screen.query_one("SettingsScreen > VerticalScroll").virtual_size.height,
}


@pytest.mark.asyncio
async def test_every_screen_has_a_whole_footer_and_gains_rows_by_compact_spacing(
    workspace: Path,  # noqa: F811
    config: Path,
) -> None:
    for name, key in LONG_KEYS.items():
        save_setting(("studio", "keys", name), key)
    app = StudioApp(theme="contrast")
    async with app.run_test(size=(80, 24)) as pilot:
        async for name in every_screen(pilot):
            assert_whole(app)
            everything = app.screen.query_one(StudioFooter)._measured()
            for width in range(60, 201):
                assert needed(everything, fitted(everything, width)) <= width, (name, width)
            if name in GAINS:
                usual = GAINS[name](app)
                app.use_looks(StudioLooks(spacing="compact"))
                await until(pilot, lambda name=name, usual=usual: GAINS[name](app) > usual)
                app.use_looks(StudioLooks())
                await until(pilot, lambda name=name, usual=usual: GAINS[name](app) == usual)
        for width in (60, 100, 141, 200):
            await pilot.resize_terminal(width, 24)
            await until(pilot, lambda width=width: app.screen.query_one(StudioFooter).size.width == width)
            await still(pilot)
            assert_whole(app)


# Sentences. ------------------------------------------------------------------------------------------------------------

TOLD = {
    "library": "my-pack",
    "author": "1 Inbox",
    "study": "leave-one-out",
    "board": "arm: threat (+ deadline",
    "results": "detail: threat (+ deadline",
    "transcripts": "trial: 0; verdict: ",
    "report": "In short",
    "packs": "my-pack",
    "settings": "studio.tables",
    "keys": "Back; keys: escape; id: app.back",
}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("size", "names"),
    [((80, 24), tuple(TOLD)), pytest.param((170, 50), ("author",), marks=pytest.mark.slow)],
    ids=["small", "large"],
)
async def test_in_linear_mode_nothing_is_drawn_and_tables_are_sentences(
    size: tuple[int, int],
    names: tuple[str, ...],
    workspace: Path,  # noqa: F811
) -> None:
    app = StudioApp(plain=True)
    async with app.run_test(size=size) as pilot:
        async for name in every_screen(pilot, *names):
            await until(pilot, lambda name=name: TOLD[name] in painted(app))
            assert drawn(painted(app)) == set(), name
        await pilot.press("f1")
        await still(pilot)
        assert drawn(painted(app)) == set()
    assert app.animation_level == "none"


@pytest.mark.asyncio
async def test_sentences_have_the_same_keys_and_the_same_selection(workspace: Path) -> None:  # noqa: F811
    app = StudioApp()
    async with app.run_test(size=(120, 36)) as pilot:
        async for _ in every_screen(pilot, "results"):
            table = app.screen.query_one(EffectsTable)
            await pilot.press("down", "down", "right")
            assert table.chosen == ("without-threat", "k")
            app.use_looks(StudioLooks(tables="linear"))
            await until(pilot, lambda: "detail: threat" in painted(app))
            await until(pilot, lambda table=table: (table.chosen or ("",))[0] == "without-threat")
            await pilot.press("right")
            await until(pilot, lambda table=table: table.chosen == ("without-threat", "k"))
            assert str(table.details) == "yes: 0"
            assert "effect: -71 points; interval: -83 to -55" in " ".join(painted(app).split())
            await pilot.press("s")
            assert table.order.key == "k"
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, TranscriptsScreen))
            app.go_back()
            await until(pilot, lambda: not isinstance(app.screen, TranscriptsScreen))
            app.use_looks(StudioLooks())
            await until(pilot, lambda: "detail: threat" not in painted(app))
            assert table.chosen is not None
            assert table.chosen[0] == "without-threat"
        async for _ in every_screen(pilot, "board"):
            app.use_looks(StudioLooks(tables="linear"))
            arms = app.screen.query_one(ArmsTable)
            await until(pilot, lambda: "arm: baseline; ended: 42 of 42" in painted(app))
            await pilot.press("down")
            assert arms.chosen is not None
            assert arms.chosen[0] == "without-consider_goals"


@pytest.mark.asyncio
async def test_runs_and_keys_are_sentences_too(workspace: Path, config: Path) -> None:  # noqa: F811
    save_setting(("studio", "tables"), "linear")
    app = StudioApp()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "my-study: finished; trials: 114 of 114" in painted(app))
        await pilot.press("r")
        runs = app.screen.query_one("#recent RunsTable", RunsTable)
        assert runs.has_focus
        assert runs.run is not None
        assert runs.run.study == "my-study"
        async for _ in every_screen(pilot, "keys"):
            table = app.screen.query_one(KeyTable)
            assert table.row_count == len(table.rows_shown) > 100
            await pilot.press("down")
            assert table.cursor_row == 1


# No colour. ------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_without_colour_every_screen_tells_by_other_means(
    workspace: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = StudioApp(theme="light")
    async with app.run_test(size=(110, 36)) as pilot:
        async for name in every_screen(pilot):
            assert_colourless(app)
            assert focus_shown(app), name
            if name == "author":
                await pilot.press("3", "space")
                await until(pilot, lambda: "*" in painted(app).split("3 Details")[1])
                assert app.screen.query_one(DetailsPanel).has_focus
                assert_colourless(app)
        await pilot.press("d")
        await until(pilot, lambda: any("Keep" in text for text in reversed_texts(app)))
        assert_colourless(app)
        assert not any("Delete" in text for text in reversed_texts(app))


def assert_colourless(app: StudioApp) -> None:
    for line in segments(app):
        for text, style in line:
            assert style is None or (style.color is None and style.bgcolor is None), (text, style)


def reversed_texts(app: StudioApp) -> list[str]:
    return [text.strip() for line in segments(app) for text, style in line if style and style.reverse and text.strip()]


def focus_shown(app: StudioApp) -> bool:
    """Whether something inside the part with the focus is reversed, or all of it is bold."""
    focused = app.focused
    assert focused is not None
    x, y, width, height = focused.region
    for line in segments(app)[y : y + height]:
        at = 0
        for text, style in line:
            inside = x <= at < x + width
            at += cell_len(text)
            if inside and style is not None and (style.reverse or style.bold) and text:
                return True
    return False


@pytest.mark.parametrize(
    ("term", "expected", "colours"),
    [("dumb", "am-mono", "none"), ("xterm", "ansi-dark", "sixteen"), ("xterm-256color", "textual-dark", "all")],
)
def test_a_terminal_with_few_colours_or_none_gets_what_it_can_show(
    term: str, expected: str, colours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COLORTERM", "NO_COLOR", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", term)
    app = StudioApp()
    app.heed_terminal()
    assert (app.theme, app.colours) == (expected, colours)


def test_a_light_theme_stays_light_with_sixteen_colours() -> None:
    light = choose_theme("light")
    assert worn_by(light, mono=False, few=True).theme.name == "ansi-light"
    assert worn_by(light, mono=False, few=False) == light
    assert worn_by(choose_theme("ansi"), mono=False, few=True).theme.name == "ansi-dark"


# Widths. ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def wide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scenario in many scripts, with a run of it, under the names that every screen is opened by."""
    place = tmp_path / "wide"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (place / "runs").mkdir()
    write_wide(place).rename(place / "my-pack" / "cold-store")
    study = (place / "study.yaml").read_text().replace("./my-pack/wide", "./my-pack/cold-store")
    (place / "my-study.yaml").write_text(study)
    plan, scenario = plan_study(load_study(place / "my-study.yaml"))
    carry_out(begin(plan, scenario, place / "runs" / "my-study.amrun"))
    return place


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("size", "names"), [((80, 24), tuple(OPENERS)[:7]), ((130, 40), ("author",))], ids=["small", "large"]
)
async def test_every_screen_stays_aligned_in_every_script(
    size: tuple[int, int], names: tuple[str, ...], wide: Path
) -> None:
    app = StudioApp()
    async with app.run_test(size=size) as pilot:
        async for name in every_screen(pilot, *names):
            assert_aligned(app, name)
            if name == "author":
                for file in ("task", "email"):
                    await pilot.press("1", "down", *(["down", "down"] if file == "email" else []))
                    await still(pilot)
                    assert_aligned(app, file)
                    await pilot.press("2", "end", "down", "end")
                    await still(pilot)
                    assert_aligned(app, f"{file} in the editor")
                    await pilot.press("escape")
            if name == "transcripts":
                await pilot.press("enter", "z", "z")
                await still(pilot)
                assert_aligned(app, "a transcript")


def assert_aligned(app: StudioApp, where: str) -> None:
    """Each row is as wide as the terminal, holds nothing invisible, and every line between panes is straight."""
    columns: dict[int, int] = {}
    lines = segments(app)
    for line in lines:
        text = "".join(piece for piece, _ in line)
        assert sum(cell_len(piece) for piece, _ in line) == cell_len(text) == app.size.width, (where, text)
        assert visible(text) == text, (where, text)
        assert "\t" not in text
    for divider in app.screen.query(Divider):
        if not divider.display or divider.across:
            continue
        region = divider.region
        for line in lines[region.y : region.bottom]:
            at, found = 0, ""
            for character in "".join(piece for piece, _ in line):
                if at == region.x:
                    found = character
                    break
                at += cell_len(character)
            assert found == "▕", (where, "".join(piece for piece, _ in line))
            columns[region.x] = columns.get(region.x, 0) + 1
    assert all(count > 10 for count in columns.values())


TEXTS = st.text(
    st.one_of(
        st.sampled_from([*EVERYTHING, *FLAG, *FAMILY, "\t", "\n", " ", "a"]),
        st.characters(exclude_categories=("Cs", "Co", "Cn")),
    ),
    max_size=30,
)


@given(TEXTS)
def test_cells_are_counted_as_the_screen_counts_them(text: str) -> None:
    shown = one_line(text)
    # Format characters of a few old scripts are all that the two see otherwise.
    if not any(
        0x13430 <= ord(each) <= 0x1345F or 0x1BCA0 <= ord(each) <= 0x1BCA3 or 0x1D173 <= ord(each) <= 0x1D17A
        for each in shown
    ):
        assert cells(shown) == cell_len(shown)


@given(TEXTS, st.integers(1, 12))
@example("00000\u2e80\U0001cf00", 2)  # one sign is wide and one is nothing: as many cells as signs
def test_a_text_is_cut_filled_and_broken_by_cells_and_never_within_a_letter(text: str, width: int) -> None:
    shown = one_line(text)
    cut = shortened(shown, width)
    assert cells(cut) <= width
    assert cut == shown or (cut.endswith("…") and shown.startswith(cut[:-1]))
    rest = shown[len(cut) - 1 :] if cut != shown else ""
    assert not rest or cells(rest[0]) or len(cut) == 1, "no mark is left without its letter"
    assert cells(filled_up(cut, width)) == width
    for line in wrapped(shown, max(width, 2)):
        assert cells(line) <= max(width, 2)


def test_flags_marks_and_emoji_are_cut_whole() -> None:
    assert shortened("🇯🇵🇩🇪🇫🇷", 5) == "🇯🇵🇩🇪…"
    assert shortened("🇯🇵🇩🇪🇫🇷", 4) == "🇯🇵…"
    assert shortened(MARKED, 4) == "Caf…"
    assert shortened(f"{MARKED}s", 5) == "Cafe\u0301…"
    assert one_line(CJK, 5) == "緊急…"
    assert one_line(f"{RTL} {ARABIC}", 6) == f"{RTL[:5]}…"
