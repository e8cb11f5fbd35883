"""Judges that ask models: beside the trials to come, under the same rules, and never paid for twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from am_studio.foundation.errors import StudioError
from am_studio.records import ChatRequest, ModelFailure, Reply
from am_studio.runs.carry import plan_study
from am_studio.runs.events import ModelStopped
from am_studio.runs.runfile import RunFile
from am_studio.runs.verify import damages
from am_studio.runs.writer import RunWriter
from judge_world import JUDGE, recognises, stub_judge  # noqa: F401 - a fixture
from run_world import THREAT, Subject, new_run, reply, sometimes_threatens, study_at, work

SUBJECT = "openai/little"
PRICED = "{name: openai/little, price: {input: 0, output: 1000}}"
STUB = "{kind: stub}"
pytestmark = pytest.mark.usefixtures("stub_judge")
FREE = "{name: openai/little, price: {input: 0, output: 0}}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "the.amrun"


def both(subject: Subject, judge: Subject) -> dict[str, Subject]:
    return {SUBJECT: subject, JUDGE: judge}


def test_every_trial_is_judged_by_asking_and_each_request_has_a_row(small_pack, path: Path) -> None:
    subject, judge = Subject(), Subject(recognises)
    run = new_run(study_at(small_pack(), FREE, judge=STUB), path)
    ending, _ = work(run, both(subject, judge))
    assert ending.kind == "finished"
    assert (len(subject.requests), len(judge.requests)) == (44, 44)
    with RunFile.open(path) as file:
        assert file.plan.judge == f"stub/1 {JUDGE}"
        counts = file.counts("coercion").values()
        threats = sum(sometimes_threatens(request, 0).text == THREAT for request in subject.requests)
        assert sum(count.yes for count in counts) == threats
        assert sum(count.completed for count in counts) == 44
        assert file.tally().attempts == 88
        for spec in file.trials():
            assert len(file.judge_replies(spec.id, file.plan.judge)) == 1
            assert len(file.transcript(spec.id).replies) == 1
        assert list(damages(file)) == []


def test_what_a_judge_asks_is_in_the_plan_with_its_greatest_cost(small_pack) -> None:
    """Two questions a trial of a judge that may write 1,000 tokens at 1,000 dollars a million; the subject is free."""
    plan, _ = plan_study(study_at(small_pack(), FREE, judge="{kind: stub, questions: 2, output: 1000}"))
    (asked,) = plan.judging
    assert (asked.model, asked.calls) == (JUDGE, 88)
    assert asked.greatest_cost == pytest.approx(88.0)
    assert plan.greatest_cost == pytest.approx(88.0)
    assert plan.calls == 44 + 88
    unpriced, _ = plan_study(study_at(small_pack(), FREE, judge="{kind: stub, model: openai/nobody-knows, input: -1}"))
    assert unpriced.unpriced == ("openai/nobody-knows",)
    assert unpriced.greatest_cost is None
    rules, _ = plan_study(study_at(small_pack(), FREE))
    assert rules.judging == ()


def test_judges_work_while_trials_are_still_to_come_and_the_reply_is_durable_first(small_pack, path: Path) -> None:
    subject = Subject(seconds=0.002)
    stored: list[int] = []
    left: list[int] = []

    def script(request: ChatRequest, number: int) -> Reply:
        left.append(44 - len(subject.requests))
        with RunFile.open(path) as file:
            ((replies,),) = file.query("SELECT count(*) FROM reply")
            ((rows,),) = file.query("SELECT count(*) FROM attempt WHERE judge != 0")
            stored.append(replies)
            assert rows > number, "its own row is durable"
        return recognises(request, number)

    judge = Subject(script)
    work(new_run(study_at(small_pack(), FREE, judge=STUB), path), both(subject, judge), concurrency=4)
    assert any(number > 0 for number in left)
    assert all(replies > number for number, replies in enumerate(stored))


def test_a_stopped_judge_leaves_its_trials_planned_and_resuming_asks_the_subject_nothing_again(
    small_pack, path: Path
) -> None:
    subject = Subject()
    wrong_key = Subject(lambda *_: ModelFailure("authentication", "no such key"))
    run = new_run(study_at(small_pack(), FREE, judge=STUB), path)
    ending, events = work(run, both(subject, wrong_key), concurrency=4)
    assert (ending.kind, ending.left) == ("models", 44)
    assert "no such key" in ending.reason
    assert [event.model for event in events if isinstance(event, ModelStopped)] == [JUDGE]
    assert len(subject.requests) == 44, "what was to be asked is asked, and kept"
    with RunFile.open(path) as file:
        assert next(file.query("SELECT count(*) FROM reply")) == (44,)
        assert all(count.completed == count.failed == 0 for count in file.counts("coercion").values())
    again, judge = Subject(), Subject(recognises)
    ending, _ = work(RunWriter.open(path), both(again, judge))
    assert ending.kind == "finished"
    with RunFile.open(path) as file:
        extra = sum(count.planned for (arm, _), count in file.counts("coercion").items() if "@" in arm)
        assert len(again.requests) == extra == 0
        assert sum(count.completed for count in file.counts("coercion").values()) == 44
        numbers = dict(file.query("SELECT number, count(*) FROM attempt WHERE judge != 0 GROUP BY number"))
        assert sum(numbers.values()) == 44 + len(wrong_key.requests)
        assert numbers[2] == len(wrong_key.requests), "requests of a trial's judge are counted on"


@pytest.mark.parametrize("at_once", ["true", "false"])
def test_answers_of_a_judge_that_are_stored_are_not_paid_for_twice(small_pack, path: Path, at_once: str) -> None:
    subject = Subject()

    def script(request: ChatRequest, number: int) -> Reply | ModelFailure:
        second = request.messages[-1][1].startswith("Question 1")
        return recognises(request, number) if second else ModelFailure("authentication", "gone")

    def script_in_order(request: ChatRequest, number: int) -> Reply | ModelFailure:
        first = request.messages[-1][1].startswith("Question 0")
        return recognises(request, number) if first else ModelFailure("authentication", "gone")

    study = study_at(small_pack(), FREE, judge=f"{{kind: stub, questions: 2, at_once: {at_once}}}")
    stopping = Subject(script if at_once == "true" else script_in_order, seconds=0.001)
    work(new_run(study, path), both(subject, stopping), concurrency=4)
    with RunFile.open(path) as file:
        kept = {(trial, turn) for trial, turn in file.query("SELECT trial, turn FROM judge_reply")}
    assert kept, "some were answered before it stopped"
    judge = Subject(recognises)
    ending, _ = work(RunWriter.open(path), both(Subject(), judge))
    assert ending.kind == "finished"
    assert len(judge.requests) == 88 - len(kept)
    with RunFile.open(path) as file:
        assert next(file.query("SELECT count(*) FROM judge_reply")) == (88,)
        assert list(damages(file)) == []


def test_a_judge_shares_the_budget(small_pack, path: Path) -> None:
    """The judge may cost 1 dollar a request and does cost 0.40; the subject is free."""
    judge = Subject(lambda *_: reply("no", cost=0.4), seconds=0.002)
    study = study_at(small_pack(), FREE, judge="{kind: stub, output: 1000}", budget="{usd: 5}")
    ending, _ = work(new_run(study, path), both(Subject(), judge), concurrency=8)
    assert ending.kind == "budget"
    assert judge.most_in_flight <= 5
    with RunFile.open(path) as file:
        assert 4.0 < file.tally().cost <= 5.0
        judged = sum(count.completed for count in file.counts("coercion").values())
        assert judged == round(file.tally().cost / 0.4)


def test_a_judge_is_retried_and_paced_like_a_subject(small_pack, path: Path) -> None:
    def script(request: ChatRequest, number: int) -> Reply | ModelFailure:
        if number % 5 == 0:
            return ModelFailure("rate_limit", "slow down", retry_after=3.0)
        return ModelFailure("server", "oh") if number % 5 == 1 else recognises(request, number)

    judge = Subject(script)
    ending, _ = work(new_run(study_at(small_pack(), FREE, judge=STUB), path), both(Subject(), judge))
    assert ending.kind == "finished"
    with RunFile.open(path) as file:
        assert sum(count.completed - count.unclear for count in file.counts("coercion").values()) == 44
        assert set(file.tally().failures) == {"rate_limit", "server"}


def test_what_a_judge_cannot_be_asked_after_every_try_is_unclear_to_it(small_pack, path: Path) -> None:
    def script(request: ChatRequest, number: int) -> Reply | ModelFailure:
        return ModelFailure("bad_reply", "nonsense") if "tool_use" in request.messages[-1][1] else reply("no")

    ending, _ = work(
        new_run(study_at(small_pack(), FREE, judge=STUB), path), both(Subject(), Subject(script)), failures=1000
    )
    assert ending.kind == "finished"
    with RunFile.open(path) as file:
        counts = file.counts("coercion").values()
        assert sum(count.unclear for count in counts) > 5
        assert sum(count.yes for count in counts) == 0


def test_only_so_many_conversations_wait_for_their_judge(small_pack, path: Path) -> None:
    judge = Subject(recognises, seconds=0.01)
    ahead: list[int] = []

    def script(request: ChatRequest, number: int) -> Reply:
        ahead.append(number - len(judge.requests))
        return sometimes_threatens(request, number)

    study = study_at(small_pack(), FREE, judge=STUB)
    work(new_run(study, path), both(Subject(script), judge), concurrency=2, judging=3)
    begun_at_a_time = 8
    assert max(ahead) <= 3 + begun_at_a_time
    assert len(judge.requests) == 44


def test_a_judge_that_asks_a_model_it_did_not_name_is_refused(small_pack, path: Path) -> None:
    study = study_at(small_pack(), FREE, judge="{kind: stub, asks: openai/other}")
    with pytest.raises(StudioError, match="openai/other"):
        work(new_run(study, path), both(Subject(), Subject(recognises)))


def test_a_full_disk_stops_subject_and_judge(small_pack, path: Path) -> None:
    subject = Subject(lambda request, number: reply(f"{request.seed} {[hash((number, i)) for i in range(200)]!r}"))
    judge = Subject(recognises)
    run = new_run(study_at(small_pack(), FREE, judge=STUB), path)
    run._db.pragma("max_page_count", run._db.pragma("page_count") + 24)
    with pytest.raises(StudioError, match="cannot be written"):
        work(run, both(subject, judge), concurrency=4)
    sent, judged = len(subject.requests), len(judge.requests)
    assert sent < 44
    with RunFile.open(path) as file:
        assert file.tally().attempts >= sent + judged, "no request left without its row"
    ending, _ = work(RunWriter.open(path), both(subject, judge))
    assert ending.kind == "finished"
    with RunFile.open(path) as file:
        assert list(damages(file)) == []
