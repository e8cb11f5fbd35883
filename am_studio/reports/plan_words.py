"""What a plan costs and how its models are reached, in words: the same ones on the command line and in the studio."""

from __future__ import annotations

from collections.abc import Iterator

from am_studio.records import ModelSettings
from am_studio.reports.numbers import money
from am_studio.runs.plan import Plan, PlannedModel


def cost_words(model: PlannedModel) -> str:
    """`about $0.41 to read (from $0.05 with prompt caching), at most $3.20 in all`."""
    if model.simulated:
        return "simulated, free"
    if model.input_cost is None:
        return "no price known"
    cached = model.cached_cost
    helps = cached is not None and cached <= model.input_cost / 2
    caching = f" (from {money(cached)} with prompt caching)" if helps else ""
    return f"about {money(model.input_cost)} to read{caching}, at most {money(model.greatest_cost)} in all"


def most_words(amount: float | None) -> str:
    """`at most $3.20`, or that nobody knows."""
    return "at an unknown cost" if amount is None else f"at most {money(amount)}"


def token_words(model: PlannedModel, counted_by: str) -> str:
    """`4,410 tokens a prompt`, with what is uncertain about the number."""
    about = "about " if counted_by == "estimated" else ""
    told = f"{about}{model.prompt_tokens:,} tokens a prompt"
    return told if model.counted == model.prompts else f"{told} ({model.counted:,} of {model.prompts:,} counted)"


def reach_words(model: ModelSettings) -> str:
    """`at http://127.0.0.1:8000/v1, with the key in MY_KEY`; empty when the provider and its usual key are meant."""
    parts = [f"at {model.endpoint}"] if model.endpoint else []
    return ", ".join([*parts, *([f"with the key in {model.key_env}"] if model.key_env else [])])


def settings_words(model: ModelSettings) -> str:
    """What holds for this model alone: `temperature 0.7 · effort low · 4 at once`; empty when nothing does."""
    return " · ".join(_settings(model))


def recheck_words(plan: Plan) -> str:
    """What a later session of work re-runs, and what that can cost; empty when it re-runs nothing."""
    again = [model.name for model in plan.study.models if not model.embedded]
    if not again or not plan.study.recheck:
        return ""
    cost = f", at most {money(plan.recheck_cost)}" if plan.recheck_cost else ""
    each = " of each model" if len(again) > 1 else ""
    return f"A session that resumes the run first re-runs {plan.study.recheck} baseline trials{each}{cost}."


def _settings(model: ModelSettings) -> Iterator[str]:
    if model.temperature is not None:
        yield f"temperature {model.temperature:g}"
    if model.max_tokens is not None:
        yield f"{model.max_tokens:,} tokens a reply"
    if model.reasoning_effort:
        yield f"effort {model.reasoning_effort}"
    if model.client != "litellm":
        yield f"{model.client} client"
    limits = model.limits
    if limits.concurrency is not None:
        yield f"{limits.concurrency:,} at once"
    if limits.requests_per_minute is not None:
        yield f"{limits.requests_per_minute:,g} requests a minute"
    if limits.tokens_per_minute is not None:
        yield f"{limits.tokens_per_minute:,g} tokens a minute"
