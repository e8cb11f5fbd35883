"""Loads the scenario that a study is about, and beside it those that its design sets against it."""

from __future__ import annotations

from dataclasses import replace

from am_studio.designs.registry import other_scenarios
from am_studio.records import Study
from am_studio.runs.study import scenario_location
from am_studio.scenarios import Scenario, load_scenario


def load_compared(study: Study) -> Scenario:
    """The study's scenario with those beside it; StudioError or FileProblems when one cannot be loaded."""
    return with_beside(load_scenario(scenario_location(study)), study)


def with_beside(scenario: Scenario, study: Study) -> Scenario:
    """The scenario with those beside it that the study names; StudioError or FileProblems when one cannot be loaded."""
    others = other_scenarios(study)
    if not others:
        return scenario
    return replace(scenario, beside={name: load_scenario(scenario_location(study, name)) for name in others})
