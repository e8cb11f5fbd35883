"""The structure of a zip archive, byte by byte, before anything in it is unpacked.

Python's `zipfile` trusts the directory at the end of an archive; a stranger's archive can hold gaps, overlaps and a second
meaning that it never looks at. Here every byte of the archive must belong to exactly one entry, to the directory or to the
end record, each entry must be told the same way in both places, and nothing stands before, between or after them.
Refused: encryption, links, other methods than store and deflate, zip64, comments, several disks. Unpacks nothing.
"""

from __future__ import annotations

import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from am_studio.foundation.hygiene import one_line
from am_studio.scenarios.sharing.contents import MAX_FILES, Refused

STORED, DEFLATED = 0, 8
MAX_ENTRIES = 2 * MAX_FILES
"""Directories may have entries of their own."""
_END = struct.Struct("<4sHHHHIIH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_PATCHED = 0x0020
_DESCRIPTOR = 0x0008
_UTF8 = 0x0800
_REFUSED_EXTRAS = {0x0001: "zip64", 0x7075: "a second name", 0x9901: "encryption", 0x0017: "encryption"}
_COMMIT = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One file or directory of an archive."""

    name: str
    method: int
    crc: int
    packed: int
    """Bytes in the archive."""
    size: int
    """Bytes when unpacked, as announced."""
    start: int
    """Offset of the packed bytes."""
    header: int
    """Offset of the entry's own header."""
    end: int
    """Offset after the entry, its descriptor included."""

    @property
    def is_directory(self) -> bool:
        """Whether the name ends with a slash."""
        return self.name.endswith("/")


@dataclass(frozen=True, slots=True)
class _Central:
    """What the directory at the end says of an entry."""

    name: bytes
    flags: int
    method: int
    moment: tuple[int, int]
    crc: int
    packed: int
    size: int
    header: int


def zip_entries(data: bytes, source: str) -> tuple[ZipEntry, ...]:
    """The entries of an archive in the order of its bytes; Refused when one byte of it is not accounted for."""
    start, count, end = _directory(data, source)
    central = sorted(_central_entries(data, start, end, count, source), key=lambda entry: entry.header)
    position = 0
    entries = []
    for told in central:
        called = one_line(told.name.decode("utf-8", "replace"), 80)
        if told.header < position:
            raise Refused(source, f"the entry '{called}' overlaps another")
        if told.header > position:
            raise Refused(source, f"{told.header - position} bytes before the entry '{called}' belong to nothing")
        entry = _entry(data, told, start, source, called)
        entries.append(entry)
        position = entry.end
    if position != start:
        raise Refused(source, f"{start - position} bytes before the archive's directory belong to nothing")
    return tuple(entries)


def _directory(data: bytes, source: str) -> tuple[int, int, int]:
    """Where the directory begins, how many entries it has, and where it ends."""
    at = len(data) - _END.size
    # `git archive` writes the commit as a comment; any other comment could hide a second end record.
    for length in (40, 64):
        if _COMMIT.fullmatch(data[-length:]) and data[at - length : at - length + 4] == b"PK\5\6":
            at -= length
    if at < 0 or data[at : at + 4] != b"PK\5\6":
        why = (
            "something follows its end, or it has a comment" if b"PK\5\6" in data[-66_000:] else "it is no zip archive"
        )
        raise Refused(source, why, "a whole archive with nothing added is needed")
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(data, at)
    if 0xFFFF in (disk, first_disk, here, count) or 0xFFFFFFFF in (size, offset):
        raise Refused(source, "it is a zip64 archive, which no pack needs")
    if disk or first_disk or here != count:
        raise Refused(source, "it is a part of an archive on several disks")
    if comment != len(data) - at - _END.size:
        raise Refused(source, "something follows its end")
    if count > MAX_ENTRIES:
        raise Refused(source, f"more than {MAX_ENTRIES:,} entries")
    if offset + size != at:
        raise Refused(source, "its directory is not where it says, or bytes stand before the archive")
    return offset, count, at


def _central_entries(data: bytes, start: int, end: int, count: int, source: str) -> Iterator[_Central]:
    position = start
    for number in range(1, count + 1):
        if position + _CENTRAL.size > end or data[position : position + 4] != b"PK\1\2":
            raise Refused(source, f"entry {number} of its directory is damaged")
        (_, _, _, flags, method, clock, day, crc, packed, size, name_length, extra_length, comment_length, disk, _,
         attributes, header) = _CENTRAL.unpack_from(data, position)  # fmt: skip
        name_at = position + _CENTRAL.size
        position = name_at + name_length + extra_length + comment_length
        if position > end:
            raise Refused(source, f"entry {number} of its directory is damaged")
        name = data[name_at : name_at + name_length]
        called = one_line(name.decode("utf-8", "replace"), 80)
        if comment_length or disk:
            raise Refused(source, f"the entry '{called}' has a comment or lies on another disk")
        _judge_kind(called, flags, method, attributes >> 16, source)
        _judge_extra(data[name_at + name_length : position], called, source)
        yield _Central(name, flags, method, (clock, day), crc, packed, size, header)
    if position != end:
        raise Refused(source, "its directory has more entries than it says")


def _judge_kind(called: str, flags: int, method: int, mode: int, source: str) -> None:
    if flags & _ENCRYPTED:
        raise Refused(source, f"the entry '{called}' is encrypted")
    if flags & _PATCHED or method not in (STORED, DEFLATED):
        raise Refused(source, f"the entry '{called}' is packed in a way (method {method}) that no pack needs")
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFLNK:
        raise Refused(source, f"the entry '{called}' is a symbolic link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused(source, f"the entry '{called}' is no ordinary file")


def _judge_extra(extra: bytes, called: str, source: str) -> None:
    position = 0
    while position < len(extra):
        if position + 4 > len(extra):
            raise Refused(source, f"the extra field of '{called}' is damaged")
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind in _REFUSED_EXTRAS:
            raise Refused(source, f"the entry '{called}' has {_REFUSED_EXTRAS[kind]}, which no pack needs")
        position += 4 + length
    if position != len(extra):
        raise Refused(source, f"the extra field of '{called}' is damaged")


def _entry(data: bytes, told: _Central, limit: int, source: str, called: str) -> ZipEntry:
    if told.header + _LOCAL.size > limit or data[told.header : told.header + 4] != b"PK\3\4":
        raise Refused(source, f"the entry '{called}' is damaged or not where the directory says")
    _, _, flags, method, clock, day, crc, packed, size, name_length, extra_length = _LOCAL.unpack_from(
        data, told.header
    )
    name_at = told.header + _LOCAL.size
    start = name_at + name_length + extra_length
    end = start + told.packed
    if end > limit:
        raise Refused(source, f"the entry '{called}' runs into the archive's directory")
    streamed = bool(flags & _DESCRIPTOR)
    numbers = ((crc, packed, size),) if not streamed else ()
    same = (flags, method, (clock, day)) == (told.flags, told.method, told.moment)
    agrees = all(found in ((told.crc, told.packed, told.size),) for found in numbers)
    if not same or not agrees or data[name_at : name_at + name_length] != told.name:
        raise Refused(source, f"the entry '{called}' is told in two different ways")
    _judge_extra(data[name_at + name_length : start], called, source)
    if streamed:
        if (crc, packed, size) not in ((0, 0, 0), (told.crc, told.packed, told.size)):
            raise Refused(source, f"the entry '{called}' is told in two different ways")
        end = _after_descriptor(data, end, told, source)
    name = _name(told.name, flags, source)
    if name.endswith("/") and (told.size or told.packed > 2):  # deflate packs nothing into two bytes
        raise Refused(source, f"the directory '{called}' has content")
    if told.method == STORED and told.packed != told.size:
        raise Refused(source, f"the entry '{called}' is not as long as it says")
    return ZipEntry(name, told.method, told.crc, told.packed, told.size, start, told.header, end)


def _after_descriptor(data: bytes, at: int, told: _Central, source: str) -> int:
    """The offset after the checksum and sizes that follow an entry which was written as a stream."""
    numbers = struct.pack("<III", told.crc, told.packed, told.size)
    for form in (b"PK\7\x08" + numbers, numbers):
        if data.startswith(form, at):
            return at + len(form)
    called = one_line(told.name.decode("utf-8", "replace"), 80)
    raise Refused(source, f"the sizes after the entry '{called}' are not those of the directory")


def _name(raw: bytes, flags: int, source: str) -> str:
    if not flags & _UTF8 and not raw.isascii():
        shown = one_line(raw.decode("cp437"), 80)
        raise Refused(source, f"the name '{shown}' is not marked as UTF-8", "pack it again with another program")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(source, "a name that is not UTF-8") from error
