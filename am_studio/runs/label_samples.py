"""Samples of a run's trials that people are asked to label, kept in the run file with each trial's chance to be drawn.

A sample belongs to one outcome and one judge, whose answers it was drawn by. It is drawn once and stays: asking for more
adds to it, and only where trials have ended since is it drawn anew from all of them. Every draw stays in the file.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from am_studio.foundation.errors import StudioError, nearest
from am_studio.judging.label_sampling import SIZE, Candidate, Drawn, draw_sample
from am_studio.runs import codec, schema
from am_studio.runs.codec import Damage
from am_studio.runs.database import Transaction, connect
from am_studio.runs.labels import takes_no_labels
from am_studio.runs.runfile import RunFile


@dataclass(frozen=True, slots=True)
class LabelSample:
    """A sample as it was drawn."""

    outcome: str
    judge: str
    seed: int
    candidates: int
    """Judged trials that there were to draw from."""
    at: float
    """When, in seconds since 1970."""
    trials: tuple[Drawn, ...]
    """In the order of labelling."""
    draws: int = 1
    """How often a sample was drawn for this outcome and judge, this one included."""

    @property
    def chances(self) -> dict[int, float]:
        """Each trial's chance to be drawn."""
        return {drawn.trial: drawn.chance for drawn in self.trials}


def label_sample(run: RunFile, outcome: str, judge: str = "") -> LabelSample | None:
    """The sample that counts for this outcome and judge (the plan's when empty); None before one was drawn."""
    tables = list(run.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'label_sample'"))
    if not tables:
        return None
    judge = judge or run.plan.judge
    draws = list(
        run.query(
            """SELECT label_draw.id, seed, candidates, at FROM label_draw JOIN name outcome ON outcome.id = label_draw.outcome
            JOIN name judge ON judge.id = label_draw.judge WHERE outcome.kind = 'outcome' AND outcome.name = ?
            AND judge.kind = 'judge' AND judge.name = ? ORDER BY label_draw.id""",
            (outcome, judge),
        )
    )
    if not draws:
        return None
    draw, seed, candidates, at = draws[-1]
    rows = run.query("SELECT trial, position, chance FROM label_sample WHERE draw = ? ORDER BY position", (draw,))
    trials = tuple(Drawn(*row) for row in rows)
    if any(not 0 < drawn.chance <= 1 for drawn in trials):
        raise Damage("label_sample", "a chance is none")
    return LabelSample(outcome, judge, seed, candidates, at, trials, len(draws))


def judged(run: RunFile, outcome: str, judge: str = "") -> tuple[Candidate, ...]:
    """Every trial that this judge (the plan's when empty) has answered for this outcome, in the order of the trials."""
    rows = run.query(
        """SELECT verdict.trial, arm.name, model.name, verdict.answer FROM verdict
        JOIN name arm ON arm.id = verdict.arm JOIN name model ON model.id = verdict.model
        JOIN name judge ON judge.id = verdict.judge JOIN name outcome ON outcome.id = verdict.outcome
        WHERE judge.kind = 'judge' AND judge.name = ? AND outcome.kind = 'outcome' AND outcome.name = ?
        ORDER BY verdict.trial""",
        (judge or run.plan.judge, outcome),
    )
    return tuple(Candidate(trial, arm, model, schema.ANSWERS[answer]) for trial, arm, model, answer in rows)


def draw_labels(
    path: Path, outcome: str, judge: str = "", *, size: int | None = None, seed: int | None = None
) -> LabelSample:
    """The run's sample for this outcome and judge (the plan's when empty), drawn where there is none.

    `size` None: the one that there is, or a first one of `SIZE` trials; else one of at least so many: an earlier sample of the
    same trials is added to, and where more have been judged since, another is drawn from all. `seed` None: the sample's own,
    or for the first one the study's; it cannot be changed later, for a sample may not be chosen by what it showed. StudioError when nothing is judged, or the file is not writable.
    """
    with RunFile.open(path) as run:
        judge = judge or run.plan.judge
        before = label_sample(run, outcome, judge)
        candidates = judged(run, outcome, judge)
        if not candidates:
            _refuse(run, outcome, judge)
        same = before is not None and before.candidates == len(candidates)
        if before is not None:
            if seed not in (None, before.seed):
                raise StudioError(
                    f"the sample was drawn with seed {before.seed}",
                    "another seed would draw other trials after some were looked at",
                    "leave --seed out",
                )
            seed = before.seed
            if size is None or (same and len(before.trials) >= min(size, len(candidates))):
                return before
        seed = run.plan.study.seed if seed is None else seed
        size = max(size or SIZE, len(before.trials) if before else 0)
    kept = [drawn.trial for drawn in before.trials] if before is not None and same else []
    drawn = draw_sample(candidates, size, seed=seed, kept=kept)
    sample = LabelSample(outcome, judge, seed, len(candidates), time.time(), drawn, before.draws + 1 if before else 1)
    _store(path, sample, size)
    return sample


def _refuse(run: RunFile, outcome: str, judge: str) -> None:
    for kind, name in (("outcome", outcome), ("judge", judge)):
        known = [found for (found,) in run.query("SELECT name FROM name WHERE kind = ?", (kind,))]
        if known and name not in known:
            raise StudioError(f"no {kind} '{name}' is judged in this run", hint=nearest(name, known))
    raise StudioError("no trial has been judged yet", hint="labelling starts once trials have ended")


def _store(path: Path, sample: LabelSample, size: int) -> None:
    try:
        _insert(path, sample, size)
    except apsw.Error as error:
        raise takes_no_labels(path, str(error)) from error
    except StudioError as error:
        if isinstance(error.__cause__, apsw.Error):
            raise takes_no_labels(path, error.detail) from error
        raise


def _insert(path: Path, sample: LabelSample, size: int) -> None:
    with closing(connect(path, apsw.SQLITE_OPEN_READWRITE)) as db:
        db.pragma("synchronous", "full")
        with Transaction(db, path):
            for statement in schema.LABEL_SAMPLES:
                db.execute(statement)
            numbers = [
                db.execute("SELECT id FROM name WHERE kind = ? AND name = ?", (kind, name)).fetchall()[0][0]
                for kind, name in (("outcome", sample.outcome), ("judge", sample.judge))
            ]
            ((draw,),) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM label_draw").fetchall()
            row = (draw, *numbers, sample.seed, size, sample.candidates, sample.at)
            db.execute(
                "INSERT INTO label_draw VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, codec.row_digest("label_draw", row))
            )
            rows = ((draw, drawn.trial, drawn.position, drawn.chance) for drawn in sample.trials)
            db.executemany(
                "INSERT INTO label_sample VALUES (?, ?, ?, ?, ?)",
                ((*each, codec.row_digest("label_sample", each)) for each in rows),
            )
