"""The scenario that a run carries with it: its texts, taken in when the run is made, loaded again from memory.

A run can so be resumed, judged and analysed on another machine, and after its scenario has been edited. Nothing of it is
written to the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.runs.plan import Plan
from am_studio.scenarios import Scenario
from am_studio.scenarios.loading import draft_of, read_texts
from am_studio.scenarios.references import scenario_of


def scenario_texts(scenario: Scenario) -> dict[str, str]:
    """The texts of the scenario's files by their names relative to it; FileProblems when one cannot be read."""
    texts, problems = read_texts(scenario.directory)
    if problems:
        raise FileProblems(problems)
    return texts


def load_carried(texts: Mapping[str, str], plan: Plan) -> Scenario:
    """The scenario of these texts; StudioError when it is not the one that the plan was made for."""
    # What no variant reaches was looked for when the run was planned; the hash says that these are the same texts.
    scenario = scenario_of(draft_of(texts, Path(plan.scenario)), reach=False)
    if scenario.hash != plan.scenario_hash:
        raise StudioError(
            "the scenario that the run carries is not the one it was planned with",
            f"planned: {plan.scenario_hash}\ncarried: {scenario.hash}",
            "either the file is damaged or another version of the program reads scenarios differently",
        )
    return replace(scenario, ref=plan.scenario)


def carried_scenario(plan: Plan, texts: Callable[[], Mapping[str, str]]) -> Scenario:
    """The same, kept for whoever asks next; `texts` is only called for a scenario that was not asked for last."""
    key = plan.scenario, plan.scenario_hash
    found = _loaded.get(key)
    if found is None:
        found = load_carried(texts(), plan)
        _loaded.clear()
        _loaded[key] = found
    return found


_loaded: dict[tuple[str, str], Scenario] = {}
"""The scenario asked for last, by reference and hash: the hash covers every byte of it."""
