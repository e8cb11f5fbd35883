"""A plan as people read it before they agree to it: arms, models, calls, greatest cost, warnings."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from am_studio.foundation.hygiene import one_line
from am_studio.reports.numbers import money
from am_studio.runs.plan import Plan, PlannedModel


def show_plan(plan: Plan, console: Console) -> None:
    """Print the plan."""
    console.print(plan_view(plan))


def plan_view(plan: Plan) -> RenderableType:
    """The whole plan, as it can be printed."""
    study = plan.study
    title = f"{study.name}: {study.title}" if study.title else study.name
    facts = f"{plan.scenario} · {study.design.get('kind')} · {study.outcome} · judge {plan.judge} · seed {study.seed}"
    lines: list[RenderableType] = [_line(title, "bold"), _line(facts), Text(), _arms(plan), Text()]
    lines += [_line(_model(model)) for model in plan.models]
    lines += [
        _line(f"judge asks {each.model}: {each.calls} calls, at most {money(each.greatest_cost)}")
        for each in plan.judging
    ]
    lines += [_line(_total(plan))]
    lines += [_line(f"Note: {warning}") for warning in plan.warnings]
    return Group(*lines, _line(f"Plan {plan.hash}", "dim"))


def _arms(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("arm (removed)")
    table.add_column("trials a model" if len(plan.models) > 1 else "trials", justify="right", no_wrap=True)
    for arm in plan.arms:
        table.add_row(_line(arm.label), str(arm.trials))
    return table


def _model(model: PlannedModel) -> str:
    if model.simulated:
        return f"{model.name}: {model.trials} trials (simulated, free)"
    told = f"{model.name}: {model.trials} trials, about {model.prompt_tokens:,} tokens a prompt"
    return f"{told}, at most {money(model.greatest_cost)}"


def _total(plan: Plan) -> str:
    told = f"{plan.trials} trials, {plan.calls} calls, at most {money(plan.greatest_cost)}"
    budget = plan.study.budget_usd
    return told if budget is None or plan.simulated else f"{told} (budget {money(budget)})"


def _line(text: str, style: str = "") -> Text:
    return Text(one_line(text), style)
