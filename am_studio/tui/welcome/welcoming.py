"""The part of the app that welcomes: takes one back, shows round, hints, tells what is new. It holds nothing else together.

All of it begins after the first paint, in a thread where a file is read. What is offered is offered in a line of the
library and goes away when something is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textual import on, work
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.message import Message
from textual.screen import ModalScreen, Screen

from am_studio.foundation.errors import StudioError
from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.palette import Command
from am_studio.tui.screens import ScreensApp
from am_studio.tui.strangers import MUTED, plain
from am_studio.tui.welcome.documents import called
from am_studio.tui.welcome.hints import hints_of, pick
from am_studio.tui.welcome.keys import shown_key, with_keys
from am_studio.tui.welcome.offers import Offer, OfferLine, show_offers
from am_studio.tui.welcome.places import Remembered
from am_studio.tui.welcome.restoring import Restorer
from am_studio.tui.welcome.seen import Seen, mark_followed, mark_seen, read_seen
from am_studio.tui.welcome.touring import TourGuide
from am_studio.tui.widgets import StudioFooter, TitleBar
from am_studio.version import __version__

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

LOOK_SECONDS = 0.25
"""How often it is seen what has been done."""
KEEP_SECONDS = 2.0
"""How often it is kept where one is, where that has changed."""
_LONGEST_NAME = 40
"""Characters of a document's name in the line of offers."""

WELCOME_BINDINGS: tuple[BindingType, ...] = (
    Binding("full_stop", "reopen", "Go on", id="welcome.reopen", tooltip="Open what was open last", show=False),
    Binding("T", "tour", "Tour", id="welcome.tour", tooltip="Six steps on a scratch copy", show=False),
    Binding("plus", "changelog", "News", id="welcome.changelog", tooltip="What is new, by version", show=False),
    Binding(
        "ctrl+n,ctrl+right_square_bracket", "tour_next", "Tour: on", id="tour.next",
        tooltip="Do this move of the tour for me", show=False, priority=True,
    ),
    Binding("escape", "tour_end", "End tour", id="tour.end", tooltip="End the tour", show=False, priority=True),
)  # fmt: skip
"""Of the app itself: a class of its own would have its escape overridden."""


@dataclass
class LookedBack(Message):
    """What an earlier studio left: where one was, and what has been seen."""

    remembered: Remembered
    seen: Seen
    first: bool
    """Whether this is the first start ever."""


