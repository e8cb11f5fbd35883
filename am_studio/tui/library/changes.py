"""What the library screen asks before it changes something, and the change itself. No widget is touched here.

Each question gives a dialog; each change is a function for a thread that returns what was done. Nothing is overwritten
and nothing is deleted for good: that is the library's promise, which this only passes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from am_studio.tui.library.state import RunRow, free_name
from am_studio.tui.strangers import filled, plain
from am_studio.tui.widgets import AskScreen, Choice, ChoiceScreen, Field

if TYPE_CHECKING:
    from am_studio.scenarios.library import PackEntry, ScenarioEntry

Packs = tuple["PackEntry", ...]
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done."""

    told: str
    """A sentence for a toast."""
    directory: Path | None = None
    """The scenario to go to; None: there is none."""
    open: bool = False
    """Whether to open it at once."""
    run: Path | None = None
    """The run whose board is to be opened."""


Change = Callable[[], Changed]


def own_packs(packs: Packs) -> Packs:
    """The packs that the user may change."""
    return tuple(pack for pack in packs if pack.editable)


def pack_directory(packs: Packs, name: str) -> Path:
    """Where the pack of this name is, or would be made."""
    for pack in own_packs(packs):
        if pack.name == name:
            return pack.directory
    return Path.cwd() / name


def name_problem(packs: Packs, pack: str, name: str) -> str:
    """What is wrong with these names for a scenario that is to be made, or nothing."""
    for word, what in ((pack, "pack"), (name, "name")):
        if not _SLUG.fullmatch(word):
            return f"{what}: lower case letters, digits and hyphens, such as my-{what}"
    if (pack_directory(packs, pack) / name).exists():
        return f"{pack}/{name} exists already"
    return ""


def ask_where(
    packs: Packs, title: Content, verb: str, near: ScenarioEntry | None, wanted: str = "my-scenario"
) -> AskScreen:
    """Asks for a pack and a name; `near` is the scenario under the cursor, whose pack is offered when it may be changed."""
    own = [pack.name for pack in own_packs(packs)]
    here = near.directory.parent.name if near else ""
    pack = here if here in own else "my-pack"
    taken = [path.name for path in pack_directory(packs, pack).glob("*")]
    fields = (
        Field("pack", "Pack (a new name makes a new pack)", pack, tuple(own)),
        Field("name", "Name of the scenario", free_name(wanted, taken)),
    )
    return AskScreen(title, fields, verb=verb, check=lambda texts: name_problem(packs, texts["pack"], texts["name"]))


def ask_new_name(packs: Packs, scenario: ScenarioEntry) -> AskScreen:
    """Asks for another name."""
    pack = scenario.directory.parent.name

    def check(texts: Mapping[str, str]) -> str:
        return name_problem(packs, pack, texts["name"])

    fields = (Field("name", "New name", scenario.directory.name),)
    return AskScreen(filled("Rename {ref}", ref=scenario.ref), fields, verb="Rename", check=check)


def ask_trash(scenario: ScenarioEntry) -> ChoiceScreen:
    """Asks whether this is meant."""
    return ChoiceScreen(
        filled("Delete {ref}?", ref=scenario.ref),
        filled("It goes to {place}.", place=scenario.directory.parent.parent / ".trash"),
        (Choice("keep", "Keep", "k", "primary"), Choice("delete", "Delete", "d", "error")),
    )


def ask_clone_instead(scenario: ScenarioEntry) -> ChoiceScreen:
    """Says that a scenario that came with the program cannot be edited, and offers a copy."""
    return ChoiceScreen(
        filled("{ref} came with the program and stays as it is", ref=scenario.ref),
        plain("Clone it into a pack of your own to change it."),
        (Choice("clone", "Clone", "c", "primary"), Choice("leave", "Cancel", "l")),
    )


def new(packs: Packs, texts: Mapping[str, str]) -> Change:
    """Make a scenario from the template."""

    def change() -> Changed:
        from am_studio.scenarios.library import new_scenario

        directory = new_scenario(pack_directory(packs, texts["pack"]), texts["name"])
        return Changed(f"Made {texts['pack']}/{texts['name']}", directory, open=True)

    return change


def clone(packs: Packs, source: ScenarioEntry, texts: Mapping[str, str], *, open_it: bool) -> Change:
    """Copy a scenario."""

    def change() -> Changed:
        from am_studio.scenarios.library import clone_scenario

        directory = clone_scenario(source.directory, pack_directory(packs, texts["pack"]), texts["name"])
        return Changed(f"Cloned {source.ref} to {texts['pack']}/{texts['name']}", directory, open_it)

    return change


def overlay(packs: Packs, base: ScenarioEntry, texts: Mapping[str, str]) -> Change:
    """Make an overlay that changes nothing yet."""

    def change() -> Changed:
        from am_studio.scenarios.library import overlay_scenario

        directory = overlay_scenario(base.directory, pack_directory(packs, texts["pack"]), texts["name"])
        return Changed(f"Made {texts['pack']}/{texts['name']}, an overlay of {base.ref}", directory, open=True)

    return change


def rename(scenario: ScenarioEntry, name: str) -> Change:
    """Give a scenario another name."""

    def change() -> Changed:
        from am_studio.scenarios.library import rename_scenario

        return Changed(f"Renamed {scenario.ref} to {name}", rename_scenario(scenario.directory, name))

    return change


def trash(scenario: ScenarioEntry) -> Change:
    """Move a scenario to its pack's trash."""

    def change() -> Changed:
        from am_studio.scenarios.library import trash_scenario

        return Changed(f"Deleted {scenario.ref}: it lies in {trash_scenario(scenario.directory)}")

    return change


def resume(run: RunRow) -> Change:
    """Carry a run on, in a process of its own."""

    def change() -> Changed:
        from am_studio.tui import launching

        launching.resume(run.path)
        return Changed(f"Resumed {run.study}", run=run.path)

    return change
