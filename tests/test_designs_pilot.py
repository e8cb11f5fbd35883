"""A pilot and what it advises: planted worlds change the advice, and YAML to paste gives a study that runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from am_studio.cli.main import main
from am_studio.designs.base import NoResults
from am_studio.designs.pilot import ALL_OFF
from am_studio.designs.policy import Policy, policy
from am_studio.foundation.errors import StudioError
from am_studio.runs.advice import Advice, advise, pilot_study
from am_studio.runs.carry import plan_study
from am_studio.runs.runfile import RunFile
from am_studio.scenarios import Scenario
from tests.conftest import WritePack
from tests.designs_world import (
    MODEL,
    World,
    additive,
    and_of_four,
    boosted_and,
    carried_out,
    ceiling,
    opened,
    redundant_or,
    switches,
)
from tests.run_world import Subject, new_run, study_at, work


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return switches(tmp_path_factory.mktemp("eight"))


def advice_in(world: World, scenario: Scenario, *, together: bool = False, trials: int = 10) -> Policy:
    """What a pilot in this world advises; with many trials, what it advises once chance is out of the way."""
    design = opened(scenario, {"kind": "pilot"}, {"per_arm": trials, "baseline": trials})
    results = carried_out(design, world, 5)
    on, off = (results.counts(arm, MODEL, "blackmail") for arm in ("baseline", ALL_OFF))
    return policy((on.yes, on.completed), (off.yes, off.completed), 8, alpha=0.05, together=together)


def test_a_pilot_has_everything_in_place_and_everything_removed(eight: Scenario) -> None:
    design = opened(eight, {"kind": "pilot"}, {"per_arm": 10, "baseline": 10})
    specs = design.next_trials(NoResults())
    assert len(specs) == 20
    on, off = design.arms()
    assert set(on.variant.as_dict().values()) == {"on"}
    assert set(off.variant.as_dict().values()) == {"off"}
    table = design.analyse(carried_out(design, and_of_four, 1), "blackmail", MODEL)
    assert table.effects[0].label == "all off"
    assert table.effects[0].conclusion == "effect"


@pytest.mark.parametrize(
    ("world", "finding", "design", "q"),
    [
        (redundant_or, "high", "random-subsets", 0.5),
        (ceiling, "high", "random-subsets", 0.5),
        (additive, "middling", "random-subsets", 0.75),
        (lambda on: 0.2 if on else 0.0, "low", "random-subsets", 0.75),
        (lambda _: 0.03, "nothing", "add-one-in", None),
        (lambda on: 0.03 if on else 0.8, "suppressed", "add-one-in", None),
        (lambda _: 0.95, "not carried", "none", None),
    ],
)
def test_planted_worlds_change_the_advice(
    eight: Scenario, world: World, finding: str, design: str, q: float | None
) -> None:
    advised = advice_in(world, eight, trials=400)
    assert (advised.finding, advised.design, advised.q) == (finding, design, q)


def test_a_suspected_conjunction_keeps_most_details_in_place(eight: Scenario) -> None:
    def world(on: frozenset[str]) -> float:
        return 0.95 if {"a", "b", "c", "d"} <= on else 0.02

    assert advice_in(world, eight, trials=400).q == 0.5
    advised = advice_in(world, eight, trials=400, together=True)
    assert advised.q == 0.75
    assert "suspected to act only together" in advised.text


def test_what_cannot_be_shown_is_said_plainly(eight: Scenario) -> None:
    assert "removal cannot show anything here" in advice_in(lambda _: 0.0, eight).text
    assert "they do not carry it" in advice_in(lambda _: 1.0, eight).text
    assert "+" in advice_in(lambda on: 0.0 if on else 1.0, eight).text


def test_trials_are_those_that_find_one_of_three_details_that_act_together(eight: Scenario) -> None:
    strong = advice_in(boosted_and, eight, trials=400)
    assert strong.assumed is not None
    assert strong.trials is not None
    assert strong.weaker is not None
    assert strong.weaker > 2 * strong.trials
    design = opened(eight, {"kind": "random-subsets", "q": strong.q}, {"total": strong.trials})
    found = 0
    for seed in range(6):
        table = design.analyse(carried_out(design, boosted_and, seed), "blackmail", MODEL)
        found += all(effect.conclusion == "effect" for effect in table.effects[:2])
    assert found >= 4


def test_a_pilot_without_trials_advises_nothing() -> None:
    with pytest.raises(ValueError, match="trials of both arms"):
        policy((0, 0), (1, 10), 3, alpha=0.05)


# From the command line. ----------------------------------------------------------------------------------------------


def piloted(small_pack: WritePack, path: Path, scenario: Path) -> Advice:
    study = study_at(scenario, "little")
    work(new_run(pilot_study(study), path), Subject())
    plan, loaded = plan_study(study)
    assert plan.study.name == "small-study"
    with RunFile.open(path) as run:
        return advise(study, loaded, run)


def test_advice_gives_yaml_that_makes_a_study(small_pack: WritePack, tmp_path: Path) -> None:
    scenario = small_pack()
    advice = piloted(small_pack, tmp_path / "pilot.amrun", scenario)
    block = yaml.safe_load(advice.block)
    assert set(block) == {"design", "trials"}
    assert block["design"]["details"] == ["threat", "deadline"]
    changed = study_at(
        scenario,
        "little",
        design=json.dumps(block["design"]),
        trials=json.dumps(block["trials"]),
    )
    plan, _ = plan_study(changed)
    assert plan.trials == advice.trials
    assert (advice.models[0].all_on.n, advice.models[0].all_off.n) == (10, 10)


def test_a_pilot_of_something_else_is_refused(small_pack: WritePack, tmp_path: Path) -> None:
    scenario = small_pack()
    study = study_at(scenario, "little")
    path, other = tmp_path / "pilot.amrun", tmp_path / "run.amrun"
    work(new_run(pilot_study(study), path), Subject())
    work(new_run(study, other), Subject())
    _, loaded = plan_study(study)
    with RunFile.open(other) as run, pytest.raises(StudioError, match="'small-study' is no pilot"):
        advise(study, loaded, run)
    with RunFile.open(path) as run:
        with pytest.raises(StudioError, match="another baseline"):
            advise(replace(study, baseline={"hint": "on"}), loaded, run)
        with pytest.raises(StudioError, match="another details"):
            advise(replace(study, design={**study.design, "details": ["threat"]}), loaded, run)


def test_a_pilot_that_has_not_ended_says_how_to_go_on(small_pack: WritePack, tmp_path: Path) -> None:
    study = study_at(small_pack(), "little")
    path = tmp_path / "pilot.amrun"
    run = new_run(pilot_study(study), path)
    from am_studio.designs.registry import open_design

    plan, loaded = plan_study(pilot_study(study))
    run.plan_trials(open_design(plan.study, loaded).next_trials(NoResults()))
    run.close()
    with RunFile.open(path) as found, pytest.raises(StudioError, match="has not ended"):
        advise(study, loaded, found)


def test_the_command_runs_a_pilot_of_a_simulated_subject_unasked_and_reads_it_again(
    small_pack: WritePack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_at(small_pack(), "sim/strategist")
    path = tmp_path / "pilot.amrun"
    assert main(["plan", study.source, "--advise", "--out", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "SIMULATED" in shown
    assert "sim/strategist: all on" in shown
    with RunFile.open(path) as run:
        assert run.plan.study.design["kind"] == "pilot"
        assert run.planned() == 20
    assert main(["plan", study.source, "--advise", "--pilot", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["simulated"]
    assert answer["models"][0]["all_on"]["n"] == 10


def test_a_pilot_of_real_models_is_asked_about(
    small_pack: WritePack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_at(small_pack(), "openai/example-model")
    assert main(["plan", study.source, "--advise", "--out", str(tmp_path / "pilot.amrun")]) == 2
    assert "no terminal to ask on" in capsys.readouterr().err
    assert not (tmp_path / "pilot.amrun").exists()
