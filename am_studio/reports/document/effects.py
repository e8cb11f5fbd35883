"""The effects of one model as blocks: the finding, the forest plot, the tables, interactions and what belongs to them.

Computes nothing: every number is the `EffectTable`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from am_studio.records import EffectTable, Interaction
from am_studio.reports.document.blocks import Bar, Block, Cell, Figure, Folded, Grid, Points, Text, grid
from am_studio.reports.effect_table import SIMULATED, Column, Sheet, Source, effect_sheet
from am_studio.reports.forest import forest_axis
from am_studio.reports.nuisance_tables import nuisance_lines
from am_studio.reports.numbers import p_text, percent, points
from am_studio.reports.plots.drawings import Forest, ForestRow
from am_studio.reports.sentence import effect_sentence, finding
from am_studio.reports.side_tables import MOST_SHOWN, estimate_text, side_lines
from am_studio.reports.wording import HEADS, TITLES

MOST_SENTENCES = 40
_UNITS = {
    "local": "rate without the detail minus rate with it, percentage points",
    "average": "rate with it removed minus rate with it in place, percentage points",
    "alone": "rate with the detail alone minus rate with none, percentage points",
    "level": "rate at the level minus rate at baseline, percentage points",
    "contrast": "rate of the variant minus rate of the reference, percentage points",
}
_SHORT = ("conclusion",)
"""Columns that a page shows beside the essential ones."""


def effect_blocks(table: EffectTable, source: Source, name: str) -> tuple[Block, ...]:
    """Everything about the effects in one model; `name` makes the names of its plots unique."""
    return tuple(_blocks(table, source, name))


def _blocks(table: EffectTable, source: Source, name: str) -> Iterator[Block]:
    sheet = effect_sheet(table, source)
    yield Text((finding(table),))
    yield forest_figure(table, f"effects-{name}")
    yield effect_grid(sheet)
    yield rate_figure(table, f"rates-{name}")
    rest = [0, *(n for n, column in enumerate(sheet.columns) if n and not _first(column))]
    told = tuple(effect_sentence(table, effect) for effect in table.effects[:MOST_SENTENCES])
    yield Folded("Rates, ratios and how each trial ended", (_grid(sheet, "The same arms: more figures", rest),))
    yield Folded("Each change in a sentence", (Points(tuple(("", each) for each in told)),))
    yield from _interactions(table, name)
    beside = side_lines(table)
    if table.attributions or table.stops:
        yield Folded("Stops, attributions and interactions in figures", (Text(("\n".join(beside),), "paper"),))
    nuisance = nuisance_lines(table)
    if nuisance:
        yield Folded("Nuisance factors and sessions held apart", (Text(("\n".join(nuisance),), "paper"),))
    if sheet.notes:
        yield Points(tuple(("", note) for note in sheet.notes))
    yield Folded("How to read these figures", (Points(tuple(("", line) for line in sheet.legend)),))


def effect_grid(sheet: Sheet) -> Grid:
    """The table with the columns that come first."""
    return _grid(sheet, sheet.title, [n for n, column in enumerate(sheet.columns) if _first(column)])


def _first(column: Column) -> bool:
    return column.essential or column.key in _SHORT


def _grid(sheet: Sheet, caption: str, numbers: list[int]) -> Grid:
    rows = tuple(
        tuple(
            Bar(row.span, sheet.axis, row.clear) if sheet.columns[number].key == "forest" else row.cells[number]
            for number in numbers
        )
        for row in sheet.rows
    )
    columns = tuple(sheet.columns[number] for number in numbers)
    strong = frozenset(number for number, row in enumerate(sheet.rows) if row.clear)
    return Grid(caption, columns, rows, strong=strong)


def forest_figure(table: EffectTable, name: str) -> Figure:
    """The forest plot of a table."""
    rate = table.baseline_rate
    rows = [ForestRow(table.baseline_label, None, f"{rate.k}/{rate.n}", "")]
    for effect in table.effects:
        span = None
        if effect.interval is not None and effect.difference is not None:
            span = (effect.interval.low, effect.difference, effect.interval.high)
        text = estimate_text(effect.difference, effect.interval)
        clear = span is not None and not span[0] <= 0 <= span[2]
        rows.append(ForestRow(effect.label, span, f"{effect.rate.k}/{effect.rate.n}", text, clear))
    told = "; ".join(f"{row.label} {row.text}" for row in rows[1:13] if row.text)
    more = f"; and {len(rows) - 13} more, in the table" if len(rows) > 13 else ""
    axis = forest_axis(effect.interval for effect in table.effects)
    return Figure(
        slug(name),
        Forest(_title(table), tuple(rows), axis, _UNITS[table.kind], SIMULATED if table.simulated else ""),
        f"Forest plot of the change of the rate of {table.outcome} in {table.model}, in percentage points with intervals: "
        f"{told}{more}.",
        f"{HEADS[table.kind].capitalize()}: change of the rate of {table.outcome} in {table.model}, {TITLES[table.kind]}. "
        "A filled dot on a thick line: the interval leaves 0 out.",
    )


def rate_figure(table: EffectTable, name: str) -> Figure:
    """The rates of a table by arm, with Wilson's intervals."""
    groups = [(table.baseline_label, table.baseline_rate), *((e.label, e.rate) for e in table.effects)]
    rows = []
    for label, rate in groups:
        if rate.value is not None and rate.interval is not None:
            span = (rate.interval.low, rate.value, rate.interval.high)
            ends = f"{percent(rate.value)}% [{percent(span[0])}, {percent(span[2])}]"
            rows.append(ForestRow(label, span, f"{rate.k}/{rate.n}", ends, True))
    told = "; ".join(f"{row.label} {row.text}" for row in rows[:13])
    stamp = SIMULATED if table.simulated else ""
    title = f"Rate of {table.outcome} in {table.model}, by arm"
    return Figure(
        slug(name),
        Forest(title, tuple(rows), (0.0, 1.0), "trials with the outcome, % of completed trials", stamp, zero=False),
        f"Rates of {table.outcome} in {table.model} by arm, with 95 % intervals: {told}.",
        f"Rates by arm: {table.outcome} in {table.model}, yes / completed, with Wilson's intervals.",
    )


