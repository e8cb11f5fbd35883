"""Studies that may stop early: what is named up to a look, what is left out after it, and what the table says of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from am_studio.designs.base import NoResults
from am_studio.designs.sequential import Looked
from am_studio.effects.sequential import group_sequential, sequential_p
from am_studio.foundation.errors import StudioError
from am_studio.records import ChatRequest, ModelFailure, ModelSettings, Reply, Stopping
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import StoppingForm
from am_studio.runs.writer import RunWriter
from am_studio.scenarios import Scenario
from tests.conftest import WritePack
from tests.designs_world import MODEL, Planted, World, carried_out, opened, switches
from tests.run_world import Subject, new_run, sometimes_threatens, study_at, work

OBF = Stopping("obrien-fleming", 4)
POCOCK = Stopping("pocock", 3, futility=True)
WATCHED = Stopping("e-process", every=10)
LOO = {"kind": "leave-one-out", "details": ["a", "b", "c", "d"]}
SIZES = {"per_arm": 40, "baseline": 80}


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return switches(tmp_path_factory.mktemp("eight"))


def looked(
    scenario: Scenario, stopping: Stopping, design: object = None, trials: object = None, **more: object
) -> Looked:
    given = opened(scenario, design or LOO, trials or SIZES, stopping=stopping, **more)  # type: ignore[arg-type]
    assert isinstance(given, Looked)
    return given


def a_carries_all(on: frozenset[str]) -> float:
    return 0.95 if "a" in on else 0.05


def nothing_matters(_: frozenset[str]) -> float:
    return 0.5


# What is named. ------------------------------------------------------------------------------------------------------


def test_trials_are_named_up_to_the_next_look_only_and_the_arms_are_mixed(eight: Scenario) -> None:
    specs = looked(eight, OBF).next_trials(NoResults())
    assert Counter(spec.arm for spec in specs) == {
        "baseline": 20, "without-a": 10, "without-b": 10, "without-c": 10, "without-d": 10,
    }  # fmt: skip
    assert [spec.id for spec in specs] == list(range(60))
    assert len({spec.arm for spec in specs[:10]}) > 2
    assert looked(eight, OBF).greatest() == 240


def test_an_arm_that_has_shown_its_effect_gets_no_more_trials_and_the_others_go_on(eight: Scenario) -> None:
    design = looked(eight, POCOCK)
    results = Planted(a_carries_all, 4)
    results.run(design.next_trials(results))
    second = design.next_trials(results)
    assert "without-a" not in {spec.arm for spec in second}
    assert all(spec.arm in {"baseline", "without-b", "without-c", "without-d"} for spec in second)
    assert [spec.id for spec in second] == list(range(results.planned(), results.planned() + len(second)))


def test_the_trials_are_those_of_the_study_without_looks(eight: Scenario) -> None:
    """Seeds and variants belong to the place in the arm, so stopping leaves a prefix of each arm."""
    plain = opened(eight, LOO, SIZES).next_trials(NoResults())
    stopped = carried_out(looked(eight, OBF), nothing_matters, 3).specs
    assert {(spec.arm, spec.seed) for spec in stopped} <= {(spec.arm, spec.seed) for spec in plain}


def test_decisions_are_recovered_by_a_program_that_starts_anew(eight: Scenario) -> None:
    """A fresh design at every step, as after a kill, names what one that stayed would have named."""
    for rule in (OBF, POCOCK, WATCHED):
        whole = carried_out(looked(eight, rule), a_carries_all, 9)
        again = Planted(a_carries_all, 9)
        while batch := looked(eight, rule).next_trials(again):
            again.run(batch)
        assert again.specs == whole.specs


def test_nothing_is_named_while_trials_of_the_look_are_still_to_come(eight: Scenario) -> None:
    design = looked(eight, OBF)
    results = Planted(a_carries_all, 4)
    batch = design.next_trials(results)
    results.run(batch)
    last = results.in_order("without-b", MODEL, "blackmail")
    last[-1] = replace(last[-1], answer=None)
    assert design.next_trials(results) == ()
    assert {stop.reason for stop in design.course(results, MODEL)} == {"going on"}
    last[-1] = replace(last[-1], failed=True)
    assert design.next_trials(results)


def test_models_stop_each_on_its_own(eight: Scenario) -> None:
    other = "sim/scrupulous"
    design = looked(eight, POCOCK, models=(ModelSettings(MODEL), ModelSettings(other)))
    results = TwoModels({MODEL: a_carries_all, other: nothing_matters})
    while batch := design.next_trials(results):
        results.run(batch)
    stops = {model: design.course(results, model) for model in (MODEL, other)}
    assert (stops[MODEL][0].reason, stops[MODEL][0].look) == ("effect", 1)
    assert stops[other][0].reason in {"futile", "end"}


class TwoModels(Planted):
    """Two models with a world each."""

    def __init__(self, worlds: dict[str, World]) -> None:
        super().__init__(nothing_matters, 1)
        self._each = {model: Planted(world, 2) for model, world in worlds.items()}

    def run(self, specs: object) -> None:
        for spec in specs:  # type: ignore[attr-defined]
            self.specs.append(spec)
            self._each[spec.model].run([spec])

    def in_order(self, arm: str, model: str, outcome: str):  # type: ignore[no-untyped-def]
        return self._each[model].in_order(arm, model, outcome)


# What is said of it. -------------------------------------------------------------------------------------------------


def test_the_table_says_at_which_look_each_comparison_stopped_and_by_how_much(eight: Scenario) -> None:
    design = looked(eight, POCOCK)
    results = carried_out(design, a_carries_all, 4)
    table = design.analyse(results, "blackmail", MODEL)
    assert table.stops is not None
    first = table.stops.each[0]
    assert (first.label, first.look, first.reason, first.trials) == ("a", 1, "effect", (14, 27))
    assert first.p is not None
    assert first.boundary is not None
    assert first.p <= first.boundary
    effect = table.effects[0]
    assert (effect.counts.planned, effect.against.planned) == first.trials
    assert effect.p == first.p
    assert effect.p_adjusted is not None
    assert effect.p < effect.p_adjusted <= 0.05
    assert effect.conclusion == "effect"
    assert all(each.conclusion != "effect" for each in table.effects[1:])
    assert table.adjustment == "bonferroni"
    assert table.stops.over
    assert table.stops.saved == 240 - results.planned()
    told = " ".join(table.notes)
    assert "not adjusted for stopping" in told
    assert f"Trials saved by stopping: {table.stops.saved} of 240" in told


def test_each_comparison_is_with_the_baseline_trials_of_its_own_time(eight: Scenario) -> None:
    """Baseline trials that came after an arm was left out are no fair match for it: a provider may drift."""
    design = looked(eight, Stopping("pocock", 3))
    results = carried_out(design, a_carries_all, 4)
    table = design.analyse(results, "blackmail", MODEL)
    early = results.in_order("baseline", MODEL, "blackmail")[:27]
    assert table.effects[0].against.yes == sum(trial.answer == "yes" for trial in early)
    assert table.baseline.planned >= 54


def test_what_is_no_longer_borne_out_is_called_undone_and_not_taken_up_again(eight: Scenario) -> None:
    design = looked(eight, Stopping("pocock", 3))
    results = carried_out(design, a_carries_all, 4)
    planned = results.planned()
    trials = results.in_order("without-a", MODEL, "blackmail")
    trials[:] = [replace(trial, answer="yes") for trial in trials]
    assert design.next_trials(results) == ()
    assert results.planned() == planned
    stop = design.course(results, MODEL)[0]
    assert (stop.reason, stop.look) == ("undone", 1)
    assert design.analyse(results, "blackmail", MODEL).effects[0].conclusion == "undetermined"


def test_random_subsets_go_on_until_every_detail_is_decided(eight: Scenario) -> None:
    kind = {"kind": "random-subsets", "details": ["a", "b", "c"]}
    design = looked(eight, Stopping("obrien-fleming", 3, futility=True), kind, {"total": 150})
    results = carried_out(design, a_carries_all, 5)
    table = design.analyse(results, "blackmail", MODEL)
    assert table.stops is not None
    assert [stop.reason == "effect" for stop in table.stops.each] == [True, False, False]
    assert table.stops.each[0].look < 3
    a = table.effects[0]
    assert a.counts.planned + a.against.planned == 50 * table.stops.each[0].look
    assert results.planned() in {100, 150}


def test_an_e_process_stops_at_k_over_alpha_and_may_be_read_on_the_way(eight: Scenario) -> None:
    design = looked(eight, WATCHED)
    results = Planted(a_carries_all, 4)
    results.run(design.next_trials(results))
    table = design.analyse(results, "blackmail", MODEL)
    assert table.stops is not None
    assert all(stop.e is not None for stop in table.stops.each)
    assert all(effect.test == "e-process" for effect in table.effects)
    results = carried_out(design, a_carries_all, 4)
    table = design.analyse(results, "blackmail", MODEL)
    assert table.stops is not None
    a, b, *_ = table.stops.each
    assert a.reason == "effect"
    assert a.e is not None
    assert a.e_needed == pytest.approx(80)
    assert a.e >= 80
    assert (b.reason, b.look) == ("end", 4)
    assert table.effects[0].p_adjusted is not None
    assert table.effects[0].p_adjusted <= 0.05


def test_another_outcome_is_shown_with_a_warning_and_no_boundary(eight: Scenario) -> None:
    design = looked(eight, POCOCK)
    table = design.analyse(carried_out(design, a_carries_all, 4), "leaking", MODEL)
    assert table.stops is None
    assert any("stopped by what blackmail showed" in note for note in table.notes)


@pytest.mark.parametrize("rule", [Stopping("pocock", 5), Stopping("obrien-fleming", 3, futility=True)])
def test_false_effects_are_rare_over_all_looks_and_comparisons(eight: Scenario, rule: Stopping) -> None:
    """A small version of the bench: at 5 % a study, 5 false ones in 20 come three times in 1,000."""
    false = 0
    for seed in range(20):
        design = looked(eight, rule, trials={"per_arm": 140, "baseline": 280}, seed=seed)
        results = carried_out(design, nothing_matters, seed)
        false += any(stop.reason == "effect" for stop in design.course(results, MODEL))
    assert false < 5


def test_the_p_of_a_course_is_its_level_exactly_at_the_boundary() -> None:
    for spending in ("obrien-fleming", "pocock"):
        for number, look in enumerate(group_sequential(4, alpha=0.0125, spending=spending)):
            ps = [1.0] * number + [look.p_nominal]
            assert sequential_p(ps, 4, spending) == pytest.approx(0.0125, rel=3e-3)
    assert sequential_p([], 4, "pocock") == 1
    assert sequential_p([0.5, 1e-40], 4, "pocock") == 1e-9
    assert sequential_p([0.001, 0.9], 4, "pocock") == sequential_p([0.001], 4, "pocock")


# What is refused, and what a plan says. ------------------------------------------------------------------------------


def test_designs_without_fixed_comparisons_refuse_in_words(eight: Scenario) -> None:
    with pytest.raises(StudioError, match="kind 'minimal' cannot stop early") as refused:
        opened(eight, {"kind": "minimal"}, {"total": 300}, stopping=OBF)
    assert "leave-one-out" in refused.value.detail
    with pytest.raises(StudioError, match="e-process compares two groups"):
        opened(eight, {"kind": "random-subsets"}, {"total": 300}, stopping=WATCHED)
    with pytest.raises(StudioError, match="3 trials of an arm cannot be looked at 4 times"):
        opened(eight, LOO, {"per_arm": 3}, stopping=OBF)


def test_a_study_says_only_what_its_rule_has_use_for() -> None:
    assert StoppingForm(kind="pocock", looks=5, futility=True).looks == 5  # type: ignore[call-arg]
    for wrong in ({"kind": "pocock", "looks": 2}, {"kind": "e-process", "looks": 4}, {"kind": "pocock", "every": 5}):
        with pytest.raises(ValidationError):
            StoppingForm(**wrong)  # type: ignore[arg-type]


def test_the_plan_tells_every_look_with_its_boundary(eight: Scenario) -> None:
    notes = looked(eight, replace(OBF, futility=True)).notes()
    assert sum(note.startswith("Look ") for note in notes) == 4
    assert any("alpha / k = 0.05 / 4" in note and "non-binding" in note for note in notes)
    assert any("Look 4: 40 against 80 trials" in note for note in notes)


# In a run. -----------------------------------------------------------------------------------------------------------


def test_a_run_that_is_stopped_on_the_way_comes_to_the_same_end(small_pack: WritePack, tmp_path: Path) -> None:
    changes = {"stopping": "{kind: pocock, looks: 3}", "trials": "{per_arm: 30, baseline: 45}"}
    study = study_at(small_pack(), "little", sessions="{recheck: 0}", **changes)
    whole, broken = tmp_path / "whole.amrun", tmp_path / "broken.amrun"
    assert work(new_run(study, whole), Subject())[0].kind == "finished"

    def gives_out(request: ChatRequest, number: int) -> Reply | ModelFailure:
        return sometimes_threatens(request, number) if number < 50 else ModelFailure("authentication", "no")

    assert work(new_run(study, broken), Subject(gives_out))[0].kind == "models"
    assert work(RunWriter.open(broken), Subject())[0].kind == "finished"
    with RunFile.open(whole) as one, RunFile.open(broken) as other:
        assert list(one.trials()) == list(other.trials())
        assert one.counts("coercion") == other.counts("coercion")
        assert 35 < one.planned() < 105
        (trial,) = {each.session for each in one.in_order("without-threat", "little", "coercion")}
        assert trial == 1
