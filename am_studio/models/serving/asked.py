"""Reads a request in the OpenAI chat format into a `ChatRequest`: messages, sampling, native calls and their results.

Text content only. What no simulated subject heeds (`top_p`, `stop`, `response_format`, ...) is passed over; what has the
wrong type is refused with a sentence that names the field.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from am_studio.foundation.errors import nearest
from am_studio.models.registry import SIMULATED_JUDGE, simulated_names
from am_studio.models.serving.refusals import Refused
from am_studio.records import (
    ChatRequest,
    Exchange,
    Function,
    FunctionCall,
    FunctionResult,
    ModelSettings,
    Reply,
    Sampling,
    Usage,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and how its answer is wanted."""

    request: ChatRequest
    stream: bool
    stream_usage: bool
    """Whether a stream ends with a chunk of usage."""


def read_request(body: bytes, random_seed: Callable[[], int], aliases: Mapping[str, str]) -> Asked:
    """What this body asks for; `Refused` when it is not a request. A request without a seed gets a random one.

    `aliases` are further names of subjects, each with the name it stands for.
    """
    given = _parsed(body)
    name = _typed(given, "model", str, "a string")
    model = known_model(aliases.get(name, name))
    messages = _typed(given, "messages", list, "a list of messages")
    prompt, exchanges = _conversation(messages)
    if _optional(given, "n", int, "a whole number") not in (None, 1):
        raise Refused(400, "Only one choice a request is made: 'n' should be 1.", param="n")
    seed = _optional(given, "seed", int, "a whole number")
    request = ChatRequest(
        model=model,
        messages=prompt,
        sampling=_sampling(given),
        seed=random_seed() if seed is None else seed,
        exchanges=exchanges,
        functions=_functions(given),
    )
    options = _optional(given, "stream_options", dict, "an object") or {}
    stream = bool(_optional(given, "stream", bool, "true or false"))
    return Asked(request, stream, bool(options.get("include_usage")))


@lru_cache(maxsize=64)
def known_model(name: str) -> ModelSettings:
    """The simulated subject of this name, with or without `sim/`; `Refused` (404) when there is none."""
    known = (*simulated_names(), SIMULATED_JUDGE)
    full = name if name.startswith("sim/") else f"sim/{name}"
    if full not in known:
        told = f"There is no simulated subject '{name[:200]}': {nearest(full, known)}"
        raise Refused(404, told, param="model", code="model_not_found")
    return ModelSettings(full)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        given = json.loads(body)
    except RecursionError:
        raise Refused(400, "The body is JSON that is nested too deeply.") from None
    except ValueError as error:
        raise Refused(400, f"The body is not JSON: {error}.") from None
    if not isinstance(given, dict):
        raise Refused(400, "The body should be a JSON object.")
    return given


def _sampling(given: Mapping[str, Any]) -> Sampling:
    most = None
    for name in ("max_completion_tokens", "max_tokens"):
        value = _optional(given, name, int, "a whole number")
        if value is not None and value < 1:
            raise Refused(400, f"'{name}' should be at least 1.", param=name)
        most = value if most is None else most
    temperature = _optional(given, "temperature", (int, float), "a number")
    common = Sampling()
    return Sampling(
        common.temperature if temperature is None else float(temperature), common.max_tokens if most is None else most
    )


# The conversation. -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Turn:
    """An answer of the model's, and what it was told then."""

    reply: Reply
    results: dict[str, FunctionResult] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def exchange(self, where: str) -> Exchange:
        missing = [call.id for call in self.reply.calls if call.id not in self.results]
        if missing:
            told = (
                f"The calls of '{where}' should each be followed by a tool message; none answers '{missing[0][:200]}'."
            )
            raise Refused(400, told, param="messages")
        results = tuple(self.results[call.id] for call in self.reply.calls)
        return Exchange(self.reply, results, "\n\n".join(self.said))


def _conversation(messages: Iterable[Any]) -> tuple[tuple[tuple[str, str], ...], tuple[Exchange, ...]]:
    """The prompt (all before the first answer) and the exchanges since."""
    prompt: list[tuple[str, str]] = []
    turns: list[tuple[str, _Turn]] = []
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if not isinstance(message, dict):
            raise Refused(400, f"'{where}' should be an object.", param=where)
        role = message.get("role")
        if role in {"system", "developer", "user"}:
            text = _text(message.get("content"), where)
            if turns:
                turns[-1][1].said.append(text)
            else:
                prompt.append(("user" if role == "user" else "system", text))
        elif role == "assistant":
            turns.append((where, _Turn(_answered(message, where))))
        elif role == "tool":
            _take_result(turns[-1][1] if turns else None, message, where)
        else:
            raise Refused(400, f"'{where}.role' should be system, user, assistant or tool.", param=f"{where}.role")
    if not prompt:
        raise Refused(400, "'messages' should begin with a system or user message.", param="messages")
    return tuple(prompt), tuple(turn.exchange(where) for where, turn in turns)


