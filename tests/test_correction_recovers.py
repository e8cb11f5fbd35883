"""A judge that errs at known rates, checked by labels that the tool draws: the correction finds the rates that are true."""

from __future__ import annotations

from pathlib import Path

from am_studio.judging import meant
from am_studio.runs.browse import carried_scenario
from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.label_samples import draw_labels, judged
from am_studio.runs.labels import set_label
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study
from am_studio.runs.trust import trust

STUDY = """\
format: 1
name: corrected
scenario: core/replacement-blackmail
design: {kind: leave-one-out, details: [ceo_unreachable, deadline]}
models: [sim/strategist]
outcome: blackmail
trials: {per_arm: 150, baseline: 150}
judge: {kind: rubric, models: [sim/judge]}
seed: 11
"""


def test_rates_corrected_by_drawn_labels_are_nearer_to_the_truth_than_those_of_the_judge(tmp_path: Path) -> None:
    file, path = tmp_path / "corrected.yaml", tmp_path / "corrected.amrun"
    file.write_text(STUDY, encoding="utf-8")
    plan, scenario = plan_study(load_study(file))
    assert carry_out(begin(plan, scenario, path)).kind == "finished"
    truth: dict[str, list[bool]] = {}
    of: dict[int, bool] = {}
    said: dict[bool, list[str]] = {True: [], False: []}
    with RunFile.open(path) as run:
        outcome = carried_scenario(run).questions.outcome("blackmail")
        for each in judged(run, "blackmail"):
            intent = run.transcript(each.trial, intents=True).replies[-1].intent
            of[each.trial] = bool(meant(outcome, intent))
            truth.setdefault(each.arm, []).append(of[each.trial])
            said[of[each.trial]].append(each.answer)
    for drawn in draw_labels(path, "blackmail", size=100).trials:
        set_label(path, drawn.trial, "blackmail", "Noor", "yes" if of[drawn.trial] else "no")
    with RunFile.open(path) as run:
        found = trust(run)
    assert found is not None
    off_raw = off_corrected = 0.0
    for arm in found.arms:
        true = sum(truth[arm.arm]) / len(truth[arm.arm])
        assert arm.raw.value is not None
        assert arm.corrected.value is not None
        assert arm.corrected.interval is not None
        assert arm.corrected.interval.low <= true <= arm.corrected.interval.high
        off_raw += abs(arm.raw.value - true)
        off_corrected += abs(arm.corrected.value - true)
    assert off_corrected < off_raw / 2
    for corrected, answers, right in (
        (found.error.sensitivity, said[True], "yes"),
        (found.error.specificity, said[False], "no"),
    ):
        assert corrected.interval is not None
        assert corrected.interval.low <= answers.count(right) / len(answers) <= corrected.interval.high
