"""What no allowed variant ever shows: emails, branches and levels out of reach, and details that change nothing.

Each question is asked over all combinations of the details concerned (those of the constraints included); where these
are more than `MAX_COMBINATIONS`, over as many drawn with a fixed seed, and then only finds are reported as reached.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator

from am_studio.foundation.errors import Problem
from am_studio.foundation.yamlfile import Node
from am_studio.records import Variant
from am_studio.scenarios.evaluation import State, World, branch, names_in
from am_studio.scenarios.language import Branches, Expression, Part, Template
from am_studio.scenarios.model import Reordering
from am_studio.scenarios.rendering import Renderer

MAX_COMBINATIONS = 20_000
MAX_WORK = 8_000_000
"""Levels that are settled for one question over all details: beyond twenty details fewer combinations are drawn."""


def reach_problems(world: World, node: Node) -> list[Problem]:
    """Problems of a scenario whose names are sound."""
    problems = list(_constraint_problems(world, node))
    if any(problem.severity == "error" for problem in problems):
        return problems
    problems += _unreached_levels(world)
    problems += _unreached_texts(world)
    problems += _idle_details(world)
    return problems


def states(world: World, names: Iterable[str]) -> Iterator[State]:
    """States of every allowed combination of these details, those of the constraints joined in."""
    wanted = set(names).union(*(world.support(constraint) for constraint, _, _ in world.parts.constraints))
    ordered = [name for name in world.switched if name in wanted]
    start = _start(world)
    for levels in _combinations(world, ordered):
        chosen = {**start, **dict(zip(ordered, levels, strict=True))}
        state = State(world, world.effective(chosen), "inline", chosen)
        if _allowed(world, state):
            yield state


def _start(world: World) -> dict[str, str]:
    return {**{name: detail.default for name, detail in world.parts.details.items()}, **world.written}


def _combinations(world: World, names: list[str]) -> Iterable[tuple[str, ...]]:
    choices = [world.switched[name].levels for name in names]
    # Every detail asks, and every combination settles every detail: the time grows with the square of their number.
    most = min(MAX_COMBINATIONS, MAX_WORK // max(len(world.parts.details), 1) ** 2)
    if math.prod(map(len, choices)) <= most:
        return itertools.product(*choices)
    draw = random.Random(20_000)
    start = _start(world)
    drawn = (tuple(draw.choice(levels) for levels in choices) for _ in range(most))
    return itertools.chain([tuple(start[name] for name in names)], drawn)


def _allowed(world: World, state: State) -> bool:
    return all(state.holds(constraint) for constraint, _, _ in world.parts.constraints)


def _constraint_problems(world: World, node: Node) -> Iterator[Problem]:
    constraints = world.parts.constraints
    if not constraints:
        return
    place = node.key_place("constraints")
    if next(states(world, ()), None) is None:
        yield Problem(place, "no variant is allowed: the constraints exclude each other", "loosen one of them")
        return
    start = _start(world)
    defaults = State(world, world.effective(start), "inline", start)
    for constraint, source, where in constraints:
        if not defaults.holds(constraint):
            yield Problem(where, f"the defaults break this constraint: {source}", "change a default or the constraint")
        names = world.support(constraint)
        if all(
            State(world, world.effective(chosen)).holds(constraint)
            for levels in _combinations(world, list(names))
            for chosen in [{**start, **dict(zip(names, levels, strict=True))}]
        ):
            yield Problem(where, f"this constraint excludes nothing: {source}", "remove it", "warning")


def _unreached_levels(world: World) -> Iterator[Problem]:
    for detail in world.parts.details.values():
        reached: set[str] = set()
        for state in states(world, world.support_of_name(detail.name)):
            reached.add(state.levels[detail.name])
            if len(reached) == len(detail.levels):
                break
        for level in detail.levels:
            if level not in reached:
                hint = "look at 'needs' and the constraints"
                yield Problem(detail.place, f"no allowed variant has {detail.name} at '{level}'", hint)


def _unreached_texts(world: World) -> Iterator[Problem]:
    parts = world.parts
    for email in parts.emails:
        if email.when is not None and not any(s.holds(email.when) for s in states(world, world.support(email.when))):
            yield Problem(email.place, "no allowed variant has this email", "look at its 'when' and the constraints")
    for template, when in _templates(world):
        branches = list(_branches_in(template.parts))
        if not branches:
            continue
        taken: set[tuple[int, int]] = set()
        asks_protocol = any(name.path == "protocol" for name in names_in(template.parts))
        for state in states(world, world.support(template.parts, when)):
            if state.holds(when):
                _mark(template.parts, state, taken)
                if asks_protocol:
                    _mark(template.parts, State(world, state.levels, "tools", state.chosen), taken)
        for part in branches:
            for index, (test, _) in enumerate(part.branches):
                if (id(part), index) not in taken:
                    yield Problem(test.place, "no allowed variant takes this branch", "remove it", "warning")
            if part.otherwise and (id(part), -1) not in taken:
                yield Problem(part.place, "no allowed variant takes the 'else' of this", "remove it", "warning")


def _templates(world: World) -> Iterator[tuple[Template, Expression | None]]:
    yield world.parts.system, None
    yield world.parts.task, None
    for email in world.parts.emails:
        yield email.body, email.when


def _branches_in(parts: tuple[Part, ...]) -> Iterator[Branches]:
    for part in parts:
        if isinstance(part, Branches):
            yield part
            for _, body in part.branches:
                yield from _branches_in(body)
            yield from _branches_in(part.otherwise)


def _mark(parts: tuple[Part, ...], state: State, taken: set[tuple[int, int]]) -> None:
    for part in parts:
        if isinstance(part, Branches):
            index = branch(part, state)
            taken.add((id(part), index))
            _mark(part.otherwise if index < 0 else part.branches[index][1], state, taken)


def _idle_details(world: World) -> Iterator[Problem]:
    renderer = Renderer(world)
    units = renderer.text_units()
    for detail in world.parts.details.values():
        concerned = [unit for unit, support in units.items() if detail.name in support]
        if not any(_changes(world, renderer, unit, units[unit], detail.name) for unit in concerned):
            hint = "use it in a text, or remove it" if not concerned else "the texts of its levels are the same"
            yield Problem(detail.place, f"the detail '{detail.name}' changes nothing in any allowed variant", hint)
    for factor in world.parts.nuisance.values():
        if isinstance(factor.change, Reordering):
            continue
        concerned = [unit for unit, support in units.items() if factor.name in support]
        for level in factor.levels[1:]:
            changes = (_changes(world, renderer, unit, units[unit], factor.name, to=level) for unit in concerned)
            if not any(changes):
                hint = "use it in a text, or remove it" if not concerned else "its texts are those as written"
                told = f"the nuisance factor '{factor.name}' changes nothing at '{level}'"
                yield Problem(factor.place, told, hint)


def _changes(
    world: World, renderer: Renderer, unit: str, support: tuple[str, ...], detail: str, *, to: str = ""
) -> bool:
    """Whether flipping the detail (or a factor from as written to this level, if one is given) changes this text in some allowed context."""
    for state in states(world, support):
        if to and state.chosen[detail] != world.written[detail]:
            continue
        text = _text(renderer, unit, state)
        for level in (to,) if to else world.switched[detail].levels:
            if level != state.chosen[detail]:
                chosen = {**state.chosen, detail: level}
                other = State(world, world.effective(chosen), "inline", chosen)
                if _allowed(world, other) and _text(renderer, unit, other) != text:
                    return True
    return False


def _text(renderer: Renderer, unit: str, state: State) -> str:
    return renderer.unit_text(unit, Variant.of(state.levels))
