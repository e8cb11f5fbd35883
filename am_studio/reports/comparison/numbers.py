"""A comparison of runs as plain data, at full precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from am_studio.records import Rate
from am_studio.reports.comparison.build import comparison_sentences
from am_studio.reports.comparison.differences import differences, file_changes, text_changes
from am_studio.reports.effect_table import STAMP
from am_studio.reports.side_tables import across_json, interactions_json, interval_json
from am_studio.runs.analysis import Analysis
from am_studio.runs.comparing import Comparison, letter
from am_studio.runs.runfile import RunFile


def comparison_json(
    runs: Sequence[RunFile], analyses: Sequence[Analysis], comparisons: Sequence[Comparison]
) -> dict[str, Any]:
    """Everything that the report has, for `--json`."""
    differ = differences(runs, analyses)
    simulated = any(side.table.simulated for each in comparisons for side in each.sides)
    return {
        "format": 1,
        "simulated": simulated,
        "stamp": STAMP if simulated else "",
        "outcome": comparisons[0].outcome,
        "runs": [
            {"name": letter(n), "run": str(run.path), "plan_hash": run.plan.hash, "scenario": run.plan.scenario,
             "scenario_hash": run.plan.scenario_hash, "judge": analysis.judge, "exploratory": list(analysis.exploratory)}
            for n, (run, analysis) in enumerate(zip(runs, analyses, strict=True))
        ],
        "differences": [{"what": each.name, "values": list(each.values), "could_matter": each.counts} for each in differ],
        "files": [
            {"run": letter(n), "against": "A", "differ": list(file_changes(runs[0], run))} for n, run in enumerate(runs) if n
        ],
        "text_changes": [{"where": where, "what": what} for where, what in text_changes(runs)],
        "comparisons": [_comparison(each, comparison_sentences(each, differ)) for each in comparisons],
    }  # fmt: skip


def _comparison(each: Comparison, told: Sequence[str]) -> dict[str, Any]:
    return {
        "sides": [{"label": side.label, "run": letter(side.run), "model": side.table.model} for side in each.sides],
        "findings": list(told),
        "margin": each.margin,
        "alpha": each.alpha,
        "adjustment": "holm",
        "rates": [
            {"arm": change.label, "side": each.sides[change.side].label, "first": _rate(change.first), "other": _rate(change.other),
             "difference": change.difference, "interval": interval_json(change.interval), "p": change.p,
             "p_adjusted": change.p_adjusted, "test": change.test, "conclusion": change.conclusion}
            for change in each.rates
        ],
        "effects": [
            {**interactions_json([change.change])[0], "arm": change.label, "side": each.sides[change.side].label,
             "first": change.first.difference, "other": change.other.difference, "conclusion": change.conclusion}
            for change in each.effects
        ],
        "across": across_json(each.across),
        "not_compared": list(each.missing),
    }  # fmt: skip


def _rate(rate: Rate) -> dict[str, Any]:
    return {"k": rate.k, "n": rate.n, "rate": rate.value, "interval": interval_json(rate.interval)}
