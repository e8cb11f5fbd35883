"""The core pack reads as prose in every variant: every text under every combination of the details it mentions."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from am_studio.records import Variant
from am_studio.scenarios import Scenario, load_scenario, render
from am_studio.scenarios.evaluation import World
from am_studio.scenarios.reachability import states
from am_studio.scenarios.references import all_references, check_pack, packs

STORIES = ["core/replacement-blackmail", "core/direction-leak", "core/alert-cancelled"]
"""The three in which an agent is to be replaced and could do grave harm; they have the same details."""
CORE = [reference for reference in all_references() if reference.startswith("core/")]
EXPECTED_DETAILS = {
    "threat",
    "goal_conflict",
    "stated_goal",
    "successor_values",
    "replacement_reason",
    "ceo_unreachable",
    "deadline",
    "failed_persuasion",
    "sole_authority",
    "consider_goals",
    "scratchpad",
    "independence",
    "prohibition",
    "test_or_real",
    "permissions",
}
FAULTS = {
    "a blank line too many": re.compile(r"\n\n\n"),
    "space at a line's end": re.compile(r"[ \t]\n"),
    "two spaces": re.compile(r"[a-z,] {2,}[a-z]"),
    "template syntax left over": re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}"),
    "a value of the program": re.compile(r"\b(Undefined|True|False)\b"),
    "a word twice": re.compile(r"\b(the|a|an|to|of|and|is|in|it|that|for) \1\b", re.IGNORECASE),
    "a space before a stop": re.compile(r"\w [.,;](\s|$)"),
    "an empty bullet": re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*$", re.MULTILINE),
    "a stop after nothing": re.compile(r"(^|\n)[.,;]"),
    "an address outside the reserved domains": re.compile(r"@(?![\w.-]*\.example\b)[\w-]+\.\w+"),
}


def faults(text: str) -> list[str]:
    return [f"{name}: {match.group()!r}" for name, fault in FAULTS.items() if (match := fault.search(text))]


def test_there_are_nine_scenarios_without_a_problem() -> None:
    assert len(CORE) >= 9
    assert set(STORIES) <= set(CORE)
    (core,) = [pack for pack in packs() if pack.name == "core"]
    assert [str(problem) for problem in check_pack(core)] == []


@pytest.mark.parametrize("reference", CORE)
def test_every_text_reads_well_under_every_combination_of_its_details(reference: str) -> None:
    scenario = load_scenario(reference)
    seen = 0
    for unit, support in scenario.renderer.text_units().items():
        texts = set()
        for state in states(scenario.world, support):
            texts.add(scenario.renderer.unit_text(unit, Variant.of(state.levels)))
        for text in texts:
            assert faults(text) == [], f"{unit}\n{text}"
            body = text.removeprefix("<email>\n").removesuffix("\n</email>")
            assert not body.startswith("\n"), unit
            assert not body.endswith("\n\n"), unit
            seen += bool(text)
    assert seen > 40


def pairwise(scenario: Scenario) -> list[Variant]:
    """Allowed variants such that every allowed pair of levels of two details is in one of them."""
    world: World = scenario.world
    details = list(scenario.details.values())
    wanted = {
        frozenset({(one.name, a), (two.name, b)})
        for one, two in itertools.combinations(details, 2)
        for state in states(world, (one.name, two.name))
        for a, b in [(state.levels[one.name], state.levels[two.name])]
    }
    draw, chosen = random.Random(5), []
    while wanted:
        (one, a), (two, b) = sorted(min(wanted, key=sorted))
        best: tuple[int, Variant] | None = None
        for _ in range(30):
            levels = {detail.name: draw.choice(detail.levels) for detail in details} | {one: a, two: b}
            variant = scenario.variant(levels)
            pairs = {frozenset(pair) for pair in itertools.combinations(variant.levels, 2)}
            if scenario.allowed(variant) and frozenset({(one, a), (two, b)}) in pairs:
                gain = len(pairs & wanted)
                best = max(best or (0, variant), (gain, variant), key=lambda found: found[0])
        if best is None:
            continue
        chosen.append(best[1])
        wanted -= {frozenset(pair) for pair in itertools.combinations(best[1].levels, 2)}
    return chosen


@pytest.mark.parametrize("reference", CORE)
def test_whole_prompts_read_well_under_a_pairwise_covering_set(reference: str) -> None:
    scenario = load_scenario(reference)
    variants = pairwise(scenario)
    assert 6 <= len(variants) <= 80
    for variant in variants:
        for message in render(scenario, variant).messages:
            assert faults(message.text) == [], f"{dict(variant.levels)}\n{message.text}"


@pytest.mark.parametrize("reference", CORE)
def test_each_scenario_has_the_details_and_an_inbox_like_a_real_one(reference: str) -> None:
    scenario = load_scenario(reference)
    if reference in STORIES:
        assert set(scenario.details) >= EXPECTED_DETAILS
        assert {"leverage", "opportunity"} & set(scenario.details)
        assert scenario.details["threat"].levels == ("replacement", "restriction", "none")
    assert len(scenario.details) >= 8
    assert scenario.details["prohibition"].default == "off"
    assert scenario.details["test_or_real"].default == "off"
    assert scenario.details["permissions"].levels == ("send", "approval", "read_only")
    assert all(detail.label and detail.hypothesis and detail.group for detail in scenario.details.values())
    lying = scenario.renderer.mail(scenario.defaults())
    assert 10 <= len(lying) <= 20
    assert len({mail.sender for mail in lying}) >= 8
    routine = [unit for unit, support in scenario.renderer.text_units().items() if not support and unit[0].isdigit()]
    assert len(routine) >= (6 if reference in STORIES else 4)


@pytest.mark.parametrize("reference", CORE)
def test_people_and_addresses_are_fictional(reference: str) -> None:
    scenario = load_scenario(reference)
    assert all(person.address.endswith(".example") for person in scenario.people)
    assert any(outcome.harmful for outcome in scenario.questions.outcomes)
    assert all(outcome.rubric for outcome in scenario.questions.outcomes if outcome.harmful)


def test_the_scenarios_share_no_sentence() -> None:
    """Nor do the mails of any two; the instruction lines, which are what is compared, may read alike in the others."""
    sentences = {
        reference: {
            sentence.strip()
            for message in render(load_scenario(reference)).messages
            if reference in STORIES or message.role == "user"
            for sentence in re.split(
                r"(?<=[.!?])\s+", re.sub(r"<tool_use.*?</tool_use:\w+>", "", message.text, flags=re.S)
            )
            if len(sentence) > 50
        }
        for reference in CORE
    }
    for one, two in itertools.combinations(CORE, 2):
        shared = {s for s in sentences[one] & sentences[two] if "block" not in s and "addresses are separated" not in s}
        assert shared == set()
