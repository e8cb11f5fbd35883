"""A table of effects as sentences, a row each: for screen readers, and for whoever searches text. Computes nothing.

`detail: Deadline; yes: 4 of 24; rate: 17%; effect: -54 points; interval: -72 to -30; ...`
"""

from __future__ import annotations

from am_studio.foundation.plainly import facts_line, spoken
from am_studio.reports.effect_table import Column, Row, Sheet

_NAMES = {"removed": "detail"}
"""Heads that only make sense over a column."""


def sheet_told(sheet: Sheet) -> list[str]:
    """A sentence a row, the baseline first."""
    return [facts_line(fact for _, fact in row_facts(sheet, row)) for row in sheet.rows]


def row_facts(sheet: Sheet, row: Row) -> list[tuple[str, tuple[str, str]]]:
    """(column, fact) of all that a row says; the forest is left out, for the interval says it."""
    found: list[tuple[str, tuple[str, str]]] = []
    for column, text in zip(sheet.columns, row.cells, strict=True):
        found += [(column.key, fact) for fact in column_facts(column, text)]
    return [(key, fact) for key, fact in found if fact[1]]


def column_facts(column: Column, text: str) -> list[tuple[str, str]]:
    """The facts that a cell tells; the forest tells none of its own."""
    match column.key:
        case "forest":
            return []
        case "removed":
            return [(_NAMES.get(column.title, column.title), text)]
        case "kn" | "against":
            return [("yes" if column.title == "k/n" else f"yes {column.title}", text.replace("/", " of "))]
        case "difference" | "ratio":
            value, _, interval = text.partition(" ")
            name, unit = ("effect", " points") if column.key == "difference" else (column.title, "")
            ends = [(f"{name if unit == '' else ''} interval".strip(), _ends(interval))] if interval else []
            return [(name, f"{spoken(value)}{unit}"), *ends] if text else []
        case "rate_interval":
            return [("rate interval", _ends(text))]
        case _:
            return [(column.title, spoken(text))]


def _ends(text: str) -> str:
    """`[−83, −55]` as `-83 to -55`."""
    return spoken(text).removeprefix("interval ").strip("[]").replace(", ", " to ")


def spoken_legend(sheet: Sheet) -> list[str]:
    """The legend without what it says of drawings."""
    return [spoken(line) for line in sheet.legend if not line.startswith("A filled dot")]
