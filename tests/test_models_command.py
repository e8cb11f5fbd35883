"""`am-studio models`: names of variables and whether they are set, never what they hold; the price table, searched."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from am_studio.cli.main import main
from am_studio.models.catalog import PROVIDERS, catalog, find_models, missing, provider_of, similar_models
from am_studio.models.prices import find_price
from am_studio.records import ModelSettings

SENTINEL = "sentinel-0123456789abcdefghij"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in PROVIDERS:
        for group in provider.needs:
            for name in group:
                monkeypatch.delenv(name, raising=False)


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["models", *words]) == code
    return capsys.readouterr().out


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return {entry["prefix"]: entry["state"] for entry in json.loads(told(capsys, "--json"))["providers"]}


def test_a_provider_whose_key_is_set_is_told_by_the_variables_name_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = states(capsys)
    assert (before["anthropic"], before["gemini"], before["ollama"]) == ("not set", "not set", "not needed")
    monkeypatch.setenv("ANTHROPIC_API_KEY", SENTINEL)
    monkeypatch.setenv("GOOGLE_API_KEY", SENTINEL)
    after = states(capsys)
    assert (after["anthropic"], after["gemini"], after["openai"]) == ("set", "set", "not set")
    shown = told(capsys)
    assert any(
        "anthropic/..." in line and " set " in line and "ANTHROPIC_API_KEY" in line for line in shown.splitlines()
    )
    assert "GOOGLE_API_KEY" in shown
    for text in (shown, told(capsys, "--json")):
        assert SENTINEL not in text
        assert str(len(SENTINEL)) not in text


def test_a_blank_value_is_not_set_and_every_group_has_to_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "  ")
    monkeypatch.setenv("AZURE_API_KEY", SENTINEL)
    found = states(capsys)
    assert (found["openai"], found["azure"]) == ("not set", "not set")
    azure = provider_of("azure/my-deployment")
    assert azure is not None
    assert missing(azure, lambda name: name == "AZURE_API_KEY") == (("AZURE_API_BASE",),)


def test_the_simulated_subjects_are_listed_as_no_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(capsys)
    assert "sim/strategist" in shown
    assert "no evidence" in shown


def test_a_pattern_lists_models_with_prices_and_context(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(told(capsys, "gpt-4o", "MINI", "--json"))
    mini = next(entry for entry in listed if entry["name"] == "openai/gpt-4o-mini")
    assert (mini["input_price"], mini["output_price"], mini["context"]) == pytest.approx((0.15, 0.6, 128_000))
    assert mini["calls_functions"]
    assert all("gpt-4o" in entry["name"] and "mini" in entry["name"] for entry in listed)
    row = next(
        line for line in told(capsys, "openai/gpt-4o-mini").splitlines() if line.split()[-1:] == ["openai/gpt-4o-mini"]
    )
    assert row.split()[:3] == ["0.15", "0.6", "128k"]


def test_a_pattern_with_a_star_has_to_fit_the_whole_name() -> None:
    assert {listed.name.partition("/")[0] for listed in find_models("anthropic/*")} == {"anthropic"}
    assert not find_models("claude*")


def test_the_price_shown_is_the_price_a_plan_counts_with() -> None:
    for provider in ("openai", "anthropic", "gemini", "mistral", "groq", "xai", "deepseek"):
        priced = [
            listed
            for listed in find_models(f"{provider}/*")
            if listed.input_price is not None and listed.output_price is not None
        ]
        assert priced
        for listed in priced:
            counted = find_price(ModelSettings(listed.name))
            assert counted is not None
            assert (counted.input * 1e6, counted.output * 1e6) == pytest.approx(
                (listed.input_price, listed.output_price)
            )


def test_nothing_that_fits_is_said_and_told_by_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "no such model anywhere"]) == 1
    out, talk = capsys.readouterr()
    assert out == ""
    assert "no model of the price table fits" in talk


def test_names_that_are_close_are_of_the_same_provider() -> None:
    assert "anthropic/claude-sonnet-4-5" in similar_models("anthropic/claude-sonet-4-5")
    assert all(name.startswith("anthropic/") for name in similar_models("anthropic/claude-sonet-4-5"))
    assert "openai/gpt-4o-mini" in similar_models("gpt-4o-mini")


def test_only_models_that_converse_are_listed() -> None:
    assert len(catalog()) > 500
    assert not [name for name in catalog() if "embedding" in name or "whisper" in name or "dall-e" in name]


def test_the_command_does_not_load_litellm() -> None:
    code = (
        "import sys; from am_studio.cli.main import main; main(['models', 'gpt-4o']); print('litellm' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ.copy()
    )
    assert ran.stdout.splitlines()[-1] == "False"
