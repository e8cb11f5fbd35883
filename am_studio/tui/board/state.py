"""What the run board shows, worked out from a snapshot of the run; no Textual here.

While a run goes on it shows rates and differences with their intervals and no p-value: whoever stops when a p-value looks
right finds effects that are not there. A plan that looks at set times only shows counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from am_studio.designs.base import BASELINE
from am_studio.effects.intervals import newcombe, rate_of
from am_studio.foundation.cells import cells
from am_studio.foundation.hygiene import one_line
from am_studio.foundation.plainly import facts_line, plainly, spoken
from am_studio.records import Counts, Interval, Rate
from am_studio.reports.effect_table import bracket
from am_studio.reports.forest import forest_axis, forest_cell, zero_cell
from am_studio.reports.numbers import duration, money, percent, points
from am_studio.runs.follow import LogLine, Snapshot, withholds_effects
from am_studio.runs.rechecks import recheck_session
from am_studio.runs.runfile import Key, RunState

MARKS: dict[RunState, str] = {
    "planned": "… starting",
    "running": "▶ running",
    "paused": "‖ paused",
    "interrupted": "■ interrupted",
    "finished": "✓ finished",
}
"""A sign and a word for each state."""
LOG_MARKS = {"started": "▶", "ended": "■", "failure": "!"}
_LABEL_WIDTHS = (16, 44)
_FOREST_WIDTHS = (11, 41)
_COMFORT = 24
"""Characters that labels and forest should have beyond their least before columns of lesser weight come in."""
_GAP = 2
"""Characters that a column takes beside its text."""


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One arm in one model, as far as it has come."""

    arm: str
    model: str
    label: str
    counts: Counts
    rate: Rate | None
    """None when the plan withholds it."""
    difference: float | None
    """Of the rate to that of the baseline in the same model; None for a baseline and before both have a trial."""
    interval: Interval | None

    @property
    def ended(self) -> int:
        """Trials that have ended, with a verdict or without."""
        return self.counts.completed + self.counts.failed


def arm_rows(snapshot: Snapshot) -> tuple[ArmRow, ...]:
    """A row for each arm and model, in the plan's order."""
    withheld = withholds_effects(snapshot.plan) and snapshot.state != "finished"
    return tuple(_arm_row(snapshot, key, withheld=withheld) for key in snapshot.counts)


def _arm_row(snapshot: Snapshot, key: Key, *, withheld: bool) -> ArmRow:
    arm, model = key
    counts, base = snapshot.counts[key], snapshot.counts.get((BASELINE, model), Counts(0))
    difference, interval = None, None
    if not withheld and arm != BASELINE and recheck_session(arm) is None and counts.completed and base.completed:
        difference = counts.yes / counts.completed - base.yes / base.completed
        interval = newcombe(counts.yes, counts.completed, base.yes, base.completed)
    rate = None if withheld else rate_of(counts.yes, counts.completed)
    return ArmRow(arm, model, snapshot.label(arm), counts, rate, difference, interval)


# The table. ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ArmColumn:
    """One column of the board's table."""

    key: str
    title: str
    width: int
    right: bool = True


def arm_columns(snapshot: Snapshot, rows: tuple[ArmRow, ...], width: int) -> tuple[ArmColumn, ...]:
    """The columns that fit into this many characters, the most telling ones first; labels and forest share the rest."""
    outcome = one_line(snapshot.plan.study.outcome, 11)
    named = ArmColumn("label", "arm", _LABEL_WIDTHS[0], right=False)
    count = max((len(_kn(row)) for row in rows), default=3)
    wanted = [ArmColumn("kn", outcome, max(count, cells(outcome)))]
    if not withholds_effects(snapshot.plan) or snapshot.state == "finished":
        wanted += [
            ArmColumn("rate", "rate", 5),
            ArmColumn("difference", "diff. [95 %]", 16),
            ArmColumn("forest", "", _FOREST_WIDTHS[0], right=False),
        ]
    wanted.append(ArmColumn("progress", "ended", max((len(_progress(row)) for row in rows), default=5)))
    if len(snapshot.plan.models) > 1:
        longest = max(cells(one_line(model.name)) for model in snapshot.plan.models)
        wanted.insert(0, ArmColumn("model", "model", min(longest, 24), right=False))
    optional = [ArmColumn("rate_interval", "rate 95 %", 10)] if any(each.key == "rate" for each in wanted) else []
    optional.append(ArmColumn("other", "unclear/failed", 14))
    kept = _fitting([named, *wanted], optional, width)
    order = {key: place for place, key in enumerate(_ORDER)}
    return _stretched(sorted(kept, key=lambda column: order[column.key]), rows, width)


