"""Tests of a difference, and what adjusting a family of them does."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.effects.multiplicity import benjamini_hochberg, holm
from am_studio.effects.tests import boschloo, difference_test, fisher_mid_p

# Benjamini and Hochberg 1995, section 3.2: fifteen p-values of a thrombolysis trial.
THROMBOLYSIS = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_boschloo_of_seven_and_one_in_34():
    assert boschloo(7, 34, 1, 34) == pytest.approx(0.03846, abs=5e-6)
    assert boschloo(1, 34, 7, 34) == pytest.approx(0.03846, abs=5e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(2, 60), st.data())
def test_boschloo_is_that_of_scipy(n1, n0, data):
    from scipy.stats import boschloo_exact

    k1 = data.draw(st.integers(0, n1))
    k0 = data.draw(st.integers(0, n0).filter(lambda k0: 0 < k1 + k0 < n1 + n0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # log(0) inside scipy, harmless
        theirs = float(boschloo_exact([[k1, k0], [n1 - k1, n0 - k0]], n=64).pvalue)
    # scipy's search stops a little short of the greatest chance here and there; none of ours may lie below it.
    ours = boschloo(k1, n1, k0, n0)
    assert ours == pytest.approx(min(theirs, 1.0), rel=1e-4, abs=1e-12)
    assert ours >= min(theirs, 1.0) * (1 - 1e-7)


def test_where_nothing_varies_there_is_nothing_to_test():
    for k in (0, 20):
        assert boschloo(k, 20, k, 20) == 1.0
        assert fisher_mid_p(k, 20, k, 20) == 1.0


def test_the_number_of_trials_alone_decides_which_test():
    assert difference_test(3, 200, 9, 200)[1] == "boschloo"
    assert difference_test(3, 200, 9, 201)[1] == "fisher-mid-p"
    assert difference_test(3, 20, 9, 20, "fisher-mid-p") == (fisher_mid_p(3, 20, 9, 20), "fisher-mid-p")


@given(st.integers(1, 40), st.integers(1, 40), st.data())
@settings(max_examples=100, deadline=None)
def test_mid_p_is_fisher_with_half_the_observed_table(n1, n0, data):
    from scipy.stats import fisher_exact, hypergeom

    k1, k0 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n0))
    half = hypergeom.pmf(k1, n1 + n0, k1 + k0, n1) / 2
    table = [[k1, n1 - k1], [k0, n0 - k0]]
    one_sided = [fisher_exact(table, alternative=side).pvalue - half for side in ("less", "greater")]
    assert fisher_mid_p(k1, n1, k0, n0) == pytest.approx(min(1.0, 2 * min(one_sided)), abs=1e-9)
    assert fisher_mid_p(k1, n1, k0, n0) == fisher_mid_p(k0, n0, k1, n1)


@pytest.mark.parametrize(("p1", "p0", "enough"), [(0.96, 0.55, 15), (0.55, 0.065, 14), (0.30, 0.05, 34)])
def test_mid_p_has_the_power_that_sample_sizes_were_planned_with(p1, p0, enough):
    def share(n, k, p):
        return math.comb(n, k) * p**k * (1 - p) ** (n - k)

    def power(n):
        tables = [(k1, k0) for k1 in range(n + 1) for k0 in range(n + 1)]
        return sum(share(n, k1, p1) * share(n, k0, p0) for k1, k0 in tables if fisher_mid_p(k1, n, k0, n) <= 0.05)

    assert power(enough - 1) < 0.8 <= power(enough)


def test_boschloo_never_exceeds_its_level():
    n1, n0 = 8, 12
    for p in (0.02, 0.1, 0.3, 0.5, 0.8):
        chance = 0.0
        for k1 in range(n1 + 1):
            for k0 in range(n0 + 1):
                if boschloo(k1, n1, k0, n0) <= 0.05:
                    chance += math.comb(n1, k1) * math.comb(n0, k0) * p ** (k1 + k0) * (1 - p) ** (20 - k1 - k0)
        assert chance <= 0.05


def test_benjamini_and_hochberg_reject_four_of_fifteen_where_holm_rejects_three():
    assert sum(p <= 0.05 for p in benjamini_hochberg(THROMBOLYSIS)) == 4
    assert sum(p <= 0.05 for p in holm(THROMBOLYSIS)) == 3


@pytest.mark.parametrize("ps", [[0.2], [0.03, 0.03, 0.5, 0.01], [1.0, 1.0, 0.0], THROMBOLYSIS[::-1]])
def test_adjusting_agrees_with_statsmodels(ps):
    from statsmodels.stats.multitest import multipletests

    assert holm(ps) == pytest.approx(tuple(multipletests(ps, method="holm")[1]))
    assert benjamini_hochberg(ps) == pytest.approx(tuple(multipletests(ps, method="fdr_bh")[1]))


@given(st.lists(st.floats(0, 1), max_size=20))
def test_adjusting_never_lowers_a_p_and_keeps_their_order(ps):
    for adjusted in (holm(ps), benjamini_hochberg(ps)):
        assert all(p <= q <= 1 for p, q in zip(ps, adjusted, strict=True))
        by_p = [q for _, q in sorted(zip(ps, adjusted, strict=True))]
        assert by_p == sorted(by_p)
    assert all(q <= h for q, h in zip(benjamini_hochberg(ps), holm(ps), strict=True))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([]) == ()


def test_live_screens_load_neither_scipy_nor_statsmodels():
    look = (
        "import sys\n"
        "import am_studio.reports.effect_table, am_studio.reports.sentence, am_studio.effects.table\n"
        "from am_studio.effects.intervals import miettinen_nurminen, wilson\n"
        "wilson(3, 9), miettinen_nurminen(3, 9, 1, 9)\n"
        "print([name for name in ('scipy', 'numpy', 'statsmodels', 'rich', 'textual', 'litellm') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"
