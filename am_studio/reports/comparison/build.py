"""A comparison of runs as a report: what differs first, then rates and effects with their tests, each in words and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from am_studio.foundation.hygiene import one_line
from am_studio.records import Interval
from am_studio.reports.comparison.differences import (
    Difference,
    differences,
    file_changes,
    same,
    text_changes,
)
from am_studio.reports.document.blocks import (
    Bar,
    Block,
    Cell,
    Figure,
    Folded,
    Grid,
    Points,
    Report,
    Section,
    Text,
    column,
)
from am_studio.reports.document.effects import p, slug
from am_studio.reports.document.provenance import moment
from am_studio.reports.document.taxonomy import across_grid
from am_studio.reports.effect_table import METHODS, SIMULATED, STAMP, Column
from am_studio.reports.forest import forest_axis
from am_studio.reports.numbers import percent
from am_studio.reports.plots.drawings import Forest, ForestRow
from am_studio.reports.side_tables import estimate_text
from am_studio.reports.wording import CONCLUSIONS
from am_studio.runs.analysis import Analysis
from am_studio.runs.comparing import Comparison, EffectChange, RateChange, letter
from am_studio.runs.runfile import RunFile
from am_studio.version import __version__


def comparison_report(
    runs: Sequence[RunFile], analyses: Sequence[Analysis], comparisons: Sequence[Comparison]
) -> Report:
    """The whole of it; the runs are called A, B, ... in their order."""
    differ = differences(runs, analyses)
    simulated = any(side.table.simulated for each in comparisons for side in each.sides)
    real = any(not side.table.simulated for each in comparisons for side in each.sides)
    sections = [Section("differs", "What differs between the runs", tuple(_differing(runs, analyses, differ)))]
    for number, each in enumerate(comparisons):
        name = f" in {each.sides[0].table.model}" if len(comparisons) > 1 else ""
        sections.append(Section(f"effects{number}", f"Whether the effects differ{name}", tuple(_effects(each, number))))
        sections.append(Section(f"rates{number}", f"Whether the rates differ{name}", tuple(_rates(each, number))))
    mixed = " (one of the sides is; the others are real models, and such a difference says nothing)" if real else ""
    return Report(
        title=f"{comparisons[0].outcome}: {len(runs)} runs compared",
        subtitle="; ".join(f"{letter(n)}: {run.path.name}" for n, run in enumerate(runs)),
        stamp=f"{STAMP}{mixed}" if simulated else "",
        exploratory=tuple(dict.fromkeys(reason for each in analyses for reason in each.exploratory)),
        findings=tuple(sentence for each in comparisons for sentence in comparison_sentences(each, differ)),
        sections=tuple(sections),
        colophon=f"Made with am-studio {__version__}. A comparison that no plan named beforehand is exploratory.",
    )


def comparison_sentences(each: Comparison, differ: Sequence[Difference]) -> tuple[str, ...]:
    """What differs beyond chance, what is equivalent, what is open; and how much else differs between the runs."""
    stamp = f"{SIMULATED} (no evidence about any real model): " if any(s.table.simulated for s in each.sides) else ""
    weighty = [difference.name for difference in differ if difference.counts]
    weighty = [name for name in weighty if name != "models as returned" or "models" not in weighty]
    told = (
        [_summary("effect", [(_named(e, each), e.conclusion) for e in each.effects], each.margin)]
        if each.effects
        else []
    )
    told.append(_summary("rate", [(_named(e, each), e.conclusion) for e in each.rates], each.margin))
    if len(weighty) > 1:
        told.append(
            f"{len(weighty)} things differ between the runs at once ({', '.join(weighty)}), so none of this can be laid at the door of one."
        )
    elif weighty:
        told.append(f"Between the runs only this differs, as far as they tell: {weighty[0]}.")
    return tuple(one_line(f"{stamp}{sentence}") for sentence in told)


def _named(change: RateChange | EffectChange, each: Comparison) -> str:
    side = each.sides[change.side].label
    if isinstance(change, EffectChange):
        return f"{change.label} ({side}: {estimate_text(change.change.estimate, change.change.interval)} points)"
    return f"{change.label} ({side}: {estimate_text(change.difference, change.interval)} points)"


def _summary(what: str, found: list[tuple[str, str]], margin: float) -> str:
    parts = []
    for conclusion, words in (
        ("effect", "differs beyond chance for"),
        ("equivalent", f"is the same within {percent(margin)} points for"),
        ("undetermined", "may or may not differ (undetermined) for"),
    ):
        names = [name for name, kind in found if kind == conclusion]
        if names:
            short = names if conclusion == "effect" or len(names) <= 2 else [name.partition(" (")[0] for name in names]
            parts.append(f"{words} {', '.join(dict.fromkeys(short))}")
    return f"The {what} {'; it '.join(parts)}." if parts else f"No {what} can be compared."


# What differs. -------------------------------------------------------------------------------------------------------


def _differing(runs: Sequence[RunFile], analyses: Sequence[Analysis], differ: Sequence[Difference]) -> Iterator[Block]:
    letters = [letter(number) for number in range(len(runs))]
    legend = tuple(
        (
            f"{name}: {run.path.name}",
            f"{run.plan.study.title or run.plan.study.name}; made {moment(run.created)}; plan {run.plan.hash[:19]}",
        )
        for name, run in zip(letters, runs, strict=True)
    )
    yield Points(legend)
    if differ:
        columns = (column("what", "left"), *(column(name, "left") for name in letters))
        rows = tuple((each.name, *(one_line(value, 300) for value in each.values)) for each in differ)
        yield Grid("What is not the same in all runs", columns, rows)
    else:
        yield Text(("Nothing that the program knows of differs: these are repetitions of one study.",))
    for number, run in enumerate(runs[1:], 1):
        if run.plan.scenario_hash != runs[0].plan.scenario_hash:
            files = file_changes(runs[0], run)
            yield Text(
                (f"Files of the scenario that differ between A and {letter(number)}: {', '.join(files) or 'none'}.",)
            )
    changes = tuple(text_changes(runs))
    if changes:
        yield Folded("What that changes for the subject, in the baseline's text", (Points(changes),))
    yield Text((f"The same in all: {', '.join(same(runs, analyses)) or 'nothing'}.",), "note")


# Rates and effects. --------------------------------------------------------------------------------------------------


def _effects(each: Comparison, number: int) -> Iterator[Block]:
    if not each.effects:
        yield Text(("The runs share no effect: they remove different details, or have no changed arm.",))
        return
    intervals = [change.change.interval for change in each.effects]
    axis = _axis(intervals)
    rows: list[tuple[Cell, ...]] = []
    drawn = []
    for change in each.effects:
        span = _span(change.change.estimate, change.change.interval)
        text = estimate_text(change.change.estimate, change.change.interval)
        name = _row(change.label, change.side, each)
        clear = _clear(span)
        first = estimate_text(change.first.difference, change.first.interval)
        other = estimate_text(change.other.difference, change.other.interval)
        rows.append(
            (
                name,
                first,
                other,
                text,
                Bar(span, axis, clear),
                p(change.change.p),
                p(change.change.p_adjusted),
                CONCLUSIONS[change.conclusion],
            )
        )
        drawn.append(ForestRow(name, span, "", text, clear))
    yield _figure(f"change-of-effects-{number}", f"Change of the effects on {each.outcome}", drawn, axis, each)
    head = (
        "detail",
        f"effect in {_short(each, 0)}",
        f"effect in {_other(each)}",
        "diff. of effects",
        "",
        "p",
        "Holm p",
        "conclusion",
    )
    note = (
        "Difference of effects: the effect in the other run minus the one in the first, in points (interaction: MOVER of four "
        f"Wilson intervals, test alike), Holm over {len(each.effects)}. Two effects of which only one is told from chance need not differ."
    )
    yield _grid("Each effect against the first run's", head, rows, note)
    if each.across:
        yield across_grid(each.across, "Each effect over all sides: pooled, and whether it differs between any of them")


def _rates(each: Comparison, number: int) -> Iterator[Block]:
    axis = forest_axis(change.interval for change in each.rates)
    rows: list[tuple[Cell, ...]] = []
    drawn = []
    for change in each.rates:
        span = _span(change.difference, change.interval)
        text = estimate_text(change.difference, change.interval)
        name = _row(change.label, change.side, each)
        clear = _clear(span)
        rates = [
            f"{percent(r.value)}% ({r.k}/{r.n})" if r.value is not None else "–" for r in (change.first, change.other)
        ]
        rows.append(
            (
                name,
                *rates,
                text,
                Bar(span, axis, clear),
                p(change.p),
                p(change.p_adjusted),
                CONCLUSIONS[change.conclusion],
            )
        )
        drawn.append(ForestRow(name, span, "", text, clear))
    yield _figure(f"change-of-rates-{number}", f"Change of the rates of {each.outcome}", drawn, axis, each)
    head = (
        "arm",
        f"rate in {_short(each, 0)}",
        f"rate in {_other(each)}",
        "diff. [95 %]",
        "",
        "p",
        "Holm p",
        "conclusion",
    )
    tests = " and ".join(dict.fromkeys(METHODS[change.test] for change in each.rates))
    note = (
        f"Difference: the other run minus the first, in points; Miettinen-Nurminen intervals, {tests}, two-sided, Holm over "
        f"{len(each.rates)}. Equivalent: the interval lies within ±{percent(each.margin)} points."
    )
    yield _grid("Each rate against the first run's", head, rows, note, *each.missing)


def _grid(caption: str, head: tuple[str, ...], rows: Sequence[tuple[Cell, ...]], *notes: str) -> Grid:
    columns = [
        Column("forest", "") if not title else column(title, "left" if title == "conclusion" else "right")
        for title in head[1:]
    ]
    strong = frozenset(n for n, row in enumerate(rows) if row[-1] == CONCLUSIONS["effect"])
    return Grid(caption, (column(head[0], "left"), *columns), tuple(rows), notes, strong)


def _figure(name: str, title: str, rows: Sequence[ForestRow], axis: tuple[float, float], each: Comparison) -> Figure:
    stamp = SIMULATED if any(side.table.simulated for side in each.sides) else ""
    told = "; ".join(f"{row.label} {row.text}" for row in rows[:12])
    unit = "other run minus first run, percentage points"
    return Figure(
        slug(name),
        Forest(title, tuple(rows), axis, unit, stamp),
        f"Forest plot: {title}: {told}.",
        f"{title}, against the first run.",
    )


def _short(each: Comparison, side: int) -> str:
    """A side by its run's letter alone, where that says enough."""
    runs = [other.run for other in each.sides]
    return letter(runs[side]) if len(set(runs)) == len(runs) else each.sides[side].label


def _other(each: Comparison) -> str:
    return _short(each, 1) if len(each.sides) == 2 else "the other"


def _row(label: str, side: int, each: Comparison) -> str:
    return f"{label}: {_short(each, side)} − {_short(each, 0)}" if len(each.sides) > 2 else label


def _span(value: float | None, interval: Interval | None) -> tuple[float, float, float] | None:
    return None if value is None or interval is None else (interval.low, value, interval.high)


def _clear(span: tuple[float, float, float] | None) -> bool:
    return span is not None and not span[0] <= 0 <= span[2]


def _axis(intervals: Sequence[Interval | None]) -> tuple[float, float]:
    """The range of differences of effects, which may leave [-1, 1]."""
    ends = [0.0, *(end for each in intervals if each for end in (each.low, each.high))]
    return min(ends) - 0.05, max(ends) + 0.05
