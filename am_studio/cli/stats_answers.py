"""What the calculator answers: one function a question, from numbers on the command line to values with their methods.

Nothing is printed here. Every value that is estimated has an interval beside it, and both have a method; where none can
be given, a note says why.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.records import Interval


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of an answer."""

    name: str
    value: float | str | None
    """None: undefined, or infinite."""
    interval: Interval | None = None
    method: str = ""
    digits: int = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question."""

    question: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = field(default=())


Count = tuple[int, int]


def count(text: str) -> Count:
    """`7/50` as (7, 50); StudioError for what is no count of trials."""
    k, slash, n = text.partition("/")
    if not slash or not k.strip().isdecimal() or not n.strip().isdecimal():
        raise StudioError(f"'{text}' is no count of trials", hint="yes/trials, such as 7/50")
    yes, trials = int(k), int(n)
    if yes > trials:
        raise StudioError(f"{text}: more yes than trials", hint="yes/trials, such as 7/50")
    if not trials:
        raise StudioError(f"{text}: there is no trial")
    return yes, trials


def stratum(text: str) -> tuple[int, int, int, int]:
    """`8/10,2/10` as (8, 10, 2, 10); StudioError for anything else."""
    parts = text.split(",")
    if len(parts) != 2:
        raise StudioError(f"'{text}' is no pair of groups", hint="with,without, such as 8/10,2/10")
    return *count(parts[0]), *count(parts[1])


def share(text: str) -> float:
    """A number from 0 to 1; StudioError for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise StudioError(f"'{text}' is not between 0 and 1", hint="such as .05")
    return value


def rate(args: argparse.Namespace) -> Answer:
    """One rate."""
    from am_studio.effects.intervals import RateMethod, rate_interval

    k, n = args.counts
    method: RateMethod = args.method or "wilson"
    interval = rate_interval(k, n, args.level, method)
    notes = () if 0 < k < n else (f"{k}/{n} is not {100 * k // n} %: the interval says what it is compatible with.",)
    return Answer(f"rate {k}/{n}", (Figure("rate", k / n, interval),), notes)


def difference(args: argparse.Namespace) -> Answer:
    """The difference of two rates, with a test."""
    from am_studio.effects.intervals import DifferenceMethod, difference_interval

    (k1, n1), (k0, n0) = args.counts, args.other
    method: DifferenceMethod = args.method or "miettinen-nurminen"
    interval = difference_interval(k1, n1, k0, n0, level=args.level, method=method)
    figures = [Figure("difference", k1 / n1 - k0 / n0, interval), _tested(args.counts, args.other, "auto")]
    return Answer(f"difference {k1}/{n1} minus {k0}/{n0}", tuple(figures))


def ratio(args: argparse.Namespace) -> Answer:
    """The ratio of two rates."""
    from am_studio.effects.ratio import risk_ratio

    (k1, n1), (k0, n0) = args.counts, args.other
    found = risk_ratio(k1, n1, k0, n0, level=args.level, method=args.method or "miettinen-nurminen")
    notes = ("The second group has no yes: there is no ratio.",) if found.value is None else ()
    return Answer(f"ratio {k1}/{n1} to {k0}/{n0}", (Figure("ratio", found.value, found.interval),), notes)


def test(args: argparse.Namespace) -> Answer:
    """A test of two rates."""
    (k1, n1), (k0, n0) = args.counts, args.other
    return Answer(f"{k1}/{n1} against {k0}/{n0}", (_tested(args.counts, args.other, args.method or "auto"),))


def _tested(one: Count, zero: Count, method: Any) -> Figure:
    from am_studio.effects.tests import compare

    found = compare(*one, *zero, method)
    return Figure("p, two-sided", found.p, method=found.test, digits=5)


def adjust(args: argparse.Namespace) -> Answer:
    """p-values adjusted for their number."""
    from am_studio.effects.multiplicity import adjust as adjusted

    names = {"bh": "benjamini-hochberg"}
    method: Any = names.get(args.method, args.method or "holm")
    values = adjusted(args.ps, method)
    figures = tuple(
        Figure(f"p {p:g}", value, method=method, digits=5) for p, value in zip(args.ps, values, strict=True)
    )  # fmt: skip
    below = sum(value <= 1 - args.level for value in values)
    notes = [f"{below} of {len(values)} at most {1 - args.level:.3g}."]
    if method == "benjamini-hochberg":
        notes.append("For screening: what it finds is tested again on fresh trials.")
    return Answer("adjusted p-values", figures, tuple(notes))


def kappa(args: argparse.Namespace) -> Answer:
    """Agreement of two judges."""
    from am_studio.effects.agreement import cohen_kappa

    size = math.isqrt(len(args.cells))
    if size < 2 or size * size != len(args.cells):
        raise StudioError(
            f"{len(args.cells)} numbers are no square table", hint="row by row, such as 40 9 6 45 for two categories"
        )
    table = [args.cells[row * size : (row + 1) * size] for row in range(size)]
    if not any(args.cells):
        raise StudioError("the table is empty")
    found = cohen_kappa(table, args.level)
    figures = (
        Figure("kappa", found.value, found.interval, "Cohen"),
        Figure("observed agreement", found.observed),
        Figure("agreement by chance", found.by_chance),
    )
    notes = ("Chance alone already makes agreement certain: kappa is undefined.",) if found.value is None else ()
    return Answer(f"agreement over {found.n}", figures, notes)


