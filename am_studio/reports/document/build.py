"""Makes a report of one run or several: the same parts for each, and what they show together in front.

Reads run files and analyses that are made already; draws nothing and knows no format.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from am_studio.records import EffectTable
from am_studio.reports.document.blocks import Block, Facts, Points, Report, Section, Text
from am_studio.reports.document.effects import effect_blocks
from am_studio.reports.document.examples import example_blocks
from am_studio.reports.document.methods import methods_paragraph
from am_studio.reports.document.provenance import cost_blocks, moment, plan_blocks, provenance_blocks
from am_studio.reports.document.search import search_blocks
from am_studio.reports.document.taxonomy import across_blocks, belief_blocks, outcome_blocks
from am_studio.reports.document.trusting import trust_blocks
from am_studio.reports.effect_table import STAMP
from am_studio.reports.run_results import source_of
from am_studio.reports.sentence import headline
from am_studio.runs.analysis import Analysis
from am_studio.runs.runfile import RunFile
from am_studio.version import __version__


@dataclass(frozen=True, slots=True)
class Reported:
    """A run with its analysis."""

    run: RunFile
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class ReportChoices:
    """What the reader may choose."""

    seed: int = 1
    """Of the draw of examples."""
    examples: int = 1
    """Trials with a yes, and as many with a no, in each group; 0: none."""
    title: str = ""
    """In place of the study's."""


def build_report(reported: Sequence[Reported], choices: ReportChoices = ReportChoices()) -> Report:
    """The report of these runs, in their order; ValueError without any."""
    if not reported:
        raise ValueError("a report is of at least one run")
    several = len(reported) > 1
    studies = [each.run.plan.study for each in reported]
    tables = [table for each in reported for table in each.analysis.tables]
    simulated = [table.simulated for table in tables]
    sections: list[Section] = []
    if several:
        sections += _together(reported)
    for number, each in enumerate(reported):
        sections += _of_run(each, choices, number, several=several)
    titles = list(dict.fromkeys(study.title or study.name for study in studies))
    only = "" if all(simulated) else " (some of these models; their tables say so)"
    return Report(
        title=choices.title or " · ".join(titles),
        subtitle="; ".join(_subtitle(each) for each in reported),
        stamp=f"{STAMP}{only}" if any(simulated) else "",
        exploratory=tuple(dict.fromkeys(reason for each in reported for reason in each.analysis.exploratory)),
        findings=tuple(headline(table) for table in tables),
        sections=tuple(sections),
        colophon=f"Made with am-studio {__version__} from {', '.join(each.run.path.name for each in reported)}.",
    )


def _subtitle(each: Reported) -> str:
    plan = each.run.plan
    models = ", ".join(table.model for table in each.analysis.tables)
    ended = [span for table in each.analysis.tables if (span := each.run.span(table.model))]
    when = f", {moment(min(low for low, _ in ended))[:10]}" if ended else ""
    done = each.run.planned() - each.run.unfinished()
    return f"{plan.scenario} · {models} · {done:,} trials{when}"


def _together(reported: Sequence[Reported]) -> Iterator[Section]:
    """The runs side by side, where they ask for the same outcome and for effects of one kind."""
    columns = _columns(reported)
    if len({(table.outcome, table.kind) for _, table in columns}) > 1:
        return
    told = (
        "These columns are runs of their own. Whether they differ is to be asked with a test: `am-studio compare` does, and "
        "says first what else differs between them."
    )
    yield Section("together", "The runs together", (*across_blocks(columns, None, "runs"), Text((told,), "note")))


def _columns(reported: Sequence[Reported]) -> list[tuple[str, EffectTable]]:
    """Every table with a head that tells it from the others."""
    found = [(each.run.path.stem, table) for each in reported for table in each.analysis.tables]
    models = [table.model for _, table in found]
    alone = len(set(models)) == len(models)
    return [(table.model if alone else f"{table.model}, {run}", table) for run, table in found]


def _of_run(each: Reported, choices: ReportChoices, number: int, *, several: bool) -> Iterator[Section]:
    run, analysis = each.run, each.analysis
    prefix, level = (f"run{number + 1}-", 3) if several else ("", 2)
    if several:
        title = f"{run.plan.study.title or run.plan.study.name} ({run.path.name})"
        yield Section(f"run{number + 1}", title, (Facts((("scenario", run.plan.scenario), ("judge", analysis.judge))),))
    for name, title, blocks in _parts(each, choices, prefix):
        if blocks:
            yield Section(f"{prefix}{name}", title, blocks, level)


def _parts(each: Reported, choices: ReportChoices, prefix: str) -> Iterator[tuple[str, str, tuple[Block, ...]]]:
    run, analysis = each.run, each.analysis
    tables = analysis.tables
    sources = tuple(source_of(run, table, analysis.judge) for table in tables)
    names = [f"{prefix}{table.model}" for table in tables]
    for table, source, name, number in zip(tables, sources, names, range(len(tables)), strict=True):
        title = f"Effects in {table.model}" if len(tables) > 1 else "Effects"
        yield f"effects{number + 1}", title, effect_blocks(table, source, name)
    yield "search", "The search, step by step", search_blocks(run)
    columns = [(table.model, table) for table in tables]
    yield "models", "Details by model", across_blocks(columns, analysis, f"{prefix}models")
    outcomes = tuple(
        block
        for table, name in zip(tables, names, strict=True)
        for block in outcome_blocks(run, table, analysis.judge, name)
    )
    yield "outcomes", "Every outcome", outcomes
    yield "beliefs", "Test or real: what the subject believes", belief_blocks(run, analysis)
    yield "judge", "Trust in the judge", trust_blocks(analysis.trust, analysis.agreement, analysis.judge)
    yield "referee", "What a referee would ask", _referee(analysis)
    if choices.examples:
        examples = tuple(
            block
            for table in tables
            for block in example_blocks(run, table, analysis.judge, seed=choices.seed, each=choices.examples)
        )
        yield "examples", "Transcripts behind the claims", examples
    methods = Text((methods_paragraph(run, analysis, sources),), "paper")
    yield "methods", "Methods, ready for a paper", (methods,)
    yield "plan", "What was planned, and what is exploratory", plan_blocks(run, analysis)
    yield "cost", "Cost", cost_blocks(run)
    yield "provenance", "Provenance", provenance_blocks(run, analysis, sources)


def _referee(analysis: Analysis) -> tuple[Block, ...]:
    if not analysis.questions:
        return (Text(("Nothing that the program looks for; a run without a question may still be wrong.",)),)
    return (Points(tuple((each.text, f"{each.why} {each.what_to_do}") for each in analysis.questions)),)
