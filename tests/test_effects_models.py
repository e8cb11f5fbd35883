"""Factorial data: Firth's model, g-computed differences, marginal comparisons, attributions."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.effects.attribution import banzhaf, observed_rates, shapley, subsets
from am_studio.effects.firth import (
    FirthFit,
    NoFit,
    Row,
    fit_firth,
    g_computed_difference,
    g_computed_differences,
    lr_test,
    lr_tests,
)
from am_studio.effects.intervals import miettinen_nurminen
from am_studio.effects.marginal import marginal_effects
from am_studio.effects.tests import fisher_mid_p


def drawn(world, *, trials, details, q=0.5, seed=1):
    chance = np.random.default_rng(seed)
    on = chance.random((trials, details)) < q
    return [Row(tuple(map(float, x)), int(chance.random() < world(x)), 1) for x in on]


def conjunction(on):
    return 0.9 if all(on[:3]) else 0.03


def test_a_separated_table_has_a_finite_answer():
    # 10/10 against 3/10, where plain logistic regression gives p = .9997.
    fit = fit_firth([Row((1.0,), 10, 10), Row((0.0,), 3, 10)])
    # Firth's estimates in a 2 x 2 table are those with half a count added to each cell.
    assert fit.coefficients[0] == pytest.approx(math.log(10.5 / 0.5) - math.log(3.5 / 7.5), abs=1e-4)
    assert fit.intercept == pytest.approx(math.log(3.5 / 7.5), abs=1e-4)
    assert lr_test(fit, 0) == pytest.approx(0.000905, abs=1e-5)
    assert fit.converged


def test_grouped_rows_are_the_trials_they_count():
    grouped = [Row((1.0, 0.0), 3, 9), Row((0.0, 1.0), 1, 8), Row((1.0, 1.0), 7, 7)]
    single = [Row(row.x, int(i < row.k), 1) for row in grouped for i in range(row.n)]
    one, other = fit_firth(grouped), fit_firth(single)
    assert one == other or one.coefficients == pytest.approx(other.coefficients)
    assert one.n == 24
    assert lr_tests(one) == pytest.approx(lr_tests(other))


def test_the_likelihood_ratio_is_of_the_penalized_likelihoods():
    rows = [Row((1.0, 0.0), 8, 10), Row((0.0, 1.0), 3, 9), Row((0.0, 0.0), 2, 12), Row((1.0, 1.0), 9, 10)]
    x, k, n = np.array([[1, *row.x] for row in rows]), np.array([r.k for r in rows]), np.array([r.n for r in rows])

    def penalized(beta):
        p = 1 / (1 + np.exp(-x @ beta))
        information = (x * (n * p * (1 - p))[:, None]).T @ x
        return float(k @ np.log(p) + (n - k) @ np.log1p(-p) + 0.5 * np.linalg.slogdet(information)[1])

    from scipy.optimize import minimize
    from scipy.stats import chi2

    whole = -minimize(lambda b: -penalized(b), np.zeros(3), method="BFGS", tol=1e-10).fun
    without = -minimize(lambda b: -penalized(np.array([b[0], 0, b[1]])), np.zeros(2), method="BFGS", tol=1e-10).fun
    assert lr_test(fit_firth(rows), 0) == pytest.approx(chi2.sf(2 * (whole - without), 1), rel=1e-4)


def test_where_every_outcome_is_the_same_there_is_no_model():
    assert fit_firth([Row((1.0,), 10, 10), Row((0.0,), 10, 10)]) == NoFit("every outcome is the same (20/20)")
    assert fit_firth([Row((1.0,), 0, 0)]) == NoFit("there is no trial")
    assert isinstance(fit_firth([]), NoFit)


def test_columns_that_never_vary_or_repeat_others_are_left_out_and_have_no_p():
    rows = [Row((1.0, a, a, 1 - a), k, 10) for a, k in ((1.0, 8), (0.0, 3))]
    fit = fit_firth(rows, ("always", "threat", "deadline", "no threat"))
    assert fit.left_out == (0, 2, 3)
    assert [p is None for p in lr_tests(fit)] == [True, False, True, True]
    assert g_computed_difference(fit, 2) is None
    assert fit_firth([Row((1.0,), 3, 10)]).rate((1.0,)) == pytest.approx(0.3)
    assert lr_tests(fit_firth([Row((1.0,), 3, 10)])) == (None,)


def test_rows_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="no count of trials"):
        fit_firth([Row((1.0,), 3, 2)])
    with pytest.raises(ValueError, match="same number of columns"):
        fit_firth([Row((1.0,), 1, 2), Row((1.0, 0.0), 1, 2)])
    with pytest.raises(ValueError, match="2 names for 1 columns"):
        fit_firth([Row((1.0,), 1, 2)], ("a", "b"))


def test_g_computation_of_one_column_is_the_difference_of_shrunken_rates():
    fit = fit_firth([Row((1.0,), 10, 10), Row((0.0,), 3, 10)])
    found = g_computed_difference(fit, 0)
    assert found.value == pytest.approx(10.5 / 11 - 3.5 / 11, abs=1e-4)
    assert found.interval.low < found.value < found.interval.high <= 1.0


def test_g_computation_averages_over_what_was_observed():
    rows = [Row((1.0, 0.0), 8, 10), Row((0.0, 1.0), 3, 9), Row((0.0, 0.0), 2, 12), Row((1.0, 1.0), 9, 10)]
    fit = fit_firth(rows, ("a", "b"), interactions=((0, 1),))
    expected = sum(row.n * (fit.rate((1.0, row.x[1])) - fit.rate((0.0, row.x[1]))) for row in fit.rows) / fit.n
    assert g_computed_difference(fit, 0).value == pytest.approx(expected)
    assert fit.names == ("a", "b", "a x b")
    assert fit.rate_of(frozenset({"a", "b"})) == pytest.approx(fit.rate((1.0, 1.0)))
    with pytest.raises(ValueError, match="no rate of its own"):
        g_computed_difference(fit, 2)


def test_the_average_effect_is_found_where_the_truth_is_no_such_model():
    rows = drawn(conjunction, trials=4000, details=6)
    fit = fit_firth(rows)
    truth = 0.87 / 4
    for column, found in enumerate(g_computed_differences(fit)):
        assert found.interval.low <= (truth if column < 3 else 0.0) <= found.interval.high
        assert found.interval.high - found.interval.low < 0.06


def test_two_way_interactions_are_tested():
    rows = drawn(lambda on: 0.8 if on[0] and on[1] else 0.2, trials=600, details=3)
    fit = fit_firth(rows, interactions=((0, 1), (0, 2)))
    acting, idle = lr_test(fit, 3), lr_test(fit, 4)
    assert acting < 0.001 < 0.05 < idle


def test_sixty_lines_and_240_trials_are_fitted():
    rows = drawn(conjunction, trials=240, details=60, q=0.75)
    fit = fit_firth(rows)
    assert isinstance(fit, FirthFit)
    assert fit.converged
    ps = lr_tests(fit)
    assert None not in ps
    assert set(sorted(range(60), key=ps.__getitem__)[:3]) == {0, 1, 2}
    marginals = marginal_effects(rows)
    assert set(sorted(range(60), key=lambda j: marginals[j].p)[:3]) == {0, 1, 2}


def test_marginal_effects_are_comparisons_of_two_groups():
    rows = [Row((1.0, 1.0), 8, 10), Row((0.0, 1.0), 3, 9), Row((0.0, 1.0), 2, 12)]
    first, always = marginal_effects(rows)
    assert (first.k1, first.n1, first.k0, first.n0) == (8, 10, 5, 21)
    assert first.interval == miettinen_nurminen(8, 10, 5, 21)
    assert first.p == fisher_mid_p(8, 10, 5, 21)
    assert always.difference is always.interval is always.p is None
    assert marginal_effects([]) == ()


def test_fitting_loads_its_library_only_when_asked():
    code = "import am_studio.effects.firth, am_studio.effects.power, am_studio.effects.evalue, sys; print(sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not any(heavy in ran.stdout for heavy in ("'numpy'", "'scipy'", "'firthmodels'", "'sklearn'"))


def boosted(on):
    return 0.9 if {"A", "B", "C"} <= on else 0.6 if {"A", "B"} <= on else 0.03


def test_shapley_and_banzhaf_share_out_a_conjunction_with_a_boost():
    assert shapley(boosted, "ABC") == pytest.approx({"A": 0.385, "B": 0.385, "C": 0.10})
    assert banzhaf(boosted, "ABC") == pytest.approx({"A": 0.36, "B": 0.36, "C": 0.075})


values = st.lists(st.floats(0, 1), min_size=16, max_size=16)


@given(values, st.floats(0, 1))
@settings(deadline=None)
def test_shapley_values_add_up_and_a_player_that_does_nothing_gets_nothing(numbers, q):
    players = "abcd"
    worth = dict(zip(subsets(players), numbers, strict=True))
    shares = shapley(worth.__getitem__, players)
    assert sum(shares.values()) == pytest.approx(worth[frozenset(players)] - worth[frozenset()])
    with_idle = shapley(lambda on: worth[on - {"e"}], "abcde")
    assert with_idle["e"] == pytest.approx(0.0)
    assert [with_idle[p] for p in players] == pytest.approx([shares[p] for p in players])
    averages, wider = banzhaf(worth.__getitem__, players, q), banzhaf(lambda on: worth[on - {"e"}], "abcde", q)
    assert [wider[p] for p in players] == pytest.approx([averages[p] for p in players])


def test_a_banzhaf_value_is_the_average_effect_of_random_subsets():
    rows = drawn(
        lambda on: boosted({name for name, is_on in zip("ABC", on, strict=True) if is_on}), trials=6000, details=3
    )
    for name, found in zip("ABC", marginal_effects(rows), strict=True):
        assert found.interval.low <= banzhaf(boosted, "ABC")[name] <= found.interval.high


def test_observed_rates_are_a_set_function_where_every_subset_was_tried():
    cells = {subset: (len(subset), 4) for subset in subsets("ab")}
    assert shapley(observed_rates(cells, "ab"), "ab") == pytest.approx({"a": 0.25, "b": 0.25})
    del cells[frozenset("a")]
    assert observed_rates(cells, "ab") is None


def test_attributions_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="twice"):
        shapley(len, "aa")
    with pytest.raises(ValueError, match="at most 16"):
        banzhaf(len, "abcdefghijklmnopq")
    with pytest.raises(ValueError, match="probability"):
        banzhaf(len, "ab", q=1.5)
