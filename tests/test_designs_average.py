"""Random subsets: what is drawn, what is compared, and that planted worlds are read rightly."""

from __future__ import annotations

from collections import Counter

import pytest

from am_studio.designs.base import NoResults
from am_studio.designs.cells import Cells
from am_studio.designs.random_subsets import ARM
from am_studio.effects.across import across_models, heterogeneity
from am_studio.records import ModelSettings
from am_studio.scenarios import Scenario
from tests.designs_world import MODEL, WORLDS, Planted, additive, boosted_and, carried_out, opened, switches

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


def test_each_trial_has_its_own_subset_and_every_model_the_same_ones(eight: Scenario) -> None:
    models = (ModelSettings(MODEL), ModelSettings("sim/scrupulous"))
    design = opened(eight, {"kind": "random-subsets", "q": 0.75}, {"total": 400}, models=models)
    assert [arm.name for arm in design.arms()] == [ARM]
    specs = design.next_trials(NoResults())
    assert len(specs) == 800
    drawn = {model.name: Counter(spec.variant for spec in specs if spec.model == model.name) for model in models}
    assert drawn[MODEL] == drawn["sim/scrupulous"]
    assert len(drawn[MODEL]) > 50
    for name in "abcdefgh":
        on = sum(number for variant, number in drawn[MODEL].items() if variant[name] == "on")
        assert 0.66 < on / 400 < 0.84
    assert specs == opened(eight, {"kind": "random-subsets", "q": 0.75}, {"total": 400}, models=models).next_trials(
        NoResults()
    )
    assert "q = 0.75" in design.estimand


def test_only_allowed_subsets_are_drawn_and_the_estimand_says_so(office: Scenario) -> None:
    asked = {"kind": "random-subsets", "details": ["goals", "threat", "deadline", "ally"], "levels": "all"}
    design = opened(office, asked, {"total": 300})
    variants = {spec.variant for spec in design.next_trials(NoResults())}
    assert all(office.allowed(variant) for variant in variants)
    assert {variant["threat"] for variant in variants} == {"replacement", "restriction", "none"}
    assert "allowed" in design.estimand
    assert any("only allowed subsets" in note for note in design.notes())


def test_a_trial_takes_part_only_where_the_detail_alone_could_have_been_switched(office: Scenario) -> None:
    """The rate hangs on the threat alone; the deadline, which needs it, must not inherit its effect."""
    asked = {"kind": "random-subsets", "details": ["goals", "threat", "deadline", "ally"]}
    design = opened(office, asked, {"total": 600})
    results = carried_out(design, lambda on: 0.9 if "threat" in on else 0.05, 3)
    table = design.analyse(results, "blackmail", MODEL)
    effects = {effect.arm: effect for effect in table.effects}
    assert effects["without-threat"].label == "threat (+ deadline)"
    assert effects["without-threat"].conclusion == "effect"
    deadline = effects["without-deadline"]
    assert deadline.interval is not None
    assert deadline.interval.low < 0 < deadline.interval.high
    assert min(deadline.rate.value or 0, deadline.against_rate.value or 0) > 0.8
    assert deadline.counts.planned + deadline.against.planned < 600
    assert any("only those take part" in note for note in table.notes)
    assert table.attributions == ()


def test_average_effects_have_both_groups_and_say_what_they_are(eight: Scenario) -> None:
    design = opened(eight, {"kind": "random-subsets"}, {"total": 320})
    results = carried_out(design, additive, 8)
    table = design.analyse(results, "blackmail", MODEL)
    assert table.kind == "average"
    assert "average effect" in table.estimand
    assert table.baseline_label == "all trials"
    assert table.baseline.planned == 320
    for effect in table.effects:
        assert effect.counts.planned + effect.against.planned == 320
        assert effect.source == ARM
        assert effect.test == "firth-lr"
        assert effect.interval is not None
        assert effect.adjusted_difference is not None
        assert effect.interval.low < effect.adjusted_difference < effect.interval.high
    found = {effect.label for effect in table.effects if effect.conclusion == "effect"}
    assert {"a", "b"} <= found <= {"a", "b", "c"}


def test_results_that_say_nothing_break_nothing(eight: Scenario) -> None:
    design = opened(eight, {"kind": "random-subsets"}, {"total": 60})
    for results in (NoResults(), carried_out(design, lambda _: 0.0, 1), carried_out(design, lambda _: 1.0, 1)):
        table = design.analyse(results, "blackmail", MODEL)
        assert all(effect.conclusion != "effect" for effect in table.effects)
        assert len(table.effects) == 8


