"""Requests that belong to no run: asked a few at a time, each tried again where that may help, their cost known before and after.

Nothing is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from am_studio.models.base import Client
from am_studio.models.prices import find_price
from am_studio.models.registry import open_client
from am_studio.models.tokens import estimate_tokens
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Reply

TRIES = 3
"""Times that a request is made at most."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What asking would do."""

    model: ModelSettings
    requests: tuple[ChatRequest, ...]

    @property
    def greatest_cost(self) -> float | None:
        """US dollars at most, every request tried once; None when the price is unknown."""
        price = find_price(self.model)
        if price is None:
            return None
        read = [sum(estimate_tokens(text) for _, text in each.messages) for each in self.requests]
        return sum(price.at_most(n, each.sampling.max_tokens) for n, each in zip(read, self.requests, strict=True))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The model, where its price is unknown."""
        return () if find_price(self.model) else (self.model.name,)


def run_errand(errand: Errand, concurrency: int = 4) -> tuple[Reply | ModelFailure, ...]:
    """The answer to each request, in order. A model that would fail in the same way again is asked no more."""
    return asyncio.run(_all(errand, concurrency))


def cost_of(answers: Sequence[Reply | ModelFailure]) -> float:
    """US dollars that were spent, as far as prices are known."""
    return sum(answer.cost or 0.0 for answer in answers if isinstance(answer, Reply))


async def _all(errand: Errand, concurrency: int) -> tuple[Reply | ModelFailure, ...]:
    client, free = open_client(errand.model), asyncio.Semaphore(concurrency)
    hopeless: list[ModelFailure] = []

    async def one(request: ChatRequest) -> Reply | ModelFailure:
        async with free:
            return hopeless[0] if hopeless else await _tried(client, request, hopeless)

    try:
        return tuple(await asyncio.gather(*(one(request) for request in errand.requests)))
    finally:
        await client.close()


async def _tried(client: Client, request: ChatRequest, hopeless: list[ModelFailure]) -> Reply | ModelFailure:
    answer = await client.ask(request)
    for again in range(1, TRIES):
        if isinstance(answer, Reply):
            break
        if answer.stops_model:
            hopeless.append(answer)
            break
        await asyncio.sleep(min(answer.retry_after or 2.0**again, 60.0))
        answer = await client.ask(request)
    return answer
