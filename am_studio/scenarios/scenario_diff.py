"""What changed between two versions of a scenario: its details, its outcomes, and what the subject reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from am_studio.foundation.errors import StudioError
from am_studio.records import Outcome, Prompt, Variant
from am_studio.scenarios.model import Detail
from am_studio.scenarios.prompt_diff import Hunk, prompt_hunks
from am_studio.scenarios.scenario import Scenario, render

ChangeKind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a detail or an outcome that says something else."""

    field: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A detail or an outcome that came, went or changed."""

    name: str
    kind: ChangeKind
    fields: tuple[FieldChange, ...] = ()
    """What changed; empty for one that came or went."""


@dataclass(frozen=True, slots=True)
class PromptChange:
    """What the subject reads otherwise in one variant."""

    variant: str
    """`default`, or the one choice that differs from it: `deadline: off`."""
    hunks: tuple[Hunk, ...]
    """Beyond the default variant, those alone that it has not already."""


@dataclass(frozen=True, slots=True)
class ScenarioDiff:
    """What changed in a scenario, for whoever studies it and for the subject."""

    details: tuple[EntryChange, ...]
    outcomes: tuple[EntryChange, ...]
    prompts: tuple[PromptChange, ...]

    @property
    def same(self) -> bool:
        """Whether nothing changed for anybody."""
        return not (self.details or self.outcomes or self.prompts)


def scenario_diff(before: Scenario, after: Scenario) -> ScenarioDiff:
    """Everything that changed from one version of a scenario to another."""
    return ScenarioDiff(
        _changes(before.details, after.details, _of_detail),
        _changes(_outcomes(before), _outcomes(after), _of_outcome),
        tuple(_prompts(before, after)),
    )


def _prompts(before: Scenario, after: Scenario) -> Iterator[PromptChange]:
    known: set[tuple[str, object]] = set()
    for label, levels in (("default", {}), *_single_choices(before, after)):
        sides = [_rendered(scenario, levels) for scenario in (before, after)]
        if sides[0] is None or sides[1] is None or sides[0].hash == sides[1].hash:
            continue
        fresh = tuple(hunk for hunk in prompt_hunks(sides[0], sides[1], ()) if (hunk.part, hunk.words) not in known)
        known |= {(hunk.part, hunk.words) for hunk in fresh}
        if fresh:
            yield PromptChange(label, fresh)


def _single_choices(before: Scenario, after: Scenario) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every level that is not the default of both, of details that both have."""
    for name, detail in after.details.items():
        other = before.details.get(name)
        for level in detail.levels if other is not None else ():
            default = level == detail.default and other is not None and level == other.default
            if other is not None and level in other.levels and not default:
                yield f"{name}: {level}", {name: level}


def _rendered(scenario: Scenario, levels: Mapping[str, str]) -> Prompt | None:
    """The prompt of a variant; None where the constraints do not allow it."""
    try:
        variant: Variant = scenario.variant(levels)
    except StudioError:
        return None
    return render(scenario, variant) if scenario.allowed(variant) else None


# Details and outcomes. -----------------------------------------------------------------------------------------------


def _outcomes(scenario: Scenario) -> Mapping[str, tuple[Outcome, Scenario]]:
    return {outcome.name: (outcome, scenario) for outcome in scenario.questions.outcomes}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], told: Any) -> tuple[EntryChange, ...]:
    found = [EntryChange(name, "removed") for name in before if name not in after]
    for name, entry in after.items():
        if name not in before:
            found.append(EntryChange(name, "added"))
            continue
        was, now = told(before[name]), told(entry)
        fields = tuple(FieldChange(field, was[field], now[field]) for field in now if was[field] != now[field])
        if fields:
            found.append(EntryChange(name, "changed", fields))
    return tuple(found)


def _of_detail(detail: Detail) -> dict[str, str]:
    return {
        "label": detail.label,
        "group": detail.group,
        "hypothesis": detail.hypothesis,
        "levels": ", ".join(detail.levels),
        "default": detail.default,
        "off": detail.off,
        "needs": detail.needs_source,
    }


def _of_outcome(entry: tuple[Outcome, Scenario]) -> dict[str, str]:
    outcome, scenario = entry
    content = outcome.content
    families = (*content.all, *content.any, *content.none, *content.maybe) if content is not None else ()
    terms = {family: scenario.questions.terms.get(family, ()) for family in families}
    return {
        "label": outcome.label,
        "harmful": "yes" if outcome.harmful else "no",
        "question": outcome.question,
        "rubric": outcome.rubric,
        "gate": repr(outcome.gate),
        "gate_decides": str(outcome.gate_decides),
        "content": repr(content),
        "terms": "; ".join(f"{family}: {', '.join(words)}" for family, words in terms.items()),
        "act": outcome.act,
        "looks_at": outcome.looks_at,
        "given": ", ".join(outcome.given),
        "belief": outcome.belief,
    }
