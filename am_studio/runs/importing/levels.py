"""Conditions and levels of a source under the names that the formats allow, and details made of them.

Two values never become one level. What every trial has alike is no detail.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hygiene import one_line
from am_studio.runs.importing.found import FoundTrial
from am_studio.scenarios import Scenario
from am_studio.scenarios.importing.people import identifier

MOST_LEVELS = 60
CONDITION = "condition"
"""The detail that is made of the name of a condition."""
_SPOKEN = {"on": "on", "true": "on", "yes": "on", "1": "on", "off": "off", "false": "off", "no": "off", "0": "off"}


@dataclass(frozen=True, slots=True)
class FoundDetail:
    """A detail as the source has it."""

    name: str
    written: str
    """The source's name of it."""
    levels: Mapping[str, str]
    """By the value as written."""
    reference: str
    """The level that others are set against."""
    known: bool
    """Whether the scenario declares it already."""

    @property
    def all_levels(self) -> tuple[str, ...]:
        """Every level, the reference first."""
        return tuple(dict.fromkeys((self.reference, *self.levels.values())))

    def as_plain(self) -> dict[str, Any]:
        """How scenario.yaml declares it."""
        levels = self.all_levels
        told = {"label": one_line(self.written, 60) or self.name, "group": "imported"}
        if set(levels) == {"on", "off"}:
            return {**told, "default": self.reference, "off": "off"}
        return {**told, "levels": list(levels), "default": self.reference, "off": levels[-1]}


def found_details(
    trials: Sequence[FoundTrial], scenario: Scenario | None, references: Mapping[str, str]
) -> tuple[tuple[FoundDetail, ...], tuple[str, ...]]:
    """(the details that vary between trials, or that the scenario has; what is said of the rest, a sentence each).

    StudioError for a value that the scenario's detail does not have, for too many values, and for an unknown reference.
    """
    columns: dict[str, Counter[str]] = {}
    for trial in trials:
        for name, value in trial.details:
            columns.setdefault(name, Counter())[value] += 1
    taken: dict[str, None] = {}
    details, notes = [], []
    for written, values in columns.items():
        missing = len(trials) - sum(values.values())
        if missing:
            raise StudioError(
                f"{missing} of {len(trials)} trials have no value for '{written}'", hint="leave it out, or fill it in"
            )
        known = scenario is not None and written in scenario.details
        if len(values) == 1 and not known:
            notes.append(f"Every trial has {one_line(written, 40)} = {one_line(next(iter(values)), 60)}.")
            continue
        name = written if known else identifier(written, taken)
        details.append(_detail(name, written, tuple(values), scenario if known else None, references.get(written)))
    strange = [name for name in references if name not in columns]
    if strange:
        raise StudioError(f"--reference: there is no detail '{strange[0]}'", hint=nearest(strange[0], columns))
    return tuple(details), tuple(notes)


def _detail(
    name: str, written: str, values: Sequence[str], scenario: Scenario | None, reference: str | None
) -> FoundDetail:
    if len(values) > MOST_LEVELS:
        raise StudioError(
            f"'{written}' has {len(values)} values, more than a detail can have levels",
            "such as " + ", ".join(one_line(value, 30) for value in values[:3]),
            "it may be an id; leave it out of the mapping",
        )
    if scenario is not None:
        declared = scenario.details[name].levels
        levels = {value: value if value in declared else _SPOKEN.get(value.lower(), value) for value in values}
        wrong = [value for value, level in levels.items() if level not in declared]
        if wrong:
            raise StudioError(
                f"'{one_line(wrong[0], 40)}' is no level of {name} in {scenario.ref}", hint=nearest(wrong[0], declared)
            )
        usual = scenario.details[name].default
        chosen = _reference(written, levels, reference, usual if usual in levels.values() else None)
        return FoundDetail(name, written, levels, chosen, known=True)
    if len(values) == 2 and {_SPOKEN.get(value.lower()) for value in values} == {"on", "off"}:
        levels = {value: _SPOKEN[value.lower()] for value in values}
        return FoundDetail(name, written, levels, _reference(written, levels, reference, "on"), known=False)
    levels = level_names(values)
    return FoundDetail(name, written, levels, _reference(written, levels, reference, None), known=False)


def _reference(written: str, levels: Mapping[str, str], asked: str | None, usual: str | None) -> str:
    if asked is None:
        return usual or next(iter(levels.values()))
    found = levels.get(asked) or (asked if asked in levels.values() else None)
    if found is None:
        raise StudioError(f"--reference {written}={asked}: there is no such value", hint=nearest(asked, levels))
    return found


def level_names(values: Iterable[str]) -> dict[str, str]:
    """A level for each value, by value; no two alike, and like the value where that may be."""
    taken: dict[str, None] = {}
    found = {}
    for value in values:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", value).strip("-._")[:48] or "empty"
        plain = plain if plain[0].isalnum() else f"x{plain}"
        made, number = plain, 2
        while made.lower() in taken:
            made, number = f"{plain}-{number}", number + 1
        taken[made.lower()] = None
        found[value] = made
    return found
