"""Texts with the reason for every stretch of them.

A fragment is a piece of text with its source and its cause. `Writer` walks a body and collects fragments; `units`
elsewhere put them together. What a stretch came through (branches, rows of tables, chosen values) adds to its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from am_studio.foundation.errors import Place
from am_studio.records import Choice
from am_studio.scenarios.evaluation import State, World, branch, evaluate
from am_studio.scenarios.language import Branches, Emit, Expression, Name, Part, Template, Text
from am_studio.scenarios.model import ToolOffer
from am_studio.scenarios.tool_syntax import APPROVAL, INTRODUCTION, NATIVE, NOTHING_OFFERED, TOOLS

Choices = tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Why a stretch of text is there."""

    cause: Choices = ()
    consulted: Choices = ()

    def and_(self, cause: Choices, consulted: Choices) -> Why:
        """This and one more reason."""
        if not consulted:
            return self
        return Why(_union(self.cause, cause), _union(self.consulted, consulted))


def _union(first: Choices, second: Choices) -> Choices:
    if not second:
        return first
    return tuple(dict.fromkeys(first + second))


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of text, where it comes from, and why it is there."""

    text: str
    place: Place
    why: Why
    part: str
    """What an author calls the text it belongs to: `system.md`, `task.md`, an email's id, or `inbox`."""
    off: bool = False
    """Not in this variant; written only when what is off is asked for."""


class Writer:
    """Collects the fragments of one part's bodies in one state; `with_off` adds the branches that are not taken."""

    def __init__(
        self, world: World, state: State, part: str, inbox: Sequence[Fragment] = (), *, with_off: bool = False
    ) -> None:
        self.world = world
        self.state = state
        self.part = part
        self._inbox = inbox
        self._with_off = with_off

    def fragment(self, text: str, place: Place, why: Why) -> Fragment:
        """A fragment of this part."""
        return Fragment(text, place, why, self.part)

    def body(self, parts: tuple[Part, ...], why: Why) -> list[Fragment]:
        """The fragments of a body; empty texts are left out."""
        fragments: list[Fragment] = []
        for part in parts:
            if isinstance(part, Text):
                fragments.append(self.fragment(part.text, part.place, why))
            elif isinstance(part, Emit):
                fragments += self._emitted(part, why)
            else:
                fragments += self._branches(part, why)
        return [fragment for fragment in fragments if fragment.text]

    def _branches(self, part: Branches, why: Why) -> list[Fragment]:
        taken, reason = self.taken(part, why)
        if not self._with_off:
            return self.body(part.otherwise if taken < 0 else part.branches[taken][1], reason)
        fragments: list[Fragment] = []
        for index, body in enumerate([*(body for _, body in part.branches), part.otherwise]):
            here = index == taken or (taken < 0 and index == len(part.branches))
            written = self.body(body, reason)
            fragments += written if here else [replace(fragment, off=True) for fragment in written]
        return fragments

    def taken(self, branches: Branches, why: Why) -> tuple[int, Why]:
        """Which branch is taken here (-1: the last `else`), and the reasons with it added."""
        support = self.world.support(*(test for test, _ in branches.branches))
        taken, cause, consulted = self.world.decide(
            id(branches), lambda state: branch(branches, state), support, self.state
        )
        return taken, why.and_(cause, consulted)

    def _emitted(self, part: Emit, why: Why) -> list[Fragment]:
        expression = part.expression
        if isinstance(expression, Name):
            if expression.path == "tool_syntax":
                return self._tool_syntax(why)
            if expression.path == "inbox":
                return [replace(piece, why=why.and_(piece.why.cause, piece.why.consulted)) for piece in self._inbox]
            if expression.path in self.world.parts.variables:
                return self._variable(expression.path, why)
        support = self.world.support(expression)
        value, cause, consulted = self.world.decide(
            id(part), lambda state: str(evaluate(expression, state.look)), support, self.state
        )
        return [self.fragment(value, part.place, why.and_(cause, consulted))]

    def _variable(self, name: str, why: Why) -> list[Fragment]:
        variable = self.world.parts.variables[name]
        if isinstance(variable, Template):
            return self.body(variable.parts, why)
        names = frozenset().union(*(self.world.support_of_name(detail) for detail in variable.by))
        support = tuple(detail for detail in self.world.switched if detail in names)
        row, cause, consulted = self.world.decide(("row", name), lambda state: state.row(name), support, self.state)
        return self.body(row.parts, why.and_(cause, consulted))

    def holds(self, condition: Expression | None, why: Why) -> tuple[bool, Why]:
        """Whether a condition is true here, and the reasons with it added."""
        if condition is None:
            return True, why
        truth, cause, consulted = self.world.decide(
            id(condition), lambda state: state.holds(condition), self.world.support(condition), self.state
        )
        return truth, why.and_(cause, consulted)

    def _tool_syntax(self, why: Why) -> list[Fragment]:
        """How to call the offered tools, in words."""
        made_up = Place("scenario.yaml")
        offers = tuple(self.world.parts.tools.values())
        any_offered, cause, consulted = self.world.decide(
            "tools", lambda state: any(state.holds(offer.offered) for offer in offers),
            self.world.support(*(offer.offered for offer in offers)), self.state,
        )  # fmt: skip
        intro_why = why.and_(cause, consulted)
        if not any_offered:
            return [self.fragment(NOTHING_OFFERED, made_up, intro_why)]
        if self.state.protocol == "tools":
            return [self.fragment(NATIVE, made_up, intro_why)]
        blocks = [fragment for offer in offers for fragment in self._tool(offer, why)]
        return [self.fragment(INTRODUCTION, made_up, intro_why), *blocks]

    def _tool(self, offer: ToolOffer, why: Why) -> list[Fragment]:
        """One tool's block; each piece brings the line break before it, so that no piece depends on what follows."""
        offered, reason = self.holds(offer.offered, why)
        if not offered:
            return []
        tool = TOOLS[offer.name]
        fragments = [self.fragment(f"\n\n{tool.purpose}", offer.place, reason)]
        held, held_reason = self.holds(offer.approval, reason)
        if held:
            fragments.append(self.fragment(f"\n{APPROVAL}", offer.place, held_reason))
        return [*fragments, self.fragment(f"\n{tool.example}", offer.place, reason)]
