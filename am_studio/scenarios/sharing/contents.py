"""What a pack is, to the byte: paths and their bytes in memory, judged by one set of rules whatever they came in.

The identity is Go's `dirhash` h1: the base64 of the SHA-256 of the lines `sha256  path`, sorted by path. Those lines are
also a file, `PACK.sha256`, which `sha256sum -c` reads; it and its signature travel with a pack and are no part of it.
Refuses names, sizes and counts beyond what a pack needs; writes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.files import MEGABYTE
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.yamlfile import load_as, parse_yaml
from am_studio.scenarios.forms import PackForm
from am_studio.scenarios.sharing.names import collision, is_shared, name_fault

MEBIBYTE = 1024 * 1024
MAX_ARCHIVE = 32 * MEBIBYTE
MAX_UNPACKED = 64 * MEBIBYTE
MAX_FILE = 8 * MEBIBYTE
MAX_FILES = 2_000
MAX_SIGNATURE = 16_384
MANIFEST = "PACK.sha256"
SIGNATURE = "PACK.sha256.sig"
SIDECARS = (MANIFEST, SIGNATURE)
_MANIFEST_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class Refused(StudioError):
    """A pack that is not opened, and nothing of which was written: one line says which, and why."""

    def __init__(self, pack: str, why: str, hint: str = "") -> None:
        self.why = one_line(why, 300)
        super().__init__(f"{one_line(pack, 200)} is refused: {self.why}", "nothing was written", hint, exit_code=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a pack before its bytes are read."""

    path: str
    """From the pack's root, with `/`."""
    size: int
    """Bytes, as announced."""


@dataclass(frozen=True)
class PackContents:
    """A pack in memory, sound in its names and sizes; what its files say is judged by `check`."""

    files: Mapping[str, bytes]
    """By path from the pack's root, sorted; the sidecars are not among them."""
    source: str
    """How to call it in messages."""
    form: PackForm
    """Its pack.yaml."""
    delivered_manifest: bytes | None = None
    """`PACK.sha256` as it came with the pack; None when it came without."""
    signature: bytes | None = None
    """`PACK.sha256.sig` as it came."""
    archive: bytes | None = field(default=None, repr=False)
    """The zip it was read from; None for a directory or a repository."""

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of every file, in hex."""
        return {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}

    @cached_property
    def manifest(self) -> bytes:
        """The lines `sha256  path`, sorted by path: what the identity is taken over and what is signed."""
        return manifest_of(self.digests)

    @property
    def identity(self) -> str:
        """`h1:` and the base64 of the manifest's SHA-256."""
        return identity_of(self.manifest)

    @property
    def name(self) -> str:
        """As in its pack.yaml."""
        return self.form.name

    @property
    def version(self) -> str:
        """As in its pack.yaml."""
        return self.form.version

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The names of its scenarios, sorted."""
        split = (path.split("/") for path in self.files)
        return tuple(steps[0] for steps in split if len(steps) == 2 and steps[1] == "scenario.yaml")


def manifest_of(digests: Mapping[str, str]) -> bytes:
    """The manifest of these SHA-256 digests (hex) by path."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests, key=str.encode)).encode()


def identity_of(manifest: bytes) -> str:
    """The identity of a pack with this manifest."""
    return "h1:" + base64.b64encode(hashlib.sha256(manifest).digest()).decode()


def read_manifest(manifest: bytes) -> dict[str, str]:
    """The SHA-256 of each file by path; lines that are none are left out, so that the manifest's own hash must be compared as well."""
    lines = manifest.decode("utf-8", "replace").split("\n")
    found = (_MANIFEST_LINE.fullmatch(line) for line in lines)
    return {match.group(2): match.group(1) for match in found if match}


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The paths whose digests differ between two manifests, each with what happened to it."""
    told = []
    for path in sorted({*before, *after}):
        if path not in after:
            told.append(f"{path}: missing")
        elif path not in before:
            told.append(f"{path}: not in the manifest")
        elif before[path] != after[path]:
            told.append(f"{path}: changed")
    return told


def judged_listing(listed: Iterable[Listed], source: str) -> tuple[Listed, ...]:
    """The files that are part of the pack, sorted by path, once every name and size is found sound; Refused otherwise.

    Also names that are no part of the pack are judged: a pack that tries to leave its directory is not to be trusted.
    """
    every = tuple(listed)
    for file in every:
        if fault := name_fault(file.path):
            raise Refused(source, f"{fault} ({one_line(file.path, 80)!r})", "a pack has plain names below its own root")
    if found := collision(file.path for file in every):
        raise Refused(source, f"'{found[0]}' and '{found[1]}' are the same name on some systems", "rename one")
    kept = tuple(sorted((file for file in every if is_shared(file.path)), key=lambda file: file.path.encode()))
    if sum(file.path not in SIDECARS for file in kept) > MAX_FILES:
        raise Refused(source, f"more than {MAX_FILES:,} files")
    for file in kept:
        limit = MAX_SIGNATURE if file.path == SIGNATURE else MAX_FILE
        if file.size > limit:
            raise Refused(source, f"{file.path} is larger than {limit:,} bytes")
    if sum(file.size for file in kept) > MAX_UNPACKED:
        raise Refused(source, f"more than {MAX_UNPACKED:,} bytes when unpacked")
    return kept


def pack_of(files: Mapping[str, bytes], source: str, archive: bytes | None = None) -> PackContents:
    """The pack of these files, which have passed `judged_listing`; Refused when there is no pack.yaml that says what it is."""
    sorted_files = {path: files[path] for path in sorted(files, key=str.encode) if path not in SIDECARS}
    return PackContents(
        sorted_files,
        source,
        _form(sorted_files.get("pack.yaml"), source),
        files.get(MANIFEST),
        files.get(SIGNATURE),
        archive,
    )


def _form(data: bytes | None, source: str) -> PackForm:
    if data is None:
        raise Refused(source, "there is no pack.yaml in it", "a pack has a pack.yaml beside its scenarios")
    if len(data) > MEGABYTE:
        raise Refused(source, f"pack.yaml is larger than {MEGABYTE:,} bytes")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise Refused(source, f"pack.yaml is not UTF-8 text (byte {error.start})") from error
    try:
        return load_as(PackForm, parse_yaml(text, "pack.yaml"))
    except FileProblems as error:
        raise Refused(source, str(error.problems[0])) from error
