"""The circuit breaker: when a model is paused, how it is found out that it is back, when it is given up."""

from __future__ import annotations

import itertools
import random

from am_studio.runs.breaker import Breaker


def breaker(**settings: int) -> Breaker:
    return Breaker(chance=random.Random(2), **settings)


def fail(broken: Breaker, times: int, now: float = 0.0) -> list[float | None]:
    return [broken.failed(now, trial, probe=broken.sent()) for trial in range(times)]


def test_eight_failures_in_a_row_open_it_and_seven_do_not() -> None:
    one = breaker()
    assert fail(one, 7) == [None] * 7
    assert one.wait(0.0) == 0.0
    (pause,) = fail(one, 1)
    assert pause is not None
    assert 5.0 <= pause <= 6.25
    assert one.wait(1.0) == pause - 1.0
    assert one.openings == 1


def test_a_reply_in_between_begins_the_row_anew() -> None:
    one = breaker()
    for _ in range(10):
        assert fail(one, 7) == [None] * 7
        assert not one.answered()
    assert one.openings == 0


def test_one_trial_alone_cannot_pause_a_model_that_answers_others() -> None:
    one = breaker()
    one.answered()
    assert [one.failed(0.0, 7, probe=False) for _ in range(20)] == [None] * 20
    assert one.failed(0.0, 8, probe=False) is not None
    never_answered = breaker()
    assert [never_answered.failed(0.0, 7, probe=False) for _ in range(8)][-1] is not None


def test_the_last_few_trials_cannot_pause_a_model_that_answered_the_others() -> None:
    one = breaker()
    for _ in range(8):
        one.answered()
    assert [one.failed(0.0, trial % 3, probe=False, left=3) for trial in range(20)] == [None] * 20
    assert one.failed(0.0, 1, probe=False, left=4) is not None
    hardly_answered = breaker()
    hardly_answered.answered()
    assert [hardly_answered.failed(0.0, trial % 2, probe=False, left=2) for trial in range(8)][-1] is not None


def test_after_the_pause_one_request_goes_and_the_others_wait_for_it() -> None:
    one = breaker()
    fail(one, 8)
    assert one.wait(10.0) == 0.0
    assert one.sent(), "it is a probe"
    assert one.wait(10.0) is None
    assert one.answered(), "that ends the pause"
    assert one.wait(10.0) == 0.0
    assert not one.sent()


def test_pauses_double_and_after_the_last_probe_the_model_is_given_up() -> None:
    one, now, pauses = breaker(probes=8), 0.0, []
    pauses.append(fail(one, 8)[-1] or 0.0)
    while not one.exhausted:
        now += pauses[-1]
        assert one.wait(now) == 0.0
        pauses.append(one.failed(now, 1, probe=one.sent()) or 0.0)
    assert len(pauses) == 9
    assert all(1.5 * before <= after <= 2.6 * before for before, after in itertools.pairwise(pauses[:6]))
    assert max(pauses) <= 375.0
    assert one.failures == 16


def test_what_left_before_the_pause_is_no_news_when_it_fails_and_good_news_when_it_is_answered() -> None:
    one = breaker()
    pause = fail(one, 8)[-1]
    assert one.failed(0.5, 99, probe=False) is None
    assert one.wait(0.0) == pause
    assert not one.exhausted
    assert one.answered()
    assert one.wait(0.0) == 0.0


def test_a_probe_that_is_refused_for_its_rate_is_sent_again() -> None:
    one = breaker()
    fail(one, 8)
    assert one.sent()
    one.back(probe=True)
    assert one.wait(100.0) == 0.0
    assert one.open
