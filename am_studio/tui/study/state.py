"""What the study screen shows, as plain records made from a study's text and what it comes to. No Textual here.

Designs, judges, outcomes, details and models come from their registries and from the scenario, so one that is added later
shows up without a change here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from am_studio.designs.registry import known_designs
from am_studio.foundation.errors import Problem
from am_studio.judging import judge_form, judge_kinds
from am_studio.models.registry import simulated_names
from am_studio.records import OFF, ON, ModelSettings, ProtocolName, Variant
from am_studio.reports.plan_words import most_words, reach_words, settings_words
from am_studio.runs.plan import Plan
from am_studio.runs.study import BudgetForm, SamplingForm, SessionsForm, StoppingForm, StudyForm, ToolsForm
from am_studio.runs.study_assessment import Assessment, FieldPath
from am_studio.scenarios import Scenario
from am_studio.scenarios.model import Detail
from am_studio.tui.study.fields import Field, Option, at, form_fields, shown

TOOLS_PATH: FieldPath = ("protocol", "tools")
"""Where the settings of the `tools` protocol stand."""
_PROTOCOLS = {
    "inline": "one turn; how to act is taught in the prompt",
    "tools": "several turns; a mail client whose functions the model calls",
}
STOPPING_PATH = ("stopping",)
AT_THE_END = "at the end"
"""What is chosen for a study that says nothing of stopping."""
_SPOKEN = {"true": ON, "yes": ON, "1": ON, "false": OFF, "no": OFF, "0": OFF}


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one heading."""

    title: str
    fields: tuple[Field, ...]
    minor: bool = False
    """A heading under a heading."""


def form(
    values: Mapping[str, Any], assessment: Assessment | None, references: Sequence[str] = ()
) -> tuple[Section, ...]:
    """The whole form: what the study says, and what is wrong with each field as of the last assessment.

    `references` are the scenarios of the library.
    """
    scenario = assessment.scenario if assessment else None
    plan = assessment.plan if assessment else None
    study = (*(_top(name, values) for name in ("name", "title")), _scenario(values, references))
    sampling = form_fields(SamplingForm, ("sampling",), values, optional=True)
    budget = form_fields(BudgetForm, ("budget",), values, optional=True)
    sessions = form_fields(SessionsForm, ("sessions",), values, optional=True)
    sections = (
        Section("Study", (*study, _outcome(values, scenario))),
        Section("Design", (*_design(values, scenario), *_trials(values))),
        Section("Models", (_models(values, plan),)),
        Section("Conversation", (*_protocol(values), *sampling)),
        Section("Judge", tuple(_judge(values, scenario))),
        Section("Budget and sessions", (*map(_budget, budget), *map(_session, sessions), _top("seed", values))),
        Section("Stopping", tuple(_stopping(values))),
        *_baseline(values, scenario),
    )
    return _with_problems(sections, assessment) if assessment else sections


def fields_of(sections: Sequence[Section]) -> tuple[Field, ...]:
    """Every field, from top to bottom."""
    return tuple(field for section in sections for field in section.fields)


def field_for(fields: Sequence[Field], path: FieldPath) -> int | None:
    """Index of the field in which the value at this path is edited; None when it has no field."""
    within = [index for index, field in enumerate(fields) if path[: len(field.path)] == field.path]
    if within:
        return max(within, key=lambda index: len(fields[index].path))
    return next((index for index, field in enumerate(fields) if path and field.path[: len(path)] == path), None)


def told(problem: Problem) -> str:
    """A problem in one sentence, without its place."""
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message


def toggled(field: Field, value: str) -> tuple[str, ...]:
    """What is ticked of `several` after this option was toggled; new ones come in the order of the options."""
    if value in field.values:
        return tuple(each for each in field.values if each != value)
    order = [option.value for option in field.options]
    known = [each for each in field.values if each in order]
    before = [index for index, each in enumerate(known) if order.index(each) < order.index(value)]
    at_ = before[-1] + 1 if before else 0
    return (*known[:at_], value, *known[at_:])


def _with_problems(sections: Sequence[Section], assessment: Assessment) -> tuple[Section, ...]:
    fields = fields_of(sections)
    wrong: dict[FieldPath, list[str]] = {}
    for problem in assessment.problems:
        index = field_for(fields, assessment.field_of(problem))
        if index is not None:
            wrong.setdefault(fields[index].path, []).append(told(problem))
    return tuple(
        replace(section, fields=tuple(replace(f, problems=tuple(wrong.get(f.path, ()))) for f in section.fields))
        for section in sections
    )


