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

from am_studio.designs.base import Design
from am_studio.records import EffectTable, Stopping
from am_studio.scenarios import Scenario
from tests.designs_world import MODEL, World, carried_out, opened, switches

DETAILS = ["a", "b", "c", "d"]
RATE = 0.5
RULES = {
    "O'Brien-Fleming, 4 looks": Stopping("obrien-fleming", 4),
    "O'Brien-Fleming, 4 looks, futility": Stopping("obrien-fleming", 4, futility=True),
    "Pocock, 5 looks": Stopping("pocock", 5),
    "Pocock, 3 looks, futility": Stopping("pocock", 3, futility=True),
    "e-process, every 10": Stopping("e-process", every=10),
}
LEAST_SAVED = {"O'Brien-Fleming, 4 looks": 0.25, "Pocock, 5 looks": 0.4, "e-process, every 10": 0.4}
"""The share of trials that each rule has to save where every removal is strong."""
STRONG = 20
"""Studies in the world of strong effects."""


def nothing(_: frozenset[str]) -> float:
    """A world in which no detail does anything."""
    return RATE


def strong(on: frozenset[str]) -> float:
    """A world in which each of four details carries .6."""
    return 0.95 if {"a", "b", "c", "d"} <= on else 0.35


def study(scenario: Scenario, rule: Stopping, seed: int) -> Design:
    """A study that stops by this rule."""
    design = {"kind": "leave-one-out", "details": DETAILS}
    return opened(scenario, design, {"per_arm": 150, "baseline": 300}, stopping=rule, seed=seed)


def result(scenario: Scenario, rule: Stopping, world: World, seed: int) -> EffectTable:
    """The table of such a study, carried out."""
    design = study(scenario, rule, seed)
    return design.analyse(carried_out(design, world, seed), "blackmail", MODEL)


def main() -> int:
    """Print the figures; 1 when one is outside its bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=150, help="simulated studies a rule where nothing does anything")
    studies = parser.parse_args().studies
    bad = []
    most = 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / studies)
    with tempfile.TemporaryDirectory() as place:
        scenario = switches(Path(place))
        for name, rule in RULES.items():
            tables = [result(scenario, rule, nothing, seed) for seed in range(studies)]
            false = sum(any(each.conclusion == "effect" for each in table.effects) for table in tables) / studies
            saved = sum(_saved(table) for table in tables) / studies
            print(f"{name:36} nothing there: any false effect {false:.3f} (at most {most:.3f}), saved {saved:.0%}")
            bad += [name] if false > most else []
            tables = [result(scenario, rule, strong, 1000 + seed) for seed in range(STRONG)]
            found = sum(each.conclusion == "effect" for table in tables for each in table.effects) / (4 * STRONG)
            saved, least = sum(_saved(table) for table in tables) / STRONG, LEAST_SAVED.get(name, 0.25)
            print(f"{'':36} strong effects: found {found:.3f} (at least .99), saved {saved:.0%} (at least {least:.0%})")
            bad += [name] if found < 0.99 or saved < least else []
    print("outside its bounds: " + ", ".join(bad) if bad else "all within their bounds")
    return 1 if bad else 0


def _saved(table: EffectTable) -> float:
    stops = table.stops
    return stops.saved / stops.most if stops else 0.0


if __name__ == "__main__":
    sys.exit(main())
