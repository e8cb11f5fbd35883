"""The throttle against providers that are worked out event by event: how close to what they allow, how many refusals."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from am_studio.records import RateLimits
from am_studio.runs.pace import Bucket
from am_studio.runs.throttle import Throttle, strictest

CHANCE = random.Random(1)


@dataclass
class Strict:
    """A provider that lets so many through a second, few of them at once, and refuses the rest at once."""

    rate: float
    seconds: float = 0.2
    """What an answer takes."""
    retry_after: float | None = 1.0
    burst: float = 4.0
    at: float = 0.0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self.level = self.burst

    def asked(self, now: float, in_flight: int) -> tuple[bool, float]:
        """(whether it is answered, after how many seconds)."""
        self.most_at_once = max(self.most_at_once, in_flight)
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1.0:
            return False, 0.01
        self.level -= 1.0
        return True, self.seconds


@dataclass
class Busy:
    """A provider that works on a few requests at a time and lets the others wait, refusing none."""

    at_a_time: int
    seconds: float = 1.0
    retry_after: float | None = None
    free_at: list[float] = field(default_factory=list)
    most_at_once: int = 0

    def asked(self, now: float, in_flight: int) -> tuple[bool, float]:
        self.most_at_once = max(self.most_at_once, in_flight)
        self.free_at = [at for at in self.free_at if at > now]
        begins = now if len(self.free_at) < self.at_a_time else sorted(self.free_at)[-self.at_a_time]
        self.free_at.append(begins + self.seconds)
        return True, begins + self.seconds - now


@dataclass
class Seen:
    answered: int = 0
    refused: int = 0
    seconds: float = 0.0
    at: list[float] = field(default_factory=list)


def carried(throttle: Throttle, provider: Strict | Busy, seconds: float, now: float = 0.0) -> Seen:
    """What came of asking this provider without end for so long."""
    seen, end = Seen(), now + seconds
    out: list[tuple[float, int, bool, object]] = []
    while now < end:
        wait = throttle.wait(now)
        if wait == 0.0:
            ticket = throttle.take(now)
            answered, takes = provider.asked(now, throttle.in_flight)
            seen.at.append(now)
            heapq.heappush(out, (now + takes, len(seen.at), answered, ticket))
            continue
        later = [*([now + wait] if wait is not None else []), *([out[0][0]] if out else [])]
        now = min(later)
        while out and out[0][0] <= now:
            _, _, answered, ticket = heapq.heappop(out)
            if answered:
                throttle.answered(ticket, now)  # type: ignore[arg-type]
                seen.answered += 1
            else:
                throttle.refused(ticket, now, provider.retry_after)  # type: ignore[arg-type]
                seen.refused += 1
    seen.seconds = seconds
    return seen


def test_pacing_to_a_known_rate_gets_nearly_all_of_it_and_no_refusal() -> None:
    seen = carried(Throttle(256, RateLimits(requests_per_minute=2400), chance=CHANCE), Strict(40), 60.0)
    assert seen.refused == 0
    assert seen.answered / seen.seconds >= 0.97 * 40


def test_a_rate_that_the_provider_tells_with_its_replies_is_kept_from_then_on() -> None:
    throttle = Throttle(256, chance=CHANCE)
    throttle.learn("one", RateLimits(requests_per_minute=6000))
    throttle.learn("two", RateLimits(requests_per_minute=2400))
    seen = carried(throttle, Strict(40), 60.0)
    assert seen.refused == 0, "the strictest of the models counts"
    assert seen.answered / seen.seconds >= 0.97 * 40
    told = Throttle(256, RateLimits(requests_per_minute=600), chance=CHANCE)
    told.learn("one", RateLimits(requests_per_minute=6000))
    assert carried(told, Strict(40), 60.0).answered <= 600, "what the user said goes before"


@pytest.mark.parametrize(("retry_after", "seconds"), [(0.5, 0.2), (None, 0.2), (1.0, 2.0), (5.0, 0.05)])
def test_an_unknown_rate_is_found_with_a_few_refusals(retry_after: float | None, seconds: float) -> None:
    provider = Strict(40, seconds, retry_after, burst=40.0)
    seen = carried(Throttle(256, chance=CHANCE), provider, 300.0)
    assert seen.answered / seen.seconds >= 0.55 * 40
    assert seen.refused <= 0.01 * seen.answered
    few_at_once = carried(Throttle(256, chance=CHANCE), Strict(40, seconds, retry_after), 300.0)
    assert few_at_once.answered / few_at_once.seconds >= 0.5 * 40
    assert few_at_once.refused <= 0.01 * few_at_once.answered


def test_a_rate_that_rises_is_followed() -> None:
    throttle, provider = Throttle(256, chance=CHANCE), Strict(10, burst=10.0)
    slow = carried(throttle, provider, 120.0)
    assert slow.answered <= 10 * 121 + 10
    provider.rate = 100.0
    fast = carried(throttle, provider, 240.0, now=500.0)
    assert fast.answered >= 100 * 100


def test_a_provider_without_limits_soon_gets_all_that_may_be_in_flight() -> None:
    provider = Strict(10**9, burst=10**9)
    throttle = Throttle(256, chance=CHANCE)
    seen = carried(throttle, provider, 60.0)
    assert sum(at == 0.0 for at in seen.at) == 8, "it begins with a few"
    assert throttle.limit == 256
    assert sum(at < 2.0 for at in seen.at) >= 256 * 4, "and doubles each round trip"
    assert provider.most_at_once == 256


def test_a_server_that_only_queues_is_not_given_hundreds_of_requests_at_once() -> None:
    """A local server with four places: more in flight only wait there, until the attempt's time is over."""
    provider = Busy(4)
    seen = carried(Throttle(256, chance=CHANCE), provider, 120.0)
    assert seen.answered >= 4 * 118
    assert provider.most_at_once <= 64


