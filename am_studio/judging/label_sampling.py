"""Which trials a human should check, so that a judge's error can be told from few labels: drawn by the judge's answer.

Every trial that was judged `yes` is taken up to a cap, above it a random sample of them; with them random samples of the
trials judged `no` and `unclear`. Within one answer every trial has the same known chance to be drawn, and arms and models
get their share of the sample as far as whole trials allow. Nothing here looks at what a label says.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor

from am_studio.records import Answer

SIZE = 50
"""Labels, unless another number is asked for."""
CAP_SHARE = 0.5
"""Of the sample, so much may go to trials judged `yes` before the others have their part."""
UNCLEAR_SHARE = 0.25
"""Of what is left by those, so much may go to trials judged `unclear`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A judged trial."""

    trial: int
    arm: str
    model: str
    answer: Answer
    """The judge's."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A trial of the sample."""

    trial: int
    position: int
    """Its place in the order of labelling, from 1; the order is random and tells nothing about the judge's answer."""
    chance: float
    """The probability with which a trial of its answer came into the sample, in (0, 1]."""


def allotted(sizes: Mapping[Answer, int], size: int) -> dict[Answer, int]:
    """How many trials of each answer are drawn, where `sizes` were judged so: never more than there are.

    `yes` comes first up to its cap, then `unclear` up to its share of the rest, then `no`; what one cannot use, the others
    get, `yes` before `no` before `unclear`.
    """
    size = min(size, sum(sizes.values()))
    got: dict[Answer, int] = {"yes": min(sizes.get("yes", 0), floor(size * CAP_SHARE + 0.5))}
    rest = size - got["yes"]
    got["unclear"] = min(sizes.get("unclear", 0), max(floor(rest * UNCLEAR_SHARE + 0.5), 1 if rest > 1 else 0))
    got["no"] = min(sizes.get("no", 0), rest - got["unclear"])
    for answer in ("yes", "no", "unclear"):
        got[answer] += min(sizes.get(answer, 0) - got[answer], size - sum(got.values()))
    return got


def draw_sample(
    candidates: Iterable[Candidate], size: int = SIZE, *, seed: int = 0, kept: Collection[int] = ()
) -> tuple[Drawn, ...]:
    """A sample of `size` trials (or all, where there are fewer), the same for the same candidates and seed.

    `kept`: the trials of an earlier, smaller sample of the very same candidates, in their order; it is added to, so that
    no label is lost. Within an answer n of N trials are drawn: cells of one model and arm get n times their share of N,
    rounded up or down at random by one common start, and in a cell trials are taken by random numbers of their own
    (systematic allocation, Cochran 1977, "Sampling Techniques", section 5A.3 and 8.1). Each has the chance n/N.
    """
    strata: dict[Answer, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        strata[candidate.answer].append(candidate)
    wanted = allotted({answer: len(those) for answer, those in strata.items()}, size)
    before = dict.fromkeys(kept)
    chances: dict[int, float] = {}
    for answer, those in strata.items():
        old = [candidate for candidate in those if candidate.trial in before]
        left = [candidate for candidate in those if candidate.trial not in before]
        new = _taken(left, max(wanted[answer] - len(old), 0), seed, f"{answer}{len(old)}")
        chosen = [candidate.trial for candidate in old] + new
        chances |= dict.fromkeys(chosen, len(chosen) / len(those))
    first = [trial for trial in before if trial in chances]
    later = sorted(chances.keys() - set(first), key=lambda trial: (_number(seed, "order", trial), trial))
    return tuple(Drawn(trial, place, chances[trial]) for place, trial in enumerate([*first, *later], start=1))


def _taken(candidates: Sequence[Candidate], number: int, seed: int, stratum: str) -> list[int]:
    """So many of them, each with the same chance, spread over models and arms."""
    cells: dict[tuple[str, str], list[int]] = defaultdict(list)
    for candidate in candidates:
        cells[candidate.model, candidate.arm].append(candidate.trial)
    start, total = _number(seed, "start", stratum), len(candidates)
    taken: list[int] = []
    through = 0
    for cell in sorted(cells):
        trials = sorted(cells[cell], key=lambda trial: (_number(seed, stratum, trial), trial))
        first = floor(start + number * through / total)
        through += len(trials)
        # A rounding error must not take a trial more or less in the end.
        last = number if through == total else floor(start + number * through / total)
        taken += trials[: last - first]
    return taken


def _number(*parts: object) -> float:
    """A number in [0, 1) that belongs to these parts, as good as drawn at random."""
    digest = hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
