"""The scenarios that a run carries with it: their texts, taken in when the run is made, loaded again from memory.

A run can so be resumed, judged and analysed on another machine, and after its scenarios have been edited. Nothing of them
is written to the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.runs.plan import OtherScenario, Plan
from am_studio.scenarios import Scenario
from am_studio.scenarios.loading import draft_of, resolved_texts
from am_studio.scenarios.references import scenario_of


def scenario_texts(scenario: Scenario) -> dict[str, str]:
    """The texts that make the scenario, by file, an overlay's with its base's; FileProblems when one cannot be read."""
    texts, problems = resolved_texts(scenario.directory)
    if problems:
        raise FileProblems(problems)
    return texts


def load_carried(
    texts: Mapping[str, str], plan: Plan, other_texts: Mapping[str, Mapping[str, str]] | None = None
) -> Scenario:
    """The scenario of these texts, with the ones beside it; StudioError when one is not what the plan was made for."""
    others = other_texts or {}
    beside = {each.name: _carried(others.get(each.name, {}), each.ref, each.hash) for each in plan.others}
    return replace(_carried(texts, plan.scenario, plan.scenario_hash), beside=beside)


def _carried(texts: Mapping[str, str], ref: str, planned: str) -> Scenario:
    # What no variant reaches was looked for when the run was planned; the hash says that these are the same texts.
    scenario = scenario_of(draft_of(texts, Path(ref)), reach=False)
    if scenario.hash != planned:
        raise StudioError(
            "the scenario that the run carries is not the one it was planned with",
            f"{ref}\nplanned: {planned}\ncarried: {scenario.hash}",
            "either the file is damaged or another version of the program reads scenarios differently",
        )
    return replace(scenario, ref=ref)


def carried_scenario(
    plan: Plan, texts: Callable[[], tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]]
) -> Scenario:
    """The same, kept for whoever asks next; `texts` is only called for a scenario that was not asked for last."""
    key = plan.scenario, plan.scenario_hash, plan.others
    found = _loaded.get(key)
    if found is None:
        own, others = texts()
        found = load_carried(own, plan, others)
        _loaded.clear()
        _loaded[key] = found
    return found


_loaded: dict[tuple[str, str, tuple[OtherScenario, ...]], Scenario] = {}
"""The scenario asked for last, by reference and hash, with those beside it: a hash covers every byte of its scenario."""
