"""What a study's text comes to: its problems at their places, its scenario, its plan. No file is written, no model called."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from am_studio.designs.registry import open_design, other_scenarios
from am_studio.foundation.errors import FileProblems, Place, Problem, StudioError, nearest
from am_studio.foundation.files import read_text
from am_studio.foundation.yamlfile import Node, load_as_far, parse_yaml
from am_studio.judging import judge_form, open_judge, settle_judge
from am_studio.models.registry import check_model
from am_studio.records import Sampling, Study
from am_studio.runs.plan import Plan, check_outcome, make_plan, with_judge
from am_studio.runs.study import StudyForm, scenario_location, study_of
from am_studio.scenarios import Scenario, load_scenario

FieldPath = tuple[str | int, ...]
"""A field by its keys and indices: `("design", "details", 0)`."""

MOST_TRIALS = 200_000
"""A plan of more trials is not worked out while somebody types."""
_NAMED_FIELD = re.compile(r"(design|trials)((?:\.\w+)+): ")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a study's text comes to."""

    text: str
    file: str
    problems: tuple[Problem, ...]
    """At their places in the text."""
    scenario: Scenario | None = None
    """Also where other fields are wrong; None when it cannot be loaded."""
    plan: Plan | None = None
    """None while there are problems."""

    def field_of(self, problem: Problem) -> FieldPath:
        """The field that a problem is about; `()` when it is about the text as a whole."""
        try:
            found = _field_at(parse_yaml(self.text, self.file), problem.place)
        except FileProblems:
            return ()
        # A design complains at its own place and names the field it means, which may stand elsewhere, in its detail.
        named = _NAMED_FIELD.match(problem.hint)
        if named and found[:1] == ("design",):
            return (named[1], *named[2][1:].split("."))
        return found


def assess(text: str, file: Path) -> Assessment:
    """Everything that can be known of a study's text before a call. Takes up to a second or so for a large plan.

    `file` says where the text lies or will lie: a scenario may be given by a path from there.
    """
    try:
        node = parse_yaml(text, str(file))
    except FileProblems as error:
        return Assessment(text, str(file), error.problems)
    scenario, trouble = _scenario(node, file)
    study, problems = _study(node, file)
    if study is not None:
        problems += [trouble] if trouble else []
        if scenario is not None:
            scenario, more = _with_others(study, scenario, node, file)
            problems += more
        problems += _checked(study, scenario, node)
    plan = None
    if study is not None and scenario is not None and not problems:
        try:
            plan = _plan(study, scenario)
        except StudioError as error:
            problems = [Problem(node.place, error.title, error.hint)]
    return Assessment(text, str(file), tuple(sorted(set(problems))), scenario, plan)


def check_study(path: Path) -> list[Problem]:
    """Every problem of the study in this file; StudioError when it cannot be read."""
    return list(assess(read_text(path), path).problems)


def named_scenario(text: str, file: Path) -> Scenario | None:
    """The scenario that a study's text names, whatever else is wrong with it; None when it cannot be loaded."""
    try:
        return _scenario(parse_yaml(text, str(file)), file)[0]
    except FileProblems:
        return None


def _study(node: Node, file: Path) -> tuple[Study | None, list[Problem]]:
    form, problems = load_as_far(StudyForm, node)
    if form is None or problems:
        return None, problems
    try:
        return study_of(form, file), []
    except FileProblems as error:
        # The user's settings file: it has places of its own, and the study is not to blame.
        return None, [Problem(node.at("models").place, "your settings file cannot be used", error.detail)]
    except StudioError as error:
        told = "; ".join(part for part in (error.detail, error.hint) if part)
        return None, [Problem(node.at("models").place, error.title.removeprefix(f"{file}: "), told)]


def _scenario(node: Node, file: Path) -> tuple[Scenario | None, Problem | None]:
    """The scenario that the text names, whatever else is wrong with it, or why there is none."""
    place, named = node.at("scenario").place, node.at("scenario").value
    if not isinstance(node.value, Mapping) or "scenario" not in node.value or not isinstance(named, str) or not named:
        return None, None
    return _loaded(named, place, file)


def _with_others(study: Study, scenario: Scenario, node: Node, file: Path) -> tuple[Scenario, list[Problem]]:
    """The scenario with those beside it that the study names; what cannot be loaded or compared is told at its place."""
    beside, problems = dict[str, Scenario](), list[Problem]()
    for name in other_scenarios(study):
        place = _place_of(node.at("design"), name) or node.at("design").place
        other, trouble = _loaded(name, place, file)
        problems += [trouble] if trouble else []
        if other is not None:
            beside[name] = other
            problems += _attempt_at(place, partial(check_outcome, study, other, scenario.ref))
    return (replace(scenario, beside=beside) if beside else scenario), problems


