"""Differences as text for widgets: what went in [-...-], what came in {+...+}, in colour besides. Strangers' words are literal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content

from am_studio.scenarios.diff_telling import Change, Line
from am_studio.tui.strangers import MUTED, joined, plain

if TYPE_CHECKING:
    from am_studio.scenarios.word_diff import Words

MOST_SHOWN = 100_000
"""Characters of one part that are drawn: a stranger's file may be megabytes long."""
_STYLES = {"title": "bold underline", "place": "bold", "variant": "bold $text-accent", "plain": "", "field": MUTED}


def told(lines: Iterable[Line | Change]) -> Content:
    """These lines, one below the other; what is beyond all reading is cut, and that is said."""
    shown: list[Content] = []
    left = MOST_SHOWN
    for line in lines:
        if left <= 0:
            return joined(*shown, plain(""), plain(_CUT, MUTED), between="\n")
        if isinstance(line, Line):
            shown += [plain("")] if line.apart and shown else []
            shown.append(joined(plain(line.text, _STYLES[line.kind]), plain(line.more, MUTED)))
            left -= len(line.text)
        else:
            shown.append(marked(_cut(line.words, left), " " * line.indent))
            left -= sum(len(text) for _, text in line.words)
    return joined(*shown, between="\n") if left > 0 else joined(*shown, plain(""), plain(_CUT, MUTED), between="\n")


def _cut(words: Words, left: int) -> Words:
    """The words as far as so many characters go."""
    kept = []
    for kind, text in words:
        kept.append((kind, text[: max(left, 0)]))
        left -= len(text)
    return tuple(kept)


_CUT = "... there is more; `am-studio pack diff` shows all of it"


def marked(words: Words, indent: str) -> Content:
    """The words of a change, every line indented."""
    parts = [plain(indent)]
    for kind, text in words:
        shown = text.replace("\n", f"\n{indent}")
        if kind == "gone":
            parts.append(plain(f"[-{shown}-]", "$text-error strike"))
        elif kind == "new":
            parts.append(plain("{+" + shown + "+}", "bold $text-success"))
        else:
            parts.append(plain(shown))
    return joined(*parts)
