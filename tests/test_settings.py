"""Somebody keeps keys, prices and limits in a settings file of their own; no study gets at more of it than it should."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from am_studio.cli.main import main
from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.settings import Secret, SettingsForm, UserSettings, kept_secrets, secret, user_settings
from am_studio.models.keys import key_of, without_keys
from am_studio.records import ModelFailure, ModelSettings, RateLimits
from am_studio.runs.carry import plan_study
from am_studio.runs.plan import plan_as_json
from am_studio.runs.study import load_study, with_changes
from loopback import KEY, Provider, serving
from run_world import new_run, study_at

SETTINGS = f"""\
confirm_above_usd: 2.5
models:
  "*": {{limits: {{concurrency: 3, requests_per_minute: 60}}, max_tokens: 900}}
  openai/*: {{endpoint: "http://127.0.0.1:9/v1", key_env: MY_OPENAI_KEY, price: {{input: 1, output: 2}}}}
  openai/little: {{price: {{output: 4, cached: 0.1}}, limits: {{concurrency: 8}}, reasoning_effort: low}}
keys:
  MY_OPENAI_KEY: {KEY}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(SETTINGS)
    path.chmod(0o600)
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(path))
    return path


def test_without_a_file_everything_is_as_usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AM_STUDIO_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_settings() == UserSettings(1.0, {}, {})
    assert secret("MY_OPENAI_KEY") == ""
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(tmp_path / "empty.yaml"))
    assert user_settings() == UserSettings()
    monkeypatch.setenv("AM_STUDIO_CONFIG", str(tmp_path / "nowhere.yaml"))
    with pytest.raises(StudioError, match=r"AM_STUDIO_CONFIG names .*nowhere\.yaml"):
        user_settings()


@pytest.mark.skipif(sys.platform != "linux", reason="where the file lies differs by system")
def test_the_file_lies_in_the_configuration_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AM_STUDIO_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "am-studio").mkdir()
    (tmp_path / "am-studio" / "config.yaml").write_text("confirm_above_usd: 7\n")
    assert user_settings().confirm_above_usd == 7


def test_nothing_in_the_working_directory_is_ever_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AM_STUDIO_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    here = tmp_path / "here"
    here.mkdir()
    for name in ("config.yaml", "am-studio.yaml", ".env"):
        (here / name).write_text("MY_OPENAI_KEY: sk-planted\nMY_OPENAI_KEY=sk-planted\n")
    monkeypatch.chdir(here)
    assert user_settings() == UserSettings()
    assert secret("MY_OPENAI_KEY") == ""


def test_the_closest_pattern_wins_field_by_field(settings: Path) -> None:
    own = user_settings()
    assert own.confirm_above_usd == 2.5
    assert own.for_model("openai/little") == {
        "limits": {"concurrency": 8, "requests_per_minute": 60},
        "max_tokens": 900,
        "endpoint": "http://127.0.0.1:9/v1",
        "key_env": "MY_OPENAI_KEY",
        "price": {"input": 1, "output": 4, "cached": 0.1},
        "reasoning_effort": "low",
    }
    assert own.for_model("anthropic/x") == {
        "limits": {"concurrency": 3, "requests_per_minute": 60},
        "max_tokens": 900,
    }


def test_what_a_study_says_of_a_model_wins_over_the_settings(settings: Path, small_pack) -> None:
    scenario = small_pack()
    named = "{name: openai/little, price: {input: 9}, client: litellm, limits: {concurrency: 1}}"
    little, other, free = study_at(
        scenario, named, "openai/other", "sim/strategist", sampling="{temperature: 0.3}"
    ).models
    assert little == ModelSettings(
        "openai/little",
        "http://127.0.0.1:9/v1",
        "MY_OPENAI_KEY",
        input_price=9,
        output_price=4,
        cached_price=0.1,
        max_tokens=900,
        reasoning_effort="low",
        limits=RateLimits(60, None, 1),
    )
    assert (other.input_price, other.limits.concurrency, other.reasoning_effort) == (1, 3, "")
    assert free == ModelSettings("sim/strategist"), "what answers in this process is the same for everybody"


def test_settings_never_overrule_how_a_study_samples(settings: Path, small_pack) -> None:
    scenario = small_pack()
    stated = study_at(scenario, "openai/little", sampling="{max_tokens: 1000}")
    assert stated.models[0].sampling(stated.sampling).max_tokens == 1000
    assert with_changes(stated, models=("openai/other",)).models[0].max_tokens is None
    left_open = study_at(scenario, "openai/little", sampling="{temperature: 0.3}")
    assert left_open.models[0].sampling(left_open.sampling).max_tokens == 900


def test_the_key_of_ones_own_server_never_goes_to_a_server_that_a_study_names(settings: Path, small_pack) -> None:
    scenario = small_pack()
    thief = study_at(scenario, "{name: openai/little, endpoint: 'https://models.thief.example/v1'}").models[0]
    assert (thief.endpoint, thief.key_env) == ("https://models.thief.example/v1", "")
    same = study_at(scenario, "{name: openai/little, endpoint: 'http://127.0.0.1:9/v1'}").models[0]
    assert same.key_env == "MY_OPENAI_KEY"


def test_a_run_remembers_the_settings_it_was_planned_with(
    settings: Path, small_pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(study_at(small_pack(), "openai/little"), tmp_path / "run.amrun")
    hash_ = run.plan.hash
    settings.write_text("")
    assert run.plan.study.models[0].endpoint == "http://127.0.0.1:9/v1"
    run.close()
    settings.write_text(SETTINGS.replace("max_tokens: 900", "max_tokens: 901"))
    assert plan_study(study_at(small_pack(), "openai/little"))[0].hash == hash_, "the study says how many itself"
    settings.write_text(SETTINGS.replace("reasoning_effort: low", "reasoning_effort: high"))
    assert plan_study(study_at(small_pack(), "openai/little"))[0].hash != hash_
    settings.write_text(SETTINGS.replace("concurrency: 8", "concurrency: 80"))
    assert plan_study(study_at(small_pack(), "openai/little"))[0].hash == hash_, "how fast changes no result"


def test_the_environment_wins_and_a_change_of_the_file_is_seen(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret("MY_OPENAI_KEY") == KEY
    monkeypatch.setenv("MY_OPENAI_KEY", "from the environment")
    assert secret("MY_OPENAI_KEY") == "from the environment"
    monkeypatch.delenv("MY_OPENAI_KEY")
    settings.write_text(SETTINGS.replace(KEY, "another-key"))
    assert secret("MY_OPENAI_KEY") == "another-key"
    assert kept_secrets() == ("another-key",)
    settings.write_text("keys: [\n")
    assert kept_secrets() == ()


@pytest.mark.skipif(os.name != "posix", reason="modes are those of Unix")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_file_with_keys_that_others_can_read_is_refused(settings: Path, mode: int) -> None:
    settings.chmod(mode)
    with pytest.raises(StudioError, match="others can read it") as raised:
        secret("MY_OPENAI_KEY")
    assert f"chmod 600 {settings}" in str(raised.value)
    assert KEY not in str(raised.value)
    settings.write_text("confirm_above_usd: 3\n")
    assert user_settings().confirm_above_usd == 3, "without keys anybody may read it"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("confirm_above_usd", "confirm_above", "did you mean 'confirm_above_usd'?"),
        ("concurrency: 3", "concurency: 3", "did you mean 'concurrency'?"),
        ("openai/*", "open*", "provider/*"),
        ("confirm_above_usd: 2.5", "confirm_above_usd: -1", "greater than or equal to 0"),
        (f"MY_OPENAI_KEY: {KEY}", f"MY_OPENAI_KEY: '{KEY} {KEY}'", "should match pattern"),
        (f"MY_OPENAI_KEY: {KEY}", f"{KEY}: MY_OPENAI_KEY", "names of environment variables"),
        (f"MY_OPENAI_KEY: {KEY}", f"MY_OPENAI_KEY: {KEY}: {KEY}", "not valid YAML"),
        (f"  MY_OPENAI_KEY: {KEY}", f"  - {KEY}", "should be a mapping"),
        ("http://127.0.0.1:9/v1", "http://me:secret@127.0.0.1:9/v1", "without a name or password"),
    ],
)
def test_mistakes_are_told_at_their_place_and_never_with_a_key(
    settings: Path, right: str, wrong: str, told: str
) -> None:
    assert right in SETTINGS
    settings.write_text(SETTINGS.replace(right, wrong, 1))
    with pytest.raises(FileProblems) as raised:
        user_settings()
    said = str(raised.value)
    assert told in said
    assert f"{settings}:" in said
    assert KEY not in said
    chain, error = "", raised.value
    while error is not None:
        chain, error = chain + repr(error) + str(error), error.__cause__ or error.__context__  # type: ignore[assignment]
    assert KEY not in chain


def test_a_key_shows_itself_nowhere(settings: Path) -> None:
    own = user_settings()
    key = own.keys["MY_OPENAI_KEY"]
    assert (repr(key), str(key), f"{key}", f"{key!r:>7}") == ("[key]", "[key]", "[key]", "  [key]")
    form = SettingsForm(keys={"A": KEY})  # type: ignore[dict-item]
    for shown in (repr(own), repr(form), str(form.model_dump()), form.model_dump_json()):
        assert KEY not in shown
        assert "[key]" in shown
    for leak in (lambda: json.dumps(key), lambda: pickle.dumps(own), lambda: copy.deepcopy(key), lambda: asdict(own)):
        with pytest.raises(TypeError):
            leak()
    assert key.reveal() == KEY
    assert not hasattr(Secret("x"), "__dict__")


def test_a_key_never_reaches_a_plan_a_run_file_or_the_screen(
    settings: Path, small_pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_at(small_pack(), "openai/little", budget="{usd: 5}")
    plan, _ = plan_study(study)
    assert KEY not in repr(plan) + json.dumps(plan_as_json(plan))
    path = tmp_path / "run.amrun"
    new_run(study, path).close()
    assert KEY.encode() not in path.read_bytes()
    assert main(["plan", study.source]) == 0
    assert main(["plan", study.source, "--json"]) == 0
    shown = capsys.readouterr()
    assert KEY not in shown.out + shown.err
    assert "with the key in MY_OPENAI_KEY" in shown.out


def test_clients_find_keys_in_the_settings_and_hand_them_to_nobody_else(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.write_text(f"keys: {{ANTHROPIC_API_KEY: {KEY}, GOOGLE_API_KEY: from-settings}}\n")
    for name in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert key_of(ModelSettings("anthropic/claude")) == KEY
    assert key_of(ModelSettings("gemini/pro")) == "from-settings"
    assert key_of(ModelSettings("openai/little")) == ""
    assert key_of(ModelSettings("openai/little", key_env="ANTHROPIC_API_KEY")) == KEY
    assert key_of(ModelSettings("anthropic/claude", endpoint="https://models.thief.example")) == ""
    missing = key_of(ModelSettings("openai/little", key_env="NO_SUCH_KEY"))
    assert isinstance(missing, ModelFailure)
    assert "NO_SUCH_KEY" in missing.message
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the environment's")
    assert key_of(ModelSettings("anthropic/claude")) == "", "litellm finds that one by itself"
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert without_keys(f"wrong key: {KEY}, from-settings") == "wrong key: [key], [key]"
    settings.write_text(f"keys: {{ANTHROPIC_API_KEY: {KEY}: {KEY}}}\n")
    broken = key_of(ModelSettings("anthropic/claude"))
    assert isinstance(broken, ModelFailure)
    assert broken.stops_model
    assert KEY not in repr(broken)


@pytest.mark.parametrize("client", ["litellm", "direct"])
def test_a_key_of_the_settings_is_sent_and_found_nowhere_afterwards(
    settings: Path, small_pack, tmp_path: Path, client: str
) -> None:
    run = tmp_path / "run.amrun"
    with serving(Provider()) as provider:
        provider.fails(401, f"no such key: {KEY}", {"x-key": KEY})
        given = f"endpoint: '{provider.url}', key_env: MY_OPENAI_KEY, client: {client}"
        settings.write_text(f"models: {{openai/*: {{{given}}}}}\nkeys: {{MY_OPENAI_KEY: {KEY}}}\n")
        study = study_at(small_pack(), "{name: openai/little, price: {input: 0.001, output: 0.001}}")
        ran = subprocess.run(
            [sys.executable, "-m", "am_studio.cli.main", "run", study.source, "--out", str(run)],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=tmp_path,
        )  # fmt: skip
        assert set(provider.keys) == {f"Bearer {KEY}"}
    assert ran.returncode == 1, ran.stderr
    assert "[key]" in ran.stdout + ran.stderr
    for place in (
        ran.stdout,
        ran.stderr,
        *(path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*.amrun*")),
    ):
        assert KEY not in place


def test_models_and_doctor_know_the_settings(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("MISTRAL_API_KEY", "GROQ_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with serving(Provider()) as provider:
        provider.says({"content": "Yes."})
        settings.write_text(
            f"models: {{mistral/*: {{endpoint: '{provider.url}', key_env: MISTRAL_API_KEY, client: direct}}}}\n"
            f"keys: {{MISTRAL_API_KEY: {KEY}}}\n"
        )
        assert main(["models", "--json"]) == 0
        told = capsys.readouterr()
        states = {entry["prefix"]: entry["state"] for entry in json.loads(told.out)["providers"]}
        assert (states["mistral"], states["groq"]) == ("set", "not set")
        assert main(["doctor", "mistral/small"]) == 0
        assert provider.keys == [f"Bearer {KEY}"]
        assert main(["doctor", "mistral/small", "--endpoint", provider.url.replace("127.0.0.1", "localhost")]) == 0
        assert provider.keys[1:] == [""], "the key belongs to the endpoint of the settings"
    shown = capsys.readouterr()
    assert KEY not in told.out + told.err + shown.out + shown.err


def test_a_broken_settings_file_is_told_and_not_blamed_on_the_study(settings: Path, small_pack) -> None:
    study = Path(study_at(small_pack()).source)
    study.write_text(study.read_text().replace("sim/strategist", "openai/little"))
    settings.write_text("confirm_abov: 3\n")
    with pytest.raises(FileProblems, match="1 problem found") as raised:
        load_study(study)
    assert f"{settings}:1:1" in str(raised.value)
    told = subprocess.run(
        [sys.executable, "-m", "am_studio.cli.main", "check", str(study)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "your settings file cannot be used" in told.stdout + told.stderr


def test_the_schema_of_the_settings_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "settings"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == {"confirm_above_usd", "studio", "models", "publishing", "keys"}
    assert schema["properties"]["keys"]["additionalProperties"]["type"] == "string"
    assert schema["additionalProperties"] is False
