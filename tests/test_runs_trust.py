"""People label a drawn sample of a run, and the run says how far its judge can be trusted."""

from __future__ import annotations

import csv
import json
import os
import pty
import select
import sys
import time
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from am_studio.cli.label_loop import Queue
from am_studio.cli.main import main
from am_studio.foundation.errors import StudioError
from am_studio.judging import meant
from am_studio.records import ModelFailure, TrustGate
from am_studio.reports.label_sheet import read_sheet, sheet_of, store_sheet
from am_studio.reports.run_results import run_as_json
from am_studio.reports.trust_results import WIDTH, trust_as_json, trust_lines, trust_sentence
from am_studio.runs.analysis import Unproven, analyse
from am_studio.runs.browse import Wanted, carried_scenario, find_trials
from am_studio.runs.deviations import AnalysisChoices
from am_studio.runs.label_samples import draw_labels, judged, label_sample
from am_studio.runs.labels import read_labels, set_label
from am_studio.runs.plan import plan_hash
from am_studio.runs.referee_judge import judge_questions
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study, study_as_json, study_from_json
from am_studio.runs.trust import lacking, trust
from am_studio.runs.verify import damages
from am_studio.runs.writer import RunWriter
from run_world import Subject, new_run, study_at, work

GATE = "{require: {kappa: .6, labels: 20}}"


@pytest.fixture
def path(small_pack, tmp_path: Path) -> Path:
    work(new_run(study_at(small_pack()), tmp_path / "the.amrun"), Subject())
    return tmp_path / "the.amrun"


@pytest.fixture
def gated(small_pack, tmp_path: Path) -> Path:
    work(new_run(study_at(small_pack(), analysis=GATE), tmp_path / "gated.amrun"), Subject())
    return tmp_path / "gated.amrun"


def truths(path: Path) -> dict[int, str]:
    """What every subject of the run meant, as a careful human would say it."""
    with RunFile.open(path) as run:
        outcome = carried_scenario(run).questions.outcome("coercion")
        return {
            each.trial: "yes" if meant(outcome, run.transcript(each.trial, intents=True).replies[-1].intent) else "no"
            for each in judged(run, "coercion")
        }


def label_all(path: Path, rater: str = "Noor", *, size: int = 30, wrong: int = 0) -> list[int]:
    """Label the drawn sample as it is; the first `wrong` of them the other way round."""
    said = truths(path)
    drawn = [each.trial for each in draw_labels(path, "coercion", size=size).trials]
    for place, trial in enumerate(drawn):
        truth = said[trial]
        other = "no" if truth == "yes" else "yes"
        set_label(path, trial, "coercion", rater, other if place < wrong else truth)
    return drawn


# The sample. ---------------------------------------------------------------------------------------------------------


def test_a_sample_is_drawn_once_kept_with_its_chances_and_added_to(path: Path) -> None:
    with RunFile.open(path) as run:
        assert label_sample(run, "coercion") is None
        answers = {each.trial: each.answer for each in judged(run, "coercion")}
    first = draw_labels(path, "coercion", size=20)
    assert draw_labels(path, "coercion", size=10) == first
    more = draw_labels(path, "coercion", size=30)
    assert [each.trial for each in more.trials[:20]] == [each.trial for each in first.trials]
    assert (first.draws, more.draws, more.candidates) == (1, 2, len(answers))
    with RunFile.open(path) as run:
        assert label_sample(run, "coercion") == more
        assert find_trials(run, Wanted(label="queue")) == tuple(sorted(more.chances))
        assert list(damages(run)) == []
    for answer in ("yes", "no"):
        there = [trial for trial in answers if answers[trial] == answer]
        drawn = [trial for trial in there if trial in more.chances]
        assert {more.chances[trial] for trial in drawn} == {len(drawn) / len(there)}


