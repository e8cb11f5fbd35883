"""A plan as people read it before they agree to it: arms, models and where they are, calls, costs, warnings."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from am_studio.foundation.hygiene import one_line, visible
from am_studio.records import ModelSettings
from am_studio.reports.numbers import money
from am_studio.reports.plan_reach import plan_reach, reach_lines
from am_studio.reports.plan_words import cost_words, most_words, reach_words, recheck_words, settings_words, token_words
from am_studio.runs.plan import Plan, PlannedModel
from am_studio.scenarios import Scenario


def show_plan(plan: Plan, console: Console, scenario: Scenario) -> None:
    """Print the plan of this scenario, with what it would find."""
    console.print(plan_view(plan, reach_lines(plan_reach(plan, scenario))))


def plan_view(plan: Plan, finds: Sequence[str] = ()) -> RenderableType:
    """The whole plan, as it can be printed; `finds` are lines that say what it would find."""
    study = plan.study
    title = f"{study.name}: {study.title}" if study.title else study.name
    scenarios = ", ".join(plan.scenarios)
    facts = f"{scenarios} · {study.design.get('kind')} · {study.outcome} · judge {plan.judge} · seed {study.seed}"
    lines: list[RenderableType] = [_line(title, "bold"), _line(facts), Text(), _arms(plan), Text()]
    for model, settings in zip(plan.models, study.models, strict=True):
        lines += [_line(_model(plan, model)), *(Text.assemble("  ", _line(told)) for told in _reached(settings))]
    lines += [_line(f"Judge: {model.name} {reach_words(model)}") for model in plan.judge_models]
    lines += [
        _line(f"Judge asks {each.model}: {each.calls} calls, {most_words(each.greatest_cost)}") for each in plan.judging
    ]
    lines += [_line(_total(plan))]
    lines += [Text(visible(told)) for told in finds]
    lines += [_line(told) for told in [recheck_words(plan)] if told]
    lines += [_line(note) for note in plan.notes]
    lines += [_line(f"Note: {warning}") for warning in plan.warnings]
    return Group(*lines, _line(f"Plan {plan.hash}", "dim"))


def _arms(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("arm (removed)")
    table.add_column("trials a model" if len(plan.models) > 1 else "trials", justify="right", no_wrap=True)
    for arm in plan.arms:
        table.add_row(_line(arm.label), str(arm.trials))
    return table


def _model(plan: Plan, model: PlannedModel) -> str:
    if model.simulated:
        return f"{model.name}: {model.trials} trials (simulated, free)"
    told = f"{model.name}: {model.trials} trials, {model.calls} calls, {token_words(model, plan.tokens)}"
    return f"{told}; {cost_words(model)}"


def _reached(model: ModelSettings) -> list[str]:
    """Where requests go, with which key, and what holds for this model alone."""
    return [told for told in (reach_words(model), settings_words(model)) if told]


def _total(plan: Plan) -> str:
    told = f"{plan.trials} trials, {plan.calls} calls, {most_words(plan.greatest_cost)}"
    budget = plan.study.budget_usd
    return told if budget is None or plan.simulated else f"{told} (budget {money(budget)})"


def _line(text: str, style: str = "") -> Text:
    return Text(one_line(text), style)