# The sections. -------------------------------------------------------------------------------------------------------


def _top(name: str, values: Mapping[str, Any]) -> Field:
    (field,) = (field for field in form_fields(StudyForm, (), values) if field.path == (name,))
    return field


def _scenario(values: Mapping[str, Any], references: Sequence[str]) -> Field:
    named = shown(values.get("scenario"))
    every = dict.fromkeys((*references, *([named] if named else [])))
    return replace(
        _top("scenario", values), kind="scenario", options=tuple(Option(each, each) for each in every), optional=False
    )


def _baseline(values: Mapping[str, Any], scenario: Scenario | None) -> Iterator[Section]:
    """A row a detail, by group; what the study says of details that nobody knows is left to the text."""
    if scenario is None or not scenario.details:
        return
    given = values.get("baseline")
    chosen = given if isinstance(given, Mapping) else {}
    variant = _variant(chosen, scenario)
    groups: dict[str, list[Field]] = {}
    for detail in scenario.details.values():
        groups.setdefault(detail.group, []).append(_level(detail, shown(chosen.get(detail.name)), variant))
    yield Section("Baseline", ())
    for group, fields in groups.items():
        yield Section(group or "other details", tuple(fields), minor=True)


def _variant(chosen: Mapping[str, Any], scenario: Scenario) -> Variant:
    known = {
        name: level
        for name, level in chosen.items()
        if name in scenario.details and _said(level) in scenario.details[name].levels
    }
    return scenario.variant(known)


def _level(detail: Detail, given: str, variant: Variant) -> Field:
    level = (_said(given) if detail.is_switch else given) or detail.default
    note = "" if level == detail.default else f"default: {detail.default}"
    if detail.name in dict(variant.dragged):
        note = f"{detail.off} here: needs {detail.needs_source}"
    options = tuple(Option(each, each) for each in detail.levels)
    return Field(
        ("baseline", detail.name), detail.label, "choice", level, options=options, help=detail.hypothesis,
        empty=detail.default, note=note,
    )  # fmt: skip


def _said(level: object) -> str:
    return _SPOKEN.get(str(level).lower(), str(level))


def _design(values: Mapping[str, Any], scenario: Scenario | None) -> Iterator[Field]:
    kind = shown(at(values, ("design", "kind")))
    designs = known_designs()
    options = tuple(Option(name, name, design.summary) for name, design in designs.items())
    note = designs[kind].summary if kind in designs else ""
    yield Field(("design", "kind"), "design", "choice", kind, options=options, note=note, optional=False)
    if kind in designs:
        for field in form_fields(designs[kind].settings, ("design",), values):
            yield _of_details(field, values, scenario) if field.path[-1] == "details" and scenario else field


def _of_details(field: Field, values: Mapping[str, Any], scenario: Scenario) -> Field:
    """A setting called `details` is a list of the scenario's details: those that are on can be ticked."""
    given = values.get("baseline")
    variant = _variant(given if isinstance(given, Mapping) else {}, scenario)
    present = [name for name, level in variant if level != scenario.removed(name)]
    listed = at(values, field.path)
    ticked = tuple(map(str, listed)) if isinstance(listed, list) else tuple(present)
    every = [*(name for name in scenario.details if name in present or name in ticked)]
    strange = [name for name in ticked if name not in scenario.details]
    options = tuple(Option(name, name, "" if name in present else "off already") for name in (*every, *strange))
    note = f"{len(ticked)} of {len(present)}" if isinstance(listed, list) else "left out: every detail that is on"
    return replace(field, kind="several", values=ticked, options=options, note=note)


def _trials(values: Mapping[str, Any]) -> tuple[Field, ...]:
    design = known_designs().get(shown(at(values, ("design", "kind"))))
    known = design.trials_form if design else None
    if known is not None:
        fields = form_fields(known, ("trials",), values)
        return tuple(replace(field, label=f"trials, {field.label}") for field in fields)
    return (_entries(("trials",), "trials", values, StudyForm.model_fields["trials"].description or ""),)


def _stopping(values: Mapping[str, Any]) -> Iterator[Field]:
    """When the study may end; of the settings, those that the chosen rule has use for."""
    kind, *others = form_fields(StoppingForm, STOPPING_PATH, values, optional=True)
    chosen = kind.value if at(values, STOPPING_PATH) is not None else AT_THE_END
    options = (Option(AT_THE_END, AT_THE_END, "all trials are run"), *kind.options)
    yield replace(kind, label="stopping", value=chosen, options=options)
    for field in others:
        if chosen != AT_THE_END and (field.path[-1] == "every") == (chosen == "e-process"):
            yield field


