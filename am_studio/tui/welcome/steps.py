"""The steps of the tour: what to look at on which screen, which key to press, and how one knows that it was done.

Functions of what the screens say of themselves. `do` does a move for who would rather see it done; the tour itself sees to
it that the right screen is in front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.screen import Screen
from textual.widgets import TabbedContent

from am_studio.tui.vim import types_text

if TYPE_CHECKING:
    from am_studio.tui.author.screen import AuthorScreen
    from am_studio.tui.board.screen import BoardScreen
    from am_studio.tui.library.screen import LibraryScreen
    from am_studio.tui.results.screen import ResultsScreen
    from am_studio.tui.study.screen import StudyScreen
    from am_studio.tui.transcripts.screen import TranscriptsScreen


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do."""

    screen: str
    """The class of the screen that it is done on."""
    told: str
    """What to look at and what to press, keys as `{author.save}`."""
    done: Callable[[Any], bool]
    """Whether the screen in front, whichever it is, shows that it was done."""
    do: Callable[[Any], None] | None
    """Does it, on the screen that it is done on; None: the tour just goes on, and opens what is needed next."""
    launches: bool = False
    """Whether it makes the run that all later moves need."""


@dataclass(frozen=True, slots=True)
class Step:
    """Some moves on one subject."""

    title: str
    moves: tuple[Move, ...]


PLACES = {
    "LibraryScreen": "library",
    "AuthorScreen": "author",
    "StudyScreen": "study",
    "BoardScreen": "run board",
    "ResultsScreen": "results",
    "TranscriptsScreen": "transcripts",
}
"""What the screens are called."""


def _is(name: str) -> Callable[[Screen[Any]], bool]:
    return lambda front: type(front).__name__ == name


def _details_seen(front: LibraryScreen) -> bool:
    return _is("LibraryScreen")(front) and any(tabs.active == "details" for tabs in front.query(TabbedContent))


def _email_chosen(front: AuthorScreen) -> bool:
    return _is("AuthorScreen")(front) and front.asked.file.startswith("emails/")


def _choose_email(front: AuthorScreen) -> None:
    front.select_text(next(name for name in sorted(front.texts) if name.startswith("emails/")))


def _typed(front: AuthorScreen) -> bool:
    return _is("AuthorScreen")(front) and bool(front.document.dirty)


def _saved(front: AuthorScreen) -> bool:
    return _is("AuthorScreen")(front) and not front.document.dirty and not types_text(front.focused)


def _save(front: AuthorScreen) -> None:
    front.action_save()
    front.action_pane("inbox")


def _toggled(front: AuthorScreen) -> bool:
    return _is("AuthorScreen")(front) and bool(front.asked.choices)


def _toggle(front: AuthorScreen) -> None:
    from am_studio.tui.author.state import chose, stepped

    row = next(row for row in front.shown.details if row.characters)
    front.action_pane("details")
    front.ask(chose(front.asked, row, stepped(row)))


def _compared(front: AuthorScreen) -> bool:
    return _is("AuthorScreen")(front) and front.asked.show_diff


def _read_study(front: StudyScreen) -> bool:
    return _is("StudyScreen")(front) and front.document is not None and not front.query_one("#side").loading


def _plan_seen(front: StudyScreen) -> bool:
    return _read_study(front) and any(
        node.id == "plan" for node in (front.focused.ancestors_with_self if front.focused else ())
    )


def _launch(front: StudyScreen) -> None:
    front.action_launch()


def _finished(front: BoardScreen) -> bool:
    return _is("BoardScreen")(front) and front.has_class("-finished")


def _effects_shown(front: ResultsScreen) -> bool:
    return _is("ResultsScreen")(front) and front.check_action("report", ()) is True


def _trial_shown(front: TranscriptsScreen) -> bool:
    return _is("TranscriptsScreen")(front) and front.check_action("pin", ()) is True


def _text_read(front: TranscriptsScreen) -> bool:
    return _is("TranscriptsScreen")(front) and type(front.focused).__name__ == "TranscriptPane"


STEPS = (
    Step(
        "A scenario",
        (
            Move("LibraryScreen",
                 "A scenario is a company's mail that an AI agent reads; this one is a scratch copy. "
                 "{library.details} shows its details: what can be switched off in it.",
                 _details_seen, lambda front: front.action_tab("details")),
            Move("LibraryScreen",
                 "Each detail is a suspicion: does the harm need it? {tree.open} in the list (or a double click) opens the "
                 "scenario in the author.",
                 _is("AuthorScreen"), None),
        ),
    ),
    Step(
        "Its mail",
        (
            Move("AuthorScreen",
                 "On the left the inbox, on the right what the subject reads. Go down to an email, or click one.",
                 _email_chosen, _choose_email),
            Move("AuthorScreen",
                 "{author.editor} goes to its text. Type a few words into a sentence: the preview follows every key.",
                 _typed, None),
            Move("AuthorScreen", "{author.save} saves it; {author.back} then leaves the text.", _saved, _save),
        ),
    ),
    Step(
        "What a detail does",
        (
            Move("AuthorScreen",
                 "{author.details} goes to the details; {details.toggle} (or a click) toggles one. In the preview the text it "
                 "governs comes and goes.",
                 _toggled, _toggle),
            Move("AuthorScreen", "{author.diff} shows nothing but what the toggle changes.",
                 _compared, lambda front: front.action_toggle_diff()),
        ),
    ),
    Step(
        "A study",
        (
            Move("AuthorScreen",
                 "A study asks a subject many times, with details switched off, and counts. {author.study} makes one of this "
                 "scenario.",
                 _read_study, None),
            Move("StudyScreen",
                 "The form says what is compared. Its subject, sim/strategist, is SIMULATED: free, without a network. "
                 "{study.next_pane} goes to the plan.",
                 _plan_seen, lambda front: front.focus_pane("plan")),
        ),
    ),
    Step(
        "A run",
        (
            Move("StudyScreen", "{study.launch} launches it. It asks once, with the greatest cost: here nothing.",
                 _is("BoardScreen"), _launch, launches=True),
            Move("BoardScreen",
                 "Trials come in, a row a group. The run is a process of its own: leaving this screen, or the studio, stops "
                 "nothing. It ends in a moment.",
                 _finished, None),
        ),
    ),
    Step(
        "What it found",
        (
            Move("BoardScreen", "{board.results} shows what each detail changed, with intervals and tests.",
                 _effects_shown, lambda front: front.action_results()),
            Move("ResultsScreen",
                 "SIMULATED, so no evidence about any real model. {results.trials} on a number opens the trials it counts.",
                 _trial_shown, lambda front: front.action_transcripts()),
            Move("TranscriptsScreen",
                 "{transcripts.switch} goes to the transcript: what was read, written, done, and judged. Then the arrows read on.",
                 _text_read, lambda front: front.action_switch()),
            Move("TranscriptsScreen",
                 "That is the whole course. The tour's copy goes when it ends, and your own library is there again: "
                 "{tour.next} or {tour.end}.",
                 lambda _: False, None),
        ),
    ),
)  # fmt: skip
"""The six of them."""
