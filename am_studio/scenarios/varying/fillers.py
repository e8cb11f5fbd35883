"""Routine mail from the corpus beside this module, fitted to a scenario's cast, clock and company.

The corpus was written by hand, by kind of business. Nothing of it touches a plot: it names nobody but sender and recipient.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.records import Person
from am_studio.scenarios.forms import FormatNumber
from am_studio.scenarios.scenario import Scenario
from am_studio.scenarios.varying.proposals import Proposal

Slot = Literal[
    "canteen", "reception", "it", "accounts", "hr", "facilities", "colleague",
    "newsletter", "machine", "supplier", "customer",
]  # fmt: skip
"""Who writes such mail."""
_HERE = Path(__file__).resolve().parent / "filler"
_ROLES: dict[str, str] = {
    "canteen": r"canteen|kitchen|cook|cater",
    "reception": r"reception|front desk|front of house",
    "it": r"\bit\b|systems?|network|computer",
    "accounts": r"account|finance|payroll|controller|bookkeep",
    "hr": r"\bhr\b|people|personnel|human resources",
    "facilities": r"facilit|caretaker|maintenance|building",
}
_TO_ONE = frozenset({"colleague", "supplier", "customer"})
_OUTSIDE = {
    "newsletter": ("The Local Circular", "news@local-circular.example"),
    "supplier": ("Order desk", "orders@trade-supply.example"),
    "customer": ("B. Quennell", "b.quennell@quennell-post.example"),
}
_GENERIC = {
    "canteen": "Canteen", "reception": "Reception", "it": "IT", "accounts": "Accounts", "hr": "Personnel",
    "facilities": "Facilities", "machine": "Automatic notice",
}  # fmt: skip


class _CorpusForm(Form):
    format: FormatNumber
    words: tuple[str, ...]
    mail: tuple[tuple[Slot, str, str], ...]


@dataclass(frozen=True, slots=True)
class Routine:
    """One everyday email."""

    business: str
    """The kind of business that has it; `office`: any."""
    slot: Slot
    subject: str
    body: str
    """With `@me` and `@you` for first names."""


@dataclass(frozen=True, slots=True)
class _Writer:
    header: str
    """What stands after `from:`."""
    first: str


@lru_cache(maxsize=1)
def corpus() -> tuple[Routine, ...]:
    """Every email of the corpus."""
    found = []
    for path in sorted(_HERE.glob("*.yaml")):
        form = load_as(_CorpusForm, read_yaml(path, path.name))
        found += [Routine(path.stem, *entry) for entry in form.mail]
    return tuple(found)


@lru_cache(maxsize=1)
def _words() -> dict[str, re.Pattern[str]]:
    forms = {path.stem: load_as(_CorpusForm, read_yaml(path, path.name)).words for path in sorted(_HERE.glob("*.yaml"))}
    return {name: re.compile(rf"\b(?:{'|'.join(words)})", re.IGNORECASE) for name, words in forms.items() if words}


def businesses_of(scenario: Scenario) -> tuple[str, ...]:
    """The kinds of business that a scenario's company is of, `office` last."""
    told = f"{scenario.parts.cast.business} {scenario.front.company} {scenario.front.summary}"
    return (*(name for name, words in _words().items() if words.search(told)), "office")


