"""The studio's app: looks, keys, commands and help, drafts of unsaved work, and a plain report when it fails.

It holds no data of its own and does no research work; screens do.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rich.segment import Segments
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import Event, Key
from textual.message import Message
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES
from textual.widgets import TextArea

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import visible
from am_studio.foundation.locations import SETTINGS_VARIABLE, settings_file
from am_studio.foundation.studio_looks import BUILT_IN_THEMES, StudioLooks
from am_studio.tui.beside import Side, part_beside
from am_studio.tui.crash import write_report
from am_studio.tui.draft_clock import DraftClock
from am_studio.tui.drafts import Draft, DraftKeeper, KeepsDraft, LeftBehind, left_behind
from am_studio.tui.help import help_for
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.palette import Command, StudioCommands
from am_studio.tui.recovery import offer
from am_studio.tui.screens import OpeningFailed
from am_studio.tui.themes import Chosen, choose_theme, is_changed, worn_by
from am_studio.tui.vim import Act, VimKeys
from am_studio.tui.welcome.documents import Document
from am_studio.tui.welcome.welcoming import WELCOME_BINDINGS, Welcoming
from am_studio.tui.widgets import ChoiceScreen, TitleBar

THEME_SECONDS = 1.0
"""How often the user's own theme is looked at for changes."""
_THEME_TOLD = {
    "dark": "Light text on a dark ground.",
    "light": "Dark text on a light ground.",
    "contrast": "White on black, no greys.",
    "ansi": "The terminal's own sixteen colours, for a dark ground.",
    "ansi-light": "The terminal's own sixteen colours, for a light ground.",
}


@dataclass
class DraftsFound(Message):
    """Earlier studios ended with unsaved work."""

    found: tuple[LeftBehind, ...]


