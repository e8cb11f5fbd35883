"""What the pages of a library show: packs, scenarios, their texts in stretches with the details that put each there."""

from __future__ import annotations

from dataclasses import dataclass

from am_studio.records import Outcome, Person
from am_studio.reports.document.blocks import Block
from am_studio.scenarios.model import Detail


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of text."""

    text: str
    letters: str
    """Of the details that put it there, such as `C` or `CE`; empty: it stands in every variant."""
    told: str
    """The same in words, such as `because of ceo_unreachable = on`."""
    classes: str
    """For the style sheet: one a detail, and `off` where the scenario as written does not have it."""
    off: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """One email."""

    id: str
    head: tuple[Stretch, ...]
    body: tuple[Stretch, ...]
    subject: str
    """For the list of the inbox: as plain text."""
    off: bool
    """Whether the scenario as written does not have it."""
    later: int
    """The turn before which it comes in; 0: it is there from the start."""


@dataclass(frozen=True, slots=True)
class DetailCard:
    """A detail with its letter."""

    detail: Detail
    letter: str
    place: int
    """From 0, for the style sheet."""


@dataclass(frozen=True, slots=True)
class ScenarioPage:
    """A scenario, to be read."""

    name: str
    ref: str
    title: str
    summary: str
    hash: str
    company: str
    domain: str
    business: str
    now: str
    people: tuple[Person, ...]
    details: tuple[DetailCard, ...]
    outcomes: tuple[Outcome, ...]
    tools: tuple[str, ...]
    system: tuple[Stretch, ...]
    task: tuple[Stretch, ...]
    inbox: tuple[Letter, ...]
    results: tuple[Block, ...]
    simulated: bool
    """Whether a result on the page is of simulated subjects."""

    @property
    def file(self) -> str:
        """Of its page, in the directory of its pack."""
        return f"{self.name}.html"


@dataclass(frozen=True, slots=True)
class PackPage:
    """A pack with its scenarios."""

    name: str
    title: str
    version: str
    authors: tuple[str, ...]
    license: str
    content_notice: str
    canary: str
    scenarios: tuple[ScenarioPage, ...]
    problems: tuple[str, ...]
    """Scenarios that cannot be shown, and why."""
