"""Rates of several groups of trials, corrected for a judge that errs alike in all of them, from labels of some trials.

What a verdict is worth depends on how common the outcome is: where it is rare more of the `yes` are wrong. Shares found true
behind the verdicts (`judge_error.Verification`) may therefore not be carried from one group to another. What may be, when
the judge does not see the group, is how often it gives each verdict to what truly is and to what truly is not; that is what
is taken to be common here. Labels may have been drawn by the verdict and the group, in whatever shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from am_studio.effects.intervals import LEVEL, normal_quantile
from am_studio.effects.judge_error import Corrected, quantiles
from am_studio.records import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

METHOD = "gibbs draws, judge's error common"
CHAINS, STEPS, KEPT, APART = 800, 60, 5, 8
"""Chains side by side, steps before any is kept, draws kept of each, steps between them."""
_PRIOR = 0.5
_EM_STEPS = 2000


@dataclass(frozen=True, slots=True)
class LabelledGroup:
    """The trials of a group by verdict, in one order throughout, and what was found in those with a label."""

    trials: tuple[int, ...]
    yes: tuple[int, ...]
    no: tuple[int, ...]
    """Labelled, by what they truly are; for each verdict no more in sum than there are trials."""


class CommonError:
    """Corrected rates of groups, jointly: they share what is not known of the judge.

    The interval of each is of draws from the posterior with Jeffreys' priors (1/2), by Gibbs sampling over what the trials
    without a label truly are (Joseph, Gyorkos and Coupal 1995, Am. J. Epidemiol. 141:263, with some truths known; that labels
    were drawn by the verdict is ignorable: Begg and Greenes 1983, Biometrics 39:207). The value is the maximum of the
    likelihood (EM). An end is 0 or 1 where the likelihood ratio does not speak against it at this level (draws alone never
    reach either: Brown, Cai and DasGupta 2001, Stat. Sci. 16:101). Same seed, same draws. ValueError when nothing is labelled.
    """

    def __init__(self, groups: Sequence[LabelledGroup], level: float = LEVEL, seed: int = 0) -> None:
        import numpy as np

        self.level = level
        self._chance = np.random.default_rng([seed, len(groups)])
        self._trials = np.array([group.trials for group in groups], dtype=np.int64)
        self._yes = np.array([group.yes for group in groups], dtype=np.int64)
        self._no = np.array([group.no for group in groups], dtype=np.int64)
        self._unknown = self._trials - self._yes - self._no
        if (self._unknown < 0).any() or not (self._yes.sum() + self._no.sum()):
            raise ValueError("labels of some trials, and of no more than there are, are needed")
        given = self._trials.sum(axis=0) > 0
        given[:2] = True  # a verdict that nobody gave, beyond yes and no, is none that was to be had
        self._prior = np.where(given, _PRIOR, 0.0)
        self._likeliest = self._most_likely()
        self._rates: list[Array] = []
        self._behind: list[tuple[Array, Array]] = []
        self._sample()

    def rate(self, group: int) -> Corrected:
        """The corrected rate of a group; no value for one without trials."""
        if not self._trials[group].sum():
            return Corrected(None, None)
        value = float(self._likeliest[0][group])
        low, high = quantiles(self._joined(group), self.level)
        low = 0.0 if self._may_be(group, 0.0) else min(low, value)
        high = 1.0 if self._may_be(group, 1.0) else max(high, value)
        return Corrected(value, Interval(low, high, METHOD, self.level))

    def _may_be(self, group: int, end: float) -> bool:
        """Whether this rate, 0 or 1, is compatible with the group, the judge's error being the most likely one."""
        import numpy as np

        rates, when_yes, when_no = self._likeliest
        against, for_it = (self._yes, when_no) if end == 0 else (self._no, when_yes)
        if against[group].any():
            return False
        mixed = rates[group] * when_yes + (1 - rates[group]) * when_no
        known = self._yes[group] + self._no[group]
        share = max(rates[group] if end else 1 - rates[group], 1e-300)
        with np.errstate(divide="ignore", invalid="ignore"):
            unlabelled = np.where(self._unknown[group], self._unknown[group] * (np.log(mixed) - np.log(for_it)), 0.0)
        ratio = unlabelled.sum() + known.sum() * np.log(share)
        return bool(2 * ratio < normal_quantile(self.level) ** 2)

    def difference(self, changed: int, reference: int) -> Corrected:
        """The corrected rate of one group minus another's."""
        if not self._trials[changed].sum() or not self._trials[reference].sum():
            return Corrected(None, None)
        value = float(self._likeliest[0][changed] - self._likeliest[0][reference])
        low, high = quantiles(self._joined(changed) - self._joined(reference), self.level)
        return Corrected(value, Interval(min(low, value), max(high, value), METHOD, self.level))

    def difference_of(self, changed: Sequence[int], reference: Sequence[int]) -> Corrected:
        """The same for any two groups of trials, by their trials of each verdict, without labels of their own."""
        if not sum(changed) or not sum(reference):
            return Corrected(None, None)
        (one, first), (zero, second) = (self._elsewhere(group) for group in (changed, reference))
        low, high = quantiles(first - second, self.level)
        value = one - zero
        return Corrected(value, Interval(min(low, value), max(high, value), METHOD, self.level))

    def _joined(self, group: int) -> Array:
        import numpy as np

        return np.concatenate([rates[:, group] for rates in self._rates])

    # The most likely. ------------------------------------------------------------------------------------------------

    def _most_likely(self) -> tuple[Array, Array, Array]:
        """(each group's rate, verdicts of what truly is, of what is not), by expectation and maximisation."""
        import numpy as np

        labelled = self._yes.sum(axis=0) + 0.5, self._no.sum(axis=0) + 0.5
        share = np.where(self._prior > 0, labelled[0] / (labelled[0] + labelled[1]), 0.0)
        sizes = self._trials.sum(axis=0)
        when_yes, when_no = (
            _shares(sizes * share + 1e-3 * self._prior),
            _shares(sizes * (1 - share) + 1e-3 * self._prior),
        )
        rates = np.clip((self._trials * share).sum(axis=1) / np.maximum(self._trials.sum(axis=1), 1), 0.01, 0.99)
        for _ in range(_EM_STEPS):
            truly = self._yes + self._unknown * _behind(rates[:, None], when_yes, when_no)
            untruly = self._trials - truly
            before = rates
            rates = truly.sum(axis=1) / np.maximum(self._trials.sum(axis=1), 1)
            when_yes, when_no = _shares(truly.sum(axis=0)), _shares(untruly.sum(axis=0))
            if np.abs(rates - before).max() < 1e-7:
                break
        return rates, when_yes, when_no

    def _elsewhere(self, trials: Sequence[int]) -> tuple[float, Array]:
        """(the most likely rate, draws) of a group that is not among these, for the judge's error as it is known."""
        import numpy as np

        sizes = np.array(trials, dtype=np.int64)
        _, when_yes, when_no = self._likeliest
        value = 0.5
        for _ in range(_EM_STEPS):
            value, before = float((sizes * _behind(np.array([value]), when_yes, when_no)).sum() / sizes.sum()), value
            if abs(value - before) < 1e-7:
                break
        drawn = []
        for draw_yes, draw_no in self._behind:
            rates = np.full((CHAINS, 1), min(max(value, 0.01), 0.99))
            for _ in range(APART * 2):
                truly = self._chance.binomial(sizes, _behind(rates, draw_yes, draw_no)).sum(axis=1)
                rates = self._chance.beta(truly + _PRIOR, sizes.sum() - truly + _PRIOR)[:, None]
            drawn.append(rates[:, 0])
        return value, np.concatenate(drawn)

    # Draws. ----------------------------------------------------------------------------------------------------------

    def _sample(self) -> None:
        import numpy as np

        totals = self._trials.sum(axis=1)
        # Chains begin apart: at what was found behind each verdict, drawn, as if it were the same in all groups.
        found = self._yes.sum(axis=0), self._no.sum(axis=0)
        share = self._chance.beta(found[0] + _PRIOR, found[1] + _PRIOR, (CHAINS, len(self._prior)))[:, None, :]
        truly = self._yes + self._chance.binomial(self._unknown, np.broadcast_to(share, (CHAINS, *self._unknown.shape)))
        for step in range(STEPS + KEPT * APART):
            sums = truly.sum(axis=2)
            rates = self._chance.beta(sums + _PRIOR, totals - sums + _PRIOR)
            when_yes = _shares(self._gammas(truly.sum(axis=1)))
            when_no = _shares(self._gammas(self._trials.sum(axis=0) - truly.sum(axis=1)))
            behind = _behind(rates[:, :, None], when_yes[:, None, :], when_no[:, None, :])
            truly = self._yes + self._chance.binomial(self._unknown, behind)
            if step >= STEPS and (step - STEPS) % APART == APART - 1:
                self._rates.append(rates)
                self._behind.append((when_yes, when_no))

    def _gammas(self, counts: Array) -> Array:
        import numpy as np

        return np.asarray(self._chance.standard_gamma(np.where(self._prior > 0, counts + self._prior, 0.0)))


def _shares(weights: Array) -> Array:
    import numpy as np

    total = weights.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0))


def _behind(rates: Array, when_yes: Array, when_no: Array) -> Array:
    """The chance that a trial with each verdict truly is."""
    import numpy as np

    truly, untruly = rates * when_yes, (1 - rates) * when_no
    total = truly + untruly
    return np.asarray(np.divide(truly, total, out=np.zeros_like(total), where=total > 0))