def _place_of(node: Node, name: str) -> Place | None:
    """Where `scenario: name` stands under this node; None when it stands nowhere."""
    for key, entry in node.value.items() if isinstance(node.value, Mapping) else ():
        here = entry.node.place if key == "scenario" and entry.node.value == name else None
        found = here or _place_of(entry.node, name)
        if found:
            return found
    return None


def _loaded(named: str, place: Place, file: Path) -> tuple[Scenario | None, Problem | None]:
    try:
        return load_scenario(_location(named, file)), None
    except FileProblems as error:
        told = f"the scenario '{named}' cannot be used: {error.title}"
        return None, Problem(place, told, f"am-studio check {named}")
    except StudioError as error:
        return None, Problem(place, error.title, error.hint)


def _location(named: str, file: Path) -> str:
    # The rule for what a study's `scenario` means stands in one place, which asks for a whole study.
    bare = Study("", "", named, {}, {}, (), "", {}, "inline", {}, Sampling(), 0, source=str(file))
    # The study's own directory need not be there yet, so `..` is worked out on the path alone.
    return os.path.normpath(scenario_location(bare))


def _checked(study: Study, scenario: Scenario | None, node: Node) -> list[Problem]:
    problems = _judge_settings(node.at("judge")) or _attempt(node, "judge", lambda: _judge(study, scenario))
    for index, model in enumerate(study.models):
        problems += _attempt(node, ("models", index), partial(check_model, model))
    return problems if scenario is None else [*problems, *_against(study, scenario, node)]


def _judge_settings(node: Node) -> list[Problem]:
    """What is wrong with the settings of a judge whose kind declares them, each at its own place."""
    given = node.value if isinstance(node.value, Mapping) else {}
    kind = given["kind"].node.value if "kind" in given else None
    form = judge_form(kind) if isinstance(kind, str) else None
    if form is None:
        return []
    settings = replace(node, value={name: entry for name, entry in given.items() if name != "kind"})
    return load_as_far(form, settings)[1]


def _judge(study: Study, scenario: Scenario | None) -> object:
    """The study's judge; a prompt in the scenario's pack is only looked at when the scenario is there."""
    if scenario is not None:
        return with_judge(study, scenario)
    return open_judge(settle_judge(study.judge, lambda _: "{questions} {transcript}"))


def _against(study: Study, scenario: Scenario, node: Node) -> Iterator[Problem]:
    """Problems of a study that show once its scenario is known."""
    outcomes = [outcome.name for outcome in scenario.questions.outcomes]
    if study.outcome not in outcomes:
        told = f"{scenario.ref} has no outcome '{study.outcome}'"
        yield Problem(node.at("outcome").place, told, nearest(study.outcome, outcomes))
    wrong = [
        problem
        for detail, level in study.baseline.items()
        for problem in _attempt(node, ("baseline", detail), partial(scenario.variant, {detail: level}))
    ]
    yield from wrong
    if not wrong and scenario.beside.keys() >= set(other_scenarios(study)):
        yield from _attempt(node, "design", lambda: open_design(study, scenario))


def _attempt(node: Node, path: str | tuple[str | int, ...], act: Callable[[], object]) -> list[Problem]:
    return _attempt_at(node.at(*((path,) if isinstance(path, str) else path)).place, act)


def _attempt_at(place: Place, act: Callable[[], object]) -> list[Problem]:
    try:
        act()
    except StudioError as error:
        hint = "; ".join(part for part in (error.detail.replace("\n", ", "), error.hint) if part)
        return [Problem(place, error.title, hint)]
    return []


def _plan(study: Study, scenario: Scenario) -> Plan:
    trials = open_design(study, scenario).greatest()
    if trials > MOST_TRIALS:
        raise StudioError(f"{trials:,} trials are more than the studio plans", hint="`am-studio run` takes any number")
    return make_plan(study, scenario)


def _field_at(node: Node, place: Place) -> FieldPath:
    """The path to the innermost value, or key of one, that stands at this place; `()` when none does."""
    if isinstance(node.value, Mapping):
        for name, entry in node.value.items():
            inner = _field_at(entry.node, place)
            if inner or place in (entry.key_place, entry.node.place):
                return (name, *inner)
    elif isinstance(node.value, tuple):
        for index, item in enumerate(node.value):
            inner = _field_at(item, place)
            if inner or place == item.place:
                return (index, *inner)
    return ()
