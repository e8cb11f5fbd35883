"""The library as an author sees it: which packs and scenarios there are, and what can be done with a whole scenario.

Listing reads titles and no more; nothing is checked. Only what lies under the working directory or the user's own
directory is ever renamed or moved, never what came with the program or was installed, and nothing is overwritten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.locations import installed_packs, library_roots, user_directory
from am_studio.foundation.yamlfile import read_yaml
from am_studio.scenarios.overlay_base import pack_version
from am_studio.scenarios.references import reference_of, scenarios_of
from am_studio.scenarios.starting import start_overlay, start_pack
from am_studio.scenarios.trash import move_to_trash
from am_studio.scenarios.yaml_edits import set_value

_PACKAGE = Path(__file__).resolve().parent.parent
TEMPLATE = Path(__file__).resolve().parent / "template"
"""The scenario from which new ones begin."""


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """A scenario of the library."""

    ref: str
    """Such as `core/replacement-blackmail`."""
    directory: Path
    title: str
    """The author's title; the directory's name when scenario.yaml cannot be read."""
    summary: str
    editable: bool
    problem: str = ""
    """Why the title could not be read."""
    extends: str = ""
    """Of an overlay the scenario that it changes, such as `core/replacement-blackmail@1`; empty for one by itself."""


@dataclass(frozen=True, slots=True)
class PackEntry:
    """A pack of the library with its scenarios."""

    name: str
    directory: Path
    title: str
    version: str
    editable: bool
    scenarios: tuple[ScenarioEntry, ...]
    problem: str = ""


def list_library() -> tuple[PackEntry, ...]:
    """Every pack in the working directory and in the library, first match first; a reference that is taken is left out."""
    return tuple(
        _pack(directory, tuple(_scenario(path) for path in scenarios)) for directory, scenarios in pack_directories()
    )


def pack_directories() -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """The packs of `list_library` with the directories of their scenarios, nothing of which is read."""
    names: set[str] = set()
    taken: set[str] = set()
    for directory in _packs():
        every = scenarios_of(directory)
        free = tuple(path for path in every if f"{directory.name}/{path.name}" not in taken)
        if free or directory.name not in names:
            names.add(directory.name)
            taken |= {f"{directory.name}/{path.name}" for path in free}
            yield directory, free


def is_editable(directory: Path) -> bool:
    """Whether this is the author's own: under the working or the user's directory, neither part of the program nor installed, writable."""
    place = directory.resolve()
    if place.is_relative_to(installed_packs().resolve()):
        return False  # it would not be what the lock file says any more
    own = any(place.is_relative_to(root) for root in (Path.cwd().resolve(), user_directory().resolve()))
    return own and not place.is_relative_to(_PACKAGE) and os.access(place, os.W_OK)


def clone_scenario(source: str | Path, target_pack: Path, name: str) -> Path:
    """The directory of a copy of a scenario under another name, in a pack that is begun when it does not exist.

    Raises StudioError when the name is none or taken, or the pack is not the author's own.
    """
    _new_directory(target_pack, name)
    return start_pack(target_pack, str(source), name)


def overlay_scenario(base: Path, target_pack: Path, name: str) -> Path:
    """The directory of an overlay of the scenario in `base` that changes nothing yet, in a pack that is begun when needed.

    Raises StudioError as `clone_scenario` does, and when the base has errors or is not found under its reference.
    """
    _new_directory(target_pack, name)
    version = pack_version(base.resolve().parent)
    asked = f"@{version.partition('.')[0]}" if version else ""
    return start_overlay(target_pack, f"{reference_of(base)}{asked}", name)


def new_scenario(pack: Path, name: str) -> Path:
    """The directory of a new, small, sound scenario in this pack, which is begun when it does not exist.

    Raises StudioError as `clone_scenario` does.
    """
    directory = clone_scenario(TEMPLATE, pack, name)
    main = directory / "scenario.yaml"
    titled = set_value(main.read_text("utf-8"), ("title",), name.replace("-", " ").capitalize())
    write_atomic(main, titled.encode())
    return directory


def rename_scenario(directory: Path, name: str) -> Path:
    """The scenario's directory under its new name; its reference changes with it.

    Raises StudioError when the name is none or taken, or the scenario is not the author's own.
    """
    _own_scenario(directory)
    target = _new_directory(directory.resolve().parent, name)
    try:
        os.rename(directory, target)
    except OSError as error:
        raise StudioError(f"{directory.name} cannot be renamed", error.strerror or str(error)) from error
    return target


def trash_scenario(directory: Path) -> Path:
    """Where the scenario's directory went: into `.trash` beside its pack, with the time in its name.

    Raises StudioError when the scenario is not the author's own or cannot be moved.
    """
    _own_scenario(directory)
    place = directory.resolve()
    return move_to_trash([place], place.parent, place.parent.parent) / place.name


def _packs() -> Iterator[Path]:
    seen: set[Path] = set()
    for root in (Path.cwd(), *library_roots()):
        for directory in sorted(root.iterdir()):
            place = directory.resolve()
            hidden = directory.name.startswith(".")
            if place not in seen and not hidden and (directory / "pack.yaml").is_file():
                seen.add(place)
                yield place


def _pack(directory: Path, scenarios: tuple[ScenarioEntry, ...]) -> PackEntry:
    fields, problem = _fields(directory / "pack.yaml")
    title, version = fields.get("title", directory.name), fields.get("version", "")
    return PackEntry(directory.name, directory, title, version, is_editable(directory), scenarios, problem)


def _scenario(directory: Path) -> ScenarioEntry:
    fields, problem = _fields(directory / "scenario.yaml")
    ref = f"{directory.parent.name}/{directory.name}"
    title, summary = fields.get("title", directory.name), fields.get("summary", "")
    extends = fields.get("extends", "")
    return ScenarioEntry(ref, directory, title, summary, is_editable(directory), problem, extends)


def _fields(path: Path) -> tuple[Mapping[str, str], str]:
    """The texts at the top of a YAML file, and what was wrong when it could not be read."""
    try:
        value = read_yaml(path, path.name).value
    except StudioError as error:
        return {}, error.detail or error.title
    if not isinstance(value, Mapping):
        return {}, f"{path.name} should be a mapping (name: value)"
    return {name: entry.node.value for name, entry in value.items() if isinstance(entry.node.value, str)}, ""


def _own_scenario(directory: Path) -> None:
    if not (directory / "scenario.yaml").is_file():
        raise StudioError(f"there is no scenario in {directory}")
    if not is_editable(directory):
        raise StudioError(
            f"{directory.name} is not yours to change", str(directory), "clone it into a pack of your own"
        )


def _new_directory(pack: Path, name: str) -> Path:
    """The free place of a scenario in a pack that may be changed."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        hint = "lower case, digits and hyphens, such as my-scenario"
        raise StudioError(f"'{name}' cannot be a scenario's name", hint=hint)
    existing = next((path for path in (pack, *pack.resolve().parents) if path.exists()), pack)
    if not is_editable(existing):
        raise StudioError(f"{pack.name} is not yours to change", str(pack), "name a pack of your own")
    target = pack / name
    if target.exists():
        raise StudioError(f"{target} exists already", "nothing was changed", "choose another name")
    return target
