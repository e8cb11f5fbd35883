"""Fields of a form, made from what a pydantic model says of itself: nothing here knows any design, judge or study.

A field whose type is no scalar and no choice is edited as YAML on one line, so a setting that is added tomorrow can be
set today. No Textual here.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.yamlfile import parse_yaml
from am_studio.records import OFF, ON
from am_studio.runs.study_assessment import FieldPath
from am_studio.scenarios.yaml_style import in_flow

FieldKind = Literal["text", "yaml", "entries", "items", "choice", "several", "scenario", "models"]
"""`entries`: a mapping without its braces; `items`: a list without its brackets; both as YAML on one line."""
_TRUE, _FALSE = {"true", "on", "yes", "1"}, {"false", "off", "no", "0"}


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be chosen."""

    value: str
    label: str
    note: str = ""
    """What is said of it beside its label, such as `harmful`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the form."""

    path: FieldPath
    label: str
    kind: FieldKind = "text"
    value: str = ""
    """As written; for a choice the value of the option that is chosen."""
    values: tuple[str, ...] = ()
    """What is ticked, of `several`."""
    options: tuple[Option, ...] = ()
    help: str = ""
    empty: str = ""
    """What an empty field stands for."""
    note: str = ""
    """What is said of the present value."""
    optional: bool = True
    """Whether an empty field is left out of the file."""
    keeps: tuple[str, ...] = ()
    """Of a mapping that is edited as YAML: entries that have a field of their own."""
    completions: tuple[str, ...] = ()
    """What typing may be completed to."""
    problems: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[object, ...]:
        """What a widget is made for; a field of the same shape can be shown by the same widget."""
        return self.path, self.kind, self.label


def form_fields(
    form: type[BaseModel], path: FieldPath, values: Mapping[str, Any], *, optional: bool = False
) -> tuple[Field, ...]:
    """A field for each field of this form, with what a study says at this path.

    `optional`: the whole mapping may be left out, so that no field of it is ever required.
    """
    given = at(values, path)
    inner = given if isinstance(given, Mapping) else {}
    return tuple(
        _field(name, field, (*path, name), inner.get(name), optional) for name, field in form.model_fields.items()
    )


def at(values: Any, path: FieldPath) -> Any:
    """What stands at this path; None where there is nothing."""
    for step in path:
        if isinstance(values, Mapping):
            values = values.get(str(step))
        elif isinstance(values, Sequence) and not isinstance(values, str) and isinstance(step, int):
            values = values[step] if step < len(values) else None
        else:
            return None
    return values


def shown(value: Any) -> str:
    """A value as it stands in a field: text as it is, everything else as YAML on one line."""
    if value is None:
        return ""
    return value if isinstance(value, str) else in_flow(value)


def read_yaml_field(text: str, *, mapping: bool = False) -> Any:
    """The value that was typed as YAML; `mapping`: entries without the braces around them.

    StudioError when it is no YAML.
    """
    try:
        return parse_yaml(f"{{{text}}}" if mapping else text, "the field").plain()
    except FileProblems as error:
        raise StudioError("not YAML yet", error.problems[0].message if error.problems else "") from error


def spoken(name: str) -> str:
    """`max_tokens` as people say it."""
    return name.replace("_", " ")


def _field(name: str, field: FieldInfo, path: FieldPath, value: Any, optional: bool) -> Field:
    annotation, may_be_none = _without_none(field.annotation)
    default = None if field.default is PydanticUndefined else field.default
    made = Field(
        path,
        spoken(name),
        value=shown(value),
        help=field.description or "",
        empty="" if default is None else shown(_plain(default)),
        optional=optional or may_be_none or not field.is_required(),
    )
    if get_origin(annotation) is Literal:
        options = tuple(Option(str(each), str(each)) for each in get_args(annotation))
        return replace(made, kind="choice", options=options, value=made.value or made.empty)
    if annotation is bool:
        word = (made.value or made.empty).lower()
        chosen = ON if word in _TRUE else OFF if word in _FALSE else made.value
        return replace(made, kind="choice", options=(Option(ON, ON), Option(OFF, OFF)), value=chosen)
    if annotation in (str, int, float) and not isinstance(value, Mapping | list):
        return made
    return replace(made, kind="yaml")


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        kept = [each for each in get_args(annotation) if each is not type(None)]
        if len(kept) == 1:
            return kept[0], True
    return annotation, False


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain(inner) for name, inner in value.model_dump(exclude_none=True).items()}
    if isinstance(value, bool):
        return "on" if value else "off"
    return list(value) if isinstance(value, tuple) else value if isinstance(value, dict | list) else str(value)
