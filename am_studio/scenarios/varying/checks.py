"""Whether a proposal keeps what the scenario measures. Static: nothing is asked and nothing written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import FileProblems
from am_studio.scenarios.lint import lint_draft
from am_studio.scenarios.loading import Draft, draft_of
from am_studio.scenarios.references import scenario_of
from am_studio.scenarios.scenario import Scenario, render
from am_studio.scenarios.varying.proposals import Proposal

Toggled = Mapping[str, frozenset[tuple[str, str, tuple[tuple[str, str], ...]]]]
"""By detail and level: the part, what it is a text of, and the cause of every stretch that the detail governs."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A proposal, and why it is dropped."""

    proposal: Proposal
    problem: str = ""
    """Empty: it passed every check."""


def toggled(scenario: Scenario) -> Toggled:
    """What each level of each detail governs: the parts with stretches that it causes, and their causes."""
    found = {}
    for name, detail in scenario.details.items():
        for level in detail.levels:
            prompt = render(scenario, scenario.variant({name: level}))
            found[f"{name}={level}"] = frozenset(
                (span.part, span.file, span.cause)
                for message in prompt.messages
                for span in message.spans
                if any(cause == name for cause, _ in span.cause) and span.part != "inbox"
            )
    return found


def lengths(scenario: Scenario) -> Mapping[str, int]:
    """How many stretches of each part have some cause, in the default variant."""
    spans = [span for message in render(scenario).messages for span in message.spans if span.cause]
    return Counter(span.part for span in spans)


class Baseline:
    """A scenario as it is, against which its proposals are held."""

    def __init__(self, directory: Path, texts: Mapping[str, str]) -> None:
        self._directory = directory
        self._texts = texts
        draft = draft_of(texts, directory)
        self._scenario = scenario_of(draft, reach=False)
        self._found = {finding.id for finding in lint_draft(draft).open}

    def check(self, proposal: Proposal) -> Checked:
        """The proposal laid over the texts, and what would be wrong with it."""
        draft = draft_of({**self._texts, **proposal.texts}, self._directory)
        try:
            after = scenario_of(draft, reach=False)
        except FileProblems as error:
            return Checked(proposal, f"it does not check: {error.problems[0] if error.problems else error.detail}")
        return Checked(proposal, _kept(self._scenario, after) or self._worse(draft))

    def _worse(self, draft: Draft) -> str:
        """A finding of the lint that the scenario did not have."""
        fresh = [each for each in lint_draft(draft).open if each.id not in self._found | {"idle-allowance"}]
        return f"the lint has something new against it: {fresh[0].id}, {fresh[0].told}" if fresh else ""


def _kept(before: Scenario, after: Scenario) -> str:
    """What a changed scenario no longer keeps of what it measures; empty: all is kept."""
    was, now = toggled(before), toggled(after)
    if was.keys() != now.keys():
        return "the details are not the same"
    for choice, stretches in was.items():
        if stretches != now[choice]:
            parts = sorted({part for part, _, _ in stretches ^ now[choice]})
            return f"{choice} no longer governs what it governed: {', '.join(parts)}"
    counts, fresh = lengths(before), lengths(after)
    changed = [part for part in counts if counts[part] != fresh.get(part, 0)]
    if changed:
        return f"stretches under details came or went in {', '.join(sorted(changed))}"
    for one, other in zip(before.questions.outcomes, after.questions.outcomes, strict=False):
        if (one.name, _shape(one.gate)) != (other.name, _shape(other.gate)):
            return f"the gate of '{one.name}' means something else"
    if len(before.questions.outcomes) != len(after.questions.outcomes):
        return "the outcomes are not the same"
    return ""


def _shape(gate: object) -> str:
    return repr(gate)
