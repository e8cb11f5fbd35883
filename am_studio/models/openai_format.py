"""The OpenAI chat format, both ways: a request as messages and tools, an answer as a `Reply` or `ModelFailure`.

Pure functions over plain JSON values: no client, no network, no litellm. An answer is a stranger's: whatever its types,
sizes and omissions are, it becomes one of the two records and never an exception. What a provider wants back unchanged
with a later turn (signed reasoning) travels in `Reply.echo`, and only the fields named here are ever sent back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from am_studio.models.headers import limits_of, retry_after_of
from am_studio.models.returned import returned_name
from am_studio.records import ChatRequest, Finish, FunctionCall, ModelFailure, Reply, Usage

__all__ = [
    "CostOf",
    "assistant_message",
    "limits_of",
    "messages_of",
    "reply_of",
    "retry_after_of",
    "tools_of",
    "usage_of",
]

CostOf = Callable[[Usage], float | None]
"""What a request of this usage costs, in US dollars; None: not known."""

MOST_COUNTED = 10**12
"""Counts beyond this are a provider's nonsense and are taken as not given."""
RAW_CHARACTERS = 8192
"""How much of an unreadable answer is kept."""
_DEEPEST_THOUGHT = 6
_LONGEST_NAME = 200

_FINISHES: Mapping[str, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "safety": "content_filter",
    "refusal": "refusal",
}
_ECHOED = ("thinking_blocks", "reasoning_details", "reasoning_content", "provider_specific_fields")
_ECHOED_OF_CALLS = ("provider_specific_fields", "extra_content")


# A request ----------------------------------------------------------------------------------------------------------


def messages_of(request: ChatRequest) -> list[dict[str, Any]]:
    """The prompt and the conversation since, as `messages`."""
    messages: list[dict[str, Any]] = [{"role": role, "content": text} for role, text in request.messages]
    for exchange in request.exchanges:
        messages.append(assistant_message(exchange.reply))
        messages += [
            {"role": "tool", "tool_call_id": result.call, "content": result.text} for result in exchange.results
        ]
        if exchange.said:
            messages.append({"role": "user", "content": exchange.said})
    return messages


def assistant_message(reply: Reply) -> dict[str, Any]:
    """What the model answered, as a message of the conversation, with what its provider wants back."""
    echo = _object(reply.echo)
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.calls:
        message["content"] = reply.text or None
        extras = echo.get("calls")
        message["tool_calls"] = [_call_message(call, extras) for call in reply.calls]
    return message | {name: echo[name] for name in _ECHOED if name in echo}


def tools_of(request: ChatRequest) -> list[dict[str, Any]]:
    """The functions that may be called, as `tools`: JSON schema, every argument text."""
    return [
        {
            "type": "function",
            "function": {
                "name": function.name,
                "description": function.purpose,
                "parameters": {
                    "type": "object",
                    "properties": {
                        name: {"type": "string", "description": meaning} for name, meaning in function.arguments
                    },
                    "required": list(function.required),
                },
            },
        }
        for function in request.functions
    ]


def _call_message(call: FunctionCall, extras: Any) -> dict[str, Any]:
    arguments = call.arguments
    if not _is_object(arguments):
        # Providers refuse a conversation that holds broken JSON; the model is shown what it wrote all the same.
        arguments = json.dumps({"unreadable": arguments})
    message = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
    given = extras.get(call.id) if isinstance(extras, Mapping) else None
    return message | {name: given[name] for name in _ECHOED_OF_CALLS if isinstance(given, Mapping) and name in given}


# An answer ----------------------------------------------------------------------------------------------------------


def reply_of(raw: Mapping[str, Any], cost_of: CostOf) -> Reply | ModelFailure:
    """What the provider's answer says; `bad_reply` when it says nothing, `server` when it tells of an error instead.

    An answer that only calls functions is whole. `<think>` inside the text stays there: it is the conversation's
    business. Token counts that cannot be are taken as not given.
    """
    choices = raw.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        return _bad("The provider's answer holds no choice.", raw)
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return _bad("The provider's answer holds no message.", raw)
    if choice.get("finish_reason") == "error" or isinstance(choice.get("error"), Mapping):
        return ModelFailure("server", "The provider broke off with an error of its own.", raw=_dumped(raw))
    calls = _calls(message.get("tool_calls"))
    if calls is None:
        return _bad("The provider's answer calls a function in a form that cannot be read.", raw)
    text, inner = _content(message.get("content"))
    finish = _finish(choice.get("finish_reason"))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        text, finish = text or refusal, "refusal"
    reasoning = _reasoning(message, inner)
    if not text and not reasoning and not calls and finish == "stop":
        return _bad("The provider's answer holds no text.", raw)
    usage = usage_of(raw.get("usage"))
    return Reply(
        text=text,
        reasoning=reasoning,
        finish=finish,
        usage=usage,
        model_returned=returned_name(raw)[:_LONGEST_NAME],
        cost=cost_of(usage),
        calls=calls,
        echo=_echo(message, calls),
    )


