"""Where packs and scenarios lie: by reference in the library, or by path. Nothing in them is read but that they are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.locations import library_roots


def packs() -> Iterator[Path]:
    """The directories of every pack in the library, first match first."""
    for root in library_roots():
        for directory in sorted(root.iterdir()):
            if not directory.name.startswith(".") and (directory / "pack.yaml").is_file():
                yield directory


def scenarios_of(pack: Path) -> list[Path]:
    """The directories of a pack's scenarios, by name."""
    return sorted(path.parent for path in pack.glob("*/scenario.yaml"))


def all_references() -> list[str]:
    """Every scenario of the library as `pack/scenario`."""
    return list(dict.fromkeys(f"{pack.name}/{path.name}" for pack in packs() for path in scenarios_of(pack)))


def find_scenario(reference: str | Path, beside: Path | None = None) -> Path:
    """The directory of a scenario: a path (also relative to `beside`), or `pack/scenario` in the library.

    Raises StudioError, with the nearest spelling, when there is none.
    """
    for base in (Path(), *([beside] if beside else [])):
        # The second way leads through directories that do not exist yet, such as that of a study not saved so far.
        for directory in (base / reference, Path(os.path.normpath(base / reference))):
            if (directory / "scenario.yaml").is_file():
                return directory
    for root in library_roots():
        directory = root / reference
        if not Path(reference).is_absolute() and (directory / "scenario.yaml").is_file():
            return directory
    raise StudioError(f"there is no scenario '{reference}'", hint=nearest(str(reference), all_references()))


def reference_of(directory: Path) -> str:
    """How a scenario is called: `pack/scenario`, or its directory's name when it stands in no pack."""
    directory = directory.resolve()
    pack = directory.parent / "pack.yaml"
    return f"{directory.parent.name}/{directory.name}" if pack.is_file() else directory.name
