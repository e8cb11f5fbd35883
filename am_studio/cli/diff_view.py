"""Differences of texts on a terminal: what went in [-...-], what came in {+...+}, in colour besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from am_studio.scenarios.word_diff import Words


def marked(words: Words, indent: str = "  ") -> Text:
    """The words of a change, every line indented."""
    from rich.text import Text

    from am_studio.foundation.hygiene import visible

    shown = Text(indent)
    for kind, part in words:
        text = visible(part).replace("\n", f"\n{indent}")
        if kind == "gone":
            shown.append(f"[-{text}-]", style="red strike")
        elif kind == "new":
            shown.append("{+" + text + "+}", style="green bold")
        else:
            shown.append(text)
    return shown
