"""The table of effects as the results screen lays it out: rows, their order, the columns that fit. No Textual here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from am_studio.foundation.cells import cells
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.plainly import facts_line
from am_studio.records import Counts, Effect, EffectTable, Rate
from am_studio.reports.effect_table import Column, Row, Sheet
from am_studio.reports.effect_told import column_facts
from am_studio.reports.forest import forest_cell, zero_cell
from am_studio.reports.numbers import points
from am_studio.reports.sentence import effect_sentence

_PRIORITY = (
    "removed", "against", "k", "n", "difference", "forest", "p_adjusted", "conclusion", "rate", "p", "rate_interval",
    "ratio", "more", "detectable", "bounds",
)  # fmt: skip
"""Which columns come first where room is short; the others follow in the table's order."""
_LABEL_WIDTHS = (16, 44)
_FOREST_WIDTHS = (9, 41)
_FAIR = (("removed", 26), ("forest", 21))
"""Widths that labels and forest have before columns of lesser weight come in."""
_GAP = 2
"""Characters that a column takes beside its text."""
_SORT_MARKS = {False: " ▲", True: " ▼"}
_ANSWERS = {"k": "yes", "unclear": "unclear"}
"""Columns that count the trials with one answer."""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One arm: its texts by column, and the numbers to sort by."""

    arm: str
    texts: Mapping[str, str]
    numbers: Mapping[str, float | str]
    """What there is no number for is not in it."""
    span: tuple[float, float, float] | None
    """Low, estimate and high of the difference."""
    clear: bool
    """Whether the interval leaves 0 out."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column as it is shown."""

    key: str
    title: str
    width: int
    right: bool


@dataclass(frozen=True, slots=True)
class Order:
    """How the rows are sorted; the baseline stays on top."""

    key: str = ""
    """A column; empty: the study's own order."""
    falling: bool = False

    def by(self, key: str) -> Order:
        """The order after a column was asked for: rising, then falling, then the study's own again."""
        if key != self.key:
            return Order(key)
        return Order() if self.falling else Order(key, falling=True)


def result_rows(table: EffectTable, sheet: Sheet) -> tuple[ResultRow, ...]:
    """The sheet's rows, with k and n apart so that each can be opened."""
    effects: list[Effect | None] = [None, *table.effects]
    return tuple(_result_row(table, sheet, row, effect) for row, effect in zip(sheet.rows, effects, strict=True))


def _result_row(table: EffectTable, sheet: Sheet, row: Row, effect: Effect | None) -> ResultRow:
    texts = {column.key: text for column, text in zip(sheet.columns, row.cells, strict=True)}
    counts, rate = (effect.counts, effect.rate) if effect else (table.baseline, table.baseline_rate)
    texts |= {"k": str(rate.k), "n": str(rate.n)}
    found = {**_count_numbers(counts, rate), **_effect_numbers(effect), "removed": texts["removed"].casefold()}
    return ResultRow(
        row.arm, texts, {key: value for key, value in found.items() if value is not None}, row.span, row.clear
    )


def _count_numbers(counts: Counts, rate: Rate) -> dict[str, float | str | None]:
    return {
        "k": rate.k,
        "n": rate.n,
        "rate": rate.value,
        "rate_interval": rate.interval.low if rate.interval else None,
        "refused": counts.refused,
        "unclear": counts.unclear,
        "truncated": counts.truncated,
        "failed": counts.failed,
    }


def _effect_numbers(effect: Effect | None) -> dict[str, float | str | None]:
    if effect is None:
        return {}
    return {
        "difference": effect.difference,
        "forest": effect.difference,
        "p": effect.p,
        "p_adjusted": effect.p_adjusted,
        "bounds": effect.worst_best[0] if effect.worst_best else None,
        "against": effect.against_rate.value,
        "conclusion": effect.conclusion,
        "more": effect.more_trials,
        "detectable": effect.detectable,
        "ratio": effect.ratio.value,
    }


def ordered(rows: Sequence[ResultRow], order: Order) -> tuple[ResultRow, ...]:
    """The rows in this order: the baseline first, rows without the number last."""
    if not order.key or not rows:
        return tuple(rows)
    having = [row for row in rows[1:] if order.key in row.numbers]
    lacking = [row for row in rows[1:] if order.key not in row.numbers]
    having.sort(key=lambda row: row.numbers[order.key], reverse=order.falling)
    return (rows[0], *having, *lacking)


