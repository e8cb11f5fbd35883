"""Both clients that reach real models, asked once over loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from am_studio.models.direct_client import DirectClient
from am_studio.models.litellm_client import LitellmClient
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Reply, Sampling
from loopback import Provider

CLIENTS = {"direct": DirectClient, "litellm": LitellmClient}
BOTH = [
    "direct",
    # litellm and what it imports warn about each other; that is no business of these tests.
    pytest.param("litellm", marks=[pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("litellm")]),
]
PROMPT = (("system", "You are Wren."), ("user", "Read your mail."))


def settings_for(provider: Provider, client: str, **given: Any) -> ModelSettings:
    known = {
        "name": "openai/little-model",
        "endpoint": provider.url,
        "key_env": "TEST_MODEL_KEY",
        "input_price": 2.0,
        "output_price": 10.0,
        "client": client,
    }
    return ModelSettings(**{**known, **given})


def request_to(model: ModelSettings, **given: Any) -> ChatRequest:
    return ChatRequest(**{"model": model, "messages": PROMPT, "sampling": Sampling(0.7, 512), "seed": 11, **given})


def ask(
    provider: Provider,
    client: str,
    *,
    seconds: float = 60,
    debug: bool = False,
    request: dict[str, Any] | None = None,
    around: Callable[[Coroutine[Any, Any, Reply | ModelFailure]], Coroutine[Any, Any, Any]] | None = None,
    **settings: Any,
) -> Any:
    """What one request comes to; `around` may do something else with it than wait."""
    model = settings_for(provider, client, **settings)

    async def once() -> Any:
        way = CLIENTS[client](model)
        try:
            async with asyncio.timeout(seconds):
                asked = way.ask(request_to(model, **(request or {})))
                return await (asked if around is None else around(asked))
        finally:
            await way.close()

    return asyncio.run(once(), debug=debug)
