"""What names mean in one variant, and which choices decide.

A *decision* is anything in a text that depends on details: which branch is taken, which row of a table, whether an email
exists. Its **cause** is found by flipping: each detail it could depend on is set to each other level, one at a time, and
the choices whose change changes the decision are its cause. So a cause is exact for single changes, also through `needs`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from am_studio.records import ON, Choice, ProtocolName, Variant
from am_studio.scenarios.language import (
    Both,
    Branches,
    Choose,
    Compare,
    Emit,
    Expression,
    Filtered,
    Join,
    Literal,
    Name,
    Not,
    Part,
    Scalar,
    Template,
    Text,
)
from am_studio.scenarios.model import Cast, Parts, Table
from am_studio.scenarios.naming import constants_of, renamed, renamed_names, renamings
from am_studio.scenarios.ordering import ordering_of

Value = Scalar | tuple[Scalar, ...]
Look = Callable[[str], Value]
SPECIAL = ("inbox", "tool_syntax")
"""Names that stand for whole passages; they may only be placed, never tested."""


def evaluate(expression: Expression, look: Look) -> Value:
    """The value of an expression; `look` gives the value of a name."""
    match expression:
        case Literal(value=value):
            return value
        case Name(path=path):
            return look(path)
        case Not(operand=operand):
            return not evaluate(operand, look)
        case Both(operator="and", left=left, right=right):
            return bool(evaluate(left, look)) and bool(evaluate(right, look))
        case Both(left=left, right=right):
            return bool(evaluate(left, look)) or bool(evaluate(right, look))
        case Compare(left=left, right=right):
            return bool(_OPERATORS[expression.operator](evaluate(left, look), evaluate(right, look)))
        case Join(parts=parts):
            return "".join(str(evaluate(part, look)) for part in parts)
        case Choose(test=test, yes=yes, no=no):
            return evaluate(yes if evaluate(test, look) else no, look)
        case Filtered():
            return _filter(expression, look)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}


def _filter(expression: Filtered, look: Look) -> str:
    text = str(evaluate(expression.operand, look))
    match expression.filter:
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case "title":
            return text.title()
        case "capitalize":
            return text.capitalize()
        case "trim":
            return text.strip()
        case _:
            return text or (str(evaluate(expression.argument, look)) if expression.argument else "")


def names_in(item: Expression | Iterable[Part]) -> Iterable[Name]:
    """Every name that an expression or a body mentions."""
    match item:
        case Name():
            yield item
        case Literal():
            return
        case Not(operand=operand):
            yield from names_in(operand)
        case Both(left=left, right=right) | Compare(left=left, right=right):
            yield from names_in(left)
            yield from names_in(right)
        case Join(parts=parts):
            for part in parts:
                yield from names_in(part)
        case Choose(test=test, yes=yes, no=no):
            for part in (test, yes, no):
                yield from names_in(part)
        case Filtered(operand=operand, argument=argument):
            yield from names_in(operand)
            if argument is not None:
                yield from names_in(argument)
        case _:
            for body_part in item:
                yield from _names_in_part(body_part)


def _names_in_part(part: Part) -> Iterable[Name]:
    if isinstance(part, Emit):
        yield from names_in(part.expression)
    elif isinstance(part, Branches):
        for test, body in part.branches:
            yield from names_in(test)
            yield from names_in(body)
        yield from names_in(part.otherwise)


class World:
    """The meaning of a scenario's names, and a cache of decisions."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.switched = parts.switched
        self.written = {name: factor.levels[0] for name, factor in parts.nuisance.items()}
        """The nuisance factors at the levels that change nothing."""
        self._renamed = renamed_names(parts.cast, parts.nuisance) if parts.nuisance else {}
        self._renaming = tuple(name for name, _ in renamings(parts.nuisance))
        self._casts: dict[tuple[str, ...], tuple[Cast, Mapping[str, str]]] = {}
        self.ordering = ordering_of(parts)
        """What shows the emails in another order than written; None where nothing does."""
        self._support: dict[str, frozenset[str]] = {}
        self._needs_order = self._ordered_details()
        self._decisions: dict[tuple[object, ...], tuple[Any, tuple[Choice, ...], tuple[Choice, ...]]] = {}
        self._body_support: dict[tuple[int, ...], tuple[str, ...]] = {}

    # Levels. ---------------------------------------------------------------------------------------------------------

    def _ordered_details(self) -> tuple[str, ...]:
        """Details such that each comes after those its `needs` mentions."""
        ordered: dict[str, None] = {}

        def visit(name: str) -> None:
            needs = self.parts.details[name].needs
            for mentioned in names_in(needs) if needs is not None else ():
                if mentioned.path in self.parts.details and mentioned.path not in ordered:
                    visit(mentioned.path)
            ordered.setdefault(name)

        for name in self.parts.details:
            visit(name)
        return tuple(ordered)

    def effective(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """The levels that hold when these are chosen: what `needs` drags along is off."""
        levels = {**self.written, **chosen}
        for name in self._needs_order:
            detail = self.parts.details[name]
            if detail.needs is not None and not evaluate(detail.needs, State(self, levels).look):
                levels[name] = detail.off
        return levels

    # What nuisance factors change beside texts. ----------------------------------------------------------------------

    def cast(self, levels: Mapping[str, str]) -> Cast:
        """Who is who at these levels."""
        return self._named(levels)[0]

    def constant(self, path: str, levels: Mapping[str, str]) -> str:
        """The text of a name that is fixed but for what people and the company are called."""
        return self.parts.constants[path] if path not in self._renamed else self._named(levels)[1][path]

    def _named(self, levels: Mapping[str, str]) -> tuple[Cast, Mapping[str, str]]:
        key = tuple(levels[name] for name in self._renaming)
        if key not in self._casts:
            cast = renamed(self.parts.cast, self.parts.nuisance, levels)
            self._casts[key] = cast, constants_of(cast)
        return self._casts[key]

    # Which details something could depend on. ------------------------------------------------------------------------

    def support_of_name(self, path: str) -> frozenset[str]:
        """The details and nuisance factors on which the value of a name could depend, through `needs`, tables and tools."""
        if path not in self._support:
            self._support[path] = frozenset()
            self._support[path] = self._compute_support(path)
        return self._support[path]

    def _compute_support(self, path: str) -> frozenset[str]:
        parts = self.parts
        if path in parts.details:
            needs = parts.details[path].needs
            return frozenset({path}) | (self._of_expression(needs) if needs is not None else frozenset())
        if path in parts.nuisance:
            return frozenset({path})
        if path in self._renamed:
            return self._renamed[path]
        if path in parts.variables:
            variable = parts.variables[path]
            if isinstance(variable, Template):
                return self._of_names(names_in(variable.parts))
            templates = [*variable.entries.values(), *([variable.default] if variable.default else [])]
            found = [self.support_of_name(detail) for detail in variable.by]
            return frozenset().union(*found, *(self._of_names(names_in(template.parts)) for template in templates))
        if path.startswith("tools.") and path[6:] in parts.tools:
            return self._of_expression(parts.tools[path[6:]].offered)
        if path == "tool_syntax":
            tools = parts.tools.values()
            return frozenset().union(
                *(self._of_expression(tool.offered) | self._of_expression(tool.approval) for tool in tools)
            )
        return frozenset()

    def _of_expression(self, expression: Expression) -> frozenset[str]:
        return self._of_names(names_in(expression))

    def _of_names(self, names: Iterable[Name]) -> frozenset[str]:
        return frozenset().union(*(self.support_of_name(name.path) for name in names))

    def support(self, *items: Expression | tuple[Part, ...] | None) -> tuple[str, ...]:
        """The details on which expressions or bodies could depend, in the scenario's order."""
        key = tuple(map(id, items))
        if key not in self._body_support:
            found = frozenset().union(*(self._of_names(names_in(item)) for item in items if item is not None))
            self._body_support[key] = tuple(name for name in self.switched if name in found)
        return self._body_support[key]

    @cached_property
    def support_of_tools(self) -> tuple[str, ...]:
        """The details on which it could depend which tools are offered or held."""
        names = self.support_of_name("tool_syntax")
        return tuple(name for name in self.parts.details if name in names)

    # Decisions. ------------------------------------------------------------------------------------------------------

    def decide(
        self, key: object, decision: Callable[[State], Any], support: tuple[str, ...], state: State
    ) -> tuple[Any, tuple[Choice, ...], tuple[Choice, ...]]:
        """The decision's value in this state, its cause, and all choices it could depend on."""
        if not support:
            return decision(state), (), ()
        chosen = state.chosen
        full_key = (key, state.protocol, *(chosen[name] for name in support))
        found = self._decisions.get(full_key)
        if found is None:
            value = decision(state)
            cause = tuple(
                (name, state.levels[name]) for name in support if self._is_pivotal(name, decision, value, state)
            )
            found = value, cause, tuple((name, state.levels[name]) for name in support)
            self._decisions[full_key] = found
        return found

    def _is_pivotal(self, name: str, decision: Callable[[State], Any], value: Any, state: State) -> bool:
        for level in self.switched[name].levels:
            if level != state.chosen[name]:
                flipped = {**state.chosen, name: level}
                if decision(State(self, self.effective(flipped), state.protocol, flipped)) != value:
                    return True
        return False


NOTHING_REMOVED: Mapping[str, tuple[str, ...]] = {}


def by_part(removed: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The removed units of a variant (`system.md:line:12`) by their part, each without the part's name."""
    found: dict[str, list[str]] = {}
    for name in removed:
        part, _, unit = name.partition(":")
        found.setdefault(part, []).append(unit)
    return {part: tuple(units) for part, units in found.items()}


class State:
    """The names' values in one variant under one protocol; `removed` are its removed units by part."""

    __slots__ = ("chosen", "levels", "protocol", "removed", "world")

    def __init__(
        self,
        world: World,
        levels: Mapping[str, str],
        protocol: ProtocolName = "inline",
        chosen: Mapping[str, str] | None = None,
        removed: Mapping[str, tuple[str, ...]] = NOTHING_REMOVED,
    ) -> None:
        self.world = world
        self.removed = removed
        self.levels = levels
        self.protocol = protocol
        self.chosen = levels if chosen is None else chosen

    @classmethod
    def of(cls, world: World, variant: Variant, protocol: ProtocolName = "inline") -> State:
        """The state of a variant."""
        levels = variant.as_dict()
        if world.written:
            levels = {**world.written, **levels, **dict(variant.nuisance)}
        chosen = {**levels, **dict(variant.dragged)} if variant.dragged else levels
        removed = by_part(variant.removed_units) if variant.removed_units else NOTHING_REMOVED
        return cls(world, levels, protocol, chosen, removed)

    def look(self, path: str) -> Value:
        """The value of a name; KeyError for one that `check` would have refused."""
        parts = self.world.parts
        if path in parts.details:
            level = self.levels[path]
            return level == ON if parts.details[path].is_switch else level
        if path in parts.constants:
            return self.world.constant(path, self.levels)
        if path in parts.variables:
            return text_of(self.row(path).parts, self)
        if path.startswith("tools.") and path[6:] in parts.tools:
            return bool(evaluate(parts.tools[path[6:]].offered, self.look))
        if path == "protocol":
            return self.protocol
        if path in parts.nuisance:
            return self.levels[path]
        raise KeyError(path)

    def row(self, variable: str) -> Template:
        """The text that a variable stands for in this state."""
        found = self.world.parts.variables[variable]
        if isinstance(found, Table):
            row = found.entries.get(tuple(self.levels[detail] for detail in found.by), found.default)
            if row is None:
                raise KeyError(variable)
            return row
        return found

    def holds(self, expression: Expression | None) -> bool:
        """Whether a condition is true; no condition is."""
        return expression is None or bool(evaluate(expression, self.look))


def text_of(parts: tuple[Part, ...], state: State) -> str:
    """The text of a body, without its provenance."""
    texts = []
    for part in parts:
        if isinstance(part, Text):
            texts.append(part.text)
        elif isinstance(part, Emit):
            texts.append(str(evaluate(part.expression, state.look)))
        else:
            texts.append(
                text_of(part.otherwise if (taken := branch(part, state)) < 0 else part.branches[taken][1], state)
            )
    return "".join(texts)


def branch(branches: Branches, state: State) -> int:
    """Index of the branch that is taken; -1 for the last `else`."""
    for index, (test, _) in enumerate(branches.branches):
        if evaluate(test, state.look):
            return index
    return -1
