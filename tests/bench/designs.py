"""Do the designs find what is there and leave the rest alone? `python -m tests.bench.designs` prints figures and fails by
exit code.

Studies of planted worlds (`tests/designs_world.py`: eight details, 320 trials, Holm at 5 %), each through the real design,
its trials and its analysis; only the outcomes are drawn.

1. Family-wise error of leave-one-out and random subsets in five worlds: at most .065.
2. Power of random subsets in the additive world: at least .95, .95, .75 for its three details.
3. The minimal set in the AND-of-three world: right in at least 97 %, with at most 300 trials on average.
4. Type I error of the test of two details' interaction, and of an effect's difference between models: at most .065.
5. For information: how often aliased designs call an effect what is none.

Every figure carries its Monte-Carlo error; a check fails when its figure is beyond the limit by more than three of these.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from am_studio.effects.across import heterogeneity
from am_studio.scenarios import Scenario
from tests.designs_world import (
    MODEL,
    NAMES,
    WORLDS,
    and_of_three,
    carried_out,
    opened,
    switches,
)

FAMILY = 0.065
POWER = {"a": 0.95, "b": 0.95, "c": 0.75}
RIGHT, TRIALS = 0.97, 300
ERRORS = 3.0
N = 320
PER_ARM = 29
"""With a baseline of sqrt(8) times as many: 83 + 8 * 29 = 315 trials."""


@dataclass(frozen=True)
class Study:
    """What one simulated study came to."""

    effects: frozenset[str]
    """The details that were called an effect."""
    pairs: tuple[int, int] = (0, 0)
    """Interactions of pairs that do nothing: those with p below .05, and all."""
    trials: int = 0


@cache
def scenario() -> Scenario:
    """The eight switches, once a process."""
    return switches(Path(tempfile.mkdtemp(prefix="designs-bench-")))


def leave_one_out(world: str, seed: int) -> Study:
    """One study that removes each detail in turn."""
    design = opened(scenario(), {"kind": "leave-one-out"}, {"per_arm": PER_ARM}, seed=seed)
    table = design.analyse(carried_out(design, WORLDS[world][0], 10_000 + seed), "blackmail", MODEL)
    return Study(frozenset(effect.label for effect in table.effects if effect.conclusion == "effect"))


def random_subsets(world: str, seed: int, q: float) -> Study:
    """One study that draws subsets."""
    design = opened(scenario(), {"kind": "random-subsets", "q": q}, {"total": N}, seed=seed)
    table = design.analyse(carried_out(design, WORLDS[world][0], 20_000 + seed), "blackmail", MODEL)
    active = set(WORLDS[world][1])
    idle = [each for each in table.interactions if not set(each.parts) <= active and each.p is not None]
    found = frozenset(effect.label for effect in table.effects if effect.conclusion == "effect")
    return Study(found, (sum(each.p is not None and each.p < 0.05 for each in idle), len(idle)))


def aliased(world: str, seed: int, kind: str) -> Study:
    """One study of a design with aliases."""
    more = {"resolution": "4"} if kind == "fractional-factorial" else {}
    design = opened(scenario(), {"kind": kind, "details": list(NAMES), **more}, {"total": N}, seed=seed)
    table = design.analyse(carried_out(design, WORLDS[world][0], 30_000 + seed), "blackmail", MODEL)
    return Study(frozenset(effect.label for effect in table.effects if effect.conclusion == "effect"))


def minimal(_: str, seed: int) -> Study:
    """One search, with the details in an order of its own."""
    names = random.Random(seed).sample(NAMES, len(NAMES))
    design = opened(scenario(), {"kind": "minimal", "details": names}, {"total": 400}, seed=seed)
    results = carried_out(design, and_of_three, 40_000 + seed)
    table = design.analyse(results, "blackmail", MODEL)
    return Study(frozenset(effect.label for effect in table.effects), trials=len(results.specs))


KINDS: Mapping[str, Callable[[str, int], Study]] = {
    "leave-one-out": leave_one_out,
    "random-subsets q=.5": lambda world, seed: random_subsets(world, seed, 0.5),
    "random-subsets q=.75": lambda world, seed: random_subsets(world, seed, 0.75),
    "fractional, resolution IV": lambda world, seed: aliased(world, seed, "fractional-factorial"),
    "plackett-burman": lambda world, seed: aliased(world, seed, "plackett-burman"),
    "minimal": minimal,
}


def replicate(task: tuple[str, str, int]) -> Study:
    """One simulated study; runs in a process of its own."""
    kind, world, seed = task
    return KINDS[kind](world, seed)


def idle(kind: str, world: str) -> frozenset[str]:
    """The details that do nothing in this world; for leave-one-out, whose removal from all-on does nothing."""
    rate, active = WORLDS[world]
    if kind != "leave-one-out":
        return frozenset(NAMES) - set(active)
    everything = frozenset(NAMES)
    return frozenset(name for name in NAMES if rate(everything - {name}) == rate(everything))


@dataclass(frozen=True)
class Share:
    """A share of replicates with its Monte-Carlo error."""

    k: int
    n: int

    @property
    def value(self) -> float:
        """The share."""
        return self.k / self.n

    @property
    def error(self) -> float:
        """Its standard error, with one added to both sides so that it is never 0."""
        p = (self.k + 1) / (self.n + 2)
        return math.sqrt(p * (1 - p) / self.n)

    def __str__(self) -> str:
        return f"{self.value:.3f} ±{self.error:.3f}"

    def above(self, most: float) -> bool:
        """Whether it is surely greater than that."""
        return self.value - ERRORS * self.error > most

    def below(self, least: float) -> bool:
        """Whether it is surely less than that."""
        return self.value + ERRORS * self.error < least


class Bench:
    """The checks, one after the other; what failed is kept."""

    def __init__(self, pool: ProcessPoolExecutor, replicates: int) -> None:
        self.pool = pool
        self.replicates = replicates
        self.failed: list[str] = []

    def studies(self, kind: str, world: str, replicates: int | None = None) -> list[Study]:
        """So many studies of a design in a world."""
        tasks = [(kind, world, seed) for seed in range(replicates or self.replicates)]
        return list(self.pool.map(replicate, tasks, chunksize=8))

    def check(self, holds: bool, what: str) -> str:
        """A mark for a line, and a note of what failed."""
        if not holds:
            self.failed.append(what)
        return "ok" if holds else "FAIL"

    def errors_and_power(self) -> None:
        """Checks 1, 2 and the first half of 4."""
        print(f"Family-wise error, at most {FAMILY}; and power of the details that do something")
        pairs = Counter[str]()
        for kind in ("leave-one-out", "random-subsets q=.5", "random-subsets q=.75"):
            for world, (_, active) in WORLDS.items():
                found = self.studies(kind, world)
                quiet = idle(kind, world)
                wrong = Share(sum(bool(study.effects & quiet) for study in found), len(found))
                power = {name: Share(sum(name in study.effects for study in found), len(found)) for name in active}
                mark = self.check(not wrong.above(FAMILY), f"{kind}, {world}: family-wise error {wrong}")
                told = "  ".join(f"{name} {share.value:.2f}" for name, share in power.items() if name not in quiet)
                print(f"  {kind:22} {world:14} {wrong}  {mark:4}  power {told}", flush=True)
                if kind == "random-subsets q=.5":
                    pairs["k"] += sum(study.pairs[0] for study in found)
                    pairs["n"] += sum(study.pairs[1] for study in found)
                if (kind, world) == ("random-subsets q=.5", "additive"):
                    for name, least in POWER.items():
                        mark = self.check(not power[name].below(least), f"power of {name}: {power[name]}")
                        print(f"    {name}: {power[name]}, at least {least}  {mark}")
        share = Share(pairs["k"], pairs["n"])
        mark = self.check(not share.above(FAMILY), f"interactions: {share}")
        print(f"Interactions of pairs that do nothing, p < .05: {share}  {mark}")

    def between_models(self) -> None:
        """The second half of check 4."""
        source = random.Random(1)
        for rates in ((0.8, 0.5), (0.96, 0.96), (0.3, 0.05)):
            wrong = Share(sum((heterogeneity(list(_strata(source, rates))) or 1.0) < 0.05 for _ in range(4000)), 4000)
            mark = self.check(not wrong.above(FAMILY), f"models {rates}: {wrong}")
            print(f"Difference between two models that do not differ, {rates[0]} v {rates[1]}: {wrong}  {mark}")

    def search(self, replicates: int) -> None:
        """Check 3."""
        began = time.perf_counter()
        found = self.studies("minimal", "", replicates)
        right = Share(sum(study.effects == set("abc") for study in found), len(found))
        trials = sorted(study.trials for study in found)
        mean = sum(trials) / len(trials)
        mark = self.check(not right.below(RIGHT) and right.value >= RIGHT - right.error, f"minimal: right {right}")
        print(f"Minimal set: right {right}, at least {RIGHT}  {mark}  ({time.perf_counter() - began:.0f} s)")
        mark = self.check(mean <= TRIALS, f"minimal: {mean:.0f} trials")
        told = f"mean {mean:.0f}, 95 % {trials[int(0.95 * len(trials))]}, most {trials[-1]}"
        print(f"Minimal set: trials {told}; at most {TRIALS} on average  {mark}")

    def aliases(self, replicates: int) -> None:
        """Check 5, which fails nothing."""
        print("For information, any false effect in designs with aliases:")
        for kind in ("fractional, resolution IV", "plackett-burman"):
            for world in ("boosted AND", "redundant OR"):
                found = self.studies(kind, world, replicates)
                wrong = Share(sum(bool(study.effects & idle(kind, world)) for study in found), len(found))
                print(f"  {kind:26} {world:14} {wrong}", flush=True)


def _strata(source: random.Random, rates: tuple[float, float], n: int = 60) -> Iterator[tuple[int, int, int, int]]:
    for _ in range(2):
        k0, k1 = (sum(source.random() < rate for _ in range(n)) for rate in rates)
        yield k1, n, k0, n


def main() -> int:
    """Run the checks; 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=200, help="studies a design and world")
    args = parser.parse_args()
    began = time.perf_counter()
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        bench = Bench(pool, args.replicates)
        bench.errors_and_power()
        bench.between_models()
        bench.search(2 * args.replicates)
        bench.aliases(max(args.replicates // 4, 10))
    for failure in bench.failed:
        print(f"FAILED: {failure}", file=sys.stderr)
    print(f"{time.perf_counter() - began:.0f} s")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
