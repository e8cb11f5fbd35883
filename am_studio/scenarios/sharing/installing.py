"""Installing, replacing and removing packs in the user's own library: whole or not at all, also when the machine stops.

A pack is written beside the library, synced, checked, entered in the lock file, and then moved into place by one rename. What
a stop leaves behind is found by the next command: a staged pack whose bytes are those of the lock is moved into place,
anything else is removed. What is replaced or removed lies in the trash. Refuses a changed identity under a known version, a
name of a pack that came with the program, and packs with errors. Asks nobody.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.locations import bundled_library, installed_packs
from am_studio.scenarios.overlay_base import dependencies_of
from am_studio.scenarios.references import check_pack
from am_studio.scenarios.sharing.contents import (
    MANIFEST,
    SIGNATURE,
    PackContents,
    Refused,
    changed_files,
    read_manifest,
)
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.lockfile import LockedPack, PackLock, alone, read_lock, write_lock
from am_studio.scenarios.sharing.signing import BadSignature, Signature, SignedBy, SignedByStranger
from am_studio.scenarios.trash import move_to_trash

STAGING = ".staging"
_SHOWN = 10
"""Errors of a pack that are told when it is refused for them."""


class Distrusted(StudioError):
    """A pack that is not what was seen before, or is signed by somebody else; whoever names its identity may take it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A pack that may be installed, and where it comes from."""

    pack: PackContents
    source: str
    """As `parse_source` reads it."""
    commit: str
    """Of a repository; empty otherwise."""
    signature: Signature

    def entry(self) -> LockedPack:
        """What the lock says of it from now on."""
        signed = self.signature
        return LockedPack(
            version=self.pack.version,
            identity=self.pack.identity,
            source=self.source,
            commit=self.commit,
            signed_by=signed.signer if isinstance(signed, SignedBy) else "",
            key=signed.key if isinstance(signed, SignedBy | SignedByStranger) else "",
            installed=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def judge_offer(offer: Offer, lock: PackLock, *, trusted: str = "") -> None:
    """Raise StudioError when this may not be installed, whatever is installed now.

    `trusted` is an identity that the user names: it may differ from what was seen, and be signed by somebody else.
    """
    pack = offer.pack
    if isinstance(offer.signature, BadSignature):
        raise Refused(offer.source, str(offer.signature), "ask whoever gave it to you")
    if pack.delivered_manifest is not None and pack.delivered_manifest != pack.manifest:
        changed = changed_files(read_manifest(pack.delivered_manifest), pack.digests) or ["PACK.sha256: rewritten"]
        raise Refused(offer.source, f"it is not what its PACK.sha256 says: {'; '.join(changed[:5])}")
    if (bundled_library() / pack.name).is_dir():
        raise Refused(offer.source, f"a pack named '{pack.name}' came with the program, and would be hidden by it")
    seen = lock.seen.get(pack.name, {}).get(pack.version)
    if seen not in (None, pack.identity) and trusted != pack.identity:
        raise Distrusted(
            f"{pack.name} {pack.version} is not what it was when you first installed it",
            f"then  {seen}\nnow   {pack.identity}\nfrom  {offer.source}",
            f"a version never changes; ask its authors. If you know why: --trust {pack.identity}",
            exit_code=1,
        )
    _judge_signer(offer, lock.packs.get(pack.name), trusted)


def _judge_signer(offer: Offer, before: LockedPack | None, trusted: str) -> None:
    key = offer.entry().key
    if before is None or not before.key or before.key == key or trusted == offer.pack.identity:
        return
    raise Distrusted(
        f"{offer.pack.name} was signed by {before.signed_by or 'a key'} until now, and this is {offer.signature}",
        f"then  {before.key}\nnow   {key or 'no signature'}",
        f"ask its authors. If you know why: --trust {offer.pack.identity}",
        exit_code=1,
    )


def install(offer: Offer, *, replacing: bool = False, trusted: str = "") -> Path:
    """The directory of the pack, now in the user's library.

    With `replacing` the installed version of the same name goes to the trash. Raises StudioError as `judge_offer`, and when
    another version is there without `replacing`, or the pack has errors; then nothing has changed.
    """
    with library() as root:
        lock = read_lock()
        judge_offer(offer, lock, trusted=trusted)
        place = root / offer.pack.name
        if place.exists() and not replacing:
            _refuse_second(offer, lock.packs.get(offer.pack.name), place)
        if place.exists() and _identity(place) == offer.pack.identity:
            write_lock(lock.with_pack(offer.pack.name, offer.entry()))
            return place
        staged = _stage(offer.pack, root)
        try:
            refuse_errors(offer.pack, staged)
            write_lock(lock.with_pack(offer.pack.name, offer.entry()))
            _move_in(staged, place)
        finally:
            shutil.rmtree(staged.parent, ignore_errors=True)
        return place


def refuse_errors(pack: PackContents, staged: Path) -> None:
    """Raise StudioError with the first of the pack's errors when it has any."""
    missing = sorted({each.pack for each in dependencies_of(staged) if each.found is None})
    errors = FileProblems(problem for problem in check_pack(staged) if problem.severity == "error").problems
    if errors:
        shown = "\n".join(str(problem) for problem in errors[:_SHOWN])
        more = f"\nand {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
        title = f"{pack.name} {pack.version} has errors and is not installed"
        hint = f"it builds on {', '.join(missing)}: install that first" if missing else "tell its authors"
        raise StudioError(title, shown + more, hint, exit_code=1)


