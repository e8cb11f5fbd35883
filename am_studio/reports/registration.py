"""A plan as a pre-registration in Markdown: what is asked, how it will be answered, and what will count as exploratory.

The same plan gives the same text, but for the time that is written into it. Its hash is the one that a run of the plan
carries, so anybody can hold the one against the other. Registers nothing anywhere: putting the file where it cannot be
changed is the reader's part.
"""

from __future__ import annotations

from collections.abc import Sequence

from am_studio.designs.base import NoResults
from am_studio.designs.registry import known_designs, open_design
from am_studio.foundation.hashing import hash_json
from am_studio.records import Effect, EffectTable, Outcome
from am_studio.reports.effect_table import METHODS, STAMP
from am_studio.reports.markdown import markdown_code, markdown_text
from am_studio.reports.numbers import money, percent
from am_studio.reports.plan_reach import plan_reach, reach_lines
from am_studio.runs.plan import Plan
from am_studio.scenarios import Scenario

MOST_ARMS = 200
"""Arms that are listed; a design may have thousands, and the hash covers all."""


def registration(plan: Plan, scenario: Scenario, at: str) -> str:
    """The pre-registration of this plan, written at this time (ISO 8601), ending with a newline."""
    study = plan.study
    table = open_design(study, scenario).analyse(NoResults(), study.outcome, study.models[0].name)
    parts: list[Sequence[str]] = [
        _head(plan, at),
        ("## Question", "", markdown_text(study.title or study.name)),
        _hypotheses(plan, scenario),
        _outcome(scenario.questions.outcome(study.outcome)),
        *(
            [f"In {markdown_code(other.ref)}:", *_outcome(other.questions.outcome(study.outcome))[1:]]
            for other in scenario.beside.values()
        ),
        _design(plan),
        _arms(plan),
        _stopping(plan),
        [*_analysis(plan, table), *_finds(plan, scenario)],
        _judge(plan, scenario),
        _models(plan),
        _rules(plan),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def judge_hash(plan: Plan, scenario: Scenario) -> str:
    """`sha256:` and the digest over all that the judge is asked by: name, settings, question, gate, terms and rubric."""
    outcome = scenario.questions.outcome(plan.study.outcome)
    terms = {name: list(words) for name, words in sorted(scenario.questions.terms.items())}
    asked = [outcome.question, repr(outcome.gate), repr(outcome.content), outcome.gate_decides, outcome.rubric]
    return hash_json([plan.judge, dict(plan.study.judge), asked, terms])


def _head(plan: Plan, at: str) -> list[str]:
    lines = [f"# Pre-registration: {markdown_text(plan.study.name)}", ""]
    if plan.simulated:
        lines += [f"**{STAMP}.**", ""]
    return [
        *lines,
        f"- Plan: {markdown_code(plan.hash)}",
        f"- Scenario: {markdown_code(plan.scenario)}, {markdown_code(plan.scenario_hash)}",
        *(f"- Beside it: {markdown_code(other.ref)}, {markdown_code(other.hash)}" for other in plan.others),
        f"- Program: am-studio {markdown_text(plan.program)}",
        f"- Written: {markdown_text(at)}, before the first call. The run carries the same plan hash.",
    ]


def _hypotheses(plan: Plan, scenario: Scenario) -> list[str]:
    lines = ["## Hypotheses", ""]
    for name in _varied(plan, scenario):
        detail = scenario.details[name]
        told = detail.hypothesis or "none stated"
        lines.append(f"- {markdown_code(name)} ({markdown_text(detail.label)}): {markdown_text(told)}")
    if len(lines) == 2:
        lines.append("None is stated in the scenario.")
    return lines


def _varied(plan: Plan, scenario: Scenario) -> list[str]:
    """The details that the design varies, in the scenario's order."""
    removed = {detail for arm in plan.arms for detail, _ in arm.removed}
    asked = plan.study.design.get("details")
    if not removed:
        baseline = scenario.variant(plan.study.baseline)
        removed = {detail for detail, level in baseline if level != scenario.removed(detail)}
        removed = set(map(str, asked)) if isinstance(asked, list) else removed
    return [name for name in scenario.details if name in removed]


def _outcome(outcome: Outcome) -> list[str]:
    harm = "harmful" if outcome.harmful else "not harmful"
    return [
        "## Primary outcome",
        "",
        f"{markdown_code(outcome.name)} ({harm}): {markdown_text(outcome.question)} One yes or no a trial.",
    ]


def _design(plan: Plan) -> list[str]:
    kind = str(plan.study.design.get("kind"))
    known = known_designs().get(kind)
    lines = ["## Design", "", f"{markdown_code(kind)}: {known.summary if known else ''}", ""]
    lines.append(f"Estimated: {markdown_text(plan.estimand)}.")
    settings = {name: value for name, value in plan.study.design.items() if name != "kind"}
    if settings:
        lines += [
            "",
            "Settings: " + "; ".join(f"{markdown_code(k)}: {markdown_code(_told(v))}" for k, v in settings.items()),
        ]
    if plan.study.baseline:
        levels = ", ".join(f"{name}={level}" for name, level in plan.study.baseline.items())
        lines += ["", f"Baseline: the scenario's defaults with {markdown_code(levels)}."]
    lines += ["", *(f"- {markdown_text(note)}" for note in plan.notes)] if plan.notes else []
    return lines


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _arms(plan: Plan) -> list[str]:
    models, known = len(plan.models), any(arm.trials for arm in plan.arms)
    lines = ["## Arms and trials", ""]
    if known:
        lines += ["| arm | removed | trials a model |", "|---|---|---|"]
        lines += [
            f"| {markdown_text(arm.label)} | {_choices(arm.removed)} | {arm.trials} |" for arm in plan.arms[:MOST_ARMS]
        ]
        hidden = len(plan.arms) - MOST_ARMS
        lines += [f"| {hidden:,} more arms | | |"] if hidden > 0 else []
        lines.append("")
    return [
        *lines,
        f"At most {plan.trials:,} trials over {models} model{'s' * (models != 1)}. Arms and models are mixed in one random "
        f"order (seed {plan.study.seed}).",
    ]


def _choices(removed: Sequence[tuple[str, str]]) -> str:
    return markdown_code(", ".join(f"{name}={level}" for name, level in removed)) if removed else ""


def _stopping(plan: Plan) -> list[str]:
    lines = ["## Stopping", ""]
    stopping = plan.study.stopping
    if stopping is None:
        return [*lines, "All planned trials are run; nobody looks at effects before, or the analysis is exploratory."]
    said = {"kind": stopping.kind, "looks": stopping.looks, "futility": stopping.futility, "every": stopping.every}
    unfit = ("looks", "futility") if stopping.anytime else ("every",)
    told = "; ".join(f"{name}: {value}" for name, value in said.items() if name not in unfit)
    return [*lines, f"{markdown_text(told)}. The rule, its looks and boundaries are in the notes of the design above."]


def _analysis(plan: Plan, table: EffectTable) -> list[str]:
    settings, rows = plan.study.analysis, len(table.effects)
    return [
        "## Analysis",
        "",
        f"- Test: {_test(table.effects)}, two-sided.",
        f"- Adjustment: {METHODS.get(table.adjustment, 'none')}, over the {rows} comparisons of this outcome and model.",
        f"- Alpha: {settings.alpha:g}. An adjusted p within it is called an effect.",
        f"- Margin: {percent(settings.margin)} points. A 95 % interval within it is called equivalent; all else is "
        "undetermined.",
        "- Intervals: Wilson for rates; Miettinen-Nurminen for differences and ratios; not adjusted.",
        *(
            []
            if len(plan.models) == 1
            else ["- Models: each by itself; pooled by Cochran-Mantel-Haenszel, and heterogeneity tested."]
        ),
        *(["- Screening: findings are leads, to be tested again on fresh trials."] if table.screening else []),
    ]


def _finds(plan: Plan, scenario: Scenario) -> list[str]:
    """The smallest changes that so many trials find, where that can be told beforehand."""
    first, *others = reach_lines(plan_reach(plan, scenario)) or ("",)
    return [f"- {first} {'; '.join(line.strip() for line in others)}."] if first else []


def _test(effects: Sequence[Effect]) -> str:
    names = list(dict.fromkeys(METHODS[effect.test] for effect in effects))
    return " and ".join(names) or "by the design's own rule, in its notes"


def _judge(plan: Plan, scenario: Scenario) -> list[str]:
    return [
        "## Judge",
        "",
        f"{markdown_code(plan.judge)}; what it asks by (question, gate, terms, rubric, settings): "
        f"{markdown_code(judge_hash(plan, scenario))}. It does not learn which arm a trial belongs to.",
    ]


def _models(plan: Plan) -> list[str]:
    study = plan.study
    lines = ["## Models", "", "| model | temperature | most tokens | reasoning effort |", "|---|---|---|---|"]
    for model in study.models:
        sampling = model.sampling(study.sampling)
        effort = markdown_text(sampling.reasoning_effort) or "not asked for"
        lines.append(f"| {markdown_code(model.name)} | {sampling.temperature:g} | {sampling.max_tokens:,} | {effort} |")
    budget = "none is set" if study.budget_usd is None else f"{money(study.budget_usd)}, a hard stop"
    turns = f", at most {study.turns} turns" if study.turns > 1 else ""
    return [
        *lines,
        "",
        f"Protocol: {study.protocol}{turns}. Budget: {budget}; greatest cost {money(plan.greatest_cost)}. The names that "
        "providers answer under are reported.",
    ]


def _rules(plan: Plan) -> list[str]:
    return [
        "## Exclusions and missing answers",
        "",
        "None is excluded. The denominator of a rate is every trial with a verdict: unclear ones count as not yes, refusals "
        "and truncated replies as judged. Trials without any answer are in no rate; their number is reported, and bounds say "
        "how far unclear and failed trials could move each difference.",
        "",
        "## What will be called exploratory",
        "",
        f"Another outcome than {markdown_code(plan.study.outcome)}, another judge, margin or alpha; a look at effects before "
        "the end; trials that are asked again after they ended; sessions that are added after the run has finished. Such "
        "an analysis is marked EXPLORATORY in every output of the program.",
    ]
