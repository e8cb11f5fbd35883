"""What the screen has read and written by threads: each job opens the run for itself and posts what came of it.

No widget is touched here. A job that was cancelled posts nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from textual.message import Message

from am_studio.foundation.errors import StudioError
from am_studio.runs import codec
from am_studio.runs.browse import RunAbout, TrialRow, Wanted, about, find_trials, trial_rows
from am_studio.runs.label_samples import draw_labels
from am_studio.runs.labels import Label, read_labels
from am_studio.runs.runfile import RunFile
from am_studio.runs.search import SearchStep, search_replies
from am_studio.runs.trial_view import TrialView, open_trial
from am_studio.tui.transcripts.sections import sections
from am_studio.tui.transcripts.stretches import Section


@dataclass
class Found(Message):
    """The run as it is now, and the trials that fit."""

    about: RunAbout
    wanted: Wanted
    """With the outcome's name filled in."""
    ids: tuple[int, ...]
    """Every trial that fits, or none yet when words are searched for in them."""
    labels: Mapping[int, Label]
    at: int | None
    """The trial to go to."""


@dataclass
class Searched(Message):
    """A search went on."""

    step: SearchStep
    needle: str


@dataclass
class RowsRead(Message):
    """Rows of the list."""

    rows: tuple[TrialRow, ...]


@dataclass
class Opened(Message):
    """A trial was read."""

    view: TrialView
    sections: tuple[Section, ...]
    beside: bool
    """Whether it is the pinned one."""


@dataclass
class LabelStored(Message):
    """A label was given, or taken back (None)."""

    trial: int
    outcome: str
    label: Label | None


@dataclass
class Trouble(Message):
    """Something could not be read or written."""

    error: StudioError
    trial: int | None = None
    """The trial that cannot be shown for it."""


@dataclass(frozen=True, slots=True)
class Blind:
    """How a trial is read by somebody who labels the sample."""

    outcome: str
    evidence: bool
    """Whether what the judge took for evidence is marked."""


TELLING = frozenset({"verdicts", "labels", "particulars"})
"""Parts of a trial that tell its arm, or what others say of it."""


def blinded(view: TrialView, blind: Blind, judge: str) -> TrialView:
    """The trial without prompt, answers of the environment, verdicts and labels, which tell its arm or what others say."""
    shown = [verdict for verdict in view.verdicts if verdict.outcome == blind.outcome and verdict.judge == judge]
    return replace(
        view,
        prompt=(),
        exchanges=(),
        verdicts=tuple(shown) if blind.evidence else (),
        labels=(),
        levels=(),
        arm_label="",
    )


Job = Callable[[], Iterator[Message]]
"""What a thread does: the messages are posted as they come."""


def find(run_path: Path, wanted: Wanted, needle: str, rater: str, at: int | None) -> Iterator[Message]:
    """The trials that fit, then what a search finds among them."""
    try:
        with RunFile.open(run_path) as run:
            there = about(run)
            names = [asked.name for asked in there.outcomes]
            outcome = wanted.outcome if wanted.outcome in names else names[0]
            wanted = replace(wanted, outcome=outcome)
            ids = find_trials(run, wanted)
            shown = rater or ("" if wanted.label == "queue" else next(iter(there.raters), ""))
            labels = _by_trial(run, outcome, shown)
            yield Found(there, wanted, () if needle else ids, labels, at)
            if needle:
                for step in search_replies(run, needle, ids):
                    yield Searched(step, needle)
    except StudioError as error:
        yield Trouble(error)


def rows(run_path: Path, ids: tuple[int, ...], outcome: str) -> Iterator[Message]:
    """These trials on a line each."""
    try:
        with RunFile.open(run_path) as run:
            yield RowsRead(trial_rows(run, ids, outcome))
    except StudioError as error:
        yield Trouble(error)


def draw(run_path: Path, wanted: Wanted, rater: str) -> Iterator[Message]:
    """The sample of the outcome in view, drawn where there is none, and its trials."""
    try:
        draw_labels(run_path, wanted.outcome)
    except StudioError as error:
        yield Trouble(error)
    yield from find(run_path, wanted, "", rater, None)


def opened(
    run_path: Path,
    trial: int,
    there: RunAbout,
    pattern: re.Pattern[str] | None,
    beside: bool,
    *,
    blind: Blind | None = None,
) -> Iterator[Message]:
    """A trial, and its parts."""
    try:
        with RunFile.open(run_path) as run:
            view = open_trial(run, trial)
        if blind is not None:
            view = blinded(view, blind, there.judge)
        # A run file may come from a stranger: a part that has another shape is damage, not a crash.
        parts = codec.decoded(f"trial {trial}", lambda view: sections(view, there.outcomes, pattern), view)
        if blind is not None:
            parts = tuple(part for part in parts if part.kind not in TELLING)
        yield Opened(view, parts, beside)
    except StudioError as error:
        yield Trouble(error, None if beside else trial)


def labels_of(run_path: Path, outcome: str, rater: str) -> dict[int, Label]:
    """The labels of a rater for an outcome, by trial; StudioError when the run cannot be read."""
    with RunFile.open(run_path) as run:
        return _by_trial(run, outcome, rater)


def _by_trial(run: RunFile, outcome: str, rater: str) -> dict[int, Label]:
    return {label.trial: label for label in read_labels(run, outcome=outcome, rater=rater)} if rater else {}
