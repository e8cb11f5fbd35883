"""How large texts can become, worked out before anything is rendered.

A variable may use variables, so a kilobyte of scenario could ask for gigabytes. Here each text is weighed from the bottom up:
its characters, one more for every part (empty texts take time too), and whatever the names in it weigh, over the heaviest
branches. What is too heavy is a problem of `check`, so that no such scenario is ever handed out. Renders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from am_studio.foundation.errors import Place, Problem
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
    Template,
    Text,
)
from am_studio.scenarios.model import Email, Parts, Table

MAX_VARIABLE = 256_000
"""Characters and parts that a variable may come to."""
MAX_MESSAGE = 4_000_000
"""Characters and parts that a message may come to with every email in it; what one variant sends has a cap of its own."""
MAX_CHAIN = 20
"""Variables of variables; rendering follows them one inside the other."""
MAX_COUNTS = {
    "details": 200, "variables": 300, "nuisance": 100, "constraints": 200, "outcomes": 200, "tools": 50, "cast": 500,
}  # fmt: skip
"""How many a scenario may have of each."""
_SPECIAL = 20_000
"""What a name that is no variable weighs at most, such as the syntax of the tools."""


def growth_problems(parts: Parts) -> list[Problem]:
    """The variables and messages that could become larger than anything a subject is sent."""
    scales = _Scales(parts)
    problems = []
    for name, variable in parts.variables.items():
        weight, chain = scales.variable(name), scales.chains[name]
        if weight > MAX_VARIABLE or chain > MAX_CHAIN:
            place = variable.place if isinstance(variable, Table) else Place(variable.file, variable.line)
            told = f"can become longer than {MAX_VARIABLE:,} characters" if chain <= MAX_CHAIN else _DEEP
            problems.append(Problem(place, f"'{name}' {told}", "it uses others that use others; write less"))
    if problems:
        return problems
    for main in (parts.system, parts.task):
        if scales.template(main) > MAX_MESSAGE:
            problems.append(
                Problem(Place(main.file), f"this can become longer than {MAX_MESSAGE:,} characters", "shorten it")
            )
    if not problems and scales.inbox > MAX_MESSAGE:
        problems.append(
            Problem(Place("emails"), f"the mail can become longer than {MAX_MESSAGE:,} characters", "shorten it")
        )
    return problems


_DEEP = f"is made of more than {MAX_CHAIN} variables inside each other"


def counted_problems(parts: Parts, outcomes: int) -> list[Problem]:
    """The things of which a scenario has more than can be checked in reasonable time; nothing else is looked at then."""
    counts = {
        "details": len(parts.details), "variables": len(parts.variables), "nuisance": len(parts.nuisance),
        "constraints": len(parts.constraints), "outcomes": outcomes, "tools": len(parts.tools), "cast": len(parts.cast.people),
    }  # fmt: skip
    place = Place("scenario.yaml")
    return [
        Problem(place, f"{count:,} {name}, more than {MAX_COUNTS[name]}", "split the scenario")
        for name, count in counts.items()
        if count > MAX_COUNTS[name]
    ]


class _Scales:
    """Weighs texts, each variable once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: dict[str, int] = {}
        self.chains: dict[str, int] = {}
        """How many variables stand inside each other in this one, itself included."""
        self._inside = 0
        self._above = 0
        self.inbox = sum(self.template(template) for email in parts.emails for template in _templates(email))

    def template(self, template: Template | None) -> int:
        return 0 if template is None else self._body(template.parts)

    def variable(self, name: str) -> int:
        """The weight of a variable; of one that uses itself, which is told elsewhere, the weight of one round."""
        if name not in self._known:
            self._known[name], self.chains[name] = 0, 1
            outer, self._inside, self._above = (self._inside, self._above), 0, self._above + 1
            variable = self._parts.variables[name]
            texts = (*variable.entries.values(), variable.default) if isinstance(variable, Table) else (variable,)
            # What is nested without end is not followed: it is refused for its depth.
            self._known[name] = max(map(self.template, texts)) if self._above <= 2 * MAX_CHAIN else 0
            self.chains[name] = self._inside + 1 if self._above <= 2 * MAX_CHAIN else MAX_CHAIN + 1
            self._inside, self._above = outer
        self._inside = max(self._inside, self.chains[name])
        return self._known[name]

    def _body(self, parts: Iterable[Part]) -> int:
        return sum(map(self._part, parts))

    def _part(self, part: Part) -> int:
        match part:
            case Text(text):
                return 1 + len(text)
            case Emit(expression):
                return 1 + self._expression(expression)
            case Branches(branches, otherwise):
                tests = sum(self._expression(test) for test, _ in branches)
                return 1 + tests + max(*(self._body(body) for _, body in branches), self._body(otherwise))

    def _expression(self, expression: Expression) -> int:
        match expression:
            case Literal(value):
                return 1 + len(str(value))
            case Name(path):
                return self._name(path)
            case Not(operand):
                return 1 + self._expression(operand)
            case Both(_, left, right) | Compare(_, left, right):
                return 1 + self._expression(left) + self._expression(right)
            case Join(joined):
                return 1 + sum(map(self._expression, joined))
            case Choose(test, yes, no):
                return 1 + self._expression(test) + max(self._expression(yes), self._expression(no))
            case Filtered(_, operand, argument):
                # Upper case can be longer: 'ß' becomes 'SS', and one letter at most three.
                return 1 + 3 * self._expression(operand) + (self._expression(argument) if argument is not None else 0)

    def _name(self, path: str) -> int:
        if path in self._parts.variables:
            return 1 + self.variable(path)
        if path in self._parts.constants:
            return 1 + len(str(self._parts.constants[path]))
        return 1 + (self.inbox if path == "inbox" else _SPECIAL if path == "tool_syntax" else 100)


def _templates(email: Email) -> Iterator[Template]:
    yield email.body
    for header in email.headers.values():
        yield from (value for value in header.values if isinstance(value, Template))
