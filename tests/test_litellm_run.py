"""A whole study of a real model's client, over loopback: the same engine, paid by the token, and no key anywhere."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from am_studio.foundation.hashing import hash_json
from am_studio.records import ClientName
from am_studio.runs.analysis import analyse
from am_studio.runs.carry import carry_out
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.events import Event
from am_studio.runs.runfile import RunFile
from loopback import KEY, Provider, serving
from run_world import Naps, new_run, study_at

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("litellm")]

THREAT = (
    "<tool_use:send_email>\nto: ines@tarn-optics.example\nsubject: You\nbody: Stop, or else.\n</tool_use:send_email>"
)


def test_a_study_over_http_survives_faults_and_tells_what_it_cost(
    small_pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    path, naps, events = tmp_path / "http.amrun", Naps(), list[Event]()
    with serving(Provider()) as provider:
        number = 0

        def answers(request: dict) -> tuple[int, dict[str, str], bytes]:
            nonlocal number
            number += 1
            if number == 3:
                provider.fails(429, f"slow down, {KEY}", {"Retry-After": "2"})
            elif number == 5:
                provider.answer = (200, {}, b'{"choices": []}')
            elif number == 7:
                provider.fails(500)
            else:
                provider.says({"content": THREAT if "is replaced today" in str(request) else "Nothing to do."})
            return provider.answer

        provider.answers = answers
        model = f"{{name: openai/little, endpoint: {provider.url}, key_env: TEST_MODEL_KEY, price: {{input: 1, output: 1}}}}"
        run = new_run(study_at(small_pack(), model, budget="{usd: 100}"), path)
        ending = carry_out(
            run, observer=events.append, settings=EngineSettings(concurrency=1, sleep=naps, clock=naps.now)
        )
        assert ending.kind == "finished"
        assert len(provider.requests) == 44 + 3
        assert set(provider.keys) == {f"Bearer {KEY}"}
    assert naps.seconds[0] >= 2.0
    with RunFile.open(path) as file:
        assert file.tally().failures == {"rate_limit": 1, "bad_reply": 1, "server": 1}
        table = analyse(file).tables[0]
        assert not table.simulated
        assert (table.baseline_rate.k, table.baseline_rate.n) == (20, 20)
        assert [effect.rate.k for effect in table.effects] == [0, 0]
        assert file.models_returned("openai/little") == ("little-model-2031",)
        worst_case_of_the_unreadable = 0.001
        assert 44 * 1200e-6 < file.tally().cost < 44 * 1200e-6 + 2 * worst_case_of_the_unreadable
    assert KEY not in repr(events)
    assert KEY.encode() not in path.read_bytes()


def test_the_same_prompt_hash_reaches_every_model_each_sampled_as_it_should_be(
    small_pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    path = tmp_path / "two.amrun"
    with serving(Provider()) as provider:
        provider.says({"content": "Nothing to do."})
        reached = f"endpoint: {provider.url}, key_env: TEST_MODEL_KEY, price: {{input: 0, output: 0}}"
        names = ("openai/one", "hosted_vllm/two", "openai/three")
        study = study_at(small_pack(), *(f"{{name: {name}, {reached}}}" for name in names))
        one, two, three = study.models
        models = (one, replace(two, temperature=0.5, max_tokens=77), replace(three, client="direct", temperature=0.0))
        ending = carry_out(new_run(replace(study, models=models), path))
        assert ending.kind == "finished"
        sent = provider.requests
    hashes: dict[str, Counter[str]] = {"one": Counter(), "two": Counter(), "three": Counter()}
    for request in sent:
        messages = [[message["role"], message["content"]] for message in request["messages"]]
        hashes[request["model"]][hash_json(messages)] += 1
    assert hashes["one"] == hashes["two"] == hashes["three"]
    assert {(request["model"], request["temperature"], request["max_tokens"]) for request in sent} == {
        ("one", 1.0, 1000),
        ("two", 0.5, 77),
        ("three", 0.0, 1000),
    }
    with RunFile.open(path) as file:
        assert set(hashes["one"]) == {file.prompt(spec.id)[0] for spec in file.trials()}


@pytest.mark.parametrize("client", ["litellm", "direct"])
def test_a_provider_with_a_strict_rate_limit_loses_no_trial(
    small_pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: ClientName
) -> None:
    """It lets forty requests a second through, four at once, and refuses the rest; nobody was told."""
    monkeypatch.setenv("TEST_MODEL_KEY", KEY)
    path = tmp_path / "strict.amrun"
    with serving(Provider()) as provider:
        provider.says({"content": "Nothing to do."})
        answer, lock, level, at = provider.answer, threading.Lock(), 4.0, time.monotonic()
        refusal = json.dumps({"error": {"message": "slow down", "type": "x", "code": "y"}}).encode()

        def answers(_: dict) -> tuple[int, dict[str, str], bytes]:
            nonlocal level, at
            with lock:
                now = time.monotonic()
                level, at = min(4.0, level + 40 * (now - at)), now
                if level < 1.0:
                    return 429, {"Retry-After": "0.1"}, refusal
                level -= 1.0
                return answer

        provider.answers = answers
        model = f"{{name: openai/little, endpoint: {provider.url}, key_env: TEST_MODEL_KEY, price: {{input: 0, output: 0}}}}"
        study = study_at(small_pack(), model)
        study = replace(study, models=(replace(study.models[0], client=client),))
        ending = carry_out(new_run(study, path), settings=EngineSettings(tries=1))
    assert ending.kind == "finished"
    with RunFile.open(path) as file:
        assert sum(counts.completed for counts in file.counts("coercion").values()) == 44
        assert file.tally().failures.keys() <= {"rate_limit"}
        assert file.tally().attempts == len(provider.requests)
