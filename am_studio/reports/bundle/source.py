"""The parts of a bundle as they lie in a zip, or in a directory that one was unpacked into. Neither is trusted.

Names and sizes are held to caps before anything is read, rows are read one at a time, and every part is hashed as it is
read, so that what was checked is what was used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.zipread import CappedZip, lines_of, wrong_name
from am_studio.reports.bundle.parts import CAPS, LONGEST_ROW, SMALL, loaded
from am_studio.runs.runfile import SUFFIX

_CHUNK = 1 << 16


class Source(Protocol):
    """Where parts come from."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every part."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a part; StudioError when there is none or it is damaged."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Directory:
    """Parts as files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        sizes: dict[str, int] = {}
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if len(sizes) > CAPS.members:
                raise StudioError(f"{root} has more than {CAPS.members:,} files")
            if path.is_symlink() or wrong_name(name):
                raise StudioError(f"{root}: {one_line(name, 80)} is refused", wrong_name(name) or "it is a link")
            if path.is_file():
                sizes[name] = path.stat().st_size
        if sum(sizes.values()) > CAPS.unpacked:
            raise StudioError(f"{root} is larger than {CAPS.unpacked:,} bytes")
        self.names = tuple(sizes)

    def chunks(self, name: str) -> Iterator[bytes]:
        """As `Source` says."""
        if name not in self.names:
            raise StudioError(f"{self.root} has no part {one_line(name, 80)}")
        try:
            with (self.root / name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise StudioError(f"{self.root / name} cannot be read", error.strerror or str(error)) from error

    def close(self) -> None:
        """Nothing is open."""


def open_source(path: Path) -> Source:
    """The parts of a bundle; StudioError when it is none, or one that is refused."""
    if path.is_dir():
        return Directory(path)
    if not path.is_file():
        raise StudioError(f"there is no bundle '{path}'", hint="`am-studio export RUN --bundle` makes one")
    try:
        return CappedZip.open(path, CAPS)
    except StudioError as error:
        if path.suffix == SUFFIX:
            raise StudioError(
                f"{path} is a run file, and no bundle", hint="`am-studio export RUN --bundle` makes one"
            ) from error
        raise


def document_of(source: Source, name: str) -> Any:
    """The JSON of a part; StudioError when it is missing, too large or none."""
    return loaded(small(source, name), name)


def small(source: Source, name: str) -> bytes:
    """A part that is no larger than `SMALL`; StudioError otherwise."""
    content, size = [], 0
    for chunk in source.chunks(name):
        size += len(chunk)
        if size > SMALL:
            raise StudioError(f"the bundle's part {one_line(name, 80)} is larger than {SMALL:,} bytes")
        content.append(chunk)
    return b"".join(content)


def rows_of(source: Source, name: str) -> Iterator[dict[str, Any]]:
    """The rows of a part, none where the part is left out; StudioError for one that is no JSON object."""
    if name not in source.names:
        return
    for number, line in enumerate(lines_of(source.chunks(name), name, LONGEST_ROW), 1):
        value = loaded(line, f"{name} line {number}")
        if not isinstance(value, dict):
            raise StudioError(f"the bundle is damaged: {name} line {number} is no object")
        yield value
