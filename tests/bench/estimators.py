"""Estimators, stopping rules and judge corrections: `python -m tests.bench.estimators` fails by exit code.

1. Firth's model and marginal comparisons of random subsets in five worlds: family-wise error, power, coverage.
2. Group-sequential looks with the exact test that is used: false positives, and trials saved.
3. The e-process watched after every pair, and the SPRT by exact recursion.
4. Intervals over strata, of interactions, of ratios, and of rates corrected for a judge that errs.

Every simulated figure carries its Monte-Carlo error. `--scale 0.2` is quick, `--scale 4` is thorough.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable

import numpy as np

from am_studio.effects.evalue import EProcess
from am_studio.effects.firth import FirthFit, Row, fit_firth, g_computed_differences, lr_tests
from am_studio.effects.judge_error import Checked, corrected_rate, rogan_gladen
from am_studio.effects.marginal import marginal_effects
from am_studio.effects.multiplicity import holm
from am_studio.effects.ratio import risk_ratio
from am_studio.effects.regions import binomial, rejection_region
from am_studio.effects.sequential import Spending, group_sequential
from am_studio.effects.sprt import Sprt
from am_studio.effects.stratified import difference_of_differences, stratified_difference
from tests.bench.exact_coverage import FLOOR, RATES
from tests.bench.worlds import DETAILS, WORLDS, average_effects

ERRORS = 3.5
FAMILY_WISE = 0.065
POWER_ADDITIVE = (0.95, 0.95, 0.75)


class Verdicts:
    """What is outside what can be asked."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def at_most(self, told: str, value: float, limit: float, n: int) -> str:
        """Note a share above the limit by more than its Monte-Carlo error explains; how it is printed."""
        error = math.sqrt(max(limit * (1 - limit), 0) / n)
        if value > limit + ERRORS * error:
            self.wrong.append(f"{told}: {value:.4f} is above {limit}")
        return f"{value:.4f} (±{error:.4f})"

    def at_least(self, told: str, value: float, limit: float, n: int) -> str:
        """Note a share below the limit by more than its Monte-Carlo error explains; how it is printed."""
        error = math.sqrt(limit * (1 - limit) / n)
        if value < limit - ERRORS * error:
            self.wrong.append(f"{told}: {value:.4f} is below {limit}")
        return f"{value:.4f} (±{error:.4f})"


# 1. Random subsets ---------------------------------------------------------------------------------------------------------


def check_worlds(verdicts: Verdicts, replicates: int, trials: int, q: float) -> None:
    print(f"\nRandom subsets, k=8, N={trials}, q={q}, Holm 5 %, {replicates} replicates")
    print(f"  {'world':<13} {'model':<9} family-wise error   power of active details      coverage: least, mean")
    for name, (world, active) in WORLDS.items():
        truth, chance = average_effects(world, q), np.random.default_rng(11)
        models: dict[str, list[tuple[list[bool], list[bool]]]] = {"firth": [], "marginal": []}
        for _ in range(replicates):
            on = chance.random((trials, DETAILS)) < q
            yes = chance.random(trials) < world(on)
            rows = [Row(tuple(map(float, x)), int(k), 1) for x, k in zip(on, yes, strict=True)]
            marginal = marginal_effects(rows)
            models["marginal"].append(_found([m.p for m in marginal], [m.interval for m in marginal], truth))
            fit = fit_firth(rows)
            assert isinstance(fit, FirthFit)
            averages = [g.interval if g else None for g in g_computed_differences(fit)]
            models["firth"].append(_found(list(lr_tests(fit)), averages, truth))
        for model, results in models.items():
            rejected, covered = (np.array([r[part] for r in results]) for part in (0, 1))
            told, shares = f"{name}, {model}, q={q}", covered.mean(axis=0)
            family = verdicts.at_most(
                f"family-wise error, {told}", rejected[:, active:].any(axis=1).mean(), FAMILY_WISE, replicates
            )
            for share in shares:
                verdicts.at_least(f"coverage, {told}", float(share), FLOOR, replicates)
            powers = rejected[:, :active].mean(axis=0)
            if name == "additive" and model == "firth" and q == 0.5 and trials == 320:
                for power, least in zip(powers, POWER_ADDITIVE, strict=True):
                    verdicts.at_least(f"power, {told}", float(power), least, replicates)
            print(
                f"  {name:<13} {model:<9} {family:<18}  {' '.join(f'{p:.3f}' for p in powers):<27}  "
                f"{shares.min():.3f} {shares.mean():.3f}"
            )


