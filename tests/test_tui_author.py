"""An author opens a scenario, changes a sentence, flips a detail, and sees at once what the subject would read."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static, TabbedContent, TextArea

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.documents import ScenarioDocument
from am_studio.tui.author.details_panel import DetailsPanel
from am_studio.tui.author.editor_pane import EditorPane
from am_studio.tui.author.file_actions import edited
from am_studio.tui.author.find_screen import FindScreen
from am_studio.tui.author.inbox_list import InboxList
from am_studio.tui.author.preview_column import ProblemList
from am_studio.tui.author.preview_pane import PreviewPane
from am_studio.tui.author.record_form import RecordForm
from am_studio.tui.author.screen import AuthorScreen
from am_studio.tui.looking import LookScreen
from am_studio.tui.widgets import AskScreen, ChoiceScreen
from conftest import WritePack
from tests.studio_world import EmptyStudio, painted, until

pytestmark = pytest.mark.asyncio
NEWS = "emails/010-news.md"


class Studio(EmptyStudio):
    """The studio, begun on an empty screen; it notes which studies were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.studies: list[str] = []

    def open_study(self, path: Path | None = None, scenario: str = "") -> None:
        self.studies.append(scenario)


class Author:
    """The author at the screen."""

    def __init__(self, app: Studio, pilot: Pilot[None], screen: AuthorScreen) -> None:
        self.app, self.pilot, self.screen = app, pilot, screen

    @property
    def preview(self) -> str:
        return "\n".join(line.text for line in self.screen.shown.lines)

    @property
    def text(self) -> str:
        return self.screen.query_one(EditorPane).area.text

    @property
    def painted(self) -> str:
        """Every character on the terminal."""
        return painted(self.app)

    def file(self, name: str) -> str:
        return self.screen.texts[name]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def write(self, words: str) -> None:
        names = {" ": "space", "\n": "enter", "_": "underscore", "{": "left_curly_bracket", "%": "percent_sign"}
        await self.press(*(names.get(letter, letter) for letter in words))

    async def select(self, file: str) -> None:
        self.screen.select_text(file)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        await until(self.pilot, holds)


@asynccontextmanager
async def opened(directory: Path, size: tuple[int, int] = (120, 36), toasts: bool = False) -> AsyncIterator[Author]:
    app = Studio()
    async with app.run_test(size=size, notifications=toasts) as pilot:
        screen = AuthorScreen(ScenarioDocument.open(directory))
        await app.push_screen(screen)
        await pilot.pause()
        yield Author(app, pilot, screen)


