"""YAML from strangers, read as data and nothing else.

One pure-Python pass over a pure-Python parser's events builds nodes that know their place. It refuses anchors, aliases, tags,
merge keys, duplicate keys, several documents, deep nesting, and more lines or values than a pack needs. Scalars stay strings; a `Form` gives them their types, so
`NO`, `22:30` and `010` are what the author wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from am_studio.foundation.errors import FileProblems, Place, Problem
from am_studio.foundation.files import MEGABYTE, read_text
from am_studio.foundation.form_errors import mended, problems_of

MAX_DEPTH = 20
MAX_VALUES = 20_000
"""Of one file; the pass takes about 25 microseconds for each."""
MAX_LINES = 20_000


class Form(BaseModel):
    """What a YAML mapping may hold: unknown fields are errors, values are immutable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a YAML file: a scalar (str), a sequence (tuple of nodes), or a mapping (name to entry)."""

    value: str | tuple[Node, ...] | Mapping[str, Entry]
    place: Place
    start: int
    """Offset of the value in the text it was parsed from, in characters."""
    end: int

    def plain(self) -> Any:
        """Nested dicts, lists and strings."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return {name: entry.node.plain() for name, entry in self.value.items()}

    def at(self, *path: str | int) -> Node:
        """The node at this path; where the path leads nowhere, the last node on the way."""
        node = self
        for step in path:
            value = node.value
            if isinstance(value, Mapping) and str(step) in value:
                node = value[str(step)].node
            elif isinstance(value, tuple) and isinstance(step, int) and step < len(value):
                node = value[step]
            elif isinstance(value, Mapping | tuple):
                return node
        return node

    def key_place(self, *path: str | int) -> Place:
        """Where the last name of the path is written; the node's own place when it is no mapping key."""
        parent = self.at(*path[:-1])
        if path and isinstance(parent.value, Mapping) and str(path[-1]) in parent.value:
            return parent.value[str(path[-1])].key_place
        return self.at(*path).place


@dataclass(frozen=True, slots=True)
class Entry:
    """One `name: value` of a mapping."""

    key_place: Place
    node: Node


def read_yaml(path: Path, name: str = "") -> Node:
    """The node of a YAML file; FileProblems or StudioError when it cannot be used. `name` is how to call it in messages."""
    return parse_yaml(read_text(path, MEGABYTE), name or str(path))


