"""What one content of a pack has that another has not, file by file, for somebody who decides whether to take it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from am_studio.scenarios.sharing.contents import PackContents

MOST_LINES = 3_000
"""Beyond this a file is told as changed and not compared line by line, which takes time that grows with the square."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs."""

    path: str
    kind: Literal["added", "removed", "changed"]
    plus: int
    """Lines that are new; 0 where they were not counted."""
    minus: int
    """Lines that are gone."""
    lines: tuple[str, ...]
    """A unified diff; empty for what is not text, or too long."""


def changes_between(before: PackContents, after: PackContents) -> tuple[FileChange, ...]:
    """Every file that differs, by path."""
    paths = sorted({*before.files, *after.files})
    return tuple(
        _change(path, before.files.get(path), after.files.get(path))
        for path in paths
        if before.files.get(path) != after.files.get(path)
    )


def said_otherwise(before: PackContents, after: PackContents) -> tuple[str, ...]:
    """What the packs say of themselves otherwise, a line each: licence, authors, notice, age, which scenarios there are."""
    old, new = before.form, after.form
    fields = (
        ("licence", old.license, new.license),
        ("authors", ", ".join(old.authors), ", ".join(new.authors)),
        ("notice", old.content_notice, new.content_notice),
    )
    lines = [f"{what}: {was} -> {now}" for what, was, now in fields if was != now]
    lines += ["this is an older version"] if _numbers(after.version) < _numbers(before.version) else []
    came_or_went = sorted({*before.scenarios} ^ {*after.scenarios})
    lines += [f"scenario {'added' if name in after.scenarios else 'removed'}: {name}" for name in came_or_went]
    return tuple(lines)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _change(path: str, before: bytes | None, after: bytes | None) -> FileChange:
    kind: Literal["added", "removed", "changed"] = (
        "added" if before is None else "removed" if after is None else "changed"
    )
    old, new = _lines(before), _lines(after)
    if old is None or new is None or len(old) + len(new) > MOST_LINES:
        return FileChange(path, kind, 0, 0, ())
    told = tuple(difflib.unified_diff(old, new, f"before/{path}", f"after/{path}", lineterm=""))
    body = told[2:]
    plus, minus = (sum(line.startswith(sign) for line in body) for sign in "+-")
    return FileChange(path, kind, plus, minus, told)


def _lines(data: bytes | None) -> list[str] | None:
    """The lines of a text; None for what is none."""
    if data is None:
        return []
    try:
        return data.decode().splitlines()
    except UnicodeDecodeError:
        return None