_ORDER = ("label", "model", "progress", "kn", "rate", "rate_interval", "difference", "forest", "other")


def _fitting(wanted: list[ArmColumn], optional: list[ArmColumn], width: int) -> list[ArmColumn]:
    """The wanted columns as far as they fit, then the optional ones that leave labels and forest comfortable room."""
    kept: list[ArmColumn] = []
    for column, room in [*((each, width) for each in wanted), *((each, width - _COMFORT) for each in optional)]:
        if not kept or sum(each.width + _GAP for each in kept) + column.width + _GAP <= room:
            kept.append(column)
    return kept


def _stretched(columns: list[ArmColumn], rows: tuple[ArmRow, ...], width: int) -> tuple[ArmColumn, ...]:
    """The columns with what is left over: labels and forest in turns, first to a fair width, then to all they can use."""
    spare = max(width - sum(column.width + _GAP for column in columns), 0)
    longest = max((cells(one_line(row.label)) for row in rows), default=0)
    widths = {column.key: column.width for column in columns}
    steps = (("label", 28), ("forest", 23), ("label", _LABEL_WIDTHS[1]), ("forest", _FOREST_WIDTHS[1]))
    for key, most in steps:
        if key in widths:
            more = min(max(min(most, longest if key == "label" else most) - widths[key], 0), spare)
            widths[key] += more
            spare -= more
    return tuple(replace(column, width=widths[column.key]) for column in columns)


def axis(rows: tuple[ArmRow, ...]) -> tuple[float, float]:
    """The range of differences that the forest shows."""
    return forest_axis(row.interval for row in rows)


def axis_title(rows: tuple[ArmRow, ...], width: int) -> str:
    """The ends of that range, in points, at the ends of the column."""
    left, right = (points(end) for end in axis(rows))
    return left + " " * max(width - len(left) - len(right), 1) + right


def cell(row: ArmRow, column: ArmColumn, span: tuple[float, float]) -> str:
    """What stands in this column; the forest is drawn over `span`."""
    match column.key:
        case "label":
            return one_line(row.label, column.width)
        case "model":
            return one_line(row.model, column.width)
        case "forest":
            return _forest(row, column.width, span)
        case "rate" | "rate_interval" | "difference":
            return _statistic(row, column.key)
        case "progress":
            return _progress(row)
        case "kn":
            return _kn(row)
        case _:
            return f"{row.counts.unclear}/{row.counts.failed}"


def arm_told(row: ArmRow, snapshot: Snapshot, *, several_models: bool) -> str:
    """The row as a sentence, with all that its columns could say."""
    interval = row.rate.interval if row.rate is not None else None
    value = row.rate.value if row.rate is not None else None
    return facts_line(
        (
            ("arm", row.label),
            ("model", row.model if several_models else ""),
            ("ended", f"{row.ended} of {row.counts.planned}"),
            (snapshot.plan.study.outcome, f"{row.counts.yes} of {row.counts.completed}"),
            ("rate", "" if value is None else f"{percent(value)}%"),
            ("rate interval", "" if interval is None else f"{percent(interval.low)} to {percent(interval.high)}"),
            ("difference", "" if row.difference is None else f"{spoken(points(row.difference))} points"),
            ("interval", "" if row.interval is None else _between(row.interval)),
            ("unclear", str(row.counts.unclear or "")),
            ("failed", str(row.counts.failed or "")),
        )
    )


def _between(interval: Interval) -> str:
    return spoken(f"{points(interval.low)} to {points(interval.high)}")


def _kn(row: ArmRow) -> str:
    return f"{row.counts.yes}/{row.counts.completed}"


def _progress(row: ArmRow) -> str:
    return f"{row.ended}/{row.counts.planned}"


def _statistic(row: ArmRow, key: str) -> str:
    if key == "difference":
        return (
            ""
            if row.difference is None or row.interval is None
            else f"{points(row.difference)} {bracket(row.interval)}"
        )
    if row.rate is None or row.rate.value is None or row.rate.interval is None:
        return ""
    interval = row.rate.interval
    return f"{percent(row.rate.value)}%" if key == "rate" else f"[{percent(interval.low)}, {percent(interval.high)}]"


def _forest(row: ArmRow, width: int, span: tuple[float, float]) -> str:
    lo, hi = span
    if row.interval is None or row.difference is None:
        return zero_cell(width, lo=lo, hi=hi)
    return forest_cell(row.interval.low, row.difference, row.interval.high, width, lo=lo, hi=hi)


# The lines around it. ------------------------------------------------------------------------------------------------


