"""What a token costs: from the study, or from the price table that litellm ships, read without importing litellm.

It fetches nothing and guesses nothing: a model that stands in neither place has no price, and whoever asks is
told None.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from am_studio.records import ModelSettings, Prompt, Usage

CHARACTERS_A_TOKEN = 4
"""The usual estimate for English text; only used before a provider has counted."""

_TABLE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in US dollars a token."""

    input: float
    output: float

    def of(self, usage: Usage) -> float:
        """The cost of a request with this usage, in US dollars."""
        return self.input * usage.input_tokens + self.output * usage.output_tokens


def find_price(settings: ModelSettings) -> Price | None:
    """The price of a model: the study's own, nothing for simulated subjects, else the table's; None when unknown.

    A study that gives only one of the two prices has the other taken from the table, and is unknown when that fails. An
    endpoint of one's own is never charged at a table's price: whoever runs it knows what it costs.
    """
    if settings.simulated:
        return Price(0.0, 0.0)
    listed = None if settings.endpoint else _listed(settings.name)
    own_input, own_output = settings.input_price, settings.output_price
    if own_input is not None and own_output is not None:
        return Price(own_input / 1e6, own_output / 1e6)
    if listed is None:
        return None
    return Price(
        listed.input if own_input is None else own_input / 1e6,
        listed.output if own_output is None else own_output / 1e6,
    )


def estimated_tokens(prompt: Prompt) -> int:
    """Tokens that the prompt comes to at four characters a token; providers count somewhat differently."""
    characters = sum(len(message.text) for message in prompt.messages)
    return -(-characters // CHARACTERS_A_TOKEN)


def _listed(name: str) -> Price | None:
    table = _table()
    provider, _, rest = name.partition("/")
    entry = table.get(name)
    if entry is None and rest:
        candidate = table.get(rest)
        # `openai/gpt-x` is listed as `gpt-x`; the provider must agree, for resellers charge prices of their own.
        if candidate is not None and candidate.get("litellm_provider") == provider:
            entry = candidate
    if entry is None:
        return None
    costs = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not all(isinstance(cost, int | float) for cost in costs):
        return None
    return Price(float(costs[0]), float(costs[1]))  # type: ignore[arg-type]


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
