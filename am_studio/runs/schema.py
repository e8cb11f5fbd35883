"""The tables of a run file and their version. Nothing here reads or writes rows.

Version 2: requests of judges (`attempt.judge`, 0 for the subject's own; `judge_reply`); digests of narrow rows; prompts
that are stored by their hash alone; what repeats and what was meant in narrow columns; trials that were planned again.
Older files are brought up to it by `migrate.py`.

Narrow tables carry what is counted; bodies (zstd JSON with a digest) carry what is read one at a time. What a simulated
subject meant stands in a table of its own, which no judge reads. A `digest` that is an INTEGER is `codec.row_digest` over
the other columns of its row, in the order of `DIGESTED`.
"""

from __future__ import annotations

from collections.abc import Mapping

from am_studio.records import Answer

APPLICATION_ID = 0x414D_5354
"""`AMST`: marks an SQLite file as a run."""
VERSION = 2

OTHER_SCENARIO = "scenario:"
"""Begins the name of a part of `run` that holds another scenario than the study's own; its name in the study follows."""

PLANNED, DONE, FAILED = 0, 1, 2
"""States of a trial. A trial that failed gave no conversation after every try."""

STARTED, OK, ERROR, UNKNOWN = 0, 1, 2, 3
"""States of an attempt. `UNKNOWN`: its process ended before the answer came; it may have been paid for."""

ANSWERS: tuple[Answer, ...] = ("no", "yes", "unclear")
"""Verdicts are stored as the index in this tuple."""

TABLES = """
CREATE TABLE run (name TEXT PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE name (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, digest INTEGER NOT NULL, UNIQUE (kind, name)
) STRICT;
CREATE TABLE prompt (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, body BLOB) STRICT;
CREATE TABLE variant (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, prompt INTEGER REFERENCES prompt(id), digest INTEGER NOT NULL
) STRICT;
CREATE TABLE session (
  id INTEGER PRIMARY KEY, started REAL NOT NULL, seconds REAL, program TEXT NOT NULL, ending TEXT NOT NULL DEFAULT '',
  digest INTEGER NOT NULL
) STRICT;
CREATE TABLE trial (
  id INTEGER PRIMARY KEY, arm INTEGER NOT NULL, model INTEGER NOT NULL, variant INTEGER NOT NULL, seed INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0, truncated INTEGER NOT NULL DEFAULT 0,
  session INTEGER, ended REAL, words INTEGER, digest INTEGER
) STRICT;
CREATE INDEX trial_counts ON trial (arm, model, state, refused, truncated);
CREATE TABLE batch (first INTEGER PRIMARY KEY, trials INTEGER NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TABLE reopened (
  id INTEGER PRIMARY KEY, trial INTEGER NOT NULL, at REAL NOT NULL, session INTEGER NOT NULL, ended REAL NOT NULL,
  digest INTEGER NOT NULL
) STRICT;
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY, trial INTEGER NOT NULL, turn INTEGER NOT NULL, number INTEGER NOT NULL, session INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0, started REAL NOT NULL, seconds REAL, kind TEXT, cost REAL NOT NULL,
  input_tokens INTEGER, output_tokens INTEGER, returned INTEGER, judge INTEGER NOT NULL DEFAULT 0, digest INTEGER NOT NULL
) STRICT;
CREATE INDEX attempt_open ON attempt (id) WHERE state = 0;
CREATE TABLE reply (
  trial INTEGER NOT NULL, turn INTEGER NOT NULL, attempt INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (trial, turn)
) STRICT;
CREATE TABLE judge_reply (
  trial INTEGER NOT NULL, judge INTEGER NOT NULL, turn INTEGER NOT NULL, attempt INTEGER NOT NULL, body BLOB NOT NULL,
  digest BLOB NOT NULL, PRIMARY KEY (trial, judge, turn)
) STRICT, WITHOUT ROWID;
CREATE TABLE failure (attempt INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TABLE intent (
  trial INTEGER NOT NULL, turn INTEGER NOT NULL, meant INTEGER NOT NULL, digest INTEGER NOT NULL, PRIMARY KEY (trial, turn)
) STRICT, WITHOUT ROWID;
CREATE TABLE verdict (
  trial INTEGER NOT NULL, judge INTEGER NOT NULL, outcome INTEGER NOT NULL,
  arm INTEGER NOT NULL, model INTEGER NOT NULL, answer INTEGER NOT NULL, PRIMARY KEY (trial, judge, outcome)
) STRICT, WITHOUT ROWID;
CREATE INDEX verdict_counts ON verdict (judge, outcome, arm, model, answer);
CREATE TABLE evidence (
  trial INTEGER NOT NULL, judge INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (trial, judge)
) STRICT;
CREATE TABLE label (
  trial INTEGER NOT NULL, outcome INTEGER NOT NULL, annotator TEXT NOT NULL, answer INTEGER NOT NULL, at REAL NOT NULL,
  note TEXT NOT NULL DEFAULT '', digest INTEGER NOT NULL, PRIMARY KEY (trial, outcome, annotator)
) STRICT, WITHOUT ROWID;
"""

LABEL_HISTORY = """CREATE TABLE IF NOT EXISTS label_history (
  id INTEGER PRIMARY KEY, trial INTEGER NOT NULL, outcome INTEGER NOT NULL, annotator TEXT NOT NULL, answer INTEGER,
  at REAL NOT NULL, note TEXT NOT NULL, digest INTEGER NOT NULL
) STRICT"""
"""Made with the first label, so that a run without labels is the file that its plan and trials made it. `answer` is NULL
where the label was taken back."""

LABEL_SAMPLES = (
    """CREATE TABLE IF NOT EXISTS label_draw (
  id INTEGER PRIMARY KEY, outcome INTEGER NOT NULL, judge INTEGER NOT NULL, seed INTEGER NOT NULL, size INTEGER NOT NULL,
  candidates INTEGER NOT NULL, at REAL NOT NULL, digest INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE IF NOT EXISTS label_sample (
  draw INTEGER NOT NULL, trial INTEGER NOT NULL, position INTEGER NOT NULL, chance REAL NOT NULL,
  digest INTEGER NOT NULL, PRIMARY KEY (draw, trial)
) STRICT, WITHOUT ROWID""",
)
"""Made with the first sample that is drawn for labelling. A draw is never changed; the latest one of an outcome and a judge
counts. `chance`: with which a trial of its answer came into the sample."""

MADE_LATER = ("label_history", "label_draw", "label_sample")
"""Tables that a file has only once they were needed."""

DIGESTED: Mapping[str, tuple[str, ...]] = {
    "name": ("id", "kind", "name"),
    "variant": ("id", "key", "prompt"),
    "session": ("id", "started", "seconds", "program", "ending"),
    "trial": ("id", "state", "refused", "truncated", "session", "ended", "words"),
    "reopened": ("id", "trial", "at", "session", "ended"),
    "attempt": (
        "id", "trial", "turn", "number", "session", "state", "started", "seconds", "kind", "cost", "input_tokens",
        "output_tokens", "returned", "judge",
    ),
    "intent": ("trial", "turn", "meant"),
    "label": ("trial", "outcome", "annotator", "answer", "at", "note"),
    "label_draw": ("id", "outcome", "judge", "seed", "size", "candidates", "at"),
    "label_sample": ("draw", "trial", "position", "chance"),
    "label_history": ("id", "trial", "outcome", "annotator", "answer", "at", "note"),
}  # fmt: skip
"""Tables whose rows carry a `row_digest`, and the columns that it is taken over. A trial's other columns are in the digest
of its batch; it has none of its own while it is planned."""
