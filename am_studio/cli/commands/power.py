"""Power before paying, by exact enumeration of the test that will be used.

Of a study: the smallest change in each row that would be found, and what other numbers of trials would find and cost.

  am-studio power single-line --baseline .9 --changed .5

Of two rates:

  am-studio power --rates .96 .55                 trials needed for a power of .8
  am-studio power --rates .96 .55 --n 15          the power at 15 trials a group
  am-studio power --rates .96 --n 60 --n0 135     the nearest rates that would be found
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from am_studio.cli.commands.plan import add_study_changes
from am_studio.cli.commands.stats import as_json, show
from am_studio.cli.console import columns, data, emit_json
from am_studio.cli.power_answers import add_power_arguments, power_of_rates
from am_studio.cli.stats_answers import share
from am_studio.foundation.errors import StudioError
from am_studio.reports.numbers import money, percent

if TYPE_CHECKING:
    from am_studio.runs.study_power import StudyPower

USUAL_BASELINE = 0.9
"""Assumed where nothing is said: a scenario that elicits the outcome nearly always."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A study, or two rates."""
    parser.add_argument("study", nargs="?", help="a study file, or the name of one; left out: give --rates")
    add_study_changes(parser)
    parser.add_argument("--rates", type=share, nargs="+", metavar="RATE", help="two rates, or one with --n")
    parser.add_argument(
        "--baseline", type=share, metavar="P", help=f"of a study: the assumed baseline rate (default: {USUAL_BASELINE})"
    )
    parser.add_argument("--changed", type=share, metavar="P", help="of a study: the assumed rate with a change")
    add_power_arguments(parser)
    parser.add_argument("--json", action="store_true", help="the numbers as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the power."""
    if (args.study is None) == (args.rates is None):
        raise StudioError("give a study, or --rates", hint="such as am-studio power --rates .96 .55")
    if args.rates is not None:
        answer = power_of_rates(args)
        if args.json:
            emit_json(as_json(answer))
        else:
            show(answer)
        return 0
    found = _of_study(args)
    if args.json:
        emit_json(_study_json(found))
    else:
        _show_study(found)
    return 0


def _of_study(args: argparse.Namespace) -> StudyPower:
    from am_studio.runs.carry import plan_study
    from am_studio.runs.study import load_study, with_changes
    from am_studio.runs.study_power import study_power

    if args.n is not None or args.n0 is not None:
        raise StudioError("--n and --n0 go with --rates", hint="for a study: --trials N, trials an arm")
    if not 0 < args.alpha < 1 or not 0 < args.power < 1:
        raise StudioError("a level and a power are between 0 and 1")
    study = with_changes(load_study(args.study), models=tuple(args.model), per_arm=args.trials, seed=args.seed)
    plan, scenario = plan_study(study)
    baseline = USUAL_BASELINE if args.baseline is None else args.baseline
    return study_power(
        plan, scenario, baseline=baseline, changed=args.changed, wanted=args.power, alpha=args.alpha
    )  # fmt: skip


def _study_json(found: StudyPower) -> dict[str, Any]:
    plain = asdict(found)
    del plain["plan"]
    return {
        "study": found.plan.study.name,
        "plan_hash": found.plan.hash,
        "trials": found.plan.trials,
        "greatest_cost": found.plan.greatest_cost,
        "hardest_alpha": found.alpha / found.tests,
        **plain,
    }


def _show_study(found: StudyPower) -> None:
    plan, hardest = found.plan, found.alpha / found.tests
    cost = money(plan.greatest_cost)
    data(f"{plan.study.name}: {found.tests} comparisons a model, {plan.trials:,} trials, at most {cost}")
    whose = (
        "the rate with a detail in place, over random sets of the others," if found.random else "the baseline's rate"
    )
    data(f"Assumed: {whose} is {percent(found.baseline)} %. Power to reach: {found.wanted:g}. Exact enumeration.")
    steps = f"two-sided at {hardest:.3g} at the hardest step, {found.alpha:g} at the easiest"
    data(f"Adjustment over {found.tests} ({found.adjustment}): {steps}.")
    if found.random:
        data("Each detail compared by itself; a model of all details finds more.")
    data()
    against = "with it" if found.random else "of the baseline"
    changed = "without the detail" if found.random else "of a changed arm"
    for reach in found.reaches:
        groups = reach.groups
        data(f"{reach.rows} x {groups.changed} trials {changed} against {groups.reference} {against} ({reach.test})")
        for step, smallest in (("hardest", reach.hardest), ("easiest", reach.easiest)):
            told = f"drop {_points(smallest.drop)}, rise {_points(smallest.rise)}"
            data(f"  smallest change found at the {step} step: {told}")
        if reach.power is not None and found.changed is not None:
            data(
                f"  power where the rate {changed} is {percent(found.changed)} %: {_chance(reach.power)} at the hardest step"
            )
    data()
    data("Other numbers of trials, at the hardest step")
    sizes = [
        (
            *(f"{n:,}" for n in (size.groups.changed, size.groups.reference, size.trials)),
            *map(_points, (size.smallest.drop, size.smallest.rise)),
            money(size.greatest_cost),
        )
        for size in found.sizes
    ]
    columns(("changed", "against", "in all", "smallest drop", "smallest rise", "greatest cost"), sizes, "rrr")


def _points(size: float | None) -> str:
    return "none" if size is None else f"{100 * size:.1f} points"


def _chance(power: float) -> str:
    """A power; rounding does not make it a certainty."""
    return ">.999" if 0.9995 <= power < 1 else f"{power:.3f}"