def test_a_sample_that_was_tampered_with_is_told_of(path: Path) -> None:
    draw_labels(path, "coercion", size=20)
    with closing(apsw.Connection(str(path))) as db:
        db.execute("UPDATE label_sample SET chance = 1.0 WHERE position = 3 AND chance < 1")
        db.execute("DELETE FROM label_sample WHERE position = 4")
    with RunFile.open(path) as run:
        told = list(damages(run))
    assert "label_draw 1: trials of the sample are missing" in told
    assert any(each.startswith("label_sample 1.") for each in told)


def test_a_sample_cannot_be_drawn_anew_with_another_seed_or_for_nothing(path: Path) -> None:
    draw_labels(path, "coercion", size=20, seed=3)
    with pytest.raises(StudioError, match="seed 3"):
        draw_labels(path, "coercion", size=30, seed=4)
    with pytest.raises(StudioError, match="no outcome 'coersion'"):
        draw_labels(path, "coersion")
    with pytest.raises(StudioError, match="no judge 'nobody/1'"):
        draw_labels(path, "coercion", "nobody/1")


def test_a_run_that_went_on_is_drawn_from_anew_when_that_is_asked_for(small_pack, tmp_path: Path) -> None:
    path, down = tmp_path / "two.amrun", Subject(lambda *_: ModelFailure("authentication", "no such key"))
    models = {"sim/strategist": down, "sim/cautious": Subject()}
    work(new_run(study_at(small_pack(), *models), path), models)
    before = draw_labels(path, "coercion", size=20)
    work(RunWriter.open(path), Subject())
    assert draw_labels(path, "coercion") == before
    with RunFile.open(path) as run:
        assert trust(run).since == 44
        assert "44 trials were judged since" in " ".join(" ".join(trust_lines(trust(run))).split())
    after = draw_labels(path, "coercion", size=20)
    assert (before.candidates, after.candidates, len(after.trials)) == (44, 88, 20)
    with RunFile.open(path) as run:
        assert trust(run).since == 0
        assert {arm.model for arm in trust(run).arms} == {"sim/strategist", "sim/cautious"}


# Trust. --------------------------------------------------------------------------------------------------------------


def test_labels_of_the_sample_tell_how_the_judge_errs(path: Path) -> None:
    label_all(path, wrong=2)
    with RunFile.open(path) as run:
        tables = analyse(run).tables
        found = trust(run, tables=tables)
        sizes = {each.trial: each.answer for each in judged(run, "coercion")}
    rows = {row.answer: row for row in found.matrix}
    assert sum(row.trials for row in found.matrix) == len(sizes)
    assert sum(row.checked for row in found.matrix) == found.labelled == 30
    assert rows["yes"].no + rows["no"].yes == 2
    assert 0 < found.kappa.value < 1
    assert found.error.sensitivity.interval.low < found.error.sensitivity.value
    assert {arm.arm for arm in found.arms} == {"baseline", "without-threat", "without-deadline"}
    assert [effect.arm for effect in found.effects] == [effect.arm for effect in tables[0].effects]
    for arm in found.arms:
        assert arm.corrected.interval.low <= arm.corrected.value <= arm.corrected.interval.high
    assert all(len(line) <= WIDTH for line in trust_lines(found))
    assert "labels on 30 of 30 drawn trials" in trust_sentence(found)
    assert json.loads(json.dumps(trust_as_json(found)))["labelled"] == 30


def test_with_labels_for_everything_the_corrected_rates_are_what_people_said(path: Path) -> None:
    label_all(path, size=1000)
    said = truths(path)
    with RunFile.open(path) as run:
        arms = {each.trial: each.arm for each in judged(run, "coercion")}
        found = trust(run)
    for arm in found.arms:
        there = [trial for trial in arms if arms[trial] == arm.arm]
        assert arm.corrected.value == pytest.approx(sum(said[trial] == "yes" for trial in there) / len(there))
        assert arm.basis == "own"
        assert arm.error is not None


def test_labels_of_trials_that_nobody_drew_do_not_count(path: Path) -> None:
    drawn = label_all(path, size=20)
    with RunFile.open(path) as run:
        before = trust(run)
        others = [each.trial for each in judged(run, "coercion") if each.trial not in drawn]
    for trial in others[:5]:
        set_label(path, trial, "coercion", "Noor", "yes")
    with RunFile.open(path) as run:
        after = trust(run)
    assert (after.chosen, after.labelled, after.matrix) == (5, 20, before.matrix)


