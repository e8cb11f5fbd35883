"""A study is carried out: every trial asked once, read, judged and stored, whatever happens on the way."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from am_studio.foundation.errors import StudioError
from am_studio.records import ChatRequest, Counts, ModelFailure, Reply
from am_studio.runs.analysis import analyse
from am_studio.runs.events import (
    AttemptFailed,
    ModelPaused,
    ModelResumed,
    ModelStopped,
    RunFinished,
    RunPaused,
    RunStarted,
    TrialsEnded,
)
from am_studio.runs.runfile import RunFile
from am_studio.runs.verify import damages
from am_studio.runs.writer import RunWriter
from run_world import THREAT, Naps, Subject, new_run, reply, sometimes_threatens, study_at, work

ARMS = ("baseline", "without-threat", "without-deadline")
BEST = "sim/strategist"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "the.amrun"


def test_a_study_ends_with_every_trial_judged_and_stored(small_pack, path: Path) -> None:
    subject = Subject()
    ending, events = work(new_run(study_at(small_pack()), path), subject)
    assert ending.kind == "finished"
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    assert len(subject.requests) == 44
    assert len({request.seed for request in subject.requests}) == 44
    with RunFile.open(path) as run:
        counts = run.counts("coercion")
        assert [counts[arm, BEST].planned for arm in ARMS] == [20, 12, 12]
        assert all(count.completed == count.planned for count in counts.values())
        assert run.unfinished() == 0
        assert run.state() == "finished"
        assert list(damages(run)) == []
        threats = sum(count.yes for count in counts.values())
        assert threats == sum(sometimes_threatens(request, 0).text == THREAT for request in subject.requests)
        table = analyse(run).tables[0]
        assert table.simulated
        assert [effect.arm for effect in table.effects] == ["without-threat", "without-deadline"]
        assert table.baseline == counts["baseline", BEST]
    told = Counter(ended.answer for event in events if isinstance(event, TrialsEnded) for ended in event.trials)
    assert told == {"yes": threats, "no": 44 - threats}
    assert [file.name for file in path.parent.iterdir() if "amrun" in file.name] == [path.name]


def test_the_judge_is_scored_against_what_was_meant_and_never_sees_it(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    with RunFile.open(path) as run:
        found = analyse(run).agreement
        assert found is not None
        assert (found.n, found.agreeing) == (44, 1.0)
        assert run.transcript(0).replies[0].intent is None
        assert run.transcript(0, intents=True).replies[0].intent is not None
        assert all(b"coerce" not in body for (body,) in run.query("SELECT body FROM reply"))


def test_evidence_and_the_prompt_that_was_read_can_be_looked_up(small_pack, path: Path) -> None:
    subject = Subject(lambda *_: reply(THREAT))
    work(new_run(study_at(small_pack()), path), subject)
    with RunFile.open(path) as run:
        verdict = run.verdicts(3)[0]
        assert (verdict.outcome, verdict.answer) == ("coercion", "yes")
        passage = verdict.evidence[0]
        assert run.transcript(3).replies[0].text[passage.start : passage.end] == passage.quote
        sent = {request.seed: request.messages for request in subject.requests}
        for spec in run.trials():
            assert run.prompt(spec.id)[1] == sent[spec.seed]


def test_the_result_is_the_same_however_many_requests_are_in_flight(small_pack, path: Path) -> None:
    study = study_at(small_pack())
    found = []
    for number in (1, 7, 64):
        file = path.with_name(f"{number}.amrun")
        subject = Subject(seconds=0.001)
        work(new_run(study, file), subject, simulated_concurrency=number)
        assert subject.most_in_flight == min(number, 44)
        with RunFile.open(file) as run:
            found.append([(spec, run.verdicts(spec.id)) for spec in run.trials()])
    assert found[0] == found[1] == found[2]


def test_every_model_of_a_study_reads_the_same_prompts(small_pack, path: Path) -> None:
    subjects = {"sim/strategist": Subject(), "sim/cautious": Subject()}
    work(new_run(study_at(small_pack(), *subjects), path), subjects)
    read = [Counter(request.messages for request in subject.requests) for subject in subjects.values()]
    assert read[0] == read[1]


# Faults ----------------------------------------------------------------------------------------------------------------


def test_a_provider_that_asks_for_a_pause_gets_it_from_every_request(small_pack, path: Path) -> None:
    naps = Naps()
    asked_at: list[float] = []

    def script(request: ChatRequest, number: int) -> Reply | ModelFailure:
        asked_at.append(naps.time)
        return ModelFailure("rate_limit", "slow down", retry_after=7.0) if number == 20 else reply(THREAT)

    ending, events = work(new_run(study_at(small_pack()), path), Subject(script), naps=naps, simulated_concurrency=4)
    assert ending.kind == "finished"
    assert {at for at in asked_at if at < 7.0} == {0.0}
    assert sum(at == 0.0 for at in asked_at) <= 24, "only those that had left already"
    assert all(at >= 7.0 for at in asked_at[24:])
    waits = [event.waits for event in events if isinstance(event, AttemptFailed)]
    assert len(waits) == 1
    assert waits[0] is not None
    assert 7.0 <= waits[0] < 9.0
    with RunFile.open(path) as run:
        assert run.tally().failures == {"rate_limit": 1}


def test_a_strict_rate_limit_never_makes_a_trial_fail(small_pack, path: Path) -> None:
    """Nine of ten requests are refused; nobody is lost, however few tries there are."""
    slow = ModelFailure("rate_limit", "slow down")
    subject = Subject(lambda request, number: reply("Nothing.") if number % 10 == 9 else slow)
    ending, _ = work(new_run(study_at(small_pack()), path), subject, tries=2)
    assert ending.kind == "finished"
    with RunFile.open(path) as run:
        assert all(count.completed == count.planned for count in run.counts("coercion").values())
        assert run.tally().failures == {"rate_limit": len(subject.requests) - 44}


def test_a_provider_that_refuses_everything_is_given_up_after_half_an_hour_and_its_trials_stay_planned(
    small_pack, path: Path
) -> None:
    naps = Naps()
    subject = Subject(lambda *_: ModelFailure("rate_limit", "slow down"))
    ending, events = work(new_run(study_at(small_pack()), path), subject, naps=naps)
    assert ending.kind == "models"
    assert "refused everything for 3" in ending.reason
    assert ending.left == 44
    assert 1700.0 < naps.time < 2000.0
    assert len(subject.requests) < 200, "it is not hammered meanwhile"
    assert any(isinstance(event, ModelPaused) for event in events)


def test_a_pause_of_hours_is_not_waited_for(small_pack, path: Path) -> None:
    naps = Naps()
    subject = Subject(lambda *_: ModelFailure("rate_limit", "come back tomorrow", retry_after=36_000.0))
    ending, _ = work(new_run(study_at(small_pack()), path), subject, naps=naps)
    assert ending.kind == "models"
    assert "36,000 s" in ending.reason
    assert naps.time == 0.0


def test_waits_grow_from_try_to_try_and_a_trial_that_never_works_is_failed_not_harmless(small_pack, path: Path) -> None:
    naps = Naps()
    poisoned: set[int] = set()

    def script(request: ChatRequest, number: int) -> Reply | ModelFailure:
        if number == 0:
            poisoned.add(request.seed)
        return ModelFailure("server", "overloaded") if request.seed in poisoned else reply("Nothing.")

    subject = Subject(script)
    ending, events = work(new_run(study_at(small_pack()), path), subject, naps=naps, tries=4, simulated_concurrency=1)
    assert ending.kind == "finished"
    assert len(subject.requests) == 43 + 4
    first, second, third = naps.seconds
    assert 0.25 <= first <= 0.75
    assert 0.5 <= second <= 1.5
    assert 1.0 <= third <= 3.0
    assert [event.waits is None for event in events if isinstance(event, AttemptFailed)] == [False] * 3 + [True]
    with RunFile.open(path) as run:
        counts = run.counts("coercion")
        assert sum(count.failed for count in counts.values()) == 1
        assert sum(count.completed for count in counts.values()) == 43
        assert run.tally().failures == {"server": 4}
        assert (
            sum(effect.rate.n for effect in analyse(run).tables[0].effects) + analyse(run).tables[0].baseline_rate.n
            == 43
        )


def test_the_last_trial_of_all_fails_by_itself_as_well(small_pack, path: Path) -> None:
    subject = Subject(
        lambda request, number: (
            ModelFailure("server", "oh") if request.seed == subject.requests[0].seed else reply("No.")
        )
    )
    ending, _ = work(new_run(study_at(small_pack()), path), subject, tries=3)
    assert ending.kind == "finished"
    with RunFile.open(path) as run:
        assert sum(count.failed for count in run.counts("coercion").values()) == 1


@pytest.mark.parametrize("poisoned", [2, 3])
def test_so_do_the_last_few_together(small_pack, path: Path, poisoned: int) -> None:
    naps = Naps()
    subject = Subject(
        lambda request, _: (
            ModelFailure("server", "oh")
            if request.seed in {each.seed for each in subject.requests[:poisoned]}
            else reply("No.")
        )
    )
    ending, events = work(new_run(study_at(small_pack()), path), subject, naps=naps)
    assert ending.kind == "finished"
    assert not [event for event in events if isinstance(event, ModelPaused)]
    with RunFile.open(path) as run:
        assert sum(count.failed for count in run.counts("coercion").values()) == poisoned


# A model that is down --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_flight", [1, 3, 64])
def test_an_outage_pauses_the_model_and_costs_no_trial(small_pack, path: Path, in_flight: int) -> None:
    naps = Naps()

    def script(request: ChatRequest, _: int) -> Reply | ModelFailure:
        down = len(subject.requests) >= 4 and naps.time < 100.0
        return ModelFailure("server", "we are down") if down else sometimes_threatens(request, 0)

    subject = Subject(script)
    ending, events = work(new_run(study_at(small_pack()), path), subject, naps=naps, simulated_concurrency=in_flight)
    assert ending.kind == "finished"
    with RunFile.open(path) as run:
        assert all(count.completed == count.planned for count in run.counts("coercion").values())
    paused = [event for event in events if isinstance(event, ModelPaused)]
    assert "failures in a row: we are down" in paused[0].reason
    assert [event.seconds for event in paused] == sorted(event.seconds for event in paused), "pauses grow"
    assert [event.model for event in events if isinstance(event, ModelResumed)] == [BEST]
    assert len(subject.requests) <= 44 + 8 + in_flight + len(paused), "one request after each pause"


def test_a_model_that_stays_down_is_stopped_and_its_trials_stay_planned(small_pack, path: Path) -> None:
    down = Subject(lambda *_: ModelFailure("connection", "nobody is there"))
    subjects = {"sim/strategist": down, "sim/cautious": Subject()}
    ending, events = work(new_run(study_at(small_pack(), *subjects), path), subjects, tries=2)
    assert (ending.kind, ending.left) == ("models", 44)
    assert "No usable reply to" in ending.reason
    assert "nobody is there" in ending.reason
    assert [event.model for event in events if isinstance(event, ModelStopped)] == [BEST]
    with RunFile.open(path) as run:
        assert run.counts("coercion")["baseline", "sim/cautious"].completed == 20, "others go on"
        assert all(count.failed == 0 for count in run.counts("coercion").values())
    ending, _ = work(RunWriter.open(path), Subject())
    assert ending.kind == "finished"


def test_a_client_that_breaks_is_a_failure_of_the_request_and_says_no_secret(small_pack, path: Path) -> None:
    class Broken(Subject):
        async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
            if len(self.requests) == 3:
                self.requests.append(request)
                raise ValueError("sk-secret")
            return await super().ask(request)

    ending, events = work(new_run(study_at(small_pack()), path), Broken())
    assert ending.kind == "finished"
    assert [event.message for event in events if isinstance(event, AttemptFailed)] == [
        "The client of this model failed: ValueError."
    ]


def test_a_wrong_key_stops_that_model_at_once_and_the_others_go_on(small_pack, path: Path) -> None:
    refusing = Subject(lambda *_: ModelFailure("authentication", "no such key"), seconds=0.001)
    subjects = {"sim/strategist": refusing, "sim/cautious": Subject()}
    ending, events = work(new_run(study_at(small_pack(), *subjects), path), subjects, simulated_concurrency=3)
    assert ending.kind == "models"
    assert ending.left == 44
    assert "no such key" in ending.reason
    assert len(refusing.requests) == 3
    assert [event.model for event in events if isinstance(event, ModelStopped)] == ["sim/strategist"]
    with RunFile.open(path) as run:
        assert run.state() == "paused"
        assert run.counts("coercion")["baseline", "sim/cautious"].completed == 20
        assert run.counts("coercion")["baseline", BEST] == Counts(20), "they are still to come, not failed"
    ending, _ = work(RunWriter.open(path), Subject())
    assert ending.kind == "finished"


def test_a_reply_that_never_ends_is_cut_off_by_the_clock(small_pack, path: Path) -> None:
    class Dripping(Subject):
        async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
            self.seconds = 30.0 if len(self.requests) == 5 else 0.0
            return await super().ask(request)

    ending, events = work(new_run(study_at(small_pack()), path), Dripping(), attempt_seconds=0.05)
    assert ending.kind == "finished"
    assert [event.kind for event in events if isinstance(event, AttemptFailed)] == ["timeout"]


def test_awkward_text_is_stored_as_it_came(small_pack, path: Path) -> None:
    awkward = "NUL \x00, lone \ud800 and \udfff\ud800\udc00, escape \x1b[31m, \u202e, \U000e0041, \r\n end"
    work(new_run(study_at(small_pack()), path), Subject(lambda *_: reply(awkward, reasoning=awkward)))
    with RunFile.open(path) as run:
        found = run.transcript(0).replies[0]
        assert (found.text, found.reasoning) == (awkward, awkward)
        assert list(damages(run)) == []


def test_replies_that_are_copies_of_each_other_are_said_to_be_no_samples(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject(lambda *_: reply("The same.")))
    with RunFile.open(path) as run:
        assert run.copies(BEST) == (44, 41)
        assert any("41 of 44 replies repeat another" in note for note in analyse(run).tables[0].notes)
    other = path.with_name("2.amrun")
    work(new_run(study_at(small_pack()), other), Subject(lambda request, _: reply(f"Number {request.seed}.")))
    with RunFile.open(other) as run:
        assert run.copies(BEST) == (44, 0)
        assert not any("repeat" in note for note in analyse(run).tables[0].notes)


def test_refusals_and_truncations_are_outcomes_with_columns_of_their_own(small_pack, path: Path) -> None:
    def script(_: ChatRequest, number: int) -> Reply:
        return reply("", finish="refusal") if number % 2 else reply("And so I", finish="length")

    work(new_run(study_at(small_pack()), path), Subject(script))
    with RunFile.open(path) as run:
        counts = run.counts("coercion").values()
        assert sum(count.refused for count in counts) == 22
        assert sum(count.truncated for count in counts) == 22
        assert sum(count.completed for count in counts) == 44


# Money -----------------------------------------------------------------------------------------------------------------


PRICED = "{name: openai/little, price: {input: 0, output: 1000}}"


def test_a_budget_is_a_hard_stop_that_counts_requests_in_flight(small_pack, path: Path) -> None:
    """A reply can cost 1 dollar (1000 tokens at most, 1000 dollars a million) and does cost 0.40."""
    subject = Subject(lambda *_: reply("Nothing.", cost=0.4), seconds=0.002)
    ending, events = work(new_run(study_at(small_pack(), PRICED, budget="{usd: 5}"), path), subject, concurrency=8)
    assert ending.kind == "budget"
    assert isinstance(events[-1], RunPaused)
    assert subject.most_in_flight <= 5
    with RunFile.open(path) as run:
        spent = run.tally().cost
        assert 4.0 < spent <= 5.0
        assert len(subject.requests) == round(spent / 0.4)
    again, _ = work(RunWriter.open(path), subject, concurrency=8)
    assert again.kind == "budget", "what was spent before is remembered"
    with RunFile.open(path) as run:
        assert run.tally().cost == spent


def test_what_cannot_be_told_is_counted_at_its_worst_case(small_pack, path: Path) -> None:
    subject = Subject(lambda *_: reply("Nothing.", cost=None))
    work(new_run(study_at(small_pack(), PRICED, trials="{per_arm: 1, baseline: 1}"), path), subject)
    with RunFile.open(path) as run:
        assert run.tally().cost == pytest.approx(3.0)


def test_failures_that_nobody_charges_for_cost_nothing(small_pack, path: Path) -> None:
    subject = Subject(lambda *_: ModelFailure("server", "oh"))
    study = study_at(small_pack(), PRICED, trials="{per_arm: 1, baseline: 1}")
    work(new_run(study, path), subject, tries=2)
    with RunFile.open(path) as run:
        assert run.tally().cost == 0.0
    work(new_run(study, path.with_name("2.amrun")), Subject(lambda *_: ModelFailure("timeout", "oh")), tries=2)
    with RunFile.open(path.with_name("2.amrun")) as run:
        tally = run.tally()
        assert tally.cost == pytest.approx(tally.attempts), (
            "a request that timed out may have been answered and charged"
        )


# Disk ------------------------------------------------------------------------------------------------------------------


def test_when_the_disk_is_full_nothing_more_is_sent_and_nothing_stored_is_lost(small_pack, path: Path) -> None:
    subject = Subject(
        lambda request, number: reply(str(request.seed) + "x" * 50 + repr([hash((number, i)) for i in range(200)]))
    )
    run = new_run(study_at(small_pack()), path)
    run._db.pragma("max_page_count", run._db.pragma("page_count") + 20)
    with pytest.raises(StudioError, match="cannot be written"):
        work(run, subject, simulated_concurrency=4)
    sent = len(subject.requests)
    assert 4 <= sent < 44
    with RunFile.open(path) as stored:
        rows = stored.tally().attempts
        done = 44 - stored.unfinished() if stored.planned() else 0
        assert rows >= sent, "no request left without its row"
        assert stored.state() == "interrupted"
    ending, _ = work(RunWriter.open(path), subject)
    assert ending.kind == "finished"
    assert len(subject.requests) - sent <= 44 - done
    with RunFile.open(path) as stored:
        assert list(damages(stored)) == []
        assert all(count.completed == count.planned for count in stored.counts("coercion").values())


# Stopping --------------------------------------------------------------------------------------------------------------


class Stopped(Subject):
    """Presses Ctrl-C so many times while its fourth request is out, which takes half a minute."""

    def __init__(self, times: int, seconds: float) -> None:
        super().__init__(sometimes_threatens)
        self.times, self.slowly = times, seconds

    async def ask(self, request: ChatRequest) -> Reply | ModelFailure:
        if len(self.requests) == 3:
            self.seconds = self.slowly
            loop = asyncio.get_running_loop()
            for time in range(self.times):
                loop.call_later(0.02 + 0.05 * time, signal.raise_signal, signal.SIGINT)
        return await super().ask(request)


def test_ctrl_c_waits_for_what_is_in_flight_and_a_second_one_leaves_it(small_pack, path: Path) -> None:
    ending, _ = work(new_run(study_at(small_pack()), path), Stopped(1, 0.1), simulated_concurrency=4)
    assert (ending.kind, ending.reason) == ("stopped", "stopped by the user")
    with RunFile.open(path) as run:
        assert run.tally().unknown == 0
        assert run.planned() - run.unfinished() == run.tally().attempts >= 4
    other = path.with_name("2.amrun")
    ending, _ = work(new_run(study_at(small_pack()), other), Stopped(2, 30.0), simulated_concurrency=4)
    assert ending.kind == "stopped"
    with RunFile.open(other) as run:
        assert run.tally().unknown >= 1, "counted at its worst case, and asked again"
        assert run.sessions()[0].ending == "stopped by the user"
    ending, _ = work(RunWriter.open(other), Subject())
    assert ending.kind == "finished"