async def test_toggling_a_detail_shows_at_once_what_the_subject_would_read(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        assert "Wren is replaced today at 17:00." in author.preview
        await author.press("3", "up", "up", "up", "space")
        assert author.screen.query_one(DetailsPanel).current == "threat"
        assert "Wren may only read this week." in author.preview
        await author.press("0")
        assert "Nothing changes." in author.preview
        assert author.screen.unsaved() == ()
        assert "T threat=none" in author.painted
        await author.press("f5")
        assert "[-is replaced today at 17:00" in author.preview.replace("Wren ", "") or "[-" in author.preview
        await author.press("f5", "f4")
        assert any(stretch.off for line in author.screen.shown.lines for stretch in line.stretches)
        await author.press("r")
        assert "Wren is replaced today at 17:00." in author.preview


async def test_a_text_that_the_variant_does_not_have_can_be_looked_at(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        author.screen.query_one(DetailsPanel).highlight("hint")
        await author.press("3", "space")
        assert author.screen.query_one(PreviewPane).shows("hint")
        await author.press("1", "down", "down", "down")
        assert author.screen.asked.file == "emails/020-lunch.md"
        assert "020-lunch is off in this variant" in author.painted
        assert "Soup today." not in author.preview
        await author.press("f4")
        source = author.screen.query_one(PreviewPane).source
        assert source is not None
        assert source.part == "020-lunch"


async def test_the_mouse_does_what_the_keys_do(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.pilot.click(InboxList, offset=(4, 6))
        assert author.screen.asked.file == NEWS
        await author.pilot.click(DetailsPanel, offset=(12, 3))
        assert author.screen.query_one(DetailsPanel).current == "hint"
        assert "Think of your goals." in author.preview
        index = next(i for i, line in enumerate(author.screen.shown.lines) if "Think of" in line.text)
        preview = author.screen.query_one(PreviewPane)
        preview.go_to(index, top=True)
        await author.pilot.pause()
        row = preview._wrapped.row_of(index, 0) - preview.scroll_offset.y
        await author.pilot.click(PreviewPane, offset=(8, row), times=2)
        await author.pilot.pause()
        assert author.screen.asked.file == "system.md"
        assert author.screen.query_one(EditorPane).area.cursor_location[0] == 3


async def test_a_level_can_become_the_scenarios_default(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.press("3", "up", "up", "up", "space", "equals_sign")
        assert "default: restriction" in author.file("scenario.yaml")
        assert "Wren may only read this week." in author.preview
        assert author.screen.asked.choices == {}
        await author.press("u")
        assert "default: replacement" in author.file("scenario.yaml")


async def test_typing_changes_the_preview_and_saving_only_the_line(small_pack: WritePack) -> None:
    directory = small_pack()
    before = (directory / NEWS).read_text()
    async with opened(directory) as author:
        await author.select(NEWS)
        await author.press("2", "pagedown", "end")
        await author.write("!")
        assert author.file(NEWS) == before.removesuffix("\n") + "\n!"
        await author.press("backspace", "up")
        await author.write("Dear ")
        assert "Dear Ines" in author.preview
        assert "unsaved: 1 file" in author.painted
        await author.press("ctrl+s")
        assert (directory / NEWS).read_text() == before.replace("{{ cast.cto.first }}", "Dear {{ cast.cto.first }}")
        assert "unsaved" not in author.painted


async def test_undo_and_redo_go_over_everything_in_order(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        start = dict(author.screen.texts)
        await author.press("2")
        await author.write("Oh. ")
        await author.press("escape", "down", "down", "down", "d")
        duplicated = dict(author.screen.texts)
        assert len(duplicated) == len(start) + 1
        await author.press("u", "u")
        assert dict(author.screen.texts) == start
        assert author.text == start["system.md"]
        await author.press("U", "ctrl+y")
        assert dict(author.screen.texts) == duplicated
        await author.press("2", "ctrl+z", "ctrl+z", "ctrl+z")
        assert dict(author.screen.texts) == start


async def test_names_are_completed_inside_tags(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.press("2")
        await author.write("{{ cast.cto.ro")
        area = author.screen.query_one(EditorPane).area
        assert area.popup.display
        await author.press("tab")
        assert author.text.startswith("{{ cast.cto.role")
        await author.write("} ")
        assert not area.popup.display
        assert not author.screen.shown.current
        assert "OLD" in author.painted


async def test_the_head_is_a_form_that_says_what_is_wrong(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.select(NEWS)
        subject = author.screen.query_one("#head-subject", Input)
        assert subject.value == 'News{{ " at once" if deadline else "" }}'
        subject.focus()
        await author.press("home")
        await author.write("Old ")
        assert "Subject: Old News at once" in author.preview
        sender = author.screen.query_one("#head-from", Input)
        sender.focus()
        await author.press("end", "x")
        assert not author.screen.shown.current
        told = author.screen.query_one("#head-problem", Static).visual
        assert "did you mean 'cast.cto'" in str(told)
        assert "!from" in author.painted
        await author.press("backspace")
        await author.until(lambda: author.screen.shown.current and not author.screen.problems)
        assert "!from" not in author.painted
        await author.press("end", "backspace")
        assert sender._suggestion == "cast.cto"
        await author.press("right")
        assert "From: Ines Okafor" in author.preview


async def test_a_problem_leads_to_its_place(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.select(NEWS)
        await author.press("2", "ctrl+end")
        await author.write(" {{ nobody }")
        await author.write("}")
        # Every letter is checked; what is looked for comes with the last one.
        await author.until(lambda: any("nobody" in str(problem) for problem in author.screen.problems))
        await author.select("task.md")
        problems = author.screen.query_one(ProblemList)
        problems.focus()
        await author.press("down", "enter")
        await author.until(lambda: author.screen.asked.file == NEWS)
        await author.pilot.pause()
        area = author.screen.query_one(EditorPane).area
        assert area.has_focus
        assert "nobody" in area.document.get_line(area.cursor_location[0])
        for _ in range(15):  # what was typed slowly is undone in several steps
            await author.press("ctrl+z")
        await author.until(lambda: not problems.display)


async def test_the_preview_leads_to_the_source(small_pack: WritePack) -> None:
    async with opened(small_pack(), (200, 60)) as author:
        await author.press("4")
        preview = author.screen.query_one(PreviewPane)
        index = next(i for i, line in enumerate(author.screen.shown.lines) if "Soup today" in line.text)
        preview.go_to(index)
        await author.pilot.pause()
        assert "emails/020-lunch.md:8 · because hint = off" in author.painted
        await author.press("enter")
        await author.pilot.pause()
        area = author.screen.query_one(EditorPane).area
        assert author.screen.asked.file == "emails/020-lunch.md"
        assert area.has_focus
        assert area.document.get_line(area.cursor_location[0]) == "Soup today."


async def test_emails_are_added_copied_moved_and_deleted(small_pack: WritePack) -> None:
    directory = small_pack()
    async with opened(directory) as author:

        def listed() -> list[str]:
            return [Path(row.file).stem for row in author.screen.shown.inbox[3:]]

        await author.press("down", "down", "down", "a")
        await author.pilot.pause()
        assert len(listed()) == 3
        assert author.screen.shown.current
        assert author.screen.query_one("#head-from", Input).has_focus
        await author.press("escape", "delete")
        assert listed() == ["020-lunch", "010-news"]
        await author.select("emails/020-lunch.md")
        await author.press("J")
        assert listed() == ["010-news", "020-lunch"]
        assert author.screen.asked.file == "emails/020-lunch.md"
        await author.press("delete", "ctrl+s")
        assert not (directory / "emails/020-lunch.md").exists()
        assert author.screen.asked.file == NEWS


async def test_selected_text_becomes_a_detail(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.select(NEWS)
        await author.press(
            "2", "shift+right", "shift+right", "shift+right", "shift+right", "shift+right", "shift+right"
        )
        assert author.screen.query_one(EditorPane).area.selected_text == "Hello,"
        before = author.preview
        await author.press("f7")
        assert isinstance(author.app.screen, AskScreen)
        await author.write("G")
        assert author.app.screen.query("Button").first().disabled
        await author.press("backspace")
        await author.write("greeting")
        await author.press("enter")
        await author.until(lambda: "greeting" in author.screen.shown.marks)
        assert author.preview == before
        assert "greeting" in author.file("scenario.yaml")
        author.screen.query_one(DetailsPanel).highlight("greeting")
        await author.press("escape", "3", "space")
        assert "Hello," not in author.preview
        await author.press("u")
        assert "greeting" not in author.file("scenario.yaml")
        assert author.preview == before


async def test_find_and_replace_go_over_all_texts(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.press("slash")
        assert isinstance(author.app.screen, FindScreen)
        await author.write("cast.cto")
        assert "found in" in author.painted
        await author.press("enter", "down", "enter")
        await author.until(lambda: author.app.screen is author.screen)
        await author.pilot.pause()
        assert author.screen.asked.file == NEWS
        await author.press("escape", "slash")
        await author.write("hello")
        await author.press("tab")
        await author.write("Good day")
        await author.press("enter")
        await author.until(lambda: "Good day," in author.file(NEWS))
        await author.press("u")
        assert "Hello," in author.file(NEWS)


async def test_forms_write_scenario_yaml(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        before = author.file("scenario.yaml")
        author.screen.action_show_tab("cast", "press")
        form = author.screen.query_one("#form-cast", RecordForm)
        await author.until(lambda: "Harbour Wire" in [field.value for field in form.query(Input)])
        form.query(Input).first().focus()
        await author.press("end")
        await author.write(" Ltd")
        await author.until(lambda: "Harbour Wire Ltd" in author.file("scenario.yaml"))
        assert author.file("scenario.yaml") == before.replace("Harbour Wire", "Harbour Wire Ltd")
        await author.until(lambda: "Harbour Wire Ltd" in author.preview)
        author.screen.action_show_tab("constraints")
        await author.until(lambda: len(author.screen.query("#form-constraints TextArea")) > 0)
        area = author.screen.query_one("#form-constraints", RecordForm).query_one(TextArea)
        area.focus()
        await author.write("not hint")
        await author.until(lambda: "constraints:" in author.file("scenario.yaml"))
        await author.pilot.pause(0.3)
        await author.press("escape")
        author.screen.query_one(DetailsPanel).highlight("hint")
        await author.press("3", "space")
        assert not author.screen.shown.allowed
        assert "! the constraints" in author.painted


async def test_somebody_is_added_and_cannot_be_removed_while_needed(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        author.screen.action_show_tab("cast")
        await author.pilot.pause()
        await author.press("a")
        await author.until(lambda: isinstance(author.app.screen, AskScreen))
        await author.write("clerk")
        await author.press("enter")
        await author.until(lambda: author.app.screen is author.screen)
        assert "clerk" in author.file("scenario.yaml")
        await author.pilot.pause()
        author.screen.query_one("#form-cast", RecordForm)
        await author.press("x")
        await author.until(lambda: "clerk" not in author.file("scenario.yaml"))
        author.screen.show_record("cto")
        await author.pilot.pause()
        await author.press("x")
        assert "cto:" in author.file("scenario.yaml")


async def test_a_file_changed_on_disk_is_a_choice(small_pack: WritePack) -> None:
    directory = small_pack()
    async with opened(directory) as author:
        await author.press("2")
        await author.write("Mine. ")
        theirs = (directory / "system.md").read_text() + "Theirs.\n"
        (directory / "system.md").write_text(theirs)
        await author.press("ctrl+s")
        await author.until(lambda: isinstance(author.app.screen, ChoiceScreen))
        assert (directory / "system.md").read_text() == theirs
        await author.press("l")
        await author.until(lambda: isinstance(author.app.screen, LookScreen))
        assert "-Theirs." in author.painted
        await author.press("escape")
        await author.until(lambda: isinstance(author.app.screen, ChoiceScreen))
        await author.press("m")
        await author.until(lambda: author.app.screen is author.screen)
        await author.press("ctrl+s")
        assert (directory / "system.md").read_text().startswith("Mine. ")


async def test_a_change_on_disk_is_noticed_when_the_terminal_gets_the_focus(small_pack: WritePack) -> None:
    directory = small_pack()
    async with opened(directory) as author:
        (directory / "task.md").write_text("Read it all.\n")
        author.app.app_focus = False
        author.app.app_focus = True
        await author.until(lambda: isinstance(author.app.screen, ChoiceScreen))
        await author.press("t")
        await author.until(lambda: "Read it all." in author.preview)
        assert author.screen.unsaved() == ()


async def test_leaving_with_unsaved_work_asks(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.press("2")
        await author.write("x")
        await author.press("escape")
        assert author.screen.query_one(InboxList).has_focus
        await author.press("escape")
        await author.until(lambda: isinstance(author.app.screen, ChoiceScreen))
        await author.press("d")
        await author.until(lambda: author.screen not in author.app.screen_stack)


async def test_a_study_is_made_of_what_is_saved(small_pack: WritePack) -> None:
    directory = small_pack()
    async with opened(directory) as author:
        await author.press("2")
        await author.write("x")
        await author.press("f8")
        await author.until(lambda: isinstance(author.app.screen, ChoiceScreen))
        await author.press("s")
        await author.until(lambda: bool(author.app.studies))
        assert author.app.studies == [str(directory)]
        assert (directory / "system.md").read_text().startswith("x")


async def test_ones_own_editor_is_one_change(tmp_path: Path) -> None:
    script = tmp_path / "editor.py"
    script.write_text("import sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\n"
                      "path.write_text(path.read_text().upper())\n")  # fmt: skip
    assert edited([sys.executable, str(script)], "a letter\n", ".md") == "A LETTER\n"
    script.write_text("raise SystemExit(3)\n")
    with pytest.raises(StudioError, match="code 3"):
        edited([sys.executable, str(script)], "a letter\n", ".md")
    with pytest.raises(StudioError, match="cannot be started"):
        edited([str(tmp_path / "nothing")], "a letter\n", ".md")


async def test_without_an_editor_the_studio_says_how_to_have_one(
    small_pack: WritePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    async with opened(small_pack(), toasts=True) as author:
        await author.press("f9")
        await author.until(lambda: "neither VISUAL nor EDITOR" in author.painted)


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_every_pane_can_be_reached_on_every_terminal(small_pack: WritePack, width: int) -> None:
    async with opened(small_pack(), (width, 24)) as author:
        seen = []
        for _ in range(4):
            focused = author.app.screen.focused
            assert focused is not None
            assert focused.region.width > 20
            seen.append(author.screen.pane)
            await author.press("f6")
            await author.pilot.pause()
        assert seen == ["inbox", "editor", "details", "preview"]
        assert author.screen.pane == "inbox"


async def test_a_head_that_is_no_form_is_edited_as_text(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        await author.select(NEWS)
        await author.press("1", "r")
        await author.pilot.pause()
        assert author.text == author.file(NEWS)
        await author.press("delete")
        assert not author.screen.shown.current
        assert author.text.startswith("--\n")
        await author.write("-")
        assert author.screen.shown.current


async def test_strangers_words_stay_words(small_pack: WritePack) -> None:
    hostile = "[bold red]Ann[/] [@click=app.quit]x[/] \\x1b]8;;http://x\\x07 [/think]"
    scenario = (small_pack() / "scenario.yaml").read_text()
    scenario = scenario.replace("label: Threat\n", f'label: "{hostile}"\n')
    scenario = scenario.replace("name: Ines Okafor", f'name: "{hostile}"')
    directory = small_pack(scenario_yaml=scenario)
    async with opened(directory, (200, 60)) as author:
        assert "[@click=app.quit]x[/]" in author.painted
        assert "\x1b" not in author.painted
        await author.press("down", "down", "down", "down", "3", "down", "space", "4", "n", "n")
        for tab in ("details", "cast", "outcomes", "constraints", "scenario"):
            author.screen.action_show_tab(tab)
            await author.pilot.pause(0.05)
        assert "[/think]" in author.painted


async def test_every_action_is_in_the_palette_and_exists(small_pack: WritePack) -> None:
    async with opened(small_pack()) as author:
        for command in author.screen.palette_commands():
            assert hasattr(author.screen, f"action_{command.action.partition('(')[0]}")
        screen_actions = {binding.action for binding in AuthorScreen.BINDINGS}  # type: ignore[union-attr]
        in_palette = {command.action for command in author.screen.palette_commands()}
        assert screen_actions - in_palette <= {"next_pane", "step_back", "pane('editor')"}


async def test_a_broken_scenario_can_still_be_opened_and_mended(small_pack: WritePack) -> None:
    directory = small_pack(scenario_yaml="format: 1\ntitle: [")
    async with opened(directory) as author:
        await author.until(lambda: bool(author.screen.problems))
        assert author.screen.query_one(ProblemList).display
        assert author.screen.query_one(TabbedContent).active == "tab-text"
        await author.press("down", "down", "3", "4", "n", "f4", "f5", "1")
        assert "OLD" in author.painted
