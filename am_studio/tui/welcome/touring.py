"""Leads through the tour on the real screens: lays the ground, shows the panel, goes on when a move was really made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.screen import ModalScreen, Screen

from am_studio.tui.library.screen import LibraryScreen
from am_studio.tui.vim import types_text
from am_studio.tui.welcome.keys import shown_key, with_keys
from am_studio.tui.welcome.panel import TourPanel
from am_studio.tui.welcome.places import LibraryPlace
from am_studio.tui.welcome.steps import PLACES
from am_studio.tui.welcome.tour import PACK, SCENARIO, Tour
from am_studio.tui.widgets import StudioFooter

if TYPE_CHECKING:
    from pathlib import Path

    from am_studio.tui.app import StudioApp

_LEAVES_TEXT = {"LibraryScreen", "AuthorScreen", "TranscriptsScreen"}
"""Where escape in a text goes back to a list."""
_NEEDS_A_RUN = {"BoardScreen", "ResultsScreen", "TranscriptsScreen"}


class TourGuide:
    """The tour, while there is one."""

    def __init__(self, app: StudioApp) -> None:
        self._app = app
        self.tour: Tour | None = None
        self._before = LibraryPlace()

    @property
    def listens(self) -> bool:
        """Whether the tour's keys are its own: not in a dialog."""
        return self.tour is not None and not isinstance(self._app.screen, ModalScreen)

    @property
    def ends_on_escape(self) -> bool:
        """Whether escape ends it: where it leaves a text that is typed, it still does that."""
        leaves_text = types_text(self._app.focused) and type(self._app.screen).__name__ in _LEAVES_TEXT
        return self.listens and not leaves_text

    def begin(self, ground: Path, home: Path) -> None:
        """Show round on this ground; the library is in front."""
        library = self._library
        self._before = library.place
        self.tour = Tour(ground, home)
        self.tour.enter()
        library.turn_back("about")
        library.action_scenarios()
        library.show_changed(self.tour.scenario)
        self._app.refresh_bindings()

    def end(self) -> Path | None:
        """Go back to where the studio worked before; the ground that is to be cleared away."""
        tour, self.tour = self.tour, None
        if tour is None:
            return None
        tour.leave()
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        self._library.query(TourPanel).remove()
        self._library.remove_class("-touring")
        before = self._before
        self._library.turn_back(before.tab or "about")
        self._library.action_scenarios()
        self._library.show_changed(None)
        self._library.take_back(before, always=True)
        self._app.refresh_bindings()
        return tour.ground

    def abandon(self) -> Path | None:
        """The studio is being left in the middle of it; the ground that is to be cleared away."""
        tour, self.tour = self.tour, None
        if tour is None:
            return None
        tour.leave()
        return tour.ground

    def look(self, front: Screen[Any]) -> None:
        """See what was done, and show what comes next."""
        tour = self.tour
        if tour is None or self._app.screen is not front:
            return
        tour.keep_up(front)
        panels = front.query(TourPanel)
        footers = front.query(StudioFooter)
        if not panels and footers:
            keys = (shown_key(self._app, name) for name in ("tour.next", "tour.end"))
            front.mount(TourPanel(*keys), before=footers.first())
            front.add_class("-touring")
        for panel in panels:
            panel.show(tour.title, with_keys(self._app, self._told(tour, front)))

    def _told(self, tour: Tour, front: Screen[Any]) -> str:
        if type(front).__name__ == tour.now.screen:
            return tour.now.told
        return f"This is done on the {PLACES[tour.now.screen]} screen: {{tour.next}} goes there."

    def go_on(self, front: Screen[Any]) -> None:
        """Do the move for somebody, or take them to where it is done."""
        tour = self.tour
        if tour is None:
            return
        if type(front).__name__ != tour.now.screen:
            self._bring(tour, front)
        elif tour.now.do is not None:
            tour.now.do(front)
        else:
            tour.go_on()
            if type(front).__name__ != tour.now.screen:
                self._bring(tour, front)

    def _bring(self, tour: Tour, front: Screen[Any]) -> None:
        """Put the screen of the move in front."""
        app, wanted = self._app, tour.now.screen
        if any(type(screen).__name__ == wanted for screen in app.screen_stack):
            while type(app.screen).__name__ != wanted:
                app.pop_screen()
            return
        run = tour.run
        if wanted in _NEEDS_A_RUN and run is None:
            tour.back_to_the_launch()
            if type(front).__name__ != "StudyScreen":
                self._bring(tour, front)
        elif wanted == "AuthorScreen":
            app.open_author(tour.scenario)
        elif wanted == "StudyScreen":
            app.open_study(scenario=f"{PACK}/{SCENARIO}")
        elif run is not None:
            opened = {"BoardScreen": app.open_board, "ResultsScreen": app.open_results}.get(
                wanted, app.open_transcripts
            )
            opened(run)

    @property
    def _library(self) -> LibraryScreen:
        return next(screen for screen in self._app.screen_stack if isinstance(screen, LibraryScreen))
