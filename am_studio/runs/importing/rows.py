"""Rows of a source, each a mapping with the place it came from: JSONL, JSON, CSV, Parquet, or a folder of JSON files.

One row that cannot be read refuses the whole source, with its place. Sizes are capped; names in a folder come from the disk,
never from what a file says.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from am_studio.foundation.errors import StudioError

MOST_BYTES = 512 * 1024 * 1024
MOST_ROWS = 1_000_000
MOST_FILE = 16 * 1024 * 1024
"""Bytes of one file in a folder."""
REPLY_FILES = ("response.json", "reply.json")


class Row(NamedTuple):
    """One row."""

    where: str
    """Such as `replies.jsonl: line 3`."""
    values: dict[str, Any]


class Rows(NamedTuple):
    """The rows of a source."""

    rows: tuple[Row, ...]
    files: tuple[tuple[str, str], ...]
    """(name, `sha256:` and the digest of its bytes) pairs."""
    modified: float
    """When the newest of the files was last changed, in seconds since 1970."""


def read_rows(source: Path) -> Rows:
    """The rows of a file or folder; StudioError that names what cannot be read, and where."""
    if source.is_dir():
        return _folder(source)
    content = _bytes(source, MOST_BYTES)
    name, kind = source.name, source.suffix.lower()
    if kind in (".jsonl", ".ndjson"):
        rows = list(_lines(content, name))
    elif kind == ".json":
        rows = list(_json(content, name))
    elif kind in (".csv", ".tsv"):
        rows = list(_csv(content, name, "\t" if kind == ".tsv" else ","))
    elif kind in (".parquet", ".pq"):
        rows = list(_parquet(content, name))
    else:
        known = ".jsonl, .json, .csv, .tsv, .parquet, or a folder"
        raise StudioError(f"{source}: what kind of file this is cannot be told from its name", hint=f"known: {known}")
    if not rows:
        raise StudioError(f"{source} has no rows")
    return Rows(tuple(rows), ((name, _digest(content)),), source.stat().st_mtime)


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise StudioError(f"{path} cannot be read", error.strerror or str(error)) from error
    if len(content) > most:
        raise StudioError(f"{path} is larger than {most:,} bytes", hint="import it in parts")
    return content


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise StudioError(f"{name} is not UTF-8 text", f"line {line}, byte {error.start}: {error.reason}") from error


def _lines(content: bytes, name: str) -> Iterator[Row]:
    # Not splitlines: a JSON text may hold U+2028 and other line ends as they are.
    for number, line in enumerate(_text(content, name).split("\n"), start=1):
        if line.strip():
            yield Row(f"{name}: line {number}", _object(line, f"{name}: line {number}"))


def _json(content: bytes, name: str) -> Iterator[Row]:
    loaded = _loaded(_text(content, name), name)
    if isinstance(loaded, dict):
        lists = [
            key for key, value in loaded.items() if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        if len(lists) == 1 and not any(key in loaded for key in ("response", "reply", "completion", "messages")):
            loaded = loaded[lists[0]]
    for number, value in enumerate(loaded if isinstance(loaded, list) else [loaded], start=1):
        where = f"{name}: row {number}"
        if not isinstance(value, dict):
            raise StudioError(f"{where} is no JSON object")
        yield Row(where, value)


def _loaded(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise StudioError(f"{where} is nested too deeply") from None
    except ValueError as error:
        raise StudioError(f"{where} is not whole JSON", str(error)) from error


def _object(text: str, where: str) -> dict[str, Any]:
    value = _loaded(text, where)
    if not isinstance(value, dict):
        raise StudioError(f"{where} is no JSON object")
    return value


def _csv(content: bytes, name: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MOST_FILE)
    reader = csv.reader(io.StringIO(_text(content, name), newline=""), delimiter=delimiter, strict=True)
    try:
        head = next(reader, [])
        if len(set(head)) < len(head):
            twice = next(column for column in head if head.count(column) > 1)
            raise StudioError(f"{name}: the column '{twice}' is there twice")
        for cells in reader:
            if not any(cells):
                continue
            where = f"{name}: line {reader.line_num}"
            if len(cells) != len(head):
                raise StudioError(f"{where} has {len(cells)} cells, the first line has {len(head)}")
            yield Row(where, dict(zip(head, cells, strict=True)))
    except csv.Error as error:
        raise StudioError(f"{name} is no CSV", f"line {reader.line_num}: {error}") from error


def _parquet(content: bytes, name: str) -> Iterator[Row]:
    import pyarrow as pa  # takes its time
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        if file.metadata.num_rows > MOST_ROWS:
            raise StudioError(f"{name} has more than {MOST_ROWS:,} rows")
        number = 0
        for batch in file.iter_batches(batch_size=1000):
            for values in batch.to_pylist():
                number += 1
                yield Row(f"{name}: row {number}", values)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StudioError(f"{name} cannot be read as Parquet", str(error)) from error


def _folder(source: Path) -> Rows:
    """Every reply file below, or where there is none, every JSON file; folders on the way become columns."""
    every = sorted(path for path in source.rglob("*.json") if path.is_file() and not path.is_symlink())
    files = [path for path in every if path.name in REPLY_FILES] or every
    if not files:
        raise StudioError(f"{source} has no response.json, and no other JSON file")
    if len(files) > MOST_ROWS:
        raise StudioError(f"{source} has more than {MOST_ROWS:,} files")
    rows, digests, total = [], [], 0
    for path in files:
        content, name = _bytes(path, MOST_FILE), path.relative_to(source).as_posix()
        total += len(content)
        if total > MOST_BYTES:
            raise StudioError(f"{source} has more than {MOST_BYTES:,} bytes", hint="import it in parts")
        folders = {f"folder{depth}": part for depth, part in enumerate(Path(name).parts[:-1], start=1)}
        rows.append(Row(name, {**folders, **_object(_text(content, name), name)}))
        digests.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    whole = _digest("".join(digests).encode("utf-8", "surrogatepass"))
    return Rows(tuple(rows), ((source.resolve().name, whole),), max(path.stat().st_mtime for path in files))
