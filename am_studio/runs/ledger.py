"""The budget: what was spent, what is in flight, and whether one more request may leave.

The worst case of a request is set aside before it leaves and settled when its answer is in, so that requests in flight
can never carry a run over its budget, as far as the bound on its tokens holds.
"""

from __future__ import annotations

import asyncio

from am_studio.models.prices import FREE, Price
from am_studio.models.tokens import most_read
from am_studio.records import ChatRequest, ModelFailure, Reply

NEVER_CHARGED = frozenset({"rate_limit", "authentication", "not_found", "bad_request", "server"})
"""Failures that a provider does not charge for. For others nobody can tell, so they count at their worst case."""


class Ledger:
    """Money of one run. All amounts are US dollars."""

    def __init__(self, budget: float | None, spent: float) -> None:
        self.spent = spent
        self.reserved = 0.0
        self._budget = budget
        self._in_flight = 0
        self._settled = asyncio.Condition()

    async def reserve(self, amount: float) -> bool:
        """Set this much aside; waits for what is in flight when it would not fit, and is False when it never will."""
        if self._budget is not None and amount > 0:
            async with self._settled:
                await self._settled.wait_for(lambda: self._fits(amount) or self._in_flight == 0)
                if not self._fits(amount):
                    return False
        self.reserved += amount
        self._in_flight += 1
        return True

    async def settle(self, amount: float, cost: float) -> None:
        """What had been set aside came to this."""
        self.reserved -= amount
        self.spent += cost
        self._in_flight -= 1
        if self._budget is not None:
            async with self._settled:
                self._settled.notify_all()

    def _fits(self, amount: float) -> bool:
        return self._budget is None or self.spent + self.reserved + amount <= self._budget


def worst_case(request: ChatRequest, price: Price | None) -> float:
    """The most that this request can cost: all that it has the model read, and `max_tokens` of reply; 0 unpriced.

    It holds while the provider counts at most `SAFETY_FACTOR` times our tokens and keeps to `max_tokens`. A provider that
    counts more carries a run over its budget by that excess, once: by what the requests that are in flight just then come
    to beyond their worst case. Every later request finds what was really spent.
    """
    if price is None or price == FREE:
        return 0.0
    return price.at_most(most_read(request), request.sampling.max_tokens)


def settled(answer: Reply | ModelFailure, reserved: float) -> float:
    """What a request came to: the provider's figure; the worst case where there is none and it may have been charged."""
    if isinstance(answer, ModelFailure):
        return 0.0 if answer.kind in NEVER_CHARGED else reserved
    return reserved if answer.cost is None else answer.cost
