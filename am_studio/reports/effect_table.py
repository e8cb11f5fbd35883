"""A table of effects as text cells and numbers that any surface can lay out, and as JSON.

Computes no statistic: every number comes from the `EffectTable`. Knows no terminal: a surface chooses columns by its
width and draws the forest cells at the width it has (`reports/forest.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from am_studio.foundation.hygiene import one_line
from am_studio.records import Choice, Counts, Effect, EffectTable, Interval, Rate
from am_studio.reports.forest import forest_axis
from am_studio.reports.nuisance_tables import nuisance_json, stratified_json
from am_studio.reports.numbers import level_text, p_text, percent, points
from am_studio.reports.side_tables import attributions_json, interactions_json, interval_json, stops_json
from am_studio.reports.wording import ADJUSTED, CONCLUSIONS, HEADS, ROWS, TITLES, conclusions_told

SIMULATED = "SIMULATED"
EXPLORATORY = "EXPLORATORY"
STAMP = "SIMULATED: made by the program's own simulated subject; no evidence about any real model"

METHODS = {
    "boschloo": "Boschloo's exact test",
    "fisher-mid-p": "Fisher's mid-p test",
    "firth-lr": "Firth's logistic regression, likelihood-ratio test",
    "wilson": "Wilson",
    "miettinen-nurminen": "Miettinen-Nurminen",
    "clopper-pearson": "Clopper-Pearson",
    "newcombe": "Newcombe",
    "holm": "Holm",
    "benjamini-hochberg": "Benjamini-Hochberg (screening)",
    "bonferroni": "Bonferroni",
    "e-process": "an e-process (Turner, Ly and Grünwald), anytime-valid",
}
"""Methods by the names that records give them, as a legend calls them."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the numbers come from; empty fields are unknown and left out."""

    judge: str
    """Kind and version, such as `rules/1`."""
    models_returned: tuple[str, ...] = ()
    """The model as the provider named it; several when it changed during the run."""
    first: str = ""
    last: str = ""
    """When the first and the last trial ended, ISO 8601."""
    plan_hash: str = ""
    run: str = ""
    """The run's name or file."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    key: str
    title: str
    align: Literal["left", "right"] = "right"
    essential: bool = True
    """Whether it comes first when the surface is narrow; the others follow in a second table or a detail view."""


@dataclass(frozen=True, slots=True)
class Row:
    """One arm: a text for every column (the forest column's is empty) and the numbers to draw."""

    arm: str
    cells: tuple[str, ...]
    span: tuple[float, float, float] | None
    """Low, estimate and high of the difference; None for the baseline and for an arm without an answer."""
    clear: bool
    """Whether the interval excludes 0."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole table, ready to be laid out."""

    title: str
    stamp: str
    """What must stand on everything made from simulated subjects; empty for real models."""
    exploratory: str
    """What must stand on everything that is not the planned analysis; empty where it is."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    """The baseline first."""
    axis: tuple[float, float]
    """The range of differences that forest cells show."""
    legend: tuple[str, ...]
    notes: tuple[str, ...]


def effect_sheet(table: EffectTable, source: Source) -> Sheet:
    """The table with its legend: estimand, methods, judge, family of the adjustment, and where it comes from."""
    level = next((rate.interval.level for rate in _rates(table) if rate.interval), 0.95)
    own = table.kind == "average"
    adjusted = table.adjustment in ADJUSTED
    columns = (
        Column("removed", HEADS[table.kind], "left"),
        *([Column("against", "in place")] if own else []),
        Column("kn", "removed" if own else "k/n"),
        Column("rate", "rate", essential=not own),
        Column("rate_interval", f"rate {level_text(level)}", essential=False),
        Column("difference", f"diff. [{level_text(level)}]"),
        Column("forest", "", "left"),
        Column("p", "p", essential=not (own and adjusted)),
        *([Column("p_adjusted", ADJUSTED[table.adjustment])] if adjusted else []),
        Column("conclusion", "conclusion", "left", essential=False),
        Column("more", "more n", essential=False),
        Column("detectable", "detects", essential=False),
        Column("ratio", "ratio", essential=False),
        Column("refused", "refused", essential=False),
        Column("unclear", "unclear", essential=False),
        Column("truncated", "truncated", essential=False),
        Column("failed", "failed", essential=False),
        Column("bounds", "bounds", essential=False),
    )
    texts = [_baseline_texts(table), *(_effect_texts(effect) for effect in table.effects)]
    rows = [Row("baseline", (), None, False)]
    rows += [Row(effect.arm, (), _span(effect), excludes_zero(effect)) for effect in table.effects]
    return Sheet(
        title=one_line(f"{table.outcome} in {table.model}: {TITLES[table.kind]}"),
        stamp=STAMP if table.simulated else "",
        exploratory=exploratory_stamp(table.exploratory),
        columns=columns,
        rows=tuple(
            Row(row.arm, tuple(text.get(column.key, "") for column in columns), row.span, row.clear)
            for row, text in zip(rows, texts, strict=True)
        ),
        axis=forest_axis(effect.interval for effect in table.effects),
        legend=_legend(table, source, level),
        notes=table.notes,
    )


def exploratory_stamp(reasons: Sequence[str]) -> str:
    """The line that says so, with the reasons; empty where there is none."""
    return one_line(f"{EXPLORATORY}, not the planned analysis: {'; '.join(reasons)}") if reasons else ""


def excludes_zero(effect: Effect) -> bool:
    """Whether the interval of the difference leaves 0 out."""
    return effect.interval is not None and not effect.interval.low <= 0 <= effect.interval.high


def as_json(table: EffectTable, source: Source) -> dict[str, Any]:
    """All numbers at full precision, each with k, n, method, estimand, model and judge, for `--json`."""
    return {
        "format": 1,
        "simulated": table.simulated,
        "stamp": STAMP if table.simulated else "",
        "exploratory": list(table.exploratory),
        "outcome": table.outcome,
        "model": table.model,
        "models_returned": list(source.models_returned),
        "judge": source.judge,
        "estimand": table.estimand,
        "adjustment": table.adjustment,
        "family": len(table.effects),
        "kind": table.kind,
        "screening": table.screening,
        "margin": table.margin,
        "alpha": table.alpha,
        "answer": table.answer,
        "run": source.run,
        "plan_hash": source.plan_hash,
        "first_trial": source.first,
        "last_trial": source.last,
        "baseline": {
            "label": table.baseline_label,
            **_counts_json(table.baseline),
            **_rate_json(table.baseline_rate),
        },
        "effects": [_effect_json(effect, table, source) for effect in table.effects],
        "interactions": interactions_json(table.interactions),
        "attributions": attributions_json(table),
        "stopping": stops_json(table.stops),
        "nuisance": nuisance_json(table),
        "notes": list(table.notes),
    }


def _rates(table: EffectTable) -> list[Rate]:
    return [table.baseline_rate, *(effect.rate for effect in table.effects)]


def _span(effect: Effect) -> tuple[float, float, float] | None:
    if effect.interval is None or effect.difference is None:
        return None
    return effect.interval.low, effect.difference, effect.interval.high


def _counts_texts(counts: Counts, rate: Rate) -> dict[str, str]:
    texts = {
        "kn": f"{rate.k}/{rate.n}",
        "refused": str(counts.refused),
        "unclear": str(counts.unclear),
        "truncated": str(counts.truncated),
        "failed": str(counts.failed),
    }
    if rate.value is not None:
        texts["rate"] = f"{percent(rate.value)}%"
    if rate.interval is not None:
        texts["rate_interval"] = f"[{percent(rate.interval.low)}, {percent(rate.interval.high)}]"
    return texts


def _baseline_texts(table: EffectTable) -> dict[str, str]:
    return {"removed": one_line(table.baseline_label), **_counts_texts(table.baseline, table.baseline_rate)}


def _effect_texts(effect: Effect) -> dict[str, str]:
    texts = {"removed": one_line(effect.label), **_counts_texts(effect.counts, effect.rate)}
    texts["against"] = f"{effect.against_rate.k}/{effect.against_rate.n}"
    if effect.difference is not None:
        texts["conclusion"] = CONCLUSIONS[effect.conclusion]
    if effect.more_trials is not None:
        texts["more"] = f"~{effect.more_trials:,}"
    if effect.detectable is not None and effect.conclusion != "effect":
        texts["detectable"] = f"~{percent(effect.detectable)}"
    if effect.ratio.value is not None:
        texts["ratio"] = f"{effect.ratio.value:.2f} {_ratio_bracket(effect.ratio.interval)}".rstrip()
    if effect.difference is not None and effect.interval is not None:
        texts["difference"] = f"{points(effect.difference)} {bracket(effect.interval)}"
    if effect.p is not None:
        texts["p"] = p_text(effect.p)
    if effect.p_adjusted is not None:
        texts["p_adjusted"] = p_text(effect.p_adjusted)
    if effect.worst_best is not None:
        texts["bounds"] = ", ".join(points(bound) for bound in effect.worst_best)
    return texts


def _ratio_bracket(interval: Interval | None) -> str:
    if interval is None:
        return ""
    high = "∞" if math.isinf(interval.high) else f"{interval.high:.2f}"
    return f"[{interval.low:.2f}, {high}]"


def bracket(interval: Interval) -> str:
    """An interval of a difference, in points: `[−60, −23]`."""
    return f"[{points(interval.low)}, {points(interval.high)}]"


def _legend(table: EffectTable, source: Source, level: float) -> tuple[str, ...]:
    tests = list(dict.fromkeys(METHODS[effect.test] for effect in table.effects))
    family = f"over the {len(table.effects)} {ROWS[table.kind]} of this outcome and model"
    adjusted = f"; {METHODS[table.adjustment]} {family}" if table.adjustment in ADJUSTED else "; not adjusted"
    if table.stops is not None:
        adjusted += ", of the whole course of looks; p itself is that of the last look"
    told = [
        f"Estimand: {table.estimand}, in percentage points.",
        f"Intervals: {level_text(level)}, Wilson for rates, Miettinen-Nurminen for differences and ratios, each on its own.",
        f"p: {' and '.join(tests) or 'none'}, two-sided{adjusted}.",
        "Rate: yes / completed. Bounds: the difference if failed and unclear trials had all gone one way or the other.",
        "A filled dot: the interval leaves 0 out. A hollow dot: it includes 0.",
        conclusions_told(table),
    ]
    if table.screening:
        told.append("Screening: leads to be tested again on fresh trials, no confirmation.")
    origin = [f"Judge: {source.judge}"]
    if source.models_returned:
        origin.append(f"model as returned: {', '.join(source.models_returned)}")
    if source.first:
        origin.append(f"trials: {source.first} to {source.last}")
    if source.run:
        origin.append(f"run: {source.run}")
    if source.plan_hash:
        origin.append(f"plan: {source.plan_hash}")
    return tuple(one_line(line) for line in (*told, "; ".join(origin) + "."))


def _rate_json(rate: Rate) -> dict[str, Any]:
    return {"k": rate.k, "n": rate.n, "rate": rate.value, "rate_interval": interval_json(rate.interval)}


def _counts_json(counts: Counts) -> dict[str, int]:
    names = ("planned", "completed", "yes", "no", "unclear", "failed", "refused", "truncated")
    return {name: getattr(counts, name) for name in names}


def _choices_json(choices: Iterable[Choice]) -> dict[str, str]:
    return dict(choices)


def _effect_json(effect: Effect, table: EffectTable, source: Source) -> dict[str, Any]:
    return {
        "arm": effect.arm,
        "label": effect.label,
        "removed": _choices_json(effect.removed),
        "model": effect.model,
        "judge": source.judge,
        "estimand": table.estimand,
        **_counts_json(effect.counts),
        **_rate_json(effect.rate),
        "difference": effect.difference,
        "interval": interval_json(effect.interval),
        "p": effect.p,
        "p_adjusted": effect.p_adjusted,
        "test": effect.test,
        "adjustment": table.adjustment,
        "bounds": list(effect.worst_best) if effect.worst_best else None,
        "kind": effect.kind,
        "against": {**_counts_json(effect.against), **_rate_json(effect.against_rate)},
        "ratio": {"value": effect.ratio.value, "interval": interval_json(effect.ratio.interval)},
        "conclusion": effect.conclusion,
        "more_trials": effect.more_trials,
        "detectable": effect.detectable,
        "adjusted_difference": effect.adjusted_difference,
        "trials_of": effect.source or effect.arm,
        "stratified": stratified_json(effect.stratified),
        "by_session": stratified_json(effect.by_session),
    }
