"""What is told about a scenario and its runs, as text for widgets. Everything from packs and runs is literal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text
from textual.content import Content

from am_studio.foundation.locations import shown_path
from am_studio.tui.library.state import ScenarioFacts, by_group
from am_studio.tui.strangers import MUTED, joined, plain, plain_text

if TYPE_CHECKING:
    from am_studio.scenarios.library import ScenarioEntry

_MOST_PROBLEMS = 20
OVERLAY = "«"
"""Stands between an overlay and the scenario that it changes."""


def about(facts: ScenarioFacts) -> Content:
    """Title, summary, setting, size, problems, readme."""
    lines = [plain(facts.title, "bold"), plain("")]
    if facts.summary:
        lines += [plain(facts.summary), plain("")]
    lines += [
        *([_pair("Overlay", f"of {facts.extends}: says only what differs")] if facts.extends else []),
        _pair("Company", facts.company),
        _pair("Agent", facts.agent),
        _pair("Clock", facts.now.replace("T", " ")),
        _pair("Inbox", f"{facts.emails} emails, {facts.characters:,} characters as written"),
        _pair("Details", f"{len(facts.details)}"),
        _pair("Licence", facts.license),
    ]
    lines += _outcomes(facts)
    lines += _problems(facts)
    if facts.notice:
        lines += [plain(""), plain("Content notice", "bold"), plain(facts.notice)]
    if facts.readme:
        lines += [plain(""), plain("Readme", "bold"), plain(facts.readme.strip())]
    lines += [plain(""), plain(shown_path(facts.directory), MUTED)]
    return joined(*lines, between="\n")


def _pair(name: str, value: str) -> Content:
    return joined(plain(f"{name:<9}", MUTED), plain(value or "-"))


def _outcomes(facts: ScenarioFacts) -> Iterator[Content]:
    if facts.outcomes:
        yield plain("")
        yield plain("Outcomes", "bold")
    for label, question, harmful in facts.outcomes:
        yield joined(plain("▲ " if harmful else "  ", "$text-error"), plain(f"{label}: ", "bold"), plain(question))
    if any(harmful for _, _, harmful in facts.outcomes):
        yield plain("▲ harmful", MUTED)


def _problems(facts: ScenarioFacts) -> Iterator[Content]:
    if not facts.problems:
        return
    yield plain("")
    yield plain(f"{len(facts.problems)} problems", "bold $text-error")
    for problem in facts.problems[:_MOST_PROBLEMS]:
        sign, style = ("✗", "$text-error") if problem.severity == "error" else ("!", "$text-warning")
        yield joined(plain(f"{sign} ", style), plain(problem.place, MUTED), plain(f"  {problem.message}"))
    if len(facts.problems) > _MOST_PROBLEMS:
        yield plain(f"... and {len(facts.problems) - _MOST_PROBLEMS} more: open the scenario to see them")


def cast(facts: ScenarioFacts) -> Content:
    """Everybody, with role, address, and whether they belong to the company."""
    if not facts.people:
        return plain("Nobody is declared.", MUTED)
    lines: list[Content] = []
    for person in facts.people:
        kind = "" if person.kind == "person" else f" ({person.kind})"
        where = plain("inside " if person.inside else "outside", MUTED if person.inside else "$text-warning")
        name = joined(where, plain("  "), plain(person.name, "bold"), plain(kind, MUTED))
        lines += [name, plain(f"         {person.role or '-'}"), plain(f"         {person.address}", MUTED)]
    return joined(*lines, between="\n")


def details(facts: ScenarioFacts) -> Content:
    """Every detail by group: its level at the start, its label, its other levels, its hypothesis."""
    if not facts.details:
        return plain("No details are declared: open the scenario (enter) and make one of a sentence.", MUTED)
    # Whoever imports this module paints first; the records are loaded by whatever reads a scenario.
    from am_studio.records import ON

    lines: list[Content] = []
    for group, members in by_group(facts.details):
        lines.append(plain(group or "ungrouped", "bold underline"))
        for detail in members:
            sign = ("● " if detail.default == ON else "○ ") if detail.is_switch else "◆ "
            level = "" if detail.is_switch else f"  {detail.default} (of {', '.join(detail.levels)})"
            needs = f"  needs {detail.needs_source}" if detail.needs_source else ""
            lines.append(
                joined(
                    plain(sign, "$text-primary"),
                    plain(detail.label, "bold"),
                    plain(f"  {detail.name}", MUTED),
                    plain(level),
                    plain(needs, MUTED),
                )
            )
            if detail.hypothesis:
                lines.append(plain(f"  {detail.hypothesis}", "italic"))
        lines.append(plain(""))
    lines.append(plain("● on at the start  ○ off  ◆ one of several levels", MUTED))
    return joined(*lines, between="\n")


def leaf(scenario: ScenarioEntry) -> Text:
    """A scenario in the tree; an overlay says of what: the base's name, or its pack where the names are the same."""
    name = scenario.directory.name
    label = plain_text(marked(name, scenario.problem))
    if scenario.extends:
        pack, _, base = scenario.extends.partition("@")[0].partition("/")
        label.append_text(plain_text(f" {OVERLAY} {pack if base == name else base}", "dim"))
    return label


def marked(name: str, problem: str) -> str:
    """The name, with a sign before it when something is wrong."""
    return f"✗ {name}" if problem else name
