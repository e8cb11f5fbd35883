"""A pack from a git repository: cloned without checking anything out, listed, judged, and read blob by blob.

git runs with hooks, submodules, helpers, file monitors and prompts off, with an allowlist of transports and an environment
from which every GIT_* variable was taken; on Unix it also runs under limits of memory and of the size of a file. The
clone lies in a temporary directory that is removed. Nothing of the repository is ever written under a name of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line, visible
from am_studio.scenarios.sharing.contents import (
    MAX_FILES,
    MEBIBYTE,
    Listed,
    PackContents,
    Refused,
    judged_listing,
    pack_of,
)
from am_studio.scenarios.sharing.sources import COMMIT, GitSource
from am_studio.scenarios.sharing.steps import Step, silent

MAX_CLONE = 256 * MEBIBYTE
"""Bytes on disk of one clone: a repository may hold more than the pack."""
MAX_LISTING = 4 * MEBIBYTE
MEMORY = 2048 * MEBIBYTE
PATIENCE_SECONDS = 300.0
"""For one call of git."""
_ENTRY = re.compile(rb"(\d{6}) (blob|tree|commit) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)", re.DOTALL)
_OFF = os.devnull
_POSIX = os.name == "posix"
_LIMIT = f"""
import os, resource, sys
for kind, value in ((resource.RLIMIT_FSIZE, {MAX_CLONE}), (resource.RLIMIT_AS, {MEMORY})):
    try:
        resource.setrlimit(kind, (value, value))
    except (ValueError, OSError):
        pass