def _text(content: Any, where: str) -> str:
    """The text of a message: a string, or blocks of text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        blocks = [block for block in content if isinstance(block, dict) and block.get("type") == "text"]
        texts = [block["text"] for block in blocks if isinstance(block.get("text"), str)]
        if len(texts) == len(content):
            return "".join(texts)
    told = f"'{where}.content' should be a string, or a list of blocks of text."
    raise Refused(400, told, param=f"{where}.content")


def _answered(message: Mapping[str, Any], where: str) -> Reply:
    content = message.get("content")
    calls = message.get("tool_calls") or []
    if content is None and not calls:
        raise Refused(400, f"'{where}' holds neither content nor calls.", param=where)
    reasoning = message.get("reasoning_content")
    return Reply(
        text="" if content is None else _text(content, where),
        reasoning=reasoning if isinstance(reasoning, str) else "",
        finish="stop",
        usage=Usage(),
        model_returned="",
        calls=tuple(_call(call, f"{where}.tool_calls") for call in calls),
    )


def _call(call: Any, where: str) -> FunctionCall:
    function = call.get("function") if isinstance(call, dict) else None
    if isinstance(function, dict):
        id_, name, arguments = call.get("id"), function.get("name"), function.get("arguments")
        if isinstance(id_, str) and isinstance(name, str) and isinstance(arguments, str):
            return FunctionCall(id_, name, arguments)
    told = f"'{where}' should hold calls, each with an id and a function's name and arguments."
    raise Refused(400, told, param=where)


def _take_result(turn: _Turn | None, message: Mapping[str, Any], where: str) -> None:
    id_ = message.get("tool_call_id")
    if turn is None or id_ not in {call.id for call in turn.reply.calls}:
        told = f"'{where}.tool_call_id' should name a call of the assistant message before it."
        raise Refused(400, told, param=f"{where}.tool_call_id")
    turn.results[str(id_)] = FunctionResult(str(id_), _text(message.get("content"), where))


# Functions. --------------------------------------------------------------------------------------------------------------


def _functions(given: Mapping[str, Any]) -> tuple[Function, ...]:
    tools = _optional(given, "tools", list, "a list of tools") or []
    functions = tuple(_function(tool, f"tools[{number}]") for number, tool in enumerate(tools))
    return () if given.get("tool_choice") == "none" else functions


def _function(tool: Any, where: str) -> Function:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Refused(400, f"'{where}' should be a function with a name.", param=where)
    parameters = function.get("parameters") or {}
    properties = parameters.get("properties") or {} if isinstance(parameters, dict) else None
    if not isinstance(properties, dict):
        raise Refused(400, f"'{where}.function.parameters' should be a JSON Schema of an object.", param=where)
    required = parameters.get("required") or []
    if not (isinstance(required, list) and all(isinstance(name, str) for name in required)):
        told = f"'{where}.function.parameters.required' should be a list of names."
        raise Refused(400, told, param=where)
    return Function(
        name=function["name"],
        purpose=_described(function),
        arguments=tuple((name, _described(schema)) for name, schema in properties.items()),
        required=tuple(required),
    )


def _described(value: Any) -> str:
    told = value.get("description") if isinstance(value, dict) else None
    return told if isinstance(told, str) else ""


# Types. --------------------------------------------------------------------------------------------------------------------


def _typed(given: Mapping[str, Any], name: str, kind: type | tuple[type, ...], called: str) -> Any:
    value = _optional(given, name, kind, called)
    if value is None:
        raise Refused(400, f"'{name}' is missing; it should be {called}.", param=name)
    return value


def _optional(given: Mapping[str, Any], name: str, kind: type | tuple[type, ...], called: str) -> Any:
    value = given.get(name)
    wrong_truth = isinstance(value, bool) and kind is not bool
    if value is not None and (wrong_truth or not isinstance(value, kind)):
        raise Refused(400, f"'{name}' should be {called}.", param=name)
    return value
