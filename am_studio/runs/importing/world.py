"""The scenario that an imported run carries: who is who, which actions count, what is asked of every trial.

A scenario of the library or of yours, with the conditions of the source as further details; or, where none is named, one made
of the source's own prompt, whose cast and inbox are guessed from it. Prompts are kept as they were sent, whatever this
scenario renders to: it is there to read and to judge by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hashing import sha256_text
from am_studio.runs.carried import scenario_texts
from am_studio.runs.importing.levels import FoundDetail
from am_studio.scenarios import Scenario
from am_studio.scenarios.importing.chat import Chat
from am_studio.scenarios.importing.skeleton import load_texts, skeleton_of
from am_studio.scenarios.yaml_edits import add_entry, remove_entry

_NO_PROMPT = Chat((("user", "The prompts of these trials are not known."),), "text")


def world_texts(
    scenario: Scenario | None,
    prompt: Sequence[tuple[str, str]],
    details: Sequence[FoundDetail],
    outcomes: Mapping[str, Mapping[str, Any]],
) -> dict[str, str]:
    """The texts of the carried scenario; `outcomes` are added, and are all there is where no scenario is named."""
    if scenario is None:
        texts = dict(_of_prompt(prompt))
        if outcomes:
            texts["scenario.yaml"] = remove_entry(texts["scenario.yaml"], ("outcomes", "harm"))
    else:
        texts = scenario_texts(scenario)
    main = texts["scenario.yaml"]
    declared = {} if scenario is None else scenario.details
    for detail in details:
        if detail.name not in declared:
            main = add_entry(main, ("details",), detail.name, detail.as_plain())
    for name, outcome in outcomes.items():
        if scenario is None or not scenario.asks(name):
            main = add_entry(main, ("outcomes",), name, dict(outcome))
    return {**texts, "scenario.yaml": main}


def _of_prompt(prompt: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """A scenario made of a prompt; a bare one where there is none, or none can be made of it."""
    known = tuple((role, text) for role, text in prompt if role in ("system", "user"))
    if known:
        try:
            return skeleton_of(Chat(known, "text"), "the imported prompt").texts
        except StudioError:
            pass
    return skeleton_of(_NO_PROMPT, "an import without prompts").texts


def loaded(texts: Mapping[str, str], reference: str) -> tuple[Scenario, str]:
    """The scenario of these texts under the name that the run gives it, and that name."""
    scenario = load_texts(texts)
    name = reference or f"imported/{sha256_text(texts['scenario.yaml'])[7:15]}"
    return replace(scenario, ref=name), name
