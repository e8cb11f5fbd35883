"""A design for measuring: every trial is a variant of its own, each detail in place or removed with equal chance."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel

from am_studio.designs.base import Arm, Results
from am_studio.foundation.collector import calmly
from am_studio.foundation.yamlfile import Form
from am_studio.judging import open_judge
from am_studio.models.registry import open_client
from am_studio.records import EffectTable, Study, TrialSpec, Variant
from am_studio.runs.carry import begin, plan_study
from am_studio.runs.engine import Engine
from am_studio.runs.study import load_study, with_changes
from am_studio.runs.writer import RunWriter
from am_studio.scenarios import Scenario

Q = 0.5
"""The chance that a detail is in place."""


@dataclass(frozen=True, slots=True)
class AllDifferent:
    """A trial of each of these variants."""

    scenario: Scenario
    variants: tuple[Variant, ...]
    model: str

    kind: ClassVar[str] = "all-different"
    summary: ClassVar[str] = "Measuring only."
    settings: ClassVar[type[BaseModel]] = Form
    trials_form: ClassVar[type[BaseModel]] = Form
    estimand: ClassVar[str] = "nothing"

    def notes(self) -> tuple[str, ...]:
        """None."""
        return ()

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """One trial of the study's first model."""
        return cls(scenario, drawn(scenario, 1), study.models[0].name)

    def arms(self) -> tuple[Arm, ...]:
        """One for all trials."""
        return (Arm("baseline", "each its own", self.scenario.defaults(), ()),)

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """All at once."""
        if results.planned():
            return ()
        return tuple(TrialSpec(id_, "baseline", self.model, variant, id_) for id_, variant in enumerate(self.variants))

    def greatest(self) -> int:
        """All of them."""
        return len(self.variants)

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Not for analysis."""
        raise NotImplementedError


def drawn(scenario: Scenario, number: int) -> tuple[Variant, ...]:
    """So many variants, no two alike; a detail that is in place has any of its levels but the one that removes it."""
    chance, found = random.Random(7), dict[Variant, None]()
    while len(found) < number:
        levels = {}
        for detail in scenario.details.values():
            others = [level for level in detail.levels if level != detail.off]
            levels[detail.name] = chance.choice(others) if chance.random() < Q else detail.off
        variant = scenario.variant(levels)
        if scenario.allowed(variant):
            found.setdefault(variant)
    return tuple(found)


def begun(path: Path, model: str = "sim/strategist") -> RunWriter:
    """A new run of the demo's scenario, without trials."""
    plan, scenario = plan_study(with_changes(load_study("single-line"), models=(model,)))
    return begin(plan, scenario, path)


def carried_by(run: RunWriter, design: AllDifferent) -> None:
    """Carry the run out, as `carry_out` does, with this design."""
    study = run.plan.study

    async def session() -> None:
        engine = Engine(
            run,
            scenario=design.scenario,
            design=design,
            judge=open_judge(study.judge),
            clients={model: open_client(model) for model in study.models},
        )
        await engine.carry_out()

    try:
        with calmly():
            asyncio.run(session())
    finally:
        run.close()
