"""What a token costs: from the study or the user's settings, or from the price table that litellm ships.

The table is read without importing litellm. Nothing is fetched or guessed: a model that stands nowhere has no price, and
whoever asks is told None. Not known here: prices by the request, batch and priority tiers, `tiered_pricing` lists.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from am_studio.records import ModelSettings, Usage

_TABLE = "model_prices_and_context_window_backup.json"
_LONG = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")
_ALSO_LISTED_AS = {"bedrock": ("bedrock_converse",), "vertex_ai": ("vertex_ai-",)}
"""Whose models stand in the table under the name of the provider that serves them, in other words."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in US dollars a token."""

    input: float
    output: float
    """Reasoning included."""
    cached: float | None = None
    """Of input that comes from the provider's prompt cache; None: not known, it counts as any other."""
    cache_write: float | None = None
    """Of input that is written into that cache; None: it costs what input costs."""
    long: Price | None = None
    """Of a request that reads more than `long_above` tokens, all of it."""
    long_above: int = 0

    def of(self, usage: Usage) -> float:
        """The cost of a request with this usage, in US dollars; the prompt cache's discount is in it where known."""
        if self.long is not None and usage.input_tokens > self.long_above:
            return self.long.of(usage)
        cached = min(usage.cached_tokens, usage.input_tokens)
        written = min(usage.cache_write_tokens, usage.input_tokens - cached)
        return (
            self.input * (usage.input_tokens - cached - written)
            + (self.input if self.cached is None else self.cached) * cached
            + (self.input if self.cache_write is None else self.cache_write) * written
            + self.output * usage.output_tokens
        )

    def at_most(self, read: int, written: int) -> float:
        """The most that a request can cost, in US dollars, that reads and writes at most so many tokens.

        Each token read counts at the dearer of the plain price and that of a write into the prompt cache.
        """
        reading = max(self.input, self.cache_write or 0.0)
        cost = reading * read + self.output * written
        longer = self.long is not None and read > self.long_above
        return max(cost, self.long.at_most(read, written)) if self.long is not None and longer else cost


FREE = Price(0.0, 0.0)
"""Of simulated subjects."""


def find_price(settings: ModelSettings) -> Price | None:
    """The price of a model: the one that is stated, nothing for simulated subjects, else the table's; None when unknown.

    Where only input or only output is stated the other one comes from the table, and the price is unknown when that
    fails; the table's price of cached input goes with the table's price of input. An endpoint of one's own is never
    charged at a table's price: whoever runs it knows what it costs.
    """
    if settings.simulated:
        return FREE
    listed = None if settings.endpoint else listed_price(settings.name)
    stated = settings.input_price, settings.output_price, settings.cached_price
    read, written, cached = (None if price is None else price / 1e6 for price in stated)
    if read is not None and written is not None:
        return Price(read, written, cached)
    if listed is None:
        return None
    if read is not None:
        return Price(read, listed.output, cached)
    return _with(listed, written, cached)


@cache
def listed_price(name: str) -> Price | None:
    """What the table says of this model; None when it says nothing."""
    entry = _entry(name)
    if entry is None:
        return None
    price = _price(entry, "")
    above = sorted(int(found[1]) for key in entry if (found := _LONG.fullmatch(key)))
    if price is None or not above:
        return price
    return replace(price, long=_price(entry, f"_above_{above[0]}k_tokens"), long_above=above[0] * 1000)


def _with(listed: Price, written: float | None, cached: float | None) -> Price:
    return replace(
        listed,
        output=listed.output if written is None else written,
        cached=listed.cached if cached is None else cached,
        long=None if listed.long is None else _with(listed.long, written, cached),
    )


def _price(entry: Mapping[str, Any], tier: str) -> Price | None:
    read, written = _cost(entry, "input_cost_per_token" + tier), _cost(entry, "output_cost_per_token" + tier)
    if read is None or written is None:
        return None
    # Providers without a price for writing list it as 0, which would make a first reading free.
    writing = _cost(entry, "cache_creation_input_token_cost" + tier) or None
    thinking = _cost(entry, "output_cost_per_reasoning_token" + tier) or 0.0
    return Price(read, max(written, thinking), _cost(entry, "cache_read_input_token_cost" + tier), writing)


def _cost(entry: Mapping[str, Any], name: str) -> float | None:
    cost = entry.get(name)
    return float(cost) if isinstance(cost, int | float) and cost >= 0 else None


def _entry(name: str) -> Mapping[str, Any] | None:
    table = _table()
    provider, _, rest = name.partition("/")
    entry = table.get(name)
    if entry is not None or not rest:
        return entry
    # `openai/gpt-x` is listed as `gpt-x`; the provider must agree, for resellers charge prices of their own.
    candidate = table.get(rest)
    whose = str(candidate.get("litellm_provider")) if candidate is not None else ""
    return candidate if whose == provider or whose.startswith(_ALSO_LISTED_AS.get(provider, ("\0",))) else None


@cache
def _table() -> dict[str, dict[str, Any]]:
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).with_name(_TABLE)
    try:
        table = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: entry for name, entry in table.items() if isinstance(entry, dict)} if isinstance(table, dict) else {}


def price_table() -> dict[str, dict[str, Any]]:
    """The whole table that litellm ships, by its own names; empty when there is none that can be read."""
    return _table()
