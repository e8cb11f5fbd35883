"""Writes a table as CSV, JSON lines or Parquet, a row at a time: no table is ever held.

CSV is UTF-8 with a head line; an empty cell is null, `true` and `false` are booleans, moments are ISO 8601 in UTC. A cell
with a text that a spreadsheet would take for a formula has an apostrophe in front, and no text acts on a screen.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Literal

from am_studio.foundation.hygiene import visible
from am_studio.reports.bundle.parts import row as json_row
from am_studio.reports.tables.columns import Cell, Kind, Table, microseconds

Form = Literal["csv", "jsonl", "parquet"]
FORMULA = tuple("=+-@\t\r|%＝＋－＠")
"""A cell that begins so is a formula to some spreadsheet."""


def write_table(table: Table, form: Form, file: BinaryIO) -> int:
    """Write the table to an open file; how many rows."""
    if form == "parquet":
        from am_studio.reports.tables.parquet import write_parquet

        return write_parquet(table, file)
    lines = _csv_lines(table) if form == "csv" else _json_lines(table)
    number = -1 if form == "csv" else 0
    for line in lines:
        file.write(line)
        number += 1
    return number


def dictionary(*tables: Table) -> dict[str, Any]:
    """What every column of these tables means, as plain JSON."""
    return {
        "format": 1,
        **(tables[0].about if tables else {}),
        "tables": {
            table.name: [
                {
                    "column": column.name,
                    "kind": column.kind,
                    **({"levels": list(column.levels)} if column.levels else {}),
                    "about": column.about,
                }
                for column in table.columns
            ]
            for table in tables
        },
    }


def safe_cell(text: str) -> str:
    """A text as a cell of a sheet: visible, and no formula."""
    plain = visible(text)
    return f"'{plain}" if plain.startswith(FORMULA) else plain


def moment(seconds: float) -> str:
    """Seconds since 1970 in ISO 8601, UTC, to the microsecond."""
    at = _EPOCH + timedelta(microseconds=microseconds(seconds))
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN: dict[Kind, Callable[[Any], Any]] = {
    "bool": bool, "int": int, "float": float, "text": str, "category": str, "time": moment,
}  # fmt: skip


def _csv_lines(table: Table) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    kinds = [column.kind for column in table.columns]
    writer.writerow(column.name for column in table.columns)
    yield buffer.getvalue().encode()
    for row in table.rows():
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(_cell(kind, value) for kind, value in zip(kinds, row, strict=True))
        yield buffer.getvalue().encode("utf-8", "replace")


def _cell(kind: Kind, value: Cell) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if kind == "bool":
        return "true" if value else "false"
    if kind in ("text", "category"):
        return safe_cell(str(value))
    return moment(float(value)) if kind == "time" else repr(value)


def _json_lines(table: Table) -> Iterator[bytes]:
    columns: list[tuple[str, Callable[[Any], Any]]] = [(column.name, _PLAIN[column.kind]) for column in table.columns]
    for row in table.rows():
        yield json_row(
            {name: None if value is None else plain(value) for (name, plain), value in zip(columns, row, strict=True)}
        )


def dictionary_bytes(*tables: Table) -> bytes:
    """`dictionary` as a file."""
    return json.dumps(dictionary(*tables), indent=2, ensure_ascii=False).encode() + b"\n"