def test_several_raters_count_together_and_are_compared(path: Path) -> None:
    drawn = label_all(path, "Noor")
    label_all(path, "Ilse", wrong=3)
    label_all(path, "Bo")
    set_label(path, drawn[-1], "coercion", "Bo", "unclear")
    with RunFile.open(path) as run:
        found, alone = trust(run), trust(run, rater="Ilse")
    assert found.kappa.value == pytest.approx(trust_of_one(path, "Noor"))
    assert alone.kappa.value < found.kappa.value
    assert [(rater.rater, rater.labels) for rater in found.raters] == [("Bo", 30), ("Ilse", 30), ("Noor", 30)]
    assert found.among_raters.names == ("Bo", "Ilse", "Noor")
    assert 0 < found.among_raters.alpha.value < 1
    assert found.among_raters.fleiss.n == 30
    assert found.among_judges is None


def trust_of_one(path: Path, rater: str) -> float | None:
    with RunFile.open(path) as run:
        return trust(run, rater=rater).kappa.value


def test_an_answer_that_no_label_settles_leaves_the_judges_error_unknown_and_says_why(path: Path) -> None:
    drawn = label_all(path, size=20)
    with RunFile.open(path) as run:
        said = {each.trial: each.answer for each in judged(run, "coercion")}
    for trial in drawn:
        if said[trial] == "yes":
            set_label(path, trial, "coercion", "Noor", "unclear")
    with RunFile.open(path) as run:
        told = " ".join(" ".join(trust_lines(trust(run))).split())
    yes = sum(answer == "yes" for answer in said.values())
    assert "Sensitivity (of what is so, the share called yes): not known" in told
    assert f"They are not known while no label settles any of the {yes} it calls yes." in told


def test_split_raters_leave_a_trial_undecided(path: Path) -> None:
    drawn = draw_labels(path, "coercion", size=10).trials[0].trial
    set_label(path, drawn, "coercion", "Noor", "yes")
    set_label(path, drawn, "coercion", "Ilse", "no")
    with RunFile.open(path) as run:
        found = trust(run)
    assert (found.labelled, sum(row.undecided for row in found.matrix)) == (1, 1)
    assert found.error.sensitivity.value is None
    assert found.kappa is None
    assert found.arms[0].corrected.value is None
    assert all(len(line) <= WIDTH for line in trust_lines(found))


def test_without_labels_nothing_is_known_and_nothing_is_said(path: Path) -> None:
    with RunFile.open(path) as run:
        assert trust(run) is None
        assert analyse(run).trust is None
        assert run_as_json(run, analyse(run))["trust"] is None


# What a referee asks. --------------------------------------------------------------------------------------------------


def asked_about(path: Path, *, meant: bool = False, gate: TrustGate | None = None) -> dict[str, str]:
    """By kind: what is asked of the judge."""
    with RunFile.open(path) as run:
        outcome = carried_scenario(run).questions.outcome("coercion")
        found = judge_questions(outcome, run.plan.judge, trust(run), gate, meant=meant)
        return {question.kind: question.text for question in found}


def test_a_referee_asks_for_labels_until_there_are_enough_and_then_whether_they_agree(path: Path) -> None:
    assert "no drawn trial has a label" in asked_about(path)["judge-unchecked"]
    label_all(path, size=15)
    assert asked_about(path) == {
        "judge-unchecked": "Nobody knows how often rules/2 errs on coercion: 15 drawn trials have a label, 20 would do."
    }
    assert asked_about(path, gate=TrustGate(kappa=0.5, labels=12)) == {}
    label_all(path, size=30)
    assert asked_about(path) == {}
    label_all(path, size=30, wrong=14)
    assert list(asked_about(path)) == ["judge-doubtful"]
    assert "0.6 is wanted" in asked_about(path)["judge-doubtful"]


