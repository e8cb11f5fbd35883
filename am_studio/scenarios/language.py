"""The template language: Jinja's syntax cut down to what a letter needs.

Jinja lexes and parses; nothing is ever compiled or run by it. The syntax tree is walked against an allowlist and turned
into the small frozen nodes below, which `evaluation.py` interprets. Everything else is refused here, with its place: calls,
loops, sets, macros, includes, arithmetic, indexing, private names, and sources that are too large or too deep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes

from am_studio.foundation.errors import FileProblems, Place, Problem

MAX_SOURCE = 256_000
MAX_NODES = 5_000
MAX_DEPTH = 20
MAX_JOINED = 16
MAX_NUMBER = 10**15
FILTERS = ("upper", "lower", "title", "capitalize", "trim", "default")
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in"}

Scalar = str | bool | int | float


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A value written in the template; lists hold scalars only."""

    value: Scalar | tuple[Scalar, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A name with its attributes, such as `deadline` or `cast.cto.name`."""

    path: str
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    """True when the operand is false."""

    operand: Expression
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Both:
    """`and` or `or` of two operands."""

    operator: str
    left: Expression
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Compare:
    """One comparison; a chain `a < b < c` is read as its parts joined by `and`."""

    operator: str
    left: Expression
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """Texts put together with `~`."""

    parts: tuple[Expression, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Choose:
    """`yes if test else no`."""

    test: Expression
    yes: Expression
    no: Expression
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """A text passed through one of the allowed filters."""

    filter: str
    operand: Expression
    argument: Expression | None
    place: Place


Expression = Literal | Name | Not | Both | Compare | Join | Choose | Filtered


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Characters that stand in the source as they are."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Emit:
    """`{{ expression }}`."""

    expression: Expression
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """`{% if %} ... {% elif %} ... {% else %}`: tests with their bodies, in order, and what comes when none holds."""

    branches: tuple[tuple[Expression, tuple[Part, ...]], ...]
    otherwise: tuple[Part, ...]
    place: Place


Part = Text | Emit | Branches


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A text of a scenario, ready to be interpreted."""

    parts: tuple[Part, ...]
    source: str
    file: str
    passages: tuple[tuple[str, int, int], ...] = ()
    """Named passages: name, start and end offset in the source."""
    line: int = 1
    """The line of the file in which the source begins."""


_ENVIRONMENT = jinja2.Environment(  # noqa: S701  (never renders: only its lexer and parser are used)
    trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined
)
_ENVIRONMENT.globals.clear()


@lru_cache(maxsize=2048)
def parse_template(source: str, file: str, place: Place | None = None) -> Template:
    """The template of a source text; FileProblems when it uses what the language does not have.

    `place` is where the text begins in `file` when it is only a part of it (a value in a YAML file, an email's body).
    """
    return _Walker(source, place or Place(file, 1, 1)).template()


@lru_cache(maxsize=4096)
def parse_expression(source: str, place: Place) -> Expression:
    """The expression of a `when`, `needs`, constraint or tool condition; FileProblems when it is none."""
    if "%}" in source or "}}" in source or "{{" in source:
        raise FileProblems([Problem(place, "an expression is written without braces", f"not: {source.strip()[:60]}")])
    template = _Walker("{{ " + source + " }}", Place(place.file, place.line, max(place.column - 3, 1))).template()
    if len(template.parts) != 1 or not isinstance(template.parts[0], Emit):
        raise FileProblems([Problem(place, f"'{source.strip()[:60]}' is not an expression")])
    return template.parts[0].expression


class _Walker:
    """Parses one source and walks the tree against the allowlist."""

    def __init__(self, source: str, origin: Place) -> None:
        self._source = source
        self._origin = origin
        self._count = 0
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", source))]
        self._names: dict[tuple[int, str], list[int]] = {}
        self._data: Iterator[int] = iter(())
        self._passages: list[tuple[str, int, int]] = []

    def template(self) -> Template:
        if len(self._source) > MAX_SOURCE:
            raise self._error(0, f"a text of more than {MAX_SOURCE:,} characters", "split it")
        if self._source.count("{{") + self._source.count("{%") > MAX_NODES:
            raise self._error(0, f"more than {MAX_NODES:,} tags", "split it")
        try:
            self._scan_tokens()
            tree = _ENVIRONMENT.parse(self._source)
        except jinja2.TemplateSyntaxError as error:
            raise self._error_at_line(error.lineno, f"not a template: {error.message}") from error
        except RecursionError as error:
            raise self._error(0, "expressions nested too deeply", "simplify them") from error
        except ValueError as error:
            raise self._error(0, f"not a template: {error}") from error
        parts = self._parts(tree.body, 1)
        return Template(tuple(parts), self._source, self._origin.file, tuple(self._passages), self._origin.line)

    # Where things stand: Jinja's tree knows lines only, its tokens can be aligned with the source. -----------------

    def _scan_tokens(self) -> None:
        position = 0
        data: list[int] = []
        opened: list[tuple[str, int]] = []
        comment = ""
        for tokens, (line, kind, value) in enumerate(_ENVIRONMENT.lexer.tokeniter(self._source, None)):
            if tokens > MAX_NODES * 8:
                raise self._error(position, "too many tags and names", "split the text")
            position = self._source.index(value, position)
            if kind == "name":
                self._names.setdefault((line, value), []).append(position)
            elif kind == "data":
                data.append(position)
            elif kind == "comment":
                comment = value.strip()
            elif kind == "comment_end":
                self._note_passage(comment, position + len(value), opened)
            position += len(value)
        if opened:
            raise self._error(opened[-1][1], f"the passage '{opened[-1][0]}' is not ended", "add {# end #}")
        self._data = iter(data)

    def _note_passage(self, comment: str, position: int, opened: list[tuple[str, int]]) -> None:
        words = comment.split()
        if len(words) == 2 and words[0] == "passage":
            opened.append((words[1], position))
        elif words == ["end"]:
            if not opened:
                raise self._error(position, "{# end #} without a passage before it")
            name, start = opened.pop()
            self._passages.append((name, start, self._source.rfind("{#", 0, position)))

    def _place(self, offset: int) -> Place:
        line = self._source.count("\n", 0, offset)
        column = offset - self._line_starts[line] + 1
        shift = self._origin.column - 1 if line == 0 else 0
        return Place(self._origin.file, self._origin.line + line, column + shift)

    def _error(self, offset: int, message: str, hint: str = "") -> FileProblems:
        return FileProblems([Problem(self._place(offset), message, hint)])

    def _error_at_line(self, line: int | None, message: str, hint: str = "") -> FileProblems:
        start = self._line_starts[min(line or 1, len(self._line_starts)) - 1]
        tag = re.compile(r"[^\n]*?(\{[{%#])").match(self._source, start)
        return self._error(tag.start(1) if tag else start, message, hint)

    # The allowlist. ------------------------------------------------------------------------------------------------

    def _parts(self, body: list[nodes.Node], depth: int) -> list[Part]:
        parts: list[Part] = []
        for node in body:
            self._visit(node, depth)
            if isinstance(node, nodes.Output):
                for inner in node.nodes:
                    if isinstance(inner, nodes.TemplateData):
                        parts.append(Text(inner.data, self._place(next(self._data))))
                    else:
                        expression = self._expression(inner, depth + 1)
                        parts.append(Emit(expression, expression.place))
            elif isinstance(node, nodes.If):
                parts.append(self._branches(node, depth))
            else:
                raise self._refused(node)
        return parts

    def _branches(self, node: nodes.If, depth: int) -> Branches:
        branches = []
        for branch in (node, *node.elif_):
            test = self._expression(branch.test, depth + 1)
            branches.append((test, tuple(self._parts(branch.body, depth + 1))))
        otherwise = tuple(self._parts(node.else_, depth + 1))
        return Branches(tuple(branches), otherwise, branches[0][0].place)

    def _visit(self, node: nodes.Node, depth: int) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise self._error_at_line(node.lineno, f"more than {MAX_NODES:,} parts", "split the text")
        if depth > MAX_DEPTH:
            raise self._error_at_line(node.lineno, f"nested deeper than {MAX_DEPTH}", "simplify it")

    def _expression(self, node: nodes.Node, depth: int) -> Expression:
        self._visit(node, depth)
        build = _BUILDERS.get(type(node))
        if build is None:
            raise self._refused(node)
        return build(self, node, depth + 1)

    def _refused(self, node: nodes.Node) -> FileProblems:
        """What the language does not have, placed at the first name in it where there is one."""
        name = node.find(nodes.Name)
        found = self._names.get((name.lineno, name.name)) if name is not None else None
        what = f"{_WORDS.get(type(node), type(node).__name__)} is not allowed"
        return self._error(found[0], what, _HINT) if found else self._error_at_line(node.lineno, what, _HINT)

    def _literal(self, node: Any, depth: int) -> Expression:
        if node.value is None:
            raise self._error_at_line(node.lineno, "none is not a value here", 'a level is text: "none"')
        if not isinstance(node.value, str) and abs(node.value) > MAX_NUMBER:
            raise self._error_at_line(node.lineno, f"a number beyond {MAX_NUMBER:,}", "write it as text")
        return Literal(node.value, self._line_place(node))

    def _line_place(self, node: nodes.Node) -> Place:
        start = self._line_starts[min(node.lineno, len(self._line_starts)) - 1]
        tag = re.compile(r"[^\n]*?\{[{%][-+]?\s*").match(self._source, start)
        return self._place(tag.end() if tag else start)

    def _list(self, node: Any, depth: int) -> Expression:
        values = []
        for item in node.items:
            literal = self._expression(item, depth)
            if not isinstance(literal, Literal) or isinstance(literal.value, tuple):
                raise self._error_at_line(node.lineno, "a list holds plain values only", 'such as ["a", "b"]')
            values.append(literal.value)
        return Literal(tuple(values), self._line_place(node))

    def _name(self, node: Any, depth: int) -> Expression:
        path = [node.name]
        found = self._names.get((node.lineno, node.name), [])
        place = self._place(found.pop(0)) if found else self._line_place(node)
        if node.name.startswith("_"):
            raise FileProblems([Problem(place, f"'{node.name}': a name may not begin with '_'")])
        return Name(".".join(path), place)

    def _attribute(self, node: Any, depth: int) -> Expression:
        owner = self._expression(node.node, depth)
        if not isinstance(owner, Name):
            raise self._error_at_line(node.lineno, f"'.{node.attr}' after something that is not a name", _HINT)
        if node.attr.startswith("_"):
            raise FileProblems([Problem(owner.place, f"'.{node.attr}': a name may not begin with '_'")])
        return Name(f"{owner.path}.{node.attr}", owner.place)

    def _not(self, node: Any, depth: int) -> Expression:
        operand = self._expression(node.node, depth)
        return Not(operand, operand.place)

    def _both(self, node: Any, depth: int) -> Expression:
        left = self._expression(node.left, depth)
        right = self._expression(node.right, depth)
        return Both("and" if isinstance(node, nodes.And) else "or", left, right, left.place)

    def _compare(self, node: Any, depth: int) -> Expression:
        if len(node.ops) > MAX_JOINED:
            raise self._error_at_line(node.lineno, f"more than {MAX_JOINED} comparisons in a row", "simplify it")
        left = self._expression(node.expr, depth)
        whole: Expression | None = None
        for operand in node.ops:
            right = self._expression(operand.expr, depth)
            one = Compare(COMPARISONS[operand.op], left, right, left.place)
            whole = one if whole is None else Both("and", whole, one, left.place)
            left = right
        if whole is None:
            raise self._error_at_line(node.lineno, "a comparison without a second side")
        return whole

    def _join(self, node: Any, depth: int) -> Expression:
        if len(node.nodes) > MAX_JOINED:
            raise self._error_at_line(node.lineno, f"more than {MAX_JOINED} texts joined with '~'", "write it as text")
        parts = tuple(self._expression(part, depth) for part in node.nodes)
        return Join(parts, parts[0].place)

    def _choose(self, node: Any, depth: int) -> Expression:
        yes = self._expression(node.expr1, depth)
        test = self._expression(node.test, depth)
        if node.expr2 is None:
            no: Expression = Literal("", yes.place)
        else:
            no = self._expression(node.expr2, depth)
        return Choose(test, yes, no, yes.place)

    def _filter(self, node: Any, depth: int) -> Expression:
        if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise self._error_at_line(node.lineno, f"the filter '{node.name}' in this form is not allowed", _HINT)
        if node.name not in FILTERS:
            raise self._error_at_line(
                node.lineno, f"the filter '{node.name}' is not allowed", "known: " + ", ".join(FILTERS)
            )
        wanted = 1 if node.name == "default" else 0
        if len(node.args) != wanted:
            raise self._error_at_line(node.lineno, f"the filter '{node.name}' takes {wanted or 'no'} argument(s)")
        operand = self._expression(node.node, depth)
        argument = self._expression(node.args[0], depth) if node.args else None
        return Filtered(node.name, operand, argument, operand.place)


_HINT = "a text may use names, if/elif/else, and/or/not, comparisons, '~' and the filters " + ", ".join(FILTERS)

_BUILDERS: dict[type[nodes.Node], Callable[[Any, Any, int], Expression]] = {
    nodes.Const: _Walker._literal,
    nodes.List: _Walker._list,
    nodes.Tuple: _Walker._list,
    nodes.Name: _Walker._name,
    nodes.Getattr: _Walker._attribute,
    nodes.Not: _Walker._not,
    nodes.And: _Walker._both,
    nodes.Or: _Walker._both,
    nodes.Compare: _Walker._compare,
    nodes.Concat: _Walker._join,
    nodes.CondExpr: _Walker._choose,
    nodes.Filter: _Walker._filter,
}

_WORDS: dict[type[nodes.Node], str] = {
    nodes.Call: "a call",
    nodes.For: "a loop",
    nodes.Assign: "'set'",
    nodes.AssignBlock: "'set'",
    nodes.Macro: "a macro",
    nodes.CallBlock: "a call block",
    nodes.Include: "'include'",
    nodes.Import: "'import'",
    nodes.FromImport: "'import'",
    nodes.Extends: "'extends'",
    nodes.Block: "a block",
    nodes.With: "'with'",
    nodes.FilterBlock: "a filter block",
    nodes.Scope: "'autoescape'",
    nodes.ScopedEvalContextModifier: "'autoescape'",
    nodes.Getitem: "indexing with [ ]",
    nodes.Test: "a test with 'is'",
    nodes.Dict: "a dictionary",
    nodes.Add: "arithmetic ('+')",
    nodes.Sub: "arithmetic ('-')",
    nodes.Mul: "arithmetic ('*')",
    nodes.Div: "arithmetic ('/')",
    nodes.FloorDiv: "arithmetic ('//')",
    nodes.Mod: "arithmetic ('%')",
    nodes.Pow: "arithmetic ('**')",
    nodes.Neg: "arithmetic ('-')",
    nodes.Pos: "arithmetic ('+')",
}
