"""What a column of a table is: its name, its kind, what it means. And a table, whose rows come one at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["bool", "int", "float", "text", "category", "time"]
"""`category`: one of few texts. `time`: seconds since 1970 here, a moment in UTC wherever it is written."""
Cell = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    """Lower case letters, digits and underscores."""
    kind: Kind
    about: str
    """What it means, in a sentence."""
    levels: tuple[str, ...] = ()
    """Of a category, in their order; () where they are not known before."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a run. Its rows are read from the run while it is open, as often as they are asked for."""

    name: str
    columns: tuple[Column, ...]
    about: dict[str, str]
    """Where it comes from: study, plan hash, run, stamp."""
    read: Callable[[], Iterator[tuple[Cell, ...]]]

    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """Every row, in the order of the columns."""
        return self.read()

    def dicts(self) -> Iterator[dict[str, Cell]]:
        """Every row by the columns' names."""
        names = [column.name for column in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.read())

    def to_arrow(self) -> Any:
        """The whole table as a `pyarrow.Table`, with what each column means as metadata."""
        from am_studio.reports.tables.parquet import arrow_table

        return arrow_table(self)

    def to_pandas(self) -> Any:
        """The whole table as a pandas DataFrame: categories, nullable types, moments in UTC. pandas has to be installed."""
        import pandas as pd  # type: ignore[import-untyped, unused-ignore]

        types = {
            "bool": pd.BooleanDtype(),
            "int": pd.Int64Dtype(),
            "float": pd.Float64Dtype(),
            "text": pd.StringDtype(),
        }
        return self.to_arrow().to_pandas(types_mapper=lambda arrow: types.get(_kind_of(arrow)))

    def to_polars(self) -> Any:
        """The whole table as a polars DataFrame. polars has to be installed."""
        import polars as pl  # type: ignore[import-not-found, unused-ignore]

        return pl.from_arrow(self.to_arrow())


def _kind_of(arrow: Any) -> str:
    import pyarrow as pa

    kinds = (
        (pa.types.is_boolean, "bool"),
        (pa.types.is_integer, "int"),
        (pa.types.is_floating, "float"),
        (pa.types.is_string, "text"),
    )
    return next((kind for check, kind in kinds if check(arrow)), "")


def microseconds(seconds: float) -> int:
    """Seconds as whole microseconds, which every format has moments in."""
    return round(seconds * 1_000_000)


def column_name(*parts: str) -> str:
    """A column's name from names of details, outcomes, judges: `verdict`, `blackmail` -> `verdict_blackmail`."""
    return "_".join(re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") or "x" for part in parts)


def distinct(names: Iterable[str]) -> list[str]:
    """The names, those that come again with a number behind them."""
    seen: set[str] = set()
    told = []
    for name in names:
        free, number = name, 1
        while free in seen:
            number += 1
            free = f"{name}_{number}"
        seen.add(free)
        told.append(free)
    return told
