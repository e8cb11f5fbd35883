"""A sample to be labelled: drawn by the judge's answer, every trial of an answer with one known chance."""

from __future__ import annotations

from collections import Counter

import pytest

from am_studio.judging.label_sampling import Candidate, allotted, draw_sample


def candidates(**sizes: int) -> list[Candidate]:
    """Trials by answer, spread unevenly over a baseline and two arms of two models."""
    arms = ("baseline", "baseline", "without-threat", "without-deadline")
    answers = [answer for answer, size in sizes.items() for _ in range(size)]
    return [Candidate(i, arms[i % 4], f"model-{i % 3 % 2}", answer) for i, answer in enumerate(answers)]


def test_every_yes_is_drawn_up_to_half_of_the_sample_and_the_rest_is_shared():
    assert allotted({"yes": 10, "no": 80, "unclear": 10}, 50) == {"yes": 10, "unclear": 10, "no": 30}
    assert allotted({"yes": 100, "no": 300}, 50) == {"yes": 25, "unclear": 0, "no": 25}
    assert allotted({"yes": 100, "no": 5}, 50) == {"yes": 45, "unclear": 0, "no": 5}
    assert allotted({"unclear": 60}, 50) == {"yes": 0, "unclear": 50, "no": 0}
    assert sum(allotted({"yes": 3, "no": 4}, 50).values()) == 7


def test_the_same_seed_draws_the_same_sample_whatever_order_the_trials_come_in():
    there = candidates(yes=60, no=140)
    assert draw_sample(there, 50, seed=3) == draw_sample(reversed(there), 50, seed=3)
    assert draw_sample(there, 50, seed=3) != draw_sample(there, 50, seed=4)
    assert [drawn.position for drawn in draw_sample(there, 50)] == list(range(1, 51))


def test_each_trial_is_drawn_as_often_as_its_chance_says_in_large_and_small_arms_alike():
    there, seeds = candidates(yes=30, no=90, unclear=11), 1500
    drawn: Counter[int] = Counter()
    for seed in range(seeds):
        sample = draw_sample(there, 30, seed=seed)
        assert len(sample) == 30
        drawn.update(each.trial for each in sample)
    chance = {each.trial: each.chance for each in sample}
    by_answer = {each.answer: chance[each.trial] for each in there if each.trial in chance}
    assert by_answer == {"yes": 0.5, "unclear": pytest.approx(4 / 11), "no": pytest.approx(11 / 90)}
    for each in there:
        expected = by_answer[each.answer]
        error = (expected * (1 - expected) / seeds) ** 0.5
        assert abs(drawn[each.trial] / seeds - expected) < 4.5 * error


def test_arms_and_models_get_their_share_as_far_as_whole_trials_allow():
    there = candidates(no=240)
    cells = Counter((each.arm, each.model) for each in there)
    sample = {drawn.trial for drawn in draw_sample(there, 40, seed=5)}
    drawn = Counter((each.arm, each.model) for each in there if each.trial in sample)
    assert all(abs(drawn[cell] - 40 * size / 240) < 1 for cell, size in cells.items())


def test_a_larger_sample_of_the_same_trials_keeps_those_that_were_drawn():
    there = candidates(yes=60, no=140, unclear=5)
    first = draw_sample(there, 30, seed=3)
    more = draw_sample(there, 50, seed=3, kept=[drawn.trial for drawn in first])
    assert [drawn.trial for drawn in more[:30]] == [drawn.trial for drawn in first]
    assert len(more) == 50
    assert Counter(drawn.chance for drawn in more) == {25 / 60: 25, 20 / 140: 20, 1.0: 5}


def test_the_order_of_labelling_tells_nothing_about_the_answer():
    there = candidates(yes=25, no=100)
    firsts = [there[draw_sample(there, 50, seed=seed)[0].trial].answer for seed in range(400)]
    assert 0.4 < firsts.count("yes") / 400 < 0.6
