"""What a provider says in the headers of an answer: how fast it may be asked, and how long to wait."""

from __future__ import annotations

import math
import re
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


_REQUESTS_BACK = "x-ratelimit-reset-requests"
"""In how long the whole limit is there again, such as `1s`, `6m0s` or `120ms`."""
_A_DAY = "x-groq-region"
"""Groq's own header; its limit of requests is one a day, which says nothing of how fast they may come."""
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_A_MINUTE = 61.0
"""No limit a minute takes longer to be whole again, in seconds."""


def limits_of(headers: Mapping[str, str]) -> RateLimits | None:
    """How fast the provider lets itself be asked, a minute; None when its headers do not say.

    What can be seen to be a limit of requests a day is none of how fast they may come.
    """
    given = _lowered(headers)
    requests, tokens = (_limit(given, names) for names in (_REQUEST_LIMITS, _TOKEN_LIMITS))
    if _A_DAY in given or _seconds(given.get(_REQUESTS_BACK, "")) > _A_MINUTE:
        requests = None
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


def _seconds(text: str) -> float:
    """A duration such as `6m0s` in seconds; 0 for anything else."""
    match = _DURATION.fullmatch(text.strip()[:40])
    parts = match.groups() if match else ()
    return math.fsum(float(part) * unit for part, unit in zip(parts, _UNITS, strict=False) if part)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
