"""Writes an imported scenario into a pack, whole or not at all. Overwrites nothing; names of files are ours."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.scenarios.starting import pack_files, pack_slug


def write_scenario(pack: Path, name: str, texts: Mapping[str, str], source: str) -> Path:
    """The directory of the scenario in a new or existing pack; StudioError where it would overwrite something."""
    slug = pack_slug(pack)
    target = pack / name
    if target.exists():
        raise StudioError(f"{target} exists already", "nothing was changed", "choose another name with --name")
    beginning = {} if (pack / "pack.yaml").exists() else pack_files(slug, source)
    pack.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=pack.parent, prefix=f".{slug}.") as scratch:
        made = Path(scratch) / name
        _write(made, texts)
        new = not pack.exists()
        pack.mkdir(exist_ok=True)
        for file, text in beginning.items():
            if not (pack / file).exists():
                write_atomic(pack / file, text.encode())
        try:
            os.replace(made, target)
        except OSError as error:
            if new:
                for file in beginning:
                    (pack / file).unlink(missing_ok=True)
                pack.rmdir()
            raise StudioError(
                f"{target} cannot be written", error.strerror or str(error), "nothing was changed"
            ) from error
    return target


def add_emails(scenario: Path, texts: Mapping[str, str]) -> int:
    """Add these email files to a scenario that exists; how many. StudioError where a name is taken, before any is written."""
    if not (scenario / "scenario.yaml").is_file():
        raise StudioError(f"{scenario} is no scenario", "it has no scenario.yaml")
    taken = next((name for name in texts if (scenario / name).exists()), None)
    if taken is not None:
        raise StudioError(f"{scenario / taken} exists already", "nothing was changed")
    (scenario / "emails").mkdir(exist_ok=True)
    for name, text in texts.items():
        write_atomic(scenario / name, text.encode("utf-8"))
    return len(texts)


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    (directory / "emails").mkdir(parents=True)
    for name, text in texts.items():
        write_atomic(directory / name, text.encode("utf-8"))