def cmh(args: argparse.Namespace) -> Answer:
    """An effect over strata, and whether it is the same in all."""
    from am_studio.effects.stratified import cmh as associated
    from am_studio.effects.stratified import homogeneity, stratified_difference

    found = associated(args.strata, correction=args.correction, level=args.level)
    pooled, same = stratified_difference(args.strata, args.level), homogeneity(args.strata)
    figures = (
        Figure("difference", pooled.value, pooled.interval),
        Figure("odds ratio", found.odds_ratio, found.interval, "mantel-haenszel"),
        Figure("chi-squared", found.statistic),
        Figure("p, two-sided", found.p, method="cochran-mantel-haenszel", digits=5),
        Figure("p of equal odds ratios", same.p, method="breslow-day-tarone", digits=5),
    )
    return Answer(f"{len(args.strata)} strata", figures)


def interaction(args: argparse.Namespace) -> Answer:
    """Whether an effect differs between two contexts."""
    from am_studio.effects.stratified import interaction as between

    found = between(args.here, args.there, args.level)
    figures = (
        Figure("difference of differences", found.value, found.interval),
        Figure("p of the interaction", found.p, method="firth, likelihood ratio (log-odds scale)", digits=5),
    )
    return Answer("the first effect minus the second", figures)


def power(args: argparse.Namespace) -> Answer:
    """The power at n, the n for a power, or what n can find."""
    from am_studio.cli.power_answers import power_of_rates

    return power_of_rates(args)


def equivalence(args: argparse.Namespace) -> Answer:
    """Effect, equivalence or neither, and how many more trials."""
    from am_studio.effects.equivalence import conclude, trials_needed
    from am_studio.effects.intervals import miettinen_nurminen
    from am_studio.effects.tests import compare

    (k1, n1), (k0, n0) = args.counts, args.other
    interval, found = miettinen_nurminen(k1, n1, k0, n0, args.level), compare(k1, n1, k0, n0)
    verdict = conclude(interval, found.p, 1 - args.level, args.delta)
    figures = [
        Figure("conclusion", verdict),
        Figure("difference", k1 / n1 - k0 / n0, interval),
        Figure("p, two-sided", found.p, method=found.test, digits=5),
    ]
    notes: tuple[str, ...] = ()
    if verdict == "undetermined":
        needed = trials_needed(k1, n1, k0, n0, delta=args.delta, level=args.level)
        notes = (
            "At the observed rates no number of trials would settle it."
            if needed is None
            else f"At the observed rates about {needed.more1} + {needed.more0} more trials would show: {needed.aim}.",
        )
    return Answer(f"{k1}/{n1} against {k0}/{n0}, margin {args.delta:g}", tuple(figures), notes)


def rogan_gladen(args: argparse.Namespace) -> Answer:
    """A rate corrected by a separate validation set."""
    from am_studio.effects.judge_error import rogan_gladen as corrected

    k, n = args.counts
    found = corrected(k, n, args.sensitivity, args.specificity, args.level)
    notes = ["Only for a validation set that was drawn apart from the verdicts, at random."]
    if found.value is None:
        notes.append("The judge is no better than chance: nothing can be corrected.")
    figure = Figure("rate", found.value, found.interval, "rogan-gladen", digits=5)
    return Answer(f"true rate behind {k}/{n}", (figure,), tuple(notes))


def checked(args: argparse.Namespace) -> Answer:
    """A rate corrected by trials that were checked after the verdicts."""
    from am_studio.effects.judge_error import Checked, corrected_rate

    strata = []
    for (n, (true, looked)), verdict in ((args.yes, "yes"), (args.no, "no")):
        if looked > n:
            raise StudioError(f"{looked} of {n} trials said {verdict} were checked: more than there are")
        strata.append(Checked(n, looked, true))
    found = corrected_rate(*strata, level=args.level, seed=args.seed)
    n = strata[0].trials + strata[1].trials
    if not n:
        raise StudioError("there is no trial")
    raw = strata[0].trials / n
    figures = (Figure("rate", found.value, found.interval, "weighted by stratum"), Figure("as judged", raw))
    return Answer(f"true rate of {n} trials", figures)


def looks(args: argparse.Namespace) -> Answer:
    """The looks of a group-sequential study."""
    from am_studio.effects.sequential import group_sequential

    planned = group_sequential(args.number, alpha=1 - args.level, spending=args.method or "obrien-fleming")
    figures = []
    for number, look in enumerate(planned, start=1):
        figures.append(Figure(f"look {number} at {look.fraction:.0%}: effect if p at most", look.p_nominal, digits=5))
        if look.futility is not None:
            figures.append(Figure(f"look {number}: futile if p above", look.futility, digits=3))
    spending = args.method or "obrien-fleming"
    return Answer(f"{args.number} looks, {spending} spending (Lan-DeMets), two-sided", tuple(figures))


QUESTIONS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "rate": rate,
    "difference": difference,
    "ratio": ratio,
    "test": test,
    "adjust": adjust,
    "kappa": kappa,
    "cmh": cmh,
    "interaction": interaction,
    "power": power,
    "equivalence": equivalence,
    "rogan-gladen": rogan_gladen,
    "checked": checked,
    "looks": looks,
}
"""Every question by its name on the command line."""
