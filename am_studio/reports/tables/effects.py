"""The table of effects: a row each, for every outcome by the plan's judge and for the study's outcome by every other one.

Computes no statistic. An analysis that is not the planned one is marked exploratory, with the reasons. Where the plan withholds
effects, the counts of its arms are there and the effects are null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from am_studio.records import Counts, Effect, EffectTable, Interval, Rate
from am_studio.reports.bundle.numbers import Asked, analysed, analyses_of
from am_studio.reports.stamps import stamp_of
from am_studio.reports.tables.columns import Cell, Column, Table
from am_studio.runs.analysis import Analysis, Withheld
from am_studio.runs.runfile import RunFile

_CONCLUSIONS = ("effect", "equivalent", "undetermined")
_KINDS = ("local", "average", "alone", "level", "contrast")
COLUMNS = (
    Column("study", "category", "The study's name."),
    Column("outcome", "category", "The outcome whose rate it is."),
    Column("harmful", "bool", "Whether the scenario calls that outcome harmful."),
    Column("model", "category", "The subject, as the study names it."),
    Column("simulated", "bool", "Whether anything simulated had a part in it: no evidence about any real model."),
    Column("judge", "category", "Whose verdicts are counted."),
    Column("arm", "text", "Name of the row."),
    Column("label", "text", "What the row is called, what `needs` drags along included."),
    Column("kind", "category", "local, average, alone, level or contrast: what the difference is about.", _KINDS),
    Column("changed", "text", "The levels that are set against the reference, `detail=level` joined by a space."),
    Column("k", "int", "Trials with a yes in the changed group."),
    Column("n", "int", "Completed trials of the changed group: the denominator."),
    Column("rate", "float", "k / n."),
    Column("rate_low", "float", "Lower end of its 95 % Wilson interval."),
    Column("rate_high", "float", "Upper end."),
    Column("reference_k", "int", "Trials with a yes in the reference group."),
    Column("reference_n", "int", "Completed trials of the reference group."),
    Column("reference_rate", "float", "reference_k / reference_n."),
    Column("reference_rate_low", "float", "Lower end of its 95 % Wilson interval."),
    Column("reference_rate_high", "float", "Upper end."),
    Column("estimate", "float", "Difference of the rates, changed minus reference, in [-1, 1]."),
    Column("estimate_low", "float", "Lower end of its interval."),
    Column("estimate_high", "float", "Upper end."),
    Column("interval_method", "category", "How that interval is made, such as miettinen-nurminen."),
    Column("interval_level", "float", "Its confidence level."),
    Column("ratio", "float", "Ratio of the rates; null where the reference's is 0."),
    Column("ratio_low", "float", "Lower end of its interval."),
    Column("ratio_high", "float", "Upper end; null where it is infinite."),
    Column("p", "float", "Two-sided p, not adjusted."),
    Column("p_adjusted", "float", "Adjusted over the rows of one outcome, model and judge."),
    Column("adjustment", "category", "How: holm, bonferroni, benjamini-hochberg, none."),
    Column("test", "category", "The test that gave p."),
    Column("family", "int", "Rows that it is adjusted over."),
    Column("conclusion", "category", "effect, equivalent within the margin, or undetermined.", _CONCLUSIONS),
    Column("margin", "float", "A difference that the study says does not matter."),
    Column("alpha", "float", "The chance of any false effect in a table that the study accepts."),
    Column("more_trials", "int", "About how many more trials would settle an undetermined one; null: settled, or no number would."),
    Column("detectable", "float", "The smallest change that so many trials find with 80 % power, about."),
    Column("worst", "float", "The estimate if every failed or unclear trial had gone the one way."),
    Column("best", "float", "And the other."),
    Column("adjusted_estimate", "float", "By g-computation from the logistic model that gave p; null where there is none."),
    Column("refused", "int", "Of the changed group: declined to take part."),
    Column("unclear", "int", "Of the changed group: the judge could not tell; in the denominator."),
    Column("truncated", "int", "Of the changed group: cut off by the token limit."),
    Column("failed", "int", "Of the changed group: no conversation after every try; in no rate."),
    Column("reference_refused", "int", "The same of the reference group."),
    Column("reference_unclear", "int", "The same of the reference group."),
    Column("reference_truncated", "int", "The same of the reference group."),
    Column("reference_failed", "int", "The same of the reference group."),
    Column("estimand", "text", "What the estimate estimates, in words."),
    Column("exploratory", "bool", "Whether the analysis differs from the plan."),
    Column("exploratory_reasons", "text", "How, joined by semicolons; empty: it is the planned one."),
    Column("withheld", "bool", "Whether the plan withholds the effect until its end; then only counts are told."),
    Column("screening", "bool", "Whether the design finds leads only."),
    Column("plan_hash", "text", "Hash of the plan, taken before the first call."),
)  # fmt: skip


def effects_table(run: RunFile) -> Table:
    """The table of a run's effects. The run has to stay open meanwhile."""
    plan = run.plan
    stamp = stamp_of(plan, simulated=bool(run.simulated_models()))
    about = {
        "study": plan.study.name,
        "scenario": plan.scenario,
        "plan_hash": plan.hash,
        "judge": plan.judge,
        "stamp": stamp,
    }
    return Table("effects", COLUMNS, about, lambda: _rows(run))


