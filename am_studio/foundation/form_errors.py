"""What a form found wrong, told in words and with the place in the file."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from am_studio.foundation.errors import Problem, nearest

if TYPE_CHECKING:
    from am_studio.foundation.yamlfile import Node

_PLAIN = {
    "dict_type": "should be a mapping (name: value)",
    "model_type": "should be a mapping (name: value)",
    "model_attributes_type": "should be a mapping (name: value)",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "string_type": "should be text",
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "float_parsing": "should be a number",
    "bool_parsing": "should be on or off",
}


def problems_of(form: type[BaseModel], error: ValidationError, node: Node) -> list[Problem]:
    """One problem for each field that did not fit, where it stands; the branches of a union complain once."""
    found: dict[tuple[int | str, ...], Problem] = {}
    for detail in error.errors(include_url=False):
        real = _real(node, detail["loc"])
        key = (*real, "missing", detail["loc"][-1]) if detail["type"] == "missing" else tuple(real)
        found.setdefault(key, _problem(form, detail, node))
    return list(found.values())


def mended(error: ValidationError, plain: Any) -> Any:
    """A copy of the plain data without unknown fields and with empty text for missing ones, to look for more problems."""
    copy = deepcopy(plain)
    for detail in error.errors(include_url=False):
        if not detail["loc"]:
            continue  # the file as a whole is something else
        *path, name = detail["loc"]
        owner = copy
        for step in path:
            with contextlib.suppress(KeyError, IndexError, TypeError):
                owner = owner[step]
        if isinstance(owner, dict) and detail["type"] == "extra_forbidden":
            owner.pop(name, None)
        elif isinstance(owner, dict) and detail["type"] == "missing":
            owner[name] = ""
    return copy


def _problem(form: type[BaseModel], detail: ErrorDetails, node: Node) -> Problem:
    path = detail["loc"]
    name = str(path[-1]) if path else ""
    if detail["type"] == "extra_forbidden":
        known = _fields_at(form, path[:-1])
        return Problem(node.key_place(*_real(node, path)), f"unknown field '{name}'", nearest(name, known))
    if detail["type"] == "missing":
        return Problem(node.at(*path[:-1]).place, f"the field '{name}' is missing")
    real = _real(node, path)
    where = f"'{'.'.join(map(str, real))}' " if real else ""
    told = _PLAIN.get(detail["type"], "")
    if not told:
        message = str(detail["msg"])
        told = message.removeprefix("Value error, ").removeprefix("Input ")
    hint = str(detail.get("ctx", {}).get("hint", ""))
    return Problem(node.at(*path).place, f"{where}{told}", hint)


def _real(node: Node, path: tuple[int | str, ...]) -> list[int | str]:
    """The path without the steps that pydantic adds for the branches of a union."""
    kept: list[int | str] = []
    for step in path:
        value = node.at(*kept).value
        if (isinstance(value, Mapping) and str(step) in value) or (isinstance(value, tuple) and isinstance(step, int)):
            kept.append(step)
    return kept


def _fields_at(form: type[BaseModel], path: tuple[int | str, ...]) -> set[str]:
    """Names of the fields that may stand at this path."""
    models: list[Any] = [form]
    for step in path:
        following: list[Any] = []
        for model in models:
            if isinstance(model, type) and issubclass(model, BaseModel):
                field = model.model_fields.get(str(step)) or next(
                    (f for f in model.model_fields.values() if f.alias == step), None
                )
                following += _models_in(field.annotation) if field else []
            else:
                following.append(model)
        models = following or [model for model in models if getattr(model, "__name__", "") == step] or models
    names: set[str] = set()
    for model in models:
        if isinstance(model, type) and issubclass(model, BaseModel):
            names |= {field.alias or name for name, field in model.model_fields.items()}
    return names


def _models_in(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, dict, list, tuple, Mapping) or get_args(annotation):
        return [model for argument in get_args(annotation) for model in _models_in(argument)]
    return []
