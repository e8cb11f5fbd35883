"""What would be installed, and what it would replace, for somebody who decides: read and judged, nothing written.

The command line and the studio ask the same way, so that neither installs what the other would refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import Problem, StudioError
from am_studio.foundation.locations import installed_packs
from am_studio.scenarios.overlay_base import dependencies_of
from am_studio.scenarios.references import check_pack
from am_studio.scenarios.sharing.contents import PackContents
from am_studio.scenarios.sharing.directories import pack_in_directory, unpacked
from am_studio.scenarios.sharing.installing import Offer, judge_offer, library
from am_studio.scenarios.sharing.lockfile import LockedPack, PackLock, read_lock
from am_studio.scenarios.sharing.offers import offer_of
from am_studio.scenarios.sharing.signing import SignedBy, allowed_signers
from am_studio.scenarios.sharing.sources import parse_source
from am_studio.scenarios.sharing.steps import Step, silent


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for."""

    source: str
    """As `pack install` takes it; empty for an update: where the pack came from."""
    ref: str = ""
    """Of a repository: a tag, a branch or a whole commit."""
    subdirectory: str = ""
    """Of a repository: where the pack lies in it."""
    expect: str = ""
    """The identity that they were told; empty: any."""
    signers: Path | None = None
    """Allowed signers of whom one must have signed it; None: whoever signed, or nobody."""
    trust: str = ""
    """An identity that is taken although it is not what was seen before."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen."""

    offer: Offer
    entry: LockedPack | None
    """What the lock has under this name."""
    before: PackContents | None
    """What lies in the library under this name and would go to the trash; None: nothing, or nothing that can be read."""
    refusal: StudioError | None
    """Why it may not be installed; None: it may."""
    problems: tuple[Problem, ...]
    """What the check finds in it; with an error among them it is not installed."""
    missing: tuple[str, ...]
    """Packs that its overlays build on and that are not here."""

    @property
    def same(self) -> bool:
        """Whether this very content is installed already."""
        return self.before is not None and self.before.identity == self.offer.pack.identity

    @property
    def installable(self) -> bool:
        """Whether `install` would take it."""
        return self.refusal is None and not any(problem.severity == "error" for problem in self.problems)


def offered(wanted: Wanted, step: Step = silent) -> Offer:
    """The pack that is asked for, as it is at its source now.

    Raises StudioError when it is not to be had, is not what was expected, or is signed by nobody who was named.
    """
    source = parse_source(wanted.source, ref=wanted.ref, subdirectory=wanted.subdirectory)
    step("reading the pack")
    return _as_wanted(offer_of(source, allowed_signers(wanted.signers), step), wanted, wanted.source)


def offered_again(name: str, wanted: Wanted, step: Step = silent) -> Offer:
    """The pack of this name from where it came from, or from where it is wanted; StudioError as `offered`."""
    entry = locked(name)
    came_from, subdirectory = entry.source, wanted.subdirectory
    named = wanted.source or (came_from.partition("#")[0] if wanted.ref else came_from)
    if wanted.ref and not wanted.source and "subdirectory=" in came_from:
        subdirectory = subdirectory or came_from.rpartition("subdirectory=")[2]
    step("reading the pack")
    source = parse_source(named, ref=wanted.ref, subdirectory=subdirectory)
    offer = _as_wanted(offer_of(source, allowed_signers(wanted.signers), step), wanted, named)
    if offer.pack.name != name:
        raise StudioError(f"{offer.source} is the pack '{offer.pack.name}', not '{name}'", "nothing was changed")
    return offer


def locked(name: str) -> LockedPack:
    """What the lock has of an installed pack; StudioError when none of this name is installed."""
    with library():
        lock = read_lock()
    if name not in lock.packs:
        hint = f"installed are: {', '.join(sorted(lock.packs)) or 'none'}"
        raise StudioError(f"no pack '{name}' is installed", hint=hint, exit_code=1)
    return lock.packs[name]


def _as_wanted(offer: Offer, wanted: Wanted, named: str) -> Offer:
    pack = offer.pack
    if wanted.expect not in ("", pack.identity):
        raise StudioError(
            f"{named} is not what you expected",
            f"expected  {wanted.expect}\nfound     {pack.identity}", "nothing was installed", exit_code=1,
        )  # fmt: skip
    if wanted.signers is not None and not isinstance(offer.signature, SignedBy):
        told = f"it is signed by {offer.signature}" if pack.signature else "it is not signed"
        raise StudioError(f"{named} is signed by nobody you named", told, "nothing was installed", exit_code=1)
    return offer


def preview(offer: Offer, *, trusted: str = "", step: Step = silent) -> Preview:
    """What installing this would do, replacing what is there under its name. Writes nothing; never raises for the offer."""
    with library() as root:
        lock = read_lock()
        entry = lock.packs.get(offer.pack.name)
        before = installed_contents(offer.pack.name)
        occupied = (root / offer.pack.name).exists()
    refusal = _refusal(offer, lock, trusted)
    if refusal is None and occupied and entry is None:
        refusal = StudioError(
            f"{root / offer.pack.name} is in the way", "it was not installed by this program", "move it away first"
        )
    step("checking its scenarios")
    with unpacked(offer.pack) as directory:
        problems = tuple(sorted(set(check_pack(directory))))
        missing = tuple(sorted({each.pack for each in dependencies_of(directory) if each.found is None}))
    return Preview(offer, entry, before, refusal, problems, missing)


def installed_contents(name: str) -> PackContents | None:
    """What lies in the library of installed packs under this name; None when that is nothing, or no sound pack."""
    place = installed_packs() / name
    try:
        return pack_in_directory(place) if place.is_dir() else None
    except StudioError:
        return None


def _refusal(offer: Offer, lock: PackLock, trusted: str) -> StudioError | None:
    try:
        judge_offer(offer, lock, trusted=trusted)
    except StudioError as error:
        return error
    return None