def usage_of(usage: Any) -> Usage:
    """Tokens as counted by the provider, whichever of the usual names it uses; parts never exceed their whole."""
    if not isinstance(usage, Mapping):
        return Usage()
    read, written = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    inputs, outputs = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    cached = (
        _count(inputs, "cached_tokens")
        or _count(usage, "cache_read_input_tokens")
        or _count(usage, "prompt_cache_hit_tokens")
    )
    stored = _count(usage, "cache_creation_input_tokens") or _count(inputs, "cache_creation_tokens")
    thought = _count(outputs, "reasoning_tokens")
    if thought and _count(usage, "total_tokens") == read + written + thought:
        # Some providers count reasoning beside what was written instead of within it.
        written += thought
    cached = min(cached, read)
    return Usage(read, written, cached, min(stored, read - cached), min(thought, written))


def _finish(reason: Any) -> Finish:
    return _FINISHES.get(reason.lower(), "stop") if isinstance(reason, str) else "stop"


def _content(content: Any) -> tuple[str, str]:
    """(text, reasoning) of a message's content, which is text, a list of blocks, or nothing."""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        return "", ""
    texts, thoughts = [], []
    for block in content:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, Mapping):
            if "thinking" in block:
                thoughts.append(_thought(block["thinking"]))
            elif isinstance(block.get("text"), str):
                texts.append(block["text"])
    return "".join(texts), _joined(thoughts)


def _reasoning(message: Mapping[str, Any], inner: str) -> str:
    for name in ("reasoning_content", "reasoning", "thinking_blocks"):
        thought = _thought(message.get(name))
        if thought:
            return thought
    return inner or _thought(message.get("reasoning_details")) or _thought(message.get("reasoning_items"))


def _thought(value: Any, depth: int = 0) -> str:
    """The words in a piece of reasoning: text, a block of text, a summary, or a list of these."""
    if isinstance(value, str):
        return value
    if depth == _DEEPEST_THOUGHT:
        return ""
    if isinstance(value, list):
        return _joined(_thought(part, depth + 1) for part in value)
    if isinstance(value, Mapping):
        for name in ("thinking", "text", "summary", "content"):
            thought = _thought(value.get(name), depth + 1)
            if thought:
                return thought
    return ""


def _calls(given: Any) -> tuple[FunctionCall, ...] | None:
    """The functions that are called; None when one of them cannot be read, for it must not be lost in silence."""
    if given is None:
        return ()
    if not isinstance(given, list):
        return None
    calls: list[FunctionCall] = []
    taken: set[str] = set()
    for number, call in enumerate(given):
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            return None
        name = _text(call.get("id"))[:_LONGEST_NAME] or f"call_{number}"
        if name in taken:
            name = f"{name}_{number}"
        taken.add(name)
        arguments = function.get("arguments")
        calls.append(
            FunctionCall(name, function["name"], arguments if isinstance(arguments, str) else _dumped(arguments or {}))
        )
    return tuple(calls)


def _echo(message: Mapping[str, Any], calls: tuple[FunctionCall, ...]) -> str:
    """What must come back with this message in a later turn, as JSON; "" when it is nothing."""
    echo: dict[str, Any] = {}
    content = message.get("content")
    blocks = message.get("thinking_blocks") or (content if isinstance(content, list) else None)
    signed = [block for block in blocks if _signed(block)] if isinstance(blocks, list) else []
    specific = message.get("provider_specific_fields")
    specific = specific if isinstance(specific, Mapping) else {}
    details = message.get("reasoning_details") or specific.get("reasoning_details")
    thought = message.get("reasoning_content")
    if signed:
        echo["thinking_blocks"] = signed
    elif isinstance(details, list) and details:
        echo["reasoning_details"] = details
    elif calls and isinstance(thought, str) and thought:
        # Models that reason between calls (DeepSeek, Kimi, ...) are given their reasoning back until they are done.
        echo["reasoning_content"] = thought
    if isinstance(specific.get("thought_signatures"), list):
        echo["provider_specific_fields"] = {"thought_signatures": specific["thought_signatures"]}
    extras = _extras(calls, message.get("tool_calls") or ())
    if extras:
        echo["calls"] = extras
    return _dumped(echo, most=None) if echo else ""


def _signed(block: Any) -> bool:
    return isinstance(block, Mapping) and (
        (block.get("type") == "thinking" and isinstance(block.get("signature"), str) and bool(block["signature"]))
        or (block.get("type") == "redacted_thinking" and isinstance(block.get("data"), str))
    )


def _extras(calls: tuple[FunctionCall, ...], given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a provider attaches to its calls (Gemini signs them), by the id of the call."""
    found = {}
    for call, raw in zip(calls, given, strict=True):
        extra = {name: raw[name] for name in _ECHOED_OF_CALLS if isinstance(raw.get(name), Mapping) and raw[name]}
        if extra:
            found[call.id] = extra
    return found


def _count(counts: Any, name: str) -> int:
    value = counts.get(name) if isinstance(counts, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_COUNTED:
        return 0
    return int(value)


def _bad(told: str, raw: Mapping[str, Any]) -> ModelFailure:
    return ModelFailure("bad_reply", told, raw=_dumped(raw))


def _dumped(value: Any, most: int | None = RAW_CHARACTERS) -> str:
    try:
        return json.dumps(value, default=str)[:most]
    except (RecursionError, ValueError, TypeError):
        return ""


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except (RecursionError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (RecursionError, ValueError):
        return False


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)
