"""Finding the scenario that an overlay extends, in the version that it asks for.

A base is only ever named as `pack/scenario@version`, never by a path: it lies in the overlay's own pack, in a pack beside
that one, in the working directory, or in the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import FileProblems, StudioError, nearest
from am_studio.foundation.files import read_text
from am_studio.foundation.locations import library_roots
from am_studio.foundation.yamlfile import load_as, parse_yaml, read_yaml
from am_studio.scenarios.finding import all_references, packs, scenarios_of
from am_studio.scenarios.forms import EXTENDS, PackForm

MOST_LAYERS = 5
"""Overlays of overlays, at most."""


@dataclass(frozen=True, slots=True)
class Base:
    """A scenario that another one extends."""

    reference: str
    """`pack/scenario`."""
    version: str
    """Of its pack, such as `1.0.0`."""
    directory: Path


@dataclass(frozen=True, slots=True)
class Dependency:
    """A scenario of one pack that extends a scenario of another."""

    scenario: str
    """The directory's name of the one that extends."""
    reference: str
    """`pack/scenario` of the one that is extended."""
    versions: str
    """What of that pack is asked for: `1` (any 1.x.y), `1.2` (any 1.2.y), or one version."""
    found: Base | None
    """Where it lies; None when it is not there in a version that fits."""

    @property
    def pack(self) -> str:
        """The pack that has to be there."""
        return self.reference.partition("/")[0]


def fits(version: str, asked: str) -> bool:
    """Whether a version is one that `1`, `1.2` or `1.2.3` asks for: the same as far as it goes."""
    wanted = [int(number) for number in asked.split(".")]
    return [int(number) for number in version.split(".")][: len(wanted)] == wanted


def find_base(extends: str, overlay: Path) -> Base:
    """The scenario that `pack/scenario@version` means to the overlay in this directory.

    Raises StudioError, naming what is there instead, when there is none in a version that fits.
    """
    if not re.fullmatch(EXTENDS, extends):
        raise StudioError(f"'{extends[:80]}' names no scenario to extend", hint="such as core/replacement-blackmail@1")
    reference, _, asked = extends.partition("@")
    pack_name, _, scenario = reference.partition("/")
    others: list[str] = []
    for pack in dict.fromkeys(_places(pack_name, overlay)):
        if not (pack / scenario / "scenario.yaml").is_file():
            continue
        version = pack_version(pack)
        if version and fits(version, asked):
            return Base(reference, version, (pack / scenario).resolve())
        others.append(version or "a version that cannot be read")
    if others:
        raise StudioError(
            f"{reference} is not there in version {asked}",
            hint=f"{pack_name} is there as {', '.join(others)}: install one that fits, or say which this extends",
        )
    known = {
        *all_references(),
        *(f"{pack.name}/{path.name}" for pack in _beside(overlay, pack_name) for path in scenarios_of(pack)),
    }
    raise StudioError(f"there is no scenario '{reference}' to extend", hint=_hint(pack_name, reference, known))


def pack_version(pack: Path) -> str:
    """The version of the pack in this directory; empty when its pack.yaml cannot be used."""
    try:
        return load_as(PackForm, read_yaml(pack / "pack.yaml", "pack.yaml")).version
    except StudioError:
        return ""


def dependencies_of(pack: Path) -> tuple[Dependency, ...]:
    """What the scenarios of this pack extend, and where it lies; a scenario.yaml that cannot be read is passed over."""
    found = []
    for directory in scenarios_of(pack):
        extends = extends_of(directory)
        reference, at, versions = extends.partition("@")
        if not at:
            continue
        try:
            base: Base | None = find_base(extends, directory)
        except StudioError:
            base = None
        found.append(Dependency(directory.name, reference, versions, base))
    return tuple(found)


def bases_of(directory: Path) -> tuple[Base, ...]:
    """The scenarios below the one in this directory, the nearest first, as far as they are found."""
    found: list[Base] = []
    seen = {directory.resolve()}
    here = directory.resolve()
    while (extends := extends_of(here)) and len(found) < MOST_LAYERS:
        try:
            base = find_base(extends, here)
        except StudioError:
            break
        if base.directory in seen:
            break
        seen.add(base.directory)
        found.append(base)
        here = base.directory
    return tuple(found)


def dependents_of(pack: str, among: Iterable[Path]) -> tuple[str, ...]:
    """Those of these packs that build on the one of this name, by their names."""
    found = (each for each in among if each.name != pack)
    return tuple(each.name for each in found if any(need.pack == pack for need in dependencies_of(each)))


def extends_of(directory: Path) -> str:
    """What the scenario in this directory extends, as it says; empty when it stands by itself or cannot be read."""
    try:
        return extends_in(read_text(directory / "scenario.yaml"))
    except StudioError:
        return ""


def extends_in(text: str) -> str:
    """What a scenario.yaml of this text extends; empty when it stands by itself or is no YAML."""
    if "extends" not in text:
        return ""
    try:
        plain = parse_yaml(text, "scenario.yaml").plain()
    except FileProblems:
        return ""
    extends = plain.get("extends", "") if isinstance(plain, dict) else ""
    return extends if isinstance(extends, str) else ""


def _places(pack: str, overlay: Path) -> Iterator[Path]:
    """Where a pack of this name may lie, the closest first."""
    own = overlay.resolve().parent
    if own.name == pack:
        yield own
    yield own.parent / pack
    yield Path.cwd() / pack
    for root in library_roots():
        yield root / pack


def _beside(overlay: Path, pack: str) -> Iterator[Path]:
    yield overlay.resolve().parent
    yield from _places(pack, overlay)
    yield from packs()


def _hint(pack: str, reference: str, known: set[str]) -> str:
    if any(name.partition("/")[0] == pack for name in known):
        return nearest(reference, known)
    close = nearest(pack, {name.partition("/")[0] for name in known})
    meant = f" ({close})" if close.startswith("did you mean") else ""
    return f"install the pack '{pack}', or lay it beside this one{meant}"
