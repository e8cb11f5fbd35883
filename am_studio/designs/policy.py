"""Which design fits, by a pilot's two rates: with everything in place, and with everything removed.

The policy was found by simulation in planted worlds: a rate near 1 leaves room to halve what is in place; a middling one
needs most details kept, so that details that act together still meet; a rate near 0 leaves nothing to remove. It goes by the
rates as seen, ten trials each: the intervals beside them say how little that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from am_studio.effects.intervals import difference_bounds
from am_studio.effects.power import sample_size

Advised = Literal["random-subsets", "add-one-in", "none"]
Finding = Literal["high", "middling", "low", "nothing", "suppressed", "not carried"]
"""`high`: q = .5. `middling`, `low`: q = .75. `nothing`: both rates near 0. `suppressed`: removal brings it about.
`not carried`: it stays with everything removed."""

HIGH, MIDDLING, NEAR_ZERO = 0.9, 0.3, 0.1
STAYS = 0.8
"""All off at this share of all on counts as staying, where all off itself is at least `STAYS_RATE`."""
STAYS_RATE = 0.5
LEAST_DIFFERENCE = 0.2
"""Where the pilot's difference is smaller, or unknown, one of this size is assumed to count trials by."""
LEAST_TRIALS = 80
"""Fewer trials of random subsets are never advised."""
ALONE = 0.3
"""The rise that a detail alone is assumed to bring about where everything in place shows none."""
ACTING_TOGETHER = 3
"""Details that are assumed to act only together, to count trials by."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a pilot advises for one model."""

    finding: Finding
    design: Advised
    q: float | None
    """Of random subsets; None in other designs."""
    trials: int | None
    """Of random subsets in all, of add-one-in an arm; None: none would do, or no study is advised."""
    assumed: tuple[float, float] | None
    """The rates, removed and in place, that so many trials tell apart with 80 % power at alpha / details."""
    weaker: int | None
    """Trials for a difference half as large; None: none would do, or no study is advised."""
    text: str
    """The finding and what follows, in words."""


def policy(on: tuple[int, int], off: tuple[int, int], details: int, *, alpha: float, together: bool = False) -> Policy:
    """The advice by (yes, trials) all on and all off, for so many details; ValueError without trials in both.

    `together`: somebody suspects that details act only together.
    """
    (k1, n1), (k0, n0) = on, off
    if not n1 or not n0:
        raise ValueError("a pilot has trials of both arms")
    high, low = k1 / n1, k0 / n0
    finding = _finding(high, low)
    if finding == "not carried":
        return Policy(finding, "none", None, None, None, None, _NOT_CARRIED.format(*_told(on, off)))
    level = alpha / details
    # Half a trial more of each answer: ten trials without a yes are no rate of 0.
    high, low = (k1 + 0.5) / (n1 + 1), (k0 + 0.5) / (n0 + 1)
    if finding in ("nothing", "suppressed"):
        text = _SUPPRESSED if finding == "suppressed" else _NOTHING
        rates = (high, low) if finding == "suppressed" else (low, low + ALONE)
        needed = [_needed(rates, share, level) for share in (1.0, 0.5)]
        return Policy(finding, "add-one-in", None, needed[0], rates, needed[1], text.format(*_told(on, off)))
    q = 0.5 if finding == "high" and not together else 0.75
    rates = _average(max(high - low, LEAST_DIFFERENCE), high, q)
    trials, weaker = (_needed(rates, share, level, q) for share in (1.0, 0.5))
    text = _TOGETHER if together and finding == "high" else _TEXTS[finding]
    return Policy(finding, "random-subsets", q, trials, rates, weaker, text.format(*_told(on, off)))


def _needed(rates: tuple[float, float], share: float, level: float, q: float | None = None) -> int | None:
    """Trials that tell this share of the rates' difference: of random subsets with this q, else an arm; None: too many."""
    removed, kept = rates
    kept = removed + share * (kept - removed)
    found = sample_size(removed, kept, alpha=level, ratio=1.0 if q is None else q / (1 - q))
    if found is None:
        return None
    return found.n1 if q is None else max(_tens(found.n1 + found.n0), LEAST_TRIALS)


def _finding(high: float, low: float) -> Finding:
    if high <= NEAR_ZERO:
        return "suppressed" if low >= MIDDLING else "nothing"
    if low >= STAYS_RATE and low >= STAYS * high:
        return "not carried"
    if high >= HIGH:
        return "high"
    return "middling" if high >= MIDDLING else "low"


def _average(difference: float, high: float, q: float) -> tuple[float, float]:
    """The rates, on average over random subsets, with one of three details that act only together removed and in place."""
    low = max(high - difference, 0.0)
    return low, min(low + difference * q ** (ACTING_TOGETHER - 1), 1.0)


def _told(on: tuple[int, int], off: tuple[int, int]) -> tuple[str, str, str]:
    low, high = difference_bounds(off[0], off[1], on[0], on[1], 0.95)
    return f"{on[0]}/{on[1]}", f"{off[0]}/{off[1]}", f"{100 * low:+.0f} to {100 * high:+.0f} points"


def _tens(n: int) -> int:
    return -(-n // 10) * 10


_RATES = "All on {0}, all off {1} (difference {2}). "
_TEXTS: dict[Finding, str] = {
    "high": _RATES + "The rate is high enough to halve what is in place: random subsets with q = .5.",
    "middling": _RATES
    + "The rate is middling, or details act only together: random subsets with q = .75, so that they still meet.",
    "low": _RATES
    + "The rate is low, so removing has little to lower: random subsets with q = .75, and a scenario that elicits more "
    "would save trials.",
}
_TOGETHER = (
    _RATES
    + "The rate is high, but details are suspected to act only together: random subsets with q = .75, so that they "
    "still meet."
)
_NOTHING = (
    _RATES
    + "With everything in place the outcome hardly happens: there is nothing to remove, and removal cannot show anything "
    "here. Add-one-in asks whether a detail alone brings it about; or choose a baseline that elicits it."
)
_SUPPRESSED = (
    _RATES
    + "It happens with the details removed and hardly with them in place: they hold it back, and removal from this baseline "
    "shows little. Add-one-in, from all off, asks which detail does."
)
_NOT_CARRIED = (
    _RATES
    + "It stays with every one of these details removed: they do not carry it, and a study of them would find little. Ask "
    "about other text (`lines`, or other details), or compare scenarios."
)
