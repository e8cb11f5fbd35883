"""Every pack that can be used from here, and what is known of where it came from. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import bundled_library, installed_packs
from am_studio.scenarios.forms import PackForm
from am_studio.scenarios.library import is_editable, pack_directories
from am_studio.scenarios.sharing.contents import PackContents
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.installing import library
from am_studio.scenarios.sharing.lockfile import LockedPack, read_lock

Origin = Literal["installed", "came with the program", "a directory"]


@dataclass(frozen=True, slots=True)
class ShelvedPack:
    """A pack and what is known of it."""

    name: str
    version: str
    identity: str
    """Of its files as they are now; empty when they make no sound pack."""
    origin: Origin
    directory: Path
    source: str
    """Where it was installed from; empty for a directory of the user's."""
    commit: str
    signed_by: str
    key: str
    """Fingerprint of the key that signed it."""
    editable: bool
    scenarios: tuple[str, ...]
    problem: str
    """Why it is not what the lock says, or cannot be used; empty when all is well."""
    form: PackForm | None
    """What its pack.yaml says; None when that cannot be used."""


def shelf() -> tuple[ShelvedPack, ...]:
    """Every pack of the library, first match first, and what the lock names and is gone."""
    if installed_packs().is_dir():
        with library():
            pass  # what a stop left behind is finished or removed first
    lock = read_lock()
    found = [_shelved(directory, lock.packs) for directory, _ in pack_directories()]
    there = {pack.name for pack in found if pack.origin == "installed"}
    hidden = (_unlisted(name, entry, lock.packs) for name, entry in sorted(lock.packs.items()) if name not in there)
    return (*found, *hidden)


def _shelved(directory: Path, locked: dict[str, LockedPack]) -> ShelvedPack:
    place = directory.resolve()
    origin: Origin = "a directory"
    if place.is_relative_to(installed_packs().resolve()):
        origin = "installed"
    elif place.is_relative_to(bundled_library().resolve()):
        origin = "came with the program"
    entry = locked.get(directory.name) if origin == "installed" else None
    try:
        pack = pack_in_directory(directory)
    except StudioError as error:
        return _made(directory, origin, entry, None, error.title)
    problem = ""
    if origin == "installed" and entry is None:
        problem = "it is not in the lock file"
    elif entry is not None and entry.identity != pack.identity:
        problem = f"it is not what was installed ({entry.identity}); am-studio pack verify {pack.name} tells more"
    return _made(directory, origin, entry, pack, problem)


def _made(
    directory: Path, origin: Origin, entry: LockedPack | None, pack: PackContents | None, problem: str
) -> ShelvedPack:
    return ShelvedPack(
        directory.name,
        pack.version if pack else entry.version if entry else "",
        pack.identity if pack else "",
        origin,
        directory,
        entry.source if entry else "",
        entry.commit if entry else "",
        entry.signed_by if entry else "",
        entry.key if entry else "",
        is_editable(directory),
        pack.scenarios if pack else (),
        problem,
        pack.form if pack else None,
    )


def _unlisted(name: str, entry: LockedPack, locked: dict[str, LockedPack]) -> ShelvedPack:
    """An installed pack that the library does not have: another of its name comes first, or its directory is gone."""
    place = installed_packs() / name
    if not place.is_dir():
        problem = f"its directory is gone; am-studio pack update {name} installs it again"
        return _made(place, "installed", entry, None, problem)
    shelved = _shelved(place, locked)
    return (
        shelved
        if shelved.problem
        else replace(shelved, problem="the pack of this name in the working directory hides it")
    )
