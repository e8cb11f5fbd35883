"""Strangers' text as Markdown text: whatever it holds, it is read as the characters that it is made of."""

from __future__ import annotations

import re

from am_studio.foundation.hygiene import one_line

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~!$^&])")
_START = re.compile(r"^([-+=]|\d+(?=[.)](?:\s|$)))")
_LINK = re.compile(r"(?i)\b(www)\.|:(?=//)")


def markdown_text(text: str) -> str:
    """The text on one line, with every character escaped that could be markup; to stand anywhere in a line."""
    marked = _MARKS.sub(r"\\\1", one_line(text))
    marked = _LINK.sub(lambda found: f"{found[1]}\\." if found[1] else "\\:", marked)
    return _START.sub(lambda found: f"\\{found[1]}" if not found[1].isdigit() else f"{found[1]}\\", marked)


def markdown_code(text: str) -> str:
    """The text on one line as a code span, whatever backticks are in it."""
    told = one_line(text)
    longest = max((len(run) for run in re.findall("`+", told)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if told.startswith("`") or told.endswith("`") or not told.strip() else ""
    span = f"{fence}{pad}{told}{pad}{fence}"
    return span.replace("|", "\\|")  # in a table a bar ends the cell even inside a code span
