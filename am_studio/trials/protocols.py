"""Holding a conversation with a subject. One function a protocol; a new protocol is a new entry of `PROTOCOLS`.

Nothing here judges a reply or retries a request: the reply goes into the transcript as it came, and a failure goes back
to the caller as the record it is. A conversation depends on the situation and the replies alone, so giving stored replies
again takes it up where it was left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hashing import hash_json
from am_studio.records import ChatRequest, Exchange, ModelFailure, ModelSettings, Reply, Sampling, Situation, Transcript
from am_studio.trials.functions import functions
from am_studio.trials.mailbox import Mailbox

Ask = Callable[[ChatRequest], Awaitable[Reply | ModelFailure]]
"""Sends one request and comes back with its one answer."""


class HoldConversation(Protocol):
    """A protocol: from a situation to the transcript of one trial, or the failure that ended it."""

    async def __call__(
        self, situation: Situation, ask: Ask, *, sampling: Sampling, seed: int, model: ModelSettings, turns: int
    ) -> Transcript | ModelFailure:
        """Hold one conversation of at most `turns` turns."""
        ...


async def hold_conversation(
    situation: Situation, ask: Ask, *, sampling: Sampling, seed: int, model: ModelSettings, turns: int = 1
) -> Transcript | ModelFailure:
    """Hold the conversation of one trial in the situation's protocol; `turns` are replies, at most.

    A failure in any turn ends it. Raises StudioError when the protocol is unknown.
    """
    hold = PROTOCOLS.get(situation.protocol)
    if hold is None:
        raise StudioError(f"unknown protocol '{situation.protocol}'", hint=nearest(situation.protocol, PROTOCOLS))
    return await hold(situation, ask, sampling=sampling, seed=seed, model=model, turns=turns)


def turn_seed(seed: int, turn: int) -> int:
    """The seed of a turn's request, in [0, 2**31): the trial's own for turn 0, then one from SHA-256 of both."""
    if turn == 0:
        return seed
    return int(hash_json([seed, turn]).removeprefix("sha256:")[:8], 16) % 2**31


async def _inline(
    situation: Situation, ask: Ask, *, sampling: Sampling, seed: int, model: ModelSettings, turns: int
) -> Transcript | ModelFailure:
    """One turn: the prompt, and the reply with whatever blocks it holds."""
    reply = await ask(ChatRequest(model, _prompt(situation), sampling, seed, repeats=True))
    return reply if isinstance(reply, ModelFailure) else Transcript((reply,))


async def _tools(
    situation: Situation, ask: Ask, *, sampling: Sampling, seed: int, model: ModelSettings, turns: int
) -> Transcript | ModelFailure:
    """Turns with native calls, until `done`, a reply that is cut off or refused, one that calls nothing, or the limit.

    A reply that calls nothing while mail is still to arrive is told so, and the conversation goes on.
    """
    offered, messages = functions(situation), _prompt(situation)
    mailbox = Mailbox(situation, turns)
    exchanges: list[Exchange] = []
    for turn in range(max(turns, 1)):
        request = ChatRequest(model, messages, sampling, turn_seed(seed, turn), tuple(exchanges), offered, repeats=True)
        reply = await ask(request)
        if isinstance(reply, ModelFailure):
            return reply
        step = mailbox.take(reply)
        exchanges.append(step.exchange)
        if step.over:
            break
    return Transcript(tuple(exchange.reply for exchange in exchanges))


def _prompt(situation: Situation) -> tuple[tuple[str, str], ...]:
    return tuple((message.role, message.text) for message in situation.prompt.messages)


PROTOCOLS: dict[str, HoldConversation] = {"inline": _inline, "tools": _tools}
"""Every protocol by name."""
