"""Packs, archives and repositories for tests: sound ones, and such as a stranger might send."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import struct
import subprocess
import textwrap
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.forms import PackForm
from tests.conftest import SMALL_FILES

PACK = (
    "format: 1\nname: {name}\nversion: {version}\ntitle: Theirs\nauthors: [Somebody]\nlicense: CC-BY-4.0\n"
    "content_notice: Fictional office mail.\ncanary: 5f0e4a52-7f0b-4a53-9d7a-0d6a5a3c8a11\n"
)
FICTIONAL = "fictional: true\n" if "fictional" in PackForm.model_fields else ""
README = """\
# Theirs

Fictional. All persons and companies are invented.
"""


def pack_files(name: str = "their-pack", version: str = "1.0.0", **changes: str) -> dict[str, bytes]:
    """A sound pack's files; `small__system_md` stands for small/system.md."""
    texts = {"pack.yaml": PACK.format(name=name, version=version) + FICTIONAL, "README.md": README}
    texts |= {f"small/{path}": textwrap.dedent(text).lstrip("\n") for path, text in SMALL_FILES.items()}
    texts |= {
        key.replace("__", "/").replace("_md", ".md").replace("_yaml", ".yaml"): text for key, text in changes.items()
    }
    return {path: text.encode() for path, text in texts.items()}


def write_pack(root: Path, name: str = "their-pack", version: str = "1.0.0", **changes: str) -> Path:
    """The directory of a sound pack below `root`, where nothing else of an older one stays."""
    directory = root / name
    for path, data in pack_files(name, version, **changes).items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)
    _write_readme(directory)
    return directory


def _write_readme(directory: Path) -> None:
    """The table that a pack's README needs before it may be published, where this program asks for one."""
    if importlib.util.find_spec("am_studio.scenarios.pack_readme") is not None:
        with contextlib.suppress(StudioError):
            importlib.import_module("am_studio.scenarios.pack_readme").write_readme(directory)


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An ordinary archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return buffer.getvalue()


@dataclass
class RawEntry:
    """An entry of a handmade archive; everything in it may be a lie."""

    name: bytes
    data: bytes = b""
    """As it lies in the archive."""
    size: int | None = None
    crc: int | None = None
    method: int = 0
    flags: int = 0
    mode: int = 0o100644
    local_name: bytes | None = None
    extra: bytes = b""
    header: int | None = None
    """Where the directory says that it begins."""
    comment: bytes = b""
    packed: int | None = None


@dataclass
class RawZip:
    """A handmade archive."""

    entries: list[RawEntry]
    before: bytes = b""
    between: bytes = b""
    after: bytes = b""
    comment: bytes = b""
    count: int | None = None
    more: list[RawEntry] = field(default_factory=list)
    """Entries that are in the directory alone."""

    def bytes(self) -> bytes:
        body = bytearray(self.before)
        central = bytearray()
        for entry in self.entries:
            at = len(body) if entry.header is None else entry.header
            central += _central(entry, at)
            name = entry.name if entry.local_name is None else entry.local_name
            body += struct.pack("<4sHHHHH", b"PK\3\4", 20, entry.flags, entry.method, 0, 33) + _numbers(entry)
            body += struct.pack("<HH", len(name), 0) + name + entry.data + self.between
        for entry in self.more:
            central += _central(entry, entry.header or 0)
        count = len(self.entries) + len(self.more) if self.count is None else self.count
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(central), len(body), len(self.comment))
        return bytes(body + central + end + self.comment + self.after)


def _numbers(entry: RawEntry) -> bytes:
    size = len(entry.data) if entry.size is None else entry.size
    crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
    return struct.pack("<III", crc, len(entry.data) if entry.packed is None else entry.packed, size)


def _central(entry: RawEntry, header: int) -> bytes:
    head = struct.pack("<4sHHHHHH", b"PK\1\2", 0x314, 20, entry.flags, entry.method, 0, 33) + _numbers(entry)
    lengths = struct.pack(
        "<HHHHHII", len(entry.name), len(entry.extra), len(entry.comment), 0, 0, entry.mode << 16, header
    )
    return head + lengths + entry.name + entry.extra + entry.comment


@lru_cache
def deflated(data: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


def overlapping_bomb(files: int = 250) -> bytes:
    """A small archive that says it holds gigabytes: every entry quotes the same compressed kernel, as Fifield's does."""
    kernel = deflated(bytes(21_000_000))
    crc = zlib.crc32(bytes(21_000_000))
    name = b"their-pack/a"
    first = RawEntry(name, kernel, size=21_000_000, crc=crc, method=8)
    others = [
        RawEntry(b"their-pack/%d" % n, kernel, size=21_000_000, crc=crc, method=8, header=0) for n in range(files - 1)
    ]
    return RawZip([first], more=others).bytes()


def git(*words: str, cwd: Path) -> str:
    """What git says; with an author of its own and no settings of whoever runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "GIT_CONFIG_GLOBAL": str(cwd / "no-such-settings"), "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@lab.example",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@lab.example",
    }  # fmt: skip
    done = subprocess.run(["git", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(root: Path, *, tag: str = "") -> Path:
    """A repository with everything below `root` in one commit."""
    git("init", "--quiet", "--initial-branch=main", cwd=root)
    git("add", "--all", cwd=root)
    git("commit", "--quiet", "--message", "A pack", cwd=root)
    if tag:
        git("tag", tag, cwd=root)
    return root
