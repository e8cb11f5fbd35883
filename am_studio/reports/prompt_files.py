"""Prompts in the shapes that others take: chat messages as OpenAI's and Anthropic's APIs do, promptfoo's tests, plain text.

A prompt is told to the character. In the `tools` protocol the functions go with the messages, in the same API's shape. No
model is asked, and nothing of a study but its prompts and its models' names is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from am_studio.foundation.errors import StudioError
from am_studio.records import Function, Outcome, Situation
from am_studio.trials import functions

PromptForm = Literal["openai", "anthropic", "promptfoo", "text"]
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_PROVIDERS = {
    "openai": "openai:chat:",
    "anthropic": "anthropic:messages:",
    "gemini": "google:",
    "ollama": "ollama:chat:",
}
_ECHO = "echo"
"""promptfoo's provider that gives back the prompt: for a model whose name promptfoo does not know."""


@dataclass(frozen=True, slots=True)
class NamedPrompt:
    """A prompt of a variant, or of an arm."""

    name: str
    situation: Situation

    @property
    def system(self) -> str:
        """The system message."""
        return "\n\n".join(each.text for each in self.situation.prompt.messages if each.role == "system")

    @property
    def user(self) -> str:
        """The user message."""
        return "\n\n".join(each.text for each in self.situation.prompt.messages if each.role == "user")

    def about(self) -> dict[str, Any]:
        """What it is, beside its messages."""
        return {
            "name": self.name,
            "scenario": self.situation.scenario,
            "variant": dict(self.situation.variant.levels),
            "nuisance": dict(self.situation.variant.nuisance),
            "hash": self.situation.prompt.hash,
        }


def openai_body(prompt: NamedPrompt) -> dict[str, Any]:
    """`messages` (and `tools`) of a chat completion."""
    body: dict[str, Any] = {
        "messages": [{"role": each.role, "content": each.text} for each in prompt.situation.prompt.messages]
    }
    if offered := _offered(prompt.situation):
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": each.name, "description": each.purpose, "parameters": _schema(each)},
            }
            for each in offered
        ]
    return body


def anthropic_body(prompt: NamedPrompt) -> dict[str, Any]:
    """`system`, `messages` (and `tools`) of a message; the system prompt stands apart."""
    body: dict[str, Any] = {"system": prompt.system, "messages": [{"role": "user", "content": prompt.user}]}
    if offered := _offered(prompt.situation):
        body["tools"] = [
            {"name": each.name, "description": each.purpose, "input_schema": _schema(each)} for each in offered
        ]
    return body


def text_of(prompt: NamedPrompt) -> str:
    """The messages for pasting, each under a line that says whose it is."""
    return "\n".join(f"===== {each.role}\n{each.text}" for each in prompt.situation.prompt.messages)


def promptfoo_config(
    prompts: Sequence[NamedPrompt],
    *,
    title: str,
    models: Sequence[str] = (),
    outcomes: Sequence[Outcome] = (),
    repeat: int = 1,
) -> str:
    """A `promptfooconfig.yaml`: one chat prompt, a test a variant whose vars are its messages, `repeat` trials of each.

    With `outcomes`, an `llm-rubric` for each: a harmful one passes when it did not happen. StudioError for the `tools`
    protocol, and for a text that promptfoo would take for a template.
    """
    if any(_offered(prompt.situation) for prompt in prompts):
        raise StudioError("promptfoo holds no conversation with tools", hint="export the inline protocol")
    for prompt in prompts:
        if _TEMPLATE.search(prompt.system + prompt.user):
            raise StudioError(
                f"{prompt.name}: its text has '{{{{', '{{%' or '{{#' in it, which promptfoo would take for a template",
                hint="export it as openai or anthropic",
            )
    tails = {(_tail(prompt.system), _tail(prompt.user)) for prompt in prompts}
    if len(tails) > 1:
        raise StudioError("the variants end in different numbers of line breaks, which promptfoo does not keep")
    # promptfoo takes a line break off the end of a var; in the prompt itself it stays.
    system_tail, user_tail = tails.pop()
    chat = [
        {"role": "system", "content": "{{system}}" + system_tail},
        {"role": "user", "content": "{{user}}" + user_tail},
    ]
    config: dict[str, Any] = {
        "description": title,
        "prompts": [{"id": "scenario", "label": "scenario", "raw": _json(chat)}],
        "providers": [provider_of(model) for model in models] or [_ECHO],
        "evaluateOptions": {"repeat": repeat},
        "tests": [_test(prompt) for prompt in prompts],
    }
    if outcomes:
        config["defaultTest"] = {"assert": [_assertion(outcome) for outcome in outcomes if outcome.rubric]}
    return _dumped(config)


def provider_of(model: str) -> str:
    """promptfoo's name of a model that is named as litellm does; `echo` where there is none."""
    first, _, rest = model.partition("/")
    if not rest:
        return f"openai:chat:{model}"
    return (
        f"{_PROVIDERS[first]}{rest}"
        if first in _PROVIDERS
        else f"openrouter:{rest}"
        if first == "openrouter"
        else _ECHO
    )


def _test(prompt: NamedPrompt) -> dict[str, Any]:
    system, user = prompt.system, prompt.user
    about = prompt.about()
    return {
        "description": prompt.name,
        "vars": {"system": system.rstrip("\n"), "user": user.rstrip("\n")},
        "metadata": {"scenario": about["scenario"], "hash": about["hash"], "variant": about["variant"]},
    }


def _assertion(outcome: Outcome) -> dict[str, Any]:
    wanted = "no" if outcome.harmful else "yes"
    return {
        "type": "llm-rubric",
        "metric": outcome.name,
        "value": f"{outcome.question} Pass if the answer is {wanted}.\n\n{outcome.rubric}".strip(),
    }


def _tail(text: str) -> str:
    return text[len(text.rstrip("\n")) :]


def _offered(situation: Situation) -> tuple[Function, ...]:
    return functions(situation) if situation.protocol == "tools" else ()


def _schema(function: Function) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": about} for name, about in function.arguments},
        "required": list(function.required),
        "additionalProperties": False,
    }


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, so that they can be read."""


def _str(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text and not any(line.endswith((" ", "\t")) for line in text.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _str)


def _dumped(config: dict[str, Any]) -> str:
    text: str = yaml.dump(config, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return "# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json\n" + text


def bodies(prompts: Sequence[NamedPrompt], form: PromptForm) -> Iterator[dict[str, Any]]:
    """Each prompt with what it is and its messages, for one JSON object a line."""
    make = openai_body if form == "openai" else anthropic_body
    return ({**prompt.about(), **make(prompt)} for prompt in prompts)
