"""How far a number of trials reaches: the smallest difference it finds, and how many more would settle an open question.

By the arcsine approximation (Cohen 1988, Statistical Power Analysis, ch. 6), in closed form and within about a tenth of the
exact answer, so that a table of hundreds of rows costs nothing. Sizes that are paid for are for `effects/power.py` to say.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from am_studio.effects.intervals import LEVEL

POWER = 0.8
"""The chance of finding what is there that every figure here is about."""
_NORMAL = NormalDist()
_MOST = 1_000_000
"""A number of trials beyond this is told as none."""


def detectable_difference(
    reference: float, n1: int, n0: int, alpha: float, *, falls: bool | None = None
) -> float | None:
    """The smallest fall or rise from the rate `reference` that n1 trials against n0 find, two-sided at `alpha`.

    As a size in (0, 1], of falls alone or rises alone where `falls` says so; None when the rate can neither fall nor rise
    so far, or a group is empty.
    """
    if n1 < 1 or n0 < 1:
        return None
    step = (_quantile(alpha) + _NORMAL.inv_cdf(POWER)) / math.sqrt(n1 * n0 / (n1 + n0))
    angle = 2 * math.asin(math.sqrt(reference))
    ends = [end for end, fall in ((angle - step, True), (angle + step, False)) if falls in (None, fall)]
    reached = [other for other in ends if 0 <= other <= math.pi]
    return min((abs(math.sin(other / 2) ** 2 - reference) for other in reached), default=None)


def more_trials(changed: tuple[int, int], reference: tuple[int, int], alpha: float, margin: float) -> int | None:
    """About how many more trials of both groups together, in their present proportion, would settle the question.

    Groups are (yes, trials). Settled: the test at `alpha` finds the difference with 80 % power, or the 95 % interval lies
    within `margin` of 0, if the rates (each with half a trial added to yes and no) stay as they are. None when no number
    of use would do, or a group is empty.
    """
    (k1, n1), (k0, n0) = changed, reference
    if n1 < 1 or n0 < 1:
        return None
    p1, p0 = (k1 + 0.5) / (n1 + 1), (k0 + 0.5) / (n0 + 1)
    share = n0 / n1
    wanted = min(_to_find(p1, p0, share, alpha), _to_rule_out(p1, p0, share, margin))
    if wanted > _MOST:
        return None
    return max(math.ceil(wanted * (1 + share)) - n1 - n0, 1)


def _to_find(p1: float, p0: float, share: float, alpha: float) -> float:
    """Trials of the first group with which the difference is found."""
    step = abs(2 * math.asin(math.sqrt(p1)) - 2 * math.asin(math.sqrt(p0)))
    if step == 0:
        return math.inf
    needed: float = ((_quantile(alpha) + _NORMAL.inv_cdf(POWER)) / step) ** 2
    return needed * (1 + share) / share


def _to_rule_out(p1: float, p0: float, share: float, margin: float) -> float:
    """Trials of the first group with which the 95 % interval lies within the margin."""
    room = margin - abs(p1 - p0)
    if room <= 0:
        return math.inf
    variance = p1 * (1 - p1) + p0 * (1 - p0) / share
    return variance * (_quantile(1 - LEVEL) / room) ** 2


def _quantile(alpha: float) -> float:
    return _NORMAL.inv_cdf(1 - alpha / 2)