def _found(ps, intervals, truth):
    rejected = [p <= 0.05 for p in holm([1.0 if p is None else p for p in ps])]
    inside = [i is not None and i.low <= t <= i.high for i, t in zip(intervals, truth, strict=True)]
    return rejected, inside


# 2. Looks ------------------------------------------------------------------------------------------------------------------


def check_looks(verdicts: Verdicts, replicates: int) -> None:
    print(f"\nGroup-sequential looks, Boschloo's test at each, {replicates:,} replicates; at most .05 false positives")
    print(f"  {'looks':<24} {'n':>4} {'rates':<12} effect found        mean share of the trials")
    for looks, spending in ((3, "obrien-fleming"), (5, "obrien-fleming"), (3, "pocock"), (5, "pocock")):
        for n in (30, 60, 120):
            for p1, p0 in ((0.05, 0.05), (0.5, 0.5), (0.9, 0.9), (0.9, 0.6)):
                rejected, used = _sequential(looks, spending, n, p1, p0, replicates)
                told = f"{looks} looks, {spending}, n={n}, {p1} v {p0}"
                shown = verdicts.at_most(told, rejected, 0.05, replicates) if p1 == p0 else f"{rejected:.4f}"
                if n == 60 or p1 == p0 == 0.5:
                    print(f"  {looks} {spending:<22} {n:>4} {p1:g} v {p0:<6g} {shown:<18}  {used:.2f}")


def _sequential(looks: int, spending: Spending, n: int, p1: float, p0: float, replicates: int) -> tuple[float, float]:
    chance = np.random.default_rng(5)
    sizes = [round(n * look / looks) for look in range(1, looks + 1)]
    planned = group_sequential([size / n for size in sizes], spending=spending)
    k1, k0, before = (np.zeros(replicates, dtype=int) for _ in range(3))
    going, found, used, before = np.ones(replicates, bool), np.zeros(replicates, bool), np.zeros(replicates), 0
    for size, look in zip(sizes, planned, strict=True):
        k1 = k1 + chance.binomial(size - before, p1, replicates)
        k0 = k0 + chance.binomial(size - before, p0, replicates)
        used[going] = size / n
        hit = going & rejection_region(size, size, look.p_nominal, "boschloo")[k1, k0]
        found |= hit
        # Futility is non-binding: the error rate must hold where its advice is not taken.
        going &= ~hit
        before = size
    return float(found.mean()), float(used.mean())


def check_peeking(verdicts: Verdicts) -> None:
    """Why looks are planned: the false positives of a test after every pair, by exact recursion."""
    n, p = 50, 0.5
    alive, found = np.ones((1, 1)), 0.0
    for size in range(1, n + 1):
        after = np.zeros((size + 1, size + 1))
        for a, share_a in ((0, 1 - p), (1, p)):
            for b, share_b in ((0, 1 - p), (1, p)):
                after[a : a + size, b : b + size] += alive * share_a * share_b
        region = rejection_region(size, size, 0.05, "fisher-mid-p")
        found += float(after[region].sum())
        alive = np.where(region, 0.0, after)
    print(f"\nPeeking after each of {n} pairs with mid-p at .05: {found:.4f} false positives (exact)")
    if not 0.2 < found < 0.4:
        verdicts.wrong.append(f"peeking: {found:.4f}, known to be between .2 and .4")


