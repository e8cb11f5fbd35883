"""Logs of Inspect become runs, without Inspect: every sample of every epoch, with its scores as verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from am_studio.cli.main import main
from am_studio.runs.analysis import analyse
from am_studio.runs.importing.inspect_scores import answer_of
from am_studio.runs.runfile import RunFile
from am_studio.runs.trial_view import open_trial
from am_studio.runs.verify import damages
from inspect_world import CALM, REPLY, eval_log, header, json_log, sample, zipped


def imported(*sources: Path | str, code: int = 0) -> Path:
    out = next(Path(source) for source in sources if isinstance(source, Path)).parent / "made.amrun"
    assert main(["import", "inspect-log", *map(str, sources), "--out", str(out)]) == code
    return out


def four(log: int = 0) -> list[dict[str, Any]]:
    """Two samples of two epochs, of which one reply is harmful."""
    return [sample(n, e, REPLY if (n, e) == (1, 2) else f"{CALM} {n} {e}", log=log) for n in (1, 2) for e in (1, 2)]


@pytest.mark.parametrize("kind", ["json", "zstd", "deflate", "stored"])
def test_a_log_of_either_format_becomes_a_run(tmp_path: Path, kind: str) -> None:
    samples = four()
    methods = {"zstd": 93, "deflate": 8, "stored": 0}
    if kind == "json":
        log = json_log(tmp_path / "a.json", header(samples), samples)
    else:
        log = eval_log(tmp_path / "a.eval", header(samples), samples, methods[kind])
    with RunFile.open(imported(log, "--harmful", "harmful")) as run:
        counts = run.counts("harmful")["baseline", "lab/one"]
        assert (counts.yes, counts.no, counts.completed) == (1, 3, 4)
        view = open_trial(run, 1)
        assert view.prompt == (("system", "You are an agent."), ("user", "Mail."))
        assert (view.replies[0].text, view.replies[0].reasoning) == (REPLY, "Hm.")
        assert view.replies[0].usage.input_tokens == 9
        assert view.verdicts[0].judge == "inspect/harmful"
        assert view.verdicts[0].reason == "harmful scored C: looked for the affair"
        assert run.models_returned("lab/one") == ("lab/one-2031",)
        assert run.plan.imported is not None
        assert run.plan.imported.generator == "inspect_ai 0.3.285"
        assert list(damages(run)) == []


def test_a_grid_of_logs_becomes_a_table_of_effects(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number, (goal, urgent) in enumerate([("none", True), ("none", False), ("world", True), ("world", False)]):
        samples = [sample(n, 1, f"{REPLY if goal == 'none' and n < 9 else CALM} {n}", log=number) for n in range(10)]
        eval_log(logs / f"{number}.eval", header(samples, goal=goal, urgent=urgent, fixed=3), samples)
    (logs / "listing.json").write_text("{}", encoding="utf-8")
    with RunFile.open(imported(logs)) as run:
        (table,) = analyse(run).tables
    effects = {effect.label: effect for effect in table.effects}
    assert set(effects) == {"goal: world", "urgent"}
    assert (effects["goal: world"].rate.k, effects["goal: world"].against_rate.k) == (0, 18)
    assert effects["goal: world"].conclusion == "effect"
    assert effects["urgent"].conclusion != "effect"
    assert "No logs, and left out: listing.json." in table.notes


def test_errors_are_failed_trials_and_missing_scores_unclear(tmp_path: Path) -> None:
    samples = [sample(1), sample(2, error={"message": "boom"}), sample(3, scores=None), sample(4, messages=[])]
    with RunFile.open(imported(json_log(tmp_path / "a.json", header(samples), samples))) as run:
        counts = run.counts("harmful")["baseline", "lab/one"]
        assert (counts.no, counts.unclear, counts.failed) == (1, 1, 2)
        assert open_trial(run, 1).failure is not None


def test_native_calls_are_read_as_calls(tmp_path: Path) -> None:
    call = {"id": "c1", "function": "send_email", "arguments": {"to": "ines@corp.example", "body": "Stop it."}}
    messages = [
        {"role": "user", "content": "Mail."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "sent", "tool_call_id": "c1"},
        {"role": "assistant", "content": "Done."},
    ]
    samples = [sample(1, messages=messages)]
    with RunFile.open(imported(json_log(tmp_path / "a.json", header(samples), samples))) as run:
        view = open_trial(run, 0)
        assert view.protocol == "tools"
        assert [(action.kind, action.to) for action in view.actions] == [("send_email", ("ines@corp.example",))]
        assert len(view.replies) == 2


def test_metadata_makes_details_and_conditions(tmp_path: Path) -> None:
    samples = [sample(n, 1, f"{CALM} {n}") for n in range(4)]
    log = json_log(tmp_path / "a.json", header(samples), samples)
    with RunFile.open(imported(log, "--arm", "site")) as run:
        assert {key[0]: counts.completed for key, counts in run.counts("harmful").items()} == {
            "baseline": 2,
            "arm-north": 2,
        }


def test_several_scorers_are_one_judge_unless_they_answer_the_same(tmp_path: Path) -> None:
    apart = {"harm": {"value": 1.0}, "aware": {"value": {"says_test": True, "part": 0.4}}}
    same = {"rules": {"value": {"harm": "yes"}}, "grader": {"value": {"harm": "no"}}}
    samples = [sample(1, scores=apart)]
    path = imported(json_log(tmp_path / "a.json", header(samples), samples))
    with RunFile.open(path) as run:
        told = {verdict.outcome: verdict.answer for verdict in run.verdicts(0, "inspect/harm+aware")}
        assert told == {"harm": "yes", "says_test": "yes", "part": "unclear"}
    path.unlink()
    samples = [sample(1, scores=same)]
    with RunFile.open(imported(json_log(tmp_path / "a.json", header(samples), samples))) as run:
        assert run.plan.judge == "inspect/rules"
        assert [run.verdicts(0, judge)[0].answer for judge in ("inspect/rules", "inspect/grader")] == ["yes", "no"]


@pytest.mark.parametrize(
    ("value", "threshold", "answer"),
    [
        ("C", None, "yes"), ("I", None, "no"), ("P", None, "unclear"), ("N", None, "unclear"), (True, None, "yes"),
        (False, 0.5, "no"), (1, None, "yes"), (0.0, None, "no"), (0.5, None, "unclear"), (0.5, 0.5, "yes"), (0.4, 0.5, "no"),
        (float("nan"), 0.5, "unclear"), ("yes", None, "yes"), ("unclear", None, "unclear"), ("1", None, "yes"), ([], None, "unclear"),
    ],
)  # fmt: skip
def test_the_rule_by_which_a_score_is_an_answer(value: Any, threshold: float | None, answer: str) -> None:
    assert answer_of(value, threshold) == answer


def truncated(path: Path, by: int) -> None:
    path.write_bytes(path.read_bytes()[:-by])


def test_a_log_that_breaks_off_is_refused_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = four()
    log = eval_log(tmp_path / "a.eval", header(samples), samples)
    truncated(log, 40)
    assert not imported(log, code=2).exists()
    assert "a.eval is no whole log: its zip cannot be read" in capsys.readouterr().err
    log = json_log(tmp_path / "b.json", header(samples), samples)
    truncated(log, 40)
    assert not imported(log, code=2).exists()
    assert "b.json is not whole JSON" in capsys.readouterr().err


def test_a_flipped_byte_is_refused_with_its_member(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = four()
    log = eval_log(tmp_path / "a.eval", header(samples), samples, 0)
    content = bytearray(log.read_bytes())
    content[content.index(b"Nothing to do. 2 1")] ^= 1
    log.write_bytes(bytes(content))
    assert not imported(log, code=2).exists()
    assert "a.eval: samples/s2_epoch_1.json" in capsys.readouterr().err


def test_an_unfinished_log_is_taken_when_that_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = four()
    for name, log in (
        ("no header", eval_log(tmp_path / "a.eval", None, samples)),
        ("cancelled", json_log(tmp_path / "b.json", {**header(samples), "status": "cancelled"}, samples)),
        ("too few", json_log(tmp_path / "c.json", header([*samples, sample(3)]), samples)),
    ):
        path = imported(log, code=2)
        assert not path.exists(), name
        assert "--partial takes what is there" in capsys.readouterr().err, name
        with RunFile.open(imported(log, "--partial")) as run:
            assert run.planned() == 4, name
        path.unlink()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no log of Inspect"),
        (b"{}", "it has no `eval` with a `task`"),
        (b"PK\x03\x04 no zip", "its zip cannot be read"),
        (b"[" * 200_000, "is no log of Inspect"),
        (b'{"eval": ' + b"[" * 200_000, "nested too deeply"),
        (zipped([("header.json", b"[]")], 8), "header.json is no JSON object"),
        (zipped([("../../header.json", b"{}")], 8), "it has no header.json"),
        (
            zipped([("header.json", b"{}"), ("samples/1_epoch_1/sample.json", b"{}")], 8),
            "keeps large samples in chunks",
        ),
    ],
)
def test_what_is_no_log_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, told: str
) -> None:
    log = tmp_path / "a.eval"
    log.write_bytes(content)
    assert not imported(log, code=2).exists()
    assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.eval"]


def test_a_zip_that_lies_about_its_sizes_unpacks_no_more_than_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for method in (8, 93):
        content = bytearray(zipped([("header.json", b"0" * 50_000_000)], method))
        for at in (22, content.index(b"PK\x01\x02") + 24):
            content[at : at + 4] = (100).to_bytes(4, "little")
        log = tmp_path / "a.eval"
        log.write_bytes(bytes(content))
        assert not imported(log, code=2).exists()
        assert "a.eval: header.json" in capsys.readouterr().err


def test_the_same_sample_in_two_logs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = four()
    first = json_log(tmp_path / "a.json", header(samples), samples)
    second = eval_log(tmp_path / "b.eval", header(samples), samples)
    assert not imported(first, second, code=2).exists()
    assert "sample s1 is there twice" in capsys.readouterr().err


def test_what_it_came_to_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = four()
    imported(json_log(tmp_path / "a.json", header(samples), samples), "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["trials"], told["judges"], told["outcomes"]) == (4, ["inspect/harmful"], ["harmful"])
