"""What a study or the user's settings may say of a model: where it is, what it costs, how it is sampled, how fast.

Form alone: nothing here reads a file or knows a provider. A key is named by its variable, never given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from am_studio.foundation.yamlfile import Form

_ENDPOINT = re.compile(r"https?://[^\s@]+$")
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""How the name of an environment variable is written."""


class PriceForm(Form):
    """What a model costs, in US dollars a million tokens."""

    input: float | None = Field(default=None, ge=0, description="US dollars a million tokens that the model reads.")
    output: float | None = Field(
        default=None, ge=0, description="US dollars a million tokens that it writes, reasoning included."
    )
    cached: float | None = Field(
        default=None, ge=0, description="US dollars a million tokens that it reads from the provider's prompt cache."
    )


class LimitsForm(Form):
    """How fast a model may be asked; what is left out is learned from the provider."""

    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)
    concurrency: int | None = Field(default=None, gt=0, le=10_000, description="Requests in flight, at most.")


class ModelSettingsForm(Form):
    """How to reach a model, and what holds for it alone."""

    endpoint: str = Field("", description="Base URL of a server that speaks the provider's protocol.")
    key_env: str = Field(
        "", pattern=f"^$|{VARIABLE}", description="Name of the environment variable that holds the key."
    )
    price: PriceForm = Field(default_factory=PriceForm, description="Overrides the price table.")
    temperature: float | None = Field(None, ge=0, le=2, description="Instead of the study's, for this model.")
    max_tokens: int | None = Field(None, gt=0, le=1_000_000, description="Instead of the study's, for this model.")
    reasoning_effort: str = Field("", pattern=r"^[a-z]*$", max_length=20, description="Instead of the study's.")
    client: Literal["litellm", "direct"] = Field(
        "litellm", description="`direct`: a lean client of our own, for servers that speak the OpenAI chat format."
    )
    limits: LimitsForm = Field(default_factory=LimitsForm, description="How fast it may be asked.")

    @field_validator("endpoint")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        if value and not _ENDPOINT.match(value):
            raise ValueError("should be an http or https URL without a name or password in it")
        return value


def over(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with what is given on top, field by field, also inside `price` and `limits`."""
    merged = dict(base)
    for name, value in given.items():
        inner = merged.get(name)
        merged[name] = over(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged
