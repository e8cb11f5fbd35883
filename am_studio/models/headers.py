"""What a provider says in the headers of an answer: how fast it may be asked, and how long to wait."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from am_studio.records import RateLimits

MOST_A_MINUTE = 10**12
"""Limits beyond this are nonsense and are taken as not given."""

_REQUEST_LIMITS = ("x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit")
_TOKEN_LIMITS = (
    "x-ratelimit-limit-tokens",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-input-tokens-limit",
)


def limits_of(headers: Mapping[str, str]) -> RateLimits | None:
    """How fast the provider lets itself be asked, a minute; None when its headers do not say."""
    given = _lowered(headers)
    requests, tokens = (_limit(given, names) for names in (_REQUEST_LIMITS, _TOKEN_LIMITS))
    return None if requests is None and tokens is None else RateLimits(requests, tokens)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds that the provider asks to wait: given as milliseconds, as seconds, or as a date; None: not said."""
    given = _lowered(headers)
    milliseconds = _number(given.get("retry-after-ms", ""))
    if milliseconds is not None:
        return max(milliseconds / 1000, 0.0)
    value = given.get("retry-after", "")
    seconds = _number(value)
    if seconds is None:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0)


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    # litellm passes a provider's headers on under this prefix.
    return {str(name).lower().removeprefix("llm_provider-"): str(value) for name, value in headers.items()}


def _limit(given: Mapping[str, str], names: Iterable[str]) -> float | None:
    values = (_number(given[name]) for name in names if name in given)
    return next((value for value in values if value is not None and 0 < value <= MOST_A_MINUTE), None)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
