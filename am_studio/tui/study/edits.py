"""What typing and choosing in the form do to the document. No Textual here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.yamlfile import load_as, parse_yaml
from am_studio.judging import judge_form
from am_studio.models.naming import ModelForm
from am_studio.runs.study import ToolsForm
from am_studio.runs.study_document import StudyDocument
from am_studio.scenarios.yaml_style import in_flow
from am_studio.tui.study.fields import Field, at, read_yaml_field, shown
from am_studio.tui.study.state import AT_THE_END, STOPPING_PATH, TOOLS_PATH, toggled, told


def apply_text(document: StudyDocument, field: Field, text: str) -> None:
    """What is typed in a field becomes its value; StudioError when it cannot (yet), and nothing changes then."""
    if field.path[:2] == TOOLS_PATH:
        document.set(TOOLS_PATH[:1], {TOOLS_PATH[1]: {field.path[-1]: text}} if text.strip() else "tools", merge=True)
    elif not text.strip() and field.optional and not field.keeps:
        document.set(field.path, None, merge=True)
    elif field.kind == "yaml":
        document.set(field.path, read_yaml_field(text), merge=True)
    elif field.kind == "items":
        document.set(field.path, read_yaml_field(f"[{text}]"), merge=True)
    elif field.kind == "entries":
        given = at(document.values, field.path)
        kept = {name: given[name] for name in field.keeps if name in given} if isinstance(given, Mapping) else {}
        document.set(field.path, {**kept, **read_yaml_field(text, mapping=True)}, merge=True)
    else:
        document.set(field.path, text, merge=True)


def apply_choice(document: StudyDocument, field: Field, value: str) -> None:
    """An option that was taken becomes the value, or is ticked or unticked; StudioError when it cannot be written."""
    match field.path, field.kind:
        case ("design", "kind"), _:
            document.choose_design(value)
        case ("protocol",), _:
            turns = str(ToolsForm().turns)
            document.set(field.path, {"tools": {"turns": turns}} if value == "tools" else value)
        case ("judge", "kind"), _:
            document.set(field.path[:1], _judge(document, value))
        case ("judge", "only"), _:
            document.set(field.path, list(toggled(field, value)) or None)
        case ("stopping", "kind"), _:
            document.set(STOPPING_PATH, None if value == AT_THE_END else {"kind": value})
        case _, "scenario":
            document.choose_scenario(value)
        case _, "several":
            document.set(field.path, list(toggled(field, value)))
        case ("baseline", _), _ if value == field.empty:
            # Only what differs from the scenario's defaults is said.
            document.set(field.path, None)
        case _:
            document.set(field.path, value)
    document.boundary()


def _judge(document: StudyDocument, kind: str) -> dict[str, Any]:
    """Another kind of judge, with those of its settings that the new one knows too."""
    given, known = at(document.values, ("judge",)), judge_form(kind)
    kept = given if known is not None and isinstance(given, Mapping) else {}
    names = known.model_fields if known is not None else {}
    return {"kind": kind, **{name: kept[name] for name in names if name in kept}}


def model_fields(model: Mapping[str, Any]) -> dict[str, str]:
    """A model's settings as texts: name, endpoint and key's variable, the price and all the rest as YAML without braces."""
    rest = {name: value for name, value in model.items() if name not in ("name", "endpoint", "key_env", "price")}
    plain = {name: shown(model.get(name)) for name in ("name", "endpoint", "key_env")}
    return {**plain, "price": _entries(model.get("price")), "rest": _entries(rest)}


def model_of(texts: Mapping[str, str]) -> dict[str, Any]:
    """The model that such texts say, as a study writes it; StudioError when they say none."""
    model: dict[str, Any] = {name: texts[name] for name in ("name", "endpoint", "key_env") if texts[name]}
    price, rest = (read_yaml_field(texts[name], mapping=True) for name in ("price", "rest"))
    model |= {**({"price": price} if price else {}), **rest}
    try:
        load_as(ModelForm, parse_yaml(in_flow(model), "the model"))
    except FileProblems as error:
        raise StudioError("; ".join(told(problem) for problem in error.problems)) from error
    return model


def _entries(value: Any) -> str:
    return shown(value)[1:-1] if isinstance(value, Mapping) and value else ""


def apply_model(document: StudyDocument, index: int | None, model: Mapping[str, Any] | None) -> None:
    """Add a model (no index), change one, or with None take it out; one that is only a name is written as one."""
    written: Any = model["name"] if model and set(model) == {"name"} else dict(model) if model else None
    if index is not None:
        document.set(("models", index), written)
        return
    given = document.values.get("models")
    document.set(("models",), [*(given if isinstance(given, list) else []), written])
