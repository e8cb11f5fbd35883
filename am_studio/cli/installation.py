"""Checks what the program stands on: Python, packages, library, runs directory, terminal. Changes and fetches nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from am_studio.foundation.locations import library_roots, runs_directory, shown_path
from am_studio.version import __version__

MALICIOUS_LITELLM = {"1.82.7", "1.82.8"}
"""Releases that stole keys from the machines they were installed on."""
OLDEST_SQLITE = (3, 51, 3)
"""Builds before it can lose committed rows when two connections use one file."""
LEAST_ROOM = 500 << 20
"""Bytes on the disk of the runs; 100,000 trials take about as much."""
_PACKAGES = (
    "aiohttp", "apsw", "firthmodels", "jinja2", "litellm", "platformdirs", "pydantic", "pydoe", "pyyaml", "rich",
    "scipy", "textual", "tiktoken", "zstandard",
)  # fmt: skip

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    state: State
    """`note`: works, but less well; `wrong`: something will not work."""
    about: str
    told: str
    hint: str = ""


def check_installation() -> Iterator[Finding]:
    """Every finding, in a fixed order."""
    yield Finding("ok", "python", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Finding("ok", "program", f"am-studio {__version__}")
    versions = dict(_versions())
    yield _packages(versions)
    yield _litellm(versions.get("litellm", ""))
    yield _sqlite()
    yield _library()
    yield _runs(runs_directory())
    yield _terminal()


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            yield name, ""


def _packages(versions: dict[str, str]) -> Finding:
    absent = [name for name, version in versions.items() if not version]
    if absent:
        return Finding(
            "wrong", "packages", f"missing: {', '.join(absent)}", "install am-studio anew, with its dependencies"
        )
    return Finding("ok", "packages", ", ".join(f"{name} {version}" for name, version in versions.items()))


def _litellm(version: str) -> Finding:
    if version in MALICIOUS_LITELLM:
        return Finding(
            "wrong",
            "litellm",
            f"{version} is one of two malicious releases: it steals keys",
            "remove it, change every key this machine has held, install a current litellm",
        )
    return Finding("ok", "litellm", f"{version or 'none'}: not one of the malicious releases")


def _sqlite() -> Finding:
    try:
        import apsw
    except ImportError as error:
        return Finding("wrong", "sqlite", f"apsw cannot be loaded: {error}", "install am-studio anew")
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")) < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        return Finding("wrong", "sqlite", f"{version} can lose rows", f"install an apsw with SQLite {wanted} or newer")
    return Finding("ok", "sqlite", f"{version}, brought by apsw")


def _library() -> Finding:
    roots = library_roots()
    scenarios = sum(1 for root in roots for _ in root.glob("*/*/scenario.yaml"))
    if not scenarios:
        return Finding("wrong", "library", "no scenario is found", "install am-studio anew, or start in its checkout")
    return Finding("ok", "library", f"{scenarios} scenarios in {', '.join(shown_path(root) for root in roots)}")


def _runs(directory: Path) -> Finding:
    existing = next(place for place in (directory, *directory.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free
    except OSError as error:
        hint = "start where you may write, or say --out FILE"
        return Finding("wrong", "runs", f"{shown_path(directory)}: cannot be written: {error.strerror}", hint)
    told = f"{shown_path(directory)}: can be written, {free / 1e9:,.1f} GB free"
    if free < LEAST_ROOM:
        return Finding("note", "runs", told, "a large run may fill the disk")
    return Finding("ok", "runs", told)


def _terminal() -> Finding:
    if not sys.stdout.isatty():
        return Finding(
            "ok", "terminal", "stdout is no terminal: commands print plain text, the studio cannot open here"
        )
    from rich.console import Console

    columns, lines = shutil.get_terminal_size()
    encoding = (sys.stdout.encoding or "").lower()
    colours = Console().color_system or "no"
    told = f"{os.environ.get('TERM', 'unknown')}, {columns} × {lines}, {colours} colours, {encoding}"
    if not encoding.startswith("utf"):
        return Finding("note", "terminal", told, "signs may be missing: set a UTF-8 locale, such as LANG=C.UTF-8")
    if os.environ.get("TERM") in {None, "dumb"}:
        return Finding("note", "terminal", told, "the studio needs a terminal that can move its cursor")
    if columns < 80 or lines < 24:
        return Finding("note", "terminal", told, "the studio wants at least 80 × 24")
    return Finding("ok", "terminal", told)