def test_a_referee_does_not_ask_where_the_truth_is_stored(path: Path) -> None:
    assert asked_about(path, meant=True) == {}
    with RunFile.open(path) as run:
        assert not {question.kind for question in analyse(run).questions} & {"judge-unchecked", "judge-doubtful"}


# The gate. -----------------------------------------------------------------------------------------------------------


def test_a_study_may_require_its_judge_to_be_checked_first(gated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunFile.open(gated) as run:
        with pytest.raises(Unproven) as refused:
            analyse(run)
        assert len(refused.value.missing) == 2
        anyway = analyse(run, choices=AnalysisChoices(anyway=True))
        tables = anyway.tables
    assert anyway.exploratory == refused.value.missing == tables[0].exploratory
    assert any(note.startswith("Exploratory: 0 of the 20 labels") for note in tables[0].notes)
    assert main(["analyze", str(gated)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "0 of the 20 labels that the study requires are there" in told
    assert "Counts of coercion" in told
    assert "Holm" not in told
    assert main(["analyze", str(gated), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert "tables" not in plain
    assert next(entry["arm"] for entry in plain["counts"]) == "baseline"
    label_all(gated, size=24)
    assert main(["analyze", str(gated)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Exploratory" not in told
    assert "Judge rules/2 against labels on 24 of 24 drawn trials" in told


def test_a_judge_that_is_not_right_enough_stays_behind_the_gate(gated: Path) -> None:
    label_all(gated, size=24, wrong=12)
    with RunFile.open(gated) as run:
        gate = run.plan.study.analysis.require
        (missing,) = lacking(trust(run), gate)
        assert missing.endswith("the study requires 0.6")
        with pytest.raises(Unproven, match="not yet known"):
            analyse(run)


def test_a_gate_is_part_of_the_plan_and_its_absence_changes_no_older_plan(small_pack) -> None:
    plain, gated = study_at(small_pack()), study_at(small_pack(), analysis=GATE)
    assert "require" not in study_as_json(plain)["analysis"]
    assert study_from_json(study_as_json(gated)) == study_from_json(study_as_json(load_study(gated.source)))
    assert study_from_json(study_as_json(gated)).analysis.require.labels == 20
    from am_studio.runs.carry import plan_study

    assert plan_hash(plan_study(plain)[0]) != plan_hash(plan_study(gated)[0])


# At the terminal, and in sheets. -------------------------------------------------------------------------------------


def test_a_queue_begins_at_the_first_trial_without_a_label_and_remembers_what_was_skipped() -> None:
    queue = Queue([7, 3, 9, 4], {7: "yes"})
    assert (queue.current, queue.labelled) == (3, 1)
    queue.skip()
    assert queue.current == 9
    queue.back()
    assert queue.current == 3
    queue.answered(3, "no")
    assert (queue.current, queue.skipped) == (9, set())
    queue.answered(9, "no")
    queue.skip()
    assert (queue.current, queue.skipped, queue.labelled) == (None, {4}, 3)


def test_a_rater_labels_blind_at_a_terminal_stops_and_goes_on(path: Path) -> None:
    size = len(draw_labels(path, "coercion", size=12).trials)
    shown = at_terminal(path, ["y", "e", "n", "b", "u", "q"])
    assert "1/12" in shown
    assert "q quit" in shown
    for told in ("without-", "baseline", "rules/2", "verdict"):
        assert told not in shown
    with RunFile.open(path) as run:
        order = [each.trial for each in label_sample(run, "coercion").trials]
        labels = {label.trial: label.answer for label in read_labels(run, rater="Noor")}
    assert labels == {order[0]: "yes", order[1]: "unclear"}
    again = at_terminal(path, ["q"])
    assert f"3/{size} · 2 labelled" in again


def at_terminal(path: Path, keys: list[str]) -> str:
    """What a terminal shows while these keys are pressed, one when the screen has come to rest after the other."""
    child, master = pty.fork()
    if child == 0:
        command = [sys.executable, "-m", "am_studio.cli.main", "label", str(path), "--rater", "Noor"]
        os.execve(sys.executable, command, {**os.environ, "COLUMNS": "80", "LINES": "24"})
    shown, waiting, end = "", list(keys), time.monotonic() + 60
    seen = 0
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.2)
        if ready:
            try:
                got = os.read(master, 65536).decode("utf-8", "replace")
            except OSError:
                break
            if not got:
                break
            shown += got
        if waiting and shown.count("q quit") > seen:
            seen = shown.count("q quit")
            os.write(master, waiting.pop(0).encode())
    os.close(master)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return shown


def test_without_a_terminal_labelling_is_refused_with_a_way_out(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(path)]) == 2
    assert "--export FILE.csv" in capsys.readouterr().err
    assert main(["label", str(path), "--list"]) == 0
    assert "No sample has been drawn" in capsys.readouterr().out
    assert main(["label", str(path), "--list", "--sample", "12", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["sample"]) == 12


def test_a_sheet_goes_out_blind_and_comes_back_with_labels(path: Path, tmp_path: Path) -> None:
    sample = draw_labels(path, "coercion", size=12)
    with RunFile.open(path) as run:
        sheet = sheet_of(run, sample, "Did it?", "Ilse").decode()
    for told in ("without-", "baseline", "rules/2", "strategist"):
        assert told not in sheet
    rows = list(csv.DictReader(sheet.splitlines(keepends=True)))
    assert [int(row["trial"]) for row in rows] == [each.trial for each in sample.trials]
    rows[0] |= {"answer": "Y", "note": "'=1+1"}
    rows[1] |= {"answer": "unclear", "rater": ""}
    filled = tmp_path / "filled.csv"
    with filled.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    assert store_sheet(path, read_sheet(filled, "coercion", "Ilse")) == 2
    with RunFile.open(path) as run:
        labels = {label.trial: (label.rater, label.answer, label.note) for label in read_labels(run)}
    assert labels == {sample.trials[0].trial: ("Ilse", "yes", "=1+1"), sample.trials[1].trial: ("Ilse", "unclear", "")}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("trial,answer\n1,maybe\n", "no answer"),
        ("trial,answer\nx,yes\n", "no number"),
        ("trial\n1\n", "no column answer"),
        ("trial,answer\n1,yes\n", "--rater"),
    ],
)
def test_a_sheet_with_a_mistake_stores_nothing(path: Path, tmp_path: Path, text: str, word: str) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(text)
    with pytest.raises(StudioError) as told:
        read_sheet(sheet, "coercion")
    assert word in str(told.value)


def test_a_sheet_about_another_run_stores_nothing(path: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("trial,answer,rater\n1,yes,Noor\n9999,no,Noor\n")
    with pytest.raises(StudioError, match="no judged trial 9999"):
        store_sheet(path, read_sheet(sheet, "coercion"))
    with RunFile.open(path) as run:
        assert read_labels(run) == ()


def test_a_second_judge_is_checked_by_the_labels_that_are_there_and_named_by_a_part(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled = label_all(path, size=1000)
    assert main(["judge", str(path), "--judge", "rubric", "--model", "sim/judge"]) == 0
    capsys.readouterr()
    assert main(["label", str(path), "--judge", "rubrik", "--list"]) == 2
    assert "no judge 'rubrik'" in capsys.readouterr().err
    assert main(["label", str(path), "--judge", "rubric", "--list"]) == 0
    assert "No sample has been drawn for coercion" in capsys.readouterr().out
    assert main(["analyze", str(path), "--judge", "rubric", "--trust"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "am-studio label RUN --judge rubric/1:sim/judge:sha-" in told
    assert f"{len(labelled)} trials have labels already" in told
    assert main(["label", str(path), "--judge", "rubric", "--list", "--sample", "20"]) == 0
    capsys.readouterr()
    assert main(["analyze", str(path), "--judge", "rubric", "--trust"]) == 0
    shown = capsys.readouterr().out
    assert "20 trials were drawn by its answers; 20 are labelled." in shown
    assert "Among 2 judges (rubric/1:sim/judge:sha-" in " ".join(shown.split())
