"""What the user's settings file may say about the studio: its looks and its keys. Nothing here reads or draws."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from am_studio.foundation.studio_looks import BUILT_IN_THEMES, StudioLooks
from am_studio.foundation.yamlfile import Form

_USUAL = StudioLooks()


class StudioForm(Form):
    """The looks and keys of the studio."""

    theme: str = Field(
        default=_USUAL.theme,
        pattern=r"^[a-z][a-z0-9-]*$",
        max_length=40,
        description=f"{', '.join(BUILT_IN_THEMES)}, or the name of a file in `themes/` beside the settings.",
    )
    spacing: Literal["usual", "compact"] = Field(
        default=_USUAL.spacing, description="compact saves rows: fewer margins, borders and second lines."
    )
    tables: Literal["grid", "linear"] = Field(
        default=_USUAL.tables,
        description="linear, for screen readers: a sentence a row, nothing drawn, panes one under the other.",
    )
    vim: bool = Field(
        default=_USUAL.vim, description="h j k l, gg, G, ctrl+d and ctrl+u move wherever no text is being typed."
    )
    restore: bool = Field(
        default=_USUAL.restore,
        description="Start where you were in this directory: the library's cursor and search; what was open is offered on a key.",
    )
    hints: bool = Field(
        default=_USUAL.hints,
        description="A line in the title bar says what is worth doing here, until you have done it.",
    )
    keys: dict[str, str] = Field(
        default_factory=dict,
        description="Keys by the id of what they do, such as `author.save: ctrl+w`; several with commas. The keys screen of the studio lists the ids.",
    )

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: dict[str, str]) -> dict[str, str]:
        for name, given in keys.items():
            if not re.fullmatch(r"[a-z_]+\.[a-z_]+", name):
                raise ValueError(f"'{name}' is no id of something a key does, such as `author.save`")
            if not all(re.fullmatch(r"\S+", key.strip()) for key in given.split(",")):
                raise ValueError(f"{name}: '{given}' should be keys with commas between them, such as `ctrl+w,f12`")
        return keys

    def looks(self) -> StudioLooks:
        """The same, as the studio knows it."""
        return StudioLooks(**self.model_dump())
