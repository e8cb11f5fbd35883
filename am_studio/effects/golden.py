"""Published numbers, and the functions here that must give them: what `am-studio selftest` replays.

A number is compared as it was printed, to its last digit. Each carries where it was printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from am_studio.effects.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha
from am_studio.effects.attribution import SetFunction, banzhaf, shapley
from am_studio.effects.intervals import clopper_pearson, miettinen_nurminen, newcombe, wilson
from am_studio.effects.judge_error import rogan_gladen
from am_studio.effects.multiplicity import benjamini_hochberg, holm
from am_studio.effects.power import normal_sample_size, power, sample_size
from am_studio.effects.ratio import risk_ratio
from am_studio.effects.sequential import Spending, false_positive_chance, group_sequential
from am_studio.effects.stratified import Stratum, cmh, homogeneity
from am_studio.effects.tests import barnard, boschloo, fisher, fisher_mid_p
from am_studio.records import Interval

RATES = "Newcombe 1998, Stat. Med. 17:857, table I"
DIFFERENCES = "Newcombe 1998, Stat. Med. 17:873, table II"
BERKELEY: tuple[Stratum, ...] = (
    (512, 825, 89, 108),
    (353, 560, 17, 25),
    (120, 325, 202, 593),
    (138, 417, 131, 375),
    (53, 191, 94, 393),
    (22, 373, 24, 341),
)
"""Admissions at Berkeley in 1973, six departments: admitted and applied, men and women (R: UCBAdmissions)."""
THROMBOLYSIS = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
)
"""Fifteen p-values of a thrombolysis trial (Benjamini and Hochberg 1995, section 3.2)."""
DIAGNOSES = (
    *((0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1)),
    *((7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7)),
)
"""Fourteen raters, ten things, five categories: the example of Fleiss' kappa in most textbooks."""


