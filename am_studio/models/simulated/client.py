"""The simulated subject as a model client: reads the messages of a request, draws a kind of reply, writes it.

It sees messages, sampling and seed, and nothing about variants or arms. Where functions are offered, `native.py` answers
turn by turn. The same request gives the same reply on every machine. Temperature has no effect; `max_tokens` cuts a reply off as it would a real one's.
"""

from __future__ import annotations

from am_studio.models.simulated.drawing import Prepared, draw, prepare, prepare_messages
from am_studio.models.simulated.native import answer
from am_studio.models.simulated.replies import CHARACTERS_A_TOKEN
from am_studio.models.simulated.tables import subject
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Reply, Usage

__all__ = ["Prepared", "SimulatedClient", "draw", "prepare"]


class SimulatedClient:
    """A model client that needs no key, no network and no money."""

    def __init__(self, settings: ModelSettings) -> None:
        subject(settings.name)
        self._name = settings.name.removeprefix("sim/")

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        """The subject's reply, with what it meant in `intent`. Usage is estimated at 4 characters a token."""
        if request.functions:
            return answer(request, self._name)
        prepared = prepare_messages(request.messages, self._name)
        written = draw(prepared, request.seed, request.sampling.max_tokens)
        output = len(written.text) + len(written.reasoning)
        return Reply(
            text=written.text,
            reasoning=written.reasoning,
            finish=written.finish,
            usage=Usage(prepared.characters // CHARACTERS_A_TOKEN, output // CHARACTERS_A_TOKEN),
            model_returned=f"sim/{self._name}",
            cost=0.0,
            intent=written.intent,
        )

    async def close(self) -> None:
        """Nothing to let go of."""
