"""How much of an outcome each detail accounts for: Shapley and Banzhaf values of a set function over details.

Both share out what the details do together. Shapley values add up to v(all) - v(none); Banzhaf values are average
effects over random contexts, which is what random subsets estimate. Neither says that a detail is necessary in one given
context: leave-one-out asks that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

SetFunction = Callable[[frozenset[str]], float]
"""From the details that are on to a rate."""

MOST_PLAYERS = 16
"""Exact values ask the set function 2**players times."""


def shapley(value: SetFunction, players: Sequence[str]) -> dict[str, float]:
    """Each player's average contribution over all orders in which they could join (Shapley 1953).

    ValueError for more than `MOST_PLAYERS` players, or the same one twice.
    """
    number = len(players)
    weights = [1 / (number * math.comb(number - 1, size)) for size in range(number)]
    return _weighted(value, players, lambda size: weights[size])


def banzhaf(value: SetFunction, players: Sequence[str], q: float = 0.5) -> dict[str, float]:
    """Each player's average contribution when every other one is present with probability q.

    Banzhaf 1965 at q = .5; other q as in Straffin 1977, Public Choice 30:107 (the multilinear extension's slope at q).
    ValueError as for `shapley`, and for a q outside [0, 1].
    """
    if not 0 <= q <= 1:
        raise ValueError(f"q is a probability, not {q}")
    others = len(players) - 1
    return _weighted(value, players, lambda size: q**size * (1 - q) ** (others - size))


def _weighted(value: SetFunction, players: Sequence[str], weight: Callable[[int], float]) -> dict[str, float]:
    """Each player's contributions over all sets of the others, weighted by the set's size."""
    if len(set(players)) < len(players):
        raise ValueError("a player is listed twice")
    if len(players) > MOST_PLAYERS:
        raise ValueError(f"{len(players)} players would need {2 ** len(players):,} values; at most {MOST_PLAYERS} can")
    worth = {subset: value(subset) for subset in subsets(players)}
    shares = dict.fromkeys(players, 0.0)
    for subset, before in worth.items():
        share = weight(len(subset)) if len(subset) < len(players) else 0.0
        for player in players:
            if player not in subset:
                shares[player] += share * (worth[subset | {player}] - before)
    return shares


def subsets(players: Sequence[str]) -> Iterator[frozenset[str]]:
    """Every subset, the smaller ones first."""
    for size in range(len(players) + 1):
        for chosen in combinations(players, size):
            yield frozenset(chosen)


def observed_rates(cells: Mapping[frozenset[str], tuple[int, int]], players: Sequence[str]) -> SetFunction | None:
    """The set function of observed rates, from (k, n) of every subset; None when a subset has no trial.

    With few trials a subset use a model instead: `FirthFit.rate_of`.
    """
    if any(cells.get(subset, (0, 0))[1] == 0 for subset in subsets(players)):
        return None
    return lambda subset: cells[subset][0] / cells[subset][1]
