"""A table for Arrow and Parquet: typed columns, categories as dictionaries, what each column means as its metadata.

pyarrow is loaded here and nowhere else. Rows are written in groups, so that a table of any length needs the memory of one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, BinaryIO

from am_studio.reports.tables.columns import Cell, Column, Table, microseconds

GROUP = 8_192
"""Rows that are written together."""


@cache
def _types() -> dict[str, Any]:
    """The Arrow type of each kind of column."""
    import pyarrow as pa

    return {
        "bool": pa.bool_(),
        "int": pa.int64(),
        "float": pa.float64(),
        "text": pa.string(),
        "category": pa.dictionary(pa.int32(), pa.string()),
        "time": pa.timestamp("us", tz="UTC"),
    }


def schema_of(table: Table) -> Any:
    """The Arrow schema; a field's metadata has `about`, the table's has where it comes from."""
    import pyarrow as pa

    fields = [
        pa.field(column.name, _types()[column.kind], metadata={"about": column.about}) for column in table.columns
    ]
    return pa.schema(fields, metadata={"am_studio": json.dumps({"format": 1, "table": table.name, **table.about})})


def arrow_table(table: Table) -> Any:
    """The whole table; categories of all groups are made one."""
    import pyarrow as pa

    schema = schema_of(table)
    return pa.Table.from_batches(list(_batches(table, schema)), schema).unify_dictionaries()


def write_parquet(table: Table, file: BinaryIO) -> int:
    """Write the table; how many rows."""
    from pyarrow.parquet import ParquetWriter

    schema, number = schema_of(table), 0
    with ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(table, schema):
            writer.write_batch(batch)
            number += batch.num_rows
    return number


def _batches(table: Table, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    rows = table.rows()
    while group := list(islice(rows, GROUP)):
        values = list(zip(*group, strict=True))
        arrays = [_array(column, cells) for column, cells in zip(table.columns, values, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(column: Column, cells: tuple[Cell, ...]) -> Any:
    import pyarrow as pa

    if column.kind == "category":
        # Declared levels first, in their order, then what came besides.
        texts = [None if cell is None else _text(cell) for cell in cells]
        levels = list(dict.fromkeys([*column.levels, *(text for text in texts if text is not None)]))
        numbers = {level: number for number, level in enumerate(levels)}
        codes = pa.array([None if text is None else numbers[text] for text in texts], pa.int32())
        return pa.DictionaryArray.from_arrays(codes, pa.array(levels, pa.string()))
    if column.kind == "time":
        moments = [None if cell is None else microseconds(float(cell)) for cell in cells]
        return pa.array(moments, pa.int64()).cast(pa.timestamp("us")).cast(_types()["time"])
    if column.kind == "text":
        return pa.array([None if cell is None else _text(cell) for cell in cells], pa.string())
    if column.kind == "float":
        numbers_ = [None if cell is None or math.isnan(float(cell)) else float(cell) for cell in cells]
        return pa.array(numbers_, pa.float64())
    return pa.array(list(cells), _types()[column.kind])


def _text(cell: Cell) -> str:
    """A text as UTF-8 can hold it: lone surrogates become question marks."""
    return str(cell).encode("utf-8", "replace").decode()
