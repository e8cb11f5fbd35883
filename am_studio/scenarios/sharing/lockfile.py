"""What is installed, exactly, and what was ever trusted: `packs.lock.yaml` in the user's data directory.

Trust on first use: the identity under which a version was first installed is remembered, also after the pack is removed,
and another identity under the same version is refused until the user names it. Written as a whole or not at all.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.locations import user_directory
from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.scenarios.forms import FormatNumber, Slug

Identity = Annotated[str, StringConstraints(pattern=r"^h1:[A-Za-z0-9+/]{43}=$")]
_FIELDS = ("version", "identity", "source", "commit", "signed_by", "key", "installed")
_HEAD = "# Which packs are installed, and exactly what they are. Written by `am-studio pack`; see docs/FORMATS.md.\n"


class LockedPack(Form):
    """A pack that is installed."""

    version: str
    identity: Identity = Field(description="Over every file: see PACK.sha256 in the pack's directory.")
    source: str = Field(description="As `pack install` takes it.")
    commit: str = Field(default="", description="Of a repository: the commit it was read from.")
    signed_by: str = Field(default="", description="The principal of your allowed signers; empty for an unknown key.")
    key: str = Field(default="", description="Fingerprint of the key that signed it; empty when it was not signed.")
    installed: str = Field(default="", description="When, in UTC.")


class PackLock(Form):
    """The lock file."""

    format: FormatNumber = 1
    packs: dict[Slug, LockedPack] = Field(default_factory=dict)
    seen: dict[Slug, dict[str, Identity]] = Field(
        default_factory=dict, description="Each version's identity when it was first trusted."
    )

    def with_pack(self, name: str, entry: LockedPack) -> PackLock:
        """The lock with this pack installed and its identity trusted."""
        seen = {**self.seen.get(name, {}), entry.version: entry.identity}
        return PackLock(packs={**self.packs, name: entry}, seen={**self.seen, name: seen})

    def without_pack(self, name: str) -> PackLock:
        """The lock without this pack; what was seen of it stays."""
        return PackLock(packs={key: entry for key, entry in self.packs.items() if key != name}, seen=self.seen)

    def text(self) -> str:
        """The lock as YAML."""
        lines = [_HEAD, "format: 1\n", "packs:\n" if self.packs else "packs: {}\n"]
        for name, entry in sorted(self.packs.items()):
            lines.append(f"  {name}:\n")
            values = ((field, getattr(entry, field)) for field in _FIELDS)
            lines += [f"    {field}: {_quoted(value)}\n" for field, value in values if value]
        lines.append("seen:\n" if self.seen else "seen: {}\n")
        for name, versions in sorted(self.seen.items()):
            lines.append(f"  {name}:\n")
            lines += [
                f"    {_quoted(version)}: {_quoted(identity)}\n" for version, identity in sorted(versions.items())
            ]
        return "".join(lines)


def lock_file() -> Path:
    """Where the lock lies."""
    return user_directory() / "packs.lock.yaml"


def read_lock() -> PackLock:
    """The lock; an empty one when there is none. StudioError when it cannot be used."""
    path = lock_file()
    return load_as(PackLock, read_yaml(path)) if path.is_file() else PackLock()


def write_lock(lock: PackLock) -> None:
    """Replace the lock, or leave it as it was. StudioError when it cannot be written."""
    write_atomic(lock_file(), lock.text().encode())


@contextmanager
def alone() -> Iterator[None]:
    """Held by the one process that changes what is installed; another waits. It ends with the process, however that ends."""
    path = user_directory() / ".packs-lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StudioError(f"{path.parent} cannot be written", error.strerror or str(error)) from error
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
