"""What the packs screen shows, as plain data: every pack by where it is from, and what was found when it was verified.

No Textual here: the screen folds what its threads bring into a `PacksState`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from am_studio.scenarios.sharing.lockfile import LockedPack
    from am_studio.scenarios.sharing.shelf import ShelvedPack

Mark = Literal["good", "bad", "nothing", "waiting"]
SIGNS: Mapping[Mark, str] = {"good": "✓", "bad": "✗", "nothing": "·", "waiting": "…"}
"""A sign for each, for those who see no colour."""
ORIGINS: Mapping[str, str] = {
    "a directory": "Working directory",
    "installed": "Installed",
    "came with the program": "Came with the program",
}
"""Where packs are from, in the order in which they are listed, and how that is told."""
SHORT = 11
"""Characters of an identity where there is no room for all: `h1:` and eight."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of verifying a pack."""

    findings: tuple[str, ...]
    """What is wrong."""
    compared: tuple[str, ...]
    """What it was found equal to; empty: there was nothing to compare it with."""
    signature: str
    """Who signed it, in words."""

    @property
    def mark(self) -> Mark:
        """Whether it holds."""
        return "bad" if self.findings else "good" if self.compared else "nothing"


@dataclass(frozen=True, slots=True)
class Removed:
    """The pack that was removed last, which can be put back."""

    lying: Path
    """In the trash."""
    entry: LockedPack


@dataclass(frozen=True, slots=True)
class PacksState:
    """Everything behind the screen."""

    packs: tuple[ShelvedPack, ...] | None = None
    """By where they are from; None: not read yet."""
    selected: Path | None = None
    verdicts: Mapping[Path, Verdict] = field(default_factory=dict)
    removed: Removed | None = None

    @property
    def pack(self) -> ShelvedPack | None:
        """The pack under the cursor."""
        return next((pack for pack in self.packs or () if pack.directory == self.selected), None)

    def with_packs(self, packs: tuple[ShelvedPack, ...]) -> PacksState:
        """These packs; what was verified has to be verified anew."""
        order = list(ORIGINS)
        listed = tuple(sorted(packs, key=lambda pack: order.index(pack.origin)))
        directories = [pack.directory for pack in listed]
        selected = self.selected if self.selected in directories else self._neighbour(directories)
        return replace(self, packs=listed, selected=selected, verdicts={})

    def _neighbour(self, directories: Sequence[Path]) -> Path | None:
        """What stands where the selected pack stood; of an empty list nothing."""
        before = [pack.directory for pack in self.packs or ()]
        at = before.index(self.selected) if self.selected in before else 0
        return directories[min(at, len(directories) - 1)] if directories else None

    def with_verdict(self, directory: Path, verdict: Verdict) -> PacksState:
        """Knowing this too."""
        return replace(self, verdicts={**self.verdicts, directory: verdict})

    def mark(self, pack: ShelvedPack) -> Mark:
        """Whether a pack is what it is said to be, as far as is known."""
        if pack.problem and not hidden(pack):
            return "bad"
        verdict = self.verdicts.get(pack.directory)
        return verdict.mark if verdict is not None else "waiting"


def short(identity: str) -> str:
    """The beginning of an identity, enough to tell two apart at a glance; never to be compared with."""
    return f"{identity[:SHORT]}…" if len(identity) > SHORT else identity


def hidden(pack: ShelvedPack) -> bool:
    """Whether a pack of the working directory stands before this installed one: nothing is wrong with its files."""
    return pack.problem.endswith("hides it")