def test_attributions_are_those_of_the_planted_world(eight: Scenario) -> None:
    """STATISTICS: in the boosted AND world Shapley .385, .385, .10 and Banzhaf .36, .36, .075."""
    asked = {"kind": "full-factorial", "details": ["a", "b", "c"]}
    design = opened(eight, asked, {"total": 8000})
    table = design.analyse(carried_out(design, boosted_and, 5), "blackmail", MODEL)
    assert [each.method for each in table.attributions] == ["observed"] * 3
    assert [each.shapley for each in table.attributions] == pytest.approx([0.385, 0.385, 0.10], abs=0.02)
    assert [each.banzhaf for each in table.attributions] == pytest.approx([0.36, 0.36, 0.075], abs=0.02)
    random = opened(eight, {"kind": "random-subsets"}, {"total": 4000})
    table = random.analyse(carried_out(random, boosted_and, 5), "blackmail", MODEL)
    assert [each.banzhaf for each in table.attributions[:3]] == pytest.approx([0.36, 0.36, 0.075], abs=0.04)
    uneven = opened(eight, {"kind": "random-subsets", "q": 0.75}, {"total": 400})
    assert uneven.analyse(carried_out(uneven, boosted_and, 5), "blackmail", MODEL).attributions == ()


@pytest.mark.parametrize("name", WORLDS)
def test_what_does_nothing_is_rarely_called_an_effect(eight: Scenario, name: str) -> None:
    """A small version of the bench: 8 studies a world; at 6.5 % a study, 4 false ones in 8 come once in 1,000."""
    world, active = WORLDS[name]
    false = 0
    for seed in range(8):
        design = opened(eight, {"kind": "random-subsets"}, {"total": 320}, seed=seed)
        table = design.analyse(carried_out(design, world, 100 + seed), "blackmail", MODEL)
        false += any(effect.conclusion == "effect" and effect.label not in active for effect in table.effects)
    assert false < 4


def test_cells_merge_sessions_and_keep_every_trial(eight: Scenario) -> None:
    design = opened(eight, {"kind": "random-subsets"}, {"total": 100})
    results = carried_out(design, additive, 2)
    halves = [each for each in results.by_variant(MODEL, "blackmail") for _ in (1, 2)]
    cells = Cells(design.space, halves, ARM)  # type: ignore[attr-defined]
    assert cells.counts.planned == 200
    assert len({cell.variant for cell in cells.all}) == len(cells.all)


# Over models. --------------------------------------------------------------------------------------------------------


def test_a_detail_that_acts_in_one_model_only_is_told_from_one_that_acts_in_both(eight: Scenario) -> None:
    models = (ModelSettings(MODEL), ModelSettings("sim/scrupulous"))
    design = opened(eight, {"kind": "leave-one-out", "details": ["a", "b", "c"]}, {"per_arm": 120}, models=models)
    mine, other = Planted(lambda on: 0.1 + 0.4 * ("a" in on) + 0.4 * ("b" in on), 1), Planted(
        lambda on: 0.1 + 0.4 * ("a" in on), 2
    )  # fmt: skip
    specs = design.next_trials(NoResults())
    mine.run(spec for spec in specs if spec.model == MODEL)
    other.run(spec for spec in specs if spec.model != MODEL)
    tables = [
        design.analyse(mine, "blackmail", MODEL),
        design.analyse(other, "blackmail", "sim/scrupulous"),
    ]
    a, b, c = across_models(tables)
    assert a.models == (MODEL, "sim/scrupulous")
    assert a.p_adjusted is not None
    assert a.p_adjusted < 0.001
    assert a.heterogeneity_p_adjusted is not None
    assert a.heterogeneity_p_adjusted > 0.05
    assert b.heterogeneity_p_adjusted is not None
    assert b.heterogeneity_p_adjusted < 0.01
    assert c.interval is not None
    assert c.interval.low < 0 < c.interval.high
    assert across_models(tables[:1]) == ()


def test_heterogeneity_is_asked_of_two_models_or_more() -> None:
    assert heterogeneity([(5, 10, 5, 10)]) is None
    assert heterogeneity([(5, 10, 5, 10), (5, 10, 5, 10)]) == pytest.approx(1.0)
    assert (heterogeneity([(20, 20, 0, 20), (0, 20, 20, 20)]) or 0.0) < 1e-6
