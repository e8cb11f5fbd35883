"""Faults on request: a comma list such as `latency=0.2,429=0.1:2`, and which of them hits the next request.

Chance is drawn from a generator of its own, seeded, so that a server's sequence of faults can be repeated: the nth request
to a list of faults always meets the same ones. Decides only; `mischief.py` and `server.py` carry them out.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from am_studio.foundation.errors import StudioError, nearest

Measure = Literal["share", "seconds", "requests", "a second", "number"]
"""What a fault's value is: a share of the requests in [0, 1], or an amount."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that can be asked for."""

    summary: str
    value: Measure = "share"
    extra: str = ""
    """What a second value after a colon means; empty: none is taken."""
    extra_default: float = 0.0
    extra_most: float = 86_400.0

    @property
    def form(self) -> str:
        """What may follow its name, such as `[=SHARE[:SECONDS]]`."""
        extra = f"[:{self.extra.upper()}]" if self.extra else ""
        return f"[=SHARE{extra}]" if self.value == "share" else f"={_WORDS[self.value]}{extra}"


_WORDS: Mapping[Measure, str] = {
    "share": "SHARE",
    "seconds": "SECONDS",
    "requests": "N",
    "a second": "R",
    "number": "N",
}
_STATUS = "refused with this status"
FAULTS: Mapping[str, FaultKind] = {
    "latency": FaultKind("every answer waits this long", "seconds"),
    "rate": FaultKind("a true rate limit; beyond it 429 with Retry-After", "a second", "burst", 0.0, 1e6),
    "storm": FaultKind("the first so many requests get a 500", "requests"),
    "429": FaultKind("rate limited, with Retry-After in seconds (1)", extra="seconds", extra_default=1.0),
    "429date": FaultKind("rate limited, with Retry-After as a date (2 seconds from now)", extra="seconds", extra_default=2.0),
    "400": FaultKind(_STATUS),
    "401": FaultKind("the key is refused, and repeated in the message as some providers do"),
    "403": FaultKind(_STATUS),
    "404": FaultKind(_STATUS),
    "500": FaultKind(_STATUS),
    "502": FaultKind("a gateway's HTML page with status 502"),
    "503": FaultKind("overloaded, with Retry-After in seconds (1)", extra="seconds", extra_default=1.0),
    "529": FaultKind(_STATUS),
    "reset": FaultKind("the connection is reset instead of an answer"),
    "cut": FaultKind("the connection ends in the middle of the answer"),
    "truncate": FaultKind("a whole answer of half its JSON"),
    "drip": FaultKind("a byte now and then, until the client leaves"),
    "nochoices": FaultKind("`choices: []`"),
    "null": FaultKind("the content is null"),
    "nul": FaultKind("NUL and lone surrogates in the text"),
    "giant": FaultKind("10^30 tokens of usage"),
    "html": FaultKind("an HTML page with status 200"),
    "deep": FaultKind("JSON that is nested so deep (200000)", extra="levels", extra_default=200_000.0, extra_most=2e6),
    "big": FaultKind("an answer of so many MiB (9)", extra="MiB", extra_default=9.0, extra_most=64.0),
    "gzipbomb": FaultKind("a small gzip answer that unpacks to so many MiB (1024)", extra="MiB", extra_default=1024.0, extra_most=1024.0),
    "filter": FaultKind("the provider's content filter takes the answer back"),
    "seed": FaultKind("no fault: the seed of what chance is drawn from", "number"),
}  # fmt: skip
"""Every fault by name. Without a value a share is 1: every request."""

