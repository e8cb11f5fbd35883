"""The studies that come with the program can be planned, carried out on a simulated subject, and read."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from am_studio.reports.run_results import run_as_json
from am_studio.runs.analysis import analyse
from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study, with_changes
from am_studio.tui.results.export import effects_csv

ABLATIONS = Path(__file__).parent.parent / "ablations"
KINDS = {
    "single-line": "local",
    "which-details": "average",
    "sufficient-alone": "alone",
    "minimal-set": "local",
    "two-stories": "contrast",
    "rubric-judge": "local",
    "funnel": "contrast",
    "funnel-crossed": "average",
    "test-or-real": "local",
    "permissions": "level",
    "prohibition": "level",
    "conflict-by-threat": "average",
    "names": "local",
    "realism-ladder": "contrast",
    "minimal-funnel": "local",
    "sufficiency": "contrast",
}


def test_every_study_that_is_shipped_is_tried_here_and_its_table_is_current() -> None:
    assert {path.stem for path in ABLATIONS.glob("*.yaml")} == set(KINDS)
    script = ABLATIONS.parent / "docs" / "make_ablations.py"
    told = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout.strip()) == (0, "current"), told.stderr


@pytest.mark.parametrize("name", KINDS)
def test_an_example_study_runs_and_says_what_kind_of_effect_it_estimates(name: str, tmp_path: Path) -> None:
    study = load_study(ABLATIONS / f"{name}.yaml")
    assert study.name == name
    few = with_changes(study, per_arm=120 if "total" in study.trials else 12)
    assert dict(few.trials) == {**study.trials, **({"total": 120} if "total" in study.trials else {"per_arm": 12})}
    plan, scenario = plan_study(few)
    assert plan.estimand
    path = tmp_path / "example.amrun"
    assert carry_out(begin(plan, scenario, path)).kind == "finished"
    with RunFile.open(path) as run:
        analysis = analyse(run)
        plain = json.loads(json.dumps(run_as_json(run, analysis), allow_nan=False))
    (table,) = plain["tables"]
    assert table["kind"] == KINDS[name]
    assert table["stamp"].startswith("SIMULATED")
    assert effects_csv(plain).count("\r\n") == len(table["effects"]) + 2
    assert plain["across_models"] == []


def test_motives_are_crossed_and_nothing_comes_and_goes_with_the_threat(tmp_path: Path) -> None:
    cells = variants_of("conflict-by-threat", tmp_path)
    threats, conflicts = ("replacement", "restriction", "none"), ("on", "off")
    assert {(each["threat"], each["goal_conflict"]) for each in cells} == set(product(threats, conflicts))
    alone = variants_of("sufficiency", tmp_path)
    assert {(each["threat"], each["goal_conflict"]) for each in alone} == set(product(threats[::2], conflicts))
    for study in (cells, alone):
        others = {tuple(item for item in each.items() if item[0] not in {"threat", "goal_conflict"}) for each in study}
        assert len(others) == 1


def variants_of(name: str, directory: Path) -> list[dict[str, str]]:
    plan, scenario = plan_study(with_changes(load_study(ABLATIONS / f"{name}.yaml"), per_arm=12))
    path = directory / f"{name}.amrun"
    assert carry_out(begin(plan, scenario, path)).kind == "finished"
    with RunFile.open(path) as run:
        return [dict(trial.variant.levels) for trial in run.trials()]


def test_only_the_study_of_names_draws_nuisance_factors() -> None:
    drawn = {name: load_study(ABLATIONS / f"{name}.yaml").nuisance for name in KINDS}
    assert drawn == {name: "all" if name == "names" else () for name in KINDS}


def test_what_effects_are_held_against_is_part_of_the_plan() -> None:
    study = load_study(ABLATIONS / "which-details.yaml")
    plan, _ = plan_study(study)
    other, _ = plan_study(replace(study, analysis=replace(study.analysis, margin=0.2)))
    assert plan.hash != other.hash
