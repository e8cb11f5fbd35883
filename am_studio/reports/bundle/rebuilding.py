"""A run file made from the parts of a bundle, so that whatever reads runs reads bundles: analysis, studio, exports.

What the bundle says is taken over as it is, right or wrong; whether it is right is for `reproducing.py` to find. A part
that is not what it should be in form is an error that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.records import Evidence, FunctionCall, Intent, Reply, TrialSpec, Usage, Variant, Verdict
from am_studio.reports.bundle.parts import OTHERS, SCENARIO
from am_studio.reports.bundle.rows import ATTEMPT_STATES, TRIAL_STATES, Row
from am_studio.reports.bundle.source import Source, document_of, rows_of, small
from am_studio.runs import codec, schema
from am_studio.runs.database import connect
from am_studio.runs.plan import Plan, hash_of_stored, plan_from_json
from am_studio.runs.runfile import JUDGE_PART, RunFile
from am_studio.runs.variants import batch_digest, variant_key

_STATES = {told: number for number, told in TRIAL_STATES.items()}
_ATTEMPTS = {told: number for number, told in ATTEMPT_STATES.items()}


class BundledRun(RunFile):
    """A run that was made from a bundle: its plan is read whether or not it fits its hash, which is checked apart."""

    @cached_property
    def plan(self) -> Plan:
        """The plan as the bundle has it."""
        return codec.decoded("plan", plan_from_json, self._part("plan"))


@contextmanager
def rebuilt(source: Source) -> Iterator[BundledRun]:
    """The run of a bundle, in a file that is gone afterwards; StudioError when a part is not what it should be."""
    with TemporaryDirectory(prefix="am-studio-") as directory:
        path = Path(directory) / "bundle.amrun"
        write_run(source, path)
        with BundledRun.open(path) as run:
            yield run


def write_run(source: Source, path: Path, *, own_hash: bool = False) -> None:
    """Write the bundle as a run file. `own_hash`: a plan that does not fit its hash, for something was withheld, gets its own.

    StudioError when a part is not what it should be; then there is no file.
    """
    if path.exists():
        raise StudioError(f"{path} exists already", hint="choose another name")
    connection = connect(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    done = False
    try:
        connection.pragma("journal_mode", "off")
        connection.pragma("synchronous", "off")
        with connection:
            _Builder(source, connection, own_hash).build()
        done = True
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, apsw.Error) as error:
        raise StudioError(
            "the bundle is damaged: a part has another form than it should", f"{type(error).__name__}: {error}"[:200]
        ) from error
    finally:
        connection.close()
        if not done:
            path.unlink(missing_ok=True)


class _Builder:
    """Fills one database."""

    def __init__(self, source: Source, db: apsw.Connection, own_hash: bool) -> None:
        self._source = source
        self._db = db
        self._own_hash = own_hash
        self._names: dict[tuple[str, str], int] = {}
        self._variants: dict[int, Variant] = {}
        self._specs: list[tuple[int, int]] = []

    def build(self) -> None:
        """Every table, in an order in which what is referred to is there."""
        db = self._db
        db.execute(schema.TABLES)
        db.pragma("application_id", schema.APPLICATION_ID)
        db.pragma("user_version", schema.VERSION)
        about = document_of(self._source, "run.json")
        self._run_parts(about)
        for kind, name in about["names"]:
            self._named(str(kind), str(name))
        self._prompts()
        self._rows("session", self._sessions())
        self._trials(about)
        self._rows("reopened", self._reopened())
        self._rows("attempt", self._attempts())
        self._verdicts()
        self._judge_replies()
        self._labels()
        self._samples()

    def _run_parts(self, about: Mapping[str, Any]) -> None:
        plan = document_of(self._source, "plan.json")
        if self._own_hash:
            plan = {**plan, "hash": codec.decoded("plan", hash_of_stored, plan)}
        parts: dict[str, Any] = {
            "plan": plan,
            "created": float(about["created"]),
            "scenario": texts_under(self._source, SCENARIO),
        }
        for number, name in enumerate(about.get("others", ()), 1):
            parts[f"{schema.OTHER_SCENARIO}{name}"] = texts_under(self._source, f"{OTHERS}{number}/")
        parts |= {f"{JUDGE_PART}{name}": settings for name, settings in about.get("judges", {}).items()}
        for name, value in parts.items():
            body = codec.pack(value)
            self._db.execute("INSERT INTO run VALUES (?, ?, ?)", (name, body, codec.digest("run", name, body)))

    def _prompts(self) -> None:
        numbers: dict[str, int] = {}
        for number, row in enumerate(rows_of(self._source, "prompts.jsonl"), 1):
            messages = row["messages"]
            body = None if messages is None else codec.pack([[each["role"], each["content"]] for each in messages])
            numbers[row["prompt"]] = number
            self._db.execute("INSERT INTO prompt VALUES (?, ?, ?)", (number, row["prompt"], body))
        for row in rows_of(self._source, "variants.jsonl"):
            variant, number = variant_of_row(row), int(row["variant"])
            self._variants[number] = variant
            self._insert("variant", (number, variant_key(variant), numbers[row["prompt"]] if row["prompt"] else None))

    def _sessions(self) -> Iterator[tuple[Any, ...]]:
        for row in rows_of(self._source, "sessions.jsonl"):
            yield (
                int(row["session"]),
                float(row["started"]),
                _number(row["seconds"]),
                str(row["program"]),
                str(row["ending"]),
            )

    def _reopened(self) -> Iterator[tuple[Any, ...]]:
        for number, row in enumerate(rows_of(self._source, "reopened.jsonl"), 1):
            yield number, int(row["trial"]), float(row["at"]), int(row["session"]), float(row["ended"])

    def _trials(self, about: Mapping[str, Any]) -> None:
        for row in rows_of(self._source, "trials.jsonl"):
            id_, state = int(row["trial"]), _STATES[row["state"]]
            arm, model = self._named("arm", str(row["arm"])), self._named("model", str(row["model"]))
            ended = (
                id_,
                state,
                int(bool(row["refused"])),
                int(bool(row["truncated"])),
                row["session"],
                _number(row["ended"]),
                row["words"],
            )
            digest = None if state == schema.PLANNED else codec.row_digest("trial", ended)
            self._db.execute(
                "INSERT INTO trial VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (id_, arm, model, int(row["variant"]), int(row["seed"]), *ended[1:], digest),
            )
            for reply in row["replies"]:
                self._reply(id_, reply)
            for meant in row["intents"]:
                intent = Intent(str(meant["kind"]), tuple(map(str, meant["acts"])), meant["belief"])
                self._insert("intent", (id_, int(meant["turn"]), self._named("intent", codec.intent_as_name(intent))))
        self._batches(about)

    def _reply(self, trial: int, row: Row) -> None:
        turn, body = int(row["turn"]), codec.pack(codec.reply_as_json(reply_of_row(row)))
        self._db.execute(
            "INSERT INTO reply VALUES (?, ?, ?, ?, ?)",
            (trial, turn, int(row["attempt"]), body, codec.digest("reply", f"{trial}.{turn}", body)),
        )

    def _batches(self, about: Mapping[str, Any]) -> None:
        names = {number: name for (_, name), number in self._names.items()}
        for first, trials in about["batches"]:
            rows = self._db.execute(
                "SELECT id, arm, model, variant, seed FROM trial WHERE id >= ? AND id < ? ORDER BY id",
                (first, first + trials),
            )
            specs = (
                TrialSpec(id_, names[arm], names[model], self._variants[variant], seed)
                for id_, arm, model, variant, seed in rows
            )
            self._db.execute("INSERT INTO batch VALUES (?, ?, ?)", (first, trials, batch_digest(first, specs)))

    def _attempts(self) -> Iterator[tuple[Any, ...]]:
        for row in rows_of(self._source, "attempts.jsonl"):
            number, failure = int(row["attempt"]), row["failure"]
            if failure is not None:
                body = codec.pack([row["kind"], str(failure["message"]), failure["retry_after"], ""])
                self._db.execute(
                    "INSERT INTO failure VALUES (?, ?, ?)", (number, body, codec.digest("failure", number, body))
                )
            yield (
                number,
                int(row["trial"]),
                int(row["turn"]),
                int(row["number"]),
                int(row["session"]),
                _ATTEMPTS[row["state"]],
                float(row["started"]),
                _number(row["seconds"]),
                row["kind"],
                float(row["cost"]),
                row["input_tokens"],
                row["output_tokens"],
                None if row["returned"] is None else self._named("returned", str(row["returned"])),
                self._named("judge", str(row["judge"])) if row["judge"] else 0,
            )

    def _verdicts(self) -> None:
        places = {id_: (arm, model) for id_, arm, model in self._db.execute("SELECT id, arm, model FROM trial")}
        for (trial, judge), rows in groupby(rows_of(self._source, "verdicts.jsonl"), itemgetter("trial", "judge")):
            number, verdicts = self._named("judge", str(judge)), [verdict_of_row(row) for row in rows]
            for verdict in verdicts:
                answer = schema.ANSWERS.index(verdict.answer)
                self._db.execute(
                    "INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?)",
                    (trial, number, self._named("outcome", verdict.outcome), *places[trial], answer),
                )
            body = codec.pack(codec.verdicts_as_json(verdicts))
            self._db.execute(
                "INSERT INTO evidence VALUES (?, ?, ?, ?)",
                (trial, number, body, codec.digest("evidence", f"{trial}.{judge}", body)),
            )

    def _judge_replies(self) -> None:
        for row in rows_of(self._source, "judge_replies.jsonl"):
            trial, judge, turn = int(row["trial"]), str(row["judge"]), int(row["turn"])
            body = codec.pack(codec.reply_as_json(reply_of_row(row)))
            self._db.execute(
                "INSERT INTO judge_reply VALUES (?, ?, ?, ?, ?, ?)",
                (
                    trial,
                    self._named("judge", judge),
                    turn,
                    int(row["attempt"]),
                    body,
                    codec.digest("judge_reply", f"{trial}.{judge}.{turn}", body),
                ),
            )

    def _labels(self) -> None:
        for row in rows_of(self._source, "labels.jsonl"):
            answer = schema.ANSWERS.index(row["answer"])
            outcome = self._named("outcome", str(row["outcome"]))
            self._insert(
                "label", (int(row["trial"]), outcome, str(row["rater"]), answer, float(row["at"]), str(row["note"]))
            )
        for number, row in enumerate(rows_of(self._source, "label_history.jsonl"), 1):
            if number == 1:
                self._db.execute(schema.LABEL_HISTORY)
            code = None if row["answer"] is None else schema.ANSWERS.index(row["answer"])
            outcome = self._named("outcome", str(row["outcome"]))
            self._insert(
                "label_history",
                (number, int(row["trial"]), outcome, str(row["rater"]), code, float(row["at"]), str(row["note"])),
            )

    def _samples(self) -> None:
        for number, row in enumerate(rows_of(self._source, "label_samples.jsonl")):
            for statement in schema.LABEL_SAMPLES if number == 0 else ():
                self._db.execute(statement)
            draw = int(row["draw"])
            names = self._named("outcome", str(row["outcome"])), self._named("judge", str(row["judge"]))
            self._insert(
                "label_draw",
                (draw, *names, int(row["seed"]), int(row["size"]), int(row["candidates"]), float(row["at"])),
            )
            for trial, position, chance in row["trials"]:
                self._insert("label_sample", (draw, int(trial), int(position), float(chance)))

    def _rows(self, table: str, rows: Iterator[tuple[Any, ...]]) -> None:
        for row in rows:
            self._insert(table, row)

    def _insert(self, table: str, row: tuple[Any, ...]) -> None:
        places = ", ".join("?" * (len(row) + 1))
        self._db.execute(f"INSERT INTO {table} VALUES ({places})", (*row, codec.row_digest(table, row)))  # noqa: S608

    def _named(self, kind: str, name: str) -> int:
        found = self._names.get((kind, name))
        if found is None:
            found = self._names[kind, name] = len(self._names) + 1
            self._insert("name", (found, kind, name))
        return found


def texts_under(source: Source, directory: str) -> dict[str, str]:
    """The texts of a carried scenario by their names relative to it; StudioError when one is no UTF-8."""
    texts = {}
    for name in source.names:
        if name.startswith(directory) and not name.endswith("/"):
            try:
                texts[name.removeprefix(directory)] = small(source, name).decode()
            except UnicodeDecodeError as error:
                raise StudioError(f"the bundle is damaged: {name} is not UTF-8 text") from error
    return texts


def variant_of_row(row: Row) -> Variant:
    """The variant that `variant_as_row` gave."""

    def choices(name: str) -> tuple[tuple[str, str], ...]:
        return tuple((str(key), str(level)) for key, level in row[name].items())

    return Variant(
        choices("levels"),
        tuple(map(str, row["removed_units"])),
        choices("dragged"),
        choices("nuisance"),
        str(row["scenario"]),
    )


def reply_of_row(row: Row) -> Reply:
    """The reply in a row of trials or of judges' replies."""
    return Reply(
        str(row["text"]),
        str(row["reasoning"]),
        row["finish"],
        Usage(**{str(name): int(number) for name, number in row["usage"].items()}),
        str(row["model_returned"]),
        row["cost"],
        None,
        tuple(FunctionCall(str(call["id"]), str(call["name"]), str(call["arguments"])) for call in row["calls"]),
        str(row["echo"]),
    )


def verdict_of_row(row: Row) -> Verdict:
    """The verdict in a row."""
    evidence = tuple(
        Evidence(int(each["turn"]), int(each["start"]), int(each["end"]), str(each["quote"]))
        for each in row["evidence"]
    )
    return Verdict(str(row["outcome"]), row["answer"], str(row["judge"]), str(row["reason"]), evidence)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
