"""What the packs screen does in threads: reads, judges, installs, verifies, compares. No Textual here, and nothing of its own.

Each is what `am-studio pack ...` calls; `step` is told how far it is and may raise to end it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.diff_telling import Part, parts_of
from am_studio.scenarios.pack_diff import PackDiff, diff_of, diff_of_contents
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.installing import install, remove
from am_studio.scenarios.sharing.offers import read_pack
from am_studio.scenarios.sharing.preview import (
    Preview,
    Wanted,
    installed_contents,
    locked,
    offered,
    offered_again,
    preview,
)
from am_studio.scenarios.sharing.shelf import ShelvedPack
from am_studio.scenarios.sharing.signing import allowed_signers
from am_studio.scenarios.sharing.sources import parse_source
from am_studio.scenarios.sharing.steps import Step
from am_studio.scenarios.sharing.verifying import verify_shelved
from am_studio.tui.packs.state import Removed, Verdict


@dataclass(frozen=True, slots=True)
class Looked:
    """What was read before anything is asked."""

    preview: Preview
    differences: PackDiff | None
    """From what is installed to this; None where nothing would be replaced, or it may not be installed."""
    trusted: str
    """The identity that is taken although it is not what was seen before; empty: none."""


def look(wanted: Wanted, name: str, step: Step) -> Looked:
    """What installing this would do; with a `name` it has to be that installed pack. StudioError when there is none to be had."""
    offer = offered_again(name, wanted, step) if name else offered(wanted, step)
    found = preview(offer, trusted=wanted.trust, step=step)
    differences = None
    if found.before is not None and found.installable and not found.same:
        step("comparing it with what is installed")
        differences = diff_of_contents(found.before, offer.pack)
    return Looked(found, differences, wanted.trust)


def parts_found(looked: Looked, _: Step, __: bool) -> Sequence[Part]:
    """What would change, in parts."""
    return parts_of(looked.differences) if looked.differences is not None else ()


def take(looked: Looked, _: Step) -> Path:
    """Install what was looked at; its directory."""
    return install(looked.preview.offer, replacing=True, trusted=looked.trusted)


def take_away(name: str, _: Step) -> Removed | None:
    """Remove an installed pack; how to put it back, or None when its directory was gone already."""
    entry, sound = locked(name), installed_contents(name)
    lying = remove(name)
    whole = lying is not None and sound is not None and sound.identity == entry.identity
    return Removed(lying, entry) if whole and lying is not None else None


def verdict_of(pack: ShelvedPack) -> Verdict:
    """What comes of verifying a pack where it lies; that it cannot be opened is a finding."""
    try:
        found = verify_shelved(pack, allowed_signers(None))
    except StudioError as error:
        return Verdict((str(error.title),), (), "")
    return Verdict(
        found.findings, found.compared, f"signed by {found.signature}" if found.pack.signature else "not signed"
    )


def verdict_with(pack: ShelvedPack, identity: str) -> Verdict:
    """That, and whether it has the identity that somebody was told."""
    found = verdict_of(pack)
    if pack.identity == identity:
        return Verdict(found.findings, (*found.compared, "the identity that you were told"), found.signature)
    told = f"its identity is {pack.identity or 'none'}, you were told {identity}"
    return Verdict((*found.findings, told), found.compared, found.signature)


def compare_places(first: str, second: str, step: Step, swapped: bool) -> Sequence[Part]:
    """What differs between two packs that lie here; without a second one, from the bases of overlays to these."""
    step("comparing")
    return parts_of(diff_of(second, first) if swapped else diff_of(first, second))


def compare_with_source(directory: Path, source: str, step: Step, swapped: bool) -> Sequence[Part]:
    """What differs between a pack and one that is read from a file, a directory or a repository."""
    here = pack_in_directory(directory)
    step("reading the other one")
    there, _ = read_pack(parse_source(source), step)
    step("comparing")
    return parts_of(diff_of_contents(there, here) if swapped else diff_of_contents(here, there))
