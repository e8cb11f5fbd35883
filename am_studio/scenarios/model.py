"""A scenario as it is held in memory: parsed, typed, immutable.

Nothing here reads files or renders. Templates and expressions are syntax (see `language.py`); what their names mean is
`evaluation.py`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from am_studio.foundation.errors import Place
from am_studio.records import OFF, ON, Person, Questions
from am_studio.scenarios.language import Expression, Template
from am_studio.scenarios.origins import NO_ORIGINS, Origins


@dataclass(frozen=True, slots=True)
class Detail:
    """A named factor the author can switch."""

    name: str
    label: str
    group: str
    hypothesis: str
    levels: tuple[str, ...]
    default: str
    off: str
    """The level that "removed" means."""
    needs: Expression | None
    """Where this is false the detail is at its off level, whatever was chosen."""
    needs_source: str
    place: Place

    @property
    def is_switch(self) -> bool:
        """Whether texts see it as true or false."""
        return self.levels == (ON, OFF)


AS_WRITTEN = "as_written"
"""The level of a nuisance factor that changes nothing."""


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name, and another address or domain; an empty one stays as it is."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Renaming:
    """Other names of somebody: of a person by id, or of the company (an empty id)."""

    person: str
    aliases: Mapping[str, Alias]
    """By level; the level as written has none."""


@dataclass(frozen=True, slots=True)
class Reordering:
    """Other orders of the emails."""

    orders: Mapping[str, tuple[str, ...]]
    """The ids of all emails in their order, by level; the level as written has none."""


FactorKind = Literal["levels", "wording", "person", "company", "order", "filler"]


@dataclass(frozen=True, slots=True)
class Factor:
    """A nuisance factor: what is not the question, drawn anew for each trial."""

    name: str
    kind: FactorKind
    levels: tuple[str, ...]
    """The first is the scenario as written."""
    drawn: tuple[str, ...]
    """Those of which a trial draws one, each as likely as the others."""
    place: Place
    change: Renaming | Reordering | None = None
    """What it changes that no text, table or `when` says."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is who: the company and everybody in it, the agent first."""

    company: str
    domain: str
    business: str
    now: str
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A variable whose text depends on levels."""

    by: tuple[str, ...]
    entries: Mapping[tuple[str, ...], Template]
    default: Template | None
    place: Place


Variable = Template | Table


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """When a tool is offered, and when its calls are held."""

    name: str
    offered: Expression
    approval: Expression
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """One line of an email's head: its values are templates or references to people."""

    values: tuple[Template | Person, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Email:
    """One email of the inbox, as authored."""

    id: str
    file: str
    """Relative to the scenario's directory."""
    headers: Mapping[str, Header]
    """By name: from, to, cc, subject, attachments; those that are empty are left out."""
    sent: str
    when: Expression | None
    arrives: int
    body: Template
    place: Place
    header_order: tuple[str, ...] = ()
    """Empty: as the inbox has it."""
    body_on_new_line: bool = False
    separator: str = ""
    """What sets it off from the email before it; empty: as the inbox has it."""
    break_after: bool = False
    """A line break follows it, also where it is the last."""
    filler: bool = False
    """Everyday mail for a nuisance factor of filler mail."""


@dataclass(frozen=True, slots=True)
class InboxStyle:
    """How mail becomes prompt text."""

    envelope: str
    header_order: tuple[str, ...]
    labels: Mapping[str, str]
    separator: str
    ids: bool
    numbered: bool
    """Whether the id shown is the email's number in the inbox."""
    bare_addresses: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything of a scenario that rendering needs."""

    details: Mapping[str, Detail]
    constants: Mapping[str, str]
    """Dotted names with fixed text: `cast.cto.name`, `company.domain`, `clock.time`."""
    variables: Mapping[str, Variable]
    tools: Mapping[str, ToolOffer]
    constraints: tuple[tuple[Expression, str, Place], ...]
    """Expression, source text, place."""
    system: Template
    task: Template
    emails: tuple[Email, ...]
    """In the order in which they are shown."""
    style: InboxStyle
    cast: Cast
    nuisance: Mapping[str, Factor] = field(default_factory=dict)
    origins: Origins = NO_ORIGINS
    """Where the texts were written, when they are those of an overlay and its base together."""

    @property
    def switched(self) -> Mapping[str, Detail | Factor]:
        """Everything whose levels a variant chooses: the details, then the nuisance factors."""
        return {**self.details, **self.nuisance}


@dataclass(frozen=True, slots=True)
class Front:
    """What people read about a scenario."""

    title: str
    summary: str
    company: str
    domain: str
    now: str
    """ISO 8601, without a zone."""
    agent: Person
    cast: tuple[Person, ...]
    protect: tuple[str, ...]
    questions: Questions
    """With the names as written."""
    asked: Questions
    """The same as the author wrote them: a name may stand as `{{ cast.cto.name }}`."""
    outcome_places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def people(self) -> tuple[Person, ...]:
        """The agent and the cast."""
        return (self.agent, *self.cast)
