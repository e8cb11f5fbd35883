"""The conditions of an import: what its trials differ in, which of them is the reference, how they are told apart.

A condition is named by the source, or is a combination of the details that vary. Where both are there, details tell the
named ones apart if each has its own; otherwise the name becomes a detail itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from am_studio.designs.base import BASELINE
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hygiene import one_line
from am_studio.runs.importing.found import FoundTrial
from am_studio.runs.importing.levels import CONDITION, FoundDetail, found_details, level_names
from am_studio.scenarios import Scenario

_MOST_TOLD = 6
"""Levels of a detail that are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What an import is asked for beyond its source."""

    name: str = "imported"
    scenario: Scenario | None = None
    outcome: str = ""
    """The one that the tables are about; empty: the first."""
    harmful: tuple[str, ...] = ()
    """Outcomes of the source that are harmful."""
    references: Mapping[str, str] = field(default_factory=dict)
    """The value that others are set against, by detail or for `condition`."""
    by: str = ""
    """`arms` or `details`; empty: details where at least two vary and the source names no conditions."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Names of models to be used instead of the source's."""


class Conditions:
    """What the trials of an import differ in."""

    def __init__(self, trials: Sequence[FoundTrial], choices: Choices) -> None:
        """StudioError for details that cannot be levels, and for a reference that is not there."""
        self._trials, self._choices = trials, choices
        references = {key: value for key, value in choices.references.items() if key != CONDITION}
        self.details, self.told = found_details(trials, choices.scenario, references)
        self._conditions = self._named_conditions()
        self.by_details = self._by_details()
        self.all_details = (*self.details, *self._condition_detail())
        self.arms = self._arms_found()
        """(name, label, levels) of every condition, the reference first."""

    def _named_conditions(self) -> dict[str, str]:
        """The levels of the conditions that the source names, the reference first; empty where it names none."""
        names = list(dict.fromkeys(trial.arm for trial in self._trials if trial.arm))
        if not names:
            return {}
        if any(not trial.arm for trial in self._trials):
            where = next(trial.where for trial in self._trials if not trial.arm)
            raise StudioError("a trial has no condition while others have", where)
        wanted = self._choices.references.get(CONDITION, "")
        if wanted and wanted not in names:
            raise StudioError(f"--reference {CONDITION}={wanted}: there is none", hint=nearest(wanted, names))
        first = wanted or next((name for name in names if name.lower() in ("baseline", "control", "default")), names[0])
        return level_names([first, *(name for name in names if name != first)])

    def _by_details(self) -> bool:
        if self._choices.by == "details" and not self.varying():
            raise StudioError("no detail varies between the trials", hint="map columns with detail.NAME=COLUMN")
        wanted = self._choices.by or ("details" if len(self.varying()) > 1 and len(self._conditions) < 2 else "arms")
        return wanted == "details"

    def varying(self) -> list[FoundDetail]:
        """Details of which there is more than one level among the trials."""
        return [detail for detail in self.details if len(set(detail.levels.values())) > 1]

    def _condition_detail(self) -> list[FoundDetail]:
        """Conditions as a detail, so that each has a variant of its own; not where details do that already."""
        if len(self._conditions) < 2 or self.by_details or self._told_by_details():
            return []
        levels = dict(self._conditions)
        known = self._choices.scenario.details if self._choices.scenario else {}
        name = next(name for name in (CONDITION, "imported_condition") if name not in known)
        if any(detail.name == name for detail in self.details):
            name = "imported_condition"
        return [FoundDetail(name, "Condition", levels, next(iter(levels.values())), known=False)]

    def _told_by_details(self) -> bool:
        """Whether every condition has details of its own, so that they tell which it is."""
        of: dict[str, set[tuple[tuple[str, str], ...]]] = {}
        for trial in self._trials:
            of.setdefault(trial.arm, set()).add(trial.details)
        levels = [next(iter(each)) for each in of.values() if len(each) == 1]
        return len(levels) == len(of) == len(set(levels)) and bool(self.details)

    def levels(self, trial: FoundTrial) -> dict[str, str]:
        """The level of each detail in a trial."""
        given = dict(trial.details)
        levels = {detail.name: detail.levels[given[detail.written]] for detail in self.details}
        for detail in self._condition_detail():
            levels[detail.name] = detail.levels[trial.arm]
        return levels

    def label(self, trial: FoundTrial) -> str:
        """What the condition of a trial is called."""
        if self._conditions:
            return trial.arm
        given = dict(trial.details)
        return (
            ", ".join(
                given[d.written] if len(self.details) == 1 else f"{d.name}={d.levels[given[d.written]]}"
                for d in self.details
            )
            or "all"
        )

    def _arms_found(self) -> list[tuple[str, str, dict[str, str]]]:
        """(name, label, levels) of every condition, the reference first."""
        found = {self.label(trial): self.levels(trial) for trial in self._trials}
        if self._conditions:
            found = {label: found[label] for label in self._conditions}
        else:
            reference = {detail.name: detail.reference for detail in self.details}
            found = dict(sorted(found.items(), key=lambda pair: pair[1] != reference))
        names = level_names(found)
        return [
            (f"arm-{names[label]}" if number else BASELINE, label, levels)
            for number, (label, levels) in enumerate(found.items())
        ]

    def renamed(self) -> list[str]:
        """What values are called as levels, where that is not the same; a sentence a detail."""
        told = []
        for detail in self.all_details:
            pairs = [f"{one_line(value, 60)!r} is {level}" for value, level in detail.levels.items() if value != level]
            if pairs:
                more = f" and {len(pairs) - _MOST_TOLD} more" if len(pairs) > _MOST_TOLD else ""
                told.append(f"Levels of {detail.name}: {', '.join(pairs[:_MOST_TOLD])}{more}.")
        return told


def run_name(name: str) -> str:
    """A study's name made of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-") or "imported"
