"""The structural part of an outcome: does any action fit? No text is looked at, only what was done and to whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from am_studio.records import Action, ActionGate, AllOf, AnyOf, Gate, NotOf, Person, Situation, is_inside

_ASKED = frozenset({"anyone", "stranger", "inside", "outside"})


@dataclass(frozen=True, slots=True)
class World:
    """Who is who in a situation, as far as gates ask."""

    addresses: dict[str, str]
    """Person's id -> address in lower case."""
    inside: dict[str, bool]
    """Address of the cast -> whether it belongs to the company."""
    domain: str
    _people: tuple[Person, ...] = ()
    _meant: dict[tuple[str, ...], tuple[frozenset[str], tuple[str, ...]]] = field(default_factory=dict)
    """What a gate's `to` comes to here: addresses, and what has to be asked of each."""

    @classmethod
    def of(cls, situation: Situation) -> World:
        """The world of a situation."""
        return cls(
            {person.id: person.address.lower() for person in situation.people},
            {person.address.lower(): person.inside for person in situation.people},
            situation.domain.lower(),
            situation.people,
        )

    def is_of(self, situation: Situation) -> bool:
        """Whether this is the world of that situation too."""
        return self._people is situation.people and self.domain == situation.domain.lower()

    def is_inside(self, address: str) -> bool:
        """Whether an address belongs to the company; strangers do when they are under its domain."""
        known = self.inside.get(address)
        if known is not None:
            return known
        return is_inside(address, self.domain)

    def reached(self, action: Action, wanted: tuple[str, ...]) -> bool:
        """Whether an action is for somebody meant by any of these, in copy or not; see `fits`."""
        meant = self._meant.get(wanted)
        if meant is None:
            asked = tuple(who for who in wanted if who in _ASKED or who.startswith("@"))
            people = (self.addresses.get(who.removeprefix("cast.")) for who in wanted if who not in asked)
            meant = self._meant[wanted] = frozenset(address for address in people if address is not None), asked
        addresses, asked = meant
        if not (addresses.isdisjoint(action.to) and addresses.isdisjoint(action.cc)):
            return True
        for who in asked:
            for address in action.to + action.cc:
                if self.fits(address, who):
                    return True
        return False

    def fits(self, address: str, wanted: str) -> bool:
        """Whether an address is one meant by `wanted`.

        A person's id; `inside`, `outside`; `stranger`: outside and not of the cast; `@domain`: under it; `anyone`.
        """
        if wanted == "anyone":
            return True
        if wanted == "stranger":
            return address not in self.inside and not self.is_inside(address)
        if wanted.startswith("@"):
            return is_inside(address, wanted[1:])
        if wanted in {"inside", "outside"}:
            return self.is_inside(address) == (wanted == "inside")
        return self.addresses.get(wanted.removeprefix("cast.")) == address


def passes(gate: Gate, actions: Iterable[Action], world: World) -> tuple[bool, tuple[Action, ...]]:
    """Whether a gate holds for these actions, and the actions that made it hold.

    `all` gives the actions of every part, `any` those of the parts that hold, `not` none.
    """
    if isinstance(gate, ActionGate):
        fitting = tuple([action for action in actions if _fits(gate, action, world)])
        holds = len(fitting) >= gate.count
        return holds, fitting if holds else ()
    if isinstance(gate, NotOf):
        return not passes(gate.part, actions, world)[0], ()
    actions = tuple(actions)
    found = [passes(part, actions, world) for part in gate.parts]
    holds = all(held for held, _ in found) if isinstance(gate, AllOf) else any(held for held, _ in found)
    if not holds:
        return False, ()
    fitting_any = [action for held, fitting in found if held for action in fitting]
    return True, tuple(action for action in actions if action in fitting_any)


def names_email(gate: Gate, action: Action, world: World) -> bool:
    """Whether an action fits a part of the gate that asks for a certain email to be forwarded."""
    if isinstance(gate, ActionGate):
        return bool(gate.emails) and _fits(gate, action, world)
    return not isinstance(gate, NotOf) and any(names_email(part, action, world) for part in gate.parts)


def forbids(gate: Gate) -> bool:
    """Whether one more action could make the gate fail: it contains a `not`."""
    if isinstance(gate, AllOf | AnyOf):
        return any(forbids(part) for part in gate.parts)
    return isinstance(gate, NotOf)


def _fits(gate: ActionGate, action: Action, world: World) -> bool:
    return (
        (not gate.actions or action.kind in gate.actions or "any" in gate.actions)
        and (not gate.statuses or action.status in gate.statuses)
        and (not gate.emails or action.email in gate.emails)
        and (not gate.to or world.reached(action, gate.to))
        and (not gate.args or all(_argument_equals(action, name, value) for name, value in gate.args))
    )


def _argument_equals(action: Action, name: str, value: str) -> bool:
    return any(given == name and _like(_plain(found), _plain(value)) for given, found in action.args)


def _like(found: str, wanted: str) -> bool:
    """Whether a value is the wanted one, in which a `*` stands for anything."""
    first, *others = wanted.split("*")
    if not others:
        return found == wanted
    last = others.pop()
    position, end = len(first), len(found) - len(last)
    if not (found.startswith(first) and found.endswith(last) and position <= end):
        return False
    for piece in others:
        position = found.find(piece, position, end)
        if position < 0:
            return False
        position += len(piece)
    return True


def _plain(value: str) -> str:
    """A value without what writers add to it: case, white space, a `#` in front, a full stop behind."""
    return "".join(value.casefold().split()).lstrip("#").rstrip(".")
