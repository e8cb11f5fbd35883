"""What a study would find, in a sentence and as a curve of characters: the power against the size of the change."""

from __future__ import annotations

from collections.abc import Sequence

from am_studio.reports.numbers import percent
from am_studio.runs.study_power import StudyPower, power_curve

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LABEL = 4
"""Characters left of the plot: the power, and its axis."""


def smallest_words(found: StudyPower) -> str:
    """The smallest change that the study would find, with what is assumed."""
    reach, falls = found.reaches[0], found.baseline >= 0.5
    smallest = reach.hardest.drop if falls else reach.hardest.rise
    assumed = f"{percent(found.baseline)}% " + ("with the detail in place" if found.random else "in the baseline")
    way = "fall" if falls else "rise"
    if smallest is None:
        return f"No {way} from {assumed} would be found with a power of {found.wanted:g}."
    return f"Finds a {way} of {100 * smallest:.0f} points or more from {assumed} (power {found.wanted:g})."


def size_words(found: StudyPower) -> str:
    """The same for other numbers of trials, in one line."""
    falls = found.baseline >= 0.5
    told = []
    for size in found.sizes:
        smallest = size.smallest.drop if falls else size.smallest.rise
        told.append(f"{size.groups.changed}: {'none' if smallest is None else f'{100 * smallest:.0f}'}")
    whose = "without the detail" if found.random else "an arm"
    return f"With n trials {whose}, points: " + " · ".join(told) if told else ""


def power_plot(found: StudyPower, width: int, height: int) -> tuple[str, ...]:
    """The curve in `height` rows of bars over an axis in points; () where nothing can be told."""
    plot = width - _LABEL
    curve = power_curve(found, plot - 1) if plot > 10 else ()
    if not curve:
        return ()
    rows = [_bars([power for _, power in curve], row, height, found.wanted) for row in reversed(range(height))]
    reached = height - 1 - min(int(found.wanted * height), height - 1)
    named = {0: "1", reached: f"{found.wanted:g}".lstrip("0")} if height > 1 else {}
    labels = [named.get(row, "") for row in range(height)]
    lines = [f"{label:>{_LABEL - 1}}┤{bars}" for label, bars in zip(labels, rows, strict=True)]
    return (*lines, f"{'':{_LABEL}}{_axis(100 * abs(curve[-1][0] - curve[0][0]), plot)}")


def _bars(powers: Sequence[float], row: int, height: int, wanted: float) -> str:
    """One row of the bars, `row` counted from the bottom; where nothing stands, the power that is wanted as a line."""
    line = "┈" if height > 1 and row == min(int(wanted * height), height - 1) else " "
    eighths = (max(0, min(8, round(power * height * 8) - 8 * row)) for power in powers)
    return "".join(_EIGHTHS[each] if each else line for each in eighths)


def _axis(span: float, plot: int) -> str:
    """Changes in points under the bars, 0 at the left."""
    step = 10 if plot >= 50 and span <= 100 else 20
    axis = list(" " * plot)
    for points in range(0, int(span) + 1, step):
        place = min(round(points / span * (plot - 1)), plot - len(str(points)))
        axis[place : place + len(str(points))] = str(points)
    words = " points"
    text = "".join(axis).rstrip()
    return text + words if len(text) + len(words) <= plot else text
