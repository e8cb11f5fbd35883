"""What an author does to a scenario, as pure functions from texts to texts.

`Texts` maps file names to their text, as `loading.draft_of` takes them. Each function changes the lines of its field alone
and gives back new texts, or raises StudioError and has changed nothing. The disk is `documents.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.yamlfile import Node, parse_yaml
from am_studio.records import OFF, ON
from am_studio.scenarios.evaluation import SPECIAL
from am_studio.scenarios.forms import LEAST_REASON, DetailForm, OutcomeForm, PersonForm, ScenarioForm
from am_studio.scenarios.loading import draft_of
from am_studio.scenarios.mail_edits import (
    MAIN,
    Texts,
    add_email,
    delete_email,
    duplicate_email,
    move_email,
    rename_email,
    set_head,
    shown_order,
)
from am_studio.scenarios.replacing import Match, find, replace_all
from am_studio.scenarios.uses import uses_of
from am_studio.scenarios.wrapping import wrapped
from am_studio.scenarios.yaml_edits import add_entry, remove_entry, set_value
from am_studio.scenarios.yaml_style import Value

__all__ = [
    "Match",
    "Texts",
    "add_detail",
    "add_email",
    "add_person",
    "delete_email",
    "duplicate_email",
    "find",
    "keep_finding",
    "make_detail",
    "move_email",
    "remove_detail",
    "remove_person",
    "rename_email",
    "replace_all",
    "set_constraints",
    "set_default",
    "set_detail_field",
    "set_field",
    "set_head",
    "set_outcome_field",
    "set_person",
    "shown_order",
]

_FIELDS = tuple(ScenarioForm.model_fields)
_RESERVED = {"agent", "company", "clock", "cast", "tools", "protocol", *SPECIAL}
_SPOKEN = {"true": ON, "yes": ON, "false": OFF, "no": OFF}


def set_field(texts: Texts, path: Sequence[str | int], value: Value) -> dict[str, str]:
    """The texts with one field of scenario.yaml set: `("title",)`, `("clock", "now")`, `("inbox", "envelope")`."""
    main = texts[MAIN]
    place = tuple(path)
    if len(place) == 1 and _at(texts, *place) is None:
        return {**texts, MAIN: add_entry(main, (), str(place[0]), value, order=_FIELDS)}
    return {**texts, MAIN: set_value(main, place, value)}


def keep_finding(texts: Texts, finding: str, file: str, reason: str) -> dict[str, str]:
    """The texts with the reason why a finding of the lint stays: in this file, or wherever it is when `file` is empty.

    StudioError for a reason that is too short to be one; a reason that is there already is written anew.
    """
    if len(reason.strip()) < LEAST_REASON:
        raise StudioError("This is too short for a reason", hint=f"at least {LEAST_REASON} characters")
    key, main = f"{finding} {file}".strip(), texts[MAIN]
    if _at(texts, "lint") is None:
        return {**texts, MAIN: add_entry(main, (), "lint", {"allow": {key: reason.strip()}}, order=_FIELDS)}
    return {**texts, MAIN: set_value(main, ("lint", "allow", key), reason.strip())}


# Details. ------------------------------------------------------------------------------------------------------------


def set_default(texts: Texts, detail: str, level: str) -> dict[str, str]:
    """The texts with another default level of a detail; StudioError when it has no such level."""
    levels = _levels(texts, detail)
    level = _SPOKEN.get(level.lower(), level) if levels == (ON, OFF) else level
    if level not in levels:
        raise StudioError(f"the detail '{detail}' has no level '{level}'", hint=nearest(level, levels))
    return set_detail_field(texts, detail, "default", level)


def set_detail_field(texts: Texts, detail: str, field: str, value: str | Sequence[str]) -> dict[str, str]:
    """The texts with one field of a detail set: `label`, `group`, `hypothesis`, `levels`, `default`, `off` or `needs`."""
    _declared(texts, "details", detail)
    return _set_in(texts, ("details", detail), field, value, tuple(DetailForm.model_fields))


def add_detail(
    texts: Texts,
    name: str,
    label: str,
    *,
    group: str = "",
    hypothesis: str = "",
    levels: Sequence[str] = (),
    default: str = ON,
    off: str = "",
    needs: str = "",
) -> dict[str, str]:
    """The texts with one more detail declared, a switch when it has no `levels`. No text uses it yet.

    Raises StudioError when the name is taken or cannot be a name.
    """
    _new_name(texts, name)
    fields: dict[str, Value] = {"label": label, "group": group, "hypothesis": hypothesis, "levels": list(levels)}
    fields |= {"default": default, "off": off, "needs": needs}
    return _added(texts, "details", name, {key: value for key, value in fields.items() if value})


def remove_detail(texts: Texts, name: str) -> dict[str, str]:
    """The texts without this detail; StudioError, with the places, while any text, condition or table still uses it."""
    _declared(texts, "details", name)
    _unused(texts, name, name)
    return {**texts, MAIN: remove_entry(texts[MAIN], ("details", name))}


def make_detail(  # noqa: PLR0917  (a stretch is a file and two offsets, a switch a name and a label)
    texts: Texts, file: str, start: int, end: int, name: str, label: str, hypothesis: str = ""
) -> dict[str, str]:
    """The texts with a stretch of one file made to depend on a new switch, which is on by default.

    `start` and `end` are offsets in the file's text. With the switch on, every variant reads as before, to the byte.
    Raises StudioError when the stretch lies in an email's head, in YAML, or cuts through a tag, when it holds nothing
    that a subject would read, and when the name is taken.
    """
    if file not in texts:
        raise StudioError(f"there is no file {file}", hint=nearest(file, texts))
    _new_name(texts, name)
    changed = {**texts, file: wrapped(texts[file], file, start, end, name)}
    return add_detail(changed, name, label, hypothesis=hypothesis)


# People, outcomes, constraints. --------------------------------------------------------------------------------------


def set_person(texts: Texts, person: str, field: str, value: str) -> dict[str, str]:
    """The texts with one field of somebody of the cast, or of the `agent`, set."""
    if person != "agent":
        _declared(texts, "cast", person)
    path = ("agent",) if person == "agent" else ("cast", person)
    return _set_in(texts, path, field, value, tuple(PersonForm.model_fields))


def add_person(
    texts: Texts, person: str, name: str, address: str, *, role: str = "", kind: str = "person"
) -> dict[str, str]:
    """The texts with one more person in the cast; StudioError when the id is taken or cannot be an id."""
    _identifier(person)
    if person == "agent" or _at(texts, "cast", person) is not None:
        raise StudioError(f"'{person}' is taken", hint="choose another id")
    fields = {"name": name, "address": address, "role": role, "kind": "" if kind == "person" else kind}
    return _added(texts, "cast", person, {key: value for key, value in fields.items() if value})


def remove_person(texts: Texts, person: str) -> dict[str, str]:
    """The texts without somebody of the cast; StudioError, with the places, while anything still refers to them."""
    _declared(texts, "cast", person)
    _unused(texts, person, f"cast.{person}")
    return {**texts, MAIN: remove_entry(texts[MAIN], ("cast", person))}


def set_outcome_field(texts: Texts, outcome: str, field: str, value: Value) -> dict[str, str]:
    """The texts with one field of an outcome set; `field` may lead inwards, such as `content.all` or `gate.to`."""
    _declared(texts, "outcomes", outcome)
    first, *inner = field.split(".")
    if inner:
        return {**texts, MAIN: set_value(texts[MAIN], ("outcomes", outcome, first, *inner), value)}
    return _set_in(texts, ("outcomes", outcome), first, value, tuple(OutcomeForm.model_fields))


def set_constraints(texts: Texts, constraints: Sequence[str]) -> dict[str, str]:
    """The texts with these constraints; without any, the field goes."""
    if not constraints:
        present = _at(texts, "constraints") is not None
        return {**texts, MAIN: remove_entry(texts[MAIN], ("constraints",))} if present else dict(texts)
    return set_field(texts, ("constraints",), list(constraints))


# What they share. ----------------------------------------------------------------------------------------------------


def _at(texts: Texts, *path: str | int) -> Node | None:
    """The node at exactly this path of scenario.yaml."""
    node = parse_yaml(texts.get(MAIN, ""), MAIN)
    for step in path:
        inner = node.at(step)
        if inner is node:
            return None
        node = inner
    return node


def _set_in(texts: Texts, path: tuple[str, ...], field: str, value: Value, order: Sequence[str]) -> dict[str, str]:
    """One field of a mapping set; an empty text takes a field out that may be left out."""
    main = texts[MAIN]
    if field not in order:
        raise StudioError(f"{'.'.join(path)} has no field '{field}'", hint=nearest(field, order))
    present = _at(texts, *path, field) is not None
    if value == "" and field not in ("label", "name", "address", "question"):
        return {**texts, MAIN: remove_entry(main, (*path, field))} if present else dict(texts)
    if present:
        return {**texts, MAIN: set_value(main, (*path, field), value)}
    return {**texts, MAIN: add_entry(main, path, field, value, order=order)}


def _added(texts: Texts, group: str, name: str, fields: dict[str, Value]) -> dict[str, str]:
    if _at(texts, group) is None:
        return {**texts, MAIN: add_entry(texts[MAIN], (), group, {name: fields}, order=_FIELDS)}
    return {**texts, MAIN: add_entry(texts[MAIN], (group,), name, fields)}


def _levels(texts: Texts, detail: str) -> tuple[str, ...]:
    _declared(texts, "details", detail)
    levels = _at(texts, "details", detail, "levels")
    return tuple(levels.plain()) if levels is not None and isinstance(levels.value, tuple) else (ON, OFF)


def _declared(texts: Texts, group: str, name: str) -> None:
    if _at(texts, group, name) is None:
        declared = _at(texts, group)
        known = declared.plain() if declared is not None else ()
        raise StudioError(f"{group} has no '{name}'", hint=nearest(name, known or ()))


def _identifier(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
        raise StudioError(f"'{name}' cannot be a name", hint="lower case letters, digits and '_', a letter first")


def _new_name(texts: Texts, name: str) -> None:
    """StudioError unless a detail may have this name."""
    _identifier(name)
    for group, told in (("details", "detail"), ("variables", "variable")):
        if _at(texts, group, name) is not None:
            raise StudioError(f"there is a {told} '{name}' already", hint="choose another name")
    if name in _RESERVED or name in ("and", "or", "not", "in", "is", "if", "else", "true", "false", "none"):
        raise StudioError(f"'{name}' means something else in texts", hint="choose another name")


def _unused(texts: Texts, told: str, name: str) -> None:
    places = uses_of(draft_of(texts, Path()), name)
    if places:
        listed = ", ".join(map(str, places[:8])) + (f" and {len(places) - 8} more" if len(places) > 8 else "")
        raise StudioError(f"'{told}' is still used", f"in {listed}", "take it out there first")
