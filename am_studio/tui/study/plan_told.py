"""A plan in lines: what the run would do, and what has to be agreed to before it begins. No Textual here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from am_studio.foundation.locations import shown_path
from am_studio.records import ModelSettings
from am_studio.reports.numbers import money
from am_studio.reports.plan_words import (
    cost_words,
    most_words,
    reach_words,
    recheck_words,
    settings_words,
    token_words,
)
from am_studio.runs.plan import Plan

Role = Literal["title", "head", "text", "warning", "muted"]
MOST_ARMS = 200
"""Arms shown; a design may have thousands."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line and what it is."""

    text: str
    role: Role = "text"


def plan_lines(plan: Plan) -> tuple[Line, ...]:
    """The plan: totals first, then warnings, models, arms."""
    return tuple(_lines(plan))


def launch_lines(plan: Plan, study: Path, run: Path, *, unsaved: bool, reasons: Sequence[str] = ()) -> tuple[Line, ...]:
    """What is agreed to by launching: how much of what, for how much money, where it goes, and which files are written.

    `reasons` say why this one should not be agreed to without a thought.
    """
    models = ", ".join(model.name for model in plan.models)
    budget = plan.study.budget_usd
    stop = "" if budget is None or plan.simulated else f" (stops at the budget of {money(budget)})"
    lines = [
        Line(totals(plan) + stop, "title"),
        Line(f"Models: {models}"),
        *(Line(f"{model.name} is asked {reach_words(model)}") for model in _unsaid(plan, reasons)),
        *(Line(f"! {reason}", "warning") for reason in reasons),
        *(Line(f"! {warning}", "warning") for warning in plan.warnings),
        Line(""),
        *([Line(f"Saved first: {shown_path(study)}")] if unsaved else []),
        Line(f"The run goes to {shown_path(run)}"),
        Line("It goes on when the studio is left, and can be stopped and resumed.", "muted"),
    ]
    return tuple(lines)


def _unsaid(plan: Plan, reasons: Sequence[str]) -> Iterator[ModelSettings]:
    """Models with an endpoint or a key of their own that no reason tells of already."""
    for model in plan.study.models:
        told = model.endpoint and any(model.endpoint in reason for reason in reasons)
        if reach_words(model) and not told:
            yield model


def totals(plan: Plan) -> str:
    """Trials, calls, greatest cost."""
    return f"{plan.trials:,} trials · {plan.calls:,} calls · {most_words(plan.greatest_cost)}"


def _lines(plan: Plan) -> Iterator[Line]:
    yield Line(totals(plan), "title")
    sampling, settings = plan.study.sampling, plan.study.models
    pairs = tuple(zip(plan.models, settings, strict=True))
    read = sum(model.read_tokens for model in plan.models)
    write = sum(model.calls * each.sampling(sampling).max_tokens for model, each in pairs)
    yield Line(f"about {_short(read)} tokens read, at most {_short(write)} written", "muted")
    for warning in plan.warnings:
        yield Line(f"! {warning}", "warning")
    several = len(plan.models) > 1
    yield Line("")
    yield Line(f"{'trials':>8}  model", "head")
    for model, each in pairs:
        free = f" · {cost_words(model)}" if model.simulated else ""
        yield Line(f"{model.trials:>8,}  {model.name} · {token_words(model, plan.tokens)}{free}")
        for told in ("" if free else cost_words(model), reach_words(each), settings_words(each)):
            if told:
                yield Line(f"{'':>8}  {told}", "muted")
    for judge in plan.judge_models:
        yield Line(f"{'':>8}  {judge.name}, asked by the judge {reach_words(judge)}".rstrip())
    for asked in plan.judging:
        yield Line(
            f"{asked.calls:>8,}  calls of {asked.model} by the judge, {most_words(asked.greatest_cost)}", "muted"
        )
    if recheck_words(plan):
        yield Line(recheck_words(plan), "muted")
    yield Line("")
    yield Line(f"{'trials':>8}  arm{', in each model' if several else ''}", "head")
    for arm in plan.arms[:MOST_ARMS]:
        yield Line(f"{arm.trials:>8,}  {arm.label}")
    if len(plan.arms) > MOST_ARMS:
        yield Line(f"{'':>8}  and {len(plan.arms) - MOST_ARMS:,} more", "muted")
    yield Line("")
    for note in plan.notes:
        yield Line(note)
    yield Line(f"Estimates the {plan.estimand}.", "muted")
    yield Line(f"Judge {plan.judge} · plan {plan.hash.removeprefix('sha256:')[:12]}", "muted")


def _short(number: int) -> str:
    """`850`, `12 thousand`, `1.3 million`."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:,.0f} thousand" if number < 1e6 else f"{number / 1e6:,.1f} million"
