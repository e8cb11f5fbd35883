"""A study through LiteLLM's own proxy, unchanged: mock replies, and the simulated subjects behind it. All on loopback.

The proxy lives in an environment of its own, for its pins and ours conflict: `make proxy-env` makes `.venv-proxy`.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from am_studio.runs.analysis import analyse
from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study
from run_world import Naps
from sim_world import sim_serving

PROXY = Path(__file__).parents[2] / ".venv-proxy" / "bin" / "litellm"
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.xdist_group("litellm"),
    pytest.mark.skipif(not PROXY.exists(), reason="LiteLLM's proxy is not installed: make proxy-env"),
]

KEY = "sk-proxy-sentinel-0123456789abcdef"
CONFIG = """\
model_list:
  - model_name: mocked
    litellm_params: {model: openai/mocked, api_key: none, mock_response: "Nothing to do here."}
  - model_name: renamed
    litellm_params: {model: openai/sim/strategist, api_base: "SIM", api_key: none}
  - model_name: sim/strategist
    litellm_params: {model: openai/sim/strategist, api_base: "SIM", api_key: none}
general_settings: {master_key: KEY}
litellm_settings: {num_retries: 0, telemetry: false}
"""
STUDY = """\
format: 1
name: through-the-proxy
scenario: core/replacement-blackmail
design: {kind: leave-one-out, details: [threat]}
models: [MODELS]
outcome: blackmail
trials: {per_arm: 8, baseline: 8}
seed: 5
"""


@dataclass(frozen=True)
class Gateway:
    url: str
    log: Path


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("proxy")
    config, log = directory / "config.yaml", directory / "log.txt"
    with sim_serving() as served, log.open("wb") as written:
        config.write_text(CONFIG.replace("SIM", served.url).replace("KEY", KEY))
        port = free_port()
        command = [str(PROXY), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=directory, env=bare_environment(directory), stdout=written, stderr=subprocess.STDOUT
        )
        try:
            wait_until_it_answers(f"http://127.0.0.1:{port}/health/liveliness", process, log)
            yield Gateway(f"http://127.0.0.1:{port}", log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def bare_environment(directory: Path) -> dict[str, str]:
    """What the proxy is told: no key of this machine's, no network for its price list."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "NO_DOCS": "True"}
    return {**kept, **quiet, "HOME": str(directory)}


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"the proxy does not answer:\n{log.read_text(errors='replace')[-3000:]}")


def carried(directory: Path, name: str, *models: str) -> Path:
    study, run = directory / f"{name}.yaml", directory / f"{name}.amrun"
    study.write_text(STUDY.replace("MODELS", ", ".join(models)), encoding="utf-8")
    plan, scenario = plan_study(load_study(study))
    ending = carry_out(begin(plan, scenario, run), settings=EngineSettings(concurrency=4, sleep=Naps()))
    assert ending.kind == "finished", ending
    return run


def behind(gateway: Gateway, name: str) -> str:
    return (
        f'{{name: litellm_proxy/{name}, endpoint: "{gateway.url}", key_env: TEST_PROXY_KEY, '
        "price: {input: 0, output: 0}}"
    )


def test_a_study_runs_through_the_proxy_unchanged(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_PROXY_KEY", KEY)
    names = ("mocked", "renamed", "sim/strategist")
    here = carried(tmp_path, "here", "sim/strategist")
    there = carried(tmp_path, "there", *(behind(gateway, name) for name in names))
    with RunFile.open(here) as first, RunFile.open(there) as second:
        (expected,) = analyse(first).tables
        mocked, renamed, subject = analyse(second).tables
        assert second.tally().failures == {}
        # The same seeds reach the subject behind the proxy, and the same replies come back.
        assert (subject.baseline, subject.effects[0].counts) == (expected.baseline, expected.effects[0].counts)
        assert expected.baseline.yes > 0
        assert (mocked.baseline_rate.k, mocked.baseline_rate.n) == (0, 8)
        # What is simulated is stamped, whatever the proxy calls it; what is not is not.
        assert (mocked.simulated, renamed.simulated, subject.simulated) == (False, True, True)
        assert not second.simulated
    assert KEY.encode() not in there.read_bytes()


def test_a_key_that_the_proxy_refuses_stops_the_model_with_a_sentence(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_PROXY_KEY", "sk-wrong-0123456789abcdef")
    study, path = tmp_path / "refused.yaml", tmp_path / "refused.amrun"
    study.write_text(STUDY.replace("MODELS", behind(gateway, "mocked")), encoding="utf-8")
    plan, scenario = plan_study(load_study(study))
    ending = carry_out(begin(plan, scenario, path), settings=EngineSettings(concurrency=1, sleep=Naps()))
    assert ending.kind == "models"
    with RunFile.open(path) as run:
        # Some versions of the proxy refuse an unknown key with status 400.
        failures = run.tally().failures
        assert set(failures) <= {"authentication", "bad_request"}
        assert sum(failures.values()) == 1
    assert b"sk-wrong" not in path.read_bytes()
