"""How a run is carried out: nothing here changes its results."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from am_studio.runs.flow import Now, Sleep

CEILING = 256
"""Requests in flight for one provider, at most, where neither it nor the user says otherwise."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How fast, how patiently, by which clock."""

    concurrency: int | None = None
    """Requests in flight, at most, for each provider; None: what its models' `limits` say, else `CEILING`. How many there
    really are adapts to what the provider takes."""
    simulated_concurrency: int = 64
    """Requests in flight for each simulated subject: trials that share a commit."""
    tries: int = 5
    """Failures of one turn in one session, at most."""
    attempt_seconds: float = 300.0
    """Wall-clock limit of one request."""
    failures: int = 8
    """So many in a row, over trials, pause a model."""
    probes: int = 8
    """So many requests in vain, one after each pause, stop it for the session."""
    judging: int = 256
    """Finished conversations that are with a judge that asks models, at most."""
    clerk_from: int = 2_000
    """So many trials of simulated subjects to come have a second process help with reading and judging them."""
    sleep: Sleep = asyncio.sleep
    """How to wait."""
    clock: Now = time.monotonic
    """What time it is, in seconds; goes forward as long as `sleep` sleeps."""

    def ceiling(self, known: int | None) -> int:
        """Requests in flight for a provider, at most, whose own limit is known or None."""
        given = [number for number in (self.concurrency, known) if number is not None]
        return max(1, min(given, default=CEILING))
