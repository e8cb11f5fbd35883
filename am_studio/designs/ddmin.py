"""Delta debugging over sets: the smallest set found that is still enough, by asking as few sets as it can.

An answer that is not known yet ends the search with `Needed`; it is gone through again when the answer is there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

Kept = frozenset[str]


class Needed(Exception):
    """The search needs to know whether this set is enough."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(", ".join(sorted(kept)))
        self.kept = kept


class SetOracle:
    """Whether a set is enough, from answers that are known.

    Taken as known without asking: everything is enough, and a part of what is not enough is not enough (confirmed with fresh
    trials at the end). A set that constraints forbid counts as not enough.
    """

    def __init__(
        self,
        everything: Kept,
        effective: Callable[[Kept], Kept | None],
        answer: Callable[[Kept], tuple[bool, str] | None],
    ) -> None:
        self._everything = everything
        self._effective = effective
        self._answer = answer
        self._not_enough: list[Kept] = []
        self._told: dict[Kept, tuple[bool, str]] = {}

    @property
    def tried(self) -> tuple[tuple[bool, str], ...]:
        """What was asked and answered, with what was told of it, in the order of the search."""
        return tuple(self._told.values())

    def __call__(self, kept: Kept) -> bool:
        """Whether this set is enough; raises Needed when that is not known yet."""
        effective = self._effective(kept)
        if effective is None:
            return False
        if effective == self._everything:
            return True
        if any(effective <= known for known in self._not_enough):
            return False
        found = self._answer(effective)
        if found is None:
            raise Needed(effective)
        self._told[effective] = found
        if not found[0]:
            self._not_enough.append(effective)
        return found[0]


def ddmin(names: Sequence[str], enough: Callable[[Kept], bool]) -> Kept:
    """A set of these that is enough and of which no part that was asked about is (Zeller and Hildebrandt 2002, fig. 6).

    All of them are taken to be enough. None is left out in vain: the empty set is asked about where one is left.
    """
    left, parts = list(names), 2
    while len(left) > 1:
        pieces = _pieces(left, parts)
        smaller = next((piece for piece in pieces if enough(frozenset(piece))), None)
        if smaller is not None:
            left, parts = smaller, 2
            continue
        rest = next((each for each in _complements(left, pieces) if enough(frozenset(each))), None)
        if rest is not None:
            left, parts = rest, max(parts - 1, 2)
            continue
        if parts >= len(left):
            break
        parts = min(2 * parts, len(left))
    return frozenset() if len(left) == 1 and enough(frozenset()) else frozenset(left)


def _pieces(names: list[str], parts: int) -> list[list[str]]:
    """The names cut into so many pieces of nearly the same length."""
    cuts = [len(names) * number // parts for number in range(parts + 1)]
    return [names[start:end] for start, end in itertools.pairwise(cuts)]


def _complements(names: list[str], pieces: list[list[str]]) -> list[list[str]]:
    return [[name for name in names if name not in piece] for piece in pieces]