def _interactions(table: EffectTable, name: str) -> Iterator[Block]:
    if not table.interactions:
        return
    shown = sorted(table.interactions, key=lambda each: 2.0 if each.p is None else each.p)
    axis = _wide(shown)
    note = "What removing both does beyond the sum of one by one, in points (MOVER of Wilson intervals, test alike)."
    cut = f" The {MOST_SHOWN} least likely by chance are shown, of {len(shown)}." if len(shown) > MOST_SHOWN else ""
    rows: list[tuple[Cell, ...]] = []
    drawn: list[ForestRow] = []
    for each in shown[:MOST_SHOWN]:
        span = None
        if each.interval is not None and each.estimate is not None:
            span = (each.interval.low, each.estimate, each.interval.high)
        clear = span is not None and not span[0] <= 0 <= span[2]
        text = estimate_text(each.estimate, each.interval)
        cells = ", ".join(f"{rate.k}/{rate.n}" for rate in each.cells)
        rows.append((each.label, text, Bar(span, axis, clear), p(each.p), p(each.p_adjusted), cells))
        drawn.append(ForestRow(each.label, span, "", text, clear))
    stamp = SIMULATED if table.simulated else ""
    unit = "difference of differences, percentage points"
    yield Figure(
        slug(f"interactions-{name}"),
        Forest(f"Interactions: {table.outcome} in {table.model}", tuple(drawn), axis, unit, stamp),
        "Forest plot of interactions: " + "; ".join(f"{row.label} {row.text}" for row in drawn) + ".",
        f"Interactions of details: {table.outcome} in {table.model}.",
    )
    head = ("interaction", "diff. of diff.", "", "p", "adjusted p", "neither, first, second, both")
    yield grid(f"Interactions: {table.outcome} in {table.model}", head, tuple(rows), note + cut)


def _wide(interactions: list[Interaction]) -> tuple[float, float]:
    """The range of interactions, which may leave [-1, 1]."""
    ends = [0.0] + [end for each in interactions if each.interval for end in (each.interval.low, each.interval.high)]
    return min(ends) - 0.05, max(ends) + 0.05


def p(value: float | None) -> str:
    """A p-value; empty without one."""
    return "" if value is None else p_text(value)


def _title(table: EffectTable) -> str:
    return f"{table.outcome} in {table.model}: {TITLES[table.kind]}"


def difference_text(value: float | None) -> str:
    """A difference in points; a dash without one."""
    return "–" if value is None else points(value)


def slug(text: str) -> str:
    """Letters, digits and hyphens, for a file or a place in a page; never empty."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "part"
