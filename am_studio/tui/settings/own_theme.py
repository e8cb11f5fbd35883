"""A theme of the user's own, from a file of colours. Unknown fields and what is no colour are errors, told with their line."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from textual.theme import Theme

from am_studio.foundation.files import read_text
from am_studio.foundation.yamlfile import Form, load_as, parse_yaml

_COLOUR = r"^#[0-9a-fA-F]{6}$"


class ThemeForm(Form):
    """A theme of the user's own. What is left out follows from what is given."""

    dark: bool = Field(True, description="Whether text is light on a dark ground.")
    primary: str = Field(pattern=_COLOUR, description="Titles and frames, such as `'#0178d4'`.")
    secondary: str | None = Field(None, pattern=_COLOUR, description="Second to `primary`.")
    accent: str | None = Field(None, pattern=_COLOUR, description="Keys, and what is chosen.")
    foreground: str | None = Field(None, pattern=_COLOUR, description="Text.")
    background: str | None = Field(None, pattern=_COLOUR, description="Behind everything.")
    surface: str | None = Field(None, pattern=_COLOUR, description="Behind panes and dialogs.")
    panel: str | None = Field(None, pattern=_COLOUR, description="Bars.")
    warning: str | None = Field(None, pattern=_COLOUR, description="Warnings; a sign stands beside the colour always.")
    error: str | None = Field(None, pattern=_COLOUR, description="Errors.")
    success: str | None = Field(None, pattern=_COLOUR, description="What went well.")


def read_theme(name: str, path: Path) -> Theme:
    """The theme in this file; FileProblems when it cannot be used."""
    form = load_as(ThemeForm, parse_yaml(read_text(path), str(path)))
    return Theme(name=name, **form.model_dump(exclude_none=True))
