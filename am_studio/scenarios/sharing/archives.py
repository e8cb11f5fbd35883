"""A pack from a zip archive, and the one archive that a pack makes.

Reading: the layout is judged first (`archive_layout.py`), then names and announced sizes, then each entry is unpacked into
memory up to what it announced and not a byte further. Writing: the same pack gives the same bytes everywhere, so files are
stored as they are (deflate differs between builds of zlib), with fixed times and modes, below one directory of the pack's name.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from am_studio.foundation.hygiene import one_line
from am_studio.scenarios.sharing.archive_layout import STORED, ZipEntry, zip_entries
from am_studio.scenarios.sharing.contents import (
    MANIFEST,
    MAX_ARCHIVE,
    SIGNATURE,
    Listed,
    PackContents,
    Refused,
    judged_listing,
    pack_of,
)
from am_studio.scenarios.sharing.names import name_fault

_MOMENT = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


def pack_in_archive(path: Path) -> PackContents:
    """The pack in this zip file; Refused when it cannot be one."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_ARCHIVE + 1)
    except OSError as error:
        raise Refused(str(path), f"it cannot be read: {error.strerror}") from error
    return pack_in_zip(data, str(path))


def pack_in_zip(data: bytes, source: str) -> PackContents:
    """The pack in these bytes of a zip archive, with or without one directory around it; Refused when it cannot be one."""
    if len(data) > MAX_ARCHIVE:
        raise Refused(source, f"larger than {MAX_ARCHIVE:,} bytes")
    entries = zip_entries(data, source)
    for entry in entries:
        if entry.is_directory and (fault := name_fault(entry.name.rstrip("/"))):
            raise Refused(
                source, f"{fault} ({one_line(entry.name, 80)!r})", "a pack has plain names below its own root"
            )
    files = [entry for entry in entries if not entry.is_directory]
    around = _directory_around(files)
    listed = judged_listing((Listed(entry.name.removeprefix(around), entry.size) for entry in files), source)
    by_path = {entry.name.removeprefix(around): entry for entry in files}
    unpacked = {file.path: _unpacked(data, by_path[file.path], source) for file in listed}
    return pack_of(unpacked, source, data)


def zip_of(pack: PackContents, *, signature: bytes | None = None) -> bytes:
    """The archive of a pack: the same bytes for the same files and signature, on every machine."""
    extra = {MANIFEST: pack.manifest} | ({SIGNATURE: signature} if signature else {})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for path, data in (*extra.items(), *pack.files.items()):
            entry = zipfile.ZipInfo(f"{pack.name}/{path}", _MOMENT)
            entry.create_system = 3
            entry.external_attr = _MODE << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def first_difference(pack: PackContents) -> str:
    """Where the archive that a pack was read from differs from the one it makes; empty when it does not, or was no archive."""
    if pack.archive is None:
        return ""
    made = zip_of(pack, signature=pack.signature)
    if made == pack.archive:
        return ""
    same = next((at for at, (a, b) in enumerate(zip(made, pack.archive, strict=False)) if a != b), len(made))
    entries = zip_entries(pack.archive, pack.source)
    at = next((entry.name for entry in entries if entry.header <= same < entry.end), "the archive's directory")
    return f"byte {same:,}, in {at}"


def _directory_around(files: list[ZipEntry]) -> str:
    """The one directory that everything lies in, with its slash; empty when pack.yaml stands at the top or nothing is common."""
    firsts = {entry.name.partition("/")[0] for entry in files if not entry.name.startswith("__MACOSX/")}
    if len(firsts) != 1:
        return ""
    around = f"{firsts.pop()}/"
    return around if any(entry.name == f"{around}pack.yaml" for entry in files) else ""


def _unpacked(data: bytes, entry: ZipEntry, source: str) -> bytes:
    packed = data[entry.start : entry.start + entry.packed]
    if entry.method == STORED:
        whole = packed
    else:
        engine = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            whole = engine.decompress(packed, entry.size + 1)
        except zlib.error as error:
            raise Refused(source, f"{entry.name} is damaged") from error
        if len(whole) != entry.size or not engine.eof or engine.unused_data:
            raise Refused(source, f"{entry.name} is not as long as it says")
    if zlib.crc32(whole) != entry.crc:
        raise Refused(source, f"{entry.name} is damaged: its checksum differs")
    return whole
