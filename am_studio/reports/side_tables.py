"""What stands beside a table of effects: stops, interactions, attributions, effects over all models; as lines and as JSON.

Lines are plain text with aligned columns, at most about 78 characters wide unless labels are long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from am_studio.foundation.cells import cells, filled_up
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.plainly import figures_told, plainly
from am_studio.records import AcrossModels, EffectTable, Interaction, Interval, StopReason, Stops
from am_studio.reports.numbers import p_text, points

MOST_SHOWN = 10
"""Interactions in lines, the least likely by chance first; JSON has all."""
LABEL_WIDTH = 36
"""Characters of a label, at most."""
_STOP_LABEL = 28
_SHORTEST = 10


def side_lines(table: EffectTable, width: int = 0) -> tuple[str, ...]:
    """Where comparisons stopped, interactions, attributions, each under a head, empty lines between; () for none.

    Labels are cut where rows would be longer than `width`, when that is given.
    """
    groups = (
        _stop_lines(table.stops, width),
        _interaction_lines(table.interactions, width),
        _attribution_lines(table, width),
    )
    lines: list[str] = []
    for group in filter(None, groups):
        lines += [*([""] if lines else []), *group]
    return tuple(lines)


def across_lines(across: Sequence[AcrossModels], width: int = 0) -> tuple[str, ...]:
    """Each effect pooled over models, and whether it differs between them; () for a study of one model."""
    if not across:
        return ()
    rows: list[tuple[str, ...]] = [("over all models", "pooled diff.", "CMH p", "Holm", "differs: p", "Holm")]
    for each in across:
        rows.append(
            (
                one_line(each.label, LABEL_WIDTH),
                estimate_text(each.pooled, each.interval),
                *(_p(p) for p in (each.p, each.p_adjusted, each.heterogeneity_p, each.heterogeneity_p_adjusted)),
            )
        )
    told = (
        "Pooled: models held apart (Mantel-Haenszel weights; Cochran-Mantel-Haenszel test). Differs: one common difference of "
        "rates for all models, by Cochran's Q; whether an effect depends on the model is to be read there, not off the tables."
    )
    return (*aligned(rows, width), told)


def _stop_lines(stops: Stops | None, width: int) -> tuple[str, ...]:
    if stops is None:
        return ()
    watched = any(stop.e_needed is not None for stop in stops.each)
    rows: list[tuple[str, ...]] = [
        ("stopped", "look", "trials", *(("e", "needed") if watched else ("p", "boundary")), "by")
    ]
    for stop in stops.each:
        changed, reference = stop.trials
        trials = f"{changed} v {reference}" if reference else str(changed)
        evidence = (_e(stop.e), _e(stop.e_needed)) if watched else (_p(stop.p), _boundary(stop.boundary))
        rows.append(
            (
                one_line(stop.label, _STOP_LABEL),
                f"{stop.look} of {stop.looks}",
                trials,
                *evidence,
                _STOPPED[stop.reason],
            )
        )
    return (*aligned(rows, width), stops.rule)


_STOPPED: dict[StopReason, str] = {
    "effect": "effect",
    "futile": "futility",
    "end": "the end",
    "going on": "going on",
    "undone": "undone: changed since",
}


def _e(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}" if value < 1_000_000 else "> 1,000,000"


def _boundary(p: float | None) -> str:
    """A boundary as it is; those of early looks are small."""
    return "" if p is None else f"{p:.2g}".removeprefix("0") if p >= 0.0001 else f"{p:.0e}"


def stops_json(stops: Stops | None) -> dict[str, Any] | None:
    """Where each comparison stopped; None for a study that runs to its end."""
    if stops is None:
        return None
    return {
        "rule": stops.rule,
        "over": stops.over,
        "trials": {"named": stops.named, "most": stops.most, "saved": stops.saved if stops.over else None},
        "comparisons": [
            {
                "arm": stop.arm,
                "label": stop.label,
                "look": stop.look,
                "looks": stop.looks,
                "trials": list(stop.trials),
                "reason": stop.reason,
                "p": stop.p,
                "boundary": stop.boundary,
                "e": stop.e,
                "e_needed": stop.e_needed,
            }
            for stop in stops.each
        ],
    }


def _interaction_lines(interactions: Sequence[Interaction], width: int) -> tuple[str, ...]:
    if not interactions:
        return ()
    shown = sorted(interactions, key=lambda each: 2.0 if each.p is None else each.p)[:MOST_SHOWN]
    rows: list[tuple[str, ...]] = [("interaction", "diff. of diff.", "p", "adjusted")]
    rows += [
        (
            one_line(each.label, LABEL_WIDTH),
            estimate_text(each.estimate, each.interval),
            _p(each.p),
            _p(each.p_adjusted),
        )
        for each in shown
    ]
    hidden = len(interactions) - len(shown)
    told = "Interactions: what removing both does beyond the sum of one by one (MOVER of Wilson intervals, test alike)."
    return (*aligned(rows, width), f"{told} {hidden} more in JSON." if hidden else told)


def _attribution_lines(table: EffectTable, width: int) -> tuple[str, ...]:
    if not table.attributions:
        return ()
    rows: list[tuple[str, ...]] = [("share of the behaviour", "Shapley", "Banzhaf")]
    rows += [
        (
            one_line(each.detail, LABEL_WIDTH),
            "" if each.shapley is None else points(each.shapley),
            estimate_text(each.banzhaf, each.banzhaf_interval),
        )
        for each in table.attributions
    ]
    if table.attributions[0].method == "observed":
        told = "Shapley and Banzhaf values in points, from the observed rates of every subset."
    else:
        told = (
            "Shapley and Banzhaf values in points. Banzhaf's: the average effects. Shapley's: from a model with all pairs, so it "
            "leans towards 0 where three or more details act only together, and it has no interval."
        )
    return (*aligned(rows, width), told)


def aligned(rows: Sequence[Sequence[str]], width: int = 0) -> tuple[str, ...]:
    """Rows as lines: the first column to the left, the others to the right; `width`: labels are cut for its sake."""
    if plainly():
        return tuple(figures_told(rows[0], rows[1:]))
    widths = [max(cells(row[column]) for row in rows) for column in range(len(rows[0]))]
    over = sum(widths) + 2 * (len(widths) - 1) - width
    if width and over > 0:
        widths[0] = max(widths[0] - over, _SHORTEST)
        rows = [(one_line(row[0], widths[0]), *row[1:]) for row in rows]
    lines = []
    for row in rows:
        first, *others = (
            filled_up(text, width, right=column > 0)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *others)).rstrip())
    return tuple(lines)


def estimate_text(value: float | None, interval: Interval | None) -> str:
    """A difference with its interval, in points; empty without them."""
    if value is None or interval is None:
        return ""
    return f"{points(value)} [{points(interval.low)}, {points(interval.high)}]"


def _p(p: float | None) -> str:
    return "" if p is None else p_text(p)


def interval_json(interval: Interval | None) -> dict[str, Any] | None:
    """An interval with its method; an infinite end is null."""
    if interval is None:
        return None
    ends = {
        name: None if abs(end) == float("inf") else end
        for name, end in (("low", interval.low), ("high", interval.high))
    }
    return {**ends, "method": interval.method, "level": interval.level}


def interactions_json(interactions: Sequence[Interaction]) -> list[dict[str, Any]]:
    """Every interaction with its four cells."""
    return [
        {
            "label": each.label,
            "parts": list(each.parts),
            "cells": [{"k": cell.k, "n": cell.n} for cell in each.cells],
            "estimate": each.estimate,
            "interval": interval_json(each.interval),
            "p": each.p,
            "p_adjusted": each.p_adjusted,
            "test": each.test,
        }
        for each in interactions
    ]


def attributions_json(table: EffectTable) -> list[dict[str, Any]]:
    """Every attribution."""
    return [
        {
            "detail": each.detail,
            "shapley": each.shapley,
            "banzhaf": each.banzhaf,
            "banzhaf_interval": interval_json(each.banzhaf_interval),
            "method": each.method,
        }
        for each in table.attributions
    ]


def across_json(across: Sequence[AcrossModels]) -> list[dict[str, Any]]:
    """Every effect over all models."""
    return [
        {
            "arm": each.arm,
            "label": each.label,
            "differences": dict(zip(each.models, each.differences, strict=True)),
            "pooled": each.pooled,
            "interval": interval_json(each.interval),
            "p": each.p,
            "p_adjusted": each.p_adjusted,
            "test": "cochran-mantel-haenszel",
            "heterogeneity_p": each.heterogeneity_p,
            "heterogeneity_p_adjusted": each.heterogeneity_p_adjusted,
            "heterogeneity_test": "cochran-q",
        }
        for each in across
    ]
