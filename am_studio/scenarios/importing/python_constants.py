"""The texts that a Python module assigns to names, read from its syntax tree. Nothing of the module is ever run.

Understood are strings, `+` between them, tuples, lists, dictionaries of these, names assigned before, and a comprehension
over a written-out list. Everything else is passed over: a name that holds it is not among the answers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from am_studio.foundation.errors import StudioError

MAX_LENGTH = 200_000
"""Characters that a text put together may have."""


class _NotAConstant(Exception):
    """An expression that is not understood."""


def parse_module(source: str, file: str) -> ast.Module:
    """The syntax tree of a module; StudioError with the place when it is no Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"{file}:{line}" if line else file
        raise StudioError(f"{where} is not Python", getattr(error, "msg", "") or str(error)) from error


def constants_of(module: ast.Module) -> dict[str, Any]:
    """Every text, or list, tuple or dictionary of texts, that the module assigns at its top level, by name."""
    known: dict[str, Any] = {}
    for statement in module.body:
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets: list[ast.expr] = [statement.target]
            value = statement.value
        elif isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        else:
            continue
        try:
            made = _value(value, known)
            for target in targets:
                _bind(target, made, known)
        except _NotAConstant:
            continue
    return known


def texts_by_level(module: ast.Module, tested: str) -> dict[str, str]:
    """The text assigned in each `if tested == "level":` of a module, by level."""
    found: dict[str, str] = {}
    for node in ast.walk(module):
        level = _compared_level(node, tested)
        if level is None or not isinstance(node, ast.If):
            continue
        for statement in node.body:
            if isinstance(statement, ast.Assign):
                try:
                    text = _value(statement.value, {})
                except _NotAConstant:
                    continue
                if isinstance(text, str):
                    found[level] = text
    return found


def _compared_level(node: ast.AST, tested: str) -> str | None:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return None
    test = node.test
    named = isinstance(test.left, ast.Name) and test.left.id == tested
    if not named or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return None
    against = test.comparators[0]
    return against.value if isinstance(against, ast.Constant) and isinstance(against.value, str) else None


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined(_value(left, known), _value(right, known))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return tuple(_value(item, known) for item in items)
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {_key(key, known): _value(value, known) for key, value in pairs}
        case ast.ListComp(elt=element, generators=[generator]) if not generator.ifs:
            return tuple(_value(element, names) for names in _rounds(generator, known))
        case _:
            raise _NotAConstant


def _rounds(generator: ast.comprehension, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    items = _value(generator.iter, known)
    if not isinstance(items, tuple):
        raise _NotAConstant
    for item in items:
        names = dict(known)
        _bind(generator.target, item, names)
        yield names


def _key(node: ast.expr | None, known: Mapping[str, Any]) -> str:
    key = _value(node, known) if node is not None else None
    if not isinstance(key, str):
        raise _NotAConstant
    return key


def _joined(left: Any, right: Any) -> str:
    if not isinstance(left, str) or not isinstance(right, str) or len(left) + len(right) > MAX_LENGTH:
        raise _NotAConstant
    return left + right


def _bind(target: ast.expr, value: Any, names: dict[str, Any]) -> None:
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif isinstance(target, ast.Tuple) and isinstance(value, tuple) and len(target.elts) == len(value):
        for part, inner in zip(target.elts, value, strict=True):
            _bind(part, inner, names)
    else:
        raise _NotAConstant
