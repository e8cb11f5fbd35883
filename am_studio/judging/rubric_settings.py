"""What a study may say of a rubric judge, and the judge that it says.

A pack's prompt is read when a study is planned and kept in the plan, so that a run is judged by the same words wherever it
is carried on. A prompt is a plain file of the pack, named without a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.judging.base import AskingJudge, ReadFile, register
from am_studio.judging.prompt import BUILTIN, LONGEST, JudgePrompt, builtin_prompt, prompt_of
from am_studio.judging.rubric import RubricJudge
from am_studio.models.naming import ModelForm, model_as_form, model_of
from am_studio.models.registry import check_model

FILE_NAME = r"^(builtin|[A-Za-z0-9][A-Za-z0-9._-]*\.(md|txt))$"


class PromptForm(Form):
    """A pack's prompt with its text."""

    name: str = Field(max_length=100)
    text: str = Field(max_length=LONGEST)


class RubricForm(Form):
    """`judge: {kind: rubric, ...}`."""

    models: list[str | ModelForm] = Field(min_length=1, max_length=9, description="Who judges, as under `models`.")
    votes: int = Field(default=1, ge=1, le=15, description="Votes of each model; more than half of all decide.")
    mask_names: bool = Field(default=True, description="Replace names of people and companies in what is shown.")
    gate_first: bool = Field(default=True, description="Ask nothing where no action passes an outcome's gate.")
    prompt: str | PromptForm = Field(default=BUILTIN, description="`builtin`, or a file of the pack such as judge.md.")
    only: list[str] = Field(default_factory=list, description="Outcomes to judge; none named: all of them.")


def settle_rubric(settings: Mapping[str, Any], read: ReadFile) -> Mapping[str, Any]:
    """The settings with their models as the user's settings complete them, and the prompt's text."""
    form = _form(settings)
    prompt: Any = form.prompt
    if isinstance(prompt, str) and prompt != BUILTIN:
        prompt = {"name": prompt, "text": read(_file_name(prompt))}
    elif isinstance(prompt, PromptForm):
        prompt = prompt.model_dump()
    return {
        "models": [model_as_form(model_of(model)) for model in form.models],
        "votes": form.votes,
        "mask_names": form.mask_names,
        "gate_first": form.gate_first,
        "prompt": prompt,
        "only": list(form.only),
    }


@register("rubric", settle_rubric, RubricForm)
def open_rubric(settings: Mapping[str, Any]) -> AskingJudge:
    """The rubric judge of these settings; StudioError for a model or a prompt that there is none of."""
    form = _form(settings)
    models = tuple(model_of(model) for model in form.models)
    for model in models:
        check_model(model, judges=True)
    if len({model.name for model in models}) < len(models):
        raise StudioError("a model of the judge is listed twice", ", ".join(model.name for model in models))
    return RubricJudge(models, form.votes, _prompt(form), form.mask_names, form.gate_first, tuple(form.only))


def _prompt(form: RubricForm) -> JudgePrompt:
    if isinstance(form.prompt, PromptForm):
        return prompt_of(form.prompt.text, form.prompt.name)
    if form.prompt != BUILTIN:
        raise StudioError(f"the text of the prompt '{form.prompt}' was not read")
    return builtin_prompt()


def _file_name(name: str) -> str:
    if not re.match(FILE_NAME, name):
        raise StudioError(f"'{name}' cannot be a prompt", hint="name a .md or .txt file of the pack, without a path")
    return name


def _form(settings: Mapping[str, Any]) -> RubricForm:
    try:
        return RubricForm.model_validate(dict(settings))
    except ValidationError as error:
        told = "\n".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise StudioError("the rubric judge cannot be set up so", told) from error
