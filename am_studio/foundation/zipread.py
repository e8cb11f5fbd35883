"""Reads a zip that may come from a stranger: everything is checked before a byte is unpacked, and nothing is ever extracted.

Refused, each with the entry's name: more or larger than the caps, names that could leave a directory or collide in one,
links, encryption, other methods than stored and deflated, entries that overlap, bytes before the first entry or after the
last. Content is streamed and counted against what the directory declares; a checksum that does not fit is an error.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import UNSHOWABLE, one_line

MEBIBYTE = 1 << 20
_CHUNK = 1 << 16
_END = b"PK\x05\x06"
_RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_DRIVE = re.compile(r"^[a-zA-Z]:")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_LONGEST_NAME = 240
_NONE = (0,)
_DESCRIPTORS = (12, 16, 20, 24)
"""Bytes that may follow an entry whose sizes were not known when it began."""
_ZIP64_END = 76
"""Bytes between the directory and its end record in a large archive."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that an archive may be, in bytes where nothing else is said."""

    archive: int = 32 * MEBIBYTE
    unpacked: int = 64 * MEBIBYTE
    """All entries together."""
    member: int = 8 * MEBIBYTE
    members: int = 2_000
    """How many."""


class CappedZip:
    """A zip open for reading, checked."""

    def __init__(self, path: Path, file: BinaryIO, archive: zipfile.ZipFile, caps: Caps) -> None:
        self.path = path
        self.caps = caps
        self._file = file
        self._archive = archive
        self._entries = {entry.filename: entry for entry in archive.infolist()}

    @classmethod
    def open(cls, path: Path, caps: Caps) -> Self:
        """Open and check; StudioError when it is no zip, or one that is refused."""
        try:
            file = path.open("rb")
        except OSError as error:
            raise StudioError(f"{path} cannot be read", error.strerror or str(error)) from error
        try:
            end = _end_of(path, file, caps)
            archive = zipfile.ZipFile(file)
            _check(path, archive, caps)
            _check_layout(path, file, archive, end)
        except StudioError:
            file.close()
            raise
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, struct.error) as error:
            file.close()
            raise StudioError(f"{path} is not a usable zip", str(error)) from error
        return cls(path, file, archive, caps)

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Every entry, in the archive's order."""
        return tuple(self._entries)

    def size(self, name: str) -> int:
        """Bytes of an entry, unpacked; StudioError when there is none of this name."""
        return self._entry(name).file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of an entry, some at a time; StudioError when it is not what the archive declares."""
        entry, seen = self._entry(name), 0
        try:
            with self._archive.open(entry) as content:
                while chunk := content.read(_CHUNK):
                    seen += len(chunk)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, EOFError, OSError) as error:
            raise StudioError(f"{self.path} is damaged: {one_line(name, 80)}", str(error), exit_code=1) from error
        if seen != entry.file_size:
            raise StudioError(f"{self.path} is damaged: {one_line(name, 80)}", "its content ends early", exit_code=1)

    def read(self, name: str, cap: int | None = None) -> bytes:
        """The whole content of an entry of at most `cap` bytes (the caps' `member` when None); StudioError otherwise."""
        most = self.caps.member if cap is None else cap
        if self.size(name) > most:
            raise StudioError(f"{self.path}: {one_line(name, 80)} is larger than {most:,} bytes")
        return b"".join(self.chunks(name))

    def _entry(self, name: str) -> zipfile.ZipInfo:
        if name not in self._entries:
            raise StudioError(f"{self.path} has no part {one_line(name, 80)}")
        return self._entries[name]


def wrong_name(name: str) -> str:
    """Why a relative path of `/`-joined names cannot be in a package that others open; empty: it can."""
    if not name or len(name) > _LONGEST_NAME:
        return "it is empty or too long"
    if name.startswith("/") or _DRIVE.match(name):
        return "it is absolute"
    if _NOT_IN_NAMES.search(name) or UNSHOWABLE.search(name):
        return "it has a character that no name may have"
    for part in name.removesuffix("/").split("/"):
        if part in ("", ".", ".."):
            return "it leaves its directory"
        if _RESERVED.match(part) or part != part.strip() or part.endswith("."):
            return "some systems cannot have such a name"
    return ""


def _end_of(path: Path, file: BinaryIO, caps: Caps) -> int:
    """Where the central directory begins to end: offset of its end record, which must be the last thing in the file."""
    size = file.seek(0, 2)
    if size > caps.archive:
        raise StudioError(f"{path} is larger than {caps.archive:,} bytes", f"it has {size:,}")
    if size < 22:
        raise StudioError(f"{path} is not a zip")
    file.seek(size - 22)
    record = file.read(22)
    if not record.startswith(_END) or record[20:] != b"\0\0":
        file.seek(0)
        told = "something follows its last entry" if file.read(4) == b"PK\x03\x04" else ""
        raise StudioError(f"{path} is not a usable zip", told)
    number = struct.unpack("<H", record[10:12])[0]
    if number > caps.members:
        raise StudioError(f"{path} has more than {caps.members:,} entries")
    return size - 22


def _check(path: Path, archive: zipfile.ZipFile, caps: Caps) -> None:
    entries = archive.infolist()
    if len(entries) > caps.members:
        raise StudioError(f"{path} has more than {caps.members:,} entries")
    total = sum(entry.file_size for entry in entries)
    if total > caps.unpacked:
        raise StudioError(f"{path} unpacks to more than {caps.unpacked:,} bytes", f"it declares {total:,}")
    seen: dict[str, str] = {}
    for entry in entries:
        problem = _problem(entry, caps)
        key = unicodedata.normalize("NFC", entry.filename).casefold().rstrip("/")
        if not problem and key in seen:
            problem = f"its name is the same as {one_line(seen[key], 80)} on some systems"
        seen[key] = entry.filename
        if problem:
            raise StudioError(f"{path}: the entry {one_line(repr(entry.filename), 80)} is refused", problem)


def _problem(entry: zipfile.ZipInfo, caps: Caps) -> str:
    if entry.filename != entry.orig_filename:
        return "it has a character that no name may have"
    wrong = wrong_name(entry.filename)
    if wrong:
        return wrong
    mode = entry.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
        return "it is a link or a device"
    if entry.is_dir():
        return "it is a directory" if entry.file_size else ""
    if entry.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed by a method that is not read here"
    if entry.file_size > caps.member:
        return f"it is larger than {caps.member:,} bytes"
    return ""


def _check_layout(path: Path, file: BinaryIO, archive: zipfile.ZipFile, end: int) -> None:
    """Entries one after the other from the first byte on, then the directory, then its end; nothing in between."""
    gap: tuple[int, ...] = _NONE
    position, directory = 0, archive.start_dir
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        if entry.header_offset < position:
            raise StudioError(
                f"{path}: the entry {one_line(repr(entry.filename), 80)} is refused", "it overlaps another"
            )
        if entry.header_offset - position not in gap:
            raise StudioError(f"{path} is not a usable zip", "it holds bytes that belong to no entry")
        file.seek(entry.header_offset + 26)
        lengths = file.read(4)
        if len(lengths) < 4:
            raise StudioError(f"{path} is not a usable zip", "an entry lies outside of it")
        position = entry.header_offset + 30 + sum(struct.unpack("<HH", lengths)) + entry.compress_size
        gap = _DESCRIPTORS if entry.flag_bits & 0x8 else _NONE
    file.seek(end + 12)
    (size,) = struct.unpack("<I", file.read(4))
    if directory - position not in gap or (size != 0xFFFF_FFFF and end - directory - size not in (0, _ZIP64_END)):
        raise StudioError(f"{path} is not a usable zip", "it holds bytes that belong to no entry")


def lines_of(chunks: Iterator[bytes], what: str, cap: int) -> Iterator[bytes]:
    """The lines of a content that comes in chunks, without their ends; StudioError for one longer than `cap` bytes."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > cap:
            with suppress(AttributeError):
                chunks.close()  # type: ignore[attr-defined]
            raise StudioError(f"{what}: a line is longer than {cap:,} bytes")
    if rest:
        yield rest
