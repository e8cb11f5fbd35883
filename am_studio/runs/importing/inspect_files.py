"""Logs of Inspect as plain JSON: `.eval` (a zip of JSON, deflated or zstd) and `.json`. Needs nothing of Inspect.

The format is that of log version 2 (inspect-ai 0.3). Names in the zip are looked up, never used as paths. Sizes are capped
before anything is unpacked. A log that breaks off, is not whole or not finished is refused with its place.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import StudioError

MOST_BYTES = 1024 * 1024 * 1024
"""Of a file."""
MOST_UNPACKED = 8 * MOST_BYTES
MOST_MEMBER = 512 * 1024 * 1024
MOST_MEMBERS = 200_000
_STORED, _DEFLATED, _ZSTD = 0, 8, 93
_SAMPLE = re.compile(r"^samples/[^/]+_epoch_\d+\.json$")
_CHUNKED = re.compile(r"^samples/.+_epoch_\d+/sample\.json$")


@dataclass(frozen=True, slots=True)
class InspectLog:
    """One log, decoded."""

    name: str
    digest: str
    """`sha256:` and the digest of the file's bytes."""
    header: dict[str, Any]
    """Version, status, `eval`, `plan`, `results`, `stats`."""
    samples: tuple[dict[str, Any], ...]
    """Without their events."""


def log_files(source: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """(the logs of a file or folder, names of JSON files in it that are none); StudioError where there is no log."""
    if not source.is_dir():
        return (source,), ()
    every = sorted(path for path in source.rglob("*") if path.suffix in (".eval", ".json") and path.is_file())
    logs = [path for path in every if path.suffix == ".eval" or _like_a_log(path)]
    if not logs:
        raise StudioError(f"there is no log of Inspect in {source}", hint="logs are .eval or .json files")
    return tuple(logs), tuple(path.relative_to(source).as_posix() for path in every if path not in logs)


def _like_a_log(path: Path) -> bool:
    with path.open("rb") as file:
        begin = file.read(4096)
    return b'"eval"' in begin and b'"version"' in begin


def read_log(path: Path, *, partial: bool = False) -> InspectLog:
    """The log in a file; `partial` also takes one that was not finished. StudioError with what is wrong, and where."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise StudioError(f"{path} is larger than {MOST_BYTES:,} bytes")
        with path.open("rb") as file:
            digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
            begin = _begin(path)
    except OSError as error:
        raise StudioError(f"{path} cannot be read", error.strerror or str(error)) from error
    if begin.startswith(b"PK"):
        header, samples = _zipped(path, partial=partial)
    elif begin.lstrip()[:1] == b"{":
        header = _decoded(path.read_bytes(), path.name)
        samples = header.pop("samples", None) or []
    else:
        raise StudioError(f"{path.name} is no log of Inspect", "it is neither a zip nor JSON")
    _check(header, samples, path.name, partial=partial)
    return InspectLog(path.name, digest, header, tuple(_slim(sample) for sample in samples))


def _begin(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def _check(header: dict[str, Any], samples: list[Any], name: str, *, partial: bool) -> None:
    """StudioError unless this is a finished log with all of its samples."""
    version, evaluation = header.get("version"), header.get("eval")
    if not isinstance(evaluation, dict) or "task" not in evaluation:
        raise StudioError(f"{name} is no log of Inspect", "it has no `eval` with a `task`")
    if version not in (None, 1, 2):
        raise StudioError(f"{name} has log version {version}", hint="versions 1 and 2 can be read")
    for number, sample in enumerate(samples, start=1):
        if not isinstance(sample, dict) or "id" not in sample or not isinstance(sample.get("messages"), list):
            raise StudioError(f"{name}: sample {number} is none", "it has no `id`, or no `messages`")
    if partial:
        return
    status = header.get("status", "started")
    if status != "success":
        raise StudioError(
            f"{name} is not a finished log: its status is '{status}'",
            f"{len(samples)} samples are in it",
            "--partial takes what is there; `inspect eval-retry` finishes it",
        )
    total = (header.get("results") or {}).get("total_samples")
    if isinstance(total, int) and total != len(samples):
        raise StudioError(
            f"{name} has {len(samples)} samples, and says that there are {total}",
            "some are missing from it",
            "--partial takes what is there",
        )


def _slim(sample: dict[str, Any]) -> dict[str, Any]:
    dropped = ("events", "events_data", "store", "timelines")
    return {key: value for key, value in sample.items() if key not in dropped}


# The zip. --------------------------------------------------------------------------------------------------------------


def _zipped(path: Path, *, partial: bool) -> tuple[dict[str, Any], list[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
            _check_sizes(path.name, members)
            header = _header(archive, members, path.name, partial=partial)
            return header, list(_samples(archive, members, path.name))
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise StudioError(f"{path.name} is no whole log: its zip cannot be read", str(error)) from error


def _check_sizes(name: str, members: dict[str, zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members.values()) > MOST_UNPACKED:
        raise StudioError(f"{name} unpacks to more than this program takes", hint="import fewer samples at a time")
    chunked = next((member for member in members if _CHUNKED.match(member)), None)
    if chunked is not None:
        raise StudioError(
            f"{name} keeps large samples in chunks, which cannot be read here",
            chunked,
            "`inspect log convert` to json gives one that can",
        )


def _header(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, *, partial: bool
) -> dict[str, Any]:
    for member in ("header.json", "_journal/start.json") if partial else ("header.json",):
        if member in members:
            return _decoded(_unpacked(archive, members[member], name), f"{name}: {member}")
    hint = "--partial takes what is there" if "_journal/start.json" in members else ""
    raise StudioError(f"{name} is not a finished log", "it has no header.json", hint)


def _samples(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> Iterator[Any]:
    for member in sorted(members):
        if _SAMPLE.match(member):
            yield _slim(_decoded(_unpacked(archive, members[member], name), f"{name}: {member}"))


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
    """A member's bytes; those in zstd are read by hand, since older Pythons do not know it."""
    where = f"{name}: {member.filename}"
    if member.flag_bits & 0x1:
        raise StudioError(f"{where} is encrypted")
    if member.file_size > MOST_MEMBER:
        raise StudioError(f"{where} is larger than {MOST_MEMBER:,} bytes")
    try:
        content = _zstd(archive, member) if member.compress_type == _ZSTD else _capped(archive, member)
    except (zipfile.BadZipFile, EOFError, OSError, zlib.error, NotImplementedError, ValueError) as error:
        raise StudioError(f"{where} cannot be unpacked", str(error)) from error
    if len(content) != member.file_size or zlib.crc32(content) != member.CRC:
        raise StudioError(f"{where} is damaged", "its bytes do not fit its checksum")
    return content


def _capped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type not in (_STORED, _DEFLATED):
        raise NotImplementedError(f"compression method {member.compress_type}")
    with archive.open(member) as file:
        return file.read(member.file_size + 1)


def _zstd(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    import zstandard

    file = archive.fp
    if file is None:
        raise OSError("the file is closed")
    file.seek(member.header_offset)
    head = file.read(30)
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("its local header is damaged")
    file.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), 1)
    packed = file.read(member.compress_size)
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
            return reader.read(member.file_size + 1)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def _decoded(content: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except RecursionError:
        raise StudioError(f"{where} is nested too deeply") from None
    except ValueError as error:
        raise StudioError(f"{where} is not whole JSON", str(error)) from error
    if not isinstance(value, dict):
        raise StudioError(f"{where} is no JSON object")
    return value