def remove(name: str) -> Path | None:
    """Where an installed pack went: into the trash beside the library; None when its directory was not there any more.

    Raises StudioError when no such pack is installed.
    """
    with library() as root:
        lock = read_lock()
        place = root / name
        if name not in lock.packs:
            hint = f"installed are: {', '.join(sorted(lock.packs)) or 'none'}"
            raise StudioError(f"no pack '{name}' is installed", hint=hint, exit_code=1)
        gone = move_to_trash([place], root, root) / name if place.is_dir() else None
        write_lock(lock.without_pack(name))
        return gone


@contextmanager
def library() -> Iterator[Path]:
    """The directory of installed packs, for the one process that changes it, after a look for what a stop left behind."""
    with alone():
        root = installed_packs()
        try:
            root.mkdir(parents=True, exist_ok=True)
            _recover(root)
        except OSError as error:
            raise StudioError(f"{root} cannot be written", error.strerror or str(error)) from error
        yield root


def _recover(root: Path) -> None:
    """Finish what was decided, remove what was not."""
    staging = root / STAGING
    if not staging.is_dir():
        return
    lock = read_lock()
    for attempt in staging.iterdir():
        for staged in attempt.iterdir() if attempt.is_dir() else ():
            entry, place = lock.packs.get(staged.name), root / staged.name
            decided = entry is not None and _identity(staged) == entry.identity
            if decided and entry is not None and _identity(place) != entry.identity:
                _move_in(staged, place)
        shutil.rmtree(attempt, ignore_errors=True)


def _stage(pack: PackContents, root: Path) -> Path:
    """A complete, synced copy of a pack under its own name in a directory of its own."""
    staging = root / STAGING
    attempt = staging
    try:
        staging.mkdir(exist_ok=True)
        attempt = Path(tempfile.mkdtemp(dir=staging))
        staged = attempt / pack.name
        sidecars = {MANIFEST: pack.manifest} | ({SIGNATURE: pack.signature} if pack.signature else {})
        directories = {staged}
        for path, data in (*pack.files.items(), *sidecars.items()):
            target = staged / path
            target.parent.mkdir(parents=True, exist_ok=True)
            directories |= {parent for parent in target.parents if parent.is_relative_to(staged)}
            _write(target, data)
        for directory in (*directories, attempt, staging):
            _sync(directory)
    except OSError as error:
        if attempt != staging:
            shutil.rmtree(attempt, ignore_errors=True)
        raise StudioError(
            f"{pack.name} cannot be written", error.strerror or str(error), "nothing was changed"
        ) from error
    return staged


def _write(target: Path, data: bytes) -> None:
    with target.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _move_in(staged: Path, place: Path) -> None:
    if place.exists():
        move_to_trash([place], place.parent, place.parent)
    os.rename(staged, place)
    _sync(place.parent)


def _refuse_second(offer: Offer, entry: LockedPack | None, place: Path) -> None:
    if entry is None:
        raise StudioError(f"{place} is in the way", "it was not installed by this program", "move it away first")
    if entry.identity != offer.pack.identity or entry.version != offer.pack.version:
        raise StudioError(
            f"{offer.pack.name} {entry.version} is installed already, from {entry.source}",
            f"there  {entry.identity}\nhere   {offer.pack.identity} ({offer.pack.version})",
            f"see what would change: am-studio pack update {offer.pack.name} --from {offer.source}",
            exit_code=1,
        )


def _identity(directory: Path) -> str:
    """What a directory is now; empty when there is no sound pack in it."""
    try:
        return pack_in_directory(directory).identity
    except StudioError:
        return ""


def _sync(directory: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
