"""Where a scenario's texts use a name: a detail, a person, a variable.

Texts that cannot be parsed are searched for the word in their tags, so that nothing in use is ever called unused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from am_studio.foundation.errors import Place
from am_studio.foundation.yamlfile import Node
from am_studio.records import Person
from am_studio.scenarios.evaluation import names_in
from am_studio.scenarios.language import Expression, Part, Template
from am_studio.scenarios.loading import Draft
from am_studio.scenarios.model import Parts, Table


def uses_of(draft: Draft, name: str) -> tuple[Place, ...]:
    """The places that mention this name (`deadline`, `cast.cto`) or an attribute of it, in the order of the files.

    Its own declaration is none of them.
    """
    found: set[Place] = set()
    if draft.parts is not None:
        found.update(_parsed(draft.parts, name))
    broken = {problem.place.file for problem in draft.problems}
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for file in broken & draft.texts.keys() - {"scenario.yaml"}:
        found.update(_searched(draft.texts[file], file, word))
    if draft.node is not None:
        found.update(_gates(draft.node.at("outcomes"), name))
        if "scenario.yaml" in broken:
            found.update(_conditions(draft.node, (), word))
    return tuple(sorted(found))


def _parsed(parts: Parts, name: str) -> Iterator[Place]:
    for names in _all_names(parts):
        for mentioned in names_in(names):
            if mentioned.path == name or mentioned.path.startswith(name + "."):
                yield mentioned.place
    for variable in parts.variables.values():
        if isinstance(variable, Table) and name in variable.by:
            yield variable.place
    for email in parts.emails:
        for header in email.headers.values():
            for value in header.values:
                if isinstance(value, Person) and name in (value.id, f"cast.{value.id}"):
                    yield header.place


def _all_names(parts: Parts) -> Iterator[Expression | tuple[Part, ...]]:
    """Every expression and body of the scenario."""
    yield from (detail.needs for detail in parts.details.values() if detail.needs is not None)
    yield from (constraint for constraint, _, _ in parts.constraints)
    for tool in parts.tools.values():
        yield from (tool.offered, tool.approval)
    yield from (template.parts for template in templates_of(parts))
    yield from (email.when for email in parts.emails if email.when is not None)


def templates_of(parts: Parts) -> Iterator[Template]:
    """Every text of the scenario, variables and the heads of emails included."""
    yield from (parts.system, parts.task)
    for variable in parts.variables.values():
        if isinstance(variable, Template):
            yield variable
        else:
            yield from variable.entries.values()
            yield from (variable.default,) if variable.default is not None else ()
    for email in parts.emails:
        yield email.body
        for header in email.headers.values():
            yield from (value for value in header.values if isinstance(value, Template))


def _gates(node: Node, name: str) -> Iterator[Place]:
    """Where gates refer to somebody of the cast."""
    if isinstance(node.value, str):
        if node.value == name:
            yield node.place
    elif isinstance(node.value, tuple):
        for inner in node.value:
            yield from _gates(inner, name)
    else:
        for entry in node.value.values():
            yield from _gates(entry.node, name)


def _conditions(node: Node, path: tuple[str, ...], word: re.Pattern[str]) -> Iterator[Place]:
    """Expressions of scenario.yaml that hold the word."""
    if isinstance(node.value, Mapping):
        for key, entry in node.value.items():
            yield from _conditions(entry.node, (*path, key), word)
    elif isinstance(node.value, tuple):
        for inner in node.value:
            yield from _conditions(inner, path, word)
    elif (path[0] in ("constraints", "tools") or path[-1] in ("needs", "by")) and word.search(node.value):
        yield node.place


def _searched(text: str, file: str, word: re.Pattern[str]) -> Iterator[Place]:
    """Lines of a text with tags, or of an email's head, that hold the word."""
    lines = text.split("\n")
    head = lines.index("---", 1) if lines[0] == "---" and "---" in lines[1:] else 0
    for number, line in enumerate(lines, 1):
        found = word.search(line)
        if found and (number <= head or "{" in line):
            yield Place(file, number, found.start() + 1)