# 3. e-process and SPRT -----------------------------------------------------------------------------------------------------


def check_e_process(verdicts: Verdicts, replicates: int, pairs: int = 300) -> None:
    print(f"\ne-process watched after every pair, up to {pairs} pairs, {replicates} replicates; at most .05")
    for block in ((1, 1), (1, 2)):
        for p in (0.02, 0.05, 0.5, 0.96):
            chance, rejected = np.random.default_rng(3), 0
            for _ in range(replicates):
                outcomes, state = chance.random((pairs, sum(block))) < p, EProcess(block)
                for row in outcomes:
                    for place, yes in enumerate(row):
                        state = state.update(1 if place < block[0] else 0, bool(yes))
                    if state.rejects():
                        rejected += 1
                        break
            told = verdicts.at_most(f"e-process {block}, p={p}", rejected / replicates, 0.05, replicates)
            print(f"  block {block}, both rates {p:<5g} {told}")


def check_sprt(verdicts: Verdicts) -> None:
    print("\nSPRT at .05 and .05, exact\n  rates          error at p0  error at p1  expected trials")
    for p0, p1 in ((0.3, 0.85), (0.1, 0.5), (0.5, 0.8), (0.03, 0.9)):
        test = Sprt(p0, p1)
        low, high = test.course(p0), test.course(p1)
        print(f"  {p0:<4g} v {p1:<6g} {low.high:>10.4f} {high.low:>12.4f}     {low.trials:.1f} and {high.trials:.1f}")
        # Wald's bounds: each error at most its level over 1 minus the other, and their sum at most that of the levels.
        if low.high > 0.05 / 0.95 or high.low > 0.05 / 0.95 or low.high + high.low > 0.1:
            verdicts.wrong.append(f"SPRT {p0} v {p1}: errors {low.high:.4f}, {high.low:.4f}")


# 4. Other intervals --------------------------------------------------------------------------------------------------------


def check_ratios(verdicts: Verdicts) -> None:
    print(f"\nExact coverage of the score interval of a ratio (floor {FLOOR})\n     n  least    at p1, p0")
    for n in (10, 20):
        cells = {}
        for p1 in RATES:
            for p0 in RATES[1:]:
                shares = np.outer(binomial(n, p1), binomial(n, p0))
                cells[p1, p0] = sum(
                    float(shares[k1, k0])
                    for k1, k0 in zip(*np.nonzero(shares > 1e-12), strict=True)
                    if _contains(risk_ratio(int(k1), n, int(k0), n).interval, p1 / p0)
                )
        least = min(cells, key=cells.__getitem__)
        print(f"  {n:>4}  {cells[least]:.3f}    {least[0]:g}, {least[1]:g}")
        if cells[least] < FLOOR:
            verdicts.wrong.append(f"ratio, n={n}: coverage {cells[least]:.4f} is under {FLOOR}")


def _contains(interval, truth: float) -> bool:
    return interval is not None and interval.low - 1e-9 <= truth <= interval.high + 1e-9


