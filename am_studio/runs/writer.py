"""Writes a run file: one process, one transaction a group of operations, durable when `commit` returns.

Nothing that was acknowledged is lost to a kill or a power cut: the journal is written ahead and synced at every commit.
When the disk is full or gone the commit raises, and whoever drives the run must send nothing more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.records import ModelFailure, TrialSpec, Variant
from am_studio.runs import codec, schema
from am_studio.runs.codec import Damage, PackedVerdicts
from am_studio.runs.database import Transaction, connect, unwritable
from am_studio.runs.lock import RunLock
from am_studio.runs.operations import (
    Asked,
    AttemptEnded,
    AttemptStarted,
    Came,
    Operation,
    PromptKnown,
    TrialEnded,
    TrialJudged,
)
from am_studio.runs.plan import Plan, plan_as_json, refuse_imported
from am_studio.runs.runfile import JUDGE_PART, RunFile
from am_studio.runs.variants import batch_digest, variant_key
from am_studio.version import __version__

__all__ = ["AttemptEnded", "AttemptStarted", "Operation", "PromptKnown", "RunWriter", "TrialEnded"]

MOST_WHOLE_PROMPTS = 64
"""Prompts that are stored with their text; of further ones the hash is kept."""


class RunWriter(RunFile):
    """A run open for being carried out."""

    def __init__(self, path: Path, connection: apsw.Connection, lock: RunLock) -> None:
        super().__init__(path, connection)
        self._lock = lock
        self._session = 0
        self._began = 0.0
        self._variants: dict[Variant, int] = {}
        self._last_attempt = 0
        self._open: dict[int, Asked] = {}
        """Requests of this session that have not been answered."""
        self._said: dict[int, dict[int, bytes]] = {}
        """What was said in trials of this session that have not ended, by turn."""

    @classmethod
    def create(
        cls,
        path: Path,
        plan: Plan,
        scenario_texts: Mapping[str, str],
        other_texts: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Self:
        """A new run with its plan; StudioError when the file exists or cannot be written.

        `other_texts` are those of each scenario that the study sets beside its own, by the name that it gives them.
        """
        if path.exists():
            raise StudioError(f"{path} exists already", hint="choose another name with --out, or `am-studio resume` it")
        path.parent.mkdir(parents=True, exist_ok=True)
        run = cls._opened(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        parts = {"plan": plan_as_json(plan), "scenario": dict(scenario_texts), "created": time.time()}
        parts |= {f"{schema.OTHER_SCENARIO}{name}": dict(texts) for name, texts in (other_texts or {}).items()}
        with run._transaction():
            run._db.execute(schema.TABLES)
            run._db.pragma("application_id", schema.APPLICATION_ID)
            run._db.pragma("user_version", schema.VERSION)
            for name, value in parts.items():
                body = codec.pack(value)
                run._db.execute("INSERT INTO run VALUES (?, ?, ?)", (name, body, codec.digest("run", name, body)))
        return run

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open to go on with; StudioError when it is no run file or another process carries it out."""
        connect(path, apsw.SQLITE_OPEN_READONLY).close()
        run = cls._opened(path, apsw.SQLITE_OPEN_READWRITE)
        run._last_attempt = run._number("SELECT coalesce(max(id), 0) FROM attempt")
        return run

    @classmethod
    def _opened(cls, path: Path, flags: int) -> Self:
        lock = RunLock(path)
        try:
            connection = connect(path, flags)
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
        except apsw.Error as error:
            lock.release()
            raise unwritable(path, error) from error
        except StudioError:
            lock.release()
            raise
        return cls(path, connection, lock)

    def close(self) -> None:
        """Fold the journal into the one file, where nobody else reads it, and let others carry the run on."""
        with suppress(apsw.Error):
            self._db.set_busy_timeout(100)
            self._db.pragma("journal_mode", "delete")
        super().close()
        self._lock.release()

    # Sessions. -------------------------------------------------------------------------------------------------------

    def begin_session(self) -> int:
        """A new stretch of work; attempts that a killed process left open become unknown. Returns its number, from 1."""
        self._began = time.monotonic()
        with self._transaction():
            self._forget_open_attempts()
            self._session = self._number("SELECT coalesce(max(id), 0) + 1 FROM session")
            row = (self._session, time.time(), None, __version__, "")
            self._insert("session", row)
        return self._session

    def end_session(self, ending: str) -> None:
        """The stretch of work is over: `finished`, or the reason why it is not."""
        seconds = time.monotonic() - self._began
        with self._transaction():
            self._forget_open_attempts()
            rows = self._db.execute("SELECT started, program FROM session WHERE id = ?", (self._session,))
            for started, program in rows.fetchall():
                digest = codec.row_digest("session", (self._session, started, seconds, program, ending))
                self._db.execute(
                    "UPDATE session SET seconds = ?, ending = ?, digest = ? WHERE id = ?",
                    (seconds, ending, digest, self._session),
                )

    def _forget_open_attempts(self) -> None:
        columns = ", ".join(schema.DIGESTED["attempt"])
        rows = self._db.execute(f"SELECT {columns} FROM attempt WHERE state = {schema.STARTED}").fetchall()  # noqa: S608
        for row in rows:
            digest = codec.row_digest("attempt", (*row[:5], schema.UNKNOWN, *row[6:]))
            self._db.execute("UPDATE attempt SET state = ?, digest = ? WHERE id = ?", (schema.UNKNOWN, digest, row[0]))
        self._open.clear()

    def keep_judge(self, judge: str, settings: Mapping[str, Any]) -> None:
        """Store what a judge was set up with, beside the plan; what was stored under its name stays."""
        body = codec.pack(dict(settings))
        row = f"{JUDGE_PART}{judge}"
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO run VALUES (?, ?, ?)", (row, body, codec.digest("run", row, body)))

    # Trials and attempts. --------------------------------------------------------------------------------------------

    def plan_trials(self, specs: Sequence[TrialSpec]) -> None:
        """Store trials that the design named, all or none of them."""
        with self._transaction():
            for spec in specs:
                self._db.execute(
                    "INSERT INTO trial (id, arm, model, variant, seed) VALUES (?, ?, ?, ?, ?)",
                    (
                        spec.id,
                        self._named("arm", spec.arm),
                        self._named("model", spec.model),
                        self._variant(spec.variant),
                        spec.seed,
                    ),
                )
            first = specs[0].id
            self._db.execute("INSERT INTO batch VALUES (?, ?, ?)", (first, len(specs), batch_digest(first, specs)))

    def reopen_failed(self) -> int:
        """Plan every trial that failed once more, and remember that it failed; how many there were.

        Their requests stay where they are and count as before; new ones are numbered on from them. StudioError where the
        trials were imported: whoever generated them is not at hand.
        """
        refuse_imported(self.plan)
        with self._transaction():
            failed = self._db.execute(
                f"SELECT id, session, ended FROM trial WHERE state = {schema.FAILED} ORDER BY id"  # noqa: S608
            ).fetchall()
            first, now = self._number("SELECT coalesce(max(id), 0) + 1 FROM reopened"), time.time()
            for number, (trial, session, ended) in enumerate(failed, first):
                self._insert("reopened", (number, trial, now, session, ended))
                self._db.execute(
                    """UPDATE trial SET state = ?, refused = 0, truncated = 0, session = NULL, ended = NULL, words = NULL,
                    digest = NULL WHERE id = ?""",
                    (schema.PLANNED, trial),
                )
        return len(failed)

    def new_attempt(self) -> int:
        """The number of the next attempt."""
        self._last_attempt += 1
        return self._last_attempt

    def begun(self) -> dict[int, int]:
        """Trials that have not ended and whose subject was asked: how many requests each, in all sessions."""
        query = f"""SELECT trial, count(*) FROM attempt JOIN trial ON trial.id = attempt.trial
            WHERE trial.state = {schema.PLANNED} AND attempt.judge = 0 GROUP BY trial"""  # noqa: S608
        return dict(self._db.execute(query))

    def replied(self) -> frozenset[int]:
        """Trials that have not ended and of which a reply of the subject's is stored."""
        query = f"""SELECT DISTINCT trial FROM reply JOIN trial ON trial.id = reply.trial
            WHERE trial.state = {schema.PLANNED}"""  # noqa: S608
        return frozenset(trial for (trial,) in self._db.execute(query))

    def asked(self, trial: int, judge: str) -> int:
        """How many requests this judge has made about a trial, in all sessions."""
        return self._number(
            "SELECT count(*) FROM attempt WHERE trial = ? AND judge = ?", trial, self._name("judge", judge)
        )

    def commit(self, operations: Iterable[Operation]) -> None:
        """Make these durable together; StudioError when that cannot be done, and then none of them is."""
        with self._transaction():
            for operation in operations:
                match operation:
                    case AttemptStarted():
                        self._attempt_started(operation)
                    case AttemptEnded():
                        self._attempt_ended(operation)
                    case TrialEnded():
                        self._trial_ended(operation)
                    case TrialJudged():
                        self._judged(operation.spec, operation.verdicts)
                    case PromptKnown():
                        self._prompt_known(operation)

    def _prompt_known(self, known: PromptKnown) -> None:
        """Store what was rendered; where every trial is its own variant only the hash, for it can be rendered again."""
        body = None
        if self.plan.imported or known.variant in self._kept_whole:
            body = codec.pack([[message.role, message.text] for message in known.prompt.messages])
        hash_, variant = known.prompt.hash, self._variant(known.variant)
        self._db.execute(
            """INSERT INTO prompt (hash, body) VALUES (?, ?)
            ON CONFLICT (hash) DO UPDATE SET body = coalesce(body, excluded.body)""",
            (hash_, body),
        )
        prompt = self._number("SELECT id FROM prompt WHERE hash = ?", hash_)
        digest = codec.row_digest("variant", (variant, variant_key(known.variant), prompt))
        self._db.execute("UPDATE variant SET prompt = ?, digest = ? WHERE id = ?", (prompt, digest, variant))

    @cached_property
    def _kept_whole(self) -> frozenset[Variant]:
        """Variants whose prompt is stored with its text: those of the arms that the plan names."""
        return frozenset(list(dict.fromkeys(arm.variant for arm in self.plan.arms))[:MOST_WHOLE_PROMPTS])

    def _attempt_started(self, started: AttemptStarted) -> None:
        asked = Asked(
            started.trial,
            started.turn,
            started.number,
            self._session,
            started.at,
            self._named("judge", started.judge) if started.judge else 0,
        )
        self._open[started.attempt] = asked
        self._insert("attempt", asked.row(started.attempt, Came(schema.STARTED, float(started.reserved))))

    def _attempt_ended(self, ended: AttemptEnded) -> None:
        answer = ended.answer
        if isinstance(answer, ModelFailure):
            self._settle(ended, Came(schema.ERROR, float(ended.cost), float(ended.seconds), answer.kind))
            self._body("failure", (ended.attempt,), codec.failure_as_json(answer))
            return
        tokens = answer.usage.input_tokens, answer.usage.output_tokens
        returned = self._named("returned", answer.model_returned)
        self._settle(ended, Came(schema.OK, float(ended.cost), float(ended.seconds), None, tokens, returned))
        body = codec.pack(codec.reply_as_json(answer))
        if ended.judge:
            judge = self._named("judge", ended.judge)
            row = f"{ended.trial}.{ended.judge}.{ended.turn}"
            self._db.execute(
                "INSERT INTO judge_reply VALUES (?, ?, ?, ?, ?, ?)",
                (ended.trial, judge, ended.turn, ended.attempt, body, codec.digest("judge_reply", row, body)),
            )
            return
        row = f"{ended.trial}.{ended.turn}"
        self._db.execute(
            "INSERT INTO reply VALUES (?, ?, ?, ?, ?)",
            (ended.trial, ended.turn, ended.attempt, body, codec.digest("reply", row, body)),
        )
        self._said.setdefault(ended.trial, {})[ended.turn] = codec.said(answer)
        if answer.intent is not None:
            meant = self._named("intent", codec.intent_as_name(answer.intent))
            self._insert("intent", (ended.trial, ended.turn, meant))

    def _settle(self, ended: AttemptEnded, came: Came) -> None:
        asked = self._open.pop(ended.attempt, None) or self._asked(ended.attempt)
        self._db.execute(
            """UPDATE attempt SET state = ?, seconds = ?, kind = ?, cost = ?, input_tokens = ?, output_tokens = ?,
            returned = ?, digest = ? WHERE id = ?""",
            (
                came.state,
                came.seconds,
                came.kind,
                came.cost,
                *came.tokens,
                came.returned,
                codec.row_digest("attempt", asked.row(ended.attempt, came)),
                ended.attempt,
            ),
        )

    def _asked(self, attempt: int) -> Asked:
        row = self._row("SELECT trial, turn, number, session, started, judge FROM attempt WHERE id = ?", (attempt,))
        if row is None:
            raise Damage(f"attempt {attempt}", "it is missing")
        return Asked(*row)

    def _trial_ended(self, ended: TrialEnded) -> None:
        spec, verdicts = ended.spec, ended.verdicts
        state = schema.FAILED if verdicts is None else schema.DONE
        row = (
            spec.id,
            state,
            int(ended.refused),
            int(ended.truncated),
            self._session,
            float(ended.at),
            self._words(spec),
        )
        self._db.execute(
            """UPDATE trial SET state = ?, refused = ?, truncated = ?, session = ?, ended = ?, words = ?, digest = ?
            WHERE id = ?""",
            (*row[1:], codec.row_digest("trial", row), spec.id),
        )
        if verdicts is not None:
            self._judged(spec, verdicts)

    def _judged(self, spec: TrialSpec, verdicts: PackedVerdicts) -> None:
        if not verdicts.answers:
            return
        arm, model, name = self._named("arm", spec.arm), self._named("model", spec.model), verdicts.judge
        judge = self._named("judge", name)
        trial, numbered = spec.id, self._outcomes
        rows = [
            (trial, judge, numbered[outcome], arm, model, _ANSWER_CODES[answer]) for outcome, answer in verdicts.answers
        ]
        self._db.executemany("INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?)", rows)
        body = verdicts.body
        self._db.execute(
            "INSERT INTO evidence VALUES (?, ?, ?, ?)",
            (spec.id, judge, body, codec.digest("evidence", f"{spec.id}.{name}", body)),
        )

    def _words(self, spec: TrialSpec) -> int | None:
        """What was said in a trial, as a number that only the same words in the same variant have."""
        said = self._said.pop(spec.id, {})
        if 0 not in said:  # an earlier session began the conversation
            said = {turn: codec.said(reply) for turn, reply in enumerate(self.transcript(spec.id).replies)}
        return codec.words((said[turn] for turn in sorted(said)), self._variant(spec.variant))

    # Small change. ---------------------------------------------------------------------------------------------------

    def _body(self, table: str, key: tuple[int, ...], value: object) -> None:
        body = codec.pack(value)
        row = ".".join(map(str, key))
        places = ", ".join("?" * (len(key) + 2))
        self._db.execute(f"INSERT INTO {table} VALUES ({places})", (*key, body, codec.digest(table, row, body)))  # noqa: S608

    def _insert(self, table: str, row: tuple[int | float | str | None, ...]) -> None:
        """A new row of a narrow table, with its digest."""
        places = ", ".join("?" * (len(row) + 1))
        self._db.execute(f"INSERT INTO {table} VALUES ({places})", (*row, codec.row_digest(table, row)))  # noqa: S608

    def _named(self, kind: str, name: str) -> int:
        """The number of a name, which is made when it is new."""
        found = self._names.get((kind, name), -1)
        if found < 0:
            found = self._name(kind, name)
        if found < 0:
            found = self._number("SELECT coalesce(max(id), 0) + 1 FROM name")
            self._insert("name", (found, kind, name))
            self._names[kind, name] = found
        return found

    @cached_property
    def _outcomes(self) -> _Numbers:
        return _Numbers(lambda outcome: self._named("outcome", outcome))

    def _variant(self, variant: Variant) -> int:
        found = self._variants.get(variant)
        if found is None:
            key = variant_key(variant)
            found = self._number("SELECT id FROM variant WHERE key = ?", key)
            if not found:
                found = self._number("SELECT coalesce(max(id), 0) + 1 FROM variant")
                self._insert("variant", (found, key, None))
            self._variants[variant] = found
        return found

    def _transaction(self) -> Transaction:
        return Transaction(self._db, self.path)


class _Numbers(dict[str, int]):
    """Numbers of names, each looked up once."""

    def __init__(self, look: Callable[[str], int]) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, name: str) -> int:
        found = self[name] = self._look(name)
        return found


_ANSWER_CODES = {answer: code for code, answer in enumerate(schema.ANSWERS)}
