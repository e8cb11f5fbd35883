"""Tables of a run into files: one into a file or to stdout, both and what their columns mean into a directory."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import get_args

from am_studio.cli.console import emit_json, say
from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import replacing, write_atomic
from am_studio.foundation.locations import shown_path
from am_studio.reports.tables.columns import Table
from am_studio.reports.tables.effects import effects_table
from am_studio.reports.tables.files import Form, dictionary_bytes, write_table
from am_studio.reports.tables.trials import trials_table
from am_studio.runs.runfile import RunFile

DICTIONARY = "columns.json"


def write_tables(args: argparse.Namespace) -> int:
    """Carry out `export RUN --csv|--jsonl|--parquet DIR|FILE|-`; the exit code."""
    form: Form = next(form for form in get_args(Form) if getattr(args, form) is not None)
    place: Path = getattr(args, form)
    with RunFile.open(args.run) as run:
        tables = {"trials": trials_table(run, text=args.text), "effects": effects_table(run)}
        if str(place) == "-":
            if form == "parquet":
                raise StudioError("Parquet cannot go to stdout", hint="name a file or a directory")
            write_table(tables[args.table], form, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return 0
        if place.suffix == f".{form}":
            _free(place, args)
            rows = {place: _written(tables[args.table], form, place)}
        else:
            rows = _directory(tables, form, place, args)
    if args.json:
        emit_json({"files": [{"file": str(path), "rows": number} for path, number in rows.items()]})
    else:
        stamp = tables["trials"].about["stamp"]
        for path, number in rows.items():
            say(f"{shown_path(path)}: {number:,} rows{', ' + stamp.partition(':')[0] if stamp else ''}")
    return 0


def _directory(tables: dict[str, Table], form: Form, place: Path, args: argparse.Namespace) -> dict[Path, int]:
    if place.is_file():
        raise StudioError(f"{place} is a file", hint=f"name a directory, or a file that ends with .{form}")
    paths = {name: place / f"{name}.{form}" for name in tables}
    for path in (*paths.values(), place / DICTIONARY):
        _free(path, args)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudioError(f"{place} cannot be made", error.strerror or str(error)) from error
    rows = {path: _written(tables[name], form, path) for name, path in paths.items()}
    write_atomic(place / DICTIONARY, dictionary_bytes(*tables.values()))
    return rows


def _written(table: Table, form: Form, path: Path) -> int:
    if not path.parent.is_dir():
        raise StudioError(f"{path} cannot be written", f"there is no directory {path.parent}")
    with replacing(path) as file:
        return write_table(table, form, file)


def _free(path: Path, args: argparse.Namespace) -> None:
    if path.exists() and not args.force:
        raise StudioError(f"{path} exists already", hint="choose another place, or say --force")