def _rows(run: RunFile) -> Iterator[tuple[Cell, ...]]:
    harmful = {one.name: one.harmful for each in run.scenario.every for one in each.questions.outcomes}
    names = [column.name for column in COLUMNS]
    for asked in analyses_of(run):
        about = {
            "study": run.plan.study.name,
            "outcome": asked.outcome,
            "harmful": harmful.get(asked.outcome),
            "judge": asked.judge,
            "plan_hash": run.plan.hash,
        }
        try:
            rows = _of_analysis(analysed(run, asked))
        except Withheld:
            rows = _of_counts(run, asked)
        for row in rows:
            told = {**about, **row}
            yield tuple(told.get(name) for name in names)


def _of_analysis(analysis: Analysis) -> Iterator[dict[str, Any]]:
    for table in analysis.tables:
        for effect in table.effects:
            yield {**_of_table(table), **_of_effect(effect)}


def _of_table(table: EffectTable) -> dict[str, Any]:
    return {
        "model": table.model,
        "simulated": table.simulated,
        "adjustment": table.adjustment,
        "family": len(table.effects),
        "margin": table.margin,
        "alpha": table.alpha,
        "estimand": table.estimand,
        "exploratory": bool(table.exploratory),
        "exploratory_reasons": "; ".join(table.exploratory),
        "withheld": False,
        "screening": table.screening,
    }


def _of_effect(effect: Effect) -> dict[str, Any]:
    worst, best = effect.worst_best or (None, None)
    interval = effect.interval
    return {
        "arm": effect.arm,
        "label": effect.label,
        "kind": effect.kind,
        "changed": " ".join(f"{detail}={level}" for detail, level in effect.removed),
        **_group("", effect.counts, effect.rate),
        **_group("reference_", effect.against, effect.against_rate),
        "estimate": effect.difference,
        **_ends("estimate", interval),
        "interval_method": interval and interval.method,
        "interval_level": interval and interval.level,
        "ratio": effect.ratio.value,
        **_ends("ratio", effect.ratio.interval),
        "p": effect.p,
        "p_adjusted": effect.p_adjusted,
        "test": effect.test,
        "conclusion": effect.conclusion,
        "more_trials": effect.more_trials,
        "detectable": effect.detectable,
        "worst": worst,
        "best": best,
        "adjusted_estimate": effect.adjusted_difference,
    }


def _of_counts(run: RunFile, asked: Asked) -> Iterator[dict[str, Any]]:
    labels = {arm.name: arm.label for arm in run.plan.arms}
    simulated = run.simulated_models()
    for (arm, model), counts in run.counts(asked.outcome, asked.judge).items():
        yield {
            "model": model,
            "simulated": model in simulated,
            "arm": arm,
            "label": labels.get(arm, arm),
            "k": counts.yes,
            "n": counts.completed,
            **{name: getattr(counts, name) for name in ("refused", "unclear", "truncated", "failed")},
            "withheld": True,
            "exploratory": False,
            "exploratory_reasons": "",
        }


def _group(prefix: str, counts: Counts, rate: Rate) -> dict[str, Any]:
    found = {"k": rate.k, "n": rate.n, "rate": rate.value, **_ends("rate", rate.interval)}
    found |= {name: getattr(counts, name) for name in ("refused", "unclear", "truncated", "failed")}
    return {f"{prefix}{name}": value for name, value in found.items()}


def _ends(name: str, interval: Interval | None) -> dict[str, float | None]:
    if interval is None:
        return {f"{name}_low": None, f"{name}_high": None}
    finite = interval.high != float("inf")
    return {f"{name}_low": interval.low, f"{name}_high": interval.high if finite else None}
