"""The five worlds that designs and estimators are tried in: eight details, of which three or four do something."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

DETAILS = 8


def _logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def additive(on: Any) -> Any:
    return _logistic(-3 + 2.2 * on[:, 0] + 1.6 * on[:, 1] + 1.0 * on[:, 2])


def and_with_boost(on: Any) -> Any:
    both = on[:, 0] & on[:, 1]
    return np.where(both & on[:, 2], 0.9, np.where(both, 0.6, 0.03))


def redundant_or(on: Any) -> Any:
    return np.where((on[:, 0] | on[:, 1]) & on[:, 2], 0.96, 0.03)


def and_of_four(on: Any) -> Any:
    return np.where(on[:, :4].all(axis=1), 0.9, 0.02)


def ceiling(on: Any) -> Any:
    return _logistic(2 * on[:, 0] + 1.5 * on[:, 1] + 1.0 * on[:, 2])


WORLDS = {
    "additive": (additive, 3),
    "AND + boost": (and_with_boost, 3),
    "redundant OR": (redundant_or, 3),
    "AND of four": (and_of_four, 4),
    "ceiling": (ceiling, 3),
}
"""Each with the number of details that do something: the first ones."""


def average_effects(world: Any, q: float) -> list[float]:
    """Of every detail: the rate with it on less that with it off, over all subsets of the others (Banzhaf value at q)."""
    subsets = np.array(list(product([False, True], repeat=DETAILS)))
    weights, rates = np.where(subsets, q, 1 - q).prod(axis=1), world(subsets)
    return [
        float((rates * weights)[subsets[:, j]].sum() / q - (rates * weights)[~subsets[:, j]].sum() / (1 - q))
        for j in range(DETAILS)
    ]
