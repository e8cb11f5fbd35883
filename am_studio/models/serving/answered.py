"""Writes a `Reply` in the OpenAI chat format, whole or as the chunks of a stream. What the subject meant stays here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from am_studio.models.returned import SIMULATED_FINGERPRINT
from am_studio.records import Finish, Reply

PIECE = 48
"""Characters of text a chunk of a stream carries."""

_FINISHES: Mapping[Finish, str] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "refusal": "stop",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """What tells answers apart."""

    id: str
    created: int
    """Seconds since 1970."""


def completion(reply: Reply, heading: Heading) -> dict[str, Any]:
    """The answer as one object."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or (None if reply.calls else "")}
    message["refusal"] = reply.text if reply.finish == "refusal" else None
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = _calls(reply)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
    return {**_head(reply, heading, "chat.completion"), "choices": [choice], "usage": _usage(reply)}


def chunks(reply: Reply, heading: Heading, *, usage: bool) -> Iterator[dict[str, Any]]:
    """The same answer as a stream's objects, in order; with `usage` the last of them tells it."""
    head = _head(reply, heading, "chat.completion.chunk")

    def chunk(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**head, "choices": [choice], **({"usage": None} if usage else {})}

    yield chunk({"role": "assistant", "content": ""})
    for piece in _pieces(reply.reasoning):
        yield chunk({"reasoning_content": piece})
    for piece in _pieces(reply.text):
        yield chunk({"content": piece})
    for index, call in enumerate(_calls(reply)):
        function = call["function"]
        yield chunk({"tool_calls": [{**call, "index": index, "function": {**function, "arguments": ""}}]})
        for piece in _pieces(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, _finish(reply))
    if usage:
        yield {**head, "choices": [], "usage": _usage(reply)}


def _head(reply: Reply, heading: Heading, kind: str) -> dict[str, Any]:
    return {
        "id": heading.id,
        "object": kind,
        "created": heading.created,
        "model": reply.model_returned,
        "system_fingerprint": SIMULATED_FINGERPRINT,
    }


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls and reply.finish == "stop" else _FINISHES[reply.finish]


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in reply.calls
    ]


def _usage(reply: Reply) -> dict[str, Any]:
    usage = reply.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE] for start in range(0, len(text), PIECE))
