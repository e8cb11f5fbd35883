"""Reads a run file: plan, counts, trials, transcripts, verdicts, and what of it is damaged.

One SQLite file, possibly from a stranger: its schema is not trusted, its sizes are capped, its rows are checked against
their digests. Reading takes no lock that a running study would feel. Writing is `writer.py`'s business alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, Self

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.records import (
    Counts,
    Intent,
    JudgedTrial,
    ModelSettings,
    Reply,
    Transcript,
    TrialSpec,
    Variant,
    VariantCounts,
    Verdict,
)
from am_studio.runs import codec, schema
from am_studio.runs.carried import carried_scenario
from am_studio.runs.codec import Damage
from am_studio.runs.database import connect
from am_studio.runs.lock import is_held
from am_studio.runs.plan import Plan, hash_of_stored, plan_from_json
from am_studio.runs.summary import ModelSummary, summaries
from am_studio.runs.variants import Variants, variant_of
from am_studio.scenarios import Scenario, render

SUFFIX = ".amrun"
JUDGE_PART = "judge "
"""Before the name of a judge: the part of a run that holds what the judge was set up with."""
Key = tuple[str, str]
"""(arm, model)."""
RunState = Literal["running", "finished", "interrupted", "paused", "planned"]


@dataclass(frozen=True, slots=True)
class Session:
    """One stretch of work on a run."""

    id: int
    started: float
    """Seconds since 1970, by the clock on the wall."""
    seconds: float | None
    """How long it took; None: it is going on, or was killed."""
    program: str
    ending: str
    """`finished`, or why it paused."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests of a run, and what they came to."""

    attempts: int
    unknown: int
    """Requests whose answer never came; each is counted at its greatest cost."""
    failures: Mapping[str, int]
    """Requests without a usable reply, by kind."""
    cost: float
    """US dollars; requests with an unknown outcome at their greatest cost."""


