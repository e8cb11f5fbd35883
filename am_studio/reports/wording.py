"""What each kind of effect is called, in titles, heads and sentences. Words only; no number is made here."""

from __future__ import annotations

from collections.abc import Callable

from am_studio.records import Conclusion, EffectKind, EffectTable
from am_studio.reports.numbers import percent

TITLES: dict[EffectKind, str] = {
    "local": "local effects, in this baseline",
    "average": "average effects, over many contexts",
    "alone": "each detail alone, against all off",
    "level": "other levels, in this baseline",
    "contrast": "named variants",
}
HEADS: dict[EffectKind, str] = {
    "local": "removed",
    "average": "removed",
    "alone": "alone in place",
    "level": "level",
    "contrast": "variant",
}
ROWS: dict[EffectKind, str] = {
    "local": "removals",
    "average": "removals",
    "alone": "details",
    "level": "levels",
    "contrast": "variants",
}
ADJUSTED = {"holm": "Holm p", "benjamini-hochberg": "BH p", "bonferroni": "Bonf. p"}
"""What an adjusted p is called, by the adjustment."""
CONCLUSIONS: dict[Conclusion, str] = {
    "effect": "effect",
    "equivalent": "equivalent",
    "undetermined": "undetermined",
}
_CHANGED: dict[EffectKind, Callable[[str], str]] = {
    "local": lambda label: f"without {label}",
    "average": lambda label: f"with {label} removed, on average,",
    "alone": lambda label: f"with {label} alone",
    "level": lambda label: f"with {label}",
    "contrast": lambda label: f"in {label}",
}


def changed(kind: EffectKind, label: str) -> str:
    """Where the changed rate was seen: `without deadline`, `with deadline alone`."""
    return _CHANGED[kind](label)


def reference(table: EffectTable) -> str:
    """Where the reference rate was seen: `at baseline`, `with all off`, `over all trials`."""
    known = {
        "baseline": "at baseline",
        "all off": "with all off",
        "all trials": "over all trials",
        "found set": "with the found set alone",
    }
    return known.get(table.baseline_label, f"in {table.baseline_label}")


def own_reference(table: EffectTable, label: str) -> str:
    """The same for one effect, which may have a reference of its own."""
    return f"with {label} in place" if table.kind == "average" else reference(table)


def conclusions_told(table: EffectTable) -> str:
    """What each conclusion means in this table, and the figures beside it."""
    p = f"{ADJUSTED[table.adjustment]}" if table.adjustment in ADJUSTED else "p"
    return (
        f"Conclusion: effect: {p} at most {table.alpha:g}. Equivalent: the interval lies within ±{percent(table.margin)} "
        "points. Undetermined: neither can be said; `more n`: about how many more trials of both groups together would "
        "settle it, were the rates as seen. `detects`: the smallest change, in points, that this n finds with 80% power, about."
    )
