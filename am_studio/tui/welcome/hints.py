"""The most useful thing to do on a screen in the state it is in, in a line; known once it has been done.

Functions of what the screens say of themselves; they change nothing. A hint that was followed once is not given again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from am_studio.tui.vim import types_text

if TYPE_CHECKING:
    from am_studio.tui.author.screen import AuthorScreen
    from am_studio.tui.board.screen import BoardScreen
    from am_studio.tui.library.screen import LibraryScreen
    from am_studio.tui.results.screen import ResultsScreen
    from am_studio.tui.study.screen import StudyScreen
    from am_studio.tui.transcripts.screen import TranscriptsScreen


@dataclass(frozen=True, slots=True)
class Hint:
    """Something that is worth knowing on a screen."""

    id: str
    long: str
    """What it says, keys as `{author.save}`."""
    short: str
    """The same where there is little room."""
    useful: Callable[[Any], bool]
    """Whether it helps in the state that the screen is in."""
    followed: Callable[[Any], bool]
    """Whether it has been done."""


def hints_of(screen: Screen[Any]) -> tuple[Hint, ...]:
    """All hints of a screen, the most useful first."""
    return SCREEN_HINTS.get(type(screen).__name__, ())


def every_hint() -> frozenset[str]:
    """The ids of all hints."""
    return frozenset(hint.id for hints in SCREEN_HINTS.values() for hint in hints)


def pick(screen: Screen[Any], known: frozenset[str]) -> tuple[Hint | None, frozenset[str]]:
    """The hint to give on this screen, if any; and the ids of those that were followed just now."""
    new = [hint for hint in hints_of(screen) if hint.id not in known]
    followed = frozenset(hint.id for hint in new if hint.followed(screen))
    return next((hint for hint in new if hint.id not in followed and hint.useful(screen)), None), followed


def _led_to(name: str) -> Callable[[Screen[Any]], bool]:
    """Whether a screen of this class was opened from here."""
    return lambda screen: any(type(other).__name__ == name for other in screen.app.screen_stack)


def _a_scenario(screen: LibraryScreen) -> bool:
    return screen.state.scenario is not None and not screen.has_class("-runs")


def _several(screen: LibraryScreen) -> bool:
    return sum(len(pack.scenarios) for pack in screen.state.packs or ()) > 4


def _nothing_toggled(screen: AuthorScreen) -> bool:
    return bool(screen.shown.details) and not screen.asked.choices and not types_text(screen.focused)


def _toggled(screen: AuthorScreen) -> bool:
    return bool(screen.asked.choices)


def _saved(screen: AuthorScreen | StudyScreen) -> bool:
    return not screen.unsaved()


def _problems(screen: StudyScreen) -> bool:
    return screen.assessment is not None and bool(screen.assessment.problems)


def _a_plan(screen: StudyScreen) -> bool:
    return screen.assessment is not None and screen.assessment.plan is not None


def _finished(screen: BoardScreen) -> bool:
    return screen.has_class("-finished")


def _trials(screen: BoardScreen) -> bool:
    return screen.check_action("transcripts", ()) is True


def _effects(screen: ResultsScreen) -> bool:
    return screen.check_action("report", ()) is True


def _a_trial(screen: TranscriptsScreen) -> bool:
    return screen.check_action("pin", ()) is True


SCREEN_HINTS: Mapping[str, tuple[Hint, ...]] = {
    "LibraryScreen": (
        Hint("library.open", "{tree.open} opens this scenario: its mail, its details, what the subject reads",
             "{tree.open} opens it", _a_scenario, _led_to("AuthorScreen")),
        Hint("library.study", "{library.study} makes a study of this scenario: which details matter?",
             "{library.study} makes a study", _a_scenario, _led_to("StudyScreen")),
        Hint("library.search", "{library.search} finds scenarios by words", "{library.search} searches",
             _several, lambda screen: bool(screen.state.query)),
    ),
    "AuthorScreen": (
        Hint("author.toggle", "nothing toggled yet: {author.details}, then {details.toggle} on a detail shows what it changes",
             "{author.details}, {details.toggle}: toggle a detail", _nothing_toggled, _toggled),
        Hint("author.diff", "{author.diff} shows nothing but what the toggles change",
             "{author.diff} shows the change", _toggled, lambda screen: screen.asked.show_diff),
        Hint("author.study", "{author.study} makes a study: what does each detail change?",
             "{author.study} makes a study", _saved, _led_to("StudyScreen")),
    ),
    "StudyScreen": (
        Hint("study.problem", "{study.next_problem} goes to the next problem, and to its field",
             "{study.next_problem}: next problem", _problems, lambda screen: screen.went_to_a_problem),
        Hint("study.launch", "{study.launch} launches it: it asks once, with the greatest cost",
             "{study.launch} launches it", _a_plan, _led_to("BoardScreen")),
        Hint("study.power", "{study.power} tells the smallest change that it would find",
             "{study.power}: what it can find", lambda screen: _a_plan(screen) and _saved(screen), _led_to("AskScreen")),
    ),
    "BoardScreen": (
        Hint("board.results", "finished: {board.results} shows what each detail changed",
             "{board.results} shows the results", _finished, _led_to("ResultsScreen")),
        Hint("board.trials", "{results.trials} on an arm opens its trials", "{results.trials} opens its trials",
             _trials, _led_to("TranscriptsScreen")),
    ),
    "ResultsScreen": (
        Hint("results.trials", "{results.trials} on a number opens the trials that it counts",
             "{results.trials} opens its trials", _effects, _led_to("TranscriptsScreen")),
        Hint("results.report", "{results.report} reads the report, and writes it as a page",
             "{results.report} reads the report", _effects, _led_to("ReportScreen")),
        Hint("results.judge", "{results.judge} tells how far the judge can be trusted",
             "{results.judge}: trust in the judge", _effects, _led_to("TrustPanel")),
    ),
    "TranscriptsScreen": (
        Hint("transcripts.label", "{transcripts.yes} {transcripts.no} {transcripts.unclear} label a trial: then the judge's error is known",
             "{transcripts.yes} {transcripts.no} {transcripts.unclear} label a trial", _a_trial, lambda screen: bool(screen.browsing.labels)),
        Hint("transcripts.search", "{transcripts.search} looks for words in every reply",
             "{transcripts.search} searches replies", _a_trial, lambda screen: bool(screen.browsing.needle)),
        Hint("transcripts.pin", "{transcripts.pin} keeps this trial beside the others",
             "{transcripts.pin}: side by side", _a_trial, lambda screen: screen.has_class("-pinned")),
    ),
}  # fmt: skip
"""By the class of the screen."""
