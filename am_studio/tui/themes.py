"""The studio's themes: two usual ones, black and white, the terminal's own colours, and what lies in the user's `themes/`.

A theme of the user's is a YAML file of colours, `themes/NAME.yaml` beside the settings file; it is read anew when it
changes. A mistake in it is told and the last good one stays. Nothing is taken from the working directory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from textual.theme import BUILTIN_THEMES, Theme

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.locations import settings_file
from am_studio.foundation.studio_looks import BUILT_IN_THEMES

_USUAL = {"dark": "textual-dark", "light": "textual-light", "ansi": "ansi-dark", "ansi-light": "ansi-light"}
CONTRAST = Theme(
    name="am-contrast",
    primary="#ffffff",
    secondary="#ffff00",
    warning="#ffff00",
    error="#ff9999",
    success="#66ff66",
    accent="#00ffff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    boost="#1c1c1c",
    dark=True,
    text_alpha=1.0,
    variables={
        "foreground-muted": "#ffffff",
        "text-muted": "#ffffff",
        "text-disabled": "#d0d0d0",
        "border": "#ffffff",
        "border-blurred": "#b0b0b0",
        "block-cursor-background": "#ffffff",
        "block-cursor-foreground": "#000000",
        "footer-key-foreground": "#ffff00",
    },
)
"""White on black, every text at 7:1 or better."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A theme that can be used, and where it comes from."""

    theme: Theme
    file: Path | None = None
    """The user's own, to be read again when it changes."""
    changed: int = 0
    """When the file was written last, in nanoseconds since 1970."""


def themes_directory() -> Path:
    """Where the user's own themes lie."""
    return settings_file().parent / "themes"


def theme_names() -> tuple[str, ...]:
    """Every theme there is, the built-in ones first."""
    own = sorted(path.stem for path in themes_directory().glob("*.yaml") if path.is_file())
    return (*BUILT_IN_THEMES, *(name for name in own if name not in BUILT_IN_THEMES))


def choose_theme(name: str) -> Chosen:
    """The theme of this name; StudioError when there is none, FileProblems when the user's own cannot be used."""
    if name in _USUAL:
        return Chosen(BUILTIN_THEMES[_USUAL[name]])
    if name == "contrast":
        return Chosen(CONTRAST)
    path = themes_directory() / f"{name}.yaml"
    if name not in theme_names():
        hint = nearest(name, theme_names()) or f"themes are {', '.join(theme_names())}"
        raise StudioError(f"there is no theme '{name}'", f"{path} is not there", hint)
    from am_studio.tui.settings.own_theme import read_theme

    changed = path.stat().st_mtime_ns
    return Chosen(read_theme(f"own-{name}", path), path, changed)


def worn_by(chosen: Chosen, *, mono: bool, few: bool) -> Chosen:
    """What a terminal can show of a theme: without colours none, with sixteen its own sixteen, light or dark as the theme is."""
    if mono:
        from am_studio.tui.looks import MONO

        return replace(chosen, theme=MONO)
    if few and not chosen.theme.ansi:
        return replace(chosen, theme=BUILTIN_THEMES[_USUAL["ansi" if chosen.theme.dark else "ansi-light"]])
    return chosen


def is_changed(chosen: Chosen) -> bool:
    """Whether the file behind a theme was written since."""
    if chosen.file is None:
        return False
    try:
        return chosen.file.stat().st_mtime_ns != chosen.changed
    except OSError:
        return False
