"""The user's own settings: one YAML file in their configuration directory, or the one that `AM_STUDIO_CONFIG` names.

It is the only file that may hold keys. It is never looked for in the working directory, in a pack or beside a study, and
`.env` files are never read. A file with keys that others on the machine can read is refused. Keys leave this module
through `secret` alone; everywhere else they are `[key]`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, field_validator
from pydantic_core import CoreSchema, core_schema

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.files import read_text
from am_studio.foundation.locations import SETTINGS_VARIABLE, settings_file
from am_studio.foundation.model_forms import VARIABLE, ModelSettingsForm, over
from am_studio.foundation.studio_form import StudioForm
from am_studio.foundation.studio_looks import StudioLooks
from am_studio.foundation.yamlfile import Form, load_as, parse_yaml

CONFIRM_ABOVE_USD = 1.0
"""US dollars: a run that can cost more is asked about first, unless the settings say otherwise."""
_READABLE_BY_OTHERS = 0o077


@final
class Secret:
    """A key. However it is printed, formatted or dumped, it says `[key]`; `reveal` gives the value to who sends it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, to be put in a request and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "[key]"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a key is neither copied nor stored")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """One word of text, kept from sight as soon as it is read."""
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(pattern=r"^\S+$", max_length=10_000),
            serialization=core_schema.plain_serializer_function_ser_schema(repr),
        )


class PublishingForm(Form):
    """What the publishing guard takes for names of real persons and companies."""

    names: tuple[str, ...] = Field(default=(), description="Further names that a pack to be published may not have.")
    allow: tuple[str, ...] = Field(default=(), description="Names that it may have after all.")
    builtin: bool = Field(default=True, description="Whether the program's own list counts; off: `names` alone.")


class SettingsForm(Form):
    """The user's settings file."""

    # A mistake elsewhere in the file must not put its keys into an error.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    confirm_above_usd: float = Field(
        CONFIRM_ABOVE_USD, ge=0, description="US dollars: a run that can cost more is asked about before it starts."
    )
    studio: StudioForm = Field(default_factory=StudioForm, description="Looks and keys of the studio.")
    models: dict[str, ModelSettingsForm] = Field(
        default_factory=dict,
        description="Settings by model: an exact name, `provider/*`, or `*`. The closest one wins, field by field; a study's own settings win over all.",
    )
    publishing: PublishingForm = Field(
        default_factory=PublishingForm, description="What the publishing guard looks for; it guards nothing else."
    )
    keys: dict[str, Secret] = Field(
        default_factory=dict,
        description="Keys, by the name of the environment variable that would hold them; the environment wins.",
    )

    @field_validator("models")
    @classmethod
    def _are_patterns(cls, models: dict[str, ModelSettingsForm]) -> dict[str, ModelSettingsForm]:
        for pattern in models:
            if not re.fullmatch(r"\*|[^*]+(?:/\*)?", pattern):
                raise ValueError(f"'{pattern}' should be a model's exact name, `provider/*`, or `*`")
        return models

    @field_validator("keys")
    @classmethod
    def _have_names(cls, keys: dict[str, Secret]) -> dict[str, Secret]:
        # A name that is none may be the key itself, so it is not repeated.
        if not all(re.fullmatch(VARIABLE, name) for name in keys):
            raise ValueError("should be names of environment variables with their keys, such as `OPENAI_API_KEY: ...`")
        return keys


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What the user's settings file says."""

    confirm_above_usd: float = CONFIRM_ABOVE_USD
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By pattern: the fields that are given, as in `ModelSettingsForm`."""
    keys: Mapping[str, Secret] = field(default_factory=dict)
    studio: StudioLooks = field(default_factory=StudioLooks)
    publishing: PublishingForm = field(default_factory=PublishingForm)
    """Names for the publishing guard."""

    def for_model(self, name: str) -> dict[str, Any]:
        """What is given for the model of this name: by its exact name over the longest prefix over shorter ones over `*`."""
        fitting = [pattern for pattern in self.models if _fits(pattern, name)]
        merged: dict[str, Any] = {}
        for pattern in sorted(fitting, key=lambda pattern: (pattern == name, len(pattern))):
            merged = over(merged, self.models[pattern])
        return merged


def user_settings() -> UserSettings:
    """The settings as the file says now; the defaults where there is none.

    StudioError or FileProblems when it cannot be used, or holds keys that others can read.
    """
    path = settings_file()
    try:
        found = path.stat()
    except FileNotFoundError:
        if os.environ.get(SETTINGS_VARIABLE):
            raise StudioError(f"{SETTINGS_VARIABLE} names {path}, and there is no such file") from None
        return UserSettings()
    except OSError as error:
        raise StudioError(f"{path} cannot be read", error.strerror or str(error)) from error
    state = (str(path), found.st_mtime_ns, found.st_size, found.st_mode, found.st_ino)
    # Asked for by every request that needs a key, so the file is read again only when it has changed.
    if _Last.state != state:
        _Last.settings, _Last.state = _read(path, found.st_mode), state
    return _Last.settings


def secret(name: str) -> str:
    """The key of this name: the environment's, else the settings file's; empty when neither has one.

    StudioError when the settings file cannot be used.
    """
    value = os.environ.get(name, "")
    if value:
        return value
    kept = user_settings().keys.get(name)
    return kept.reveal() if kept is not None else ""


def kept_secrets() -> tuple[str, ...]:
    """Every key that the settings file holds, so that it can be cut out of what others say; () when it cannot be used."""
    try:
        return tuple(key.reveal() for key in user_settings().keys.values())
    except StudioError:
        return ()


class _Last:
    """What was read last, and the state that the file was in."""

    state: tuple[object, ...] = ()
    settings = UserSettings()


def _read(path: Path, mode: int) -> UserSettings:
    text = read_text(path)
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return UserSettings()
    form = _form(text, path)
    if isinstance(form, FileProblems):
        # Raised here and not where it was caught: what caused it quotes lines of the file, perhaps with a key in them.
        raise form
    if form.keys and os.name == "posix" and mode & _READABLE_BY_OTHERS:
        raise StudioError(f"{path} holds keys, and others can read it", hint=f"chmod 600 {shlex.quote(str(path))}")
    models = {pattern: model.model_dump(exclude_unset=True) for pattern, model in form.models.items()}
    return UserSettings(form.confirm_above_usd, models, form.keys, form.studio.looks(), form.publishing)


def _form(text: str, path: Path) -> SettingsForm | FileProblems:
    try:
        return load_as(SettingsForm, parse_yaml(text, str(path)))
    except FileProblems as error:
        return FileProblems(error.problems)


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
