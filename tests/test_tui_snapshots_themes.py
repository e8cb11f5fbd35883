"""How the main views look in the other themes: high contrast, the terminal's sixteen colours, dark and light, one of the user's.

`pytest tests/test_tui_snapshots_themes.py --snapshot-update` takes new pictures; look at them before they are committed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from am_studio.tui.app import StudioApp
from test_tui_snapshots import SCREENS, arrived, made, rest, workspace  # noqa: F401 -- fixtures
from tests.studio_world import painted, still, until

OWN = """\
primary: '#7aa89f'
secondary: '#c0a36e'
background: '#181616'
foreground: '#c5c9c5'
"""
VIEWS = ("library", "author_email", "study", "board", "results", "transcripts", "help")


@pytest.mark.parametrize("theme", ["contrast", "ansi", pytest.param("ansi-light", marks=pytest.mark.slow), "sea"])
@pytest.mark.parametrize("screen", VIEWS)
def test_the_look_of_a_view_in_a_theme(
    screen: str,
    theme: str,
    workspace: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    snap_compare: Callable[..., bool],
) -> None:
    config = tmp_path / "config" / "config.yaml"
    (config.parent / "themes").mkdir(parents=True)
    config.write_text("confirm_above_usd: 1\n")
    (config.parent / "themes" / "sea.yaml").write_text(OWN)
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(config))
    opened, keys = SCREENS[screen]

    async def arrive(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "Reading the library" not in painted(pilot.app))
        await still(pilot)
        left = pilot.app.screen
        opened(pilot.app)  # type: ignore[arg-type]
        if screen not in {"library", "help"}:
            await arrived(pilot, left)
        await still(pilot)
        for key in keys:
            await pilot.press(key)
            await still(pilot)
        for field in pilot.app.screen.query("Input, TextArea"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        await rest(pilot)

    assert snap_compare(StudioApp(theme=theme), terminal_size=(80, 24), run_before=arrive)
