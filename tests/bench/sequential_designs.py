"""Stopping early, simulated: false effects where nothing does anything, and trials saved where something does.

Prints figures and fails by exit code. Studies of leave-one-out with four removals, 150 trials an arm and 300 of the
baseline, so that Fisher's mid-p test is used, which is the least careful of the program's tests. Run it as
`python -m tests.bench.sequential_designs`; --studies N for more of them.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

import numpy as np

from am_studio.designs.sequential import Looked
from am_studio.effects.regions import rejection_region
from am_studio.effects.sequential import group_sequential
from am_studio.records import Stop, Stopping
from am_studio.scenarios import Scenario
from tests.designs_world import MODEL, World, carried_out, opened, switches

DETAILS = ["a", "b", "c", "d"]
ARM, BASE = 150, 300
TRIALS = BASE + len(DETAILS) * ARM
RATE = 0.5
MANY = 40_000
"""Studies that are simulated by rejection regions."""
RULES = {
    "O'Brien-Fleming, 4 looks": Stopping("obrien-fleming", 4),
    "O'Brien-Fleming, 4 looks, futility": Stopping("obrien-fleming", 4, futility=True),
    "Pocock, 5 looks": Stopping("pocock", 5),
    "Pocock, 3 looks, futility": Stopping("pocock", 3, futility=True),
    "e-process, every 25": Stopping("e-process", every=25),
}
LEAST_SAVED = dict(zip(RULES, (0.5, 0.5, 0.6, 0.5, 0.6), strict=True))
"""The share of trials that each rule has to save where every removal is strong."""
STRONG = 20
"""Studies in the world of strong effects."""


def nothing(_: frozenset[str]) -> float:
    """A world in which no detail does anything."""
    return RATE


def strong(on: frozenset[str]) -> float:
    """A world in which each of four details carries .6."""
    return 0.95 if {"a", "b", "c", "d"} <= on else 0.35


def study(scenario: Scenario, rule: Stopping, seed: int) -> Looked:
    """A study that stops by this rule."""
    design = {"kind": "leave-one-out", "details": DETAILS}
    found = opened(scenario, design, {"per_arm": ARM, "baseline": BASE}, stopping=rule, seed=seed)
    assert isinstance(found, Looked)
    return found


def course(scenario: Scenario, rule: Stopping, world: World, seed: int) -> tuple[tuple[Stop, ...], int]:
    """(where each comparison stopped, trials that were run) of such a study."""
    design = study(scenario, rule, seed)
    results = carried_out(design, world, seed)
    return design.course(results, MODEL), results.planned()


def false_effects(rule: Stopping, studies: int) -> float:
    """The share of studies with a false effect, by the rule's boundaries and rejection regions alone: many, quickly."""
    source = np.random.default_rng(11)
    alpha = 0.05 / len(DETAILS)
    looks = group_sequential(rule.looks, alpha=alpha, spending=rule.kind, futile_below=None)  # type: ignore[arg-type]
    if rule.futility:
        looks = group_sequential(rule.looks, alpha=alpha, spending=rule.kind)  # type: ignore[arg-type]
    arms = np.zeros((studies, len(DETAILS)), dtype=int)
    base, n1, n0 = np.zeros(studies, dtype=int), 0, 0
    going, found = np.ones(arms.shape, dtype=bool), np.zeros(arms.shape, dtype=bool)
    for look in looks:
        more1, more0 = math.ceil(look.fraction * ARM) - n1, math.ceil(look.fraction * BASE) - n0
        arms += source.binomial(more1, RATE, arms.shape)
        base += source.binomial(more0, RATE, studies)
        n1, n0 = n1 + more1, n0 + more0
        crossed = rejection_region(n1, n0, look.p_nominal, "fisher-mid-p")[arms, base[:, None]]
        found |= going & crossed
        going &= ~crossed
        if look.futility is not None:
            going &= rejection_region(n1, n0, look.futility, "fisher-mid-p")[arms, base[:, None]]
    return float(found.any(axis=1).mean())


def main() -> int:
    """Print the figures; 1 when one is outside its bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=120, help="studies a rule that are carried out by the design")
    studies = parser.parse_args().studies
    bad = []
    with tempfile.TemporaryDirectory() as place:
        scenario = switches(Path(place))
        for name, rule in RULES.items():
            told = []
            if not rule.anytime:
                share, most = false_effects(rule, MANY), _most(MANY)
                told.append(f"any false effect in {MANY:,} studies {share:.4f} (at most {most:.4f})")
                bad += [name] if share > most else []
            number = studies if not rule.anytime else studies // 3
            stopped = [course(scenario, rule, nothing, seed) for seed in range(number)]
            share = sum(any(each.reason == "effect" for each in stops) for stops, _ in stopped) / number
            saved = 1 - sum(trials for _, trials in stopped) / number / TRIALS
            told.append(
                f"carried out {number} times {share:.3f} (at most {_most(number):.3f}), trials saved {saved:.0%}"
            )
            bad += [name] if share > _most(number) else []
            print(f"{name}\n  nothing there: {'; '.join(told)}")
            stopped = [course(scenario, rule, strong, 1000 + seed) for seed in range(STRONG)]
            found = sum(each.reason == "effect" for stops, _ in stopped for each in stops) / (len(DETAILS) * STRONG)
            saved = 1 - sum(trials for _, trials in stopped) / STRONG / TRIALS
            least = LEAST_SAVED[name]
            print(
                f"  strong effects: found {found:.3f} (at least .99), trials saved {saved:.0%} (at least {least:.0%})"
            )
            bad += [name] if found < 0.99 or saved < least else []
    print("outside its bounds: " + ", ".join(bad) if bad else "all within their bounds")
    return 1 if bad else 0


def _most(studies: int) -> float:
    """.05 and the error of the simulation."""
    return 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / studies)


if __name__ == "__main__":
    sys.exit(main())
