"""Reading with a cap and writing all or nothing.

A write is a temporary file in the same directory, fsync, rename, fsync of the directory: a full disk or a crash leaves
the old file as it was. What is no file of its own, such as a device or a pipe, is written to and never replaced.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from am_studio.foundation.errors import StudioError

MEGABYTE = 1_000_000


def write_atomic(path: Path, data: bytes) -> None:
    """Replace the file's content with `data`, or leave it untouched.

    Raises StudioError when the directory cannot be written or the disk is full.
    """
    if path.exists() and not path.is_file():
        _write_through(path, data)
        return
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when all went well; else `path` stays as it was.

    Raises StudioError when the directory cannot be written or the disk is full, or a directory or a device has this name;
    another error passes through.
    """
    if path.exists() and not path.is_file():
        raise StudioError(
            f"{path} cannot be written", "it is a directory or a device, and no file", "nothing was changed"
        )
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise _unwritable(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o7777)
        else:
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise _unwritable(path, error) from error
        raise
    _sync_directory(path.parent)


def read_text(path: Path, cap: int = MEGABYTE) -> str:
    """The file's text with line ends as LF; StudioError when it is missing, larger than `cap` bytes, or not UTF-8."""
    try:
        with path.open("rb") as file:
            data = file.read(cap + 1)
    except OSError as error:
        raise StudioError(f"{path} cannot be read", error.strerror or str(error)) from error
    if len(data) > cap:
        raise StudioError(f"{path} is larger than {cap:,} bytes", hint="a file of text for a scenario is far smaller")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudioError(f"{path} is not UTF-8 text", f"byte {error.start}: {error.reason}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _write_through(path: Path, data: bytes) -> None:
    """Write to a device or a pipe, which has no content to keep: renaming a file over it would take it away."""
    try:
        with path.open("wb") as file:
            file.write(data)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StudioError:
    return StudioError(f"{path} cannot be written", error.strerror or str(error), "nothing was changed")


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