def read_own_yaml(path: Path) -> Node:
    """The node of a YAML file that is part of this program: as `read_yaml`, by the C parser where there is one.

    Ten times as fast, and nothing for strangers' files: some texts make the C parser end the process.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return _Builder(path.read_text(encoding="utf-8"), path.name, 1, loader).build()


@lru_cache(maxsize=256)
def parse_yaml(text: str, file: str, first_line: int = 1) -> Node:
    """The node of a YAML text; `first_line` is the number of its first line in `file`.

    Remembers what it has parsed, for an editor asks again after every keystroke and most files have not changed.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MEGABYTE:
        raise FileProblems([Problem(Place(file), f"larger than {MEGABYTE:,} bytes")])
    if text.count("\n") > MAX_LINES:
        raise FileProblems([Problem(Place(file, MAX_LINES + first_line), f"more than {MAX_LINES:,} lines", "split it")])
    try:
        return _Builder(text, file, first_line).build()
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        place = Place(file, mark.line + first_line, mark.column + 1) if mark else Place(file)
        told = ", ".join(part for part in (error.context, error.problem) if part)
        raise FileProblems([Problem(place, f"not valid YAML: {told}", _yaml_hint(told))]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + first_line
        raise FileProblems(
            [Problem(Place(file, line, 1), f"a character that YAML does not allow (U+{int(error.character):04X})")]
        ) from error
    except yaml.YAMLError as error:
        raise FileProblems([Problem(Place(file), f"not valid YAML: {error}")]) from error
    except (ValueError, OverflowError) as error:
        # The scanner itself trips over "\\UFFFFFFFF" and over a version with thousands of digits.
        told = "not valid YAML: a number in an escape or a directive is beyond what there is"
        raise FileProblems([Problem(Place(file), told, r'a character is written as "\u0041"')]) from error


FormT = TypeVar("FormT", bound=BaseModel)


def load_as(form: type[FormT], node: Node) -> FormT:
    """The node's content as this form; FileProblems with the place of every field that does not fit."""
    try:
        return form.model_validate(node.plain())
    except ValidationError as error:
        raise FileProblems(problems_of(form, error, node)) from error


def load_as_far(form: type[FormT], node: Node) -> tuple[FormT | None, list[Problem]]:
    """The content as this form and its problems; fields that are merely unknown or missing do not hide further ones."""
    plain = node.plain()
    try:
        return form.model_validate(plain), []
    except ValidationError as error:
        problems = problems_of(form, error, node)
        try:
            return form.model_validate(mended(error, plain)), problems
        except ValidationError:
            return None, problems


def _yaml_hint(told: str) -> str:
    if "flow mapping" in told or "unhashable" in told:
        return "a value that starts with '{{' must be quoted"
    if "mapping values are not allowed" in told:
        return "a value that contains ': ' must be quoted"
    return ""


class _Builder:
    """Builds nodes from parser events, refusing what a data file has no use for."""

    def __init__(self, text: str, file: str, first_line: int, loader: Any = yaml.SafeLoader) -> None:
        self._events = yaml.parse(text, Loader=loader)
        self._file = file
        self._first_line = first_line
        self._values = 0

    def build(self) -> Node:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise FileProblems([Problem(Place(self._file), "the file is empty")])
        root = self._node(next(self._events), 1)
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(after, "a second document", "one file holds one document")
        return root

    def _place(self, event: yaml.Event) -> Place:
        mark: Any = event.start_mark
        return Place(self._file, mark.line + self._first_line, mark.column + 1)

    def _refuse(self, event: yaml.Event, what: str, hint: str) -> None:
        raise FileProblems([Problem(self._place(event), f"{what} is not allowed", hint)])

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, "an alias ('*name')", "write the value out, or quote it if it is text")
        if getattr(event, "anchor", None):
            self._refuse(
                event, "an anchor ('&name')", "write the value out where it is used, or quote it if it is text"
            )
        if getattr(event, "tag", None):
            self._refuse(
                event, "a tag ('!name')", "values are typed by the field they stand in; quote it if it is text"
            )
        self._values += 1
        if self._values > MAX_VALUES:
            raise FileProblems([Problem(self._place(event), f"more than {MAX_VALUES:,} values", "split the file")])
        if depth > MAX_DEPTH:
            self._refuse(event, f"nesting deeper than {MAX_DEPTH}", "flatten it")
        value: str | tuple[Node, ...] | Mapping[str, Entry]
        last = event
        if isinstance(event, yaml.ScalarEvent):
            value = event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            nodes = []
            while not isinstance(last := next(self._events), yaml.SequenceEndEvent):
                nodes.append(self._node(last, depth + 1))
            value = tuple(nodes)
        else:
            value, last = self._mapping(depth)
        first_mark: Any = event.start_mark
        last_mark: Any = last.end_mark
        return Node(value, self._place(event), first_mark.index, last_mark.index)

    def _mapping(self, depth: int) -> tuple[Mapping[str, Entry], yaml.Event]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key.value, str):
                self._refuse(event, "a key that is not text", "a value that starts with '{{' must be quoted")
                continue
            if key.value == "<<":
                self._refuse(event, "a merge key ('<<')", "write the fields out")
            if key.value in entries:
                first = entries[key.value].key_place
                self._refuse(event, f"'{key.value}' a second time", f"the first is on line {first.line}")
            entries[key.value] = Entry(key.place, self._node(next(self._events), depth + 1))
        return entries, event