os.execv(sys.argv[1], sys.argv[1:])
"""
_LIMITED = (sys.executable, "-I", "-S", "-c", _LIMIT) if _POSIX else ()
"""What git is started through: neither its memory nor a file of it grows without end. Setting limits between fork and exec
instead is unsafe where there are threads, and the studio has some."""
_CONFIG = {
    "core.hooksPath": _OFF,
    "core.fsmonitor": "false",
    "core.bigFileThreshold": "8m",
    "core.symlinks": "false",
    "init.templateDir": "",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",
    "submodule.recurse": "false",
    "clone.filterSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
    "credential.interactive": "false",
    "http.followRedirects": "initial",
    "protocol.allow": "never",
}


@dataclass(frozen=True, slots=True)
class Cloned:
    """A pack and the commit it was read from."""

    pack: PackContents
    commit: str
    """Hex, of the commit itself, not of a tag."""


def pack_in_repository(source: GitSource, step: Step = silent) -> Cloned:
    """The pack at a source's reference and subdirectory. Refused when it cannot be one, StudioError when git cannot get it.

    `step` is told now and then what has come; what it raises stops git and is raised here.
    """
    if shutil.which("git") is None:
        raise StudioError("git is not installed", hint="install git, or give a directory or a zip file")
    with tempfile.TemporaryDirectory(prefix="am-studio-clone-", ignore_cleanup_errors=True) as temporary:
        clone = Path(temporary) / "clone"
        git = _Git(source, Path(temporary), step)
        git.clone(clone)
        commit = git.commit(clone)
        return Cloned(_read(git, clone, commit, source), commit)


def _read(git: _Git, clone: Path, commit: str, source: GitSource) -> PackContents:
    called = str(source)
    tree = f"{commit}:{source.subdirectory}" if source.subdirectory else commit
    blobs: dict[str, str] = {}
    sizes = []
    for mode, blob, size, path in _entries(git.listing(clone, tree), called):
        if mode == "120000":
            raise Refused(called, f"{path} is a symbolic link", "a pack has files of its own")
        if mode not in ("100644", "100755", "100664"):
            raise Refused(called, f"{path} is a submodule or no ordinary file", "name the pack with #subdirectory=DIR")
        blobs[path] = blob
        sizes.append(Listed(path, size))
    listed = judged_listing(sizes, called)
    return pack_of(git.blobs(clone, {file.path: (blobs[file.path], file.size) for file in listed}), called)


def _entries(listing: bytes, called: str) -> Iterator[tuple[str, str, int, str]]:
    """Mode, blob, size and path of every file that a tree has."""
    lines = listing.split(b"\0")[:-1]
    if len(lines) > MAX_FILES * 2:
        raise Refused(called, f"more than {MAX_FILES:,} files", "name the pack with #subdirectory=DIR")
    for line in lines:
        found = _ENTRY.fullmatch(line)
        if found is None:
            raise Refused(called, "its list of files cannot be read")
        mode, _, blob, size, raw = found.groups()
        try:
            path = raw.decode()
        except UnicodeDecodeError as error:
            raise Refused(called, "a name that is not UTF-8") from error
        yield mode.decode(), blob.decode(), int(size) if size.isdigit() else 0, path


class _Git:
    """Calls of git on behalf of one source."""

    def __init__(self, source: GitSource, home: Path, step: Step) -> None:
        self._source = source
        self._home = home
        self._step = step
        self._called = str(source)

    def clone(self, target: Path) -> None:
        """A shallow clone of the reference, with nothing checked out."""
        ref = self._source.ref
        branch = [] if not ref or COMMIT.fullmatch(ref) else ["--branch", ref]
        words = ["clone", "--quiet", "--no-checkout", "--no-local", "--no-recurse-submodules", "--single-branch"]
        self._run([*words, "--depth", "1", *branch, "--", self._source.url, str(target)])
        if ref and not branch:
            self._run(["-C", str(target), "fetch", "--quiet", "--depth", "1", "origin", ref])

    def commit(self, clone: Path) -> str:
        """The commit that was asked for."""
        ref = self._source.ref
        wanted = "FETCH_HEAD" if ref and COMMIT.fullmatch(ref) else "HEAD"
        words = ["-C", str(clone), "rev-parse", "--quiet", "--verify", "--end-of-options", f"{wanted}^{{commit}}"]
        commit = self._run(words, limit=200, failing="it has no commit").decode().strip()
        if not COMMIT.fullmatch(commit) or (wanted == "FETCH_HEAD" and commit != ref):
            raise Refused(self._called, "the commit that came is not the one that was asked for")
        return commit

    def listing(self, clone: Path, tree: str) -> bytes:
        """`ls-tree -r -l -z` of a tree, never more than a listing needs."""
        missing = f"there is no directory '{self._source.subdirectory}' in it" if self._source.subdirectory else ""
        return self._run(["-C", str(clone), "ls-tree", "-r", "-l", "-z", tree], limit=MAX_LISTING, failing=missing)

    def blobs(self, clone: Path, wanted: Mapping[str, tuple[str, int]]) -> dict[str, bytes]:
        """The bytes of each blob (id, size) by path; Refused when one is not as long as it was listed."""
        asked = "".join(f"{blob}\n" for blob, _ in wanted.values()).encode()
        limit = sum(size + 100 for _, size in wanted.values())
        answer = self._run(["-C", str(clone), "cat-file", "--batch"], limit=limit, told=asked)
        found: dict[str, bytes] = {}
        position = 0
        for path, (blob, size) in wanted.items():
            head = f"{blob} blob {size}\n".encode()
            start = position + len(head)
            position = start + size + 1
            if answer[start - len(head) : start] != head or answer[position - 1 : position] != b"\n":
                raise Refused(self._called, f"{path} is not as long as it was listed")
            found[path] = answer[start : start + size]
        return found

    def _run(self, words: Sequence[str], *, limit: int = 65_536, told: bytes = b"", failing: str = "") -> bytes:
        """What git says on stdout, at most `limit` bytes of it; StudioError when it fails, takes too long or too much."""
        settings = [part for name, value in self._settings().items() for part in ("-c", f"{name}={value}")]
        said, complaint = self._home / "said", self._home / "complaint"
        asked = self._home / "asked"
        asked.write_bytes(told)
        with asked.open("rb") as stdin, said.open("wb") as stdout, complaint.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603  (no shell; every word is ours or was judged by sources.py)
                [*_LIMITED, shutil.which("git") or "git", "--no-pager", "--literal-pathspecs", *settings, *words],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env=self._environment(),
                start_new_session=_POSIX,
            )
            try:
                stopped = self._watched(process, limit)
            except BaseException:
                _stop(process)  # given up, or interrupted: git would go on without us
                raise
        if stopped:
            raise Refused(self._called, stopped)
        if process.returncode:
            lines = visible(complaint.read_bytes()[-4000:].decode("utf-8", "replace")).strip()
            if failing:
                raise Refused(self._called, failing)
            raise StudioError(
                f"git could not get {one_line(self._called, 200)}", lines, "nothing was written", exit_code=1
            )
        return said.read_bytes()

    def _watched(self, process: subprocess.Popen[bytes], limit: int) -> str:
        """Waits for git to end; stops it, and says why, when it takes more than it may."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = 0.005
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(pause)
                return "" if (self._home / "said").stat().st_size <= limit else "it lists more than a pack may have"
            pause = min(pause * 2, 0.2)
            why = self._excess(limit) or ("it takes too long" if time.monotonic() > deadline else "")
            if why:
                _stop(process)
                return why

    def _excess(self, limit: int) -> str:
        if (self._home / "said").stat().st_size > limit:
            return "it lists more than a pack may have"
        size = _size_below(self._home)
        self._step(f"getting {one_line(self._called, 60)}: {size / 1e6:.1f} MB so far")
        if size > MAX_CLONE:
            return f"the repository is larger than {MAX_CLONE:,} bytes"
        return ""

    def _settings(self) -> dict[str, str]:
        allowed = ["file"] if self._source.local else ["https", "ssh"]
        return _CONFIG | {f"protocol.{name}.allow": "always" for name in allowed}

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("GIT_")}
        return kept | {
            "GIT_ALLOW_PROTOCOL": "file" if self._source.local else "https:ssh",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_CEILING_DIRECTORIES": str(self._home),
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End git with everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if _POSIX:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _size_below(directory: Path) -> int:
    """Bytes of all files below a directory to which something may be writing."""
    total = 0
    for where, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total
