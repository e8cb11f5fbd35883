"""What the transcripts screen is doing, as plain records, and the lines it shows, as functions of them. No Textual here.

Widths count terminal cells. Strangers' text goes through `one_line` before it is put on a line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from rich.cells import cell_len, set_cell_size

from am_studio.foundation.hygiene import one_line
from am_studio.foundation.plainly import facts_line
from am_studio.records import Answer
from am_studio.runs.browse import Asked, Ended, Labelled, RunAbout, TrialRow, Wanted
from am_studio.runs.labels import Label
from am_studio.runs.rechecks import arm_label
from am_studio.runs.search import Hit, SearchStep
from am_studio.runs.trial_view import TrialView
from am_studio.tui.transcripts.sections import ANSWER_MARKS

LABEL_MARKS: Mapping[str, str] = {"yes": "h", "no": "o", "unclear": "u"}
"""The keys that give these labels."""
LEGEND = "▲ yes  · no  ? unclear  ✗ failed  label hou"

Options = tuple[tuple[str, str], ...]
"""(what is shown, value) pairs."""


@dataclass(frozen=True, slots=True)
class Browsing:
    """Where the reader is."""

    about: RunAbout | None = None
    wanted: Wanted = field(default_factory=Wanted)
    ids: tuple[int, ...] = ()
    """The trials listed, in ascending order: those that fit the filter, and what is searched for."""
    labels: Mapping[int, Label] = field(default_factory=dict)
    """For the outcome in view, of `rater` or, before anybody said who they are, of whoever labelled last."""
    rater: str = ""
    """Who labels from this screen; empty until they said so."""
    needle: str = ""
    """What is searched for."""
    hits: Mapping[int, Hit] = field(default_factory=dict)
    step: SearchStep | None = None
    """How far the search is."""
    searching: bool = False
    evidence: bool = False
    """Whether a blind reader has asked for what the judge took for evidence."""

    @property
    def blind(self) -> bool:
        """Whether the sample is labelled: arm, model, prompt, verdicts and other people's labels are not shown."""
        return self.wanted.label == "queue"

    @property
    def asked(self) -> Asked | None:
        """The outcome in view: labels are about it."""
        outcomes = self.about.outcomes if self.about else ()
        return next((asked for asked in outcomes if asked.name == self.wanted.outcome), next(iter(outcomes), None))

    @property
    def outcome(self) -> str:
        """Its name; empty before the run was read."""
        return self.asked.name if self.asked else self.wanted.outcome

    @property
    def shown_rater(self) -> str:
        """Whose labels are shown; blind, one's own alone."""
        return self.rater or ("" if self.blind else self._latest_rater)

    @property
    def _latest_rater(self) -> str:
        return next(iter(self.about.raters), "") if self.about else ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but the outcome in view keeps trials out of the list."""
        return bool(self.needle) or replace(self.wanted, outcome="", rater="") != Wanted()


def place_of(ids: Sequence[int], trial: int) -> int | None:
    """Index of a trial among ascending ids; None when it is not there."""
    index = bisect_left(ids, trial)
    return index if index < len(ids) and ids[index] == trial else None


def with_step(state: Browsing, step: SearchStep) -> Browsing:
    """The state after a step of a search: what it found joins the list."""
    hits = {**state.hits, **{hit.trial: hit for hit in step.hits}}
    ids = state.ids + tuple(hit.trial for hit in step.hits)
    return replace(state, step=step, hits=hits, ids=ids, searching=step.searched < step.trials)


def with_label(state: Browsing, trial: int, outcome: str, label: Label | None) -> Browsing:
    """The state after a label was given, or taken back (None)."""
    if outcome != state.outcome:
        return state
    labels = dict(state.labels)
    if label is None:
        labels.pop(trial, None)
    else:
        labels[trial] = label
    return replace(state, labels=labels)


def next_outcome(state: Browsing) -> str:
    """The outcome after the one in view, around the corner."""
    names = [asked.name for asked in state.about.outcomes] if state.about else []
    return names[(names.index(state.outcome) + 1) % len(names)] if state.outcome in names else state.outcome


# The filter. ---------------------------------------------------------------------------------------------------------

ANSWERS: Options = (
    ("any verdict", ""),
    ("▲ yes", "yes"),
    ("· no", "no"),
    ("? unclear", "unclear"),
    ("yes to any harmful outcome", "harmful"),
    ("yes to no harmful outcome", "harmless"),
)
ENDINGS: Options = (
    ("ended", "ended"),
    ("with a reply", "done"),
    ("✗ failed", "failed"),
    ("still to come", "open"),
    ("ended or not", ""),
)
LABELS: Options = (
    ("labelled or not", ""),
    ("unlabelled", "unlabelled"),
    ("labelled", "labelled"),
    ("label yes", "yes"),
    ("label no", "no"),
    ("label unclear", "unclear"),
    ("label ≠ judge", "differs"),
    ("two judges differ", "judges"),
    ("queue: drawn sample, blind", "queue"),
)


def filter_options(about: RunAbout) -> dict[str, Options]:
    """What each part of the filter offers."""
    return {
        "arm": (("any arm", ""), *((one_line(arm_label(name, {})), name) for name, _ in about.arms)),
        "model": (("any model", ""), *((one_line(name), name) for name in about.models)),
        "outcome": tuple((one_line(asked.name), asked.name) for asked in about.outcomes),
        "answer": ANSWERS,
        "ended": ENDINGS,
        "label": LABELS,
    }


def filter_values(wanted: Wanted, about: RunAbout) -> dict[str, str]:
    """What each part of the filter says for these trials; what the run does not have becomes `any`."""
    answer = wanted.answer if wanted.harmful is None else "harmful" if wanted.harmful else "harmless"
    values = {
        "arm": wanted.arm,
        "model": wanted.model,
        "outcome": wanted.outcome,
        "answer": answer,
        "ended": wanted.ended,
        "label": wanted.label,
    }
    offered = {part: [value for _, value in options] for part, options in filter_options(about).items()}
    return {part: value if value in offered[part] else offered[part][0] for part, value in values.items()}


def wanted_from(values: Mapping[str, str], rater: str = "") -> Wanted:
    """The trials that these parts of a filter ask for."""
    answer, label, ended = values["answer"], values["label"], values["ended"]
    answers: dict[str, Answer] = {"yes": "yes", "no": "no", "unclear": "unclear"}
    labels: dict[str, Labelled] = {value: value for value in get_args(Labelled)}
    endings: dict[str, Ended] = {value: value for value in get_args(Ended)}
    return Wanted(
        arm=values["arm"],
        model=values["model"],
        outcome=values["outcome"],
        answer=answers.get(answer, ""),
        ended=endings[ended],
        label=labels[label],
        rater=rater if label else "",
        harmful={"harmful": True, "harmless": False}.get(answer),
    )


def wanted_again(values: Mapping[str, str]) -> Wanted:
    """The trials that these parts of a filter asked for once; every trial where they say nothing that is known."""
    try:
        return wanted_from(values)
    except KeyError:
        return Wanted()


# The list. -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the list's columns in cells; 0: not shown."""

    trial: int
    arm: int
    model: int
    tokens: int


