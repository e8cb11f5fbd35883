"""The arguments of one tool-call block, in whichever notation it is written: lines, a JSON object, little elements.

It does not know whether an address exists or a tool is offered, and it never fails: a block that it can make nothing
of has no arguments.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import islice
from typing import Any

from am_studio.trials.grammar import RECIPIENTS, Argument, Grammar, grammar_of
from am_studio.trials.layout import Region
from am_studio.trials.lines import header_argument, read_any_lines, read_lines, text_argument
from am_studio.trials.quotes import resolve_entities
from am_studio.trials.tags import ATTRIBUTE

_ELEMENT = re.compile(r"<(?:parameter name=[\"']([a-z_]{2,20})[\"']|([a-z_]{2,20}))>", re.IGNORECASE)
_ATTRIBUTE = re.compile(ATTRIBUTE)
_MOST_ELEMENTS = 4_000
"""Of one block, so many little elements are looked at."""
_WRAPPERS = ("arguments", "parameters", "input", "args")


def read_block(text: str, region: Region, tool: str) -> tuple[Argument, ...]:
    """The arguments of a whole block: those that its opening tag has as attributes, then those inside.

    A tag that has the headers may be followed by the text itself, without a key.
    """
    inside = read_arguments(text, region.inner_start, region.inner_end, tool)
    given = _read_attributes(text, *region.attributes, tool)
    grammar = grammar_of(tool)
    if given and grammar and not inside and not any(argument.name == grammar.text for argument in given):
        bare = text_argument(text, grammar.text, region.inner_start, region.inner_end)
        inside = (bare,) if bare.value else ()
    return given + inside


def _read_attributes(text: str, start: int, end: int, tool: str) -> tuple[Argument, ...]:
    grammar = grammar_of(tool)
    arguments = []
    for match in _ATTRIBUTE.finditer(text, start, end):
        written = match[1].lower()
        name = grammar.names.get(written, "") if grammar else written
        if name and written not in {"name", "tool", "function"}:
            place = match.span(2 if match[2] is not None else 3)
            arguments.append(Argument(name, resolve_entities(text[slice(*place)]).strip(), *place))
    return tuple(arguments)


@lru_cache(maxsize=8)  # who quotes a call has it read again, right after it was read
def read_arguments(text: str, start: int, end: int, tool: str) -> tuple[Argument, ...]:
    """The arguments of the block whose inside is `text[start:end]`, in the order given."""
    start, end = _without_fence(text, start, end)
    grammar = grammar_of(tool)
    first = text[start : start + 1]
    if first == "{":
        found = _read_json(text, start, end, grammar)
        if found is not None:
            return found
        # An object that is not quite JSON still has its keys and values on lines.
        start, end = _trim(text, start + 1, end - 1 if text.endswith("}", start + 1, end) else end)
    if grammar is None:
        return read_any_lines(text, start, end)
    if first == "<":
        found = _read_elements(text, start, end, grammar)
        if found:
            return found
    return read_lines(text, start, end, grammar)


def _without_fence(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without the white space and the code fence around it."""
    start, end = _trim(text, start, end)
    line = text.find("\n", start, end)
    if not text.startswith("```", start) or line < 0:
        return start, end
    return _trim(text, line + 1, end - 3 if text.endswith("```", line + 1, end) else end)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    return start, max(start, end - (len(inside) - len(inside.rstrip())))


def _read_json(text: str, start: int, end: int, grammar: Grammar | None) -> tuple[Argument, ...] | None:
    try:
        loaded: dict[str, Any] = json.loads(text[start:end], strict=False)
    except (ValueError, RecursionError):
        return None
    wrapped = next((loaded[name] for name in _WRAPPERS if isinstance(loaded.get(name), dict)), None)
    arguments = []
    for key, value in (loaded if wrapped is None else wrapped).items():
        written = plain_value(key).lower()
        name = grammar.names.get(written, written) if grammar else written
        plain = plain_value(value)
        arguments.append(Argument(name, resolve_entities(plain) if name in RECIPIENTS else plain, start, end))
    return tuple(arguments)


def plain_value(value: Any) -> str:
    """A JSON value as text: lists with commas, line ends LF, what no file can hold replaced."""
    if isinstance(value, list):
        return ", ".join(plain_value(item) for item in value if not isinstance(item, list))
    if isinstance(value, str):
        # Escapes can spell half a character, which no file can hold.
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "" if value is None else json.dumps(value)


def _read_elements(text: str, start: int, end: int, grammar: Grammar) -> tuple[Argument, ...]:
    """Arguments written as `<to>...</to>`; the text element reaches to its last closing tag."""
    inside = text[start:end]
    arguments = []
    position = 0
    unclosed: set[str] = set()  # searched for once: this keeps the reading linear
    for match in islice(_ELEMENT.finditer(inside), _MOST_ELEMENTS):
        name = grammar.names.get((match[1] or match[2]).lower())
        closing = "</parameter>" if match[1] else f"</{match[2]}>"
        if name is None or match.start() < position or closing in unclosed:
            continue
        is_text = name == grammar.text
        found = inside.rfind(closing, match.end()) if is_text else inside.find(closing, match.end())
        if found < 0:
            unclosed.add(closing)
            continue
        position = found + len(closing)
        make = text_argument if is_text else header_argument
        arguments.append(make(text, name, start + match.end(), start + found))
    return tuple(arguments)
