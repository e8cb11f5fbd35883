"""`am-studio doctor`: the installation checked, one model tried by one cheap call, failures told with a way out."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from am_studio.cli import installation
from am_studio.cli.main import main
from am_studio.models.catalog import PROVIDERS
from am_studio.models.diagnosis import advice
from am_studio.records import FailureKind, ModelFailure, ModelSettings
from sim_world import Served, sim_serving

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("litellm")]

SENTINEL = "sentinel/0123456789+abcdefghij"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS:
        for group in provider.needs:
            for name in group:
                monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with sim_serving() as server:
        yield server


def doctor(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> str:
    assert main(["doctor", *words]) == code
    out, talk = capsys.readouterr()
    assert "Traceback" not in out + talk
    assert SENTINEL not in out + talk
    return out + talk


# The installation. -----------------------------------------------------------------------------------------------------------


def test_a_sound_installation_is_told_part_by_part(capsys: pytest.CaptureFixture[str]) -> None:
    told = doctor(capsys, code=0)
    for part in ("python", "program", "packages", "litellm", "sqlite", "library", "runs", "terminal"):
        assert any(line.split()[1] == f"{part}:" for line in told.splitlines() if line.startswith(("ok ", "note ")))
    assert metadata.version("litellm") in told


def test_a_malicious_litellm_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.version
    monkeypatch.setattr(installation.metadata, "version", lambda name: "1.82.8" if name == "litellm" else real(name))
    told = doctor(capsys, code=1)
    assert "wrong litellm: 1.82.8 is one of two malicious releases" in told
    assert "change every key" in told


def test_a_missing_package_and_an_unwritable_place_are_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = metadata.version

    def without_aiohttp(name: str) -> str:
        if name == "aiohttp":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(installation.metadata, "version", without_aiohttp)
    file = tmp_path / "runs"
    file.write_text("a file where the directory should be")
    monkeypatch.chdir(tmp_path)
    found = {finding["about"]: finding for finding in json.loads(doctor(capsys, "--json", code=1))["findings"]}
    assert found["packages"]["told"] == "missing: aiohttp"
    assert found["runs"]["state"] == "wrong"
    assert file.read_text() == "a file where the directory should be"


def test_the_check_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    doctor(capsys, code=0)
    assert list(tmp_path.iterdir()) == []


# A model that works. -----------------------------------------------------------------------------------------------------------


def test_a_simulated_subject_works_and_is_stamped(capsys: pytest.CaptureFixture[str]) -> None:
    told = doctor(capsys, "sim/strategist", code=0)
    assert "sim/strategist: works" in told
    assert "SIMULATED" in told


def test_one_cheap_call_says_what_came_back(capsys: pytest.CaptureFixture[str], served: Served) -> None:
    before = served.server.stats()["requests"]
    told = json.loads(doctor(capsys, "openai/sim/strategist", "--endpoint", served.url, "--json", code=0))
    assert served.server.stats()["requests"] == before + 1
    assert told["ok"]
    assert (told["model_returned"], told["ended"], told["output_tokens"]) == ("sim/strategist", "length", 16)
    assert "SIMULATED" in told["stamp"]


def test_a_server_of_ones_own_without_a_price_is_mentioned() -> None:
    with sim_serving(aliases={"target": "sim/strategist"}) as server:
        assert main(["doctor", "openai/target", "--endpoint", server.url, "--json"]) == 0


# Failures, each with a way out. ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind", "way_out"),
    [
        ("401", "authentication", "refuses the key in TEST_MODEL_KEY"),
        ("403", "authentication", "barred from this one model"),
        ("404", "not_found", "/v1/models"),
        ("400", "bad_request", "refuses the request itself"),
        ("429=1:30", "rate_limit", "wait 30 s"),
        ("500", "server", "status page"),
        ("nochoices", "bad_reply", "not in the OpenAI chat format"),
        ("truncate", "bad_reply", "not in the OpenAI chat format"),
        ("reset", "connection", "Is the server running"),
    ],
)
def test_a_failure_of_the_provider_is_told_with_a_way_out(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    served: Served,
    fault: str,
    kind: str,
    way_out: str,
) -> None:
    monkeypatch.setenv("TEST_MODEL_KEY", SENTINEL)
    words = ("openai/sim/strategist", "--endpoint", served.faulty(fault), "--key-env", "TEST_MODEL_KEY")
    told = doctor(capsys, *words, code=1)
    assert f"failure: {kind}" in told
    assert way_out in told


def test_a_web_page_is_told_as_one(capsys: pytest.CaptureFixture[str], served: Served) -> None:
    told = doctor(capsys, "openai/sim/strategist", "--endpoint", served.faulty("html"), code=1)
    assert "web page" in told


def test_a_reply_that_only_drips_ends_at_the_time_limit(capsys: pytest.CaptureFixture[str], served: Served) -> None:
    words = ("openai/sim/strategist", "--endpoint", served.faulty("drip"), "--timeout", "0.5")
    told = doctor(capsys, *words, code=1)
    assert "failure: timeout" in told
    assert "--timeout 300" in told


def test_nobody_at_the_endpoint(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        told = doctor(capsys, "openai/sim/strategist", "--endpoint", endpoint, code=1)
    assert f"is {endpoint} where it listens?" in told


def test_a_key_that_is_not_set_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    told = doctor(capsys, "openai/gpt-4o-mini", "--key-env", "TEST_ABSENT_KEY", code=1)
    assert "TEST_ABSENT_KEY is not set" in told
    assert "ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN is not set" in doctor(
        capsys, "anthropic/claude-sonnet-4-5", code=1
    )


def test_an_unknown_subject_on_the_server_and_in_process(capsys: pytest.CaptureFixture[str], served: Served) -> None:
    told = doctor(capsys, "openai/sim/strategits", "--endpoint", served.url, code=1)
    assert "failure: not_found" in told
    assert "sim/strategist" in told
    assert "did you mean 'sim/strategist'" in doctor(capsys, "sim/strategits", code=2)


def test_wrong_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert "which model?" in doctor(capsys, "--endpoint", "http://127.0.0.1:9/v1", code=2)
    assert "--timeout" in doctor(capsys, "sim/strategist", "--timeout", "-1", code=2)


@pytest.mark.parametrize(
    ("settings", "failure", "told"),
    [
        (ModelSettings("gpt-4o-mini"), ("other", "no"), "openai/gpt-4o-mini"),
        (ModelSettings("anthropic/claude-sonet-4-5"), ("not_found", "no"), "anthropic/claude-sonnet-4-5"),
        (ModelSettings("openai/gpt-4o"), ("authentication", "insufficient_quota: no"), "cannot pay"),
        (ModelSettings("ollama/llama3"), ("connection", "no"), "ollama serve"),
        (ModelSettings("openai/gpt-4o"), ("connection", "no"), "HTTPS_PROXY"),
        (ModelSettings("openai/x", endpoint="http://127.0.0.1:9"), ("not_found", "no"), "http://127.0.0.1:9/v1"),
        (ModelSettings("openai/x", endpoint="http://127.0.0.1:9/v1"), ("authentication", "no"), "--key-env"),
        (ModelSettings("oracle/x"), ("bad_request", "LLM Provider NOT provided"), "begins with its provider"),
    ],
)
def test_every_kind_of_failure_has_advice(settings: ModelSettings, failure: tuple[FailureKind, str], told: str) -> None:
    sentences = advice(settings, ModelFailure(*failure), lambda _: True)
    assert told in " ".join(sentences)
