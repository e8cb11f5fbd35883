"""Installed packs that were replaced or removed: which there are in the trash, and putting one back where it was."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import installed_packs
from am_studio.scenarios.overlay_base import pack_version
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.installing import library
from am_studio.scenarios.sharing.lockfile import LockedPack, read_lock, write_lock
from am_studio.scenarios.trash import TRASH


@dataclass(frozen=True, slots=True)
class LaidAside:
    """A pack that lies in the trash."""

    name: str
    version: str
    directory: Path
    when: datetime
    """Local time at which it came there."""


def laid_aside(name: str) -> tuple[LaidAside, ...]:
    """What lies in the trash of installed packs under this name, the newest first; what is no pack any more is passed over."""
    found = []
    for directory in (installed_packs() / TRASH).glob(f"*/{name}"):
        when, version = _moment(directory.parent.name), pack_version(directory)
        if when is not None and version:
            found.append(LaidAside(name, version, directory, when))
    return tuple(sorted(found, key=lambda each: each.when, reverse=True))


def _moment(stamped: str) -> datetime | None:
    """The time at the beginning of a directory's name in the trash; None when there is none."""
    try:
        return datetime.strptime(stamped[:15], "%Y%m%dT%H%M%S")
    except ValueError:
        return None


def put_back(lying: Path, entry: LockedPack) -> Path:
    """The directory of a removed pack, in the library again, and in the lock as it was.

    Raises StudioError when a pack of its name is there again, or what lies in the trash is not what was removed.
    """
    name = lying.name
    with library() as root:
        lock, place = read_lock(), root / name
        if name in lock.packs or place.exists():
            raise StudioError(f"a pack '{name}' is installed again", "nothing was changed", exit_code=1)
        if pack_in_directory(lying).identity != entry.identity:
            raise StudioError(f"{lying} is not what was removed", "nothing was changed", exit_code=1)
        try:
            os.rename(lying, place)
        except OSError as error:
            raise StudioError(f"{name} cannot be put back", error.strerror or str(error)) from error
        write_lock(lock.with_pack(name, entry))
        return place
