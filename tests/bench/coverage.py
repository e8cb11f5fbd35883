"""Do the intervals cover what they promise? `python -m tests.bench.coverage` prints figures and fails by exit code.

1. Exactly, on a grid of rates and sizes (`exact_coverage.py`).
2. By simulation: replicates of the single-line study on `sim/strategist`, each trial through the real protocol, reading
   and judge; the coverage of every difference's interval, against the known probability of the judged outcome.
3. The family-wise error of the tests with Holm's adjustment, when no removal does anything.

A simulated figure carries its Monte-Carlo error, and is held against the exact one within that error.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from am_studio.designs.base import NoResults, OpenDesign
from am_studio.designs.registry import open_design
from am_studio.effects.table import ArmCounts, removal_effects
from am_studio.judging import Judge, open_judge
from am_studio.models.base import Client
from am_studio.models.registry import open_client
from am_studio.models.simulated import explain
from am_studio.records import Counts, ModelFailure, Study, Variant
from am_studio.runs.study import load_study, scenario_location
from am_studio.scenarios import Scenario, load_scenario, situate
from am_studio.trials import hold_conversation, read_transcript
from tests.bench.exact_coverage import FLOOR, MEAN, check_exact, difference_coverage, mean_of

MODEL = "sim/strategist"
PER_ARM = 20
ERRORS = 4.0
"""Standard errors that a simulated figure may lie from the exact one: of a dozen such figures, a right one fails once in
a thousand benches."""


@dataclass(frozen=True)
class Bench:
    """The study with everything that a trial needs, opened once a process."""

    study: Study
    scenario: Scenario
    client: Client
    judge: Judge

    def design(self, seed: int) -> OpenDesign:
        """The study's design in the replicate with this seed."""
        return open_design(replace(self.study, seed=seed), self.scenario)

    async def trial(self, variant: Variant, seed: int) -> tuple[str, str]:
        """One trial through the real pipeline: the kind of reply that was meant, and the judge's answer."""
        situation = situate(self.scenario, variant, "inline")
        model = self.study.models[0]
        transcript = await hold_conversation(
            situation, self.client.ask, sampling=self.study.sampling, seed=seed, model=model
        )
        assert not isinstance(transcript, ModelFailure)
        reading = read_transcript(transcript, situation)
        verdicts = self.judge.judge(reading, transcript, situation, self.scenario.questions)
        answer = next(verdict.answer for verdict in verdicts if verdict.outcome == self.study.outcome)
        intent = transcript.replies[-1].intent
        assert intent is not None
        return intent.kind, answer


@cache
def bench() -> Bench:
    """The bundled single-line study, with few trials an arm."""
    study = replace(load_study("ablations/single-line.yaml"), trials={"per_arm": PER_ARM})
    assert [model.name for model in study.models] == [MODEL]
    return Bench(study, load_scenario(scenario_location(study)), open_client(study.models[0]), open_judge(study.judge))


@dataclass(frozen=True)
class Tally:
    """Results of one replicate, as a design reads them."""

    arms: dict[str, Counts]

    def planned(self) -> int:
        """All trials of the replicate."""
        return sum(counts.planned for counts in self.arms.values())

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        """The counts of the one model and outcome there are."""
        return self.arms[arm]


# 2. The real pipeline ------------------------------------------------------------------------------------------------------


def true_rates(draws: int) -> dict[str, float]:
    """For every arm the probability of a judged `yes`: sum over kinds of P(kind), exact, times P(yes | kind), drawn."""
    here, rates = bench(), {}
    print(f"\nP(judged yes | kind of reply), over {draws} draws an arm (those that are neither 0 nor 1 are estimates)")
    for arm in here.design(0).arms():
        prompt = situate(here.scenario, arm.variant, "inline").prompt
        chances = explain(tuple((message.role, message.text) for message in prompt.messages), MODEL).kind_probabilities
        assert math.isclose(sum(chances.values()), 1.0)
        drawn = asyncio.run(_many(arm.variant, range(10**9, 10**9 + draws)))
        given = {kind: drawn[kind, "yes"] / n for kind in chances if (n := sum(drawn[kind, a] for a in ANSWERS))}
        assert all(given.get(kind) is not None or chance < 10 / draws for kind, chance in chances.items())
        rates[arm.name] = sum(chance * given.get(kind, 0.0) for kind, chance in chances.items())
        told = ", ".join(f"{kind} {share:.4g}" for kind, share in given.items() if share)
        print(f"  {arm.name:<28} {rates[arm.name]:.4f}   {told or 'always 0'}")
    return rates


ANSWERS = ("yes", "no", "unclear")


async def _many(variant: Variant, seeds: range) -> Counter[tuple[str, str]]:
    return Counter([await bench().trial(variant, seed) for seed in seeds])


