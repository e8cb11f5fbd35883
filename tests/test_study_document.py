"""Somebody edits a study: starts one, changes fields, takes changes back, saves, and is told what is wrong where."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from am_studio.foundation.errors import StudioError
from am_studio.runs.advice import pilot_study
from am_studio.runs.carry import plan_study
from am_studio.runs.study import load_study
from am_studio.runs.study_document import StudyDocument
from am_studio.scenarios.documents import DiskConflict
from tests.conftest import WritePack

STUDY = """\
# Why this was asked.
format: 1
name: small-study   # short
scenario: ./my-pack/small
design: {kind: leave-one-out, details: [threat, deadline]}
models:
  - sim/strategist   # free
  - {name: openai/little, price: {input: 1, output: 2}}
outcome: coercion
trials: {per_arm: 12, baseline: 20}

seed: 5
"""


@pytest.fixture
def study(small_pack: WritePack, tmp_path: Path) -> StudyDocument:
    small_pack()
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    return StudyDocument.open(path)


def changed_lines(before: bytes, after: bytes) -> tuple[list[bytes], list[bytes]]:
    old, new = before.split(b"\n"), after.split(b"\n")
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_a_new_study_of_a_scenario_can_run_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = StudyDocument.new("core/replacement-blackmail")
    assert document.problems == ()
    plan = document.plan
    assert plan is not None
    assert (plan.study.outcome, plan.study.scenario) == ("blackmail", "core/replacement-blackmail")
    assert [model.name for model in plan.models] == ["sim/strategist"]
    assert (plan.study.design["kind"], plan.study.design["q"]) == ("random-subsets", "0.75")
    assert len(plan.study.design["details"]) > 1
    assert document.is_new
    assert not document.dirty
    document.save()
    assert document.path == tmp_path / "ablations" / "replacement-blackmail.yaml"
    assert load_study("replacement-blackmail").name == "replacement-blackmail"
    assert StudyDocument.new("core/replacement-blackmail").path.name == "replacement-blackmail-2.yaml"


def test_a_new_study_of_ones_own_scenario_names_it_by_its_place(
    small_pack: WritePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = StudyDocument.new(str(small_pack()))
    assert document.values["scenario"] == "../my-pack/small"
    assert document.plan is not None
    assert document.plan.study.design["details"] == ["threat", "deadline"]
    # Its directory is made when it is saved; until then the scenario is found all the same.
    assert not document.path.parent.exists()
    plan, _ = plan_study(replace(pilot_study(document.plan.study), source=str(document.path)))
    assert plan.trials == 20


def test_saving_touches_only_the_lines_that_changed(study: StudyDocument) -> None:
    before = study.path.read_bytes()
    study.set(("trials", "per_arm"), "30")
    study.set(("baseline", "threat"), "restriction")
    study.set(("budget", "usd"), "5")
    study.save()
    gone, come = changed_lines(before, study.path.read_bytes())
    assert gone == [b"trials: {per_arm: 12, baseline: 20}"]
    assert come == [b"baseline: {threat: restriction}", b"trials: {per_arm: 30, baseline: 20}", b"budget: {usd: 5}"]
    saved = load_study(study.path)
    assert (saved.trials["per_arm"], saved.baseline, saved.budget_usd) == (30, {"threat": "restriction"}, 5)


def test_what_was_added_and_taken_out_again_leaves_no_trace(study: StudyDocument) -> None:
    study.set(("baseline", "deadline"), "off")
    study.set(("baseline", "deadline"), None)
    study.set(("budget", "usd"), "5")
    study.set(("budget", "usd"), None)
    assert study.text == STUDY
    assert not study.dirty


def test_windows_line_ends_stay(small_pack: WritePack, tmp_path: Path) -> None:
    small_pack()
    path = tmp_path / "study.yaml"
    path.write_bytes(STUDY.replace("\n", "\r\n").encode())
    document = StudyDocument.open(path)
    document.set(("seed",), "9")
    document.save()
    assert path.read_bytes() == STUDY.replace("seed: 5", "seed: 9").replace("\n", "\r\n").encode()


def test_undo_takes_typing_back_as_one_and_redo_does_it_again(study: StudyDocument) -> None:
    for typed in ("3", "33", "333"):
        study.set(("trials", "per_arm"), typed, merge=True)
    study.boundary()
    study.set(("trials", "per_arm"), "4", merge=True)
    assert study.undo() == "change trials per arm"
    assert study.values["trials"]["per_arm"] == "333"
    assert study.undo() == "change trials per arm"
    assert study.text == STUDY
    assert study.undo() is None
    assert study.redo() is not None
    assert study.values["trials"]["per_arm"] == "333"
    study.set(("seed",), "1")
    assert study.redo() is None


@pytest.mark.parametrize(
    ("right", "wrong", "field", "line"),
    [
        ("per_arm: 12", "per_arm: many", ("trials", "per_arm"), 10),
        ("per_arm: 12", "per_arms: 12", ("trials",), 10),
        ("outcome: coercion", "outcome: coertion", ("outcome",), 9),
        ("sim/strategist ", "sim/stratgist ", ("models", 0), 7),
        ("openai/little", "sim/strategist", ("models",), 7),
        ("[threat, deadline]", "[threat, dedline]", ("design", "kind"), 5),
        ("leave-one-out", "leave-two-out", ("design", "kind"), 5),
        ("./my-pack/small", "./my-pack/smal", ("scenario",), 4),
        ("seed: 5", "sed: 5", ("sed",), 12),
    ],
)
def test_a_problem_knows_its_line_and_its_field(
    study: StudyDocument, right: str, wrong: str, field: tuple[str | int, ...], line: int
) -> None:
    study.edit(STUDY.replace(right, wrong, 1), "type")
    assert study.plan is None
    problem = study.problems[0]
    found = study.assessment.field_of(problem)
    assert found[: len(field)] == field or field[: len(found)] == found
    if field != ("trials",):  # the design complains of it, at its own place
        assert problem.place.line == line


def test_a_text_that_is_no_yaml_has_one_problem_and_no_plan(study: StudyDocument) -> None:
    study.edit("name: [", "type")
    assert len(study.problems) == 1
    assert study.assessment.field_of(study.problems[0]) == ()
    assert (study.plan, study.values) == (None, {})
    with pytest.raises(StudioError):
        study.set(("seed",), "1")
    assert study.text == "name: ["


def test_a_plan_too_large_to_work_out_while_typing_is_refused(study: StudyDocument) -> None:
    study.set(("trials", "per_arm"), "90000000")
    assert study.plan is None
    assert "more than the studio plans" in study.problems[0].message


def test_another_scenario_takes_along_what_it_has(study: StudyDocument) -> None:
    study.set(("baseline", "deadline"), "off")
    study.choose_scenario("core/replacement-blackmail")
    assert study.problems[0].message.startswith("'deadline' cannot be removed")
    assert study.values["design"]["details"] == ["threat", "deadline"]
    assert study.values["outcome"] == "blackmail"
    assert study.undo() is not None
    assert study.values["outcome"] == "coercion"


def test_a_design_keeps_the_settings_that_it_knows(study: StudyDocument) -> None:
    study.edit(STUDY.replace("kind: leave-one-out", "kind: other, depth: 3").replace("per_arm", "total"), "type")
    study.choose_design("leave-one-out")
    assert study.values["design"] == {"kind": "leave-one-out", "details": ["threat", "deadline"]}
    assert study.values["trials"] == {"per_arm": "60", "baseline": "20"}
    assert study.plan is not None


def test_a_file_that_somebody_else_changed_is_not_overwritten(study: StudyDocument) -> None:
    study.set(("seed",), "6")
    theirs = STUDY.replace("seed: 5", "seed: 8")
    study.path.write_text(theirs)
    with pytest.raises(DiskConflict):
        study.save()
    assert study.path.read_text() == theirs
    study.reload()
    assert study.values["seed"] == "8"
    assert not study.dirty
    study.undo()
    study.save(overwrite=True)
    assert load_study(study.path).seed == 6


def test_saved_elsewhere_it_still_finds_its_scenario(study: StudyDocument, tmp_path: Path) -> None:
    study.save_as(tmp_path / "deep" / "down" / "copy.yaml")
    assert study.values["scenario"] == "../../my-pack/small"
    assert study.plan is not None
    assert not study.dirty
    with pytest.raises(DiskConflict):
        study.save_as(tmp_path / "study.yaml")
    assert study.path.name == "copy.yaml"
    assert (tmp_path / "study.yaml").read_text() == STUDY


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_where_nothing_can_be_written_the_file_stays(study: StudyDocument) -> None:
    study.set(("seed",), "6")
    study.path.parent.chmod(0o500)
    try:
        with pytest.raises(StudioError):
            study.save()
    finally:
        study.path.parent.chmod(0o700)
    assert study.path.read_text() == STUDY
    assert study.dirty


def test_a_file_where_a_directory_should_be_is_told_and_loses_nothing(study: StudyDocument, tmp_path: Path) -> None:
    with pytest.raises(StudioError):
        study.save_as(tmp_path / "study.yaml" / "copy.yaml")
    assert study.path == tmp_path / "study.yaml"
    assert study.text == STUDY


def test_a_design_that_counts_trials_otherwise_gets_a_usual_number(study: StudyDocument) -> None:
    study.choose_design("random-subsets")
    assert study.values["trials"] == {"total": "320"}
    assert study.values["design"] == {"kind": "random-subsets", "details": ["threat", "deadline"]}
    assert study.plan is not None
    assert study.plan.trials == 320 * len(study.plan.models)
    assert any("its own subset" in note for note in study.plan.notes)
    study.choose_design("minimal")
    assert study.plan is not None
    assert study.plan.trials == 320 * len(study.plan.models)
