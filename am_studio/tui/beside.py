"""Which part of a screen lies beside another: what `ctrl+w h` and its like go to. Nothing here moves the focus."""

from __future__ import annotations

from typing import Any, Literal

from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget

from am_studio.tui.jump import place_of

Side = Literal["left", "right", "up", "down"]
_TURNED = 2
"""How much more a cell across counts than a cell along."""


def part_beside(screen: Screen[Any], side: Side) -> Widget | None:
    """The nearest part on this side of the one with the focus that can have it; None: there is none."""
    focused = screen.focused
    if focused is None:
        return None
    here = focused.region
    others = [each for each in screen.focus_chain if each is not focused and place_of(screen, each) is not None]
    ranked = [(distance, each) for each in others if (distance := _distance(here, each.region, side)) is not None]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _distance(here: Region, there: Region, side: Side) -> int | None:
    """How far it lies on this side, in cells; None when it does not."""
    along = {
        "left": here.x - there.right,
        "right": there.x - here.right,
        "up": here.y - there.bottom,
        "down": there.y - here.bottom,
    }[side]
    if along < 0:
        return None
    if side in {"left", "right"}:
        across = max(here.y - there.bottom + 1, there.y - here.bottom + 1, 0)
    else:
        across = max(here.x - there.right + 1, there.x - here.right + 1, 0)
    return along + _TURNED * across
