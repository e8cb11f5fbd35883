"""What requests cost, with the prompt cache's discount, and what they can cost at most."""

from __future__ import annotations

from itertools import pairwise

import pytest

from am_studio.models import prices
from am_studio.models.prices import FREE, Price, find_price, listed_price
from am_studio.records import ModelSettings, Usage

CACHING = Price(3e-6, 15e-6, cached=0.3e-6, cache_write=3.75e-6)


def test_cached_tokens_cost_their_own_price_and_writes_theirs() -> None:
    usage = Usage(input_tokens=10_000, output_tokens=100, cached_tokens=6_000, cache_write_tokens=1_000)
    assert CACHING.of(usage) == pytest.approx(3_000 * 3e-6 + 6_000 * 0.3e-6 + 1_000 * 3.75e-6 + 100 * 15e-6)
    plain = Price(3e-6, 15e-6)
    assert plain.of(usage) == pytest.approx(10_000 * 3e-6 + 100 * 15e-6), "no discount that nobody knows of"


def test_reasoning_is_output_and_counted_once() -> None:
    assert CACHING.of(Usage(0, 500, reasoning_tokens=400)) == pytest.approx(500 * 15e-6)


def test_a_providers_nonsense_never_makes_a_cost_negative() -> None:
    assert CACHING.of(Usage(100, 0, cached_tokens=10**9, cache_write_tokens=10**9)) == pytest.approx(100 * 0.3e-6)


def test_long_requests_cost_the_price_of_long_requests() -> None:
    price = Price(1e-6, 2e-6, long=Price(2e-6, 3e-6), long_above=200_000)
    assert price.of(Usage(200_000, 10)) == pytest.approx(0.2 + 20e-6)
    assert price.of(Usage(200_001, 10)) == pytest.approx(200_001 * 2e-6 + 30e-6)
    assert price.at_most(200_001, 10) == pytest.approx(200_001 * 2e-6 + 30e-6)


def test_the_worst_case_is_the_dearer_of_reading_and_writing_the_cache() -> None:
    assert CACHING.at_most(1500, 100) == pytest.approx(1500 * 3.75e-6 + 100 * 15e-6)
    for usage in (Usage(1500, 100), Usage(1500, 100, 1500), Usage(1500, 100, 0, 1500), Usage(1500, 100, 700, 700)):
        assert CACHING.of(usage) <= CACHING.at_most(1500, 100) + 1e-12
    gemini = find_price(ModelSettings("gemini/gemini-2.5-pro"))
    assert gemini is not None
    costs = [gemini.at_most(tokens, 100) for tokens in range(0, 400_000, 50_000)]
    assert all(less < more for less, more in pairwise(costs))


def test_the_table_gives_prices_of_the_cache_and_of_long_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {
        "little": {
            "litellm_provider": "acme", "input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6,
            "cache_read_input_token_cost": 1e-7, "cache_creation_input_token_cost": 1.25e-6,
            "input_cost_per_token_above_200k_tokens": 2e-6, "output_cost_per_token_above_200k_tokens": 6e-6,
            "cache_read_input_token_cost_above_200k_tokens": 2e-7,
        },
        "plain": {"litellm_provider": "acme", "input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6,
                  "cache_creation_input_token_cost": 0.0},
        "thinks": {"litellm_provider": "acme", "input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6,
                   "output_cost_per_reasoning_token": 8e-6},
        "by-request": {"litellm_provider": "acme", "input_cost_per_request": 0.01},
        "in-tiers": {"litellm_provider": "acme", "tiered_pricing": []},
        "served": {"litellm_provider": "vertex_ai-language-models", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6},
    }  # fmt: skip
    monkeypatch.setattr(prices, "_table", lambda: table)
    listed_price.cache_clear()
    try:
        long = Price(2e-6, 6e-6, 2e-7)
        assert find_price(ModelSettings("acme/little")) == Price(1e-6, 4e-6, 1e-7, 1.25e-6, long, 200_000)
        assert find_price(ModelSettings("acme/plain")) == Price(1e-6, 4e-6), "a write for nothing is no price"
        assert find_price(ModelSettings("acme/thinks")) == Price(1e-6, 8e-6), (
            "the dearer one, for nobody knows the share"
        )
        for unknown in ("acme/by-request", "acme/in-tiers", "other/little", "acme/none"):
            assert find_price(ModelSettings(unknown)) is None
        assert find_price(ModelSettings("vertex_ai/served")) == Price(1e-6, 1e-6)
        stated = find_price(ModelSettings("acme/little", output_price=5, cached_price=0.5))
        assert stated == Price(1e-6, 5e-6, 0.5e-6, 1.25e-6, Price(2e-6, 5e-6, 0.5e-6), 200_000)
        both = find_price(ModelSettings("acme/little", input_price=2, output_price=5))
        assert both == Price(2e-6, 5e-6), "the table's discount belongs to the table's price"
    finally:
        listed_price.cache_clear()


def test_real_models_of_the_table_have_their_discounts() -> None:
    sonnet = find_price(ModelSettings("anthropic/claude-sonnet-4-5"))
    assert sonnet == Price(3e-6, 15e-6, 0.3e-6, 3.75e-6)
    gemini = find_price(ModelSettings("gemini/gemini-2.5-pro"))
    assert gemini is not None
    assert gemini.long is not None
    assert (gemini.long_above, gemini.long.input) == (200_000, 2.5e-6)
    assert find_price(ModelSettings("openai/sim/strategist", endpoint="http://127.0.0.1:1/v1")) == FREE
