"""The paragraph for a paper: what was asked, of what, how often, judged and analysed how, with which figures to find it again."""

from __future__ import annotations

from collections.abc import Iterator

from am_studio.designs.registry import known_designs
from am_studio.records import EffectTable
from am_studio.reports.effect_table import METHODS, STAMP, Source
from am_studio.reports.numbers import percent
from am_studio.runs.analysis import Analysis
from am_studio.runs.runfile import RunFile


def methods_paragraph(run: RunFile, analysis: Analysis, sources: tuple[Source, ...]) -> str:
    """Ready to be pasted; every figure in it is the run's."""
    return " ".join(_sentences(run, analysis, sources))


def _sentences(run: RunFile, analysis: Analysis, sources: tuple[Source, ...]) -> Iterator[str]:
    plan, study, table = run.plan, run.plan.study, analysis.tables[0]
    if any(each.simulated for each in analysis.tables):
        yield f"{STAMP}."
    question = run.scenario.questions.outcome(analysis.outcome).question if run.scenario.asks(analysis.outcome) else ""
    yield f"We asked how the rate of “{analysis.outcome}” ({question}) depends on details of the scenario {plan.scenario}."
    kind = str(study.design.get("kind"))
    known = known_designs().get(kind)
    yield f"The design was {kind} ({known.summary.rstrip('.').lower() if known else ''}); the estimand is the {table.estimand}."
    ended = sum(each.completed for each in run.counts(analysis.outcome, analysis.judge).values())
    models = ", ".join(_model(source, each) for source, each in zip(sources, analysis.tables, strict=True))
    yield (
        f"{ended:,} trials with a verdict, of {run.planned():,} planned, were sampled from {models} at temperature "
        f"{study.sampling.temperature:g} with at most {study.sampling.max_tokens:,} tokens a reply; arms were interleaved in "
        f"one random order (seed {study.seed}), each trial a conversation of its own ({study.protocol} protocol"
        f"{f', at most {study.turns} turns' if study.turns > 1 else ''})."
    )
    first, last = min((s.first for s in sources if s.first), default=""), max((s.last for s in sources), default="")
    if first:
        yield f"Trials ended between {first} and {last}."
    yield (
        f"Outcomes were judged by {analysis.judge}, which does not learn the arm; refusals and truncated replies stay in the "
        "denominator, and unclear verdicts count as not yes."
    )
    yield _agreement(analysis)
    tests = " and ".join(dict.fromkeys(METHODS[effect.test] for effect in table.effects)) or "none"
    adjusted = METHODS.get(table.adjustment, "not adjusted")
    several = " in each model" if len(analysis.tables) > 1 else ""
    yield (
        f"Rates have Wilson intervals and differences Miettinen-Nurminen intervals (95 %, not adjusted); p-values are two-sided "
        f"({tests}), adjusted over the {len(table.effects)} comparisons{several} by {adjusted} at alpha {table.alpha:g}; "
        f"differences within ±{percent(table.margin)} points were to count as equivalent."
    )
    if len(analysis.tables) > 1:
        yield "Effects were pooled over models by Cochran-Mantel-Haenszel, and their heterogeneity tested by Cochran's Q."
    if analysis.exploratory:
        yield f"This analysis is exploratory: {'; '.join(analysis.exploratory)}."
    else:
        yield "The analysis is the one that was planned before the first call."
    yield f"AM Studio {plan.program}; plan {plan.hash}; scenario {plan.scenario_hash}."


def _model(source: Source, table: EffectTable) -> str:
    names = [name for name in source.models_returned if name != table.model]
    return f"{table.model} (returned as {', '.join(names)})" if names else table.model


def _agreement(analysis: Analysis) -> str:
    trust = analysis.trust
    if trust is None or not trust.labelled:
        return "The judge was not compared with human labels."
    kappa = trust.kappa.value if trust.kappa else None
    told = f"kappa {kappa:.2f}" if kappa is not None else "kappa not defined"
    return f"It was compared with human labels on {trust.labelled} drawn trials ({told})."
