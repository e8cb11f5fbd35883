"""Do rates corrected by human labels cover the truth? `python -m tests.bench.correction`; fails by exit code.

Each replicate draws trials of a known rate, judges them with a known error, draws the labels with the function that draws
them for `am-studio label`, looks only those up, and corrects the rate as `am-studio analyze --trust` does. Figures carry
their Monte-Carlo error. Held against the floor: Se .9, Sp .97, 50 labels, 100 and 500 trials, true rates 0, .05, .5, and the
difference of two arms; the rest is printed to be seen.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from am_studio.effects.judge_error import Corrected, Found, Verification, difference_between
from am_studio.judging.label_sampling import SIZE, Candidate, draw_sample
from am_studio.records import Answer

FLOOR = 0.93
SENSITIVITY, SPECIFICITY = 0.9, 0.97
ERRORS = 2.5
"""Standard errors by which a figure may fall short of the floor by chance: of ten right ones, one in twenty benches."""
_ANSWERS: tuple[Answer, ...] = ("yes", "no", "unclear")


@dataclass(frozen=True)
class World:
    """What is true, and how the judge sees it."""

    rates: tuple[float, ...]
    """Of each arm; arms have the same number of trials."""
    trials: int
    """In all."""
    unclear: float = 0.0
    """The share of trials that the judge cannot tell, whatever is true."""

    def judged(self, chance: np.random.Generator) -> tuple[list[Candidate], np.ndarray]:
        """The trials as the judge sees them, and what is true of each."""
        arms = np.arange(self.trials) % len(self.rates)
        truth = chance.random(self.trials) < np.array(self.rates)[arms]
        right = chance.random(self.trials) < np.where(truth, SENSITIVITY, SPECIFICITY)
        lost = chance.random(self.trials) < self.unclear
        answers = np.where(lost, 2, np.where(truth == right, 0, 1))
        candidates = [Candidate(i, f"arm-{arms[i]}", "model", _ANSWERS[answers[i]]) for i in range(self.trials)]
        return candidates, truth


def corrections(world: World, seed: int, *, labels: int = SIZE, draws: int = 2000) -> Iterator[Corrected]:
    """The corrected rate of all trials; then, where there are two arms, their difference."""
    candidates, truth = world.judged(np.random.default_rng([seed, world.trials]))
    checked: Counter[tuple[Answer, bool]] = Counter()
    for drawn in draw_sample(candidates, labels, seed=seed):
        checked[candidates[drawn.trial].answer, bool(truth[drawn.trial])] += 1
    found = [Found(checked[answer, True] + checked[answer, False], checked[answer, True]) for answer in _ANSWERS]
    verification = Verification(found, seed=seed, draws=draws)
    sizes = Counter((candidate.arm, candidate.answer) for candidate in candidates)
    groups = [[sizes[f"arm-{arm}", answer] for answer in _ANSWERS] for arm in range(len(world.rates))]
    yield verification.rate([sum(group[place] for group in groups) for place in range(len(_ANSWERS))])
    if len(groups) == 2:
        yield difference_between((verification, groups[1]), (verification, groups[0]))


def coverages(world: World, replicates: int, labels: int = SIZE) -> list[tuple[float, float, float]]:
    """(coverage, mean width, mean error of the value) of the rate and, with two arms, of the difference."""
    truths = [sum(world.rates) / len(world.rates), world.rates[-1] - world.rates[0]]
    hits, widths, errors = np.zeros(2), np.zeros(2), np.zeros(2)
    for seed in range(replicates):
        for place, found in enumerate(corrections(world, seed, labels=labels)):
            assert found.interval is not None
            assert found.value is not None
            hits[place] += found.interval.low - 1e-9 <= truths[place] <= found.interval.high + 1e-9
            widths[place] += found.interval.high - found.interval.low
            errors[place] += found.value - truths[place]
    kept = 2 if len(world.rates) == 2 else 1
    return list(zip(hits / replicates, widths / replicates, errors / replicates, strict=True))[:kept]


ASKED = [(World((rate,), n), f"rate {rate:g}, {n} trials") for n in (100, 500) for rate in (0.0, 0.05, 0.5)]
ARMS = [
    (World((0.5, 0.1), 200), "arms of .5 and .1, 200 trials"),
    (World((0.05, 0.05), 200), "arms of .05 and .05, 200 trials"),
]
BEYOND = [
    (World((0.01,), 500), "rate .01, 500 trials"),
    (World((0.95,), 500), "rate .95, 500 trials"),
    (World((1.0,), 100), "rate 1, 100 trials"),
    (World((0.3,), 300, unclear=0.1), "rate .3, 300 trials, 10 % unclear"),
]


def main() -> int:
    """Print all figures; 1 when one that is asked for lies under the floor by more than chance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=3000)
    replicates = parser.parse_args().replicates
    began, wrong = time.monotonic(), []
    print(f"Se {SENSITIVITY:g}, Sp {SPECIFICITY:g}, {SIZE} labels, {replicates} replicates, floor {FLOOR}")
    print(f"  {'':<44} coverage        mean width   bias")
    for worlds, asked in ((ASKED, True), (ARMS, True), (BEYOND, False)):
        for world, told in worlds:
            for kind, (coverage, width, bias) in zip(("", ", difference"), coverages(world, replicates), strict=False):
                error = math.sqrt(max(coverage * (1 - coverage), 0.25 / replicates) / replicates)
                low = asked and coverage < FLOOR - ERRORS * error
                named = told + kind
                print(
                    f"  {named:<44} {coverage:.4f} ± {error:.4f}   {width:.3f}      {bias:+.4f}{'' if asked else '  (seen)'}"
                )
                wrong += [f"{named}: coverage {coverage:.4f} is under {FLOOR}"] if low else []
    print(f"\n{time.monotonic() - began:.0f} s")
    print("\n".join(f"WRONG: {told}" for told in wrong) or "All figures are what can be asked.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
