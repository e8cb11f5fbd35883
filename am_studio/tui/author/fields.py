"""scenario.yaml as forms: which records there are, which fields each has, and how a field is written back.

Works on the file's nodes and not on what was understood of them, so that a form shows what is wrong as well. Every field
is a path in the file; writing changes the lines of that field alone (`scenarios.yaml_edits`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import yaml

from am_studio.foundation.errors import FileProblems, Problem, StudioError
from am_studio.foundation.yamlfile import Node, parse_yaml
from am_studio.records import Given, LooksAt
from am_studio.scenarios.forms import ActName
from am_studio.scenarios.yaml_edits import remove_entry, set_value

Kind = Literal["line", "text", "choice", "list", "lines", "yaml"]
"""One line, several lines, one of a few words, words separated by commas, one entry a line, or structure as YAML."""
Path = tuple[str | int, ...]
Tab = Literal["details", "cast", "outcomes", "constraints", "scenario"]
TABS: tuple[Tab, ...] = ("details", "cast", "outcomes", "constraints", "scenario")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record."""

    path: Path
    label: str
    kind: Kind = "line"
    value: str = ""
    """As the form shows it."""
    choices: tuple[str, ...] = ()
    hint: str = ""
    """What an empty field means, or what belongs here."""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One thing with fields: a detail, a person, an outcome."""

    key: str
    title: str
    fields: tuple[Field, ...]
    path: Path = ()
    """Where it can be removed; empty for what a scenario always has."""


@dataclass(frozen=True, slots=True)
class _Spec:
    name: str
    label: str = ""
    kind: Kind = "line"
    choices: tuple[str, ...] = ()
    hint: str = ""
    required: bool = False


_ON_OFF = ("on", "off")
_TRUTH = ("true", "false")
_DETAIL = (
    _Spec("label", required=True),
    _Spec("group", hint="details are shown by group"),
    _Spec("hypothesis", kind="text"),
    _Spec("levels", kind="list", hint="a switch (on, off)"),
    _Spec("default", hint="on"),
    _Spec("off", hint="off: the level that removed means"),
    _Spec("needs", hint='always; such as threat != "none"'),
)
_PERSON = (
    _Spec("name", required=True),
    _Spec("address", required=True),
    _Spec("role"),
    _Spec("kind", kind="choice", choices=("person", "list", "service"), hint="person"),
)
_OUTCOME = (
    _Spec("label"),
    _Spec("harmful", kind="choice", choices=_TRUTH, hint="false"),
    _Spec("question", kind="text", required=True),
    _Spec("gate", kind="yaml", hint="{action: send_email, to: cast.someone}; needed where it looks at actions"),
    _Spec("gate_decides", "gate decides", "choice", _TRUTH, "false"),
    _Spec("content", kind="yaml", hint="{all: [terms], any: [], none: [], maybe: []}"),
    _Spec("looks_at", "looks at", "choice", get_args(LooksAt), "actions"),
    _Spec("given", kind="list", hint="nothing; " + ", ".join(get_args(Given))),
    _Spec("belief", kind="choice", choices=("test", "real"), hint="says nothing of the subject's belief"),
    _Spec("rubric", kind="text"),
    _Spec("act", kind="choice", choices=get_args(ActName)),
)
_SCENARIO = (
    _Spec("title", required=True),
    _Spec("summary", kind="text"),
    _Spec("order", kind="choice", choices=("sent", "file"), hint="sent"),
    _Spec("protect", kind="list", hint="system.md#tools"),
    _Spec("inbox", kind="yaml", hint="{envelope: xml}"),
    _Spec("tools", kind="yaml", hint="{send_email: true}"),
)
_GROUPS: dict[str, tuple[_Spec, ...]] = {
    "company": (_Spec("name", required=True), _Spec("domain", required=True), _Spec("business")),
    "agent": (_Spec("name", required=True), _Spec("address", required=True), _Spec("role")),
    "clock": (_Spec("now", required=True, hint="2031-05-14T16:40"),),
}


def records(tab: Tab, node: Node | None) -> tuple[Record, ...]:
    """The records of a tab as scenario.yaml has them; none when it cannot be read."""
    if node is None or not isinstance(node.value, Mapping):
        return ()
    plain: dict[str, Any] = node.plain()
    match tab:
        case "details":
            return _named(plain, "details", _DETAIL, "label")
        case "cast":
            return _named(plain, "cast", _PERSON, "name")
        case "outcomes":
            return (*_named(plain, "outcomes", _OUTCOME, "label"), *_terms(plain))
        case "constraints":
            shown = "\n".join(str(item) for item in _list(plain.get("constraints")))
            field = Field(("constraints",), "one expression a line", "lines", shown, hint="every variant is allowed")
            return (Record("constraints", "What every allowed variant makes true", (field,)),)
        case "scenario":
            groups = (Record(name, name, _fields(specs, (name,), plain.get(name))) for name, specs in _GROUPS.items())
            return (Record("scenario", "scenario", _fields(_SCENARIO, (), plain)), *groups)


def _named(plain: Mapping[str, Any], section: str, specs: Iterable[_Spec], title: str) -> tuple[Record, ...]:
    entries = plain.get(section)
    if not isinstance(entries, Mapping):
        return ()
    return tuple(
        Record(
            name,
            f"{name}  {entry.get(title, '') if isinstance(entry, Mapping) else ''}".strip(),
            _fields(specs, (section, name), entry),
            (section, name),
        )
        for name, entry in entries.items()
    )


def _terms(plain: Mapping[str, Any]) -> tuple[Record, ...]:
    families = plain.get("terms")
    if not isinstance(families, Mapping):
        return ()
    hint = "one a line; photo* matches every ending"
    return tuple(
        Record(
            f"terms {name}",
            f"terms: {name}",
            (Field(("terms", name), "terms", "lines", "\n".join(map(str, _list(terms))), hint=hint),),
            ("terms", name),
        )
        for name, terms in families.items()
    )


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value] if value not in (None, "") else []


def _fields(specs: Iterable[_Spec], path: Path, plain: Any) -> tuple[Field, ...]:
    values = plain if isinstance(plain, Mapping) else {}
    return tuple(
        Field(
            (*path, spec.name),
            spec.label or spec.name,
            spec.kind,
            _shown(spec.kind, values.get(spec.name)),
            spec.choices,
            spec.hint,
            spec.required,
        )
        for spec in specs
    )


def _shown(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if kind == "list":
        return ", ".join(map(str, _list(value)))
    if kind == "yaml" or not isinstance(value, str):
        return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=2**20, allow_unicode=True).strip()
    return value


def meaning(kind: Kind, shown: str) -> Any:
    """What the file holds for what a form shows: a text, a list or a structure. StudioError when it is no YAML."""
    if kind == "list":
        return [item.strip() for item in shown.split(",") if item.strip()]
    if kind == "lines":
        return [line.strip() for line in shown.splitlines() if line.strip()]
    if kind == "yaml" and shown.strip():
        try:
            return parse_yaml(shown, "field").plain()
        except FileProblems as error:
            raise StudioError("not valid YAML", error.problems[0].message, error.problems[0].hint) from error
    return shown


def written(text: str, field: Field, shown: str) -> str:
    """scenario.yaml with this field as the form shows it; an empty one goes, unless it is required.

    Raises StudioError when it cannot be written so that it reads back.
    """
    value = meaning(field.kind, shown)
    if value in ("", []) and not field.required:
        node = parse_yaml(text, "scenario.yaml")
        return remove_entry(text, field.path) if _has(node, field.path) else text
    return set_value(text, field.path, value)


def _has(node: Node, path: Path) -> bool:
    for step in path:
        if not isinstance(node.value, Mapping) or str(step) not in node.value:
            return False
        node = node.value[str(step)].node
    return True


def record_problems(record: Record, node: Node, problems: Iterable[Problem]) -> list[Problem]:
    """The problems of scenario.yaml that stand in this record's lines."""
    path = record.path or (record.fields[0].path[:1] if record.key != "scenario" else ())
    if not path:
        return []
    first = node.key_place(*path).line
    last = _last_line(node.at(*path))
    return [
        problem for problem in problems if problem.place.file == "scenario.yaml" and first <= problem.place.line <= last
    ]


def _last_line(node: Node) -> int:
    value = node.value
    inner = (
        [entry.node for entry in value.values()]
        if isinstance(value, Mapping)
        else list(value)
        if isinstance(value, tuple)
        else []
    )
    return max([node.place.line, *(_last_line(child) for child in inner)])
