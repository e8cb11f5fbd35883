"""From what a study says of a model to how it is reached: its form, completed from the user's own settings.

Both subjects and the models that judges ask are named so. A key is named by its variable, never given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from am_studio.foundation.model_forms import LimitsForm, ModelSettingsForm, PriceForm, over
from am_studio.foundation.settings import user_settings
from am_studio.records import ModelSettings, RateLimits


class ModelForm(ModelSettingsForm):
    """A model and how to reach it."""

    name: str = Field(min_length=1, description="`sim/strategist`, or a litellm name such as `anthropic/...`.")


def model_of(form: str | Mapping[str, Any] | ModelForm, stated_sampling: Sequence[str] = ()) -> ModelSettings:
    """The model that a study names, with what it leaves open taken from the user's settings, field by field.

    What the study states for all of its models (`stated_sampling`) is not left open: the same study asks everybody's
    models in the same way. The user's key goes to the user's own endpoint or to the provider, never to an endpoint that a study names. Subjects
    that answer in this process take nothing from there. StudioError when the settings file cannot be used.
    """
    if isinstance(form, str):
        form = {"name": form}
    given = (form if isinstance(form, ModelForm) else ModelForm.model_validate(form)).model_dump(exclude_unset=True)
    name = given["name"]
    if not ModelSettings(name).embedded:
        own = {field: value for field, value in user_settings().for_model(name).items() if field not in stated_sampling}
        if given.get("endpoint", own.get("endpoint", "")) != own.get("endpoint", ""):
            own.pop("key_env", None)
        given = over(own, given)
    return _settings(ModelForm.model_validate(given))


def _settings(form: ModelForm) -> ModelSettings:
    return ModelSettings(
        name=form.name,
        endpoint=form.endpoint,
        key_env=form.key_env,
        input_price=form.price.input,
        output_price=form.price.output,
        cached_price=form.price.cached,
        temperature=form.temperature,
        max_tokens=form.max_tokens,
        reasoning_effort=form.reasoning_effort,
        client=form.client,
        limits=RateLimits(form.limits.requests_per_minute, form.limits.tokens_per_minute, form.limits.concurrency),
    )


def model_as_form(model: ModelSettings) -> dict[str, Any]:
    """Everything that `model_of` reads back to the same model, whatever the user's settings say by then."""
    limits = model.limits
    return ModelForm(
        name=model.name,
        endpoint=model.endpoint,
        key_env=model.key_env,
        price=PriceForm(input=model.input_price, output=model.output_price, cached=model.cached_price),
        temperature=model.temperature,
        max_tokens=model.max_tokens,
        reasoning_effort=model.reasoning_effort,
        client=model.client,
        limits=LimitsForm(
            requests_per_minute=limits.requests_per_minute,
            tokens_per_minute=limits.tokens_per_minute,
            concurrency=limits.concurrency,
        ),
    ).model_dump(mode="json")
