"""The types of expressions: conditions are true or false, texts are text, and levels are levels of their detail.

A switch is true or false; a detail with levels is text and must be compared, for every level would be true. Each mistake
becomes a problem that says what would be right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from am_studio.foundation.errors import Problem, nearest
from am_studio.scenarios.evaluation import SPECIAL
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
)
from am_studio.scenarios.model import Detail, Factor, Parts


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a text may use: each with its type, `condition`, `text` or `passage`."""

    types: Mapping[str, str]
    details: Mapping[str, Detail | Factor]
    """The details and the nuisance factors."""

    @classmethod
    def of(cls, parts: Parts) -> Names:
        """Every name of a scenario."""
        types = {name: "condition" if detail.is_switch else "text" for name, detail in parts.details.items()}
        types |= dict.fromkeys(parts.constants, "text") | dict.fromkeys(parts.variables, "text")
        types |= {f"tools.{name}": "condition" for name in parts.tools}
        types |= {"protocol": "text"} | dict.fromkeys(SPECIAL, "passage") | dict.fromkeys(parts.nuisance, "text")
        return cls(types, parts.switched)

    def only(self, kept: Collection[str]) -> Names:
        """These names alone."""
        return replace(self, types={name: kind for name, kind in self.types.items() if name in kept})

    def without(self, left_out: Collection[str]) -> Names:
        """All but these names."""
        return replace(self, types={name: kind for name, kind in self.types.items() if name not in left_out})

    def levels_of(self, expression: Expression) -> tuple[str, ...]:
        """The levels when the expression is a detail with levels."""
        detail = self.details.get(expression.path) if isinstance(expression, Name) else None
        if detail is None or (isinstance(detail, Detail) and detail.is_switch):
            return ()
        return detail.levels


def check_condition(expression: Expression, names: Names) -> Iterator[Problem]:
    """Problems of an expression that must be true or false."""
    yield from _check(expression, names)
    kind = type_of(expression, names)
    if kind in ("unknown", "condition"):
        return
    levels = names.levels_of(expression)
    if levels and isinstance(expression, Name):
        hint = f'compare it: {expression.path} == "{levels[0]}"'
        yield Problem(expression.place, f"'{expression.path}' has levels, and every level is true", hint)
    else:
        yield Problem(
            expression.place, f"a condition is true or false; this is {_A[kind]}", "compare it with something"
        )


def check_body(parts: tuple[Part, ...], names: Names) -> Iterator[Problem]:
    """Problems of a text."""
    for part in parts:
        if isinstance(part, Emit):
            yield from check_emitted(part.expression, names)
        elif isinstance(part, Branches):
            for test, body in part.branches:
                yield from check_condition(test, names)
                yield from check_body(body, names)
            yield from check_body(part.otherwise, names)


def check_emitted(expression: Expression, names: Names) -> Iterator[Problem]:
    """Problems of `{{ expression }}`: a whole passage may stand there alone, a condition may not."""
    if isinstance(expression, Name) and names.types.get(expression.path) == "passage":
        return
    yield from _check(expression, names)
    if type_of(expression, names) in ("condition", "list"):
        hint = 'choose a text: {{ "yes" if ... else "no" }}'
        yield Problem(expression.place, "this would print True or False, or a list", hint)


def type_of(expression: Expression, names: Names) -> str:
    """`condition`, `text`, `number`, `list`, `passage` or `unknown`."""
    match expression:
        case Literal(value=bool()):
            return "condition"
        case Literal(value=str()):
            return "text"
        case Literal(value=tuple()):
            return "list"
        case Literal():
            return "number"
        case Name(path=path):
            return names.types.get(path, "unknown")
        case Not() | Both() | Compare():
            return "condition"
        case Join() | Filtered():
            return "text"
        case Choose(yes=yes, no=no):
            kinds = {type_of(yes, names), type_of(no, names)}
            return kinds.pop() if len(kinds) == 1 else "unknown"


_A = {"text": "text", "number": "a number", "list": "a list", "passage": "a passage", "condition": "true or false"}


def _check(expression: Expression, names: Names) -> Iterator[Problem]:
    """Problems inside an expression, whatever it is used for."""
    match expression:
        case Name():
            yield from _check_name(expression, names)
        case Not(operand=operand):
            yield from check_condition(operand, names)
        case Both(left=left, right=right):
            yield from check_condition(left, names)
            yield from check_condition(right, names)
        case Compare():
            yield from _check_compare(expression, names)
        case Join(parts=parts):
            for part in parts:
                yield from _check_text(part, names)
        case Choose(test=test, yes=yes, no=no):
            yield from check_condition(test, names)
            yield from _check(yes, names)
            yield from _check(no, names)
            if {type_of(yes, names), type_of(no, names)} == {"condition", "text"}:
                yield Problem(expression.place, "one side is text, the other true or false", "make both text")
        case Filtered(operand=operand, argument=argument):
            yield from _check_text(operand, names)
            if argument is not None:
                yield from _check_text(argument, names)
        case Literal():
            return


def _check_text(expression: Expression, names: Names) -> Iterator[Problem]:
    yield from _check(expression, names)
    kind = type_of(expression, names)
    if kind not in ("unknown", "text", "number"):
        yield Problem(expression.place, f"text is needed here; this is {_A[kind]}")


def _check_name(name: Name, names: Names) -> Iterator[Problem]:
    if name.path not in names.types:
        fields = sorted(known for known in names.types if known.startswith(name.path + "."))
        if fields:
            yield Problem(name.place, f"'{name.path}' is not a text by itself", "one of " + ", ".join(fields[:8]))
        else:
            yield Problem(name.place, f"the name '{name.path}' is not known here", nearest(name.path, names.types))
    elif names.types[name.path] == "passage":
        yield Problem(name.place, f"'{name.path}' can only be placed by itself", f"write {{{{ {name.path} }}}}")


def _check_compare(expression: Compare, names: Names) -> Iterator[Problem]:
    left, right = expression.left, expression.right
    yield from _check(left, names)
    yield from _check(right, names)
    for side, other in ((left, right), (right, left)):
        levels = names.levels_of(side)
        for value in _literals(other) if levels else ():
            if value not in levels and isinstance(side, Name):
                yield Problem(side.place, f"'{side.path}' has no level '{value}'", nearest(str(value), levels))
    kinds = (type_of(left, names), type_of(right, names))
    if "unknown" in kinds:
        return
    if expression.operator in ("in", "not in"):
        if kinds[1] not in ("list", "text"):
            yield Problem(expression.place, "'in' needs a list or a text on its right")
    elif kinds[0] != kinds[1]:
        switch = left if kinds[0] == "condition" else right
        told = (
            f"'{switch.path}' is a switch, true or false"
            if isinstance(switch, Name)
            else "the two sides differ in kind"
        )
        hint = f"write '{switch.path}' or 'not {switch.path}'" if isinstance(switch, Name) else "compare like with like"
        if "condition" not in kinds:
            told, hint = f"{_A[kinds[0]]} is compared with {_A[kinds[1]]}", "compare like with like"
        yield Problem(expression.place, told, hint)
    elif expression.operator in ("<", "<=", ">", ">=") and kinds[0] in ("condition", "list"):
        yield Problem(expression.place, f"'{expression.operator}' does not order {_A[kinds[0]]}")


def _literals(expression: Expression) -> tuple[object, ...]:
    if not isinstance(expression, Literal):
        return ()
    return expression.value if isinstance(expression.value, tuple) else (expression.value,)