@dataclass(frozen=True, slots=True)
class Golden:
    """A published number, and how it is found here."""

    name: str
    source: str
    expected: str
    """As printed."""
    find: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A published number and what was found."""

    name: str
    source: str
    expected: str
    found: str
    """To as many digits as were printed."""

    @property
    def ok(self) -> bool:
        """Whether every printed digit came out."""
        return self.found == self.expected


def replay(golden: Golden) -> Replayed:
    """Find the number and print it as it was printed."""
    digits = len(golden.expected.partition(".")[2])
    told = f"{golden.find():.{digits}f}"
    return Replayed(golden.name, golden.source, golden.expected, told.removeprefix("-") if float(told) == 0 else told)


def goldens() -> Iterator[Golden]:
    """All of them."""
    yield from _intervals()
    yield from _tests()
    yield from _strata()
    yield from _agreement()
    yield from _power()
    yield from _sequential()
    yield from _attribution()


def _bounds(name: str, source: str, printed: str, find: Callable[[], Interval]) -> Iterator[Golden]:
    low, high = printed.split()
    yield Golden(f"{name}, low", source, low, lambda: find().low)
    yield Golden(f"{name}, high", source, high, lambda: find().high)


def _intervals() -> Iterator[Golden]:
    for k, n, score, exact in (
        (81, 263, "0.2553 0.3662", "0.2527 0.3676"),
        (15, 148, "0.0624 0.1605", "0.0578 0.1617"),
        (0, 20, "0.0000 0.1611", "0.0000 0.1684"),
        (1, 29, "0.0061 0.1718", "0.0009 0.1776"),
    ):
        yield from _bounds(f"Wilson {k}/{n}", RATES, score, partial(wilson, k, n))
        yield from _bounds(f"Clopper-Pearson {k}/{n}", RATES, exact, partial(clopper_pearson, k, n))
    for counts, score, hybrid in (
        ((56, 70, 48, 80), "0.0528 0.3382", "0.0524 0.3339"),
        ((9, 10, 3, 10), "0.1700 0.8406", "0.1705 0.8090"),
        ((6, 7, 2, 7), "0.0342 0.8534", "0.0582 0.8062"),
        ((5, 56, 0, 29), "-0.0326 0.1933", "-0.0381 0.1926"),
        ((0, 10, 0, 20), "-0.1658 0.2844", "-0.1611 0.2775"),
        ((0, 10, 0, 10), "-0.2879 0.2879", "-0.2775 0.2775"),
        ((10, 10, 0, 20), "0.7156 1.0000", "0.6791 1.0000"),
        ((10, 10, 0, 10), "0.6636 1.0000", "0.6075 1.0000"),
    ):
        k1, n1, k0, n0 = counts
        told = f"{k1}/{n1} v {k0}/{n0}"
        yield from _bounds(f"Miettinen-Nurminen {told}", DIFFERENCES, score, partial(miettinen_nurminen, *counts))
        yield from _bounds(f"Newcombe {told}", DIFFERENCES, hybrid, partial(newcombe, *counts))

    def koopman() -> Interval:
        interval = risk_ratio(36, 40, 16, 80, method="koopman").interval
        return interval or Interval(0, 0, "")

    yield from _bounds("Koopman ratio 36/40 v 16/80", "Koopman 1984, Biometrics 40:513", "2.94 7.15", koopman)


def _tests() -> Iterator[Golden]:
    yield Golden("Boschloo 7/34 v 1/34", "scipy 1.17, boschloo_exact", "0.03846", partial(boschloo, 7, 34, 1, 34))
    source = "Fagerland, Lydersen and Laake 2017, ch. 4 (Perondi et al. 2004)"
    for name, method, p in (("Fisher", fisher, "0.0544"), ("Fisher mid-p", fisher_mid_p, "0.0297")):
        yield Golden(f"{name} 7/34 v 1/34", source, p, partial(method, 7, 34, 1, 34))
    yield Golden("Barnard (Suissa-Shuster) 7/34 v 1/34", source, "0.0281", partial(barnard, 7, 34, 1, 34))
    source = "Benjamini and Hochberg 1995, section 3.2"
    for told, adjust, rejected in (("Benjamini-Hochberg", benjamini_hochberg, "4"), ("Holm", holm, "3")):
        yield Golden(
            f"{told}, rejected of 15 at 5 %",
            source,
            rejected,
            partial(_rejected, adjust),
        )


def _strata() -> Iterator[Golden]:
    source = "R, mantelhaen.test(UCBAdmissions)"
    yield Golden("Berkeley, CMH with correction", source, "1.4269", lambda: cmh(BERKELEY, correction=True).statistic)
    yield Golden("Berkeley, CMH", source, "1.5246", lambda: cmh(BERKELEY).statistic)
    yield Golden("Berkeley, common odds ratio", source, "0.9047", lambda: cmh(BERKELEY).odds_ratio or 0)
    yield from _bounds(
        "Berkeley, odds ratio", source, "0.7719 1.0603", lambda: cmh(BERKELEY).interval or Interval(0, 0, "")
    )  # fmt: skip
    yield Golden(
        "Berkeley, Breslow-Day-Tarone", "statsmodels, StratifiedTable", "18.8255", lambda: homogeneity(BERKELEY).statistic or 0
    )  # fmt: skip


def _agreement() -> Iterator[Golden]:
    source = "Feinstein and Cicchetti 1990, J. Clin. Epidemiol. 43:543"
    for table, expected in ((((40, 9), (6, 45)), "0.6995"), (((80, 10), (5, 5)), "0.3182")):
        yield Golden(f"Cohen's kappa {table}", source, expected, partial(_kappa, table))
    yield Golden(
        "Fleiss' kappa, ten things",
        "Fleiss 1971; the example of most textbooks",
        "0.210",
        lambda: fleiss_kappa(DIAGNOSES).value or 0,
    )
    binary = tuple(zip((0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0), strict=True))
    source = "Krippendorff 2011, Computing Krippendorff's Alpha-Reliability"
    yield Golden("Krippendorff's alpha, binary, A", source, "0.095", lambda: krippendorff_alpha(binary).value or 0)
    yield Golden("Krippendorff's alpha, nominal, C", source, "0.743", lambda: krippendorff_alpha(_OBSERVERS).value or 0)
    yield Golden(
        "Rogan-Gladen 50/3330, Se 130/157, Sp 3308/3324",
        "Santa Clara serology",
        "0.01239",
        lambda: rogan_gladen(50, 3330, (130, 157), (3308, 3324)).value or 0,
    )


_OBSERVERS: tuple[tuple[int | None, ...], ...] = tuple(
    zip(
        (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
        (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
        strict=True,
    )
)
"""Four observers, twelve units."""


def _power() -> Iterator[Golden]:
    source = "exact enumeration, mid-p, two-sided 5 %"
    for p1, p0, n in ((0.96, 0.55, 15), (0.55, 0.065, 14), (0.30, 0.05, 34), (0.96, 0.85, 109)):
        yield Golden(f"n for power .8, {p1:g} v {p0:g}", source, str(n), partial(_size, p1, p0))
    yield Golden(
        "the same by the normal approximation, 0.96 v 0.85",
        "Fleiss 1981, eq. 3.14",
        "111",
        partial(normal_sample_size, 0.96, 0.85),
    )
    source, at_ten = "exact enumeration, two-sided 5 %", (0.96, 10, 0.55, 10)
    yield Golden("power at n = 10, .96 v .55, Fisher", source, "0.36", partial(power, *at_ten, test="fisher"))
    yield Golden("power at n = 10, .96 v .55, Boschloo", source, "0.57", partial(power, *at_ten, test="boschloo"))


def _rejected(method: Callable[[Sequence[float]], tuple[float, ...]]) -> int:
    return sum(p <= 0.05 for p in method(THROMBOLYSIS))


def _kappa(table: Sequence[Sequence[int]]) -> float:
    return cohen_kappa(table).value or 0.0


def _size(p1: float, p0: float) -> int:
    found = sample_size(p1, p0)
    return found.n1 if found else 0


def _sequential() -> Iterator[Golden]:
    # The program of Lan and DeMets printed 3.3569 for the second look; exact integration gives 3.35701.
    for look, z in enumerate(("4.8769", "3.357", "2.6803", "2.2898", "2.0310")):
        yield Golden(
            f"O'Brien-Fleming spending, z of look {look + 1} of 5",
            "Reboussin, DeMets, Kim and Lan 2000, Control. Clin. Trials 21:190",
            z,
            partial(_bound, look, "obrien-fleming"),
        )
    for look, z in enumerate(("2.438", "2.427", "2.410", "2.397", "2.386")):
        yield Golden(
            f"Pocock spending, z of look {look + 1} of 5",
            "Reboussin, DeMets, Kim and Lan 2000, Control. Clin. Trials 21:190",
            z,
            partial(_bound, look, "pocock"),
        )
    fifths = tuple(look / 5 for look in range(1, 6))
    yield Golden(
        "false positives of Pocock's 2.413 at 5 looks",
        "Pocock 1977, Biometrika 64:191",
        "0.050",
        partial(false_positive_chance, fifths, (2.413,) * 5),
    )
    yield Golden(
        "false positives of O'Brien and Fleming's 2.040 at 5 looks",
        "O'Brien and Fleming 1979, Biometrics 35:549",
        "0.050",
        partial(false_positive_chance, fifths, tuple(2.040 / t**0.5 for t in fifths)),
    )


def _bound(look: int, spending: Spending) -> float:
    return group_sequential(5, spending=spending)[look].z


def world(on: frozenset[str]) -> float:
    """A and B give .6, with C .9; all else .03."""
    if {"A", "B"} <= on:
        return 0.9 if "C" in on else 0.6
    return 0.03


def _attribution() -> Iterator[Golden]:
    source = "world: A and B .6, with C .9, else .03; worked by hand"
    for player, share, average in (("A", "0.385", "0.360"), ("B", "0.385", "0.360"), ("C", "0.100", "0.075")):
        yield Golden(f"Shapley value of {player}", source, share, partial(_value, shapley, player))
        yield Golden(f"Banzhaf value of {player}", source, average, partial(_value, banzhaf, player))


def _value(method: Callable[[SetFunction, Sequence[str]], dict[str, float]], player: str) -> float:
    return method(world, "ABC")[player]
