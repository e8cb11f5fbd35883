"""From what a user names to a pack in memory, whatever it comes in."""

from __future__ import annotations

from pathlib import Path

from am_studio.scenarios.sharing.archives import pack_in_archive
from am_studio.scenarios.sharing.contents import PackContents
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.installing import Offer
from am_studio.scenarios.sharing.repositories import pack_in_repository
from am_studio.scenarios.sharing.signing import check_signature
from am_studio.scenarios.sharing.sources import ArchiveSource, DirectorySource, Source
from am_studio.scenarios.sharing.steps import Step, silent


def read_pack(source: Source, step: Step = silent) -> tuple[PackContents, str]:
    """The pack at a source, and its commit when that is a repository. Refused or StudioError when there is none to be had."""
    match source:
        case DirectorySource(path):
            return pack_in_directory(path), ""
        case ArchiveSource(path):
            return pack_in_archive(path), ""
        case repository:
            cloned = pack_in_repository(repository, step)
            return cloned.pack, cloned.commit


def offer_of(source: Source, signers: Path | None, step: Step = silent) -> Offer:
    """The pack at a source with who signed it."""
    pack, commit = read_pack(source, step)
    step("looking at the signature")
    return Offer(pack, str(source), commit, check_signature(pack, signers))
