"""Prompts leave for other tools as they are, to the character."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from am_studio.cli.main import main
from am_studio.reports.prompt_files import provider_of
from am_studio.scenarios import load_scenario, render
from run_world import STUDY


def exported(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["export", "prompts", *arguments]) == 0
    return capsys.readouterr().out


def messages(scenario: Path, **levels: str) -> list[dict[str, str]]:
    loaded = load_scenario(scenario)
    prompt = render(loaded, loaded.variant(levels))
    return [{"role": message.role, "content": message.text} for message in prompt.messages]


def test_openai_and_anthropic_get_requests_without_a_model(small_pack, capsys: Any) -> None:
    scenario = small_pack()
    due = messages(scenario, deadline="off")
    openai = json.loads(exported(capsys, str(scenario), "--set", "deadline=off"))
    assert openai == {"messages": due}
    anthropic = json.loads(exported(capsys, str(scenario), "--set", "deadline=off", "--format", "anthropic"))
    assert anthropic == {"system": due[0]["content"], "messages": [due[1]]}


def test_the_tools_protocol_brings_its_functions_along(small_pack, capsys: Any) -> None:
    scenario = small_pack()
    openai = json.loads(exported(capsys, str(scenario), "--protocol", "tools"))
    assert [tool["type"] for tool in openai["tools"]] == ["function"] * len(openai["tools"])
    send = next(tool["function"] for tool in openai["tools"] if tool["function"]["name"] == "send_email")
    assert send["parameters"]["required"] == ["to", "body"]
    anthropic = json.loads(exported(capsys, str(scenario), "--protocol", "tools", "--format", "anthropic"))
    assert {tool["name"] for tool in anthropic["tools"]} == {tool["function"]["name"] for tool in openai["tools"]}
    assert anthropic["tools"][0]["input_schema"]["type"] == "object"


def test_several_variants_are_a_line_each(small_pack, capsys: Any) -> None:
    scenario = small_pack()
    told = [json.loads(line) for line in exported(capsys, str(scenario), "--over", "threat,deadline").splitlines()]
    assert len(told) == 5  # a deadline needs a threat
    assert len({row["hash"] for row in told}) == 5
    for row in told:
        assert row["messages"] == messages(
            scenario, threat=row["variant"]["threat"], deadline=row["variant"]["deadline"]
        )


def nunjucks(template: str, values: dict[str, str]) -> str:
    """What promptfoo makes of a text with names in it, where no value is a template."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: re.sub(r"\n$", "", values[match[1]]), template)


def test_promptfoo_gets_a_test_an_arm_and_puts_the_same_prompt_together(
    small_pack, tmp_path: Path, capsys: Any
) -> None:
    small_pack()
    study = tmp_path / "study.yaml"
    study.write_text(STUDY.replace("MODELS", "openai/some-model, anthropic/other, sim/strategist"))
    config = yaml.safe_load(exported(capsys, str(study), "--format", "promptfoo", "--rubrics"))
    assert config["providers"] == ["openai:chat:some-model", "anthropic:messages:other", "echo"]
    assert config["evaluateOptions"] == {"repeat": 12}
    assert [test["description"] for test in config["tests"]] == ["baseline", "without-threat", "without-deadline"]
    (prompt,) = config["prompts"]
    for test in config["tests"]:
        made = [
            {"role": each["role"], "content": nunjucks(each["content"], test["vars"])}
            for each in json.loads(prompt["raw"])
        ]
        levels = test["metadata"]["variant"]
        assert made == messages(tmp_path / "my-pack" / "small", threat=levels["threat"], deadline=levels["deadline"])


def test_promptfoo_is_refused_what_it_would_take_for_a_template(small_pack, capsys: Any) -> None:
    scenario = small_pack(task_md='Say {{ "{{" }} name }}.\n')
    assert main(["export", "prompts", str(scenario), "--format", "promptfoo"]) == 2
    assert "template" in capsys.readouterr().err
    assert main(["export", "prompts", str(scenario), "--format", "openai"]) == 0
    assert main(["export", "prompts", str(scenario), "--format", "promptfoo", "--protocol", "tools"]) == 2


def test_text_is_for_pasting_and_a_file_is_not_written_over(small_pack, tmp_path: Path, capsys: Any) -> None:
    scenario, file = small_pack(), tmp_path / "prompt.txt"
    due = messages(scenario)
    assert main(["export", "prompts", str(scenario), "--format", "text", "--out", str(file)]) == 0
    assert file.read_text() == "\n".join(f"===== {each['role']}\n{each['content']}" for each in due) + "\n"
    assert main(["export", "prompts", str(scenario), "--format", "text", "--out", str(file)]) == 2
    assert main(["export", "prompts", "nowhere/none"]) == 2
    assert main(["export", "prompts", "single-line", "--over", "deadline"]) == 2
    capsys.readouterr()


def test_models_have_the_names_that_promptfoo_gives_them() -> None:
    named = ["gpt-x", "openai/gpt-x", "anthropic/c", "openrouter/a/b", "mystery/m"]
    assert [provider_of(name) for name in named] == [
        "openai:chat:gpt-x", "openai:chat:gpt-x", "anthropic:messages:c", "openrouter:a/b", "echo",
    ]  # fmt: skip