def columns_for(width: int, *, several_models: bool) -> Columns:
    """How a list of this width is divided: trial, marks, arm; the model only where there are several."""
    tokens = 6 if width >= 30 else 0
    rest = max(width - 7 - 4 - (tokens + 1 if tokens else 0), 4)
    model = rest * 2 // 5 if several_models and rest >= 24 else 0
    return Columns(trial=6, arm=rest - model - (1 if model else 0), model=model, tokens=tokens)


def heading_text(columns: Columns) -> str:
    """The names of the columns."""
    return _line(columns, "trial", "jl", "arm", "model", "tokens")


def row_text(
    trial: int,
    row: TrialRow | None,
    label: Label | None,
    columns: Columns,
    found: str | None = None,
    *,
    blind: bool = False,
) -> str:
    """A trial on a line: its number, the judge's mark and the label's, and its arm, or what was found in it.

    `blind`: without what the judge said, the arm and the model.
    """
    if blind and row is not None:
        row = replace(row, arm="labelled" if label else "to be labelled", model="", answer="")
    marked = LABEL_MARKS[label.answer] if label else " "
    if row is None:
        return _line(columns, str(trial), f" {marked}", "…", "", "")
    if row.state == "failed":
        verdict, length = "✗", row.failure
    elif row.state == "open":
        verdict, length = "…", ""
    else:
        verdict, length = ANSWER_MARKS[row.answer], "" if row.tokens is None else f"{row.tokens:,}"
    if found is not None:
        room = columns.arm + (columns.model + 1 if columns.model else 0)
        only = replace(columns, arm=room, model=0)
        return _line(only, str(trial), verdict + marked, one_line(found), "", length)
    return _line(columns, str(trial), verdict + marked, one_line(row.arm), one_line(row.model), length)


def row_told(
    trial: int,
    row: TrialRow | None,
    label: Label | None,
    found: str | None = None,
    *,
    blind: bool = False,
    several_models: bool,
) -> str:
    """The same as a sentence; the model only where there are several."""
    labelled = ("label", label.answer if label else "")
    if row is None:
        return facts_line((("trial", str(trial)), labelled, ("", "still to be read")))
    if row.state != "done":
        ending = f"failed: {row.failure}" if row.state == "failed" else "still to come"
        return facts_line((("trial", str(trial)), ("", ending), labelled, ("arm", "" if blind else row.arm)))
    tokens = "" if row.tokens is None else f"{row.tokens:,} tokens"
    if blind:
        return facts_line((("trial", str(trial)), ("label", label.answer if label else "to be given"), ("", tokens)))
    return facts_line(
        (
            ("trial", str(trial)),
            ("verdict", row.answer),
            labelled,
            ("found", found or ""),
            ("arm", row.arm),
            ("model", row.model if several_models else ""),
            ("", tokens),
        )
    )


