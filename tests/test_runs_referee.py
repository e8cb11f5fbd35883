"""What a referee would ask: each question in a run that must raise it, and in one that must not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from am_studio.designs.base import NoResults
from am_studio.designs.registry import open_design
from am_studio.records import Answer, ModelSettings, Sampling, Study, TrialSpec, Verdict
from am_studio.runs.analysis import analyse
from am_studio.runs.codec import packed_verdicts
from am_studio.runs.referee import Question, runs_expected, runs_seen
from am_studio.runs.runfile import RunFile
from am_studio.runs.writer import AttemptEnded, AttemptStarted, RunWriter, TrialEnded
from tests.conftest import WritePack
from tests.run_world import new_run, reply, study_at

Say = Callable[[TrialSpec, int], Answer | None]
"""What the judge says of a trial that comes as the so-manieth of its arm; None: it fails."""
TRIALS = "{per_arm: 40, baseline: 60}"


def evenly(rates: dict[str, float]) -> Say:
    """Yes as often as each arm's rate says, spread evenly over its trials."""

    def say(spec: TrialSpec, number: int) -> Answer:
        rate = rates[spec.arm]
        return "yes" if int((number + 1) * rate + 1e-9) > int(number * rate + 1e-9) else "no"

    return say


SOME = evenly({"baseline": 0.8, "without-threat": 0.1, "without-deadline": 0.8})


@pytest.fixture
def study(small_pack: WritePack) -> Study:
    return study_at(small_pack(), "little", trials=TRIALS)


def planted(
    study: Study,
    path: Path,
    say: Say = SOME,
    *,
    order: Callable[[Sequence[TrialSpec]], Sequence[TrialSpec]] = lambda specs: specs,
    named: Callable[[int], str] = lambda _: "little-1",
    words: Callable[[int], str] = lambda number: f"Reply {number}.",
    vary: Callable[[TrialSpec], TrialSpec] = lambda spec: spec,
    sessions: Callable[[int], bool] = lambda _: False,
) -> tuple[Question, ...]:
    """The questions about a run of the study whose trials end as `say` says, asked in this order, by so named models.

    `sessions`: whether another session of work begins with the so-manieth trial.
    """
    run = new_run(study, path)
    specs = _planned(run, study, vary)
    run.begin_session()
    seen: dict[tuple[str, str], int] = {}
    for number, spec in enumerate(order(specs)):
        if sessions(number):
            run.end_session("stopped by the user")
            run.begin_session()
        key = spec.arm, spec.model
        answer = say(spec, seen.setdefault(key, 0))
        seen[key] += 1
        _carry_out(run, spec, number, answer, reply(words(number), model_returned=named(number)))
    run.end_session("finished")
    run.close()
    with RunFile.open(path) as found:
        return analyse(found).questions


def _planned(run: RunWriter, study: Study, vary: Callable[[TrialSpec], TrialSpec]) -> list[TrialSpec]:
    from am_studio.runs.carried import load_carried

    design = open_design(study, load_carried(run.scenario_texts, run.plan))
    specs = [vary(spec) for spec in design.next_trials(NoResults())]
    run.plan_trials(specs)
    return specs


def _carry_out(run: RunWriter, spec: TrialSpec, number: int, answer: Answer | None, said: object) -> None:
    attempt, at = run.new_attempt(), 1_000_000.0 + number
    verdicts = None if answer is None else packed_verdicts((Verdict("coercion", answer, run.plan.judge, ""),))
    run.commit(
        [
            AttemptStarted(attempt, spec.id, 0, 1, at, 0.0),
            AttemptEnded(attempt, spec.id, 0, 0.5, said, 0.0),  # type: ignore[arg-type]
            TrialEnded(spec, at + 0.5, verdicts),
        ]
    )


def kinds(questions: Sequence[Question]) -> set[str]:
    return {question.kind for question in questions}


def test_a_clean_run_is_asked_only_about_its_one_wording(study: Study, tmp_path: Path) -> None:
    questions = planted(study, tmp_path / "a.amrun")
    assert kinds(questions) <= {"one-wording", "few-trials", "judge-unchecked"}
    assert all(question.text and question.why and question.what_to_do for question in questions)


def test_a_judge_that_nobody_has_checked_is_asked_about(study: Study, tmp_path: Path) -> None:
    (question,) = [each for each in planted(study, tmp_path / "a.amrun") if each.kind == "judge-unchecked"]
    assert "Nobody knows how often rules/2 errs on coercion" in question.text
    assert "am-studio label RUN" in question.what_to_do


def test_wordings_that_are_drawn_answer_the_question_of_one_wording(study: Study, tmp_path: Path) -> None:
    def drawn(spec: TrialSpec) -> TrialSpec:
        return replace(spec, variant=replace(spec.variant, nuisance=(("cto_name", "abc"[spec.id % 3]),)))

    assert "one-wording" in kinds(planted(study, tmp_path / "a.amrun"))
    assert "one-wording" not in kinds(planted(study, tmp_path / "b.amrun", vary=drawn))


def test_copies_are_asked_about(study: Study, tmp_path: Path) -> None:
    questions = planted(study, tmp_path / "a.amrun", words=lambda number: f"Reply {number % 5}.")
    (copies,) = (question for question in questions if question.kind == "copies")
    assert "word for word" in copies.text
    assert "copies" not in kinds(planted(study, tmp_path / "b.amrun"))


def test_temperature_0_is_asked_about_of_the_models_that_have_it(study: Study, tmp_path: Path) -> None:
    cold = replace(study, sampling=Sampling(temperature=0.0))
    assert "temperature" in kinds(planted(cold, tmp_path / "a.amrun"))
    warm = replace(cold, models=(replace(study.models[0], temperature=1.0),))
    assert "temperature" not in kinds(planted(warm, tmp_path / "b.amrun"))


