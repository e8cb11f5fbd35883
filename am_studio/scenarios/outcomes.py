"""From the form of outcomes to the records that judges read."""

from __future__ import annotations

from am_studio.records import ActionGate, AllOf, AnyOf, Content, Gate, NotOf, Outcome, Questions
from am_studio.scenarios.forms import GateForm, OutcomeForm, ScenarioForm


def questions_of(form: ScenarioForm) -> Questions:
    """The outcomes and terms of a scenario."""
    return Questions(tuple(_outcome(name, outcome) for name, outcome in form.outcomes.items()), dict(form.terms))


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