class RunFile:
    """A run open for reading."""

    def __init__(self, path: Path, connection: apsw.Connection) -> None:
        self.path = path
        self._db = connection
        self._names: dict[tuple[str, str], int] = {}
        self._summed: tuple[tuple[Any, int], dict[int, ModelSummary]] | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for reading; StudioError when it is no run file, or one of a newer program."""
        return cls(path, connect(path, apsw.SQLITE_OPEN_READONLY))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self.close()
        if isinstance(error, apsw.Error):
            raise Damage("its tables", str(error)) from error

    # What was planned. -----------------------------------------------------------------------------------------------

    @cached_property
    def plan(self) -> Plan:
        """The plan as it was before the first call; Damage when it does not fit its hash."""
        stored = self._part("plan")
        plan = codec.decoded("plan", plan_from_json, stored)
        if codec.decoded("plan", hash_of_stored, stored) != plan.hash:
            raise Damage("plan", "its content does not fit its hash")
        return plan

    @property
    def scenario(self) -> Scenario:
        """The scenario that the run carries, with those beside it; StudioError when one cannot be loaded."""
        return carried_scenario(self.plan, lambda: (self.scenario_texts, self.other_texts))

    @property
    def scenario_texts(self) -> dict[str, str]:
        """The texts of the scenario that the run carries."""
        return codec.decoded(
            "scenario", lambda files: {str(k): str(v) for k, v in files.items()}, self._part("scenario")
        )

    @property
    def other_texts(self) -> dict[str, dict[str, str]]:
        """The texts of each other scenario that the run carries, by the name that the study gives it."""
        return {
            each.name: codec.decoded(
                f"scenario {each.name}",
                lambda files: {str(k): str(v) for k, v in files.items()},
                self._part(f"{schema.OTHER_SCENARIO}{each.name}"),
            )
            for each in self.plan.others
        }

    @property
    def created(self) -> float:
        """When the run was made, in seconds since 1970."""
        return float(self._part("created"))

    def judge_settings(self, judge: str) -> dict[str, Any]:
        """What this judge was set up with: the plan's own, or one that judged again; empty when that is not known."""
        if judge == self.plan.judge:
            return dict(self.plan.study.judge)
        row = self._row("SELECT body, digest FROM run WHERE name = ?", (JUDGE_PART + judge,))
        return {} if row is None else dict(codec.decoded("judge", dict, codec.checked("run", JUDGE_PART + judge, *row)))

    def _part(self, name: str) -> Any:
        row = self._row("SELECT body, digest FROM run WHERE name = ?", (name,))
        if row is None:
            raise Damage(name, "it is missing")
        return codec.checked("run", name, *row)

    def trials(self, *, unfinished: bool = False) -> Iterator[TrialSpec]:
        """Every trial that was planned, in its order; with `unfinished` only those that have not ended."""
        where = f"WHERE state = {schema.PLANNED}" if unfinished else ""
        names = dict(self._db.execute("SELECT id, name FROM name"))
        variants = Variants(self._db)
        for id_, arm, model, variant, seed in self._db.execute(
            f"SELECT id, arm, model, variant, seed FROM trial {where} ORDER BY id"  # noqa: S608
        ):
            try:
                yield TrialSpec(id_, names[arm], names[model], variants[variant], seed)
            except KeyError as error:
                raise Damage(f"trial {id_}", f"it names {error}, which is missing") from error

    def variants(self) -> Variants:
        """The variants of the run by their numbers, read when they are asked for."""
        return Variants(self._db)

    def planned(self) -> int:
        """How many trials have been planned."""
        return self._number("SELECT count(*) FROM trial")

    # How it went. ----------------------------------------------------------------------------------------------------

    def counts(self, outcome: str, judge: str | None = None) -> dict[Key, Counts]:
        """How the trials of each arm and model ended, by this judge (the plan's when None), in the plan's order."""
        names = dict(self._db.execute("SELECT id, name FROM name"))
        found: dict[Key, Counts] = {
            (arm.name, model.name): Counts(0) for arm in self.plan.arms for model in self.plan.models
        }
        for arm, model, planned, failed, refused, truncated in self._db.execute(
            f"""SELECT arm, model, count(*), sum(state = {schema.FAILED}), sum(refused), sum(truncated)
            FROM trial GROUP BY arm, model"""  # noqa: S608
        ):
            counts = Counts(planned, failed=failed, refused=refused, truncated=truncated)
            found[names[arm], names[model]] = counts
        for arm, model, answer, number in self._db.execute(
            """SELECT arm, model, answer, count(*) FROM verdict WHERE judge = ? AND outcome = ?
            GROUP BY arm, model, answer""",
            (self._name("judge", judge or self.plan.judge), self._name("outcome", outcome)),
        ):
            key = names[arm], names[model]
            found[key] = replace(found[key], **{schema.ANSWERS[answer]: number})
        return found

    def by_variant(self, outcome: str, judge: str | None = None) -> dict[str, tuple[VariantCounts, ...]]:
        """By model: how trials ended by arm, variant and session, by this judge (the plan's when None).

        One query, whatever the number of variants and models; in the order in which the variants were first planned.
        """
        no, yes, unclear = (schema.ANSWERS.index(answer) for answer in ("no", "yes", "unclear"))
        rows: list[tuple[Any, ...]] = self._db.execute(
            f"""SELECT t.model, t.arm, t.variant, coalesce(t.session, 0), count(*), sum(v.answer = {yes}),
            sum(v.answer = {no}), sum(v.answer = {unclear}), sum(t.state = {schema.FAILED}), sum(t.refused), sum(t.truncated)
            FROM trial t LEFT JOIN verdict v ON v.trial = t.id AND v.judge = ? AND v.outcome = ?
            GROUP BY t.variant, t.arm, t.model, t.session""",  # noqa: S608
            (self._name("judge", judge or self.plan.judge), self._name("outcome", outcome)),
        ).fetchall()
        names = dict(self._db.execute("SELECT id, name FROM name"))
        keys = self._db.execute("SELECT id, key FROM variant")
        variants = {id_: codec.decoded("variant", variant_of, key) for id_, key in keys}
        found: dict[str, list[VariantCounts]] = {}
        for model, arm, variant, session, *counts in rows:
            told = Counts(*(number or 0 for number in counts))
            found.setdefault(names[model], []).append(VariantCounts(names[arm], variants[variant], session, told))
        return {model: tuple(counts_) for model, counts_ in found.items()}

    def in_order(self, arm: str, model: str, outcome: str, judge: str | None = None) -> tuple[JudgedTrial, ...]:
        """Every trial of this arm and model in the order of their ids, by this judge (the plan's when None)."""
        rows = self._db.execute(
            """SELECT variant.key, coalesce(t.session, 0), v.answer, t.state, t.refused, t.truncated FROM trial t
            JOIN variant ON variant.id = t.variant
            LEFT JOIN verdict v ON v.trial = t.id AND v.judge = ? AND v.outcome = ?
            WHERE t.arm = ? AND t.model = ? ORDER BY t.id""",
            (
                self._name("judge", judge or self.plan.judge),
                self._name("outcome", outcome),
                self._name("arm", arm),
                self._name("model", model),
            ),
        )
        variants: dict[str, Variant] = {}
        found = []
        for key, session, answer, state, refused, truncated in rows:
            if key not in variants:
                variants[key] = codec.decoded("variant", variant_of, key)
            told = None if answer is None else schema.ANSWERS[answer]
            failed = state == schema.FAILED
            found.append(JudgedTrial(variants[key], session, told, failed, bool(refused), bool(truncated)))
        return tuple(found)

    def results(self, judge: str | None = None) -> RunResults:
        """The counts as a design reads them; they are those of now."""
        return RunResults(self, judge)

    def unfinished(self) -> int:
        """How many planned trials have not ended."""
        return self._number("SELECT count(*) FROM trial WHERE state = ?", schema.PLANNED)

    def tally(self) -> Tally:
        """Requests and their cost so far."""
        attempts, unknown, cost = self._row(
            "SELECT count(*), sum(state IN (?, ?)), sum(cost) FROM attempt", (schema.STARTED, schema.UNKNOWN)
        ) or (0, 0, 0)
        failures = self._db.execute("SELECT kind, count(*) FROM attempt WHERE state = ? GROUP BY kind", (schema.ERROR,))
        return Tally(attempts, unknown or 0, dict(failures), cost or 0.0)

    def reopened(self) -> tuple[tuple[float, int], ...]:
        """(when, in seconds since 1970; how many) for each time that failed trials were planned again."""
        return tuple(self._db.execute("SELECT at, count(*) FROM reopened GROUP BY at ORDER BY at"))

    def spent(self, judge: str | None = None) -> float:
        """US dollars that the plan's own requests came to, or (when it is not the plan's) those of this judge alone."""
        own = (0, self._name("judge", self.plan.judge))
        asked = own if judge in (None, self.plan.judge) else (self._name("judge", str(judge)),) * 2
        row = self._row("SELECT sum(cost) FROM attempt WHERE judge IN (?, ?)", asked)
        return float((row and row[0]) or 0.0)

    def sessions(self) -> tuple[Session, ...]:
        """Every stretch of work on the run, oldest first."""
        rows = self._db.execute("SELECT id, started, seconds, program, ending FROM session ORDER BY id")
        return tuple(Session(*row) for row in rows)

    def state(self) -> RunState:
        """Where the run stands."""
        if is_held(self.path):
            return "running"
        sessions = self.sessions()
        if not sessions:
            return "planned"
        ending = sessions[-1].ending
        return "finished" if ending == "finished" else "paused" if ending else "interrupted"

    def span(self, model: str) -> tuple[float, float] | None:
        """When the first and the last trial of this model ended, in seconds since 1970; None before any did."""
        found = self._summary(model)
        return (found.first, found.last) if found else None

    def models_returned(self, model: str) -> tuple[str, ...]:
        """The names by which the provider called this model in ended trials, in the order in which they came."""
        found = self._summary(model)
        return found.returned if found else ()

    def simulated_models(self) -> frozenset[str]:
        """Models that are simulated subjects: by their own name, or by the name that an answer of theirs gives."""
        found = {model.name for model in self.plan.models if model.simulated}
        others = {model.name for model in self.plan.models} - found
        # Names are few and attempts are many: the attempts are read only where such an answer is somewhere in the run.
        names = self._db.execute("SELECT name FROM name WHERE kind = 'returned'") if others else ()
        if any(ModelSettings(name).simulated for (name,) in names):
            found |= {m for m in others if any(ModelSettings(name).simulated for name in self.models_returned(m))}
        return frozenset(found)

    def simulated_judge(self, judge: str) -> bool:
        """Whether a simulated judge had any part in this judge's verdicts, by its name or by the name that answers give."""
        models = self.judge_settings(judge).get("models") or ()
        names = [str(model.get("name")) if isinstance(model, dict) else str(model) for model in models]
        if not names:
            return False
        returned = self._db.execute(
            "SELECT DISTINCT name.name FROM attempt JOIN name ON name.id = attempt.returned WHERE attempt.judge = ?",
            (self._name("judge", judge),),
        )
        return any(ModelSettings(name).simulated for name in (*names, *(name for (name,) in returned)))

    @property
    def simulated(self) -> bool:
        """Whether every model is a simulated subject, as far as the answers tell by now."""
        return len(self.simulated_models()) == len(self.plan.models)

    def copies(self, model: str) -> tuple[int, int]:
        """(conversations of this model with any words in them, those that repeat another one of the same variant)."""
        found = self._summary(model)
        return (found.replies, found.copies) if found else (0, 0)

    def _summary(self, model: str) -> ModelSummary | None:
        """All models are summed up in one pass, again when something was written in between."""
        state = (self._db.pragma("data_version"), self._db.total_changes())
        if self._summed is None or self._summed[0] != state:
            self._summed = (state, summaries(self._db))
        return self._summed[1].get(self._name("model", model))

    # What was said. --------------------------------------------------------------------------------------------------

    def transcript(self, trial: int, *, intents: bool = False) -> Transcript:
        """The replies of a trial so far; with `intents` what a simulated subject meant is put back in."""
        meant = self._intents(trial) if intents else {}
        rows = self._db.execute("SELECT turn, body, digest FROM reply WHERE trial = ? ORDER BY turn", (trial,))
        return Transcript(tuple(reply_of(trial, turn, body, stored, meant.get(turn)) for turn, body, stored in rows))

    def judge_replies(self, trial: int, judge: str) -> tuple[Reply, ...]:
        """What the models that this judge asks answered about a trial so far, in the order of its requests."""
        return tuple(self.judge_turns(trial, judge).values())

    def judge_turns(self, trial: int, judge: str) -> dict[int, Reply]:
        """The same by the number of the request, from 0: a judge that asks several models at once may lack some."""
        rows = self._db.execute(
            "SELECT turn, body, digest FROM judge_reply WHERE trial = ? AND judge = ? ORDER BY turn",
            (trial, self._name("judge", judge)),
        )
        return {
            turn: codec.decoded(
                "judge_reply",
                lambda value: codec.reply_from_json(value, None),
                codec.checked("judge_reply", f"{trial}.{judge}.{turn}", body, stored),
            )
            for turn, body, stored in rows
        }

    def verdicts(self, trial: int, judge: str | None = None) -> tuple[Verdict, ...]:
        """What this judge (the plan's when None) said of a trial, with its evidence."""
        name = judge or self.plan.judge
        row = self._row(
            "SELECT body, digest FROM evidence WHERE trial = ? AND judge = ?", (trial, self._name("judge", name))
        )
        return () if row is None else self.checked_verdicts(trial, name, *row)

    def checked_verdicts(self, trial: int, judge: str, body: bytes, stored: bytes) -> tuple[Verdict, ...]:
        """The verdicts in a row of `evidence`; Damage when it is not what was written."""
        value = codec.checked("evidence", f"{trial}.{judge}", body, stored)
        return codec.decoded("evidence", lambda value: codec.verdicts_from_json(value, judge), value)

    def prompt(self, trial: int) -> tuple[str, tuple[tuple[str, str], ...]]:
        """(hash, (role, text) pairs) of what the subject of a trial read; Damage when the text does not fit the hash."""
        row = self._row(
            """SELECT prompt.hash, prompt.body, variant.key FROM trial JOIN variant ON variant.id = trial.variant
            JOIN prompt ON prompt.id = variant.prompt WHERE trial.id = ?""",
            (trial,),
        )
        if row is None:
            raise StudioError(f"trial {trial} has no prompt yet")
        hash_, body, key = row
        return hash_, self.rendered_again(hash_, key) if body is None else codec.prompt_texts(hash_, body)

    def rendered_again(self, stored_hash: str, key: str) -> tuple[tuple[str, str], ...]:
        """The prompt of a variant, given by its key, of which only the hash is stored; Damage when it does not fit."""
        variant = codec.decoded("variant", variant_of, key)
        rendered = codec.decoded("variant", lambda it: render(self.scenario, it, self.plan.study.protocol), variant)
        if rendered.hash != stored_hash:
            raise Damage(
                f"prompt {stored_hash}",
                "what its variant renders to does not fit its hash (or another version of the program made it)",
            )
        return tuple((message.role, message.text) for message in rendered.messages)

    def judged_intents(
        self, outcome: str, judge: str | None = None, arms: Iterable[str] | None = None
    ) -> Iterator[tuple[Verdict, Intent]]:
        """For each trial of a simulated subject: the judge's answer, and what the subject meant by its last reply.

        Of these arms alone, when any are given. The verdicts come without reasons and evidence, equal pairs one after the
        other.
        """
        name = judge or self.plan.judge
        numbers = None if arms is None else json.dumps([self._name("arm", arm) for arm in arms])
        of_arms = "" if numbers is None else "AND verdict.arm IN (SELECT value FROM json_each(?))"
        names = dict(self._db.execute("SELECT id, name FROM name WHERE kind = 'intent'"))
        rows = self._db.execute(
            f"""SELECT verdict.answer, intent.meant FROM intent CROSS JOIN verdict ON verdict.trial = intent.trial
            AND verdict.judge = ? AND verdict.outcome = ? WHERE NOT EXISTS
            (SELECT 1 FROM intent later WHERE later.trial = intent.trial AND later.turn > intent.turn)
            {of_arms}""",  # noqa: S608 - nothing but a fixed condition is put in
            (self._name("judge", name), self._name("outcome", outcome), *([] if numbers is None else [numbers])),
        )
        # Counted here: sorting a million rows to group them takes the database longer than reading them.
        for (answer, meant), number in Counter(rows).items():
            pair = Verdict(outcome, schema.ANSWERS[answer], name, ""), _intent(names, meant)
            yield from repeat(pair, number)

    def _intents(self, trial: int) -> dict[int, Intent]:
        names = dict(self._db.execute("SELECT id, name FROM name WHERE kind = 'intent'"))
        rows = self._db.execute("SELECT turn, meant FROM intent WHERE trial = ?", (trial,))
        return {turn: _intent(names, meant) for turn, meant in rows}

    def query(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a query of one's own; the connection can only read."""
        yield from self._db.execute(sql, values)

    # Small change. ---------------------------------------------------------------------------------------------------

    def _row(self, query: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        return self._db.execute(query, values).fetchone()

    def _number(self, query: str, *values: Any) -> int:
        row = self._row(query, values)
        return int(row[0]) if row else 0

    def _name(self, kind: str, name: str) -> int:
        """The number of a name in this file; -1, which no row has, when it does not occur."""
        found = self._names.get((kind, name))
        if found is None:
            row = self._row("SELECT id FROM name WHERE kind = ? AND name = ?", (kind, name))
            if row is None:
                return -1
            found = self._names[kind, name] = int(row[0])
        return found


class RunResults:
    """The results of a run as a design reads them, as they are at the moment of asking."""

    def __init__(self, run: RunFile, judge: str | None = None) -> None:
        self._run = run
        self._judge = judge
        self._counts: dict[str, dict[Key, Counts]] = {}
        self._by_variant: dict[str, dict[str, tuple[VariantCounts, ...]]] = {}

    def planned(self) -> int:
        """How many trials have been named so far."""
        return self._run.planned()

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        """How the trials of this arm and model ended; read once an outcome, so a fresh `results()` is asked each time."""
        if outcome not in self._counts:
            self._counts[outcome] = self._run.counts(outcome, self._judge)
        return self._counts[outcome].get((arm, model), Counts(0))

    def in_order(self, arm: str, model: str, outcome: str) -> tuple[JudgedTrial, ...]:
        """Every trial of this arm and model in the order of their ids; a query at each asking."""
        return self._run.in_order(arm, model, outcome, self._judge)

    def by_variant(self, model: str, outcome: str) -> tuple[VariantCounts, ...]:
        """The same by variant and session; one query an outcome, for all models."""
        if outcome not in self._by_variant:
            self._by_variant[outcome] = self._run.by_variant(outcome, self._judge)
        return self._by_variant[outcome].get(model, ())


def reply_of(trial: int, turn: int, body: bytes, stored: bytes, meant: Intent | None = None) -> Reply:
    """The reply in a row, with what was meant by it put back in; Damage when the row is not what was written."""
    value = codec.checked("reply", f"{trial}.{turn}", body, stored)
    return codec.decoded("reply", lambda value: codec.reply_from_json(value, meant), value)


def _intent(names: Mapping[int, str], number: int) -> Intent:
    if number not in names:
        raise Damage("intent", f"it names {number}, which is missing")
    return codec.intent_from_name(names[number])