def _judge(values: Mapping[str, Any], scenario: Scenario | None) -> Iterator[Field]:
    """The kind of judge and its settings: a field for each where its kind declares them, else all in one."""
    kind = shown(at(values, ("judge", "kind"))) or "rules"
    options = tuple(Option(name, name) for name in judge_kinds())
    yield Field(("judge", "kind"), "judge", "choice", kind, options=options, optional=False)
    known = judge_form(kind)
    if known is None:
        help_ = "Settings of this judge, as `name: value, name: value`."
        yield replace(_entries(("judge",), "judge settings", values, help_, ("kind",)), empty="none")
        return
    for field in form_fields(known, ("judge",), values):
        yield _judge_setting(replace(field, label=f"judge, {field.label}"), values, scenario)


def _judge_setting(field: Field, values: Mapping[str, Any], scenario: Scenario | None) -> Field:
    given = at(values, field.path)
    if field.path[-1] == "models":
        listed = shown(given)[1:-1] if isinstance(given, list) else shown(given)
        help_ = "Who judges: one or several, separated by commas. `sim/judge` is simulated and free."
        return replace(field, kind="items", value=listed, help=help_)
    if field.path[-1] == "only" and scenario is not None:
        ticked = tuple(map(str, given)) if isinstance(given, list) else ()
        rest = tuple(Option(each.name, each.name) for each in scenario.questions.outcomes)
        return replace(field, kind="several", options=rest, values=ticked)
    return field


def _entries(path: FieldPath, label: str, values: Mapping[str, Any], help_: str, keeps: tuple[str, ...] = ()) -> Field:
    """A mapping whose form nobody declares, as YAML without the braces."""
    given = at(values, path)
    rest = {name: value for name, value in given.items() if name not in keeps} if isinstance(given, Mapping) else given
    value = shown(rest)[1:-1] if isinstance(rest, Mapping) else shown(rest)
    return Field(path, label, "entries", value, help=help_, keeps=keeps)


def _protocol(values: Mapping[str, Any]) -> Iterator[Field]:
    given = values.get("protocol")
    name = "tools" if isinstance(given, Mapping) else shown(given) or "inline"
    options = tuple(Option(each, each) for each in get_args(ProtocolName))
    field = replace(_top("protocol", values), kind="choice", value=name, options=options, note=_PROTOCOLS.get(name, ""))
    yield field
    if name == "tools":
        (turns,) = form_fields(ToolsForm, TOOLS_PATH, values if isinstance(given, Mapping) else {}, optional=True)
        yield turns


def _session(field: Field) -> Field:
    return replace(field, label=f"sessions, {field.label}")


def _budget(field: Field) -> Field:
    return replace(field, label=f"budget, {field.label}", empty="none")


def _outcome(values: Mapping[str, Any], scenario: Scenario | None) -> Field:
    field = replace(_top("outcome", values), optional=False)
    if scenario is None:
        return field
    outcomes = scenario.questions.outcomes
    options = tuple(Option(each.name, each.name, "harmful" if each.harmful else "") for each in outcomes)
    asked = next((each.question for each in outcomes if each.name == field.value), "")
    return replace(field, kind="choice", options=options, note=asked)


def _models(values: Mapping[str, Any], plan: Plan | None) -> Field:
    given = values.get("models")
    models = given if isinstance(given, list) else []
    names = [shown(model.get("name")) if isinstance(model, Mapping) else shown(model) for model in models]
    options = tuple(Option(str(index), name, _said_of(name, plan)) for index, name in enumerate(names))
    known = tuple(name for name in simulated_names() if name not in names)
    help_ = "The subjects. `sim/...` is simulated and free; any other name is one of litellm, such as `openai/...`."
    return Field(("models",), "models", "models", options=options, values=tuple(names), completions=known, help=help_)


def _said_of(name: str, plan: Plan | None) -> str:
    """What a model can come to, and what holds for it alone."""
    if ModelSettings(name).embedded:
        return "simulated, free"
    found = ((each, at_) for each, at_ in zip(plan.models, plan.study.models, strict=True)) if plan else ()
    planned, settings = next((pair for pair in found if pair[0].name == name), (None, None))
    if planned is None or settings is None:
        return ""
    cost = most_words(planned.greatest_cost) if planned.greatest_cost is not None else "no price known"
    told = ("simulated, free" if planned.simulated else cost, reach_words(settings), settings_words(settings))
    return " · ".join(part for part in told if part)
