"""Do rates corrected by human labels cover the truth? `python -m tests.bench.correction`; fails by exit code.

Each replicate draws trials of a known rate, judges them with a known error, draws the labels with the function that draws
them for `am-studio label`, looks only those up, and corrects the rate as `am-studio analyze --trust` does. Figures carry
their Monte-Carlo error. Held against the floor: Se .9, Sp .97, 50 labels, 100 and 500 trials, true rates 0, .05, .5; and the rates and
differences of arms that share the labels. The rest is printed to be seen.
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

from am_studio.effects.common_error import CommonError, LabelledGroup
from am_studio.effects.judge_error import Corrected, Found, Verification
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


def corrections(world: World, seed: int, *, labels: int = SIZE, draws: int = 2000) -> Iterator[tuple[float, Corrected]]:
    """(the truth, what is found): the rate of all trials; with several arms each arm's rate, and its difference to the first."""
    candidates, truth = world.judged(np.random.default_rng([seed, world.trials]))
    found: Counter[tuple[str, Answer, bool]] = Counter()
    for drawn in draw_sample(candidates, labels, seed=seed):
        found[candidates[drawn.trial].arm, candidates[drawn.trial].answer, bool(truth[drawn.trial])] += 1
    sizes = Counter((candidate.arm, candidate.answer) for candidate in candidates)
    groups = [
        LabelledGroup(
            *(
                tuple(of[arm, answer, *rest] for answer in _ANSWERS)
                for of, *rest in ((sizes,), (found, True), (found, False))
            )
        )
        for arm in (f"arm-{place}" for place in range(len(world.rates)))
    ]
    if len(groups) == 1:
        yes, no = groups[0].yes, groups[0].no
        shares = [Found(truly + untruly, truly) for truly, untruly in zip(yes, no, strict=True)]
        yield world.rates[0], Verification(shares, seed=seed, draws=draws).rate(groups[0].trials)
        return
    joint = CommonError(groups, seed=seed)
    for place, rate in enumerate(world.rates):
        yield rate, joint.rate(place)
        if place:
            yield rate - world.rates[0], joint.difference(place, 0)


def coverages(world: World, replicates: int, labels: int = SIZE) -> list[tuple[float, float, float, float]]:
    """(truth, coverage, mean width, mean error of the value) of each figure that `corrections` gives."""
    figures: dict[int, list[tuple[float, float, float, float]]] = {}
    for seed in range(replicates):
        for place, (truth, found) in enumerate(corrections(world, seed, labels=labels)):
            assert found.interval is not None
            assert found.value is not None
            low, high = found.interval.low, found.interval.high
            hit = float(low - 1e-9 <= truth <= high + 1e-9)
            figures.setdefault(place, []).append((truth, hit, high - low, found.value - truth))
    return [tuple(np.mean(rows, axis=0)) for rows in figures.values()]


ASKED = [(World((rate,), n), f"rate {rate:g}, {n} trials") for n in (100, 500) for rate in (0.0, 0.05, 0.5)]
ARMS = [
    (World((0.5, 0.1), 200), "two arms, 200 trials"),
    (World((0.05, 0.0), 200), "two arms, 200 trials"),
    (World((0.96, 0.55, 0.9), 300), "three arms, 300 trials"),
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
    parser.add_argument("--replicates", type=int, default=1000)
    replicates = parser.parse_args().replicates
    began, wrong = time.monotonic(), []
    print(f"Se {SENSITIVITY:g}, Sp {SPECIFICITY:g}, {SIZE} labels, {replicates} replicates, floor {FLOOR}")
    print(f"  {'':<40} coverage          mean width   bias")
    for worlds, asked, times in (
        (ASKED, True, replicates),
        (ARMS, True, max(replicates // 16, 40)),
        (BEYOND, False, replicates // 2),
    ):
        for world, told in worlds:
            for truth, coverage, width, bias in coverages(world, times):
                error = math.sqrt(max(coverage * (1 - coverage), 0.25 / times) / times)
                named = f"{told}: {truth:+.2f}" if len(world.rates) > 1 else told
                print(
                    f"  {named:<40} {coverage:.4f} ± {error:.4f}   {width:.3f}        {bias:+.4f}{'' if asked else '  (seen)'}"
                )
                if asked and coverage < FLOOR - ERRORS * error:
                    wrong.append(f"{named}: coverage {coverage:.4f} is under {FLOOR}")
    print(f"\n{time.monotonic() - began:.0f} s")
    print("\n".join(f"WRONG: {told}" for told in wrong) or "All figures are what can be asked.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
