"""A pack from a directory, read file by file into memory, and back into one. Follows no link; refuses links and devices."""

from __future__ import annotations

import itertools
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from am_studio.scenarios.sharing.contents import (
    MAX_FILES,
    SIDECARS,
    Listed,
    PackContents,
    Refused,
    judged_listing,
    pack_of,
)
from am_studio.scenarios.sharing.names import MAX_STEPS, is_shared

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def pack_in_directory(directory: Path, source: str = "") -> PackContents:
    """The pack in this directory; Refused when it cannot be one. `source` is how to call it in messages."""
    called = source or str(directory)
    if not (directory / "pack.yaml").is_file():
        raise Refused(called, "there is no pack.yaml in it", "a pack has a pack.yaml beside its scenarios")
    enough = itertools.islice(_walk(directory, "", called), MAX_FILES + len(SIDECARS) + 1)
    listed = judged_listing(enough, called)
    return pack_of({file.path: _read(directory / file.path, file, called) for file in listed}, called)


@contextmanager
def unpacked(pack: PackContents) -> Iterator[Path]:
    """A directory with the pack's files, for as long as it is looked at."""
    with tempfile.TemporaryDirectory(prefix="am-studio-") as kept:
        root = Path(kept).resolve() / pack.name
        for name, data in pack.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        yield root


def _walk(directory: Path, prefix: str, source: str) -> Iterator[Listed]:
    """Every file that may be part of the pack."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as error:
        raise Refused(source, f"{prefix or 'it'} cannot be read: {error.strerror}") from error
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if not is_shared(entry.name):
            continue
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            if path.count("/") >= MAX_STEPS:
                raise Refused(source, f"a path of more than {MAX_STEPS} steps ({path})")
            yield from _walk(directory / entry.name, f"{path}/", source)
        elif stat.S_ISREG(status.st_mode):
            yield Listed(path, status.st_size)
        else:
            kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no ordinary file"
            raise Refused(source, f"{path} is {kind}", "a pack has files of its own; copy what it needs into it")


def _read(path: Path, file: Listed, source: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW)
        with os.fdopen(descriptor, "rb") as opened:
            data = opened.read(file.size + 1)
    except OSError as error:
        raise Refused(source, f"{file.path} cannot be read: {error.strerror}") from error
    if len(data) != file.size:
        raise Refused(source, f"{file.path} changes while it is read", "try again when nothing writes to it")
    return data
