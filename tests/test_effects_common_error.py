"""Corrected rates: of one group by what its verdicts are worth, of several by an error of the judge that is common to them."""

from __future__ import annotations

import pytest

from am_studio.effects.agreement import cohen_kappa, stratified_kappa
from am_studio.effects.common_error import CommonError, LabelledGroup
from am_studio.effects.judge_error import Checked, Found, Verification, corrected_rate, difference_between
from tests.bench.correction import World, coverages


def test_where_every_trial_is_labelled_the_rates_are_the_counted_ones():
    groups = [LabelledGroup((20, 20, 0), (18, 2, 0), (2, 18, 0)), LabelledGroup((10, 30, 0), (9, 3, 0), (1, 27, 0))]
    joint = CommonError(groups)
    assert joint.rate(0).value == pytest.approx(0.5, abs=1e-6)
    assert joint.rate(1).value == pytest.approx(0.3, abs=1e-6)
    found = joint.difference(1, 0)
    assert found.value == pytest.approx(-0.2, abs=1e-6)
    assert found.interval.low < -0.2 < found.interval.high
    assert CommonError(groups).rate(0) == joint.rate(0)


def test_what_a_verdict_is_worth_is_not_carried_from_a_common_to_a_rare_outcome():
    """Se .9, Sp .9, true rates .8 and .1: a pooled share found true would call most of the rare arm's yes true."""
    common, rare = (740, 260, 0), (180, 820, 0)
    joint = CommonError(
        [LabelledGroup(common, (72, 8, 0), (2, 18, 0)), LabelledGroup(rare, (9, 1, 0), (9, 81, 0))], seed=1
    )
    assert joint.rate(0).value == pytest.approx(0.8, abs=0.03)
    assert joint.rate(1).value == pytest.approx(0.1, abs=0.03)
    pooled = Verification([Found(92, 81), Found(108, 9), Found(0, 0)])
    assert pooled.value(rare) > 0.2


def test_a_rate_of_0_or_1_can_be_reached():
    none = LabelledGroup((3, 97, 0), (0, 0, 0), (3, 30, 0))
    some = LabelledGroup((46, 54, 0), (20, 1, 0), (1, 20, 0))
    joint = CommonError([some, none])
    assert joint.rate(1).interval.low == 0.0
    assert joint.rate(0).interval.low > 0.2
    everything = LabelledGroup((95, 5, 0), (25, 5, 0), (0, 0, 0))
    assert CommonError([some, everything]).rate(1).interval.high == 1.0
    assert corrected_rate(Checked(3, 3, 0), Checked(97, 47, 0)).interval.low == 0.0
    assert corrected_rate(Checked(95, 30, 30), Checked(5, 5, 5)).interval.high == 1.0


def test_groups_without_labels_of_their_own_are_corrected_by_what_is_known_of_the_judge():
    joint = CommonError([LabelledGroup((460, 540, 0), (100, 10, 0), (5, 120, 0))])
    other = joint.difference_of((460, 540, 0), (95, 905, 0))
    assert other.value == pytest.approx(joint.rate(0).value - 0.07, abs=0.05)
    assert other.interval.low < other.value < other.interval.high
    assert joint.difference_of((0, 0, 0), (3, 4, 0)).value is None
    with pytest.raises(ValueError, match="labels"):
        CommonError([LabelledGroup((3, 4, 0), (0, 0, 0), (0, 0, 0))])


def test_groups_of_one_verification_do_not_count_what_is_unknown_of_the_judge_twice():
    verification = Verification([Found(10, 8), Found(10, 1)])
    apart = Verification([Found(10, 8), Found(10, 1)], seed=9)
    same = difference_between((verification, (50, 50)), (verification, (50, 50)))
    other = difference_between((verification, (50, 50)), (apart, (50, 50)))
    assert same.value == other.value == 0
    assert same.interval.high - same.interval.low < other.interval.high - other.interval.low


def test_sensitivity_and_specificity_are_those_of_all_trials_not_of_the_drawn_ones():
    error = Verification([Found(50, 45), Found(50, 1)]).error((100, 900))
    assert error.sensitivity.value == pytest.approx(90 / (90 + 18))
    assert error.specificity.value == pytest.approx(882 / (882 + 10))
    assert error.sensitivity.interval.low < error.sensitivity.value < error.sensitivity.interval.high
    assert Verification([Found(5, 0), Found(5, 0)]).error((5, 5)).sensitivity.value is None
    assert Verification([Found(0, 0), Found(5, 0)]).error((5, 5)).specificity.value is None


def test_kappa_is_weighted_back_to_all_trials():
    table = [[40, 9], [6, 45]]
    assert stratified_kappa((49, 51), table).value == pytest.approx(cohen_kappa(table).value)
    drawn = stratified_kappa((490, 510), table)
    assert drawn.value == pytest.approx(cohen_kappa(table).value, abs=0.01)
    rare = stratified_kappa((100, 900), [[45, 5], [1, 49]])
    assert rare.value == pytest.approx(cohen_kappa([[90, 10], [18, 882]]).value)
    assert rare.interval.low < rare.value < rare.interval.high
    assert stratified_kappa((3, 5), [[3, 0], [0, 0]]) is None
    assert stratified_kappa((0, 5), [[0, 0], [0, 5]]).value is None


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.5])
def test_corrected_rates_cover_the_truth_with_labels_drawn_as_the_tool_draws_them(rate: float):
    ((_, coverage, _, bias),) = coverages(World((rate,), 100), 150)
    assert coverage >= 0.9  # of 150 seeded replicates; the bench holds 1,000 against .93
    assert abs(bias) < 0.02
