"""The finer details inside the suite's mail: the table of where they are, and the mail with them switched.

The places are found by a few words each (`suite_details.yaml`). A place without a match in one of its templates is
refused with template and words: the details would not mean what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import Field

from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.scenarios.forms import Identifier, Strings
from am_studio.scenarios.importing.stretches import Span, groups, paragraphs, sentences, stretches, switched
from am_studio.scenarios.importing.suite_reading import URGENCIES, SuiteEmail, SuiteScenario
from am_studio.scenarios.importing.template_text import Part

_SHORT = {"gcn-": "goal-conflict-none-"}


class FineDetailForm(Form):
    """A switch inside the suite's text."""

    label: str
    group: str
    hypothesis: str


class PlaceForm(Form):
    """Where a switch works: templates, and a pattern of one kind."""

    detail: str = ""
    templates: tuple[str, ...] = Field(alias="in", min_length=1)
    stretch: Strings = ()
    sentence: Strings = ()
    paragraph: Strings = ()
    email: Strings = ()
    groups: str = ""
    tests: tuple[str, ...] = ()
    off: str = ""

    @property
    def patterns(self) -> Sequence[str]:
        """Each of them must match in each template."""
        return self.stretch or self.sentence or self.paragraph or self.email or (self.groups,)

    @property
    def names(self) -> frozenset[str]:
        """The details that it asks for."""
        words = re.findall(r"[a-z_]+", " ".join((self.detail, *self.tests)))
        return frozenset(words) - {"and", "or", "not", "true"}


class DetailsForm(Form):
    """suite_details.yaml."""

    system: dict[Identifier, FineDetailForm]
    details: dict[Identifier, FineDetailForm]
    places: dict[str, tuple[PlaceForm, ...]]


@dataclass(frozen=True, slots=True)
class SwitchedEmail:
    """An email of a template with its switched stretches."""

    email: SuiteEmail
    subject: tuple[Part, ...]
    body: tuple[Part, ...]
    tests: tuple[str, ...]
    """The email is there where all of these hold."""


@cache
def fine_details() -> DetailsForm:
    """The table."""
    path = Path(__file__).parent / "suite_details.yaml"
    return load_as(DetailsForm, read_yaml(path, path.name))


def switched_mail(scenario: SuiteScenario) -> Mapping[str, tuple[SwitchedEmail, ...]]:
    """The mail of every template, its finer details switched; StudioError with template and words for a place not found."""
    places = fine_details().places.get(scenario.name, ())
    return {
        template: tuple(_template(scenario, template, [place for place in places if _is_in(place, template)]))
        for template in scenario.mail
    }


def where_used(scenario: str) -> Mapping[str, frozenset[tuple[bool, str]]]:
    """For each detail of a scenario's mail the conditions in which it says something: (no goals at all, urgency)."""
    found: dict[str, set[tuple[bool, str]]] = {}
    for place in fine_details().places.get(scenario, ()):
        conditions = {condition for template in place.templates for condition in _conditions(_full(template))}
        for name in place.names:
            found.setdefault(name, set()).update(conditions)
    return {name: frozenset(conditions) for name, conditions in found.items()}


def _conditions(template: str) -> Iterator[tuple[bool, str]]:
    if template == "shared":
        yield from ((False, urgency) for urgency in URGENCIES)
    else:
        yield template.startswith(_SHORT["gcn-"]), template.removeprefix(_SHORT["gcn-"])


def _full(template: str) -> str:
    return next((long + template.removeprefix(short) for short, long in _SHORT.items() if template.startswith(short)),
                template)  # fmt: skip


def _is_in(place: PlaceForm, template: str) -> bool:
    return template in {_full(name) for name in place.templates}


def _template(scenario: SuiteScenario, template: str, places: Sequence[PlaceForm]) -> Iterator[SwitchedEmail]:
    emails = scenario.mail[template]
    _find_all(scenario, template, places)
    for email in emails:
        subject, body = email.header("Subject"), email.body
        tests = [place.detail for place in places if place.email and _names_email(place, email)]
        yield SwitchedEmail(
            email,
            switched(subject, [span for place in places for span in _spans(place, subject)]),
            switched(body, [span for place in places for span in _spans(place, body)]),
            tuple(dict.fromkeys(tests)),
        )


def _find_all(scenario: SuiteScenario, template: str, places: Sequence[PlaceForm]) -> None:
    texts = [text for email in scenario.mail[template] for text in (email.header("Subject"), email.body)]
    for place in places:
        for pattern in place.patterns:
            seen = [*(_identity(email) for email in scenario.mail[template])] if place.email else texts
            if not any(re.search(pattern, text, re.MULTILINE if place.email else 0) for text in seen):
                names = " or ".join(sorted(place.names))
                raise StudioError(
                    f"templates/{scenario.name}/templates/email-template-{scenario.name}-{template}.md "
                    f"has nothing for the detail {names}",
                    f"looked for /{pattern}/: this may be another version of the suite",
                    "nothing was written; --published-only imports it without the finer details",
                )


def _identity(email: SuiteEmail) -> str:
    return f"{email.header('From')}\n{email.header('Subject')}"


def _names_email(place: PlaceForm, email: SuiteEmail) -> bool:
    return any(re.search(pattern, _identity(email), re.MULTILINE) for pattern in place.email)


def _spans(place: PlaceForm, text: str) -> Iterator[Span]:
    for pattern in place.stretch:
        yield from stretches(text, re.compile(pattern), place.detail, place.off)
    for pattern in place.sentence:
        yield from sentences(text, re.compile(pattern), place.detail)
    for pattern in place.paragraph:
        yield from paragraphs(text, re.compile(pattern), place.detail)
    if place.groups:
        yield from groups(text, re.compile(place.groups), place.tests)