class Welcoming(ScreensApp):
    """What the studio does for who comes in."""

    DEFAULT_CSS = """
    .-touring ToastRack { margin-bottom: 4; }
    """

    def __init__(self, *, tour: bool = False, plain: bool = False) -> None:
        """`tour` begins with the tour; `plain`: linear whatever the settings say."""
        super().__init__(plain=plain)
        self._begin_touring = tour
        self._restorer = Restorer()
        self._guide = TourGuide(self._studio)
        self._known: frozenset[str] | None = None
        """The hints that are known; None before that was read."""

    @property
    def _studio(self) -> StudioApp:
        return cast("StudioApp", self)

    @property
    def touring(self) -> bool:
        """Whether the tour is on: what is on the screens then is a scratch copy."""
        return self._guide.tour is not None

    def begin_welcoming(self) -> None:
        """Look back, once the first picture is there, and then at what is done."""
        self.call_after_refresh(self._look_back)
        self.set_interval(LOOK_SECONDS, self._look)
        self.set_interval(KEEP_SECONDS, self.keep_place)

    # Looking back. ---------------------------------------------------------------------------------------------------

    @work(thread=True, group="welcome")
    def _look_back(self) -> None:
        remembered = self._restorer.look_back() if self._studio.looks.restore else Remembered()
        seen = read_seen()
        known = seen or Seen()
        kept = True
        if known.news != __version__ or not known.tour:
            kept = mark_seen(lambda now: replace(now, tour=True, news=__version__))
        self.post_message(LookedBack(remembered, known, seen is None and kept))

    @on(LookedBack)
    def _take_back(self, message: LookedBack) -> None:
        self._known = message.seen.followed
        library = self._library
        if library is None:
            return
        if self._studio.looks.restore and self._studio.opens is None:
            library.take_back(message.remembered.library)
        if self._begin_touring:
            self.action_tour()
        elif len(self.screen_stack) == 1:
            self._offer(library, self._offers(message))

    def _offers(self, message: LookedBack) -> list[Offer]:
        offers = []
        if message.first:
            key = shown_key(self._studio, "welcome.tour")
            offers.append(Offer("tour", f"New here? {key} takes a tour: six steps, simulated, on a scratch copy"))
        if self._restorer.offered:
            key, name = shown_key(self._studio, "welcome.reopen"), called(self._restorer.offered[0])
            shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
            offers.append(Offer("reopen", f"{key} goes on with {shown}"))
        if message.seen.news and _newer(__version__, message.seen.news):
            key = shown_key(self._studio, "welcome.changelog")
            offers.append(Offer("changelog", f"{key} shows what is new in {__version__}"))
        return offers

    def _offer(self, screen: Screen[Any], offers: list[Offer]) -> None:
        footers = screen.query(StudioFooter)
        if footers:
            show_offers(footers.first(), offers)

    # Looking at what is done. ----------------------------------------------------------------------------------------

    @property
    def _library(self) -> LibraryScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, LibraryScreen)), None)

    @property
    def _front(self) -> Screen[Any] | None:
        """The screen in front, behind any dialog."""
        return next((screen for screen in reversed(self.screen_stack) if not isinstance(screen, ModalScreen)), None)

    def _look(self) -> None:
        front = self._front
        if front is None or not front.is_mounted:
            return
        if not isinstance(front, LibraryScreen) and (library := self._library) is not None:
            library.query(OfferLine).remove()
        with suppress(NoMatches):  # a screen that is coming up, or going, has not all its parts: the next look will do
            self._guide.look(front)
            self._hint(front)

    def _hint(self, front: Screen[Any]) -> None:
        """Say in the title bar what is worth doing, and take note of what was done."""
        bars = front.query(TitleBar)
        if self._known is None or not bars:
            return
        for screen in self.screen_stack:
            if hints_of(screen) and screen.is_mounted:
                hint, followed = pick(screen, self._known)
                if followed:
                    self._known |= followed
                    self._note(lambda followed=followed: mark_followed(followed))
                if screen is front:
                    given = hint if self._studio.looks.hints and not self.touring else None
                    told = (given.long, given.short) if given is not None else ()
                    bars.first().hint(*(plain(with_keys(self._studio, each), MUTED) for each in told))

    @work(thread=True, group="note")
    def _note(self, write: Callable[[], None]) -> None:
        write()

    # Where one is. ---------------------------------------------------------------------------------------------------

    def keep_place(self) -> None:
        """Keep where one is for the next start in this directory."""
        if self._studio.looks.restore and not self.touring and self._known is not None:
            write = self._restorer.keep(self.screen_stack)
            if write is not None:
                self._note(write)

    def say_goodbye(self) -> None:
        """The studio is being left: keep where one is, and clear the tour away."""
        if self.touring:
            ground = self._guide.abandon()
            if ground is not None:
                _clear_away(ground)
        elif self._studio.looks.restore and self._known is not None:
            write = self._restorer.keep(self.screen_stack, leaving=True)
            if write is not None:
                write()

    def action_reopen(self, number: int = 0) -> None:
        """Open what was open last."""
        if number < len(self._restorer.offered):
            self._restorer.reopen(self._studio, self._restorer.offered[number])

    # The tour. -------------------------------------------------------------------------------------------------------

    def action_tour(self) -> None:
        """Begin the tour, in the library; asks first when work is unsaved."""
        if not self.touring:
            self._studio.leave_all(self._lay_out)

    @work(group="tour", exclusive=True)
    async def _lay_out(self) -> None:
        from am_studio.tui.welcome.tour import lay_out

        home = Path.cwd()
        self.notify("Making a scratch copy for the tour …", timeout=2)
        try:
            ground = await asyncio.to_thread(lay_out)
        except StudioError as error:
            self._studio.show_error(error)
            return
        library = self._library
        if library is not None and not self.touring:
            library.query(OfferLine).remove()
            self._guide.begin(ground, home)

    def action_tour_next(self) -> None:
        """Do this move of the tour."""
        tour, front = self._guide.tour, self._front
        if tour is not None and tour.is_last:
            self.action_tour_end()
        elif front is not None:
            self._guide.go_on(front)

    def action_tour_end(self) -> None:
        """End the tour."""
        ground = self._guide.end()
        if ground is not None:
            self._note(lambda: _clear_away(ground))
            self.notify("The tour is over; T begins it anew.", timeout=3)

    # News. -----------------------------------------------------------------------------------------------------------

    def action_changelog(self) -> None:
        """Show what is new, once."""
        if not any(type(screen).__name__ == "ChangelogScreen" for screen in self.screen_stack):
            self._studio.open_changelog()

    # Commands. -------------------------------------------------------------------------------------------------------

    def palette_commands(self) -> list[Command]:
        """What can be done of this everywhere."""
        offered = enumerate(self._restorer.offered if self._studio.looks.restore else ())
        return [
            Command("app: Tour", "Six steps on a scratch copy, with a simulated subject.", "app.tour"),
            Command("app: Next move of the tour", "Do this move of the tour for me.", "app.tour_next"),
            Command("app: End the tour", "Back to your own library.", "app.tour_end"),
            Command("app: What is new", "The changes by version.", "app.changelog"),
            *(
                Command(f"open: Go on with {called(document)}", "It was open before.", f"app.reopen({number})")
                for number, document in offered
            ),
        ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The tour's keys are its own while there is one; going on needs something to go on with."""
        if action == "tour_next":
            return self._guide.listens
        if action == "tour_end":
            return self._guide.ends_on_escape
        if action == "tour":
            return not self.touring
        if action == "reopen":
            return bool(self._restorer.offered) and self._studio.looks.restore and not self.touring
        return True


def _clear_away(ground: Path) -> None:
    from am_studio.tui.welcome.tour import clear_away

    clear_away(ground)


def _newer(version: str, other: str) -> bool:
    """Whether a version comes after another; what is no version is older."""
    return _numbers(version) > _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isascii() and part.isdigit())
