"""Changes to a study's text that touch the lines concerned and leave the others as they are. Nothing is saved here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from am_studio.designs.registry import known_designs
from am_studio.foundation.errors import FileProblems
from am_studio.foundation.yamlfile import parse_yaml
from am_studio.runs.study import StudyForm
from am_studio.runs.study_assessment import FieldPath
from am_studio.scenarios import Scenario
from am_studio.scenarios.yaml_edits import add_entry, remove_entry, set_value

USUAL_TRIALS = 60
"""Trials an arm of a new study."""
USUAL_TOTAL = 320
"""Trials a model of a new study about several details."""
_NEW = """\
format: 1
name: {name}
title: t
scenario: s
design:
  kind: random-subsets
  q: 0.75
models: [{model}]
outcome: o
trials: {{total: {trials}}}
judge: {{kind: rules}}
sampling: {{temperature: 1.0, max_tokens: 4096}}
seed: 1
"""


def new_text(name: str, scenario: str, model: str) -> str:
    """A study of a scenario that says as little as possible: the average effect of each of several details."""
    text = _NEW.format(name=name, model=model, trials=USUAL_TOTAL)
    text = set_value(text, ("title",), f"{name}: which details matter?")
    return set_value(text, ("scenario",), scenario)


def changed(text: str, path: FieldPath, value: Any) -> str:
    """The text with this field set, added where a study has it by custom, or removed when `value` is None.

    StudioError when it cannot be written there.
    """
    present = _has(parse_yaml(text, "the study").plain(), path)
    if value is None:
        return _removed(text, path) if present else text
    if present or _has(parse_yaml(text, "the study").plain(), path[:1]):
        return set_value(text, path, value)
    first, *inner = path
    for step in reversed(inner):
        value = {step: value}
    return add_entry(text, (), str(first), value, order=list(StudyForm.model_fields))


def with_design(text: str, kind: str) -> str:
    """The text with another design; of its settings and trials what that design does not know goes."""
    values = parse_yaml(text, "the study").plain()
    text = set_value(text, ("design", "kind"), kind)
    design = known_designs().get(kind)
    if design is None:
        return text
    settings, trials, form = values.get("design"), values.get("trials"), design.trials_form
    if isinstance(settings, dict):
        for name in settings.keys() - design.settings.model_fields.keys() - {"kind"}:
            text = remove_entry(text, ("design", name))
    if isinstance(trials, dict):
        usual = next(iter(trials.values()), str(USUAL_TRIALS))
        needed = {
            name: str(field.examples[0]) if field.examples else usual
            for name, field in form.model_fields.items()
            if field.is_required()
        }
        kept = {name: value for name, value in trials.items() if name in form.model_fields}
        text = set_value(text, ("trials",), {**needed, **kept})
    return text


def fitted(text: str, scenario: Scenario, *, every_detail: bool = False) -> str:
    """The text with a baseline, details and an outcome that this scenario has.

    With `every_detail` the design takes each detail that is on, and that may be removed alone.
    """
    values = parse_yaml(text, "the study").plain()
    baseline, design = values.get("baseline"), values.get("design")
    for name, level in baseline.items() if isinstance(baseline, dict) else ():
        if name not in scenario.details or level not in scenario.details[name].levels:
            text = _removed(text, ("baseline", name))
    asked = design.get("details") if isinstance(design, dict) else None
    if every_detail or isinstance(asked, list):
        known = [name for name in asked or () if name in scenario.details]
        text = set_value(text, ("design", "details"), known or _removable(scenario))
    outcomes = scenario.questions.outcomes
    if values.get("outcome") not in [outcome.name for outcome in outcomes]:
        wanted = next((outcome for outcome in outcomes if outcome.harmful), next(iter(outcomes), None))
        text = set_value(text, ("outcome",), wanted.name if wanted else "")
    return text


def moved(text: str, old: Path, new: Path) -> str:
    """The text as it reads in another directory: paths to its scenarios are led from there."""
    try:
        values = parse_yaml(text, "the study").plain()
    except FileProblems:
        return text
    for path, named in list(_scenarios_in(values)):
        if named.startswith("."):
            text = set_value(text, path, path_from(new, (old / named).resolve()))
    return text


def _scenarios_in(values: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, str]]:
    """Every `scenario: name` of a study: its own, and those under `design`."""
    for name, value in values.items() if isinstance(values, dict) else ():
        if name == "scenario" and isinstance(value, str):
            yield (*path, name), value
        elif path or name == "design":
            yield from _scenarios_in(value, (*path, name))


def path_from(directory: Path, place: Path) -> str:
    """How a study in this directory names a scenario by its place."""
    path = Path(os.path.relpath(place, directory)).as_posix()
    return path if path.startswith(".") else f"./{path}"


def _has(values: Any, path: FieldPath) -> bool:
    for step in path:
        known = isinstance(values, dict) and step in values
        if not (known or (isinstance(values, list) and isinstance(step, int) and step < len(values))):
            return False
        values = values[step]
    return True


def _removed(text: str, path: FieldPath) -> str:
    """The text without a field; a mapping that may be left out goes with its last entry."""
    text = remove_entry(text, path)
    owner = path[:-1]
    field = StudyForm.model_fields.get(str(owner[0])) if len(owner) == 1 else None
    optional = field is not None and not field.is_required()
    if optional and parse_yaml(text, "the study").at(*owner).plain() in ({}, []):
        return remove_entry(text, owner)
    return text


def _removable(scenario: Scenario) -> list[str]:
    """The details that are on by default and may be taken out one at a time."""
    return [
        detail
        for detail, level in scenario.defaults()
        if level != (off := scenario.removed(detail)) and scenario.allowed(scenario.variant({detail: off}))
    ]