class StudioApp(Welcoming):
    """The studio. Starts on the library."""

    TITLE = "AM Studio"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {StudioCommands}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *WELCOME_BINDINGS,
        Binding("f1,question_mark", "help", "Help", id="app.help", tooltip="What every key does here"),
        Binding("escape", "go_back", "Back", id="app.back", tooltip="Back to the screen before", show=False),
        Binding("q", "quit", "Quit", id="app.quit", tooltip="Leave the studio; asks when work is unsaved"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit_anywhere", tooltip="Quit", show=False, priority=True),
        Binding(
            "f10,backslash", "jump", "Jump", id="app.jump", tooltip="A letter for every part: go there", show=False
        ),
        Binding("comma", "settings", "Settings", id="app.settings", tooltip="Looks and keys", show=False),
        Binding(
            "ctrl+p",
            "command_palette",
            "palette",
            id="app.palette_anywhere",
            tooltip="Every command by name",
            show=False,
            priority=True,
        ),
        Binding("colon", "command_palette", "palette", id="app.palette", tooltip="Every command by name", show=False),
    ]

    def __init__(
        self, *, theme: str = "", tour: bool = False, plain: bool = False, opens: Document | None = None
    ) -> None:
        """`theme` wins over that of the settings, `plain` over what they say of tables; `tour` begins with the tour, and
        otherwise it begins on what it `opens`.
        """
        super().__init__(tour=tour, plain=plain)
        self.opens = opens
        self._asked_theme, self._chosen = theme, Chosen(BUILTIN_THEMES["textual-dark"])
        self._vim: VimKeys | None = None
        self._drafts, self._drafts_failed = DraftKeeper(), False
        self._draft_clock = DraftClock(self._drafts, self._unsaved_work, self._tell_unkept)
        self.looks = StudioLooks()
        self._start_problem: StudioError | None = None
        try:
            self.use_settings()
        except StudioError as error:
            # The studio opens all the same: it is where the mistake can be read.
            self._start_problem = error
            self._wear(theme or "dark")
            self.use_looks(self.looks)

    def get_default_screen(self) -> Screen[Any]:
        """The library, so that nothing is drawn before it."""
        return LibraryScreen()

    def heed_terminal(self) -> None:
        """Show no more colours than the terminal has."""
        super().heed_terminal()
        if self.colours != "all":
            self._wear(self._asked_theme or self.looks.theme)
            self.use_looks(self.looks)

    # Settings. -------------------------------------------------------------------------------------------------------

    def use_settings(self) -> None:
        """Look and listen as the settings file says now; StudioError when it, or the theme, cannot be used."""
        self.looks = looks = _looks()
        self._wear(self._asked_theme or looks.theme)
        self.use_looks(looks)
        self._vim = VimKeys() if looks.vim else None
        self.set_keymap({name: keys.replace(" ", "") for name, keys in looks.keys.items()})

    def _wear(self, theme: str) -> None:
        chosen = worn_by(choose_theme(theme), mono=self.mono, few=self.colours == "sixteen")
        self.register_theme(chosen.theme)
        self._chosen = chosen
        if self.theme == chosen.theme.name:
            # The same name with other colours: Textual only looks when the name changes.
            self._watch_theme(chosen.theme.name)
        self.theme = chosen.theme.name

    def _look_at_theme(self) -> None:
        """Wear the user's own theme anew when its file has changed; what is wrong with it is told, and the old one stays."""
        if is_changed(self._chosen):
            path = self._chosen.file
            try:
                self._wear(path.stem if path else "dark")
            except StudioError as error:
                self._chosen = replace(self._chosen, changed=path.stat().st_mtime_ns if path else 0)
                self.show_error(error)

    def on_mount(self) -> None:
        """Tell what is wrong with the settings, and watch a theme of the user's own."""
        if self._start_problem is not None:
            self.show_error(self._start_problem)
        self.set_interval(THEME_SECONDS, self._look_at_theme)
        self._draft_clock.start()
        self._look_for_drafts()
        self.begin_welcoming()
        if self.opens is not None:
            self.call_after_refresh(self.open_document, self.opens)

    async def on_event(self, event: Event) -> None:
        """Vim's keys, where they are chosen, stand for arrows before anything else sees them."""
        if self._vim is None or not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
            return
        before, heard = self.vim_mode, self._vim.heard(event, self.screen)
        if isinstance(heard, Act):
            await self.run_action(heard.action, heard.node)
        else:
            for key in heard:
                await super().on_event(key)
        if self.vim_mode != before:
            for bar in self.screen.query(TitleBar):
                bar.refresh()

    @property
    def vim_mode(self) -> str:
        """`NORMAL` or `INSERT` while a text has the focus and vim's keys are chosen, else nothing."""
        return self._vim.mode(self.screen) if self._vim is not None and self._screen_stack else ""

    def action_text_edge(self, edge: str) -> None:
        """Go to the `start` or the `end` of the text with the focus."""
        if isinstance(self.focused, TextArea):
            self.focused.move_cursor(self.focused.document.end if edge == "end" else (0, 0))

    def action_part_beside(self, side: Side) -> None:
        """Go to the nearest part on this side."""
        beside = part_beside(self.screen, side)
        if beside is not None:
            beside.focus()

    def action_settings(self) -> None:
        """Open the settings, once."""
        if not any(type(screen).__name__ in {"SettingsScreen", "KeysScreen"} for screen in self.screen_stack):
            self.open_settings()

    @work(group="jump", exclusive=True)
    async def action_jump(self) -> None:
        """A letter over everything that can have the focus; the one that is pressed gets it."""
        from am_studio.tui.jump import JumpScreen, jump_places, jump_targets

        targets = jump_targets(self.screen)
        letter = await self.push_screen_wait(JumpScreen(jump_places(self.screen, targets)))
        if letter in targets:
            targets[letter].focus()

    # Unsaved work. ---------------------------------------------------------------------------------------------------

    def keep_drafts(self) -> None:
        """Write down what is unsaved on any screen, so that nothing but the last seconds can be lost."""
        try:
            self._drafts.keep(self._unsaved_work() or ())
        except StudioError as error:
            self._tell_unkept(error)

    def _unsaved_work(self) -> Sequence[Draft] | None:
        """What is unsaved on any screen; None while there is no screen. Looks only, for the drafts' thread asks it.

        What is typed on the tour is typed into a scratch copy: nothing of that is kept.
        """
        if self.touring:
            return ()
        screens = list(self._screen_stack) if self.is_running else []
        drafts = [screen.unsaved_draft() for screen in screens if isinstance(screen, KeepsDraft)]
        return [draft for draft in drafts if draft is not None] if screens else None

    def _tell_unkept(self, error: StudioError) -> None:
        if not self._drafts_failed:
            self._drafts_failed = True
            self.post_message(OpeningFailed(error))

    def on_unmount(self) -> None:
        """The studio ends: drafts stay as they are."""
        self._draft_clock.stop()

    @work(thread=True, group="drafts")
    def _look_for_drafts(self) -> None:
        found = left_behind()
        if found:
            self.post_message(DraftsFound(found))

    @on(DraftsFound)
    @work(group="recovery", exclusive=True, description="offer drafts")
    async def _offer_drafts(self, message: DraftsFound) -> None:
        await offer(self, message.found)

    def exit(self, result: None = None, return_code: int = 0, message: Any = None) -> None:
        """Leave the studio: what was not saved has been given up."""
        self.say_goodbye()
        self._draft_clock.stop()
        self._drafts.close()
        super().exit(result, return_code, message)

    async def action_quit(self) -> None:
        """Leave the studio; asks when work on any screen is unsaved."""
        if self.touring:
            self.exit()
        elif not isinstance(self.screen, ChoiceScreen):
            self._leave(self.screen_stack, self.exit)

    def action_help(self) -> None:
        """Show what every key does here."""
        self.push_screen(help_for(self.screen))

    def action_keys(self) -> None:
        """Open the list of all keys."""
        self.open_keys()

    def action_help_quit(self) -> None:
        """Somebody pressed ctrl+c, which copies: say how to leave."""
        self.notify("ctrl+c copies here; press q or ctrl+q to leave the studio")

    def action_set_theme(self, name: str) -> None:
        """Use the theme of this name, and go on using it next time where settings can be kept."""
        from am_studio.tui.settings.store import save_setting

        self._asked_theme = name
        try:
            self._wear(name)
            save_setting(("studio", "theme"), name)
        except StudioError as error:
            self.show_error(error)

    def action_packs(self) -> None:
        """Open the packs."""
        self.open_packs()

    def palette_commands(self) -> list[Command]:
        """What can be done everywhere."""
        return [
            Command("app: Go back", "Back to the screen before.", "app.go_back"),
            Command("app: Library", "Packs, scenarios and recent runs.", "app.library"),
            Command("app: Packs", "Install, verify, update, check and compare packs.", "app.packs"),
            Command("app: Help", "What every key does here.", "app.help"),
            Command("app: Jump", "A letter for every part of the screen: go there.", "app.jump"),
            Command("pane: Wider", "Make the pane with the focus wider.", "app.size_pane(1, False)"),
            Command("pane: Narrower", "Make the pane with the focus narrower.", "app.size_pane(-1, False)"),
            Command("pane: Higher", "Make the pane with the focus higher.", "app.size_pane(1, True)"),
            Command("pane: Lower", "Make the pane with the focus lower.", "app.size_pane(-1, True)"),
            Command("pane: Own sizes", "Give all panes of the screen their own sizes.", "app.reset_panes"),
            Command("app: Settings", "Looks and keys.", "app.settings"),
            Command("app: Keys", "Which key does what; change it.", "app.keys"),
            *(
                Command(f"theme: {name.title()}", _THEME_TOLD[name], f"app.set_theme('{name}')")
                for name in BUILT_IN_THEMES
            ),
            *super().palette_commands(),
            Command("app: Quit", "Leave the studio; asks when work is unsaved.", "app.quit"),
        ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going back needs somewhere to go, and the packs are opened once."""
        if action in {"go_back", "library"}:
            return len(self.screen_stack) > 1
        if action == "packs":
            # The library has its own way there, and one packs screen is enough.
            return not isinstance(self.screen, LibraryScreen) and not any(
                type(screen).__name__ == "PacksScreen" for screen in self.screen_stack
            )
        if action in {"size_pane", "reset_panes"}:
            return self.has_panes()
        return super().check_action(action, parameters)

    def _fatal_error(self) -> None:
        # Textual's own report prints local variables, which may hold keys and strangers' text.
        self._draft_clock.stop()
        with suppress(Exception):
            self.keep_drafts()
        self.bell()
        trace = traceback.format_exc()
        report = write_report(trace, [type(screen).__name__ for screen in self.screen_stack])
        where = (
            f"\nThis is also in {report}. Unsaved work is offered when the studio is opened again.\n" if report else ""
        )
        told = Text(visible(trace + where), overflow="fold")
        self._exit_renderables.append(Segments(self.console.render(told)))
        self._close_messages_no_wait()


def _looks() -> StudioLooks:
    # Reading settings loads what reads YAML: who has none starts without it.
    if not os.environ.get(SETTINGS_VARIABLE) and not settings_file().is_file():
        return StudioLooks()
    from am_studio.foundation.settings import user_settings

    return user_settings().studio