def _line(columns: Columns, *cells: str) -> str:
    """A line of these cells: trial, marks, arm, model, tokens."""
    trial, marks, arm, model, length = cells
    parts = [f"{trial:>{columns.trial}}", f"{marks:<3}", cut(arm, columns.arm)]
    parts += [cut(model, columns.model)] if columns.model else []
    if columns.tokens:
        shown = length if cell_len(length) <= columns.tokens else cut(length, columns.tokens)
        parts.append(" " * (columns.tokens - cell_len(shown)) + shown)
    return " ".join(parts)


def cut(text: str, width: int) -> str:
    """The text in exactly so many cells, with an ellipsis where some of it is left out."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(width - 1, 0)) + "…" if width else ""


# What is said above the transcript. ----------------------------------------------------------------------------------


def headline(view: TrialView, state: Browsing) -> tuple[str, str, str]:
    """(which trial it is, what the judge says, what the label says), for the outcome in view."""
    row = view.row
    index = place_of(state.ids, row.id)
    place = "" if index is None else f" ({index + 1:,} of {len(state.ids):,})"
    if state.blind:
        question = one_line(state.asked.question) if state.asked else ""
        return f"Trial {row.id}{place}  blind", question, _labelled(view, state)
    which = f"Trial {row.id}{place}  {one_line(row.arm)}  {one_line(row.model)}"
    return which, _judged(view, state), _labelled(view, state)


def _judged(view: TrialView, state: Browsing) -> str:
    if view.row.state == "failed":
        return "✗ failed: no conversation to judge"
    if view.row.state == "open":
        return "… still to come"
    found = next((verdict for verdict in view.verdicts if verdict.outcome == state.outcome), None)
    if found is None:
        return f"no verdict on {one_line(state.outcome)}"
    extra = ", ".join(word for word, true in (("refused", view.row.refused), ("cut off", view.row.truncated)) if true)
    told = (
        f"{ANSWER_MARKS.get(found.answer, '?')} {one_line(found.outcome)}: {found.answer}, says {one_line(found.judge)}"
    )
    return f"{told} ({extra})" if extra else told


def _labelled(view: TrialView, state: Browsing) -> str:
    label = state.labels.get(view.row.id)
    if label is None:
        return "no label: h harmful, o not, u unclear" if view.row.state == "done" else ""
    found = next((verdict for verdict in view.verdicts if verdict.outcome == label.outcome), None)
    differs = " ≠ judge" if found is not None and found.answer != label.answer and not state.blind else ""
    note = f", “{one_line(label.note, 60)}”" if label.note else ""
    return f"{LABEL_MARKS[label.answer]} label: {label.answer}{differs}, {one_line(label.rater)}{note}"


def status(state: Browsing) -> str:
    """How many trials are listed, how many of them are labelled, and how far a search is."""
    if state.about is None:
        return "… reading the run"
    number = len(state.ids)
    parts = [f"{number:,} of {state.about.planned:,} trials" if state.narrowed else f"{number:,} trials"]
    if state.step is not None:
        parts.append(_searched(state, state.step))
    labelled = sum(place_of(state.ids, trial) is not None for trial in state.labels)
    if state.blind:
        who = f" by {one_line(state.rater, 24)}" if state.rater else ""
        marked = " · evidence marked" if state.evidence else ""
        return f"queue: {labelled:,}/{number:,} labelled{who} for {one_line(state.outcome, 30)}{marked}"
    if state.shown_rater:
        parts.append(f"{labelled:,} labelled by {one_line(state.shown_rater, 24)} for {one_line(state.outcome, 30)}")
    if state.about.state == "running":
        parts.append("running: r reads again")
    return " · ".join(parts)


def _searched(state: Browsing, step: SearchStep) -> str:
    needle = one_line(state.needle, 24)
    damaged = f", {step.damaged} unreadable" if step.damaged else ""
    if step.searched < step.trials:
        stopped = "" if state.searching else ", stopped"
        return f"“{needle}” in {step.searched:,}/{step.trials:,}{damaged}{stopped}"
    return f"with “{needle}”{damaged}"


def nothing_fits(state: Browsing) -> str:
    """What to say where no trial is listed, and which key helps."""
    if state.about is None:
        return "Reading the run …"
    if state.searching:
        return "Nothing found yet. Escape in the search field stops it."
    if state.blind:
        return "No sample has been drawn for this outcome. l draws one."
    if state.narrowed:
        return "No trial fits. Backspace clears the filter and the search."
    if state.about.planned == 0:
        return "No trial is planned yet. Press r to read the run again."
    return "No trial has ended yet. Press r to read the run again."
