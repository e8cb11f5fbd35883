"""A plan in lines: what the run would do, and what has to be agreed to before it begins. No Textual here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from am_studio.foundation.locations import shown_path
from am_studio.runs.plan import Plan
from am_studio.tui.study.state import dollars

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


def launch_lines(plan: Plan, study: Path, run: Path, *, unsaved: bool) -> tuple[Line, ...]:
    """What is agreed to by launching: how much of what, for how much money, and which files are written."""
    models = ", ".join(model.name for model in plan.models)
    budget = plan.study.budget_usd
    stop = "" if budget is None or plan.simulated else f" (stops at the budget of {dollars(budget)})"
    lines = [
        Line(totals(plan) + stop, "title"),
        Line(f"Models: {models}"),
        *(Line(f"! {warning}", "warning") for warning in plan.warnings),
        Line(""),
        *([Line(f"Saved first: {shown_path(study)}")] if unsaved else []),
        Line(f"The run goes to {shown_path(run)}"),
        Line("It goes on when the studio is left, and can be stopped and resumed.", "muted"),
    ]
    return tuple(lines)


def totals(plan: Plan) -> str:
    """Trials, calls, greatest cost."""
    return f"{plan.trials:,} trials · {plan.calls:,} calls · at most {dollars(plan.greatest_cost)}"


def _lines(plan: Plan) -> Iterator[Line]:
    yield Line(totals(plan), "title")
    read = sum(model.trials * model.prompt_tokens for model in plan.models) * plan.study.turns
    write = plan.calls * plan.study.sampling.max_tokens
    yield Line(f"about {_short(read)} tokens read, at most {_short(write)} written", "muted")
    for warning in plan.warnings:
        yield Line(f"! {warning}", "warning")
    several = len(plan.models) > 1
    yield Line("")
    yield Line(f"{'trials':>8}  model", "head")
    for model in plan.models:
        cost = "simulated, free" if model.simulated else f"at most {dollars(model.greatest_cost)}"
        yield Line(f"{model.trials:>8,}  {model.name} · {model.prompt_tokens:,} tokens a prompt · {cost}")
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
