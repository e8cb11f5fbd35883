"""Power for two rates, as the calculator and `am-studio power` answer it."""

from __future__ import annotations

import argparse

from am_studio.cli.stats_answers import Answer, Figure, share
from am_studio.foundation.errors import StudioError

TESTS = ("mid-p", "boschloo", "fisher", "auto")


def add_power_arguments(parser: argparse.ArgumentParser) -> None:
    """What both commands take beside the rates."""
    parser.add_argument("--n", type=int, metavar="N", help="trials of the first group: tells the power")
    parser.add_argument("--n0", type=int, metavar="N", help="trials of the second group; left out: as many")
    parser.add_argument("--power", type=share, default=0.8, metavar="P", help="the power to reach (default: .8)")
    parser.add_argument("--alpha", type=share, default=0.05, metavar="A", help="two-sided level (default: .05)")
    parser.add_argument(
        "--tests", type=int, default=1, metavar="K", help="Holm over K tests: its hardest step, alpha/K"
    )
    parser.add_argument("--method", choices=TESTS, default="mid-p", help="the test that will be used (default: mid-p)")


def power_of_rates(args: argparse.Namespace) -> Answer:
    """Two rates: the power at n, or the n for a power. One rate and n: the nearest rates that would be found."""
    if not 0 < args.alpha < 1 or not 0 < args.power < 1 or args.tests < 1:
        raise StudioError("a level and a power are between 0 and 1, and there is at least one test")
    if not 1 <= len(args.rates) <= 2:
        raise StudioError(f"{len(args.rates)} rates were given", hint="two to compare, such as .96 .55; one with --n")
    if len(args.rates) == 1:
        return _detectable(args)
    return _power(args) if args.n is not None else _size(args)


def _sizes(args: argparse.Namespace) -> tuple[int, int]:
    from am_studio.effects.regions import MOST

    n1, n0 = args.n, args.n if args.n0 is None else args.n0
    if min(n1, n0) < 1 or max(n1, n0) > MOST:
        raise StudioError(f"groups of {n1} and {n0}", hint=f"from 1 to {MOST:,} trials can be enumerated")
    return n1, n0


def _alpha(args: argparse.Namespace) -> float:
    return float(args.alpha) / int(args.tests)


def _told(args: argparse.Namespace) -> str:
    level = f"{_alpha(args):.3g}"
    return f"{args.method}, two-sided at {level}" + (f" (Holm's first step of {args.tests})" if args.tests > 1 else "")


def _power(args: argparse.Namespace) -> Answer:
    from am_studio.effects.power import power

    (p1, p0), (n1, n0) = args.rates, _sizes(args)
    chance = power(p1, n1, p0, n0, alpha=_alpha(args), test=args.method)
    figure = Figure("power", chance, method=f"exact enumeration, {_told(args)}")
    return Answer(f"{p1:g} against {p0:g}, n {n1} and {n0}", (figure,))


def _size(args: argparse.Namespace) -> Answer:
    from am_studio.effects.power import normal_sample_size, sample_size

    p1, p0 = args.rates
    question = f"{p1:g} against {p0:g}, power {args.power:g}"
    found = sample_size(p1, p0, power=args.power, alpha=_alpha(args), test=args.method)
    if found is None:
        why = "Equal rates cannot be told apart." if p1 == p0 else "More than 2000 trials a group would be needed."
        return Answer(question, (Figure("n a group", None),), (why,))
    figures = [
        Figure("n a group", found.n1, method=f"exact enumeration, {_told(args)}", digits=0),
        Figure("power at that n", found.power),
    ]
    if found.lasting_n1 != found.n1:
        figures.append(Figure("n from which it stays", found.lasting_n1, digits=0))
    approximate = normal_sample_size(p1, p0, power=args.power, alpha=_alpha(args))
    figures.append(Figure("for comparison", approximate, method="normal approximation, pooled", digits=0))
    return Answer(question, tuple(figures))


def _detectable(args: argparse.Namespace) -> Answer:
    from am_studio.effects.power import detectable

    if args.n is None:
        raise StudioError("with one rate, --n says how many trials", hint="or give two rates, such as .96 .55")
    (p0,), (n1, n0) = args.rates, _sizes(args)
    found = detectable(p0, n1, n0, power=args.power, alpha=_alpha(args), test=args.method)
    method = f"exact enumeration, {_told(args)}"
    figures = (
        Figure("greatest lower rate that would be found", found.lower, method=method, digits=3),
        Figure("smallest higher rate that would be found", found.higher, method=method, digits=3),
    )
    missing = [side for side, rate in (("lower", found.lower), ("higher", found.higher)) if rate is None]
    notes = tuple(f"No {side} rate would be found with power {args.power:g}." for side in missing)
    return Answer(f"{p0:g}, n {n1} and {n0}, power {args.power:g}", figures, notes)
