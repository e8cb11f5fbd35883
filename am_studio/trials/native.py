"""A reply with its native calls as one text, so that evidence can point at what was called.

The text is made from the reply alone and in one way only: what was said, then each call as a block with its arguments
spelled out. Where a value stands is known from how the text was put together, never looked for in it, so a value that
looks like the end of a block ends nothing. What cannot be read as arguments is shown as it came and never guessed at.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from am_studio.records import FunctionCall, Reply
from am_studio.trials.arguments import plain_value
from am_studio.trials.grammar import RECIPIENTS, Argument, grammar_of, tool_name
from am_studio.trials.replies import ToolCall

_JSON = json.JSONDecoder(strict=False)
_NAMES = {
    "read_email": {"id": "email", "email_id": "email", "message_id": "email"},
    "search_emails": {"q": "query", "text": "query", "words": "query"},
}
_LISTS = RECIPIENTS | {"email", "attachments"}
"""Arguments that may as well be a list of texts."""
_LIKE_OURS = re.compile(r"(?<!\[)\[+(?=(?:call|end of call) \d)")
_MOST_BRACKETS = 20


@dataclass(frozen=True, slots=True)
class NativeCall:
    """A native call, read."""

    id: str
    """The provider's."""
    call: ToolCall
    """Name and arguments under the tool's own names; offsets are those of the shown text."""
    fault: str = ""
    """Why the arguments cannot be read at all, in words; empty: they can."""
    mistyped: tuple[str, ...] = ()
    """Arguments that are neither a text nor a number."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A reply as one text."""

    text: str
    """For a reply without native calls its own text; otherwise that text and a block for each call."""
    calls: tuple[NativeCall, ...] = ()

    def at(self, start: int) -> NativeCall | None:
        """The native call whose block begins at this offset."""
        return next((native for native in self.calls if native.call.start == start), None)


def shown(reply: Reply) -> Shown:
    """The reply as one text, with the place of every native call and of each of its arguments. Linear in its length."""
    if not reply.calls:
        return Shown(reply.text)
    read = [_read(call) for call in reply.calls]
    bracket = "[" * _depth(reply, read)
    close = "]" * len(bracket)
    writer = _Writer(reply.text)
    calls = []
    for number, (call, (arguments, fault, mistyped)) in enumerate(zip(reply.calls, read, strict=True), start=1):
        name = tool_name(call.name)
        writer.add("\n\n" if writer.length else "")
        start = writer.length
        writer.add(f"{bracket}call {number}: {_label(call.name)}{close}\n")
        placed = tuple(writer.argument(key, value) for key, value in arguments)
        if fault:
            writer.argument("arguments", call.arguments)
        writer.add(f"{bracket}end of call {number}{close}")
        calls.append(NativeCall(call.id, ToolCall(name, placed, start, writer.length), fault, mistyped))
    return Shown("".join(writer.pieces), tuple(calls))


class _Writer:
    """A text in the making that knows how long it is."""

    def __init__(self, text: str) -> None:
        self.pieces = [text]
        self.length = len(text)

    def add(self, piece: str) -> None:
        self.pieces.append(piece)
        self.length += len(piece)

    def argument(self, name: str, value: str) -> Argument:
        """`name: value`, and where the value stands; one of several lines begins on a line of its own."""
        self.add(f"{_label(name)}:" + ("\n" if "\n" in value else " "))
        start = self.length
        self.add(value)
        self.add("\n")
        return Argument(name, value, start, start + len(value))


_Arguments = list[tuple[str, str]]


def _read(call: FunctionCall) -> tuple[_Arguments, str, tuple[str, ...]]:
    """(arguments as text, what is wrong with all of them, which of them are mistyped)."""
    tool = tool_name(call.name)
    try:
        loaded: Any = _JSON.decode(call.arguments) if call.arguments.strip() else {}
    except (ValueError, RecursionError):
        return [], "its arguments are not readable as JSON", ()
    if loaded is None:
        loaded = {}
    if not isinstance(loaded, dict):
        return [], "its arguments are no JSON object", ()
    grammar = grammar_of(tool)
    names = grammar.names if grammar else _NAMES.get(tool, {})
    arguments: _Arguments = []
    mistyped: list[str] = []
    for key, value in loaded.items():
        written = plain_value(key).lower()
        name = names.get(written, written)
        if value is not None:
            arguments.append((name, _spelled(value)))
            if not _is_text(value, listed=name in _LISTS):
                mistyped.append(name)
    return arguments, "", tuple(mistyped)


def _is_text(value: Any, *, listed: bool) -> bool:
    if listed and isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _spelled(value: Any) -> str:
    try:
        return plain_value(value)
    except RecursionError:
        return "(nested too deeply to be shown)"


def _label(name: str) -> str:
    """A name that a model wrote, on one line and not too long."""
    return " ".join(name.split())[:64]


def _depth(reply: Reply, read: list[tuple[_Arguments, str, tuple[str, ...]]]) -> int:
    """How many brackets mark our blocks: a number that nothing in the reply uses for a line that looks like ours."""
    texts = [reply.text, *(call.name for call in reply.calls)]
    texts += [call.arguments for call, (_, fault, _) in zip(reply.calls, read, strict=True) if fault]
    texts += [text for arguments, _, _ in read for argument in arguments for text in argument]
    used = {len(match[0]) for text in texts for match in _LIKE_OURS.finditer(text)}
    return next((depth for depth in range(1, _MOST_BRACKETS) if depth not in used), _MOST_BRACKETS)
