"""Offers what an earlier studio left unsaved: take it up, keep it for later, or give it up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from am_studio.foundation.errors import StudioError
from am_studio.tui.drafts import Draft, LeftBehind, discard, take
from am_studio.tui.strangers import plain
from am_studio.tui.widgets import Choice, ChoiceScreen

if TYPE_CHECKING:
    from am_studio.tui.app import StudioApp

_CHOICES = (
    Choice("recover", "Recover", "r", "success"),
    Choice("", "Later", "l"),
    Choice("discard", "Discard", "d", "error"),
)


async def offer(app: StudioApp, found: tuple[LeftBehind, ...]) -> None:
    """Ask about each, the latest first; stops where the answer is `later`."""
    for left in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(left.at))
        told = "\n".join(draft.told for draft in left.drafts)
        title = f"A studio ended with unsaved work ({when})"
        answer = await app.push_screen_wait(ChoiceScreen(plain(title), plain(told), _CHOICES))
        if answer == "recover":
            if take(left):
                _recover(app, left)
        elif answer == "discard":
            discard(left)
        else:
            return


def _recover(app: StudioApp, left: LeftBehind) -> None:
    """Open each document with its draft in it, unsaved as it was; what cannot be opened stays in its file, and is told."""
    failed = False
    for draft in left.drafts:
        try:
            app.push_screen(_screen(draft))
        except StudioError as error:
            failed = True
            app.show_error(error)
    app.keep_drafts()
    if failed:
        app.notify(
            f"What could not be taken up is kept in {left.file.name}.taken beside the other drafts.",
            timeout=20,
            markup=False,
        )
    else:
        discard(left)


def _screen(draft: Draft) -> Screen[Any]:
    place = Path(draft.place)
    if draft.kind == "scenario":
        return _author(place, draft.texts)
    from am_studio.runs.study_document import StudyDocument
    from am_studio.tui.study.screen import StudyScreen

    document = StudyDocument.open(place) if place.is_file() else StudyDocument("", place, None)
    document.edit(draft.texts[place.name] or "", "recover unsaved work")
    return StudyScreen(document=document)


def _author(place: Path, texts: Mapping[str, str | None]) -> Screen[Any]:
    from am_studio.scenarios.documents import ScenarioDocument
    from am_studio.tui.author.screen import AuthorScreen

    document = ScenarioDocument.open(place)
    together: dict[str, str | None] = {**document.texts, **texts}
    document.edit({name: text for name, text in together.items() if text is not None}, "recover unsaved work")
    return AuthorScreen(document)
