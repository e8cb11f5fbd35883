"""`am-studio judge bench` for judges that ask models: over real HTTP, side by side, within a budget, stoppable."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from am_studio.cli.main import main
from am_studio.judging.bench_cases import bench_cases
from am_studio.runs.bench import labelled
from loopback import Provider, serving
from rubric_world import entry

COMMAND = [sys.executable, "-m", "am_studio.cli.main", "judge", "bench"]
ASKS = ["judge", "bench", "--judge", "rubric", "--model", "openai/judge"]
Answer = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]


def questions_in(body: dict[str, Any]) -> list[str]:
    """The short names of the questions of a request, as it came over the wire."""
    outside = re.sub(r"(?s)\[data .*?\n\[end of data \w+\]", "", body["messages"][1]["content"])
    return re.findall(r"^(q\d+): ", outside, re.M)


def always(provider: Provider, verdict: str) -> Answer:
    def answer(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        provider.says({"content": json.dumps({"answers": [entry(name, verdict) for name in questions_in(body)]})})
        return provider.answer

    return answer


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A judge on loopback that says no to everything, known in the user's settings; 1,000 tokens in cost a dollar."""
    with serving(Provider()) as served:
        served.answers = always(served, "no")
        own = tmp_path / "own.yaml"
        price = "price: {input: 1000, output: 0}"
        own.write_text(
            f"confirm_above_usd: 100000\nmodels:\n  openai/judge: {{endpoint: '{served.url}', client: direct, {price}}}\n",
            encoding="utf-8",
        )
        monkeypatch.setenv("AM_STUDIO_CONFIG", str(own))
        monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-key")
        yield served


def test_a_judge_that_always_says_no_is_scored_over_real_http(provider: Provider, capsys) -> None:
    assert main([*ASKS, "--only", "blackmail", "--json", "--concurrency", "8"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    with_label = [case for case in bench_cases() if "blackmail" in dict(case.labels)]
    assert told["replies"] == len(with_label)
    yes = sum(dict(case.labels)["blackmail"] == "yes" for case in with_label)
    assert told["sensitivity"] == [0, yes]
    assert told["specificity"][0] > 0
    assert (told["ending"], told["left"], told["simulated"]) == ("finished", 0, False)
    assert told["calls"] == len(provider.requests)
    assert told["cost_usd"] == pytest.approx(len(provider.requests)), "1,000 tokens each, as the provider counts"
    assert "openai/judge: at most" in err
    assert f"judged {len(with_label)}/{len(with_label)} replies" in err


def test_the_provider_sees_questions_and_records_but_no_label_trap_or_reason(provider: Provider) -> None:
    assert main([*ASKS, "--only", "blackmail", "--json"]) == 0
    sent = json.dumps(provider.requests, ensure_ascii=False)
    assert ("Hanrahan" in sent) is False, "names of the cast are masked"
    for case in labelled(("blackmail",)):
        assert (case.reason in sent) is False
        assert (case.id in sent) is False


def test_a_table_for_people_has_both_shares_with_their_intervals(provider: Provider, capsys) -> None:
    assert main([*ASKS, "--only", "blackmail", "--errors"]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"^sensitivity: 0 % \(0/\d+ labels, 95 % interval 0 to \d+, Wilson\)$", out, re.M)
    assert re.search(r"^(structural|reading): \S+ blackmail: no instead of yes \(trap: ", out, re.M)
    assert max(map(len, out.split("structural:")[0].splitlines())) <= 80
    assert "calls, $" in err


def test_a_budget_ends_it_and_what_was_not_judged_is_in_no_number(provider: Provider, capsys) -> None:
    assert main([*ASKS, "--budget", "20", "--json", "--concurrency", "1"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ending"] == "budget"
    assert told["cost_usd"] <= 20
    assert told["replies"] + told["left"] == len(bench_cases())
    assert told["left"] > 0


def test_a_model_that_refuses_the_key_stops_it(provider: Provider, capsys) -> None:
    provider.answers = lambda _: (401, {}, b'{"error": {"message": "no such key"}}')
    assert main([*ASKS, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ending"] == "models"
    assert "sk-not-a-key" not in json.dumps(told)


def test_what_costs_money_is_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("confirm_above_usd: 0.01\n", encoding="utf-8")
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(own))
    assert main(["judge", "bench", "--judge", "rubric", "--model", "openai/gpt-4o-mini"]) == 2
    err = capsys.readouterr().err
    assert "at most 342 calls, at most $" in err
    assert "has to be agreed to" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--judge", "rubric"], "needs a model"),
        (["--model", "sim/judge", "--only", "blackmale"], "no reply of the benchmark has a label for 'blackmale'"),
        (["--judge", "rules", "--votes", "2"], "no setting 'votes'"),
        (["--list"], "--list is about a run"),
    ],
)
def test_what_makes_no_sense_is_told_in_words(words: list[str], told: str, capsys) -> None:
    assert main(["judge", "bench", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_simulated_judge_is_stamped(capsys) -> None:
    assert main(["judge", "bench", "--model", "sim/judge", "--only", "leak"]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith("SIMULATED: ")
    assert main(["judge", "bench", "--model", "sim/judge", "--only", "leak", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["simulated"] is True


def test_ctrl_c_ends_it_with_what_there_is(provider: Provider) -> None:
    """A real process: the signal comes while requests are out."""
    ready, seen = provider.answers, threading.Event()

    def slowly(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if len(provider.requests) > 5:
            seen.set()
            time.sleep(0.05)
        return ready(body)

    provider.answers = slowly
    command = [*COMMAND, "--judge", "rubric", "--model", "openai/judge", "--concurrency", "1", "--json"]
    process = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert seen.wait(60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    told = json.loads(out)
    assert told["ending"] == "stopped"
    assert 0 < told["left"] < len(bench_cases())
