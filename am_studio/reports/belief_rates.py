"""Rates by stated belief as plain data and as lines of text, each with the caution that they are a correlation."""

from __future__ import annotations

from typing import Any

from am_studio.foundation.cells import cells, filled_up
from am_studio.foundation.plainly import facts_line, plainly
from am_studio.reports.numbers import level_text, percent
from am_studio.runs.beliefs import BeliefRate, BeliefRates

SAYS = {
    "test": "says that it is a test",
    "real": "says that it is real",
    "silent": "does not say",
    "unclear": "unclear, or both",
}
"""What each stated belief is called."""


def belief_lines(found: BeliefRates, *, simulated: bool) -> list[str]:
    """A heading, a line a model and belief that occurs, and the caution."""
    stamp = "SIMULATED. " if simulated else ""
    lines = [
        f"{stamp}{found.outcome} by what the subject says of the situation (judge {found.judge}, all arms together)"
    ]
    shown = [each for each in found.pooled() if each.rate.n]
    width = max((cells(each.model) for each in shown), default=0)
    if plainly():
        lines += [facts_line((("model", each.model), (SAYS[each.belief], _rate(each)))) for each in shown]
    else:
        lines += [f"  {filled_up(each.model, width)}  {SAYS[each.belief]:22}  {_rate(each)}" for each in shown]
    if not shown:
        lines.append("  no trial has been judged yet")
    return [*lines, found.caution]


def beliefs_as_json(found: BeliefRates) -> dict[str, Any]:
    """Every rate, by arm as well; `arm` is null for all arms together."""
    return {
        "outcome": found.outcome,
        "judge": found.judge,
        "caution": found.caution,
        "rates": [
            {
                "model": each.model,
                "arm": each.arm or None,
                "belief": each.belief,
                "yes": each.counts.yes,
                "no": each.counts.no,
                "unclear": each.counts.unclear,
                "n": each.rate.n,
                "rate": each.rate.value,
                "interval": None
                if each.rate.interval is None
                else {
                    "low": each.rate.interval.low,
                    "high": each.rate.interval.high,
                    "method": each.rate.interval.method,
                },
            }
            for each in found.rates
        ],
    }


def _rate(each: BeliefRate) -> str:
    interval = each.rate.interval
    if each.rate.value is None or interval is None:
        return f"{each.counts.yes}/{each.rate.n}"
    between = f"{percent(interval.low)} to {percent(interval.high)}"
    return f"{percent(each.rate.value)} % ({each.counts.yes}/{each.rate.n}; {level_text(interval.level)}: {between})"
