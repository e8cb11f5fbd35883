"""Strata, ratios, equivalence, agreement and judges that err: as published, as statsmodels has it, and at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.effects.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha
from am_studio.effects.chi_square import chi_square_tail
from am_studio.effects.equivalence import conclude, trials_needed
from am_studio.effects.golden import BERKELEY, DIAGNOSES, goldens, replay
from am_studio.effects.intervals import difference_bounds, difference_interval, miettinen_nurminen, rate_interval
from am_studio.effects.judge_error import Checked, corrected_difference, corrected_rate, rogan_gladen
from am_studio.effects.multiplicity import adjust
from am_studio.effects.ratio import restricted_rate_of_ratio, risk_ratio
from am_studio.effects.selfcheck import coverage_checks
from am_studio.effects.stratified import cmh, homogeneity, interaction, stratified_difference
from am_studio.records import Interval

sizes = st.integers(1, 40)


@st.composite
def strata(draw, least=1):
    found = []
    for _ in range(draw(st.integers(least, 5))):
        n1, n0 = draw(sizes), draw(sizes)
        found.append((draw(st.integers(0, n1)), n1, draw(st.integers(0, n0)), n0))
    return found


@pytest.mark.parametrize("golden", goldens(), ids=lambda golden: golden.name)
def test_every_published_number_comes_out_to_its_last_digit(golden):
    assert replay(golden).ok, replay(golden)


def test_a_number_that_is_off_is_noticed():
    golden = next(iter(goldens()))
    assert not replay(type(golden)(golden.name, golden.source, "0.2554", golden.find)).ok


def test_simulated_coverage_is_what_enumeration_says():
    assert [check.name for check in coverage_checks(3_000) if not check.ok] == []


def tables_of(found):
    return np.array([[[k1, n1 - k1], [k0, n0 - k0]] for k1, n1, k0, n0 in found]).transpose(1, 2, 0)


@given(strata(least=2))
@settings(max_examples=60, deadline=None)
def test_strata_agree_with_statsmodels(found):
    from statsmodels.stats.contingency_tables import StratifiedTable

    ours = cmh(found)
    varying = [s for s in found if 0 < s[0] + s[2] < s[1] + s[3]]
    if not varying or ours.statistic == 0:
        return
    with np.errstate(all="ignore"):
        theirs = StratifiedTable(tables_of(varying).astype(float), shift_zeros=False)
        assert ours.statistic == pytest.approx(theirs.test_null_odds().statistic, rel=1e-9)
        assert ours.p == pytest.approx(theirs.test_null_odds().pvalue, abs=1e-9)
        assert ours.strata == len(varying)
        if ours.interval is not None:
            assert ours.odds_ratio == pytest.approx(theirs.oddsratio_pooled)
            bounds = theirs.oddsratio_pooled_confint()
            assert (ours.interval.low, ours.interval.high) == pytest.approx(bounds, rel=1e-6)


def test_homogeneity_agrees_with_statsmodels():
    from statsmodels.stats.contingency_tables import StratifiedTable

    theirs = StratifiedTable(tables_of(BERKELEY)).test_equal_odds(adjust=True)
    ours = homogeneity(BERKELEY)
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert ours.degrees == 5
    assert homogeneity([(3, 10, 5, 10)]).p is None
    assert homogeneity([(0, 10, 0, 10), (0, 10, 5, 10)]).p is None


def test_one_stratum_is_an_ordinary_comparison():
    assert stratified_difference([(56, 70, 48, 80)]).interval.low == pytest.approx(
        miettinen_nurminen(56, 70, 48, 80).low, abs=1e-9
    )
    assert cmh([(0, 5, 0, 5)]).p == 1.0
    assert stratified_difference([(0, 0, 3, 5)]).value is None


@given(strata())
@settings(max_examples=60, deadline=None)
def test_the_difference_over_strata_is_sane(found):
    pooled = stratified_difference(found)
    differences = [k1 / n1 - k0 / n0 for k1, n1, k0, n0 in found]
    assert min(differences) - 1e-12 <= pooled.value <= max(differences) + 1e-12
    assert -1 <= pooled.interval.low <= pooled.value + 1e-9
    assert pooled.value - 1e-9 <= pooled.interval.high <= 1
    swapped = stratified_difference([(k0, n0, k1, n1) for k1, n1, k0, n0 in found])
    assert (swapped.interval.low, swapped.interval.high) == pytest.approx(
        (-pooled.interval.high, -pooled.interval.low), abs=1e-8
    )


def test_simpsons_paradox_is_seen_through():
    # Kidney stones: the better treatment looks worse when strata are thrown together.
    found = [(81, 87, 234, 270), (192, 263, 55, 80)]
    assert sum(s[0] for s in found) / 350 < sum(s[2] for s in found) / 350
    assert stratified_difference(found).value > 0


def test_an_interaction_is_a_difference_of_differences():
    found = interaction((9, 10, 1, 10), (5, 10, 4, 10))
    assert found.value == pytest.approx(0.7)
    assert found.interval.low > 0
    assert found.p == pytest.approx(0.0186, abs=1e-3)
    swapped = interaction((5, 10, 4, 10), (9, 10, 1, 10))
    assert (swapped.interval.low, swapped.interval.high) == pytest.approx((-found.interval.high, -found.interval.low))
    assert swapped.p == pytest.approx(found.p, rel=1e-3)
    assert interaction((9, 10, 0, 0), (5, 10, 4, 10)).value is None
    assert interaction((9, 10, 1, 10), (9, 10, 1, 10)).p > 0.9


def test_a_ratio_without_a_denominator_has_a_lower_bound_alone():
    found = risk_ratio(3, 40, 0, 80)
    assert found.value is None
    assert found.interval.high == math.inf
    assert found.interval.low > 1
    assert risk_ratio(0, 10, 0, 10).interval == Interval(0.0, math.inf, "miettinen-nurminen", 0.95)
    assert risk_ratio(0, 0, 3, 5).interval is None


@given(sizes, sizes, st.data())
@settings(max_examples=80, deadline=None)
def test_every_ratio_interval_is_sane(n1, n0, data):
    k1, k0 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n0))
    found = risk_ratio(k1, n1, k0, n0)
    inverse = risk_ratio(k0, n0, k1, n1)
    if found.value is not None:
        assert found.interval.low <= found.value * (1 + 1e-9)
        assert found.value <= found.interval.high * (1 + 1e-9)
    for one, other in ((found.interval.low, inverse.interval.high), (found.interval.high, inverse.interval.low)):
        assert one == pytest.approx(1 / other if other else math.inf, rel=1e-6)
    # The score test of ratio 1 is that of difference 0.
    difference = miettinen_nurminen(k1, n1, k0, n0)
    assert (found.interval.low > 1 + 1e-9) == (difference.low > 1e-9)
    assert (found.interval.high < 1 - 1e-9) == (difference.high < -1e-9)


def test_the_rate_under_a_ratio_is_the_one_of_greatest_likelihood():
    k1, n1, k0, n0, ratio = 8, 20, 3, 15, 1.7

    def likelihood(p):
        return (
            k1 * math.log(ratio * p)
            + (n1 - k1) * math.log(1 - ratio * p)
            + k0 * math.log(p)
            + (n0 - k0) * math.log(1 - p)
        )

    found = restricted_rate_of_ratio(ratio, k1, n1, k0, n0)
    assert all(likelihood(found) > likelihood(found + step) for step in (-1e-4, 1e-4))


def test_intervals_are_asked_for_by_name():
    assert rate_interval(7, 50, method="clopper-pearson").method == "clopper-pearson"
    assert difference_interval(5, 9, 1, 9, method="newcombe").method == "newcombe"
    assert difference_interval(5, 9, 1, 9, level=0.9) == miettinen_nurminen(5, 9, 1, 9, 0.9)


def test_what_may_be_concluded():
    narrow, wide = Interval(-0.05, 0.08, "m"), Interval(-0.3, 0.2, "m")
    assert conclude(wide, 0.01) == "effect"
    assert conclude(narrow, 0.6, delta=0.1) == "equivalent"
    assert conclude(narrow, 0.6) == "undetermined"
    assert conclude(wide, 0.06, delta=0.1) == "undetermined"
    assert conclude(narrow, 0.04, delta=0.1) == "effect"
    assert conclude(None, None, delta=0.1) == "undetermined"
    assert conclude(Interval(-0.1, 0.05, "m"), None, delta=0.1) == "undetermined"


@pytest.mark.parametrize(
    ("counts", "delta", "aim"), [((5, 20, 6, 20), 0.15, "equivalent"), ((12, 20, 8, 20), None, "effect")]
)
def test_so_many_more_trials_settle_it_at_the_observed_rates(counts, delta, aim):
    k1, n1, k0, n0 = counts
    needed = trials_needed(*counts, delta=delta)
    assert needed.aim == aim

    def settled(more1, more0):
        m1, m0 = n1 + more1, n0 + more0
        low, high = difference_bounds(k1 / n1 * m1, m1, k0 / n0 * m0, m0)
        return low > 0 or high < 0 or (delta is not None and -delta < low and high < delta)

    assert settled(needed.more1 + 1, needed.more0 + 1)
    assert not settled(needed.more1 - 2, needed.more0 - 2)
    assert needed.more == needed.more1 + needed.more0


def test_where_no_number_of_trials_would_settle_it_none_is_named():
    assert trials_needed(10, 20, 10, 20) is None
    assert trials_needed(19, 20, 1, 20).more == 0
    with pytest.raises(ValueError, match="no count of trials"):
        trials_needed(5, 4, 1, 4)


@pytest.mark.parametrize("method", ["holm", "benjamini-hochberg", "bonferroni"])
def test_adjustments_agree_with_statsmodels(method):
    from statsmodels.stats.multitest import multipletests

    ps = [0.01, 0.04, 0.03, 0.2, 0.001, 0.04]
    theirs = multipletests(ps, method={"benjamini-hochberg": "fdr_bh"}.get(method, method))[1]
    assert adjust(ps, method) == pytest.approx(tuple(theirs))
    assert adjust(ps, "none") == tuple(ps)
    with pytest.raises(ValueError, match=r"not 1\.2"):
        adjust([0.5, 1.2], method)


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
def test_kappa_and_its_error_agree_with_statsmodels(table):
    from statsmodels.stats.inter_rater import cohens_kappa

    total = sum(map(sum, table))
    if not total or sum(table[i][i] for i in range(3)) == total:
        return
    ours = cohen_kappa(table)
    if ours.value is None:
        return
    with np.errstate(all="ignore"):
        theirs = cohens_kappa(np.array(table))
    assert ours.value == pytest.approx(theirs.kappa)
    if theirs.var_kappa > 1e-12:
        assert ours.interval.low == pytest.approx(max(theirs.kappa_low, -1), abs=1e-6)
        assert ours.interval.high == pytest.approx(min(theirs.kappa_upp, 1), abs=1e-6)


def test_complete_agreement_is_not_beyond_doubt():
    found = cohen_kappa([[20, 0], [0, 5]])
    assert found.value == 1.0
    assert 0.4 < found.interval.low < 0.7
    assert cohen_kappa([[9, 0], [0, 0]]).value is None
    for wrong in ([[1, 2]], [[0, 0], [0, 0]], [[1, -1], [0, 2]]):
        with pytest.raises(ValueError, match="square"):
            cohen_kappa(wrong)


def test_fleiss_kappa_agrees_with_statsmodels_and_has_an_interval():
    from statsmodels.stats.inter_rater import fleiss_kappa as theirs

    ours = fleiss_kappa(DIAGNOSES)
    assert ours.value == pytest.approx(theirs(np.array(DIAGNOSES)))
    assert ours.interval.low < ours.value < ours.interval.high
    assert fleiss_kappa([(3, 0), (3, 0)]).value is None
    with pytest.raises(ValueError, match="same number of judges"):
        fleiss_kappa([(3, 0), (2, 0)])


def test_krippendorffs_alpha_leaves_out_what_was_judged_once():
    once = [("yes", "yes"), ("no", "no"), ("yes", "no"), ("yes", None)]
    assert krippendorff_alpha(once) == krippendorff_alpha(once[:3])
    assert krippendorff_alpha([("yes", "yes"), ("yes", "yes")]).value is None
    with pytest.raises(ValueError, match="judged twice"):
        krippendorff_alpha([("yes", None)])


def test_a_corrected_rate_weighs_each_stratum_by_its_trials():
    found = corrected_rate(Checked(40, 40, 36), Checked(160, 40, 2))
    assert found.value == pytest.approx((36 + 160 * 2 / 40) / 200)
    assert found.interval.low < found.value < found.interval.high
    assert found == corrected_rate(Checked(40, 40, 36), Checked(160, 40, 2))
    assert found != corrected_rate(Checked(40, 40, 36), Checked(160, 40, 2), seed=1)
    assert corrected_rate(Checked(40, 40, 36), Checked(160, 0, 0)).value is None
    assert corrected_rate(Checked(0, 0, 0), Checked(50, 50, 0)).value == 0.0
    with pytest.raises(ValueError, match="no count of trials"):
        corrected_rate(Checked(40, 40, 41), Checked(160, 40, 2))


def test_a_corrected_difference_lets_the_judge_err_differently_in_each_arm():
    biased = (Checked(30, 30, 15), Checked(30, 30, 0))
    fair = (Checked(15, 15, 15), Checked(45, 45, 0))
    found = corrected_difference(biased, fair)
    assert found.value == pytest.approx(0.0)
    assert found.interval.low < 0 < found.interval.high
    assert corrected_difference((Checked(3, 0, 0), Checked(1, 1, 0)), fair).value is None


def test_a_judge_that_is_no_better_than_chance_cannot_be_corrected():
    assert rogan_gladen(30, 60, (50, 100), (50, 100)).value is None
    perfect = rogan_gladen(30, 60, (100, 100), (100, 100))
    assert perfect.value == 0.5
    assert perfect.interval.low < 0.5 < perfect.interval.high
    assert rogan_gladen(0, 60, (90, 100), (90, 100)).value == 0.0


@given(st.floats(0, 400), st.integers(1, 60))
def test_the_tail_of_chi_square_is_that_of_scipy(statistic, degrees):
    from scipy.stats import chi2

    assert chi_square_tail(statistic, degrees) == pytest.approx(
        float(chi2.sf(statistic, degrees)), rel=1e-9, abs=1e-300
    )


def test_there_is_no_tail_without_a_degree():
    assert chi_square_tail(-1.0, 3) == 1.0
    with pytest.raises(ValueError, match="degrees"):
        chi_square_tail(1.0, 0)
