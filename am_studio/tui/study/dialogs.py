"""The questions that the study screen asks. Each returns an answer and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from textual.app import App

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import MEGABYTE, read_text
from am_studio.foundation.locations import shown_path
from am_studio.records import ModelSettings
from am_studio.tui.looking import SAME, LookScreen, compared
from am_studio.tui.strangers import filled, plain
from am_studio.tui.study.edits import model_fields, model_of
from am_studio.tui.study.fields import at, shown
from am_studio.tui.study.panes import drawn
from am_studio.tui.study.plan_told import Line
from am_studio.tui.widgets import AskScreen, Choice, ChoiceScreen, Field

_MODEL_FIELDS = (
    ("name", "Name"),
    ("endpoint", "Endpoint (a server of your own; empty: the provider's)"),
    ("key_env", "Environment variable with the key (empty: the usual one)"),
    ("price", "US dollars a million tokens, as input: 2.5, output: 10"),
    ("rest", "More, as temperature: 0.7, limits: {concurrency: 4}"),
)


async def agree_to_launch(app: App[Any], lines: Sequence[Line]) -> bool:
    """Whether the run is to be started."""
    choices = (Choice("no", "Not yet", "n", "primary"), Choice("yes", "Start", "s", "success"))
    return await app.push_screen_wait(ChoiceScreen(plain("Start this run?"), drawn(lines), choices)) == "yes"


async def tell_failure(app: App[Any], error: StudioError) -> None:
    """Say why the run did not start, in the words of its process."""
    words = plain(str(error))
    await app.push_screen_wait(ChoiceScreen(plain("The run did not start"), words, (Choice("ok", "Close", "c"),)))


async def ask_about_conflict(app: App[Any], path: Path, mine: str) -> Literal["", "mine", "theirs"]:
    """Which text is to be kept when the file has changed on disk; empty: decide later. Both can be looked at first."""
    title = filled("{name} was changed by somebody else", name=path.name)
    detail = plain("Keep your text and overwrite the file, or load the file (your text can be had back by undo)?")
    choices = (
        Choice("", "Later", "l", "primary"),
        Choice("look", "Compare", "c"),
        Choice("theirs", "Load", "t"),
        Choice("mine", "Overwrite", "m", "warning"),
    )
    while (answer := await app.push_screen_wait(ChoiceScreen(title, detail, choices))) == "look":
        lines = await asyncio.to_thread(_differences, path, mine)
        await app.push_screen_wait(LookScreen(lines))
    return answer if answer in ("mine", "theirs") else ""  # type: ignore[return-value]


def _differences(path: Path, mine: str) -> tuple[str, ...]:
    try:
        theirs = read_text(path, MEGABYTE) if path.exists() else ""
    except StudioError as error:
        theirs = str(error)
    return tuple(compared(path.name, theirs.splitlines(), mine.splitlines())) or SAME


async def ask_for_file(app: App[Any], present: Path) -> Path | None:
    """Another file to save as; None: none."""

    def check(texts: Mapping[str, str]) -> str:
        path = _path(texts["file"])
        if path.suffix not in {".yaml", ".yml"}:
            return "a study's file ends in .yaml"
        return "there is such a file already" if path.exists() else ""

    ask = AskScreen(plain("Save the study as"), (Field("file", "File", shown_path(present)),), verb="Save", check=check)
    answer = await app.push_screen_wait(ask)
    return _path(answer["file"]) if answer else None


def _path(text: str) -> Path:
    return Path(text).expanduser()


async def ask_about_model(app: App[Any], values: Mapping[str, Any], index: int) -> dict[str, Any] | None:
    """New settings of a model; empty: take it out; None: leave it."""
    given = at(values, ("models", index))
    model = dict(given) if isinstance(given, Mapping) else {"name": shown(given)}
    name = shown(model.get("name"))
    remove = Choice("remove", "Remove", "r", "warning")
    choices: tuple[Choice, ...]
    if ModelSettings(name).embedded:
        choices = (Choice("", "Keep", "k", "primary"), remove)
        detail = plain("A simulated subject: free, and no evidence about any real model.")
    else:
        choices = (
            Choice("settings", "Settings", "s", "primary"), remove, Choice("", "Keep", "k")
        )  # fmt: skip
        detail = plain("Its provider is chosen by the name; its key comes from the environment or your settings.")
    answer = await app.push_screen_wait(ChoiceScreen(plain(name), detail, choices))
    if answer == "remove":
        return {}
    return await _ask_for_settings(app, model) if answer == "settings" else None


async def _ask_for_settings(app: App[Any], model: Mapping[str, Any]) -> dict[str, Any] | None:
    texts = model_fields(model)
    fields = tuple(Field(name, label, texts[name]) for name, label in _MODEL_FIELDS)

    def check(texts: Mapping[str, str]) -> str:
        if not texts["name"]:
            return "it needs a name"
        try:
            model_of(texts)
        except StudioError as error:
            return error.title
        return ""

    answer = await app.push_screen_wait(AskScreen(plain("Settings of the model"), fields, check=check))
    return model_of(answer) if answer else None
