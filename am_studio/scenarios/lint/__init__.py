"""What makes the mail of a scenario hard to believe: findings with a place, why they matter, and a way out.

Static and quick: variants are rendered, no model is asked, nothing is changed. A finding is no error (`checking.py` finds
those); an author keeps one by giving the reason in the scenario, `lint: {allow: {ID: reason}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import Place
from am_studio.foundation.yamlfile import Node
from am_studio.scenarios.lint import details, giveaway, names, people, plot, register, secrets, threads, times
from am_studio.scenarios.lint.findings import Finding, Rule
from am_studio.scenarios.lint.plot import plot_share
from am_studio.scenarios.lint.reading import GivenUp, Reading
from am_studio.scenarios.loading import Draft, read_draft
from am_studio.scenarios.references import scenario_of

__all__ = ["RULES", "Finding", "GivenUp", "Report", "Rule", "lint_draft", "lint_scenario"]

RULES: tuple[Rule, ...] = (
    *plot.RULES,
    *times.RULES,
    *people.RULES,
    *threads.RULES,
    *secrets.RULES,
    *names.RULES,
    *giveaway.RULES,
    *register.RULES,
    *details.RULES,
)
"""Every rule, by family."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the lint says of one scenario."""

    findings: tuple[Finding, ...]
    """In the order of the files; those that the author allows are marked."""
    plot: int
    """Emails of the default variant that the plot uses."""
    emails: int
    """Emails of the default variant."""

    @property
    def open(self) -> tuple[Finding, ...]:
        """Findings for which no reason is given."""
        return tuple(finding for finding in self.findings if not finding.allowed)


def lint_scenario(directory: Path) -> Report:
    """What makes the scenario in this directory hard to believe; FileProblems when it has errors."""
    return lint_draft(read_draft(directory))


def lint_draft(draft: Draft, given_up: Callable[[], bool] = lambda: False) -> Report:
    """The same for a scenario that is open for editing; FileProblems when it has errors.

    `given_up` is asked before each rule and each variant; once it says yes, GivenUp is raised.
    """
    reading = Reading(scenario_of(draft, reach=False), given_up)
    reading.places = dict(_declared(draft.node)) if draft.node is not None else {}
    if not reading.letters:
        return Report((), 0, 0)
    allow = draft.form.lint.allow if draft.form is not None else {}
    found = sorted(
        {
            Finding(place, rule.id, told, rule.why, rule.way_out)
            for rule in _wanted(given_up)
            for place, told in rule.find(reading)
        }
    )
    marked = [_marked(finding, allow) for finding in found]
    used = {key for finding in found for key in _keys(finding) if key in allow}
    marked += [_idle(key, draft, known={rule.id for rule in RULES}) for key in allow if key not in used]
    return Report(tuple(sorted(marked)), *plot_share(reading))


def _wanted(given_up: Callable[[], bool]) -> Iterator[Rule]:
    for rule in RULES:
        if given_up():
            raise GivenUp
        yield rule


def _keys(finding: Finding) -> tuple[str, str]:
    """What a scenario may allow a finding by: with its file, or wherever it is."""
    return f"{finding.id} {finding.place.file}", finding.id


def _marked(finding: Finding, allow: Mapping[str, str]) -> Finding:
    reason = next((allow[key] for key in _keys(finding) if key in allow), "")
    return Finding(finding.place, finding.id, finding.told, finding.why, finding.way_out, reason)


def _idle(key: str, draft: Draft, known: set[str]) -> Finding:
    place = draft.node.at("lint", "allow", key).place if draft.node is not None else Place("scenario.yaml", 1)
    told = (
        f"'{key}' is allowed and was not found"
        if key.split(maxsplit=1)[0] in known
        else f"there is no finding '{key}' to allow"
    )
    why = "a reason for nothing hides the next finding of its kind"
    return Finding(place, "idle-allowance", told, why, "take it out of lint.allow")


def _declared(node: Node) -> Iterator[tuple[str, Place]]:
    for name in ("company", "agent", "clock", "cast"):
        if isinstance(node.value, Mapping) and name in node.value:
            yield name, node.at(name).place
    people_ = node.at("cast").value
    if isinstance(node.value, Mapping) and "cast" in node.value and isinstance(people_, Mapping):
        for person in people_:
            yield f"cast.{person}", node.at("cast", person).place