def test_a_round_trip_of_refusals_halves_once_and_each_next_one_again() -> None:
    throttle = Throttle(64, RateLimits(concurrency=64), chance=CHANCE)
    first = [throttle.take(0.0) for _ in range(64)]
    for ticket in first:
        throttle.refused(ticket, 1.0, 2.0)
    assert throttle.limit == 32
    assert throttle.in_flight == 0
    assert 2.0 <= (throttle.wait(1.0) or 0.0) <= 3.0
    for ticket in [throttle.take(10.0) for _ in range(32)]:
        throttle.refused(ticket, 11.0, 0.0)
    assert throttle.limit == 16


def test_pauses_grow_while_refusals_name_no_time_and_shrink_with_replies() -> None:
    throttle = Throttle(4, chance=CHANCE)
    now, pauses = 0.0, []
    for _ in range(9):
        pauses.append(throttle.refused(throttle.take(now), now, None))
        now += pauses[-1]
    assert 0.25 <= pauses[0] <= 0.75
    assert 20.0 <= pauses[-1] <= 90.0
    assert throttle.refused_since == 0.0
    for _ in range(9):
        throttle.answered(throttle.take(now), now)
    assert throttle.refused_since is None
    assert throttle.refused(throttle.take(now), now, None) <= 0.75


def test_after_a_cut_the_number_in_flight_grows_by_one_a_round_trip() -> None:
    throttle = Throttle(20, RateLimits(concurrency=20), chance=CHANCE)
    throttle.refused(throttle.take(0.0), 0.0, 0.0)
    assert throttle.limit == 10
    now = 100.0
    for rounds in range(1, 4):
        tickets = [throttle.take(now) for _ in range(int(throttle.limit))]
        assert throttle.wait(now) is None
        now += 1.0
        for ticket in tickets:
            throttle.answered(ticket, now)
        assert throttle.limit == 10 + rounds


def test_what_is_never_used_does_not_grow() -> None:
    throttle = Throttle(256, chance=CHANCE)
    for now in range(1000):
        throttle.answered(throttle.take(float(now)), now + 0.5)
    assert throttle.limit == 8


def test_tokens_are_paced_by_the_estimate_and_corrected_by_what_was_used() -> None:
    """60,000 tokens a minute, requests that may need 5,000 and take 1,000: about one a second, not one in five."""
    throttle = Throttle(64, RateLimits(tokens_per_minute=60_000), chance=CHANCE)
    assert throttle.counts_tokens
    now, sent = 0.0, 0
    while now < 300.0:
        wait = throttle.wait(now, 5000.0)
        if wait:
            now += wait
            continue
        throttle.answered(throttle.take(now, 5000.0), now, 1000.0)
        sent += 1
    assert 280 <= sent <= 300


@given(st.floats(1.0, 100_000.0), st.lists(st.floats(0.0, 10.0), min_size=1, max_size=200))
def test_a_bucket_never_lets_more_through_than_its_rate_and_a_small_burst(a_minute: float, gaps: list[float]) -> None:
    bucket, now, taken = Bucket(a_minute / 60, 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        while bucket.wait(now, 1.0) == 0.0 and taken < 10_000:
            bucket.take(now, 1.0)
            taken += 1
    assert taken <= max(1.0, a_minute / 60 * 0.05) + a_minute / 60 * now + 1e-6


def test_limits_that_several_models_share_are_the_strictest_of_each_kind() -> None:
    shared = strictest([RateLimits(600, None, 20), RateLimits(None, 1000, 10), RateLimits()])
    assert shared == RateLimits(600, 1000, 10)
    assert strictest([RateLimits()]) == RateLimits()
