"""Power by exact enumeration: regions are the tests themselves, sizes are those that studies were planned with."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.effects.power import (
    detectable,
    normal_sample_size,
    power,
    power_random_subsets,
    sample_size,
)
from am_studio.effects.regions import binomial, rejection_region
from am_studio.effects.tests import boschloo, compare, fisher, fisher_mid_p

TESTS = {"fisher": fisher, "fisher-mid-p": fisher_mid_p, "boschloo": boschloo}


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize(("n1", "n0"), [(1, 1), (5, 9), (10, 10), (16, 6)])
@pytest.mark.parametrize("alpha", [0.05, 0.0125])
def test_a_region_is_where_its_test_rejects(name, n1, n0, alpha):
    region = rejection_region(n1, n0, alpha, name)
    for k1 in range(n1 + 1):
        for k0 in range(n0 + 1):
            assert region[k1, k0] == (TESTS[name](k1, n1, k0, n0) <= alpha), (k1, k0)


@pytest.mark.parametrize("counts", [(7, 34, 1, 34), (3, 20, 11, 25), (0, 9, 5, 9), (10, 10, 3, 10)])
def test_fishers_and_barnards_tests_are_scipys(counts):
    from scipy.stats import barnard_exact, fisher_exact

    k1, n1, k0, n0 = counts
    table = [[k1, n1 - k1], [k0, n0 - k0]]
    assert fisher(*counts) == pytest.approx(fisher_exact(table).pvalue, abs=1e-12)
    columns = [[k1, k0], [n1 - k1, n0 - k0]]
    assert compare(*counts, method="barnard").p == pytest.approx(barnard_exact(columns).pvalue, abs=1e-9)


def test_a_test_is_asked_for_by_name_and_impossible_counts_are_refused():
    assert compare(7, 34, 1, 34).test == "boschloo"
    assert compare(7, 34, 1, 34, method="mid-p") == compare(7, 34, 1, 34, method="fisher-mid-p")
    assert compare(70, 340, 10, 340).test == "fisher-mid-p"
    assert compare(0, 9, 0, 9, method="barnard").p == 1.0
    with pytest.raises(ValueError, match="no count of trials"):
        compare(8, 7, 1, 7)


@pytest.mark.parametrize(("p1", "p0", "n"), [(0.96, 0.55, 15), (0.55, 0.065, 14), (0.30, 0.05, 34), (0.96, 0.85, 109)])
def test_the_smallest_number_of_trials_for_a_power_of_80_percent(p1, p0, n):
    found = sample_size(p1, p0)
    assert (found.n1, found.n0, found.lasting_n1) == (n, n, n)
    assert found.power == power(p1, n, p0, n) >= 0.8
    assert all(power(p1, fewer, p0, fewer) < 0.8 for fewer in range(2, n))


def test_96_against_85_needs_109_trials_exactly_where_the_normal_approximation_says_111():
    # In fractions, so that no rounding can have moved it.
    shares = [
        [math.comb(109, k) * p**k * (1 - p) ** (109 - k) for k in range(110)]
        for p in (Fraction(96, 100), Fraction(85, 100))
    ]
    likely = [[(k, float(share)) for k, share in enumerate(side) if share > 1e-9] for side in shares]
    exact = math.fsum(s1 * s0 for k1, s1 in likely[0] for k0, s0 in likely[1] if fisher_mid_p(k1, 109, k0, 109) <= 0.05)
    assert exact == pytest.approx(power(0.96, 109, 0.85, 109), abs=1e-6)
    assert exact >= 0.8
    assert normal_sample_size(0.96, 0.85) == 111


def test_power_rises_in_a_saw_tooth_and_both_sizes_are_told():
    found = sample_size(0.96, 0.55, test="boschloo")
    assert (found.n1, found.lasting_n1) == (15, 18)
    assert power(0.96, 17, 0.55, 17, test="boschloo") < 0.8 <= power(0.96, 18, 0.55, 18, test="boschloo")


def test_a_larger_baseline_needs_fewer_trials_an_arm():
    equal, unequal = sample_size(0.9, 0.6), sample_size(0.9, 0.6, ratio=math.sqrt(5))
    assert unequal.n1 < equal.n1
    assert unequal.n0 == math.ceil(math.sqrt(5) * unequal.n1)


def test_no_number_of_trials_tells_equal_rates_apart_or_is_given_beyond_what_can_be_enumerated():
    assert sample_size(0.5, 0.5) is None
    assert sample_size(0.5, 0.51) is None
    with pytest.raises(ValueError, match="can be enumerated"):
        power(0.5, 2001, 0.4, 10)
    with pytest.raises(ValueError, match="between 0 and 1"):
        power(1.5, 10, 0.4, 10)


def test_at_ten_trials_fishers_test_is_needlessly_weak():
    weak, strong = (power(0.96, 10, 0.55, 10, test=test) for test in ("fisher", "boschloo"))
    assert (round(weak, 2), round(strong, 2)) == (0.36, 0.57)


@given(st.integers(2, 25), st.integers(2, 25), st.sampled_from(["mid-p", "boschloo", "fisher"]))
@settings(max_examples=25, deadline=None)
def test_power_at_equal_rates_is_the_size_of_the_test(n1, n0, test):
    for p in (0.03, 0.3, 0.5, 0.9):
        size = power(p, n1, p, n0, test=test)
        assert size <= (0.07 if test == "mid-p" else 0.05 + 1e-6)
    assert power(0.9, n1, 0.2, n0, test=test) == pytest.approx(power(0.2, n0, 0.9, n1, test=test))


def test_what_can_be_found_is_the_nearest_rate_with_the_power_asked_for():
    found = detectable(0.9, 60, 135, test="boschloo", alpha=0.01)
    assert found.higher is None
    assert found.rise(0.9) is None
    assert found.drop(0.9) == pytest.approx(0.9 - found.lower)
    assert power(found.lower, 60, 0.9, 135, test="boschloo", alpha=0.01) >= 0.8
    assert power(found.lower + 0.005, 60, 0.9, 135, test="boschloo", alpha=0.01) < 0.8
    assert detectable(0.05, 10, 10).lower is None


def test_binomials_sum_to_one_at_every_rate():
    for p in (0.0, 1e-9, 0.3, 1.0):
        assert binomial(40, p).sum() == pytest.approx(1.0)
    assert binomial(7, 1.0)[7] == 1.0


def world(on):
    return 0.9 if {"A", "B", "C"} <= on else 0.6 if {"A", "B"} <= on else 0.03


def test_random_subsets_see_the_average_effect_of_each_detail():
    a, b, c = power_random_subsets(world, "ABC", trials=320, tests=8)
    assert (a.rate_on, a.rate_off) == pytest.approx((0.39, 0.03))
    assert a.power == pytest.approx(b.power)
    assert a.power > 0.999
    assert 0.1 < c.power < 0.2
    assert power_random_subsets(world, "ABC", trials=640, tests=8)[2].power > c.power


def test_the_power_of_random_subsets_is_that_of_a_simulation():
    import numpy as np

    chance, replicates, trials = np.random.default_rng(1), 20_000, 60
    on = chance.binomial(trials, 0.5, replicates)
    k1, k0 = chance.binomial(on, 0.39), chance.binomial(trials - on, 0.03)
    simulated = np.mean(
        [rejection_region(n, trials - n, 0.01, "fisher-mid-p")[a, b] for n, a, b in zip(on, k1, k0, strict=True)]
    )
    exact = power_random_subsets(world, "ABC", trials=trials, tests=5)[0].power
    assert exact == pytest.approx(simulated, abs=4 * math.sqrt(exact * (1 - exact) / replicates))
