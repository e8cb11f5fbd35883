"""Going through every screen of the studio, for tests of how they look."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from rich.style import Style
from textual.pilot import Pilot

from am_studio.tui.app import StudioApp
from tests.studio_world import painted, still, until

RUN, STUDY, SCENARIO = Path("runs/my-study.amrun"), Path("my-study.yaml"), Path("my-pack/cold-store")
OPENERS: dict[str, Callable[[StudioApp], None]] = {
    "library": lambda app: None,
    "author": lambda app: app.open_author(SCENARIO),
    "study": lambda app: app.open_study(STUDY),
    "board": lambda app: app.open_board(RUN),
    "results": lambda app: app.open_results(RUN),
    "transcripts": lambda app: app.open_transcripts(RUN),
    "report": lambda app: app.open_report((RUN,)),
    "packs": lambda app: app.open_packs(),
    "settings": lambda app: app.open_settings(),
    "keys": lambda app: app.open_keys(),
}


async def every_screen(pilot: Pilot[None], *names: str) -> AsyncIterator[str]:
    """Opens one after the other, and goes back."""
    app = pilot.app
    assert isinstance(app, StudioApp)
    await until(pilot, lambda: "Reading the library" not in painted(app))
    library = app.screen
    for name in names or OPENERS:
        OPENERS[name](app)
        if name != "library":
            await until(pilot, lambda: app.screen is not library and app.focused is not None)
        await still(pilot)
        yield name
        if app.screen is not library:
            app.go_back(force=True)
            await until(pilot, lambda: app.screen is library)


def segments(app: object) -> list[list[tuple[str, Style | None]]]:
    """What is on the screen, by lines, in pieces of one style."""
    assert isinstance(app, StudioApp)
    strips = app.screen._compositor.render_strips(app.size)
    return [[(segment.text, segment.style) for segment in strip] for strip in strips]


def drawn(text: str) -> set[str]:
    """The lines, boxes, bars and blocks in it."""
    return {sign for sign in text if "\u2500" <= sign <= "\u259f" or unicodedata.name(sign, "").startswith("BOX")}
