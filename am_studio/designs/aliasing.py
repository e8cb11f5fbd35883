"""Which effects a factorial plan cannot tell apart, worked out from the plan itself.

No catalogue and no library is taken at its word: resolution and aliases come from the columns of the runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Signs = NDArray[np.float64]

LONGEST_WORD = 6
"""Resolutions beyond V need not be told apart."""
_CLOSE = 1e-9


def resolution(signs: Signs) -> int | None:
    """The length of the shortest product of columns that is constant (of +1 and -1; one row a run), up to `LONGEST_WORD`.

    In a regular plan of resolution R no effect of p details is aliased with one of fewer than R - p (Box and Hunter 1961,
    Technometrics 3:311). None: every product up to that length varies.
    """
    import numpy as np

    runs, columns = signs.shape
    for length in range(1, min(LONGEST_WORD, columns) + 1):
        for chosen in itertools.combinations(range(columns), length):
            if abs(abs(float(np.prod(signs[:, chosen], axis=1).sum())) - runs) < _CLOSE:
                return length
    return None


def is_balanced(signs: Signs) -> bool:
    """Whether every column has as many +1 as -1, and every two columns are independent."""
    import numpy as np

    wide = np.column_stack([np.ones(len(signs)), signs])
    gram = wide.T @ wide
    return bool(np.allclose(gram, len(signs) * np.eye(wide.shape[1])))


def alias_lines(signs: Signs, names: Sequence[str]) -> tuple[str, ...]:
    """One line for each detail whose effect is mixed with pairs of others, then the pairs that are mixed with each other.

    `a = b × c` for what cannot be told apart at all; partly mixed pairs are counted, with their greatest correlation.
    """
    return (*_mains(signs, names), *_pairs(signs, names))


def _mains(signs: Signs, names: Sequence[str]) -> Iterator[str]:
    runs = len(signs)
    for column, name in enumerate(names):
        whole, partly = [], []
        for a, b in itertools.combinations(range(len(names)), 2):
            if column in (a, b):
                continue
            share = float(signs[:, column] @ (signs[:, a] * signs[:, b])) / runs
            if abs(abs(share) - 1) < _CLOSE:
                whole.append(f"{names[a]} × {names[b]}")
            elif abs(share) > _CLOSE:
                partly.append(abs(share))
        if whole:
            yield f"Alias: {name} = {' = '.join(whole)}"
        if partly:
            yield f"Alias: {name} is partly mixed with {len(partly)} pairs of the others (correlation up to {max(partly):.2f})"


def _pairs(signs: Signs, names: Sequence[str]) -> Iterator[str]:
    groups: dict[bytes, list[str]] = {}
    for a, b in itertools.combinations(range(len(names)), 2):
        product = signs[:, a] * signs[:, b]
        groups.setdefault((product * product[0]).tobytes(), []).append(f"{names[a]} × {names[b]}")
    for pairs in groups.values():
        if len(pairs) > 1:
            yield f"Alias: {' = '.join(pairs)}"
