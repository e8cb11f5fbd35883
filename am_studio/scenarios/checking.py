"""What can be known before a call: whether every name means something and every text can be reached.

`check_draft` returns all problems of a scenario at once, each with its place and what would be right. Names and types
are checked first; what depends on levels is checked over all combinations of the details concerned, once names are sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from am_studio.foundation.errors import Place, Problem, nearest
from am_studio.foundation.yamlfile import Node
from am_studio.records import ActionGate, AllOf, AnyOf, Gate, NotOf
from am_studio.scenarios.checking_nuisance import nuisance_problems, unfollowed_names
from am_studio.scenarios.evaluation import SPECIAL, World, names_in
from am_studio.scenarios.expression_types import Names, check_body, check_condition
from am_studio.scenarios.growth import counted_problems, growth_problems
from am_studio.scenarios.language import Expression, Template
from am_studio.scenarios.loading import Draft
from am_studio.scenarios.model import Email, Front, Parts, Table
from am_studio.scenarios.reachability import reach_problems
from am_studio.scenarios.tool_syntax import TOOLS

MOST_LATE = 5
"""Emails that are out of order are told one by one up to this many."""


def check_draft(draft: Draft, *, reach: bool = True) -> list[Problem]:
    """Every problem of a scenario, errors and warnings, in the order of the files.

    Without `reach` it is not looked for texts and levels that no variant reaches, which takes longest.
    """
    return sorted({*draft.problems, *draft.origins.problems(_problems(draft, reach))})


def _problems(draft: Draft, reach: bool) -> list[Problem]:
    """What is wrong beyond what was found when the draft was read, with places in its texts."""
    problems: list[Problem] = []
    if draft.parts is not None and draft.front is not None and draft.node is not None:
        if many := counted_problems(draft.parts, len(draft.front.questions.outcomes)):
            return sorted({*problems, *many})
        problems += _names(draft.parts)
        problems += _cycles(draft.parts)
        problems += _tables(draft.parts, draft.node)
        problems += _outcomes(draft.parts, draft.front, draft.node, draft.unread)
        problems += _protected(draft.parts, draft.front, draft.node)
        problems += _times(draft)
        problems += nuisance_problems(draft.parts, draft.front, draft.node)
        problems += growth_problems(draft.parts)
        if reach and not any(problem.severity == "error" for problem in (*draft.problems, *problems)):
            problems += reach_problems(World(draft.parts), draft.node)
            problems += unfollowed_names(draft.parts, draft.front, draft.node)
    return problems


def _names(parts: Parts) -> Iterator[Problem]:
    names = Names.of(parts)
    yield from _taken_names(parts)
    only_details = names.only(parts.details)
    for condition in _conditions(parts):
        yield from check_condition(condition, only_details)
    for tool in parts.tools.values():
        if tool.name not in TOOLS:
            yield Problem(tool.place, f"there is no tool '{tool.name}'", nearest(tool.name, TOOLS))
    for main in (parts.system, parts.task):
        yield from check_body(main.parts, names)
    inner = names.without(SPECIAL)
    for template in _variable_templates(parts):
        yield from check_body(template.parts, inner)
    for email in parts.emails:
        if email.when is not None:
            yield from check_condition(email.when, inner)
        for template in (*_header_templates(email), email.body):
            yield from check_body(template.parts, inner)


def _taken_names(parts: Parts) -> Iterator[Problem]:
    groups = {"agent", "company", "clock", "cast", "tools", "protocol", *SPECIAL}
    for name, detail in parts.details.items():
        if name in groups:
            yield Problem(detail.place, f"the detail '{name}' has the name of something else", "rename it")
    for name, factor in parts.nuisance.items():
        if name in groups or name in parts.details:
            yield Problem(factor.place, f"the nuisance factor '{name}' has the name of something else", "rename it")
    for name, variable in parts.variables.items():
        if name in groups or name in parts.switched:
            place = variable.place if isinstance(variable, Table) else Place(variable.file)
            yield Problem(place, f"the variable '{name}' has the name of something else", "rename it")


def _conditions(parts: Parts) -> Iterator[Expression]:
    """What decides which variants there are and which tools: over details alone."""
    yield from (detail.needs for detail in parts.details.values() if detail.needs is not None)
    yield from (constraint for constraint, _, _ in parts.constraints)
    for tool in parts.tools.values():
        yield tool.offered
        yield tool.approval


def _header_templates(email: Email) -> Iterator[Template]:
    for header in email.headers.values():
        yield from (value for value in header.values if isinstance(value, Template))


def _variable_templates(parts: Parts) -> Iterator[Template]:
    for variable in parts.variables.values():
        if isinstance(variable, Template):
            yield variable
        else:
            yield from variable.entries.values()
            if variable.default is not None:
                yield variable.default


def _cycles(parts: Parts) -> Iterator[Problem]:
    """Details that need each other, and variables that use themselves."""
    graph: dict[str, tuple[set[str], Place]] = {}
    for name, detail in parts.details.items():
        mentioned = {found.path for found in names_in(detail.needs)} if detail.needs is not None else set()
        graph[name] = (mentioned, detail.place)
    for name, variable in parts.variables.items():
        templates = [variable] if isinstance(variable, Template) else [*variable.entries.values(), variable.default]
        mentioned = {found.path for template in templates if template for found in names_in(template.parts)}
        place = variable.place if isinstance(variable, Table) else Place(variable.file)
        graph[name] = (mentioned, place)
    for name, (_, place) in graph.items():
        if _leads_to_itself(name, graph):
            yield Problem(place, f"'{name}' depends on itself", "break the circle")


def _leads_to_itself(name: str, graph: dict[str, tuple[set[str], Place]]) -> bool:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for following in graph.get(waiting.pop(), (set(), Place("")))[0]:
            if following == name:
                return True
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def _tables(parts: Parts, node: Node) -> Iterator[Problem]:
    for name, table in parts.variables.items():
        if not isinstance(table, Table):
            continue
        unknown = [detail for detail in table.by if detail not in parts.switched]
        for detail in unknown:
            place = node.at("variables", name, "by").place
            yield Problem(place, f"there is no detail '{detail}'", nearest(detail, parts.switched))
        if unknown:
            continue
        for row in table.entries:
            for detail, level in zip(table.by, row, strict=False):
                if level not in parts.switched[detail].levels:
                    key = node.key_place("variables", name, "levels", ", ".join(row))
                    hint = nearest(level, parts.switched[detail].levels)
                    yield Problem(key, f"the detail '{detail}' has no level '{level}'", hint)
        wanted = 1
        for detail in table.by:
            wanted *= len(parts.switched[detail].levels)
        if table.default is None and len(table.entries) < wanted:
            hint = "add the missing ones, or a 'default'"
            yield Problem(table.place, f"'{name}' has {len(table.entries)} of {wanted} combinations of levels", hint)


def _outcomes(parts: Parts, front: Front, node: Node, unread: set[str]) -> Iterator[Problem]:
    terms = front.questions.terms
    known = {
        "tool": set(parts.tools),
        "person": {person.id for person in front.people if person.id != "agent"}
        | {"inside", "outside", "stranger", "anyone"},
        "email": {email.id for email in parts.emails} | unread,
        "status": {"done", "held", "refused"},
    }
    for outcome in front.questions.outcomes:
        at = node.at("outcomes", outcome.name, "gate").place
        for gate in _action_gates(outcome.gate):
            yield from _gate_problems(gate, known, at, outcome.name)
        if outcome.gate == AllOf(()) and outcome.looks_at == "actions" and not outcome.given:
            yield Problem(front.outcome_places[outcome.name], f"'{outcome.name}' looks at actions and has no gate")
        if outcome.content is not None:
            content_place = node.at("outcomes", outcome.name, "content").place
            for family in (*outcome.content.all, *outcome.content.any, *outcome.content.none, *outcome.content.maybe):
                if not terms.get(family):
                    yield Problem(content_place, f"there are no terms '{family}'", nearest(family, terms))
        elif not outcome.gate_decides and not outcome.rubric:
            place = front.outcome_places[outcome.name]
            yield Problem(place, f"'{outcome.name}' has neither content, gate_decides nor a rubric", "", "warning")


def _gate_problems(gate: ActionGate, known: Mapping[str, set[str]], at: Place, outcome: str) -> Iterator[Problem]:
    for kind, names in (
        ("tool", gate.actions),
        ("person", gate.to),
        ("email", gate.emails),
        ("status", gate.statuses),
    ):
        for name in names:
            if name not in known[kind] and not (kind == "person" and name.startswith("@")):
                told = "refers to nobody: there is no" if kind == "person" else f"refers to no {kind}: there is no"
                yield Problem(at, f"'{outcome}' {told} '{name}'", nearest(name, known[kind]))
    if not (gate.actions or gate.to or gate.emails or gate.args or gate.statuses):
        yield Problem(at, f"the gate of '{outcome}' lets any action pass", "say which", "warning")


def _action_gates(gate: Gate) -> Iterator[ActionGate]:
    if isinstance(gate, ActionGate):
        yield gate
    elif isinstance(gate, NotOf):
        yield from _action_gates(gate.part)
    elif isinstance(gate, AllOf | AnyOf):
        for part in gate.parts:
            yield from _action_gates(part)


def _protected(parts: Parts, front: Front, node: Node) -> Iterator[Problem]:
    files = {"system.md": parts.system, "task.md": parts.task, **{email.file: email.body for email in parts.emails}}
    for index, passage in enumerate(front.protect):
        place = node.at("protect", index).place
        file, _, name = passage.partition("#")
        if file not in files:
            yield Problem(place, f"there is no text '{file}'", nearest(file, files))
        elif name and name not in {found for found, _, _ in files[file].passages}:
            known = [found for found, _, _ in files[file].passages]
            yield Problem(place, f"{file} has no passage '{name}'", nearest(name, known))


def _times(draft: Draft) -> Iterable[Problem]:
    if draft.form is None or draft.parts is None:
        return
    now = draft.form.clock.now
    previous = ""
    late: list[Problem] = []
    for email in draft.parts.emails:
        if not email.arrives and email.sent > now:
            hint = "send it earlier, move clock.now, or let it arrive in a later turn with 'arrives'"
            yield Problem(email.place, f"sent at {email.sent}, after the scenario's clock ({now})", hint)
        if email.arrives and email.sent < now:
            hint = "mail that arrives in a later turn is sent after clock.now"
            yield Problem(
                email.place, f"arrives before turn {email.arrives} but was sent at {email.sent}", hint, "warning"
            )
        if draft.form.order == "file" and email.sent < previous:
            hint = "rename the file, change 'sent', or use 'order: sent'"
            told = f"out of order: sent at {email.sent}, after one of {previous}"
            late.append(Problem(email.place, told, hint, "warning"))
        previous = max(previous, email.sent)
    if len(late) > MOST_LATE:
        more = f"{late[0].message}; so are {len(late) - 1} more emails"
        late = [replace(late[0], message=more)]
    yield from late