def test_arms_that_ran_one_after_another_are_asked_about(study: Study, tmp_path: Path) -> None:
    def by_arm(specs: Sequence[TrialSpec]) -> Sequence[TrialSpec]:
        return sorted(specs, key=lambda spec: spec.arm)

    def in_blocks(specs: Sequence[TrialSpec]) -> Sequence[TrialSpec]:
        halves = [by_arm(specs[:70]), by_arm(specs[70:])]
        return [spec for half in halves for spec in half]

    for number, order in enumerate((by_arm, in_blocks)):
        assert "not-interleaved" in kinds(planted(study, tmp_path / f"{number}.amrun", order=order))
    assert "not-interleaved" not in kinds(planted(study, tmp_path / "mixed.amrun"))


def test_runs_of_an_arm_in_a_random_order_are_as_many_as_the_formula_says() -> None:
    import random

    arms = ["a"] * 20 + ["b"] * 12 + ["c"] * 8
    mean, variance = runs_expected(arms)
    source = random.Random(1)
    seen = []
    for _ in range(4000):
        source.shuffle(arms)
        seen.append(runs_seen(arms))
    average = sum(seen) / len(seen)
    assert average == pytest.approx(mean, abs=0.15)
    assert sum((each - average) ** 2 for each in seen) / len(seen) == pytest.approx(variance, rel=0.08)


def test_an_arm_with_more_unclear_trials_is_asked_about(study: Study, tmp_path: Path) -> None:
    def unclear(spec: TrialSpec, number: int) -> Answer:
        return "unclear" if spec.arm == "without-threat" and number % 3 == 0 else SOME(spec, number) or "no"

    def everywhere(spec: TrialSpec, number: int) -> Answer:
        return "unclear" if number % 5 == 0 else SOME(spec, number) or "no"

    questions = planted(study, tmp_path / "a.amrun", unclear)
    (asked,) = (question for question in questions if question.kind == "unclear-by-arm")
    assert "threat" in asked.text
    assert "14/40 against 0/60" in asked.text
    assert "unclear-by-arm" not in kinds(planted(study, tmp_path / "b.amrun", everywhere))


def test_an_arm_that_lost_more_trials_is_asked_about(study: Study, tmp_path: Path) -> None:
    def lost(spec: TrialSpec, number: int) -> Answer | None:
        return None if spec.arm == "without-deadline" and number % 3 == 0 else SOME(spec, number)

    questions = planted(study, tmp_path / "a.amrun", lost)
    (asked,) = (question for question in questions if question.kind == "failed-by-arm")
    assert "deadline 14/40 against 0/60" in asked.text
    assert "am-studio retry" in asked.what_to_do
    assert "failed-by-arm" not in kinds(planted(study, tmp_path / "b.amrun"))


def test_ceiling_and_floor_of_the_baseline_are_asked_about(study: Study, tmp_path: Path) -> None:
    high = evenly({"baseline": 1.0, "without-threat": 0.2, "without-deadline": 1.0})
    low = evenly({"baseline": 0.05, "without-threat": 0.0, "without-deadline": 0.0})
    assert "ceiling" in kinds(planted(study, tmp_path / "a.amrun", high))
    assert "floor" in kinds(planted(study, tmp_path / "b.amrun", low))
    assert not {"ceiling", "floor"} & kinds(planted(study, tmp_path / "c.amrun"))


def test_too_few_trials_for_the_claim_are_asked_about_with_how_many_would_do(study: Study, tmp_path: Path) -> None:
    seen = evenly({"baseline": 0.8, "without-threat": 0.6, "without-deadline": 0.8})
    questions = planted(study, tmp_path / "a.amrun", seen)
    (asked,) = (question for question in questions if question.kind == "few-trials")
    assert "threat (+ deadline): -20 points seen, about 29" in asked.text
    assert "more trials" in asked.what_to_do
    small = replace(study, trials={"per_arm": 12, "baseline": 15})
    strong = evenly({"baseline": 1.0, "without-threat": 0.0, "without-deadline": 1.0})
    (asked,) = (q for q in planted(small, tmp_path / "b.amrun", strong) if q.kind == "few-trials")
    assert "an effect from 12 trials" in asked.text
    assert "few-trials" not in kinds(planted(study, tmp_path / "c.amrun", strong))


def test_a_model_that_changed_and_one_of_several_names_are_told_apart(study: Study, tmp_path: Path) -> None:
    changed = planted(study, tmp_path / "a.amrun", named=lambda number: "little-1" if number < 70 else "little-2")
    mixed = planted(study, tmp_path / "b.amrun", named=lambda number: f"little-{number % 2}")
    assert kinds(changed) & {"model-changed", "several-models"} == {"model-changed"}
    assert kinds(mixed) & {"model-changed", "several-models"} == {"several-models"}
    assert any("little-2 (70 replies)" in question.text for question in changed)
    assert not {"model-changed", "several-models"} & kinds(planted(study, tmp_path / "c.amrun"))


def test_a_baseline_that_drifts_between_sessions_is_asked_about(study: Study, tmp_path: Path) -> None:
    def drifting(spec: TrialSpec, number: int) -> Answer:
        return "yes" if spec.arm != "without-threat" and number < 30 else "no"

    def later(number: int) -> bool:
        return number == 70

    assert "drift" in kinds(planted(study, tmp_path / "a.amrun", drifting, sessions=later))
    assert "drift" not in kinds(planted(study, tmp_path / "b.amrun", sessions=later))
    inside = replace(study, models=(ModelSettings("sim/strategist"),))
    assert "drift" not in kinds(planted(inside, tmp_path / "c.amrun", drifting, sessions=later))
