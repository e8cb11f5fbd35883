"""Evidence that may be watched at any time: an e-process for two rates that are sampled side by side.

At every moment, and whenever somebody decides to stop, the chance that `e` has ever reached 1 / alpha is at most alpha
when both rates are equal. That freedom has a price: it needs more trials than a test at a size fixed beforehand.

Trials are taken in blocks, one of each group (or as many as `block` says, near to how they are sampled); what waits for
the rest of its block is not yet in `e`. A state is never changed: `update` gives the next one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Group = Literal[0, 1]
"""1: with the change; 0: without."""

PRIOR = 0.18
"""Of both groups' Beta(PRIOR, PRIOR) (Turner, Ly and Grünwald: least regret over all rates)."""


@dataclass(frozen=True, slots=True)
class EProcess:
    """A bet against equal rates, block by block (Turner, Ly and Grünwald 2024, J. Stat. Plan. Inference 230:106116).

    A block's factor is the likelihood under both groups' estimated rates over that under their weighted mean, estimates
    being from earlier blocks alone.
    """

    block: tuple[int, int] = (1, 1)
    """Trials a block: of group 1, of group 0."""
    log_e: float = 0.0
    greatest_log_e: float = 0.0
    """The greatest so far: what reached 1 / alpha has rejected for good."""
    counts: tuple[int, int, int, int] = (0, 0, 0, 0)
    """k1, n1, k0, n0 of the complete blocks."""
    waiting: tuple[tuple[bool, ...], tuple[bool, ...]] = ((), ())
    """Of group 1 and group 0: outcomes of the incomplete block, in order."""

    @property
    def e(self) -> float:
        """How much the bet has multiplied."""
        return math.exp(min(self.log_e, 700.0))

    @property
    def p(self) -> float:
        """An anytime-valid p: at most alpha exactly when `e` has ever reached 1 / alpha."""
        return min(math.exp(-self.greatest_log_e), 1.0)

    def rejects(self, alpha: float = 0.05) -> bool:
        """Whether equal rates are rejected at `alpha`, now or earlier."""
        return self.greatest_log_e >= -math.log(alpha)

    def update(self, group: Group, yes: bool) -> EProcess:
        """The state after one more trial."""
        one, zero = self.waiting
        one, zero = (*one, yes) if group == 1 else one, (*zero, yes) if group == 0 else zero
        after = replace(self, waiting=(one, zero))
        while len(after.waiting[0]) >= after.block[0] and len(after.waiting[1]) >= after.block[1]:
            after = after._completed()
        return after

    def _completed(self) -> EProcess:
        size1, size0 = self.block
        one, zero = self.waiting
        yes1, yes0 = sum(one[:size1]), sum(zero[:size0])
        k1, n1, k0, n0 = self.counts
        p1, p0 = (k1 + PRIOR) / (n1 + 2 * PRIOR), (k0 + PRIOR) / (n0 + 2 * PRIOR)
        mean = (size1 * p1 + size0 * p0) / (size1 + size0)
        log_e = self.log_e + _log_likelihood(p1, yes1, size1) + _log_likelihood(p0, yes0, size0)
        log_e -= _log_likelihood(mean, yes1 + yes0, size1 + size0)
        return replace(
            self,
            log_e=log_e,
            greatest_log_e=max(self.greatest_log_e, log_e),
            counts=(k1 + yes1, n1 + size1, k0 + yes0, n0 + size0),
            waiting=(one[size1:], zero[size0:]),
        )


def e_process(trials: Iterable[tuple[Group, bool]], block: tuple[int, int] = (1, 1)) -> EProcess:
    """The state after these trials, in their order; ValueError for a block without a trial of each group."""
    if min(block) < 1:
        raise ValueError(f"a block has trials of both groups, not {block}")
    state = EProcess(block)
    for group, yes in trials:
        state = state.update(group, yes)
    return state


def _log_likelihood(p: float, yes: int, n: int) -> float:
    return yes * math.log(p) + (n - yes) * math.log1p(-p)
