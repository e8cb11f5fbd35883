"""Looks and stopping of a run that may end early: evidence of each comparison beside what would stop it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from am_studio.foundation.cells import filled_up
from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.records import Stop, StopReason
from am_studio.runs.follow import Snapshot
from am_studio.runs.looks import LooksTaken, ModelLooks, looks_taken, seen_by
from am_studio.tui.strangers import MUTED, joined, plain

_LABEL, _GAUGE = 20, 8
_LEAST_SECONDS = 1.0
"""Between two readings of the results, which take longer than a picture of the board."""
_TINY = 1e-16
"""A p below this is not told."""
_REASONS: dict[StopReason, str] = {
    "effect": "✓ effect",
    "futile": "○ given up",
    "end": "· at the end",
    "going on": "▶ goes on",
    "undone": "! undone",
}


def looks_lines(taken: LooksTaken) -> tuple[tuple[str, bool], ...]:
    """(line, whether it matters less): for each model what the next look needs, then each comparison."""
    lines: list[tuple[str, bool]] = []
    for each in taken.models:
        whose = f"{each.model}: " if len(taken.models) > 1 else ""
        lines.append((whose + _next_words(taken, each), False))
        lines += [(_stop_words(stop), stop.reason != "going on") for stop in each.stops]
    lines.append((taken.rule, True))
    return tuple(lines)


def _next_words(taken: LooksTaken, each: ModelLooks) -> str:
    coming = each.next
    if coming is None:
        return "Every comparison has come to its end."
    changed, reference = coming.sizes
    trials = f"{changed} v {reference} trials" if reference else f"{changed} trials"
    if coming.boundary is None:
        needed = next((stop.e_needed for stop in each.stops if stop.e_needed is not None), None)
        told = "" if needed is None else f": an effect from e = {needed:,.0f} on"
        return f"Look {coming.number} of {coming.looks} at {trials}{told}"
    futile = "" if coming.futility is None else f", futile above {coming.futility:.2g}"
    return f"Look {coming.number} of {coming.looks} at {trials}: effect at p <= {coming.boundary:.2g}{futile}"


def _stop_words(stop: Stop) -> str:
    label = filled_up(one_line(stop.label, _LABEL), _LABEL)
    reason = _REASONS[stop.reason]
    if not stop.look:
        return f"{label} {reason}, no look yet"
    if stop.e is not None and stop.e_needed is not None:
        e = f"{stop.e:,.1f}" if stop.e < 1_000_000 else "> 1,000,000"
        told, share = f"e {e} of {stop.e_needed:,.0f}", _share(math.log(max(stop.e, 1.0)), math.log(stop.e_needed))
    elif stop.p is not None and stop.boundary is not None:
        p = f"{stop.p:.2g}" if stop.p >= _TINY else f"< {_TINY:.0g}"
        told = f"p {p} against {stop.boundary:.2g}"
        share = _share(-math.log(max(stop.p, 1e-300)), -math.log(stop.boundary))
    else:
        return f"{label} {reason} at look {stop.look}"
    return f"{label} {_gauge(share)} look {stop.look}: {told}  {reason}"


def _share(value: float, needed: float) -> float:
    return min(max(value / needed, 0.0), 1.0) if needed > 0 else 1.0


def _gauge(share: float) -> str:
    """How near the evidence is to its boundary, on the scale of its logarithm."""
    full = math.floor(share * _GAUGE)
    return "█" * full + "░" * (_GAUGE - full)


class LooksPanel(VerticalScroll):
    """Shows looks and stopping, and reads them again when a look may have been taken."""

    BINDING_GROUP_TITLE = "Looks"
    HELP = "Each comparison with its evidence at its last look, and what the next look needs. Between looks nothing is worked out."
    DEFAULT_CSS = """
    LooksPanel { height: auto; max-height: 9; padding: 0 1; border: round $panel; border-title-color: $text-muted; display: none; }
    LooksPanel.-there { display: block; }
    LooksPanel:focus { border: round $primary; }
    LooksPanel Static { height: auto; }
    """

    @dataclass
    class Taken(Message):
        """Where the comparisons stand; None when that cannot be read now."""

        seen: object
        taken: LooksTaken | None

    def __init__(self) -> None:
        super().__init__(id="looks")
        self._seen: object = None
        self._reading, self._read_at = False, -_LEAST_SECONDS
        self.taken: LooksTaken | None = None

    def compose(self) -> ComposeResult:
        """The lines."""
        yield Static(markup=False)

    def on_mount(self) -> None:
        """The panel's name."""
        self.border_title = "Looks and stopping"

    def show(self, snapshot: Snapshot, path: Path) -> None:
        """Show the looks of this run, as soon as they are known."""
        seen = seen_by(snapshot)
        if seen is None or self._reading or seen == self._seen:
            return
        if time.monotonic() - self._read_at >= _LEAST_SECONDS:
            self._reading = True
            self._read(path, seen)

    @work(thread=True, group="looks", description="read the looks")
    def _read(self, path: Path, seen: object) -> None:
        try:
            taken = looks_taken(path)
        except StudioError:
            taken = None
        if not get_current_worker().is_cancelled:
            self.post_message(self.Taken(seen, taken))

    @on(Taken)
    def _show(self, message: Taken) -> None:
        message.stop()
        self._reading, self._read_at = False, time.monotonic()
        if message.taken is None:
            return
        self._seen, self.taken = message.seen, message.taken
        self.add_class("-there")
        lines: list[Content] = [plain(text, MUTED if muted else "") for text, muted in looks_lines(message.taken)]
        self.query_one(Static).update(joined(*lines, between="\n"))