def check_strata(verdicts: Verdicts, replicates: int) -> None:
    print(f"\nCoverage over strata and of interactions, {replicates} replicates (floor {FLOOR})")
    cases = {
        "3 strata of 20, difference .3": ([(0.9, 0.6), (0.6, 0.3), (0.4, 0.1)], 20, 0.3),
        "20 strata of 4, difference .2": ([(0.5, 0.3)] * 10 + [(0.9, 0.7)] * 10, 4, 0.2),
        "4 strata of 10, no difference": ([(0.05, 0.05), (0.5, 0.5), (0.9, 0.9), (0.3, 0.3)], 10, 0.0),
    }
    for told, (strata, n, truth) in cases.items():
        chance = np.random.default_rng(2)

        def strata_hit(chance=chance, strata=strata, n=n, truth=truth) -> bool:
            drawn = [(int(chance.binomial(n, p1)), n, int(chance.binomial(n, p0)), n) for p1, p0 in strata]
            return _contains(stratified_difference(drawn).interval, truth)

        print(f"  {told:<34} {_coverage(verdicts, told, strata_hit, replicates)}")
    for (a1, a0, b1, b0), n in (((0.9, 0.1, 0.5, 0.4), 20), ((0.5, 0.5, 0.5, 0.5), 20), ((0.96, 0.05, 0.96, 0.05), 10)):
        chance, truth = np.random.default_rng(4), a1 - a0 - b1 + b0

        def interaction_hit(chance=chance, rates=(a1, a0, b1, b0), n=n, truth=truth) -> bool:
            k = [int(chance.binomial(n, p)) for p in rates]
            found = difference_of_differences((k[0], n, k[1], n), (k[2], n, k[3], n))
            return _contains(found.interval, truth)

        told = f"interaction {a1:g}-{a0:g} v {b1:g}-{b0:g}, n={n}"
        print(f"  {told:<34} {_coverage(verdicts, told, interaction_hit, replicates)}")


def _coverage(verdicts: Verdicts, told: str, hit: Callable[[], bool], replicates: int) -> str:
    return verdicts.at_least(f"coverage, {told}", sum(hit() for _ in range(replicates)) / replicates, FLOOR, replicates)


def check_judges(verdicts: Verdicts, replicates: int) -> None:
    print(f"\nCoverage of rates corrected for a judge that errs, {replicates} replicates (floor {FLOOR})")
    print("  true rate, Se, Sp, n, checked no    by stratum           Rogan-Gladen, 100 + 100 apart")
    for true, se, sp, n, looked in ((0.5, 0.9, 0.95, 100, 20), (0.05, 0.8, 0.98, 200, 50), (0.9, 0.95, 0.9, 100, 30)):
        chance, hits = np.random.default_rng(6), [0, 0]
        for _ in range(replicates):
            truth = chance.random(n) < true
            said = np.where(truth, chance.random(n) < se, chance.random(n) >= sp)
            yes, no = truth[said], truth[~said]
            sampled = chance.permutation(no)[:looked]
            strata = Checked(len(yes), len(yes), int(yes.sum())), Checked(len(no), len(sampled), int(sampled.sum()))
            hits[0] += _contains(corrected_rate(*strata, draws=1000).interval, true)
            apart = (int(chance.binomial(100, se)), 100), (int(chance.binomial(100, sp)), 100)
            hits[1] += _contains(rogan_gladen(int(said.sum()), n, *apart).interval, true)
        named = f"{true:g}, {se:g}, {sp:g}, {n}, {looked}"
        shown = [
            verdicts.at_least(f"{kind}, {named}", hit / replicates, FLOOR, replicates)
            for kind, hit in zip(("by stratum", "Rogan-Gladen"), hits, strict=True)
        ]
        print(f"  {named:<34}  {shown[0]:<20} {shown[1]}")


def main() -> int:
    """Print all figures; 1 when any is outside what can be asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="times the replicates")
    scale = parser.parse_args().scale
    began, verdicts = time.monotonic(), Verdicts()

    def times(replicates: int) -> int:
        return max(int(replicates * scale), 50)

    check_worlds(verdicts, times(300), 320, 0.5)
    check_worlds(verdicts, times(150), 320, 0.75)
    check_looks(verdicts, times(50_000))
    check_peeking(verdicts)
    check_e_process(verdicts, times(800))
    check_sprt(verdicts)
    check_ratios(verdicts)
    check_strata(verdicts, times(2_000))
    check_judges(verdicts, times(1_500))
    print(f"\n{time.monotonic() - began:.0f} s")
    print("\n".join(f"WRONG: {told}" for told in verdicts.wrong) or "All figures are what can be asked.")
    return 1 if verdicts.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
