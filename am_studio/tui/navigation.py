"""From one screen to another: which screens there are, loading them when they are first asked for, guarding what is unsaved.

A screen knows only the app's `open_*` methods and `go_back`; no screen imports another. Nothing here draws.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from textual.screen import Screen

from am_studio.foundation.errors import StudioError

SCREENS = {
    "author": ("author.screen", "AuthorScreen"),
    "study": ("study.screen", "StudyScreen"),
    "board": ("board.screen", "BoardScreen"),
    "results": ("results.screen", "ResultsScreen"),
    "transcripts": ("transcripts.screen", "TranscriptsScreen"),
    "report": ("reports.screen", "ReportScreen"),
    "packs": ("packs.screen", "PacksScreen"),
    "changes": ("packs.changes_screen", "ChangesScreen"),
    "settings": ("settings.screen", "SettingsScreen"),
    "changelog": ("changelog_screen", "ChangelogScreen"),
    "keys": ("settings.keys_screen", "KeysScreen"),
}
"""The screens that are opened by name: their modules in `am_studio.tui`, and their classes."""


@runtime_checkable
class GuardsUnsaved(Protocol):
    """A screen on which work can be lost; one that has an action `save` is asked to save on leaving."""

    def unsaved(self) -> tuple[str, ...]:
        """What would be lost: file names; empty when all is saved."""
        ...


def load_screen(name: str) -> type[Screen[Any]]:
    """The class of a screen; StudioError when this version of the studio does not have it.

    Importing may take a while, for it loads what the screen works with: call it in a thread.
    """
    place, kind = SCREENS[name]
    module = f"am_studio.tui.{place}"
    try:
        found: type[Screen[Any]] = getattr(importlib.import_module(module), kind)
    except ModuleNotFoundError as error:
        if not module.startswith(error.name or "?"):
            raise
        raise StudioError(f"the {name} screen is not available yet") from error
    return found


def unsaved_on(screens: Iterable[object]) -> tuple[str, ...]:
    """What would be lost if these screens were left."""
    guarded = (screen for screen in screens if isinstance(screen, GuardsUnsaved))
    return tuple(dict.fromkeys(name for screen in guarded for name in screen.unsaved()))
