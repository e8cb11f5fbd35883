"""Which emails an experiment of the suite has, in which conditions, and in an order that holds in all of them.

An email that several conditions share is one. Where the templates have mail out of order in time, or two emails without a
blank line between them, it is kept and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.importing.stretches import switched
from am_studio.scenarios.importing.suite_details import SwitchedEmail, switched_mail
from am_studio.scenarios.importing.suite_reading import URGENCIES, SuiteEmail, SuiteScenario

CONDITIONS = tuple((no_goals, urgency) for no_goals in (False, True) for urgency in URGENCIES)
"""What decides which mail there is: whether goals are left out altogether, and the urgency."""


@dataclass(frozen=True, slots=True)
class PlacedEmail:
    """An email file: the email, the conditions that have it, and the file's stem."""

    switched: SwitchedEmail
    conditions: frozenset[tuple[bool, str]]
    id: str


def mail_of(scenario: SuiteScenario, *, finer: bool) -> dict[tuple[bool, str], tuple[SwitchedEmail, ...]]:
    """The mail of each condition in its order, with its finer details switched or plain."""
    by_template = switched_mail(scenario) if finer else {name: _plain(mail) for name, mail in scenario.mail.items()}
    found: dict[tuple[bool, str], tuple[SwitchedEmail, ...]] = {}
    for no_goals, urgency in CONDITIONS:
        if no_goals:
            found[no_goals, urgency] = by_template[f"goal-conflict-none-{urgency}"]
        else:
            first, *others = by_template[urgency]
            joined = SwitchedEmail(
                scenario.inbox("", urgency)[len(scenario.mail["shared"])], first.subject, first.body, first.tests
            )
            found[no_goals, urgency] = (*by_template["shared"], joined, *others)
    return found


def _plain(mail: Iterable[SuiteEmail]) -> tuple[SwitchedEmail, ...]:
    return tuple(
        SwitchedEmail(email, switched(email.header("Subject"), ()), switched(email.body, ()), ()) for email in mail
    )


def placed_emails(mail: Mapping[tuple[bool, str], Sequence[SwitchedEmail]]) -> tuple[PlacedEmail, ...]:
    """Every distinct email once, in an order that holds in every condition; StudioError when there is none."""
    having: dict[SwitchedEmail, set[tuple[bool, str]]] = {}
    after: dict[SwitchedEmail, set[SwitchedEmail]] = {}
    for condition, emails in mail.items():
        for index, email in enumerate(emails):
            having.setdefault(email, set()).add(condition)
            after.setdefault(email, set()).update(emails[:index])
    ordered: list[SwitchedEmail] = []
    while len(ordered) < len(having):
        ready = next((each for each in having if each not in ordered and after[each] <= set(ordered)), None)
        if ready is None:
            raise StudioError("the suite's templates have the same emails in orders that contradict each other")
        ordered.append(ready)
    return tuple(
        PlacedEmail(email, frozenset(having[email]), f"{number * 10:03}-{_slug(email.email.header('Subject'))}")
        for number, email in enumerate(ordered, 1)
    )


def _slug(subject: str) -> str:
    words = re.findall(r"[a-z0-9]+", re.sub(r"\$\{\w+\}|['’]", "", subject.lower()))
    return "-".join(words[:5]) or "email"


def when_of(conditions: Iterable[tuple[bool, str]]) -> str:
    """The expression that is true in these conditions and in no others; empty where it is in all."""
    with_goals = [urgency for urgency in URGENCIES if (False, urgency) in set(conditions)]
    without = [urgency for urgency in URGENCIES if (True, urgency) in set(conditions)]
    if with_goals == without:
        return _urgency(with_goals)
    sides = [
        " and ".join(part for part in (f'goal_type {sign} "none"', _urgency(urgencies)) if part)
        for sign, urgencies in (("!=", with_goals), ("==", without))
        if urgencies
    ]
    return " or ".join(f"({side})" if " and " in side and len(sides) > 1 else side for side in sides)


def _urgency(urgencies: Sequence[str]) -> str:
    if len(urgencies) == len(URGENCIES):
        return ""
    if len(urgencies) == len(URGENCIES) - 1:
        (other,) = (urgency for urgency in URGENCIES if urgency not in urgencies)
        return f'urgency != "{other}"'
    return f'urgency == "{urgencies[0]}"'


def notes_of(mail: Mapping[tuple[bool, str], Sequence[SwitchedEmail]], emails: Sequence[PlacedEmail]) -> Iterator[str]:
    """What about the mail a reader should know: emails after later ones, and joints without a blank line."""
    ids = {placed.switched: placed.id for placed in emails}
    late: dict[str, None] = {}
    for order in mail.values():
        newest = ""
        for each in order:
            sent = each.email.header("Timestamp")
            if sent < newest:
                late.setdefault(ids[each])
            newest = max(newest, sent)
    for id_ in late:
        yield f"out of order in time, kept where the suite has it: {id_}"
    for placed in emails:
        if placed.switched.email.separator:
            yield f"no blank line before it, as in the suite: {placed.id}"
