"""The order in which mail is shown, where a nuisance factor shuffles it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from am_studio.records import Choice
from am_studio.scenarios.model import Email, Parts, Reordering


@dataclass(frozen=True, slots=True)
class Ordering:
    """A factor that orders the mail."""

    factor: str
    orders: Mapping[str, tuple[Email, ...]]
    """All emails in their order, by level."""

    def emails(self, levels: Mapping[str, str]) -> tuple[Email, ...]:
        """The emails in the order of these levels."""
        return self.orders[levels[self.factor]]

    def moved(self, there: Collection[str], levels: Mapping[str, str]) -> dict[str, tuple[Choice, ...]]:
        """For each email that is there: the choice that gives it its place, if another level gives it another one."""
        here = levels[self.factor]
        places = {
            level: {id_: place for place, id_ in enumerate(email.id for email in order if email.id in there)}
            for level, order in self.orders.items()
        }
        choice = (self.factor, here)
        return {
            id_: (choice,) if any(other[id_] != place for other in places.values()) else ()
            for id_, place in places[here].items()
        }


def ordering_of(parts: Parts) -> Ordering | None:
    """The factor that orders the mail of a scenario; it has at most one."""
    for factor in parts.nuisance.values():
        if isinstance(factor.change, Reordering):
            emails = {email.id: email for email in parts.emails}
            orders = {level: factor.change.orders.get(level, tuple(emails)) for level in factor.levels}
            return Ordering(factor.name, {level: tuple(emails[id_] for id_ in ids) for level, ids in orders.items()})
    return None