def fitting_columns(sheet: Sheet, rows: Sequence[ResultRow], width: int, order: Order) -> tuple[ResultColumn, ...]:
    """The columns that fit into this many characters, in the table's order; labels and forest share what is left."""
    everything = [_measured(column, rows, order) for column in _split(sheet.columns)]
    places = {column.key: place for place, column in enumerate(everything)}
    essential = {"k", "n", *(column.key for column in sheet.columns if column.essential)}
    ranks = {key: rank for rank, key in enumerate(_PRIORITY)}
    room, kept = width, list[ResultColumn]()
    for column in sorted(everything, key=lambda column: (ranks.get(column.key, len(ranks)), places[column.key])):
        fair = 0 if column.key in essential else _still_wanted(kept)
        if column.width + _GAP + fair <= room or not kept:
            kept.append(column)
            room -= column.width + _GAP
    kept.sort(key=lambda column: places[column.key])
    return _stretched(kept, rows, room)


def _still_wanted(kept: Sequence[ResultColumn]) -> int:
    fair = dict(_FAIR)
    return sum(max(fair[column.key] - column.width, 0) for column in kept if column.key in fair)


def _split(columns: Sequence[Column]) -> list[Column]:
    """The columns with `k/n` as two."""
    found = []
    for column in columns:
        found += [Column("k", "yes"), Column("n", "n")] if column.key == "kn" else [column]
    return found


def _measured(column: Column, rows: Sequence[ResultRow], order: Order) -> ResultColumn:
    title = column.title + (_SORT_MARKS[order.falling] if column.key == order.key else "")
    if column.key == "forest":
        return ResultColumn(column.key, title, _FOREST_WIDTHS[0], right=False)
    widest = max([cells(title), *(cells(row.texts.get(column.key, "")) for row in rows)])
    width = min(widest, _LABEL_WIDTHS[0]) if column.key == "removed" else widest
    return ResultColumn(column.key, title, width, column.align == "right")


def _stretched(columns: Sequence[ResultColumn], rows: Sequence[ResultRow], spare: int) -> tuple[ResultColumn, ...]:
    longest = max((cells(row.texts["removed"]) for row in rows), default=0)
    most = {"removed": min(longest, _LABEL_WIDTHS[1]), "forest": _FOREST_WIDTHS[1]}
    widths = {column.key: column.width for column in columns}
    for key, wanted in (*_FAIR, *most.items()):
        if key in widths:
            more = min(max(min(wanted, most[key]) - widths[key], 0), max(spare, 0))
            widths[key] += more
            spare -= more
    return tuple(replace(column, width=widths[column.key]) for column in columns)


def shown_title(column: ResultColumn, sheet: Sheet) -> str:
    """The column's head; the forest's has the ends of its axis, in points."""
    if column.key != "forest":
        return column.title
    left, right = (points(end) for end in sheet.axis)
    return left + column.title.strip().center(max(column.width - len(left) - len(right), 1)) + right


def shown_cell(row: ResultRow, column: ResultColumn, sheet: Sheet) -> str:
    """What stands in a cell."""
    if column.key != "forest":
        return one_line(row.texts.get(column.key, ""), column.width)
    lo, hi = sheet.axis
    if row.span is None:
        return zero_cell(column.width, lo=lo, hi=hi)
    return forest_cell(*row.span, column.width, lo=lo, hi=hi)


def told_columns(sheet: Sheet) -> tuple[ResultColumn, ...]:
    """What a sentence tells, in the table's order: everything but what is drawn."""
    return tuple(
        ResultColumn(column.key, column.title, 0, right=False)
        for column in _split(sheet.columns)
        if column.key != "forest"
    )


def row_told(row: ResultRow, columns: Sequence[ResultColumn]) -> str:
    """The row as a sentence."""
    return "; ".join(filter(None, (fact_told(row, column) for column in columns)))


def fact_told(row: ResultRow, column: ResultColumn) -> str:
    """One fact of it: `effect: -71 points; interval: -83 to -55`."""
    return facts_line(column_facts(Column(column.key, column.title), row.texts.get(column.key, "")))


def answer_behind(column: str) -> str:
    """Which answers the trials behind a number of this column have; empty: any."""
    return _ANSWERS.get(column, "")


def row_details(table: EffectTable, row: ResultRow, columns: Sequence[ResultColumn], sheet: Sheet) -> str:
    """The row in a sentence, and what the columns say that do not fit."""
    effect = next((effect for effect in table.effects if effect.arm == row.arm), None)
    name = table.baseline_label
    told = (
        effect_sentence(table, effect)
        if effect
        else f"{name[:1].upper()}{name[1:]}: {row.texts.get('rate', 'no trial yet')}"
    )
    shown = {column.key for column in columns}
    hidden = [
        f"{column.title} {row.texts[column.key]}"
        for column in _split(sheet.columns)
        if column.key not in shown and row.texts.get(column.key)
    ]
    return "\n".join(filter(None, (told, " · ".join(hidden))))
