"""The changelog that came with the program: what each version can do that the one before could not."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def changelog() -> str:
    """All of it, in Markdown, the latest version first."""
    return FILE.read_text(encoding="utf-8")
