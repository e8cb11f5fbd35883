"""Findings in plain words, with their uncertainty.

Says what was seen in these trials and how far it could be chance. Never says that a detail causes, explains or is
needed for anything, and never that there is no effect: an interval that includes 0 is called undetermined, or equivalent
where it lies within the margin that the study named beforehand.
"""

from __future__ import annotations

from am_studio.foundation.hygiene import one_line
from am_studio.records import Effect, EffectTable, Rate
from am_studio.reports.effect_table import EXPLORATORY, METHODS, SIMULATED, bracket, excludes_zero
from am_studio.reports.numbers import level_text, p_text, percent, points
from am_studio.reports.wording import changed, own_reference, reference


def finding(table: EffectTable) -> str:
    """The whole table in one sentence: the reference's rate, which changes moved it, which are undetermined.

    Where the design has an answer of its own, that comes first.
    """
    parts = [f"the rate of {table.outcome} in {table.model} was {_share(table.baseline_rate)} {reference(table)}"]
    for lower, word in ((True, "lower"), (False, "higher")):
        clear = [_named(effect, table.alpha) for effect in table.effects if _moved(effect) and _falls(effect) is lower]
        if clear:
            parts.append(f"it was {word} {changed(table.kind, _listed(clear))}".rstrip(","))
    quiet = [effect for effect in table.effects if not _moved(effect)]
    same = [effect.label for effect in quiet if effect.conclusion == "equivalent"]
    if same:
        within = f"changes by less than {percent(table.margin)} points"
        parts.append(f"it {within} {changed(table.kind, _listed(same, 'or'))}".rstrip(","))
    open_ = [effect.label for effect in quiet if effect.conclusion != "equivalent"]
    if open_:
        where = changed(table.kind, _listed(open_, "or"))
        parts.append(f"whether it changes {where} is undetermined")
    told = "; ".join(parts)
    told = f"{table.answer} {told[0].upper()}{told[1:]}" if table.answer else told
    return _sentence(told, table)


def headline(table: EffectTable) -> str:
    """The strongest effect in plain words with its uncertainty, and how many of the changes could be told from chance.

    Only what holds after the adjustment is called a change.
    """
    told = [
        effect for effect in table.effects if effect.conclusion == "effect" and effect.interval and effect.difference
    ]
    same = sum(effect.conclusion == "equivalent" for effect in table.effects)
    if not told:
        number = len(table.effects)
        open_ = (
            f"{same} of {number} are equivalent to none within {percent(table.margin)} points, {number - same} undetermined"
            if same
            else f"all {number} are undetermined, which is not to say absent"
        )
        return _sentence(
            f"no change of the rate of {table.outcome} in {table.model} could be told from chance; it was "
            f"{_share(table.baseline_rate)} {reference(table)}; of the changes, {open_}",
            table,
        )
    strongest = max(told, key=lambda effect: abs(effect.difference or 0.0))
    interval, difference = strongest.interval, strongest.difference or 0.0
    low, high = sorted(abs(100 * end) for end in (interval.low, interval.high)) if interval else (0.0, 0.0)
    where = changed(table.kind, strongest.label).rstrip(",")
    verb, word = ("lower", "fewer") if difference < 0 else ("higher", "more")
    others = (
        f"; {len(told)} of {len(table.effects)} changes could be told from chance" if len(table.effects) > 1 else ""
    )
    between = (
        f"between {low:.0f} and {high:.0f} {word} with {level_text(interval.level)} confidence" if interval else ""
    )
    crossing = interval is not None and interval.low < 0 < interval.high
    span = "" if crossing else f", {between}"
    return _sentence(
        f"{where}, the rate of {table.outcome} in {table.model} was {verb}: {_percent(strongest.rate)} instead of "
        f"{_percent(strongest.against_rate)} of trials, {abs(100 * difference):.0f} points {word}{span}{others}",
        table,
    )


def _percent(rate: Rate) -> str:
    return "unknown" if rate.value is None else f"{percent(rate.value)}%"


def effect_sentence(table: EffectTable, effect: Effect) -> str:
    """One change in one sentence: both rates, the difference with its interval, and what adjusting leaves of it."""
    where = changed(table.kind, effect.label)
    if effect.difference is None or effect.interval is None:
        return _sentence(f"no trial {where} can be compared yet: the change is undetermined", table)
    span = (
        f"{level_text(effect.interval.level)} interval {points(effect.interval.low)} to {points(effect.interval.high)}"
    )
    comma = "" if where.endswith(",") else ","
    rates = (
        f"{where}{comma} the rate of {table.outcome} in {effect.model} was {_share(effect.rate)}, "
        f"{own_reference(table, effect.label)} {_share(effect.against_rate)}"
    )
    if not _moved(effect):
        return _sentence(f"{rates}; {_quiet(table, effect, effect.difference, span)}", table)
    size = points(effect.difference)[1:]
    told = f"{rates}: {size} points {'lower' if _falls(effect) else 'higher'} ({span}{_doubt(table, effect)})"
    return _sentence(told, table)


def _quiet(table: EffectTable, effect: Effect, difference: float, span: str) -> str:
    """What is said of a difference whose interval includes 0."""
    if effect.conclusion == "equivalent":
        within = f"equivalent to none within {percent(table.margin)} points"
        return f"the difference of {points(difference)} points is {within} ({span})"
    told = f"the difference of {points(difference)} points is undetermined ({span} includes 0)"
    return told if effect.more_trials is None else f"{told}; about {effect.more_trials:,} more trials would settle it"


def _doubt(table: EffectTable, effect: Effect) -> str:
    """What the adjusted p takes back of an interval that excludes 0, or adds to one that does not; else empty."""
    if not excludes_zero(effect) and effect.p_adjusted is not None:
        held = "" if effect.adjusted_difference is None else f" {points(effect.adjusted_difference)} points,"
        return f"; with the other details held apart{held} {METHODS[table.adjustment]} p = {p_text(effect.p_adjusted)}"
    if effect.p_adjusted is None or effect.p_adjusted <= table.alpha or table.adjustment == "none":
        return ""
    return f"; {METHODS[table.adjustment]} p = {p_text(effect.p_adjusted)}, so not beyond chance once adjusted"


def _named(effect: Effect, alpha: float) -> str:
    """The detail with its difference and interval, and a warning when only the unadjusted interval excludes 0."""
    change = f"{points(effect.difference or 0.0)} points"
    span = f" {bracket(effect.interval)}" if effect.interval else ""
    weak = effect.p_adjusted is not None and effect.p_adjusted > alpha
    return f"{effect.label} ({change}{span}{', not beyond chance once adjusted' if weak else ''})"


def _moved(effect: Effect) -> bool:
    """Whether the change moved the rate: by its interval, or by a test that holds the other details apart."""
    return excludes_zero(effect) or effect.conclusion == "effect"


def _falls(effect: Effect) -> bool:
    return effect.difference is not None and effect.difference < 0


def _share(rate: Rate) -> str:
    return f"{percent(rate.value)}% ({rate.k}/{rate.n})" if rate.value is not None else "unknown (0 trials)"


def _listed(names: list[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _sentence(text: str, table: EffectTable) -> str:
    started = text[0].upper() + text[1:] + "."
    if table.exploratory:
        started = f"{EXPLORATORY}: {started}"
    return one_line(f"{SIMULATED} (no evidence about any real model): {started}" if table.simulated else started)
