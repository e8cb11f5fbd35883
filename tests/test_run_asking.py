"""A run starts by itself when it is cheap and goes where its user sends it; otherwise somebody is asked first."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from am_studio.foundation.locations import installed_packs
from am_studio.runs.asking import is_loopback, reasons_to_ask
from am_studio.runs.carry import plan_study
from am_studio.runs.runfile import RunFile
from loopback import KEY, Provider, serving
from run_world import new_run, study_at

CHEAP = "{name: openai/little, price: {input: 0.001, output: 0.001}}"
DEAR = "{name: openai/little, price: {input: 20, output: 100}}"


def reasons(small_pack, *models: str, **changes: str) -> str:
    plan, scenario = plan_study(study_at(small_pack(), *models, **changes))
    return "\n".join(reasons_to_ask(plan, scenario.directory))


def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    path.chmod(0o600)
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(path))


def test_money_is_a_reason_from_the_limit_of_the_settings_on(
    small_pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reasons(small_pack, CHEAP) == ""
    assert "It can cost up to $4" in reasons(small_pack, DEAR)
    assert "no price is known for hosted_vllm/mine" in reasons(small_pack, "hosted_vllm/mine")
    settings(tmp_path, monkeypatch, "confirm_above_usd: 1000\n")
    assert reasons(small_pack, DEAR) == ""
    settings(tmp_path, monkeypatch, "confirm_above_usd: 0\n")
    assert "you are asked above $0.00" in reasons(small_pack, CHEAP)
    assert reasons(small_pack, "sim/strategist") == ""


def test_a_server_that_only_the_study_names_is_a_reason(
    small_pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = "{name: openai/little, endpoint: 'https://models.thief.example/v1', key_env: GITHUB_TOKEN, price: {input: 0, output: 0}}"
    told = reasons(small_pack, away)
    assert "sends the key in GITHUB_TOKEN and every prompt to https://models.thief.example/v1" in told
    assert "thief.example" in reasons(small_pack, away.replace("openai/little", "openai/sim/strategist")), (
        "a name that looks simulated does not hide where requests go"
    )
    assert reasons(small_pack, away.replace("https://models.thief.example/v1", "http://127.0.0.1:8000/v1")) == ""
    own = "models: {openai/*: {endpoint: 'https://models.thief.example/v1'}}\n"
    settings(tmp_path, monkeypatch, own)
    assert reasons(small_pack, away) == "", "it is the user's own"
    assert reasons(small_pack, CHEAP) == ""


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost.thief.example/v1", "http://127.0.0.1.thief.example/v1", "http://0.0.0.0/v1",
        "http://10.0.0.1/v1", "http://[2001:db8::1]/v1", "http://127.0.0.1\\.thief.example/v1", "http:///v1",
        "http://thief.example/#127.0.0.1", "http://2130706433/v1",
    ],
)  # fmt: skip
def test_what_only_looks_like_this_machine_is_somewhere_else(endpoint: str) -> None:
    assert not is_loopback(endpoint)


@pytest.mark.parametrize(
    "endpoint", ["http://localhost:1/v1", "http://127.0.0.1/v1", "http://127.9.9.9", "https://[::1]:8/v1"]
)
def test_this_machine_is_recognised(endpoint: str) -> None:
    assert is_loopback(endpoint)


def test_a_study_cannot_make_a_dear_model_look_free(
    small_pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = "{name: gpt-4o, price: {input: 0, output: 0}}"
    assert "lower price than the price table does" in reasons(small_pack, stated)
    settings(tmp_path, monkeypatch, "models: {gpt-4o: {price: {input: 0.1, output: 0.1}}}\n")
    assert reasons(small_pack, "gpt-4o") == "", "the user knows what is paid"


def test_an_installed_pack_is_a_reason_with_real_models(
    small_pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, _ = plan_study(study_at(small_pack(), CHEAP))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    foreign = installed_packs() / "theirs" / "small"
    assert reasons_to_ask(plan, foreign) == ("The scenario my-pack/small comes from an installed pack.",)
    free, _ = plan_study(study_at(small_pack()))
    assert reasons_to_ask(free, foreign) == ()


# On the command line. ------------------------------------------------------------------------------------------------


def studio(*words: object, cwd: Path, said: str | None = None, **variables: str) -> tuple[int, str]:
    """Exit code and everything on stderr; with `said` a terminal is there, on which that is typed."""
    command = [sys.executable, "-m", "am_studio.cli.main", *map(str, words)]
    environment = {**os.environ, **variables}
    if said is None:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
        )
        return done.returncode, done.stderr
    ours, theirs = pty.openpty()
    try:
        os.write(ours, said.encode())
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=False, env=environment, stdin=theirs
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stderr


def test_nobody_is_asked_below_the_limit_and_the_plan_is_shown(small_pack, tmp_path: Path) -> None:
    with serving(Provider()) as provider:
        provider.says({"content": "Nothing to do."})
        model = f"{{name: openai/little, endpoint: '{provider.url}', key_env: TEST_MODEL_KEY, price: {{input: 0.1, output: 0.1}}}}"
        study = study_at(small_pack(), model, trials="{per_arm: 1}")
        code, told = studio("run", study.source, "--out", tmp_path / "run.amrun", cwd=tmp_path, TEST_MODEL_KEY=KEY)
    assert code == 0, told
    assert "calls," in told
    assert f"at {provider.url}, with the key in TEST_MODEL_KEY" in told
    assert KEY not in told
    with RunFile.open(tmp_path / "run.amrun") as file:
        assert file.state() == "finished"


def test_without_a_terminal_every_reason_is_told_and_nothing_is_called(small_pack, tmp_path: Path) -> None:
    study = study_at(small_pack(), DEAR)
    code, told = studio("run", study.source, "--out", tmp_path / "run.amrun", cwd=tmp_path)
    assert code == 2
    for words in ("has to be agreed to", "It can cost up to $", "--yes"):
        assert words in told
    assert not (tmp_path / "run.amrun").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Unix")
def test_at_a_terminal_no_is_no(small_pack, tmp_path: Path) -> None:
    study = study_at(small_pack(), DEAR)
    code, told = studio("run", study.source, "--out", tmp_path / "run.amrun", cwd=tmp_path, said="n\n")
    assert code == 1
    assert "Make 44 calls at most $" in told
    assert "nothing was called" in told
    assert not (tmp_path / "run.amrun").exists()


def test_a_run_file_from_a_stranger_is_not_resumed_unasked(small_pack, tmp_path: Path) -> None:
    away = "{name: openai/little, endpoint: 'https://models.thief.example/v1', key_env: TEST_MODEL_KEY, price: {input: 0, output: 0}}"
    run = tmp_path / "theirs.amrun"
    new_run(study_at(small_pack(), away), run).close()
    code, told = studio("resume", run, cwd=tmp_path, TEST_MODEL_KEY=KEY)
    assert code == 2
    assert "sends the key in TEST_MODEL_KEY and every prompt to https://models.thief.example/v1" in told
    assert KEY not in told
    with RunFile.open(run) as file:
        assert file.tally().attempts == 0
    code, told = studio("resume", run, cwd=tmp_path, said="n\n")
    assert (code, "nothing was called" in told) == (1, True)


def test_a_budget_on_the_command_line_takes_the_place_of_the_studys(small_pack, tmp_path: Path) -> None:
    study = study_at(small_pack(), "sim/strategist", budget="{usd: 25}")
    out = tmp_path / "run.amrun"
    code, told = studio("run", study.source, "--budget", "0.5", "--trials", "2", "--out", out, cwd=tmp_path)
    assert code == 0, told
    with RunFile.open(out) as file:
        assert file.plan.study.budget_usd == 0.5
    for nonsense in ("0", "-1", "much", "nan", "inf"):
        code, told = studio("plan", study.source, f"--budget={nonsense}", cwd=tmp_path)
        assert code == 2, nonsense
        assert "--budget" in told
