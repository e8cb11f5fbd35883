"""What a lint finds, and what a rule is.

A finding is never an error: a scenario that has some still renders and runs. It is a place where a reader, or a model,
would stop believing the mail, told with why that matters and a way out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from am_studio.foundation.errors import Place
from am_studio.scenarios.lint.reading import Reading

Found = Iterator[tuple[Place, str]]
"""Where, and what is there."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding."""

    id: str
    """What a scenario allows it by, such as `inbox-out-of-order`."""
    why: str
    """Why it matters to the result."""
    way_out: str
    find: Callable[[Reading], Found]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One place that a rule objects to."""

    place: Place
    """File relative to the scenario."""
    id: str
    told: str
    """What is there, in one sentence without its full stop."""
    why: str
    way_out: str
    allowed: str = ""
    """The reason that the author gives for keeping it; empty: none."""
