"""What a pilot advises, in lines for any surface. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from am_studio.foundation.hygiene import one_line
from am_studio.records import Rate
from am_studio.reports.effect_table import STAMP
from am_studio.reports.numbers import money, percent
from am_studio.runs.advice import Advice, ModelAdvice


def advice_lines(advice: Advice) -> tuple[str, ...]:
    """Where it comes from, each model's rates and what follows, trials and cost, and YAML to paste."""
    return tuple(_lines(advice))


def how_to_pilot(study: str) -> str:
    """How to get advice, where there is no pilot yet."""
    return f"There is no pilot of this study yet. It takes 10 + 10 trials a model: am-studio plan {study} --advise"


def _lines(advice: Advice) -> Iterator[str]:
    if advice.simulated:
        yield STAMP
    yield one_line(f"Advice for {advice.study}, {advice.outcome}, {len(advice.details)} details; pilot {advice.pilot}")
    for model in advice.models:
        yield ""
        yield one_line(f"{model.model}: all on {_rate(model.all_on)}, all off {_rate(model.all_off)}")
        yield one_line(model.policy.text)
        needed = _needed(model, len(advice.details))
        if needed:
            yield needed
    yield ""
    yield from map(one_line, advice.notes)
    if not advice.design:
        yield "No study of these details is advised."
        return
    if advice.trials is not None:
        yield f"The study: {advice.trials:,} trials over all models, at most {money(advice.greatest_cost)}."
    yield "Put into the study's file, in place of its `design` and `trials`:"
    yield ""
    yield from advice.block.splitlines()


def _rate(rate: Rate) -> str:
    told = f"{rate.k}/{rate.n}"
    if rate.interval is None:
        return told
    return f"{told} [{percent(rate.interval.low)}, {percent(rate.interval.high)}] %"


def _needed(model: ModelAdvice, details: int) -> str:
    policy = model.policy
    if policy.assumed is None or policy.trials is None:
        return ""
    changed, reference = policy.assumed
    rates = f"{percent(changed)} % against {percent(reference)} %"
    weaker = "more than 2,000 a group" if policy.weaker is None else f"{policy.weaker:,}"
    power = f"80 % power, alpha over {details} comparisons; half the difference takes {weaker}"
    if policy.design == "add-one-in":
        return f"Trials: {policy.trials:,} an arm tell {rates} apart ({power})."
    return (
        f"Trials: {policy.trials:,} tell {rates} apart, removed against in place, which is what one of three details that "
        f"act only together would show ({power})."
    )
