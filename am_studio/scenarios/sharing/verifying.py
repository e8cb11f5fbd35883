"""Whether a pack is what it says it is, and what somebody else said it is; every difference is named by its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import installed_packs
from am_studio.scenarios.sharing.archives import first_difference
from am_studio.scenarios.sharing.contents import MANIFEST, PackContents, changed_files, identity_of, read_manifest
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.lockfile import PackLock, read_lock
from am_studio.scenarios.sharing.offers import read_pack
from am_studio.scenarios.sharing.shelf import ShelvedPack
from am_studio.scenarios.sharing.signing import BadSignature, NotSigned, Signature, SignedBy, check_signature
from am_studio.scenarios.sharing.sources import parse_source


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, and what does not hold."""

    pack: PackContents
    signature: Signature
    """Who signed it, as far as can be told."""
    compared: tuple[str, ...]
    """What the content was found equal to, in words; empty when there was nothing to compare it with."""
    findings: tuple[str, ...]
    """What is wrong; empty when everything holds."""


def verify(
    named: str, *, expected: str = "", signers: Path | None = None, must_be_signed: bool = False
) -> Verification:
    """Compare a pack with its manifest, with an identity, with the lock file, and its signature with the allowed signers.

    `named` is an installed pack or any source. Raises Refused when it cannot even be opened.
    """
    lock = read_lock()
    if named in lock.packs and not Path(named).exists():
        place = installed_packs() / named
        if not place.is_dir():
            raise StudioError(f"{named} is in the lock file, but {place} is gone", hint="install it again", exit_code=1)
        pack = pack_in_directory(place)
        installed = True
    else:
        pack, _ = read_pack(parse_source(named))
        installed = False
    return _compared(pack, named if installed else "", expected, signers, must_be_signed)


def verify_shelved(shelved: ShelvedPack, signers: Path | None = None) -> Verification:
    """Compare a pack where it lies with all that is known of it; Refused when it cannot even be opened."""
    pack = pack_in_directory(shelved.directory)
    return _compared(pack, shelved.name if shelved.origin == "installed" else "", "", signers, must_be_signed=False)


def _compared(
    pack: PackContents, installed: str, expected: str, signers: Path | None, must_be_signed: bool
) -> Verification:
    signature = check_signature(pack, signers)
    lock = read_lock()
    compared: list[str] = []
    findings: list[str] = []
    for held, broken in (
        _manifest(pack),
        _identity(pack, expected),
        _lock(pack, installed, lock),
        _signed(signature, must_be_signed),
    ):
        compared += held
        findings += broken
    return Verification(pack, signature, tuple(compared), tuple(findings))


Judged = tuple[list[str], list[str]]


def _manifest(pack: PackContents) -> Judged:
    if pack.delivered_manifest is None:
        return [], []
    if pack.delivered_manifest != pack.manifest:
        changed = changed_files(read_manifest(pack.delivered_manifest), pack.digests)
        return [], changed or [f"{MANIFEST}: written otherwise than this program writes it"]
    if difference := first_difference(pack):
        told = "the archive is not the one that `pack build` makes, although every file is as in its manifest"
        return [], [f"{told}: it differs first at {difference}"]
    return [f"its {MANIFEST}"], []


def _identity(pack: PackContents, expected: str) -> Judged:
    if not expected:
        return [], []
    if expected != pack.identity:
        return [], [f"its identity is {pack.identity}, expected was {expected}"]
    return ["the expected identity"], []


def _lock(pack: PackContents, installed: str, lock: PackLock) -> Judged:
    entry = lock.packs.get(installed)
    if entry is None:
        seen = lock.seen.get(pack.name, {}).get(pack.version)
        if seen is None:
            return [], []
        told = f"{pack.name} {pack.version} was {seen} when you first installed it, and this is {pack.identity}"
        return (["what you first installed under this version"], []) if seen == pack.identity else ([], [told])
    if entry.identity == pack.identity:
        return ["the lock file"], []
    manifest = pack.delivered_manifest
    if manifest is not None and identity_of(manifest) == entry.identity:
        return [], [f"it is not what was installed: {entry.identity} then, {pack.identity} now"]
    return [], [f"neither it nor its {MANIFEST} is what was installed ({entry.identity})"]


def _signed(signature: Signature, must: bool) -> Judged:
    if isinstance(signature, BadSignature):
        return [], [str(signature)]
    if isinstance(signature, SignedBy):
        return [f"the signature of {signature}"], []
    if must:
        told = (
            "it is not signed" if isinstance(signature, NotSigned) else f"it is signed by nobody you named: {signature}"
        )
        return [], [told]
    return [], []
