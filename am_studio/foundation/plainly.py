"""Whether this process tells everything plainly: one fact a line, nothing drawn, for screen readers and for scripts.

It is said once for the whole process: by `--plain`, by `AM_STUDIO_PLAIN` in the environment, which reaches processes that are
started from it, or by the studio's setting `tables: linear`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from am_studio.foundation.hygiene import one_line

VARIABLE = "AM_STUDIO_PLAIN"
"""Environment variable that asks for it; empty and `0` do not."""
_said: bool | None = None


def plainly() -> bool:
    """Whether to tell plainly."""
    return os.environ.get(VARIABLE, "") not in {"", "0"} if _said is None else _said


def tell_plainly(on: bool | None) -> bool | None:
    """Tell plainly from here on, or not, or (None) as the environment says; gives what was said before."""
    global _said
    before, _said = _said, on
    return before


def facts_line(facts: Iterable[tuple[str, str]]) -> str:
    """`name: value; name: value`. What has no value is left out; a fact without a name is its value alone."""
    told = [(one_line(name).rstrip(":"), one_line(value)) for name, value in facts]
    return "; ".join(f"{name}: {value}" if name else value for name, value in told if value)


def rows_told(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The rows of a table of strangers' texts, a sentence each; nothing in a cell is changed."""
    return [facts_line(zip(titles, row, strict=False)) for row in rows]


def figures_told(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The rows of a table of ours, a sentence each: signs in its figures become words."""
    named = [spoken(title.replace("[", "(").replace("]", ")")) for title in titles]
    return [facts_line(zip(named, (row[0], *map(spoken, row[1:])), strict=False)) for row in rows]


def spoken(text: str) -> str:
    """A figure with its signs as words: `−71 [−83, −55]` is `-71, interval -83 to -55`. Not for strangers' text."""
    return _INTERVAL.sub(_interval, text).translate(_SIGNS).strip()


def _interval(found: re.Match[str]) -> str:
    return f"{', ' if found[1] else ''}interval {found[2]} to {found[3]}"


_INTERVAL = re.compile(r"((?<=\S) )?\[([+−-]?[\d.,%∞]+?), ([+−-]?[\d.,%∞]+?)\]")
_SIGNS = str.maketrans({"−": "-"})
