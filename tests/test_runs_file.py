"""A run file is kept by one writer, read by anybody, resumed after a kill, and says when it is damaged."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from am_studio.designs.base import NoResults
from am_studio.designs.registry import open_design
from am_studio.foundation.errors import StudioError
from am_studio.records import ModelFailure, Reply, TrialSpec, Usage
from am_studio.runs import codec, schema
from am_studio.runs.carried import load_carried
from am_studio.runs.carry import begin, plan_study
from am_studio.runs.codec import Damage
from am_studio.runs.labels import set_label
from am_studio.runs.lock import RunLock, is_held, lock_path
from am_studio.runs.runfile import RunFile
from am_studio.runs.variants import variant_key
from am_studio.runs.verify import damages
from am_studio.runs.writer import AttemptEnded, AttemptStarted, PromptKnown, RunWriter
from am_studio.scenarios import render
from run_world import Subject, new_run, reply, study_at, work
from tests.bench.flips import flipped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "the.amrun"


@pytest.fixture
def finished(small_pack, path: Path) -> Path:
    work(new_run(study_at(small_pack()), path), Subject())
    return path


def interrupted(scenario: Path, path: Path) -> None:
    """A run as a kill leaves it: trial 0 answered but not judged, trial 1 asked, the others still to come."""
    study = study_at(scenario)
    run = new_run(study, path)
    run.begin_session()
    run.plan_trials(open_design(study, plan_study(study)[1]).next_trials(NoResults()))
    now = time.time()
    first, second = run.new_attempt(), run.new_attempt()
    run.commit([AttemptStarted(first, 0, 0, 1, now, 0.5), AttemptStarted(second, 1, 0, 1, now, 0.5)])
    run.commit([AttemptEnded(first, 0, 0, 1.0, reply("Paid for already."), 0.1)])
    run._db.close()
    run._lock.release()


# One writer ------------------------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_and_may_read(small_pack, path: Path) -> None:
    writer = new_run(study_at(small_pack()), path)
    with pytest.raises(StudioError, match="another process"):
        RunWriter.open(path)
    with RunFile.open(path) as reader:
        assert reader.state() == "running"
        assert reader.plan == writer.plan
    writer.close()
    assert not lock_path(path).exists()
    RunWriter.open(path).close()


def test_a_lock_whose_file_somebody_removed_is_not_taken_for_a_lock(path: Path) -> None:
    lock = RunLock(path)
    lock_path(path).unlink()
    assert not is_held(path)
    second = RunLock(path)
    assert is_held(path)
    second.release()
    lock.release()


def test_a_new_run_never_overwrites_an_old_one(finished: Path, small_pack) -> None:
    before = finished.read_bytes()
    with pytest.raises(StudioError, match="exists already"):
        new_run(study_at(small_pack()), finished)
    assert finished.read_bytes() == before


def test_what_was_written_is_one_file_that_can_be_read_where_nothing_can_be_written(finished: Path) -> None:
    copy = finished.parent / "elsewhere" / "copy.amrun"
    copy.parent.mkdir()
    copy.write_bytes(finished.read_bytes())
    copy.chmod(0o444)
    copy.parent.chmod(0o555)
    try:
        with RunFile.open(copy) as run:
            assert run.unfinished() == 0
            assert list(damages(run)) == []
    finally:
        copy.parent.chmod(0o755)


# After a kill ----------------------------------------------------------------------------------------------------------


def test_a_killed_run_is_completed_without_paying_twice(small_pack, path: Path) -> None:
    interrupted(small_pack(), path)
    with RunFile.open(path) as run:
        assert run.state() == "interrupted"
        seeds = [spec.seed for spec in run.trials()]
    subject = Subject()
    ending, _ = work(RunWriter.open(path), subject)
    assert ending.kind == "finished"
    asked = sorted(request.seed for request in subject.requests)
    assert asked == sorted(seeds[1:]), "the reply that was there is judged, the unanswered request is made again"
    with RunFile.open(path) as run:
        assert run.tally().unknown == 1
        assert run.tally().cost == pytest.approx(0.1 + 0.5 + 43 * 0.001)
        assert run.transcript(0).replies[0].text == "Paid for already."
        assert len(run.verdicts(0)) == 1
        numbers = [number for (number,) in run.query("SELECT number FROM attempt WHERE trial = 1 ORDER BY id")]
        assert numbers == [1, 2]
        assert [session.ending for session in run.sessions()] == ["", "finished"]
        assert list(damages(run)) == []


def test_a_finished_run_asks_nothing_more(finished: Path) -> None:
    subject = Subject()
    ending, _ = work(RunWriter.open(finished), subject)
    assert ending.kind == "finished"
    assert subject.requests == []


def test_a_run_goes_on_after_its_scenario_was_edited_or_lost(small_pack, path: Path) -> None:
    scenario = small_pack()
    interrupted(scenario, path)
    (scenario / "system.md").write_text("Something else.")
    (scenario / "scenario.yaml").unlink()
    assert work(RunWriter.open(path), Subject())[0].kind == "finished"


# What is kept ----------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=()), max_size=200)


@given(text=texts, reasoning=texts, finish=st.sampled_from(["stop", "length"]), cost=st.none() | st.floats(0, 1e6))
def test_a_reply_is_the_same_after_storage_whatever_is_in_it(text, reasoning, finish, cost) -> None:
    reply = Reply(text, reasoning, finish, Usage(10**15, 3), text, cost)
    stored = codec.unpack(codec.pack(codec.reply_as_json(reply)), "reply")
    assert codec.reply_from_json(stored, None) == reply


@given(message=texts, raw=texts, wait=st.none() | st.floats(0, 1e9))
def test_a_failure_is_the_same_after_storage(message, raw, wait) -> None:
    failure = ModelFailure("bad_reply", message, wait, raw)
    assert codec.failure_from_json(codec.unpack(codec.pack(codec.failure_as_json(failure)), "failure")) == failure


def test_counts_come_from_covering_indexes_alone(finished: Path) -> None:
    queries = (
        "SELECT arm, model, count(*), sum(state = 2), sum(refused), sum(truncated) FROM trial GROUP BY arm, model",
        "SELECT arm, model, answer, count(*) FROM verdict WHERE judge = 1 AND outcome = 1 GROUP BY arm, model, answer",
    )
    with RunFile.open(finished) as run:
        for query in queries:
            plan = " ".join(str(row) for row in run.query(f"EXPLAIN QUERY PLAN {query}"))
            assert "COVERING INDEX" in plan
            assert "TEMP B-TREE" not in plan


def test_nothing_of_the_machine_or_its_user_is_in_a_run(finished: Path) -> None:
    with RunFile.open(finished) as run:
        assert str(Path.home()) not in str(run.plan)
        assert run.plan.study.source == ""
        assert all(not name.startswith("/") for name in run.scenario_texts)


# Damage ----------------------------------------------------------------------------------------------------------------


def harmed(path: Path, sql: str, *values: object) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql, values)
    connection.close()


@pytest.mark.parametrize("table", ["reply", "evidence", "run", "prompt"])
def test_one_flipped_bit_in_any_content_is_found(finished: Path, table: str) -> None:
    connection = apsw.Connection(str(finished))
    where = "name" if table == "run" else "rowid"
    row, body = connection.execute(f"SELECT {where}, body FROM {table} LIMIT 1").fetchone()
    flipped = bytearray(body)
    flipped[len(flipped) // 2] ^= 4
    connection.close()
    harmed(finished, f"UPDATE {table} SET body = ? WHERE {where} = ?", bytes(flipped), row)
    with RunFile.open(finished) as run:
        assert any(told.startswith(table) or "damaged" in told for told in damages(run))


def test_a_damaged_reply_is_refused_when_it_is_read(finished: Path) -> None:
    harmed(finished, "UPDATE reply SET body = (SELECT body FROM reply WHERE trial = 1) WHERE trial = 0")
    with RunFile.open(finished) as run:
        with pytest.raises(Damage, match=r"reply 0\.0"):
            run.transcript(0)
        assert run.transcript(1).replies


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE verdict SET answer = 1 - answer WHERE trial = 5",
        "UPDATE verdict SET arm = (SELECT id FROM name WHERE name = 'without-threat') WHERE trial < 9",
        "DELETE FROM evidence WHERE trial = 7",
        "UPDATE trial SET seed = seed + 1 WHERE id = 3",
        "DELETE FROM trial WHERE id = 43",
        "UPDATE trial SET state = 2 WHERE id = 3",
        "UPDATE trial SET ended = ended + 1 WHERE id = 3",
        "UPDATE trial SET words = words + 1 WHERE id = 3",
        "UPDATE attempt SET cost = cost * 2 WHERE id = 9",
        "UPDATE attempt SET started = started - 3600 WHERE id = 9",
        "UPDATE attempt SET returned = NULL WHERE id = 9",
        "DELETE FROM attempt WHERE id = 9",
        "DELETE FROM reply WHERE trial = 7",
        "UPDATE reply SET attempt = attempt + 1 WHERE trial = 7",
        "DELETE FROM verdict WHERE trial = 7",
        "UPDATE intent SET meant = (SELECT id FROM name WHERE name LIKE '%coerce%') WHERE trial < 20",
        "UPDATE session SET seconds = 1",
        "UPDATE session SET program = 'another'",
        "UPDATE name SET name = 'without-deadlines' WHERE name = 'without-deadline'",
        "UPDATE variant SET prompt = 1",
        "UPDATE prompt SET body = NULL, hash = replace(hash, 'a', 'b')",
        "DROP INDEX trial_counts",
        "CREATE TABLE extra (x)",
        "DELETE FROM run WHERE name = 'created'",
    ],
)
def test_counts_that_were_tampered_with_are_found(finished: Path, sql: str) -> None:
    harmed(finished, sql)
    with RunFile.open(finished) as run:
        assert list(damages(run))


def test_files_that_are_no_runs_are_told_so(tmp_path: Path, finished: Path) -> None:
    text = tmp_path / "text.amrun"
    text.write_text("format: 1\n" * 100)
    other = tmp_path / "other.amrun"
    harmed(other, "CREATE TABLE t (x)")
    harmed(finished, f"PRAGMA user_version = {schema.VERSION + 1}")
    for path, told in (
        (text, "cannot be read"),
        (other, "not a run"),
        (finished, "format 2"),
        (tmp_path / "no", "no run"),
    ):
        with pytest.raises(StudioError, match=told):
            RunFile.open(path)
        with pytest.raises(StudioError, match=told):
            RunWriter.open(path)


def test_a_row_that_claims_to_unpack_to_gigabytes_is_refused(finished: Path) -> None:
    import zstandard

    bomb = zstandard.ZstdCompressor().compress(b"0" * (codec.LARGEST + 1))
    harmed(finished, "UPDATE reply SET body = ?, digest = ? WHERE trial = 0", bomb, codec.digest("reply", "0.0", bomb))
    with RunFile.open(finished) as run, pytest.raises(Damage, match="claims to hold"):
        run.transcript(0)


def test_a_scenario_that_is_not_the_planned_one_is_refused(finished: Path) -> None:
    with RunFile.open(finished) as run:
        texts = {**run.scenario_texts, "task.md": "Do something else.\n"}
        with pytest.raises(StudioError, match="not the one it was planned with"):
            load_carried(texts, run.plan)
        assert load_carried(run.scenario_texts, run.plan).ref == run.plan.scenario == "my-pack/small"


def test_trials_are_counted_by_variant_and_session_in_one_query(small_pack, path: Path) -> None:
    study = study_at(small_pack())
    work(new_run(study, path), Subject())
    with RunFile.open(path) as run:
        results = run.results()
        model = study.models[0].name
        found = results.by_variant(model, study.outcome)
        assert found == results.by_variant(model, study.outcome)
        assert {each.session for each in found} == {1}
        for arm in run.plan.arms:
            (mine,) = [each for each in found if each.arm == arm.name]
            assert mine.variant == arm.variant
            assert mine.counts == results.counts(arm.name, model, study.outcome)
        assert sum(each.counts.planned for each in found) == run.planned()
        assert results.by_variant("nobody", study.outcome) == ()


def test_flipped_bits_anywhere_in_the_file_are_found(finished: Path) -> None:
    set_label(finished, 3, "coercion", "reader", "yes", note="In so many words.")
    came = flipped(finished, finished.with_name("harmed.amrun"), 300)
    assert came.content >= 50
    assert came.missed == ()


@pytest.mark.parametrize("table", ["label", "label_history"])
def test_labels_that_were_tampered_with_are_found(finished: Path, table: str) -> None:
    set_label(finished, 3, "coercion", "reader", "yes", note="In so many words.")
    harmed(finished, f"UPDATE {table} SET answer = 0")
    with RunFile.open(finished) as run:
        assert [told for told in damages(run) if told.startswith(table)]


def test_prompts_beyond_the_plans_arms_are_kept_as_hashes_and_rendered_again(small_pack, path: Path) -> None:
    scenario = small_pack()
    study = study_at(scenario)
    plan, loaded = plan_study(study)
    variants = list(loaded.variants())
    run = begin(plan, loaded, path)
    run.begin_session()
    run.plan_trials([TrialSpec(i, "every", "sim/strategist", variant, i) for i, variant in enumerate(variants)])
    prompts = [render(loaded, variant) for variant in variants]
    run.commit([PromptKnown(*both) for both in zip(variants, prompts, strict=True)])
    run.end_session("stopped")
    run.close()
    named = {arm.variant for arm in plan.arms} & set(variants)
    with RunFile.open(path) as run:
        bodies = [body for (body,) in run.query("SELECT body FROM prompt")]
        assert bodies.count(None) == len(variants) - len(named)
        for trial, prompt in enumerate(prompts):
            assert run.prompt(trial) == (prompt.hash, tuple((m.role, m.text) for m in prompt.messages))
        checked: Counter[str] = Counter()
        assert list(damages(run, checked)) == []
        assert checked["prompts rendered again"] == len(variants) - len(named)
    unnamed = next(number for number, variant in enumerate(variants) if variant not in named)
    other = next(number for number, variant in enumerate(variants) if variant in named)
    digest = codec.row_digest("variant", (unnamed + 1, variant_key(variants[other]) + " ", unnamed + 1))
    harmed(
        path,
        "UPDATE variant SET key = ?, digest = ? WHERE id = ?",
        variant_key(variants[other]) + " ",
        digest,
        unnamed + 1,
    )
    with RunFile.open(path) as run:
        with pytest.raises(Damage, match="renders to does not fit"):
            run.prompt(unnamed)
        assert any("renders to does not fit" in told for told in damages(run))
