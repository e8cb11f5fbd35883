"""Every key that does something anywhere in the studio, by the id of what it does. Nothing here draws.

The ids are those of the bindings themselves, gathered from the classes of all screens and widgets, so that none is written
down twice.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.screen import ModalScreen

import am_studio.tui
from am_studio.foundation.errors import nearest


@dataclass(frozen=True, slots=True)
class Bound:
    """Something that a key does."""

    id: str
    """Such as `author.save`."""
    keys: tuple[str, ...]
    """As the program has them."""
    description: str
    tooltip: str
    around: str = ""
    """The screen on which it works together with others, by the name of its package; empty: a dialog, or everywhere."""

    @property
    def place(self) -> str:
        """The screen or widget it belongs to."""
        return self.id.partition(".")[0]


def every_binding() -> tuple[Bound, ...]:
    """All of them by id; loads every screen, which takes a moment."""
    for module in pkgutil.walk_packages(am_studio.tui.__path__, "am_studio.tui."):
        importlib.import_module(module.name)
    found: dict[str, Bound] = {}
    for kind in sorted(_kinds(DOMNode), key=lambda kind: (kind.__module__, kind.__name__)):
        for binding in _own(kind):
            known = found.get(binding.id or "")
            keys = tuple(dict.fromkeys((*(known.keys if known else ()), binding.key)))
            name, around = binding.id or "", _around(kind)
            found[name] = Bound(name, keys, binding.description, binding.tooltip, around)
    return tuple(found[name] for name in sorted(found))


def wrong_ids(keys: Mapping[str, str], known: Iterable[Bound]) -> tuple[str, ...]:
    """What is wrong with these keys of the user's: ids that there are not, a line each."""
    ids = [bound.id for bound in known]
    return tuple(f"studio.keys: nothing is called '{name}'. {nearest(name, ids)}" for name in keys if name not in ids)


def shared_keys(keys: Mapping[str, str], known: Sequence[Bound]) -> tuple[tuple[str, str, str], ...]:
    """(key, id, other id) for each key of the user's that something else has as well: in the same place, on the same
    screen, or everywhere.
    """
    bound = {each.id: (keys[each.id].split(",") if each.id in keys else each.keys) for each in known}
    by_id = {each.id: each for each in known}
    found = []
    for name in keys:
        for other, others in bound.items():
            if other != name and name in bound and _meet(by_id[name], by_id[other]):
                found += [(key, name, other) for key in bound[name] if key in others]
    return tuple(found)


def _meet(one: Bound, other: Bound) -> bool:
    """Whether both can be in force at once."""
    here = one.place == other.place or "app" in {one.place, other.place}
    return here or bool(one.around and one.around == other.around)


def _around(kind: type[DOMNode]) -> str:
    package = kind.__module__.removeprefix("am_studio.tui.").split(".")
    return package[0] if len(package) > 1 and not issubclass(kind, ModalScreen) else ""


def _kinds(of: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for kind in of.__subclasses__():
        if kind.__module__.startswith("am_studio."):
            yield kind
        yield from _kinds(kind)


def _own(kind: type[DOMNode]) -> Iterator[Binding]:
    for bindings in BindingsMap(kind.__dict__.get("BINDINGS", ())).key_to_bindings.values():
        yield from (binding for binding in bindings if binding.id)
