"""Run files as older versions of the program made them: today's run, written into the tables of then."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from am_studio.foundation.hashing import hash_json
from am_studio.records import Reply
from am_studio.runs import codec, schema
from am_studio.runs.runfile import RunFile, reply_of

TABLES_OF_VERSION_1 = """
CREATE TABLE run (name TEXT PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name)) STRICT;
CREATE TABLE prompt (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
CREATE TABLE variant (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, prompt INTEGER REFERENCES prompt(id)
) STRICT;
CREATE TABLE session (
  id INTEGER PRIMARY KEY, started REAL NOT NULL, seconds REAL, program TEXT NOT NULL, ending TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE trial (
  id INTEGER PRIMARY KEY, arm INTEGER NOT NULL, model INTEGER NOT NULL, variant INTEGER NOT NULL, seed INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0, truncated INTEGER NOT NULL DEFAULT 0,
  session INTEGER, ended REAL
) STRICT;
CREATE INDEX trial_counts ON trial (arm, model, state, refused, truncated);
CREATE TABLE batch (first INTEGER PRIMARY KEY, trials INTEGER NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY, trial INTEGER NOT NULL, turn INTEGER NOT NULL, number INTEGER NOT NULL, session INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0, started REAL NOT NULL, seconds REAL, kind TEXT, cost REAL NOT NULL,
  input_tokens INTEGER, output_tokens INTEGER, returned INTEGER
) STRICT;
CREATE INDEX attempt_open ON attempt (id) WHERE state = 0;
CREATE TABLE reply (
  trial INTEGER NOT NULL, turn INTEGER NOT NULL, attempt INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL,
  words BLOB, PRIMARY KEY (trial, turn)
) STRICT;
CREATE TABLE failure (attempt INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TABLE intent (
  trial INTEGER NOT NULL, turn INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (trial, turn)
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
  note TEXT NOT NULL DEFAULT '', PRIMARY KEY (trial, outcome, annotator)
) STRICT, WITHOUT ROWID;
"""
HISTORY_OF_VERSION_1 = """CREATE TABLE IF NOT EXISTS label_history (
  id INTEGER PRIMARY KEY, trial INTEGER NOT NULL, outcome INTEGER NOT NULL, annotator TEXT NOT NULL, answer INTEGER,
  at REAL NOT NULL, note TEXT NOT NULL
) STRICT"""
_SAME = {
    "name": "SELECT id, kind, name FROM name WHERE kind != 'intent'",
    "prompt": "SELECT * FROM prompt",
    "variant": "SELECT id, key, prompt FROM variant",
    "session": "SELECT id, started, seconds, program, ending FROM session",
    "trial": "SELECT id, arm, model, variant, seed, state, refused, truncated, session, ended FROM trial",
    "batch": "SELECT * FROM batch",
    "attempt": """SELECT id, trial, turn, number, session, state, started, seconds, kind, cost, input_tokens, output_tokens,
        returned FROM attempt""",
    "failure": "SELECT * FROM failure",
    "verdict": "SELECT * FROM verdict",
    "evidence": "SELECT * FROM evidence",
    "label": "SELECT trial, outcome, annotator, answer, at, note FROM label",
    "label_history": "SELECT id, trial, outcome, annotator, answer, at, note FROM label_history",
}


def as_version_1(path: Path) -> None:
    """Write a run of today as the first version would have: its tables, its digests, the plan as it was then."""
    old = path.with_suffix(".old")
    with RunFile.open(path) as run, closing(apsw.Connection(str(old))) as db:
        db.execute(TABLES_OF_VERSION_1)
        db.execute(HISTORY_OF_VERSION_1)
        db.pragma("application_id", schema.APPLICATION_ID)
        db.pragma("user_version", 1)
        there = {name for (name,) in run.query("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        with db:
            for table, query in _SAME.items():
                for row in run.query(query) if table in there else ():
                    db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            for name, body, stored in run.query("SELECT name, body, digest FROM run"):
                value = codec.checked("run", name, body, stored)
                packed = codec.pack(_plan_of_version_1(value) if name == "plan" else value)
                db.execute("INSERT INTO run VALUES (?, ?, ?)", (name, packed, codec.digest("run", name, packed)))
            for trial, turn, attempt, body, stored in run.query("SELECT trial, turn, attempt, body, digest FROM reply"):
                words = _words_of_version_1(reply_of(trial, turn, body, stored))
                db.execute("INSERT INTO reply VALUES (?, ?, ?, ?, ?, ?)", (trial, turn, attempt, body, stored, words))
            for trial, turn, name in run.query(
                "SELECT trial, turn, name.name FROM intent JOIN name ON name.id = intent.meant"
            ):
                intent = codec.intent_from_name(name)
                packed = codec.pack([intent.kind, list(intent.acts), intent.belief])
                digest = codec.digest("intent", f"{trial}.{turn}", packed)
                db.execute("INSERT INTO intent VALUES (?, ?, ?, ?)", (trial, turn, packed, digest))
    os.replace(old, path)


def _words_of_version_1(reply: Reply) -> bytes | None:
    said = reply.reasoning + "\0" + reply.text
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest() if len(said) > 1 else None


def _plan_of_version_1(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan without what later versions added, and its hash as that version took it."""
    study = {key: value for key, value in plan["study"].items() if key in _STUDY_OF_VERSION_1}
    study["models"] = [{key: model[key] for key in _MODEL_OF_VERSION_1} for model in study["models"]]
    study["sampling"] = {key: study["sampling"][key] for key in ("temperature", "max_tokens")}
    arms = [
        {**arm, "variant": {key: arm["variant"][key] for key in ("levels", "removed_units", "dragged")}}
        for arm in plan["arms"]
    ]
    models = [
        {**{key: model[key] for key in ("name", "simulated", "trials", "prompt_tokens")}, "trial_cost": 0.0}
        for model in plan["models"]
    ]
    known = {key: plan[key] for key in _PLAN_OF_VERSION_1}
    old = {**known, "study": study, "arms": arms, "models": models}
    design = [
        [arm["name"], arm["trials"], arm["variant"]["levels"], arm["variant"]["removed_units"]] for arm in old["arms"]
    ]
    hashed = {
        "study": study,
        "scenario": [old["scenario"], old["scenario_hash"]],
        "design": design,
        "judge": old["judge"],
        "analysis": [study["outcome"], old["estimand"]],
        "program": old["program"],
    }
    return {**old, "hash": hash_json(hashed)}


_MODEL_OF_VERSION_1 = ("name", "endpoint", "key_env", "input_price", "output_price")
_PLAN_OF_VERSION_1 = (
    "study", "scenario", "scenario_hash", "judge", "estimand", "arms", "models", "trials", "calls", "warnings", "program",
    "hash",
)  # fmt: skip
_STUDY_OF_VERSION_1 = (
    "name", "title", "scenario", "baseline", "design", "models", "outcome", "trials", "protocol", "judge", "sampling",
    "seed", "budget_usd", "turns", "extra",
)  # fmt: skip
