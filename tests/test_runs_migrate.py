"""A run that an older version made is opened as any other, and what it was is kept beside it."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from am_studio.foundation.errors import StudioError
from am_studio.records import ChatRequest, ModelFailure
from am_studio.runs import schema
from am_studio.runs.analysis import analyse
from am_studio.runs.database import opened
from am_studio.runs.labels import label_history, read_labels, set_label
from am_studio.runs.lock import RunLock, lock_path
from am_studio.runs.runfile import RunFile
from am_studio.runs.verify import damages
from am_studio.runs.writer import RunWriter
from old_runs import as_version_1
from run_world import Answer, Subject, new_run, reply, study_at, work


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "the.amrun"


def seen(path: Path) -> dict[str, object]:
    """Everything that the run says, in every way of asking it."""
    with RunFile.open(path) as run:
        model, ids = run.plan.study.models[0].name, [spec.id for spec in run.trials()]
        return {
            "analysis": analyse(run),
            "counts": run.counts(run.plan.study.outcome),
            "trials": list(run.trials()),
            "replies": [run.transcript(trial, intents=True) for trial in ids],
            "verdicts": [run.verdicts(trial) for trial in ids],
            "prompts": [run.prompt(trial) for trial in ids if run.transcript(trial).replies],
            "meant": list(run.judged_intents(run.plan.study.outcome)),
            "copies": run.copies(model),
            "returned": run.models_returned(model),
            "span": run.span(model),
            "tally": run.tally(),
            "sessions": run.sessions(),
            "labels": (read_labels(run), label_history(run)),
        }


def test_an_old_run_says_what_it_said_and_is_whole(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    set_label(path, 3, "coercion", "reader", "yes", note="In so many words.")
    before = seen(path)
    as_version_1(path)
    old = path.read_bytes()
    assert opened(path, apsw.SQLITE_OPEN_READONLY)[1] == 1
    assert seen(path) == before
    with RunFile.open(path) as run:
        assert list(damages(run)) == []
        assert list(run.query("PRAGMA user_version")) == [(schema.VERSION,)]
    kept = path.with_name("the.amrun.v1.bak")
    assert sorted(file.name for file in path.parent.glob("the.amrun*")) == ["the.amrun", "the.amrun.v1.bak"]
    kept.rename(path)
    assert opened(path, apsw.SQLITE_OPEN_READONLY)[1] == 1
    assert len(old) == path.stat().st_size
    assert seen(path) == before


def test_an_old_run_that_was_interrupted_is_completed(small_pack, path: Path) -> None:
    def stops_at_the_twentieth(request: ChatRequest, number: int) -> Answer:
        if number == 20:
            return ModelFailure("authentication", "The key is refused.")
        return reply(f"Number {request.seed}.")

    assert work(new_run(study_at(small_pack()), path), Subject(stops_at_the_twentieth))[0].kind == "models"
    as_version_1(path)
    ending, _ = work(RunWriter.open(path), Subject(lambda request, _: reply(f"Number {request.seed}.")))
    assert ending.kind == "finished"
    with RunFile.open(path) as found:
        assert found.unfinished() == 0
        assert list(damages(found)) == []


def test_a_copy_that_is_there_already_is_never_written_over(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    as_version_1(path)
    first = path.with_name("the.amrun.v1.bak")
    first.write_text("mine")
    RunFile.open(path).close()
    assert first.read_text() == "mine"
    second = path.with_name("the.amrun.v1.bak2")
    assert opened(second, apsw.SQLITE_OPEN_READONLY)[1] == 1


def test_an_old_run_that_cannot_be_written_is_told_plainly_and_left_alone(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    as_version_1(path)
    before = path.read_bytes()
    lock_path(path).mkdir()
    for open_ in (RunFile.open, RunWriter.open):
        with pytest.raises(StudioError, match="made by an older version") as told:
            open_(path)
        assert "cannot be written" in told.value.detail
    lock_path(path).rmdir()
    lock = RunLock(path)
    with pytest.raises(StudioError, match="made by an older version") as told:
        RunFile.open(path)
    assert "being carried out by another process" in told.value.detail
    lock.release()
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.bak*"))


def test_a_migration_that_fails_half_way_changes_nothing(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    as_version_1(path)
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE v1_label (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StudioError, match="made by an older version"):
        RunFile.open(path)
    assert path.read_bytes() == before


def test_damage_is_carried_over_and_told(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    as_version_1(path)
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE reply SET body = x'00' WHERE trial = 3; UPDATE intent SET body = x'00' WHERE trial = 5")
    connection.close()
    with RunFile.open(path) as run:
        told = list(damages(run))
        assert any(text.startswith("reply 3.0") for text in told)
        assert any("intent" in text for text in told)
        assert run.transcript(4).replies


def test_a_run_of_a_newer_version_is_refused_as_before(small_pack, path: Path) -> None:
    work(new_run(study_at(small_pack()), path), Subject())
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", schema.VERSION + 1)
    connection.close()
    with pytest.raises(StudioError, match=f"format {schema.VERSION + 1}; this program reads format {schema.VERSION}"):
        RunFile.open(path)
