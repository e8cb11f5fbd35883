"""Trials whose variants differ at random, put side by side: those with a detail in place, and those with it removed.

Where `needs` or constraints bind details together, a trial takes part in a detail's comparison only if switching that detail
alone gives another allowed variant. Whether the detail is in place is then independent of everything else in the trial,
so the two groups differ in nothing but the detail and what it drags along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from am_studio.designs.space import Factor, Space
from am_studio.records import Choice, Counts, Variant, VariantCounts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cell:
    """All trials of one variant."""

    chosen: Mapping[str, str]
    """The level that was chosen for each detail."""
    variant: Variant
    counts: Counts


@dataclass(frozen=True, slots=True)
class Contrast:
    """A detail at another level, against the level that counts as in place."""

    factor: Factor
    level: str

    @property
    def name(self) -> str:
        """Unique in its table."""
        detail = self.factor.detail
        return f"without-{detail}" if self.level == self.factor.off else f"{detail}={self.level}"

    @property
    def label(self) -> str:
        """What the row is called."""
        return self.factor.detail if self.level == self.factor.off else f"{self.factor.detail}: {self.level}"


@dataclass(frozen=True, slots=True)
class Sides:
    """The cells of one contrast."""

    contrast: Contrast
    reference: tuple[Cell, ...]
    changed: tuple[Cell, ...]
    dragged: tuple[str, ...]
    """Details that the change takes along in some trials."""
    removed: tuple[Choice, ...]


class Cells:
    """The trials of one model by variant, over a space of details."""

    def __init__(self, space: Space, found: Iterable[VariantCounts], arm: str) -> None:
        merged: dict[Variant, Counts] = {}
        for each in found:
            if each.arm == arm:
                merged[each.variant] = total((merged.get(each.variant, Counts(0)), each.counts))
        self.space = space
        self.all = tuple(Cell(space.chosen(variant), variant, counts) for variant, counts in merged.items())
        self.free = space.is_free()
        self._variants: dict[tuple[str, ...], Variant | None] = {}

    @property
    def counts(self) -> Counts:
        """All trials together."""
        return total(cell.counts for cell in self.all)

    def contrasts(self) -> Iterator[Contrast]:
        """Every detail at every level but the one that counts as in place."""
        for factor in self.space.factors:
            for level in factor.levels[1:]:
                yield Contrast(factor, level)

    def sides(self, contrast: Contrast) -> Sides:
        """The cells that take part in a contrast."""
        factor, level = contrast.factor, contrast.level
        groups: dict[str, list[Cell]] = {factor.on: [], level: []}
        dragged: dict[str, None] = {}
        for cell in self.all:
            at = cell.chosen[factor.detail]
            if at not in groups:
                continue
            if not self.free:
                pair = self._switched(cell, factor, level)
                if pair is None:
                    continue
                dragged |= {name: None for name, _ in pair[1].differences(pair[0]) if name != factor.detail}
            groups[at].append(cell)
        return Sides(contrast, tuple(groups[factor.on]), tuple(groups[level]), tuple(dragged), self._removed(contrast))

    def crossed(self, first: Factor, second: Factor) -> tuple[Counts, Counts, Counts, Counts]:
        """Trials with neither of two details removed, the first, the second, both; those only that could be any of them."""
        corners = [(a, b) for b in (second.on, second.off) for a in (first.on, first.off)]
        levels = {name: self._levels[name] for name in (first.detail, second.detail)}
        if self.free:
            neither, one, two, both = (
                _counts(self._numbers[(levels[first.detail] == a) & (levels[second.detail] == b)]) for a, b in corners
            )
            return neither, one, two, both
        found: dict[tuple[str, str], list[Counts]] = {corner: [] for corner in corners}
        for cell in self.all:
            at = cell.chosen[first.detail], cell.chosen[second.detail]
            if at in found and self._crosses(cell, first, second):
                found[at].append(cell.counts)
        neither, one, two, both = (total(found[corner]) for corner in corners)
        return neither, one, two, both

    @cached_property
    def _numbers(self) -> NDArray[np.int64]:
        """The counts of every cell, a row a cell, in the order of `Counts`."""
        import numpy as np

        rows = [
            (c.planned, c.yes, c.no, c.unclear, c.failed, c.refused, c.truncated)
            for c in (cell.counts for cell in self.all)
        ]
        return np.array(rows, dtype=np.int64).reshape(len(rows), 7)

    @cached_property
    def _levels(self) -> dict[str, NDArray[np.str_]]:
        """The level of every cell, by detail."""
        import numpy as np

        return {name: np.array([cell.chosen[name] for cell in self.all], dtype=str) for name in self.space.details}

    def _crosses(self, cell: Cell, first: Factor, second: Factor) -> bool:
        if self.free:
            return True
        for a in (first.on, first.off):
            for b in (second.on, second.off):
                variant = self._allowed({**cell.chosen, first.detail: a, second.detail: b})
                if variant is None or (variant[first.detail], variant[second.detail]) != (a, b):
                    return False
        return True

    def _switched(self, cell: Cell, factor: Factor, level: str) -> tuple[Variant, Variant] | None:
        """The cell's variant with the detail in place and at this level; None when one of them is not to be had."""
        pair = [self._allowed({**cell.chosen, factor.detail: at}) for at in (factor.on, level)]
        reference, changed = pair
        if reference is None or changed is None:
            return None
        if reference[factor.detail] != factor.on or changed[factor.detail] != level:
            return None
        return reference, changed

    def _allowed(self, chosen: Mapping[str, str]) -> Variant | None:
        key = tuple(chosen.values())
        if key not in self._variants:
            self._variants[key] = self.space.allowed(chosen)
        return self._variants[key]

    def _removed(self, contrast: Contrast) -> tuple[Choice, ...]:
        return ((contrast.factor.detail, contrast.level),)


def _counts(rows: NDArray[np.int64]) -> Counts:
    return Counts(*(int(number) for number in rows.sum(axis=0)))


def total(counts: Iterable[Counts]) -> Counts:
    """Counts of several groups together."""
    planned = yes = no = unclear = failed = refused = truncated = 0
    for part in counts:
        planned, yes, no, unclear = planned + part.planned, yes + part.yes, no + part.no, unclear + part.unclear
        failed, refused, truncated = failed + part.failed, refused + part.refused, truncated + part.truncated
    return Counts(planned, yes, no, unclear, failed, refused, truncated)
