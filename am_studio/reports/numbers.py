"""Numbers as people read them. Rounding never turns a number that is not 0, or not 1, into one that is."""

from __future__ import annotations

MINUS = "−"


def percent(rate: float) -> str:
    """A rate as a percentage without the sign: `38`, `0`, `100`; `99.6` or `0.4` where a whole number would mislead."""
    hundredfold = 100 * rate
    if rate not in {0.0, 1.0} and round(hundredfold) in {0, 100}:
        near_end = min(hundredfold, 100 - hundredfold)
        digits = 1 if near_end >= 0.05 else 2 if near_end >= 0.005 else 3
        return f"{hundredfold:.{digits}f}"
    return f"{hundredfold:.0f}"


def points(difference: float) -> str:
    """A difference of rates in percentage points, with its sign: `−42`, `+7`, `0`; under one point `−0.3`."""
    size = 100 * abs(difference)
    if size < 1e-9:
        return "0"
    return (MINUS if difference < 0 else "+") + (f"{size:.0f}" if size >= 1 else f"{size:.1g}")


def p_text(p: float) -> str:
    """A p-value: `.038`, `<.001`, `1`."""
    if p < 0.001:
        return "<.001"
    told = f"{p:.3f}"
    return told.removeprefix("0") if p < 0.9995 else "1"


def level_text(level: float) -> str:
    """A confidence level: `95 %`."""
    return f"{100 * level:g} %"


def money(amount: float | None) -> str:
    """US dollars, or that nobody knows."""
    if amount is None:
        return "unknown"
    return f"${amount:,.2f}" if amount == 0 or amount >= 0.01 else "under $0.01"


def duration(seconds: float) -> str:
    """`40 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
