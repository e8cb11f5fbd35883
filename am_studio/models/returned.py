"""What a model is called by its answers, with simulated subjects known for what they are also behind a gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from am_studio.records import ModelSettings

SIMULATED_FINGERPRINT = "simulated"
"""What the server of the simulated subjects sends where a provider names its build. Gateways pass it on unchanged."""


def returned_name(answer: Mapping[str, Any]) -> str:
    """The model's name in an answer of the OpenAI chat format; empty when it has none.

    Gateways put their own name for a model in place of the one they were told. A simulated subject is then known by its
    fingerprint, and named `sim/...` all the same, so that what comes of it is stamped.
    """
    given = answer.get("model")
    name = given if isinstance(given, str) else ""
    if answer.get("system_fingerprint") != SIMULATED_FINGERPRINT or ModelSettings(name).simulated:
        return name
    return f"sim/{name}"