def facts(snapshot: Snapshot) -> str:
    """What is being run: study, scenario, models, outcome, judge."""
    plan = snapshot.plan
    models, scenarios = ", ".join(model.name for model in plan.models), ", ".join(plan.scenarios)
    return one_line(f"{plan.study.name} · {scenarios} · {models} · {plan.study.outcome} · judge {plan.judge}")


def status(snapshot: Snapshot, *, stopping: bool = False) -> str:
    """Where the run stands and what to do about it, in a line."""
    if stopping and snapshot.state == "running":
        waiting = f" for {snapshot.in_flight} in flight" if snapshot.in_flight else ""
        return f"‖ pausing: nothing more is sent; waiting{waiting}"
    told = MARKS[snapshot.state]
    match snapshot.state:
        case "paused":
            told += f": {snapshot.reason}; c carries it on"
        case "interrupted":
            told += ": its process ended before it did; c carries it on"
        case "finished":
            told += f" in {duration(snapshot.seconds)}; r shows the results"
        case "running" | "planned":
            told += f", {duration(snapshot.seconds)}" if snapshot.seconds else ""
    return one_line(told)


def figures(snapshot: Snapshot) -> str:
    """Rate, time left, spend, requests in flight, errors by kind; only what there is."""
    return " · ".join(_figures(snapshot))


def _figures(snapshot: Snapshot) -> Iterator[str]:
    yield f"{snapshot.ended}/{snapshot.planned} trials"
    rate, left = snapshot.rate, snapshot.seconds_left
    if rate is not None and snapshot.planned:
        yield f"{rate:.0f}/s" if rate >= 10 else f"{60 * rate:.1f}/min"
    if left is not None and snapshot.ended < snapshot.planned:
        yield f"{duration(left)} left"
    if snapshot.budget is not None:
        yield f"{money(snapshot.tally.cost)} of {money(snapshot.budget)}"
    elif not snapshot.plan.simulated:
        yield f"{money(snapshot.tally.cost)}, no budget"
    if snapshot.state == "running":
        yield f"{snapshot.in_flight} in flight"
    failures = snapshot.tally.failures
    if failures:
        yield "errors: " + ", ".join(f"{kind} {number}" for kind, number in sorted(failures.items()))
    unknown = snapshot.tally.unknown - snapshot.in_flight
    if unknown > 0:
        yield f"{unknown} without an answer"


def footnote(snapshot: Snapshot) -> str:
    """What the table's numbers are, and are not."""
    if withholds_effects(snapshot.plan) and snapshot.state != "finished":
        told = "The plan looks at effects at set times only: nothing but counts is shown until then."
        return f"{looks(snapshot)} {told}".strip()
    coming = "" if snapshot.state == "finished" else "So far, not the result; p-values wait for the end. "
    drawn = "." if plainly() else "; ● leaves 0 out, ○ has it inside."
    return f"{looks(snapshot)} {coming}Differences to baseline in points, Newcombe intervals{drawn}".strip()


def looks(snapshot: Snapshot) -> str:
    """Which look is next and how many comparisons have stopped, as the trials named tell; empty for a study without looks.

    A comparison that has stopped is one whose arm is named no more trials while the one that others need goes on.
    """
    stopping, arms = snapshot.plan.study.stopping, snapshot.plan.arms
    if stopping is None or not arms or not arms[0].trials:
        return ""
    first, named = arms[0], {key: counts.planned for key, counts in snapshot.counts.items()}
    models = [model.name for model in snapshot.plan.models]
    reached = {model: named.get((first.name, model), 0) / first.trials for model in models}
    stopped = sum(
        named.get((arm.name, model), 0) + 1 <= reached[model] * arm.trials for model in models for arm in arms[1:]
    )
    each = "1 comparison has" if stopped == 1 else f"{stopped} comparisons have"
    ended = f" {each} stopped early." if stopped else ""
    if stopping.anytime:
        return f"Looked at after every {stopping.every} trials of an arm ({stopping.kind}).{ended}"
    furthest = min(max(1, round(share * stopping.looks)) for share in reached.values())
    when = "was the last," if snapshot.state == "finished" else "comes"
    at = round(furthest / stopping.looks * first.trials)
    return f"Look {furthest} of {stopping.looks} ({stopping.kind}) {when} at {at} trials of {first.label}.{ended}"


def log_text(line: LogLine) -> str:
    """A line of the log with its time of day, here."""
    clock = datetime.fromtimestamp(line.at).astimezone().strftime("%H:%M:%S")
    return f"{clock} {LOG_MARKS[line.kind]} {one_line(line.text)}"
