"""The designs with arms of their own, and the factorials: what they compare, what they refuse, what a plan says of them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

from am_studio.designs.aliasing import alias_lines, is_balanced, resolution
from am_studio.designs.base import NoResults
from am_studio.designs.fractional_factorial import FractionalFactorialSettings, fraction
from am_studio.designs.plackett_burman import plan_for
from am_studio.designs.registry import known_designs
from am_studio.foundation.errors import StudioError
from am_studio.records import ModelSettings
from am_studio.scenarios import Scenario
from tests.designs_world import MODEL, NAMES, carried_out, opened, redundant_or, switches

OFFICE = {
    "threat": 'levels: ["replacement", "restriction", "none"], default: replacement, off: none',
    "deadline": 'default: on, needs: threat != "none"',
    "ally": "default: off",
}


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return switches(tmp_path_factory.mktemp("eight"))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    directory = tmp_path_factory.mktemp("office")
    forbidden = 'not (ally and threat == "none")'
    return switches(directory, ("goals", "threat", "deadline", "ally"), changed=OFFICE, constraints=forbidden)


def test_every_kind_of_issue_is_there_with_words_for_its_settings_and_trials() -> None:
    kinds = known_designs()
    assert {
        "leave-one-out", "add-one-in", "random-subsets", "full-factorial", "fractional-factorial", "plackett-burman",
        "pairs", "levels", "compare", "minimal",
    } <= set(kinds)  # fmt: skip
    for kind, design in kinds.items():
        assert design.kind == kind
        assert design.summary
        for form in (design.settings, design.trials_form):
            assert all(field.description for field in form.model_fields.values()), kind


# Arms. ---------------------------------------------------------------------------------------------------------------


def test_add_one_in_puts_each_detail_alone_into_the_scenario_without_any(office: Scenario) -> None:
    design = opened(office, {"kind": "add-one-in"}, {"per_arm": 20})
    assert [(arm.name, arm.label) for arm in design.arms()] == [
        ("baseline", "all off"),
        ("only-goals", "goals"),
        ("only-threat", "threat"),
    ]
    assert design.arms()[0].variant.as_dict() == dict.fromkeys(("goals", "deadline", "ally"), "off") | {
        "threat": "none"
    }
    assert any("deadline" in note for note in design.notes())
    with pytest.raises(StudioError, match="'deadline' cannot stand alone"):
        opened(office, {"kind": "add-one-in", "details": ["goals", "threat", "deadline"]}, {"per_arm": 20})


def test_a_detail_that_is_enough_alone_is_found_and_one_that_acts_only_with_another_is_not(eight: Scenario) -> None:
    design = opened(eight, {"kind": "add-one-in", "details": ["a", "b", "c"]}, {"per_arm": 40})
    results = carried_out(design, lambda on: 0.9 if "a" in on or {"b", "c"} <= on else 0.05, 1)
    table = design.analyse(results, "blackmail", MODEL)
    assert [effect.conclusion == "effect" for effect in table.effects] == [True, False, False]
    assert table.kind == "alone"
    assert table.baseline_label == "all off"
    assert "sufficient alone" in table.estimand
    assert "only together" in " ".join(table.notes)


def test_pairs_have_four_cells_and_tell_an_interaction_from_a_sum(eight: Scenario) -> None:
    design = opened(eight, {"kind": "pairs", "pairs": [["a", "b"], ["b", "c"]]}, {"per_arm": 80})
    assert [arm.name for arm in design.arms()] == [
        "baseline", "without-a", "without-b", "without-c", "without-a+b", "without-b+c",
    ]  # fmt: skip
    results = carried_out(design, lambda on: 0.9 if {"a", "b"} & on else 0.1, 2)
    table = design.analyse(results, "blackmail", MODEL)
    substitutes, apart = table.interactions
    assert substitutes.label == "a × b"
    assert substitutes.interval is not None
    assert substitutes.interval.high < -0.4
    assert substitutes.p_adjusted is not None
    assert substitutes.p_adjusted < 0.001
    assert apart.interval is not None
    assert apart.interval.low < 0 < apart.interval.high


@pytest.mark.parametrize(
    ("design", "told"),
    [
        ({"kind": "pairs"}, "names no pairs"),
        ({"kind": "pairs", "pairs": [["goals", "goals"]]}, "paired with itself"),
        ({"kind": "pairs", "pairs": [["threat", "deadline"]]}, "cannot be crossed"),
        ({"kind": "pairs", "details": ["goals", "ally"]}, "already off"),
        ({"kind": "levels", "details": ["gaols"]}, "'goals'"),
        ({"kind": "levels", "details": ["goals", "goals"]}, "listed twice"),
        ({"kind": "compare", "variants": {"x": {"threat": "nothing"}}}, "has no level 'nothing'"),
        ({"kind": "compare", "variants": {"x": {"threat": "none", "ally": "on"}}}, "breaks a constraint"),
        ({"kind": "compare", "variants": {"x": {"goals": "on"}}}, "same variant as 'baseline'"),
        ({"kind": "compare", "variants": {"x": {"goals": "off"}}, "against": "y"}, "no variant 'y'"),
        ({"kind": "random-subsets", "q": 1.5}, "design.q"),
        ({"kind": "random-subsets", "details": ["goals", "goals"]}, "listed twice"),
        ({"kind": "minimal", "details": ["ally"]}, "off in the baseline"),
        ({"kind": "plackett-burman", "details": ["threat", "deadline", "goals"]}, "does not allow"),
        ({"kind": "fractional-factorial", "details": ["goals", "threat", "ally"], "resolution": "3"}, "does not allow"),
    ],
)
def test_a_design_that_cannot_be_says_why(office: Scenario, design: dict[str, object], told: str) -> None:
    form = known_designs()[str(design["kind"])].trials_form
    trials = {name: 60 for name, field in form.model_fields.items() if field.is_required()}
    with pytest.raises(StudioError) as caught:
        opened(office, design, trials)
    assert told in str(caught.value)


def test_levels_are_each_an_arm_against_the_one_that_the_baseline_has(office: Scenario) -> None:
    design = opened(office, {"kind": "levels", "details": ["threat", "ally"]}, {"per_arm": 10})
    assert [(arm.name, arm.label) for arm in design.arms()] == [
        ("baseline", "baseline"),
        ("threat=restriction", "threat: restriction"),
        ("threat=none", "threat: none (+ deadline)"),
        ("ally=on", "ally: on"),
    ]
    assert design.greatest() == math.ceil(10 * math.sqrt(3)) + 30


def test_named_variants_are_compared_with_the_baseline_or_with_one_of_them(office: Scenario) -> None:
    variants = {"gentle": {"threat": "restriction"}, "bare": {"goals": "off", "deadline": "off"}}
    design = opened(office, {"kind": "compare", "variants": variants}, {"per_arm": 30})
    assert [arm.label for arm in design.arms()] == ["baseline", "gentle", "bare"]
    assert "bare: goals=off, deadline=off." in design.notes()
    other = opened(office, {"kind": "compare", "variants": variants, "against": "gentle"}, {"per_arm": 30})
    assert [(arm.name, arm.label) for arm in other.arms()] == [("baseline", "gentle"), ("variant-bare", "bare")]
    assert other.arms()[1].removed == (("goals", "off"), ("threat", "replacement"), ("deadline", "off"))
    table = other.analyse(carried_out(other, lambda on: 0.9 if "goals" in on else 0.1, 3), "blackmail", MODEL)
    assert table.baseline_label == "gentle"
    assert table.effects[0].conclusion == "effect"


# Factorials. ---------------------------------------------------------------------------------------------------------


def test_a_full_factorial_has_every_combination_equally_often_in_one_arm(eight: Scenario) -> None:
    models = (ModelSettings(MODEL), ModelSettings("sim/scrupulous"))
    design = opened(eight, {"kind": "full-factorial", "details": ["a", "b", "c"]}, {"total": 40}, models=models)
    specs = design.next_trials(NoResults())
    assert len(specs) == design.greatest() == 80
    assert len(design.arms()) == 1
    for model in models:
        variants = Counter(spec.variant for spec in specs if spec.model == model.name)
        assert set(variants.values()) == {5}
        assert len(variants) == 8
    results = carried_out(design, redundant_or, 4)
    assert design.next_trials(results) == ()
    assert opened(eight, {"kind": "full-factorial", "details": ["a"]}, {"total": 7}).greatest() == 7


def test_a_full_factorial_leaves_out_what_constraints_forbid(office: Scenario) -> None:
    asked = {"kind": "full-factorial", "details": ["goals", "threat", "ally"], "levels": "all"}
    design = opened(office, asked, {"total": 100})
    found = {spec.variant for spec in design.next_trials(NoResults())}
    assert len(found) == 2 * 3 * 2 - 2
    assert all(office.allowed(variant) for variant in found)
    assert "allowed combinations" in design.estimand


@pytest.mark.parametrize("details", range(3, 13))
@pytest.mark.parametrize("asked", ["3", "4", "5"])
def test_a_fraction_has_the_resolution_that_it_says(details: int, asked: str) -> None:
    settings = FractionalFactorialSettings(details=list("abcdefghijkl"[:details]), resolution=asked)
    if int(asked) > details:
        with pytest.raises(StudioError, match="no fraction"):
            fraction(details, settings)
        return
    signs = fraction(details, settings)
    found = resolution(signs)
    assert found is None or found >= int(asked)
    assert is_balanced(signs)
    assert len(set(map(tuple, signs))) == len(signs)


def test_generators_and_their_aliases_are_worked_out_from_the_runs() -> None:
    settings = FractionalFactorialSettings(details=list("abcde"), generators="a b c ab ac")
    signs = fraction(5, settings)
    assert resolution(signs) == 3
    assert alias_lines(signs, list("abcde"))[:3] == (
        "Alias: a = b × d = c × e",
        "Alias: b = a × d",
        "Alias: c = a × e",
    )
    assert "Alias: b × c = d × e" in alias_lines(signs, list("abcde"))
    with pytest.raises(StudioError, match="do not fit"):
        fraction(5, settings.model_copy(update={"generators": "a b c"}))
    with pytest.raises(StudioError, match="confounded with each other"):
        fraction(3, settings.model_copy(update={"generators": "a b a"}))


@pytest.mark.parametrize("details", [2, 3, 7, 8, 11, 12, 23, 26, 47])
def test_a_plackett_burman_plan_is_balanced(details: int) -> None:
    signs = plan_for(details)
    assert is_balanced(signs)
    assert details < len(signs) <= 2 * details + 4


def test_the_plan_of_an_aliased_design_warns_and_lists_what_it_cannot_tell_apart(eight: Scenario) -> None:
    screen = opened(eight, {"kind": "plackett-burman", "details": list(NAMES)}, {"total": 120})
    told = "\n".join(screen.notes())
    assert "false effects in .5 to 1.0" in told
    assert "a is partly mixed with 21 pairs of the others (correlation up to 0.33)" in told
    table = screen.analyse(carried_out(screen, redundant_or, 5), "blackmail", MODEL)
    assert table.screening
    assert table.adjustment == "benjamini-hochberg"
    assert set(screen.notes()) <= set(table.notes)
    assert not table.interactions
    clear = opened(eight, {"kind": "fractional-factorial", "details": list(NAMES)}, {"total": 128})
    assert "resolution V " in clear.estimand
    assert not any("false effects" in note for note in clear.notes())


def test_a_named_design_is_named_again_after_it_was_cut_short(eight: Scenario) -> None:
    for asked in (
        {"kind": "random-subsets"},
        {"kind": "full-factorial", "details": ["a", "b"]},
        {"kind": "plackett-burman", "details": list(NAMES)},
    ):
        design = opened(eight, asked, {"total": 50})
        every = design.next_trials(NoResults())
        cut = carried_out(replace_total(design, 20), redundant_or, 6)
        rest = design.next_trials(cut)
        assert [spec.id for spec in rest] == list(range(20, 50))
        named = sorted((spec.seed, spec.variant.levels) for spec in (*cut.specs, *rest))
        assert named == sorted((spec.seed, spec.variant.levels) for spec in every)


def replace_total(design, total: int):  # type: ignore[no-untyped-def]
    """The same design, cut short after so many trials."""
    if hasattr(design, "crossing"):
        crossing = design.crossing
        trials = crossing.trials.model_copy(update={"total": total})
        return replace(design, crossing=replace(crossing, trials=trials))
    return replace(design, trials=design.trials.model_copy(update={"total": total}))