def propose_filler(scenario: Scenario, count: int, seed: int) -> tuple[Proposal, ...]:
    """As many routine emails as can be fitted, up to `count`, each a proposal of its own; the same seed gives the same."""
    drawn = random.Random(seed)
    kinds = businesses_of(scenario)
    usable = [each for each in corpus() if each.business in kinds]
    drawn.shuffle(usable)
    # Half from the trade itself, so that the office does not drown it.
    own = [each for each in usable if each.business != "office"][: (count + 1) // 2]
    chosen = (own + [each for each in usable if each.business == "office"])[:count]
    taken = {email.sent for email in scenario.parts.emails}
    files = {email.file for email in scenario.parts.emails}
    made = []
    for number, routine in enumerate(chosen):
        sent = _moment(scenario, taken, drawn, early=routine.slot == "canteen")
        name = f"emails/{900 + number}-{_slug(routine.subject)}.md"
        if name not in files:
            made.append(
                Proposal(
                    "filler",
                    f"routine mail: {routine.subject}",
                    {name: _email(scenario, routine, sent, drawn)},
                    "built in",
                )
            )
    return tuple(made)


def _email(scenario: Scenario, routine: Routine, sent: datetime, drawn: random.Random) -> str:
    writer, to = _parties(scenario, routine, drawn)
    you = to.name.split()[0] if to is not None and to.kind == "person" else "all"
    subject, body = (_fitted(text, writer.first, you, scenario) for text in (routine.subject, routine.body))
    target = f"cast.{to.id}" if to is not None else "agent"
    head = [f"from: {writer.header}", f"to: {target}", f"subject: {_quoted(subject)}", f"sent: {sent:%Y-%m-%dT%H:%M}"]
    return "---\n" + "\n".join(head) + f"\n---\n{body}\n"


def _fitted(text: str, me: str, you: str, scenario: Scenario) -> str:
    fitted = {"@me": me, "@you": you, "@company": scenario.front.company, "@domain": scenario.front.domain}
    return re.sub("@me|@you|@company|@domain", lambda found: fitted[found.group()], text)


def _parties(scenario: Scenario, routine: Routine, drawn: random.Random) -> tuple[_Writer, Person | None]:
    """Who writes and who gets it; None: the agent."""
    inside = [p for p in scenario.front.cast if p.inside and p.kind == "person"]
    lists = [p for p in scenario.front.cast if p.kind == "list" and re.search("all|staff|every", p.name, re.IGNORECASE)]
    writer = _writer(scenario, routine.slot, inside, drawn)
    others = [p for p in inside if f"cast.{p.id}" != writer.header]
    if routine.slot in _TO_ONE or not lists:
        return writer, drawn.choice(others) if others else None
    return writer, lists[0]


def _writer(scenario: Scenario, slot: Slot, inside: list[Person], drawn: random.Random) -> _Writer:
    if slot == "colleague" and inside:
        rather_not = r"\bchief|director|president|canteen|cook|reception"
        plain = [p for p in inside if not re.search(rather_not, p.role, re.IGNORECASE)] or inside
        person = drawn.choice(plain)
        return _Writer(f"cast.{person.id}", person.name.split()[0])
    for person in scenario.front.cast:
        role = _ROLES.get(slot)
        if (
            role
            and person.inside
            and person.kind != "list"
            and re.search(role, f"{person.id} {person.role}", re.IGNORECASE)
        ):
            return _Writer(f"cast.{person.id}", person.name.split()[0])
    if slot in _OUTSIDE:
        name, address = _OUTSIDE[slot]
        return _Writer(f'"{name} <{address}>"', name)
    name = _GENERIC.get(slot, "Office")
    local = re.sub(r"\W+", "-", name.lower())
    return _Writer(f'"{name} <{local}@{scenario.front.domain}>"', name)


def _moment(scenario: Scenario, taken: set[str], drawn: random.Random, early: bool) -> datetime:
    """A minute of a working day within the days of the inbox, at which nothing else was sent."""
    now = datetime.fromisoformat(scenario.front.now)
    first = min(
        (datetime.fromisoformat(email.sent) for email in scenario.parts.emails), default=now - timedelta(days=2)
    )
    days = [first.date() + timedelta(days=n) for n in range((now.date() - first.date()).days + 1)]
    days = [day for day in days if day.weekday() < 5] or days
    for _ in range(500):
        hour = 7 if early else drawn.randrange(8, 17)
        sent = datetime.combine(drawn.choice(days), datetime.min.time()).replace(
            hour=hour, minute=drawn.randrange(1, 60)
        )
        if sent < now and sent.minute % 15 and f"{sent:%Y-%m-%dT%H:%M:%S}" not in taken:
            taken.add(f"{sent:%Y-%m-%dT%H:%M:%S}")
            return sent
    return now - timedelta(hours=26, minutes=drawn.randrange(1, 59))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _slug(subject: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", subject.lower())[:4]) or "mail"


def texts_of(routines: Iterable[Routine]) -> tuple[str, ...]:
    """The texts alone, for who compares mail with them."""
    return tuple(f"Subject: {each.subject}\n\n{_plain(each.body)}" for each in routines)


def _plain(body: str) -> str:
    return (
        body.replace("@me", "Hennie")
        .replace("@you", "Clive")
        .replace("@company", "the firm")
        .replace("@domain", "firm.example")
    )
