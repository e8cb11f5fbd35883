"""A hand on the mouse and fingers on a few keys: they do what somebody at a terminal can, and see what is painted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, TextArea

from am_studio.tui.app import StudioApp
from tests.studio_world import painted, until


class Hand:
    """Somebody at the studio."""

    def __init__(self, app: StudioApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def until(self, holds: Callable[[], object], told: str = "it") -> None:
        """Wait until it holds."""
        await until(self.pilot, holds, told)

    async def sees(self, *words: str) -> None:
        """Wait until all of this is on the screen."""
        await self.until(lambda: all(each in painted(self.app) for each in words), str(words))

    async def on(self, kind: str) -> None:
        """Wait until a screen of this class is there, with the focus on something, and painted."""
        await self.until(lambda: type(self.app.screen).__name__ == kind and self._settled(), kind)

    def _settled(self) -> bool:
        screen = self.app.screen
        return screen.focused is not None or (screen.is_modal and not screen.focus_chain)

    def place(self, words: str, inside: Widget | None = None) -> tuple[int, int] | None:
        """Where the middle of these words is, in cells; the first place inside this widget."""
        for y, line in enumerate(painted(self.app).splitlines()):
            at = line.find(words)
            while at >= 0:
                x = cell_len(line[:at]) + cell_len(words) // 2
                if inside is None or inside.region.contains(x, y):
                    return x, y
                at = line.find(words, at + 1)
        return None


def _stands_still(seen: list[Any]) -> bool:
    """Whether the last looks saw it at one place."""
    return len(seen) >= 4 and seen[-1] is not None and len(set(seen[-4:])) == 1


class Mouse(Hand):
    """Points and clicks. Types only where a text has the focus."""

    async def click(self, words: str, inside: Any = None, *, times: int = 1) -> None:
        """Click on words as soon as they are there; `inside` is a kind of widget or a selector."""
        part = self.app.screen.query(inside).first() if inside is not None else None
        await self.until(lambda: self.place(words, part) is not None, words)
        # A form that is being laid out anew moves its words: they are clicked on once they stand still.
        seen: list[Any] = []
        await self.until(lambda: bool(seen.append(self.place(words, part)) or _stands_still(seen)), words)
        await self.pilot.click(offset=seen[-1], times=times)
        await self.pilot.pause()

    async def wheel(self, part: Any, turns: int = 3) -> None:
        """Turn the wheel over a part, away from its beginning."""
        widget = self.app.screen.query(part).first() if not isinstance(part, Widget) else part
        middle = widget.region.center
        for _ in range(turns):
            await self.pilot._post_mouse_events(
                [events.MouseScrollDown], None, offset=(int(middle[0]), int(middle[1])), button=0
            )
        await self.pilot.pause()

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press at one place, release at another."""
        await self.pilot.mouse_down(offset=start)
        await self.pilot.hover(offset=end)
        await self.pilot.mouse_up(offset=end)
        await self.pilot.pause()

    async def select(self, words: str, inside: Any = None) -> None:
        """Drag over words, so that what is typed next takes their place."""
        part = self.app.screen.query(inside).first() if inside is not None else None
        await self.until(lambda: self.place(words, part) is not None, words)
        at = self.place(words, part)
        assert at is not None
        start = at[0] - cell_len(words) // 2
        await self.drag((start, at[1]), (start + cell_len(words), at[1]))

    async def types(self, text: str) -> None:
        """Type into the text that has the focus."""
        await self.until(lambda: isinstance(self.app.focused, (Input, TextArea)))
        await self.pilot.press(*text)

    async def chooses(self, command: str) -> None:
        """Choose a command in the menu."""
        await self.click("≡ Menu")
        await self.on("CommandPalette")
        await self.types(command)
        await self.until(lambda: self.place(command, self.app.screen.query("CommandList").first()))
        await self.click(command, "CommandList")


class Fingers(Hand):
    """Presses keys, and no others than those that are allowed."""

    def __init__(self, app: StudioApp, pilot: Pilot[Any], allowed: frozenset[str]) -> None:
        super().__init__(app, pilot)
        self.allowed = allowed

    async def press(self, *keys: str) -> None:
        """Press these keys, one after the other."""
        for key in keys:
            assert len(key) == 1 or key in self.allowed, f"{key} is none of the keys"
            await self.pilot.press(key)

    async def types(self, text: str) -> None:
        """Type into the text that has the focus."""
        await self.until(lambda: isinstance(self.app.focused, (Input, TextArea)))
        await self.pilot.press(*text)

    async def chooses(self, command: str) -> None:
        """Choose a command after a colon."""
        await self.press("colon")
        await self.on("CommandPalette")
        await self.types(command)
        await self.until(lambda: self.place(command, self.app.screen.query("CommandList").first()))
        await self.press("enter")


@asynccontextmanager
async def opened(size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[StudioApp, Pilot[Any]]]:
    """The studio on its library."""
    app = StudioApp()
    async with app.run_test(size=size) as pilot:
        yield app, pilot
