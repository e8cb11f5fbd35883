"""Stopping rules: boundaries as published, error rates that hold, decisions that are pure."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.effects.evalue import EProcess, e_process
from am_studio.effects.sequential import (
    conditional_power,
    false_positive_chance,
    group_sequential,
)
from am_studio.effects.sprt import Sprt, expected_trials, sprt

FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)


# Reboussin, DeMets, Kim and Lan 2000, Controlled Clinical Trials 21:190.
def test_obrien_fleming_spending_at_five_looks_is_as_published():
    # Their program integrates coarsely: it prints 3.3569 for 3.35701.
    assert [look.z for look in group_sequential(5)] == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)


def test_pocock_spending_at_five_looks_is_as_published():
    found = [look.z for look in group_sequential(5, spending="pocock")]
    assert found == pytest.approx([2.4380, 2.4268, 2.4101, 2.3966, 2.3859], abs=2e-4)


def test_the_second_bound_is_what_adaptive_integration_finds():
    from scipy.integrate import quad
    from scipy.optimize import brentq
    from scipy.stats import norm

    def spent(t):
        return 2 * norm.cdf(norm.ppf(0.0125) / math.sqrt(t))

    first = -norm.ppf(spent(0.2)) * math.sqrt(0.2)
    step = math.sqrt(0.2)

    def excess(z):
        def density(b):
            return norm.pdf(b / step) / step * norm.sf((z * math.sqrt(0.4) - b) / step)

        return quad(density, -first, first, epsabs=1e-15, epsrel=1e-11, limit=300)[0] - (spent(0.4) - spent(0.2))

    assert group_sequential(5)[1].z == pytest.approx(brentq(excess, 3, 4), abs=1e-7)


# Pocock 1977, Biometrika 64:191, table 1; O'Brien and Fleming 1979 (constants as in Jennison and Turnbull 2000, table 2.3).
@pytest.mark.parametrize(("looks", "pocock", "obrien"), [(2, 2.178, 1.977), (3, 2.289, 2.004), (5, 2.413, 2.040)])
def test_the_classical_constants_spend_five_percent(looks, pocock, obrien):
    fractions = [look / looks for look in range(1, looks + 1)]
    assert false_positive_chance(fractions, [pocock] * looks) == pytest.approx(0.05, abs=1e-4)
    assert false_positive_chance(fractions, [obrien / math.sqrt(t) for t in fractions]) == pytest.approx(0.05, abs=1e-4)


@given(
    st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True),
    st.sampled_from(["obrien-fleming", "pocock"]),
    st.sampled_from([0.05, 0.01, 0.1]),
)
@settings(max_examples=30, deadline=None)
def test_whenever_the_looks_are_the_chance_of_a_false_positive_is_the_level(percents, spending, alpha):
    fractions = [*(percent / 100 for percent in sorted(percents)), 1.0]
    looks = group_sequential(fractions, spending=spending, alpha=alpha)
    bounds = [look.z for look in looks]
    # Those of early O'Brien-Fleming looks are so great that they are never reached: nothing is lost.
    assert false_positive_chance(fractions, bounds) == pytest.approx(alpha, rel=2e-3)
    assert looks[-1].spent == pytest.approx(alpha)
    assert [look.spent for look in looks] == sorted(look.spent for look in looks)


def test_one_look_is_an_ordinary_test():
    (look,) = group_sequential(1)
    assert (look.z, look.p_nominal) == pytest.approx((1.959964, 0.05), abs=1e-6)
    assert look.futility is None
    assert (look.advise(0.05), look.advise(0.06)) == ("effect", "end")


def test_a_look_advises_from_its_p_alone():
    first, second, _last = group_sequential(3)
    assert first.advise(first.p_nominal) == "effect"
    assert first.advise(0.05) == "continue"
    assert first.advise(0.99) == "futile"
    assert second.futility < first.futility
    assert group_sequential(3, futile_below=None)[0].advise(1.0) == "continue"


def test_futility_is_where_the_conditional_power_is_ten_percent():
    *looks, last = group_sequential(4)
    for look in looks:
        assert conditional_power(look.futility, look.fraction, last.z) == pytest.approx(0.1, abs=1e-9)
    # Lan and Wittes: with z = 2 at half of the trials and the trend going on, B(1) is normal about 2 * sqrt(2).
    half = conditional_power(2 * (1 - 0.977249868), 0.5, 1.96)
    assert half == pytest.approx(0.890, abs=1e-3)


@pytest.mark.parametrize("wrong", [0, 11, (0.5,), (0.5, 0.4, 1.0), (0.0, 1.0), (0.5, 1.2)])
def test_looks_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="looks are"):
        group_sequential(wrong)


def test_an_sprt_decides_where_the_likelihood_ratio_leaves_walds_bounds():
    test = Sprt(0.3, 0.85)
    low, high = test.bounds
    assert (low, high) == pytest.approx((math.log(0.05 / 0.95), math.log(0.95 / 0.05)))
    assert test.log_ratio(3, 3) == pytest.approx(3 * math.log(0.85 / 0.3))
    assert [sprt(3, 3, 0.3, 0.85), sprt(0, 2, 0.3, 0.85), sprt(2, 3, 0.3, 0.85)] == ["high", "low", "undecided"]
    assert sprt(0, 0, 0.3, 0.85) == "undecided"
    assert Sprt(0.3, 0.85, greatest=3).decide(2, 3) == "high"
    assert Sprt(0.3, 0.85, greatest=3).decide(1, 3) == "low"


@pytest.mark.parametrize(("p0", "p1"), [(0.3, 0.85), (0.1, 0.5), (0.5, 0.8), (0.05, 0.3)])
def test_the_errors_of_an_sprt_are_within_walds_bounds(p0, p1):
    test = Sprt(p0, p1)
    at_low, at_high = test.course(p0), test.course(p1)
    assert at_low.high + at_low.low == pytest.approx(1.0)
    assert at_low.high <= 0.05 / 0.95
    assert at_high.low <= 0.05 / 0.95
    about = expected_trials(p0, p1)
    assert at_low.trials >= about[0] * 0.99
    assert at_high.trials >= about[1] * 0.99


def test_an_sprt_of_impossible_rates_is_refused():
    for rates in ((0.5, 0.5), (0.6, 0.5), (0.0, 0.5), (0.5, 1.0)):
        with pytest.raises(ValueError, match="0 < p0 < p1 < 1"):
            Sprt(*rates)
    with pytest.raises(ValueError, match="chances of error"):
        Sprt(0.1, 0.5, alpha=0.6, beta=0.5)
    with pytest.raises(ValueError, match="no count of trials"):
        Sprt(0.1, 0.5).decide(4, 3)


def test_the_first_blocks_of_an_e_process_worked_by_hand():
    # Before any data both rates are estimated at 1/2: the first block bets nothing.
    first = e_process([(1, True), (0, False)])
    assert first.e == pytest.approx(1.0)
    # Then the estimates are 1.18 / 1.36 and .18 / 1.36, their mean 1/2.
    second = first.update(1, True).update(0, False)
    assert second.e == pytest.approx((1.18 / 1.36) ** 2 / 0.25)
    assert second.counts == (2, 2, 0, 2)


def test_an_incomplete_block_waits_and_changes_nothing():
    state = e_process([(1, True), (0, False)] * 4)
    waiting = state.update(1, True).update(1, False)
    assert waiting.e == state.e
    assert waiting.waiting == ((True, False), ())
    assert waiting.update(0, False).counts[1] == state.counts[1] + 1


def test_what_has_rejected_once_has_rejected_for_good():
    state = e_process([(1, True), (0, False)] * 8)
    assert state.rejects()
    back = state
    for _ in range(8):
        back = back.update(1, False).update(0, True)
    assert back.e < state.e
    assert back.rejects()
    assert back.p == pytest.approx(min(math.exp(-back.greatest_log_e), 1.0))


@given(st.floats(0.02, 0.98), st.sampled_from([(1, 1), (1, 2), (2, 1)]), st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_no_bet_on_the_next_block_can_be_expected_to_win_where_rates_are_equal(p, block, pairs):
    # From any history, the expected factor of one more block is at most 1, whatever the common rate is.
    state = e_process([(1, bool(i % 3)) for i in range(pairs * block[0])], block)
    for i in range(pairs * block[1]):
        state = state.update(0, not i % 2)
    expected = 0.0
    for yes1 in range(block[0] + 1):
        for yes0 in range(block[1] + 1):
            after = state
            for i in range(block[0]):
                after = after.update(1, i < yes1)
            for i in range(block[1]):
                after = after.update(0, i < yes0)
            ways = math.comb(block[0], yes1) * math.comb(block[1], yes0)
            yes, n = yes1 + yes0, sum(block)
            expected += ways * p**yes * (1 - p) ** (n - yes) * math.exp(after.log_e - state.log_e)
    assert expected <= 1 + 1e-9


def test_a_block_has_trials_of_both_groups():
    with pytest.raises(ValueError, match="both groups"):
        e_process([], (0, 1))
    assert EProcess().e == 1.0
