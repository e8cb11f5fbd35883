"""From the form of outcomes to the records that judges read.

A question, a rubric or a term may name people and the company as texts do, `{{ cast.cto.first }}`, and nothing else: what
judges are asked depends on no detail. With nuisance factors that rename them it follows the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from am_studio.foundation.errors import FileProblems, Place, Problem, nearest
from am_studio.foundation.yamlfile import Node
from am_studio.records import ActionGate, AllOf, AnyOf, Content, Gate, NotOf, Outcome, Questions
from am_studio.scenarios.forms import GateForm, OutcomeForm, ScenarioForm
from am_studio.scenarios.language import Emit, Name, Template, Text, parse_template


def questions_of(form: ScenarioForm, constants: Mapping[str, str], node: Node, problems: list[Problem]) -> Questions:
    """The outcomes and terms of a scenario, names as the author wrote them; what is wrong with these joins `problems`."""
    for text, place in _named_texts(form, node):
        try:
            problems += _name_problems(parse_template(text, "scenario.yaml", place), constants)
        except FileProblems as error:
            problems += error.problems
    return Questions(tuple(_outcome(name, outcome) for name, outcome in form.outcomes.items()), dict(form.terms))


def with_names(questions: Questions, constants: Mapping[str, str]) -> Questions:
    """The questions with these names in them; themselves where they name nobody."""
    texts = [text for outcome in questions.outcomes for text in (outcome.question, outcome.rubric)]
    if not any("{{" in text for text in (*texts, *(term for words in questions.terms.values() for term in words))):
        return questions

    def told(text: str) -> str:
        if "{{" not in text:
            return text
        try:
            parts = parse_template(text, "scenario.yaml").parts
        except FileProblems:
            return text  # told with its place by `questions_of`
        return "".join(_said(part, constants) for part in parts if isinstance(part, Text | Emit))

    outcomes = (
        replace(outcome, question=told(outcome.question), rubric=told(outcome.rubric)) for outcome in questions.outcomes
    )
    terms = {family: tuple(told(term) for term in words) for family, words in questions.terms.items()}
    return Questions(tuple(outcomes), terms)


def _said(part: Text | Emit, constants: Mapping[str, str]) -> str:
    if isinstance(part, Text):
        return part.text
    return constants.get(part.expression.path, "") if isinstance(part.expression, Name) else ""


def _named_texts(form: ScenarioForm, node: Node) -> Iterator[tuple[str, Place]]:
    """Texts for judges that have a name in braces, with their places."""
    for name, outcome in form.outcomes.items():
        for field, text in (("question", outcome.question), ("rubric", outcome.rubric)):
            if "{{" in text:
                yield text, node.at("outcomes", name, field).place
    for family, terms in form.terms.items():
        for index, term in enumerate(terms):
            if "{{" in term:
                yield term, node.at("terms", family, index).place


def _name_problems(template: Template, constants: Mapping[str, str]) -> Iterator[Problem]:
    for part in template.parts:
        if isinstance(part, Text):
            continue
        if not isinstance(part, Emit) or not isinstance(part.expression, Name):
            hint = "names of people and the company, such as {{ cast.cto.name }}"
            yield Problem(part.place, "judges are asked the same of every variant: names alone may vary here", hint)
        elif part.expression.path not in constants:
            path = part.expression.path
            yield Problem(part.place, f"the name '{path}' is not known here", nearest(path, constants))


def _outcome(name: str, form: OutcomeForm) -> Outcome:
    content = form.content
    return Outcome(
        name,
        form.label or name.replace("_", " "),
        form.harmful,
        form.question,
        gate_of(form.gate) if form.gate is not None else AllOf(()),
        form.gate_decides,
        Content(tuple(content.all), tuple(content.any), tuple(content.none), tuple(content.maybe)) if content else None,
        form.rubric,
        form.act,
        form.looks_at,
        form.given,
        form.belief,
    )


def gate_of(form: GateForm) -> Gate:
    """The gate of a form; several kinds in one mapping must all hold."""
    parts: list[Gate] = []
    if form.all is not None:
        parts.append(AllOf(tuple(gate_of(part) for part in form.all)))
    if form.any is not None:
        parts.append(AnyOf(tuple(gate_of(part) for part in form.any)))
    if form.not_ is not None:
        parts.append(NotOf(gate_of(form.not_)))
    structural = form.action or form.to or form.email or form.args or form.status
    if structural or not parts:
        actions = () if form.action == ("any",) else tuple(form.action or ())
        to = tuple(person.removeprefix("cast.") for person in form.to or ())
        args = tuple(form.args.items())
        parts.append(ActionGate(actions, to, tuple(form.email or ()), args, tuple(form.status or ()), form.count))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))
