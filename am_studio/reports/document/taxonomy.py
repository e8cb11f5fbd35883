"""Every outcome by arm, what the subjects believe, and one effect over all models: beside the table, and not tested there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from am_studio.foundation.errors import StudioError
from am_studio.records import AcrossModels, EffectTable, Rate
from am_studio.reports.belief_rates import SAYS
from am_studio.reports.document.blocks import Block, Cell, Figure, Grid, Shade, Text, column, grid
from am_studio.reports.document.effects import difference_text, p, slug
from am_studio.reports.document.groups import answers, groups_of, rate_in
from am_studio.reports.effect_table import SIMULATED, excludes_zero
from am_studio.reports.numbers import percent
from am_studio.reports.plots.drawings import Heat, HeatCell
from am_studio.reports.side_tables import estimate_text
from am_studio.runs.analysis import Analysis
from am_studio.runs.beliefs import belief_rates
from am_studio.runs.runfile import RunFile

MOST_ARMS = 10
"""Arms beside the reference in the tables of outcomes; effects first."""


def outcome_blocks(run: RunFile, table: EffectTable, judge: str, name: str) -> Iterator[Block]:
    """The rate of every outcome that the scenarios ask for, by arm, as a table and as a heat map."""
    order = sorted(table.effects, key=lambda effect: effect.conclusion != "effect")[:MOST_ARMS]
    shown = [effect for effect in table.effects if effect in order]
    groups = groups_of(run, table, shown)
    answered = answers(run, judge, table.model)
    asked = {each.name: each for own in run.scenario.every for each in own.questions.outcomes}
    rows: list[tuple[Cell, ...]] = []
    cells: list[tuple[HeatCell, ...]] = []
    names: list[str] = []
    for outcome in asked.values():
        rates = [rate_in(answered.get(outcome.name, {}), group) for group in groups]
        mark = " (harmful)" if outcome.harmful else ""
        rows.append((f"{outcome.label}{mark}", *(Shade(_share(rate), rate.value) for rate in rates)))
        cells.append(tuple(HeatCell(rate.value, _percent(rate)) for rate in rates))
        names.append(outcome.label)
    if not rows or not groups:
        return
    labels = tuple(group.label for group in groups)
    stamp = SIMULATED if table.simulated else ""
    title = f"Every outcome by arm, in {table.model}"
    yield Figure(
        slug(f"outcomes-{name}"),
        Heat(title, tuple(names), labels, tuple(cells), diverging=False, unit="share of trials, %", stamp=stamp),
        f"Heat map of the rate of {len(rows)} outcomes in {len(labels)} groups of trials; the figures are in the table below.",
        f"{title}: share of trials with each outcome, in per cent.",
    )
    note = f"Yes / judged trials, by {judge}. Beside the study's own outcome these are descriptions: no test was planned for them."
    hidden = len(table.effects) - len(shown)
    notes = (note, *((f"{hidden} more arms are left out here.",) if hidden else ()))
    yield grid(title, ("outcome", *labels), tuple(rows), *notes)


def belief_blocks(run: RunFile, analysis: Analysis) -> tuple[Block, ...]:
    """Rates by what the subject says of the situation, with the caution; a sentence where nobody is asked for it."""
    try:
        found = belief_rates(run, analysis.outcome, analysis.judge)
    except StudioError as error:
        return (Text((f"Not known: {error.title}.",), "note"),)
    shown = [each for each in found.pooled() if each.rate.n]
    rows = tuple((each.model, SAYS[each.belief], _share(each.rate), _interval(each.rate)) for each in shown)
    if not rows:
        return (Text(("No trial has been judged yet.",), "note"),)
    caption = f"{found.outcome} by what the subject says of the situation, all arms together (judge {found.judge})"
    columns = (column("model", "left"), column("what it says", "left"), column("rate"), column("95 %"))
    return (Grid(caption, columns, rows), Text((found.caution,), "warning"))


def across_blocks(tables: Sequence[tuple[str, EffectTable]], analysis: Analysis | None, name: str) -> tuple[Block, ...]:
    """The detail × model heat map of several columns, and each effect over all models; () for a single table."""
    if len(tables) < 2:
        return ()
    pooled = [across_grid(analysis.across, "Each effect over all models")] if analysis and analysis.across else []
    return (*_heat(tables, name), *pooled)


def _heat(tables: Sequence[tuple[str, EffectTable]], name: str) -> Iterator[Block]:
    labels: dict[str, str] = {}
    for _, table in tables:
        for effect in table.effects:
            labels.setdefault(effect.arm, effect.label)
    columns = tuple(label for label, _ in tables)
    cells: list[tuple[HeatCell, ...]] = []
    rows: list[tuple[Cell, ...]] = []
    for arm, label in labels.items():
        drawn: list[HeatCell] = []
        written: list[Cell] = [label]
        for _, table in tables:
            found = next((each for each in table.effects if each.arm == arm), None)
            value = found.difference if found else None
            clear = found is not None and excludes_zero(found)
            drawn.append(HeatCell(value, difference_text(value), clear))
            text = estimate_text(value, found.interval) if found else ""
            written.append(Shade(text or "–", value, diverging=True))
        cells.append(tuple(drawn))
        rows.append(tuple(written))
    stamp = SIMULATED if any(table.simulated for _, table in tables) else ""
    unit = "change of the rate, percentage points; framed: the interval leaves 0 out"
    title = f"Change of the rate of {tables[0][1].outcome}, by detail and model"
    yield Figure(
        slug(f"details-by-model-{name}"),
        Heat(title, tuple(labels.values()), columns, tuple(cells), diverging=True, unit=unit, stamp=stamp),
        f"Heat map of {len(labels)} details by {len(columns)} models; the figures are in the table below.",
        f"{title}. Blue: the rate falls; orange: it rises; a frame: the interval leaves 0 out.",
    )
    note = "“An effect here and none there” is no difference: whether an effect depends on the column needs a test of its own."
    yield grid(title, ("detail", *columns), tuple(rows), note)


def across_grid(across: Sequence[AcrossModels], caption: str) -> Grid:
    """Each effect with its strata (models, runs) held apart, and whether it differs between them."""
    rows = tuple(
        (
            each.label,
            estimate_text(each.pooled, each.interval),
            *(p(value) for value in (each.p, each.p_adjusted, each.heterogeneity_p, each.heterogeneity_p_adjusted)),
        )
        for each in across
    )
    head = ("detail", "pooled diff.", "CMH p", "Holm", "differs: p", "Holm of it")
    note = (
        "Pooled: held apart (Mantel-Haenszel weights; Cochran-Mantel-Haenszel test). Differs: whether one common difference "
        "of rates holds for all of them, by Cochran's Q."
    )
    return grid(caption, head, rows, note)


def _percent(rate: Rate) -> str:
    return "–" if rate.value is None else percent(rate.value)


def _share(rate: Rate) -> str:
    return "–" if rate.value is None else f"{percent(rate.value)}% ({rate.k}/{rate.n})"


def _interval(rate: Rate) -> str:
    return "" if rate.interval is None else f"[{percent(rate.interval.low)}, {percent(rate.interval.high)}]"
