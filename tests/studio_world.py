"""Being at the studio in a test: waiting for what a thread or a layout brings, and reading what is painted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from am_studio.tui.app import StudioApp

PATIENCE_SECONDS = 120.0
"""How long is waited for what ought to come: machines that run tests are slow, and busy with other tests."""


class EmptyStudio(StudioApp):
    """The studio, begun on an empty screen."""

    def get_default_screen(self) -> Screen[Any]:
        return Screen()


async def until(pilot: Pilot[Any], holds: Callable[[], object], told: str = "it") -> None:
    """Waits until it holds, which failures tell of in these words."""
    end = time.monotonic() + PATIENCE_SECONDS
    await pilot.pause()
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"{told}: it did not come to that:\n{painted(pilot.app)}")
        await pilot.pause(0.02)


async def still(pilot: Pilot[Any]) -> None:
    """Waits until nothing is being worked out any more and two pictures running are the same."""
    before = ""

    def stands() -> bool:
        nonlocal before
        if any(worker.is_running for worker in pilot.app.workers):
            return False
        now = painted(pilot.app)
        same, before = now == before, now
        return same

    await until(pilot, stands)


def painted(app: App[Any]) -> str:
    """What is on the screen, as text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))
