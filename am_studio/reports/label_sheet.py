"""A labelling sample as a CSV sheet, and labels read back from one: for raters who work in a spreadsheet.

The sheet is as blind as the labelling itself: no arm, no model, no judge's answer, no prompt. A cell that a spreadsheet
would take for a formula gets an apostrophe in front. Reading takes trial, outcome, answer, rater and note, and nothing else;
all of a sheet or nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import read_text
from am_studio.records import Answer
from am_studio.reports.tables.files import FORMULA, safe_cell
from am_studio.runs.label_samples import LabelSample
from am_studio.runs.labels import LONGEST_NOTE, Label, checked_rater, read_labels, set_label
from am_studio.runs.runfile import RunFile

COLUMNS = ("position", "trial", "outcome", "question", "reasoning", "reply", "answer", "rater", "note")
LARGEST_CELL = 16 * 1024 * 1024
"""Characters."""
MOST_MISTAKES = 5
_ANSWERS: Mapping[str, Answer] = {
    "yes": "yes", "y": "yes", "no": "no", "n": "no", "unclear": "unclear", "u": "unclear",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A label as a sheet gives it."""

    trial: int
    outcome: str
    rater: str
    answer: Answer
    note: str


def sheet_of(run: RunFile, sample: LabelSample, question: str, rater: str = "") -> bytes:
    """The sheet, UTF-8: a row a trial with this rater's labels, or (empty) a row for every label that there is."""
    labels: dict[int, list[Label]] = {}
    for label in read_labels(run, outcome=sample.outcome, rater=rater):
        labels.setdefault(label.trial, []).append(label)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for drawn in sample.trials:
        replies = run.transcript(drawn.trial).replies
        reasoning = "\n\n".join(reply.reasoning for reply in replies if reply.reasoning.strip())
        said = "\n\n".join(
            _said(reply.text, [f"{call.name} {call.arguments}" for call in reply.calls]) for reply in replies
        )
        there: list[tuple[str, str, str]] = [
            (label.answer, label.rater, label.note) for label in labels.get(drawn.trial, ())
        ]
        for given in there or [("", rater, "")]:
            cells = (drawn.position, drawn.trial, sample.outcome, question, reasoning, said, *given)
            writer.writerow(safe_cell(str(cell)) for cell in cells)
    return text.getvalue().encode("utf-8", "replace")


def _said(text: str, calls: list[str]) -> str:
    return "\n".join(part for part in (text, *calls) if part)


def read_sheet(path: Path, outcome: str, rater: str = "") -> tuple[SheetRow, ...]:
    """The labels in a sheet; rows without an answer are left out. `outcome` and `rater` where a row does not name them.

    StudioError that names the first lines which cannot be used.
    """
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
    lacking = [name for name in ("trial", "answer") if name not in (reader.fieldnames or ())]
    if lacking:
        raise StudioError(
            f"{path} has no column {' and no column '.join(lacking)}", hint="`--export` writes a sheet to fill in"
        )
    rows: list[SheetRow] = []
    mistakes: list[str] = []
    try:
        for cells in reader:
            try:
                rows += _row(cells, outcome, rater)
            except ValueError as error:
                mistakes.append(f"line {reader.line_num}: {error}")
    except csv.Error as error:
        raise StudioError(f"{path} cannot be read as CSV", f"line {reader.line_num}: {error}") from error
    if mistakes:
        more = len(mistakes) - MOST_MISTAKES
        shown = [*mistakes[:MOST_MISTAKES], *([f"and {more} more"] if more > 0 else [])]
        raise StudioError(f"{path}: not all of its labels can be used; none was stored", "\n".join(shown))
    return tuple(rows)


def _row(cells: Mapping[str, str | None], outcome: str, rater: str) -> Iterator[SheetRow]:
    """The label of a line, or none."""
    plain = {name: (value or "").strip() for name, value in cells.items() if isinstance(value, str)}
    said = plain.get("answer", "").lower()
    if not said:
        return
    if said not in _ANSWERS:
        raise ValueError(f"'{plain['answer'][:20]}' is no answer: yes, no or unclear")
    if not plain.get("trial", "").isdecimal() or len(plain["trial"]) > 18:
        raise ValueError(f"'{plain.get('trial', '')[:20]}' is no number of a trial")
    note = plain.get("note", "")
    note = note[1:] if note.startswith("'") and note[1:].startswith(FORMULA) else note
    if len(note) > LONGEST_NOTE:
        raise ValueError(f"the note has {len(note):,} characters; the most is {LONGEST_NOTE:,}")
    try:
        who = checked_rater(plain.get("rater") or rater)
    except StudioError as error:
        raise ValueError(f"{error.title} (or say --rater)") from error
    yield SheetRow(int(plain["trial"]), plain.get("outcome") or outcome, who, _ANSWERS[said], note)


def store_sheet(path: Path, rows: tuple[SheetRow, ...]) -> int:
    """Store the labels of a sheet in a run; how many. StudioError when a trial cannot be labelled; nothing is stored then."""
    with RunFile.open(path) as run:
        known = {trial for (trial,) in run.query("SELECT DISTINCT trial FROM verdict")}
        outcomes = {name for (name,) in run.query("SELECT name FROM name WHERE kind = 'outcome'")}
    for row in rows:
        if row.trial not in known:
            raise StudioError(f"the run has no judged trial {row.trial}", "none of the sheet's labels was stored")
        if row.outcome not in outcomes:
            raise StudioError(f"the run asks for no outcome '{row.outcome}'", "none of the sheet's labels was stored")
    for row in rows:
        set_label(path, row.trial, row.outcome, row.rater, row.answer, note=row.note)
    return len(rows)
