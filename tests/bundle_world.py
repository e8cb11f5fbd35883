"""Bundles of small runs, and somebody who alters them: clumsily, or with every hash made to fit again."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from am_studio.reports.bundle.parts import MANIFEST, identity
from am_studio.reports.bundle.writing import BundleOptions, Written, write_bundle
from am_studio.runs.runfile import RunFile

Parts = dict[str, bytes]
Alter = Callable[[Parts], None]


def bundle_of(run: Path, bundle: Path, **options: Any) -> Written:
    with RunFile.open(run) as opened:
        return write_bundle(opened, bundle, BundleOptions(**options))


def parts_of(bundle: Path) -> Parts:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Parts, bundle: Path) -> Path:
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return bundle


def altered(bundle: Path, alter: Alter, *, hashes: bool = True) -> Path:
    """A copy with something altered; with `hashes` the manifest is made to fit again."""
    parts = parts_of(bundle)
    alter(parts)
    if hashes:
        manifest = json.loads(parts[MANIFEST])
        digests = {name: hashlib.sha256(text).hexdigest() for name, text in parts.items() if name != MANIFEST}
        manifest["parts"] = {name: {"sha256": digest, "bytes": len(parts[name])} for name, digest in digests.items()}
        manifest["identity"] = identity(digests)
        parts[MANIFEST] = json.dumps(manifest).encode()
    return packed(parts, bundle.with_name("altered.zip"))


def rows(parts: Parts, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in parts[name].splitlines()]


def put(parts: Parts, name: str, values: list[dict[str, Any]]) -> None:
    parts[name] = "".join(json.dumps(value) + "\n" for value in values).encode()


def change_row(name: str, wanted: Callable[[dict[str, Any]], bool], change: Callable[[dict[str, Any]], None]) -> Alter:
    """Alters the first row of a part that is wanted."""

    def alter(parts: Parts) -> None:
        found = rows(parts, name)
        change(next(row for row in found if wanted(row)))
        put(parts, name, found)

    return alter
