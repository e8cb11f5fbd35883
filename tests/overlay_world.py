"""A base and overlays of it in one directory, for the tests of overlays and of what shows them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

WriteOverlay = Callable[..., Path]

PACK = """\
format: 1
name: {name}
version: {version}
title: Theirs
authors: [The Tarn Collective]
license: CC-BY-4.0
content_notice: Fictional mail of a lens grinder.
fictional: true
canary: 3c1f0e52-9b7d-4a86-8f2e-51d09ab7c634
"""


def write_overlay(beside: Path, scenario: str, pack: str = "theirs", name: str = "quiet", **files: str) -> Path:
    """The directory of an overlay of this text, in a pack beside another one; `files` by `emails/010-news.md`."""
    directory = beside / pack / name
    (directory / "emails").mkdir(parents=True, exist_ok=True)
    (beside / pack / "pack.yaml").write_text(PACK.format(name=pack, version="0.2.0"))
    (directory / "scenario.yaml").write_text(textwrap.dedent(scenario).lstrip("\n"))
    for file, text in files.items():
        (directory / file).write_text(textwrap.dedent(text).lstrip("\n"))
    return directory
