"""The looks and keys of the studio, as the rest of it knows them. Loads nothing heavy: the studio starts with this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

BUILT_IN_THEMES = ("dark", "light", "contrast", "ansi", "ansi-light")
"""Themes that come with the program: two usual ones, black and white, and two in the terminal's own sixteen colours."""


@dataclass(frozen=True, slots=True)
class StudioLooks:
    """Looks and keys, with what they are when nothing is said."""

    theme: str = "dark"
    spacing: Literal["usual", "compact"] = "usual"
    """Compact: fewer margins, borders and second lines."""
    tables: Literal["grid", "linear"] = "grid"
    """Linear: a sentence a row, nothing drawn, panes one under the other."""
    vim: bool = False
    restore: bool = True
    hints: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    """By the id of what they do; several with commas."""
