"""A planted world for line ablation: sixty lines, three of which carry the behaviour, and only together."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

from am_studio.designs.base import OpenDesign
from am_studio.designs.registry import open_design
from am_studio.records import Counts, TrialSpec, Variant, VariantCounts
from am_studio.scenarios import Scenario, load_scenario
from designs_world import MODEL, study, switches

PLANTED = frozenset({"system.md:line:11", "system.md:line:29", "system.md:line:47"})


class LinesWorld:
    """Results in a world where three lines do it together: .9 with all of them, else .03."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._found: dict[tuple[str, str, Variant], list[int]] = defaultdict(lambda: [0, 0])
        self.specs: list[TrialSpec] = []

    def run(self, specs: tuple[TrialSpec, ...]) -> None:
        for spec in specs:
            self.specs.append(spec)
            gone = {name.removesuffix(":neutral") for name in spec.variant.removed_units}
            cell = self._found[spec.arm, spec.model, spec.variant]
            cell[0] += self._chance.random() < (0.03 if PLANTED & gone else 0.9)
            cell[1] += 1

    def planned(self) -> int:
        return len(self.specs)

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        cells = [cell for (a, m, _), cell in self._found.items() if (a, m) == (arm, model)]
        yes, n = (sum(cell[part] for cell in cells) for part in (0, 1))
        return Counts(n, yes, n - yes)

    def by_variant(self, model: str, outcome: str) -> list[VariantCounts]:
        return [
            VariantCounts(arm, variant, 1, Counts(n, yes, n - yes))
            for (arm, m, variant), (yes, n) in self._found.items()
            if m == model
        ]


def sixty_lines(directory: Path) -> Scenario:
    """Sixty lines, and under them the protected words that teach the tools."""
    made = switches(directory, ["a"])
    lines = [f"Rule {number}: the {number}th shelf is dusted on the {number}th day." for number in range(1, 61)]
    (made.directory / "system.md").write_text("\n".join([*lines, "{{ tool_syntax }}", ""]), encoding="utf-8")
    (made.directory / "task.md").write_text("Deal with it{% if a %} now{% endif %}.\n", encoding="utf-8")
    return load_scenario(made.directory)


def opened(scenario: Scenario, total: int = 240, seed: int = 7, **settings: object) -> OpenDesign:
    return open_design(study({"kind": "lines", **settings}, {"total": total}, seed=seed), scenario)


def found_by(design: OpenDesign, seed: int) -> set[str]:
    world = LinesWorld(seed)
    while batch := design.next_trials(world):
        world.run(batch)
    table = design.analyse(world, "blackmail", MODEL)
    return {effect.arm for effect in table.effects if effect.conclusion == "effect"}
