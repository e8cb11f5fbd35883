"""The colours of plots (Okabe and Ito's palette, told apart by the colour-blind) and what a font can show.

Plots inside a page follow its light or dark scheme: the few colours below are written as variables there.
"""

from __future__ import annotations

from functools import lru_cache

from am_studio.foundation.hygiene import one_line

PAPER, INK, MUTED, RULE, CLEAR, OPEN = "#fefefe", "#1a1c20", "#5b6068", "#c9cdd2", "#0072b2", "#5a6169"
"""Background, text, lesser text, lines; a mark whose interval leaves 0 out, and one whose interval does not."""
DARK = {PAPER: "#16181d", INK: "#e9ebee", MUTED: "#a7adb6", RULE: "#434a54", CLEAR: "#56b4e9", OPEN: "#b4bac2"}
"""What stands for each of them on a dark page."""
LOWER, HIGHER, MIDDLE = (0, 114, 178), (213, 94, 0), (247, 247, 247)
"""Ends and middle of colours about 0 (blue: the rate falls; vermilion: it rises); shares run from the middle to blue."""
UNSHOWN = "□"
"""Stands for a character that the plots' font does not have."""


def heat_colour(value: float | None) -> str:
    """The colour of a value in [-1, 1], as `#rrggbb`; white for none."""
    if value is None:
        return "#ffffff"
    end, share = (HIGHER if value > 0 else LOWER), min(abs(value), 1.0)
    return "#" + "".join(f"{round(m + (e - m) * share):02x}" for m, e in zip(MIDDLE, end, strict=True))


def text_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour (WCAG 2's relative luminance)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#000000" if luminance > 0.179 else "#ffffff"


def drawable(text: str, width: int = 0) -> str:
    """The text on one line, cut to `width`, with a box for every character that the plots' font lacks."""
    known = _characters()
    return "".join(c if ord(c) in known else UNSHOWN for c in one_line(text, width))


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    from pathlib import Path

    import matplotlib as mpl
    from matplotlib.ft2font import FT2Font

    font = FT2Font(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"))
    return frozenset(font.get_charmap())