_MOST: Mapping[Measure, float] = {"share": 1.0, "seconds": 600.0, "requests": 1e9, "a second": 1e6, "number": 2**53}
_CALLED: Mapping[Measure, str] = {
    "share": "a share of the requests from 0 to 1",
    "seconds": "seconds from 0 to 600",
    "requests": "a number of requests",
    "a second": "requests a second, more than 0",
    "number": "a whole number",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a list, with its amounts."""

    name: str
    value: float
    extra: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one request."""

    fault: Fault | None
    """None: it is answered truly. A fault called `rate` refuses it; its `extra` is the seconds to wait."""
    delay: float
    """Seconds before the answer."""
    headers: Mapping[str, str]
    """What the answer says of a rate limit."""


def parse_faults(spec: str) -> tuple[Fault, ...]:
    """The faults of a comma list, in its order; StudioError that names the nearest when one is unknown or has a wrong value."""
    return tuple(_fault(part.strip()) for part in spec.split(",") if part.strip())


def _fault(text: str) -> Fault:
    name, has_value, values = text.partition("=")
    kind = FAULTS.get(name)
    if kind is None:
        raise StudioError(f"there is no fault '{name[:100]}'", hint=nearest(name[:100], FAULTS))
    value, has_extra, extra = values.partition(":")
    if has_extra and not kind.extra:
        raise StudioError(f"the fault '{name}' takes one value, not '{values[:100]}'")
    if not has_value and kind.value != "share":
        raise StudioError(f"the fault '{name}' needs a value", hint=f"such as {name}=2: {_CALLED[kind.value]}")
    most = _MOST[kind.value]
    number = _number(name, value, most, _CALLED[kind.value]) if has_value else 1.0
    if (kind.value in {"requests", "number"} and number % 1) or (kind.value == "a second" and number == 0):
        raise StudioError(f"the fault '{name}' takes {_CALLED[kind.value]}, not '{value[:100]}'")
    more = (
        _number(name, extra, kind.extra_most, f"as its second value {kind.extra}") if has_extra else kind.extra_default
    )
    return Fault(name, number, more)


def _number(name: str, text: str, most: float, called: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        raise StudioError(f"the fault '{name}' takes {called}, not '{text[:100]}'", hint=f"at most {most:g}")
    return number


class FaultPlan:
    """Decides for each request in turn. Counts requests, keeps the rate limit's bucket, owns its generator."""

    def __init__(self, faults: Iterable[Fault], *, seed: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._faults = tuple(faults)
        own_seeds = [int(fault.value) for fault in self._faults if fault.name == "seed"]
        self._chance = random.Random(own_seeds[-1] if own_seeds else seed).random
        self._requests = 0
        self._delay = sum(fault.value for fault in self._faults if fault.name == "latency")
        limits = [Bucket(fault.value, fault.extra, clock) for fault in self._faults if fault.name == "rate"]
        self._bucket = limits[0] if limits else None
        self._random = tuple(fault for fault in self._faults if FAULTS[fault.name].value in {"share", "requests"})

    def next(self) -> Decision:
        """What happens to the next request: the rate limit first, then the first fault of the list that strikes."""
        self._requests += 1
        # Every chance is drawn for every request, so that one fault's luck does not shift another's.
        struck = [fault for fault in self._random if self._strikes(fault)]
        if self._bucket is None:
            return Decision(struck[0] if struck else None, self._delay, {})
        wait = self._bucket.take()
        headers = self._bucket.headers()
        if wait > 0:
            return Decision(Fault("rate", self._bucket.rate, wait), self._delay, headers)
        return Decision(struck[0] if struck else None, self._delay, headers)

    def _strikes(self, fault: Fault) -> bool:
        if fault.name == "storm":
            return self._requests <= fault.value
        return self._chance() < fault.value


class Bucket:
    """A token bucket: `rate` requests a second in the long run, `burst` at once (a second's worth when 0)."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self.rate = rate
        self._capacity = max(burst or rate, 1.0)
        self._level = self._capacity
        self._clock = clock
        self._at = clock()

    def take(self) -> float:
        """Take a request's token: 0 when there was one, else the seconds until there is."""
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self.rate

    def headers(self) -> dict[str, str]:
        """The limit as OpenAI's headers word it: requests a minute, what is left at once, and until it is whole again."""
        return {
            "x-ratelimit-limit-requests": f"{self.rate * 60:.0f}",
            "x-ratelimit-remaining-requests": f"{self._level:.0f}",
            "x-ratelimit-reset-requests": f"{(self._capacity - self._level) / self.rate:.3f}s",
        }