def replicate(seed: int) -> dict[str, tuple[int, int, float, float]]:
    """One run of the study: for every removal its completed trials, the baseline's, and the interval's bounds."""
    here = bench()
    design = here.design(seed)

    async def run() -> Counter[tuple[str, str]]:
        specs = design.next_trials(NoResults())
        return Counter([(spec.arm, (await here.trial(spec.variant, spec.seed))[1]) for spec in specs])

    seen = asyncio.run(run())
    arms = {}
    for arm in design.arms():
        yes, no, unclear = (seen[arm.name, answer] for answer in ANSWERS)
        arms[arm.name] = Counts(yes + no + unclear, yes, no, unclear)
    table = design.analyse(Tally(arms), here.study.outcome, MODEL)
    n0 = table.baseline.completed
    return {e.arm: (e.rate.n, n0, e.interval.low, e.interval.high) for e in table.effects if e.interval}


def check_pipeline(replicates: int, processes: int) -> list[str]:
    """Print the simulated coverage of every removal's difference; what is wrong with it."""
    rates = true_rates(4_000)
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        runs = pool.map(replicate, range(replicates), chunksize=25)
    trials = replicates * bench().design(0).greatest()
    print(
        f"\nCoverage over {replicates} replicates ({trials:,} trials, {time.monotonic() - began:.0f} s), {MODEL}, SIMULATED"
    )
    print(f"  {'arm':<28} {'true difference':>15}  coverage  Monte-Carlo error  exact")
    wrong, shares = [], []
    for arm in bench().design(0).arms()[1:]:
        truth = rates[arm.name] - rates["baseline"]
        bounds = [run[arm.name] for run in runs]
        share = mean_of(low <= truth <= high for _, _, low, high in bounds)
        n1, n0 = bounds[0][:2]
        exact = difference_coverage(n1, rates[arm.name], n0, rates["baseline"])
        error = math.sqrt(exact * (1 - exact) / replicates)
        print(f"  {arm.name:<28} {truth:>+15.4f}  {share:>8.4f}  {error:>17.4f}  {exact:.4f}")
        shares.append(share)
        if abs(share - exact) > ERRORS * error + 1e-9:
            wrong.append(f"{arm.label}: coverage {share:.4f} is not the exact {exact:.4f}")
        if share < FLOOR - ERRORS * error:
            wrong.append(f"{arm.label}: coverage {share:.4f} is under {FLOOR}")
    mean, error = mean_of(shares), math.sqrt(0.05 * 0.95 / replicates)
    print(f"  {'mean':<28} {'':>15}  {mean:>8.4f}  {error:>17.4f}")
    if not MEAN[0] - ERRORS * error <= mean <= MEAN[1] + ERRORS * error:
        wrong.append(f"mean coverage {mean:.4f} is outside {MEAN}")
    return wrong


# 3. Removals that do nothing -----------------------------------------------------------------------------------------------


def check_family(replicates: int) -> list[str]:
    """Print how often any of five removals that do nothing is called different at 5 %; what is wrong with it."""
    removals, n1 = 5, PER_ARM
    n0 = math.ceil(n1 * math.sqrt(removals))
    print(
        f"\nFamily-wise error of Holm over {removals} removals that do nothing, {replicates} replicates, n={n1} v {n0}"
    )
    wrong = []
    for p in (0.05, 0.5, 0.85):
        chance = random.Random(f"null {p}")
        false = mean_of(min(_null_ps(chance, p, removals, n1, n0)) <= 0.05 for _ in range(replicates))
        error = math.sqrt(0.05 * 0.95 / replicates)
        print(f"  rate {p:<5g} {false:.4f}  (at most .05; Monte-Carlo error {error:.4f})")
        if false > 0.05 + ERRORS * error:
            wrong.append(f"family-wise error {false:.4f} at rate {p}")
    return wrong


def _null_ps(chance: random.Random, p: float, removals: int, n1: int, n0: int) -> Iterator[float]:
    def drawn(n: int) -> Counts:
        yes = sum(chance.random() < p for _ in range(n))
        return Counts(n, yes, n - yes)

    arms = [ArmCounts(str(number), str(number), (), drawn(n1)) for number in range(removals)]
    told = {"outcome": "none", "model": "none", "estimand": "none"}
    table = removal_effects(drawn(n0), arms, simulated=True, **told)
    return (effect.p_adjusted for effect in table.effects if effect.p_adjusted is not None)


def main() -> int:
    """Print all figures; 1 when any is outside what can be asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=5_000)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    wrong = check_exact()
    wrong += check_pipeline(arguments.replicates, arguments.processes)
    wrong += check_family(arguments.replicates)
    print("\n" + ("\n".join(f"WRONG: {told}" for told in wrong) or "All figures are what can be asked."))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
