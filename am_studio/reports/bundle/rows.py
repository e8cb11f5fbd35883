"""The rows of a bundle, as a run file has them, one at a time and in one order: two bundles of a run have the same bytes.

Names stand where the run file has numbers. Every row that is read is checked against its digest, so a damaged run makes no
bundle. What must not be told is replaced or taken out here, and nowhere later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from am_studio.foundation.hashing import hash_json
from am_studio.records import Reply, Transcript, Variant
from am_studio.reports.bundle.leaks import Leaks
from am_studio.reports.bundle.redaction import Redaction
from am_studio.runs import codec, schema
from am_studio.runs.labels import label_history, read_labels
from am_studio.runs.runfile import RunFile, reply_of
from am_studio.runs.variants import variant_of

Row = dict[str, Any]

TRIAL_STATES = {schema.PLANNED: "open", schema.DONE: "done", schema.FAILED: "failed"}
ATTEMPT_STATES = {
    schema.STARTED: "in flight", schema.OK: "answered", schema.ERROR: "failed", schema.UNKNOWN: "unknown",
}  # fmt: skip


class Rows:
    """The rows of one run, told with these redactions."""

    def __init__(self, run: RunFile, leaks: Leaks, redaction: Redaction) -> None:
        self._run = run
        self._leaks = leaks
        self._redaction = redaction
        self._names: Mapping[int, str] = dict(run.query("SELECT id, name FROM name"))
        self._told: Transcript = Transcript(())
        self._told_trial = -1

    def parts(self) -> Mapping[str, Callable[[], Iterator[Row]]]:
        """Every part with rows, by its name."""
        return {
            "variants.jsonl": self.variants,
            "prompts.jsonl": self.prompts,
            "sessions.jsonl": self.sessions,
            "trials.jsonl": self.trials,
            "reopened.jsonl": self.reopened,
            "attempts.jsonl": self.attempts,
            "verdicts.jsonl": self.verdicts,
            "judge_replies.jsonl": self.judge_replies,
            "labels.jsonl": self.labels,
            "label_history.jsonl": self.history,
            "label_samples.jsonl": self.samples,
        }

    def names(self) -> list[list[str]]:
        """(kind, name) of everything that the run numbers, in the order of the numbers."""
        rows = self._run.query("SELECT kind, name FROM name ORDER BY id")
        return [[kind, self._name(name) if kind != "intent" else name] for kind, name in rows]

    def variants(self) -> Iterator[Row]:
        """Every variant that a trial has, with the hash of its prompt once it was sent."""
        for number, key, hash_ in self._run.query(
            "SELECT variant.id, key, prompt.hash FROM variant LEFT JOIN prompt ON prompt.id = variant.prompt ORDER BY variant.id"
        ):
            variant = self._variant(key)
            told = replace(variant, scenario=self._name(variant.scenario))
            yield {"variant": number, **variant_as_row(told), "prompt": hash_}

    def prompts(self) -> Iterator[Row]:
        """Every prompt; `messages` is null for those that the run keeps by their hash alone, which the scenario renders."""
        for hash_, body in self._run.query("SELECT hash, body FROM prompt ORDER BY id"):
            messages = None if body is None else codec.prompt_texts(hash_, body)
            yield {
                "prompt": hash_,
                "messages": messages and [{"role": role, "content": text} for role, text in messages],
            }

    def sessions(self) -> Iterator[Row]:
        """Stretches of work."""
        for session in self._run.sessions():
            plain = asdict(session)
            yield {"session": plain.pop("id"), **plain, "ending": self._leaks.text(session.ending)}

    def trials(self) -> Iterator[Row]:
        """Every planned trial with its conversation so far."""
        replies = groupby(
            self._run.query("SELECT trial, turn, attempt, body, digest FROM reply ORDER BY trial, turn"), itemgetter(0)
        )
        meant = groupby(self._run.query("SELECT trial, turn, meant FROM intent ORDER BY trial, turn"), itemgetter(0))
        said, intents = _Following(replies), _Following(meant)
        for id_, arm, model, variant, seed, state, refused, truncated, session, ended, words in self._run.query(
            """SELECT id, arm, model, variant, seed, state, refused, truncated, session, ended, words
            FROM trial ORDER BY id"""
        ):
            yield {
                "trial": id_,
                "arm": self._name(self._names[arm]),
                "model": self._name(self._names[model]),
                "variant": variant,
                "seed": seed,
                "state": TRIAL_STATES[state],
                "refused": bool(refused),
                "truncated": bool(truncated),
                "session": session,
                "ended": ended,
                "words": self._redaction.number(words),
                **self._conversation(said.of(id_)),
                "intents": [
                    {"turn": turn, **asdict(codec.intent_from_name(self._names[number]))}
                    for _, turn, number in intents.of(id_)
                ],
            }

    def reopened(self) -> Iterator[Row]:
        """Failed trials that were planned again."""
        for trial, at, session, ended in self._run.query("SELECT trial, at, session, ended FROM reopened ORDER BY id"):
            yield {"trial": trial, "at": at, "session": session, "ended": ended}

    def attempts(self) -> Iterator[Row]:
        """Every request; raw answers of failed ones stay in the run file."""
        for (
            number,
            trial,
            turn,
            nth,
            session,
            state,
            started,
            seconds,
            kind,
            cost,
            read,
            written,
            returned,
            judge,
            body,
            stored,
        ) in self._run.query(
            """SELECT id, trial, turn, number, session, state, started, seconds, kind, cost, input_tokens,
                output_tokens, returned, judge, failure.body, failure.digest
                FROM attempt LEFT JOIN failure ON failure.attempt = attempt.id ORDER BY id"""
        ):
            failure = None
            if body is not None:
                failed = codec.decoded(
                    "failure", codec.failure_from_json, codec.checked("failure", number, body, stored)
                )
                failure = {"message": self._leaks.text(failed.message), "retry_after": failed.retry_after}
            yield {
                "attempt": number,
                "trial": trial,
                "turn": turn,
                "number": nth,
                "judge": self._name(self._names[judge]) if judge else "",
                "session": session,
                "state": ATTEMPT_STATES[state],
                "started": started,
                "seconds": seconds,
                "kind": kind,
                "cost": cost,
                "input_tokens": read,
                "output_tokens": written,
                "returned": None if returned is None else self._name(self._names[returned]),
                "failure": failure,
            }

    def verdicts(self) -> Iterator[Row]:
        """What every judge said of every trial, an outcome at a time."""
        for trial, number, body, stored in self._run.query(
            "SELECT trial, judge, body, digest FROM evidence ORDER BY trial, judge"
        ):
            judge = self._names[number]
            for verdict in self._run.checked_verdicts(trial, judge, body, stored):
                told, less = verdict, False
                if self._redaction.mode:
                    told, less = self._redaction.verdict(
                        verdict, self._told_of(trial), asked=not judge.startswith("rules/")
                    )
                yield {
                    "trial": trial,
                    "judge": self._name(judge),
                    "outcome": told.outcome,
                    "answer": told.answer,
                    "reason": told.reason,
                    "evidence": [asdict(each) for each in told.evidence],
                    **({"redacted": True} if less else {}),
                }

    def judge_replies(self) -> Iterator[Row]:
        """What models that judge answered."""
        for trial, number, turn, attempt, body, stored in self._run.query(
            "SELECT trial, judge, turn, attempt, body, digest FROM judge_reply ORDER BY trial, judge, turn"
        ):
            judge = self._names[number]
            value = codec.checked("judge_reply", f"{trial}.{judge}.{turn}", body, stored)
            reply = codec.decoded("judge_reply", lambda it: codec.reply_from_json(it, None), value)
            reply = replace(reply, model_returned=self._name(reply.model_returned))
            told = self._redaction.reply(reply)
            yield {
                "trial": trial,
                "judge": self._name(judge),
                "turn": turn,
                "attempt": attempt,
                **self._reply(told),
                **({"redacted": True} if told != reply else {}),
            }

    def labels(self) -> Iterator[Row]:
        """Labels that count."""
        for label in read_labels(self._run):
            yield {**asdict(label), "rater": self._leaks.rater(label.rater), "note": self._note(label.note)}

    def history(self) -> Iterator[Row]:
        """Labels that were ever given."""
        for change in label_history(self._run):
            yield {**asdict(change), "rater": self._leaks.rater(change.rater), "note": self._note(change.note)}

    def samples(self) -> Iterator[Row]:
        """Samples that were drawn for labelling."""
        if not list(self._run.query("SELECT 1 FROM sqlite_schema WHERE name = 'label_draw'")):
            return
        for draw, outcome, judge, seed, size, candidates, at in self._run.query(
            "SELECT id, outcome, judge, seed, size, candidates, at FROM label_draw ORDER BY id"
        ):
            drawn = self._run.query(
                "SELECT trial, position, chance FROM label_sample WHERE draw = ? ORDER BY position, trial", (draw,)
            )
            yield {
                "draw": draw,
                "outcome": self._names[outcome],
                "judge": self._name(self._names[judge]),
                "seed": seed,
                "size": size,
                "candidates": candidates,
                "at": at,
                "trials": [list(each) for each in drawn],
            }

    def _conversation(self, rows: list[tuple[Any, ...]]) -> Row:
        """The replies as they are told, with a hash over those that came."""
        if not rows:
            return {"sha256": None, "replies": []}
        replies = (reply_of(trial, turn, body, stored) for trial, turn, _, body, stored in rows)
        named = (replace(reply, model_returned=self._name(reply.model_returned)) for reply in replies)
        transcript = Transcript(tuple(named))
        told, out = self._redaction.trial(transcript)
        return {
            "sha256": self._redaction.hash([codec.reply_as_json(reply) for reply in transcript.replies]),
            "replies": [
                {
                    "turn": turn,
                    "attempt": attempt,
                    **self._reply(reply),
                    **({"redacted": parts} if parts else {}),
                }
                for (_, turn, attempt, *_), reply, parts in zip(rows, told.replies, out, strict=True)
            ],
        }

    def _reply(self, reply: Reply) -> Row:
        plain = asdict(reply)
        del plain["intent"], plain["limits"]
        return plain

    def _told_of(self, trial: int) -> Transcript:
        if trial != self._told_trial:
            whole = self._redaction.whole
            self._told_trial, self._told = trial, self._redaction.trial(self._run.transcript(trial))[0]
            self._redaction.whole = whole
        return self._told

    def _variant(self, key: str) -> Variant:
        return codec.decoded("variant", variant_of, key)

    def _name(self, name: str) -> str:
        return self._leaks.text(name)

    def _note(self, note: str) -> str:
        return self._redaction.aside(self._leaks.text(note))


def variant_as_row(variant: Variant) -> Row:
    """A variant as plain JSON."""
    return {
        "levels": dict(variant.levels),
        "removed_units": list(variant.removed_units),
        "dragged": dict(variant.dragged),
        "nuisance": dict(variant.nuisance),
        "scenario": variant.scenario,
    }


def replies_hash(replies: tuple[Reply, ...]) -> str:
    """The hash of a conversation as a bundle without redactions has it."""
    return hash_json([codec.reply_as_json(reply) for reply in replies]).removeprefix("sha256:")


class _Following:
    """Groups that come in the order of a number, asked for by it in the same order."""

    def __init__(self, groups: Iterator[tuple[int, Iterator[tuple[Any, ...]]]]) -> None:
        self._groups = groups
        self._next: tuple[int, list[tuple[Any, ...]]] | None = self._take()

    def of(self, number: int) -> list[tuple[Any, ...]]:
        """The rows of this number; [] where there are none."""
        while self._next is not None and self._next[0] < number:
            self._next = self._take()
        if self._next is None or self._next[0] != number:
            return []
        rows = self._next[1]
        self._next = self._take()
        return rows

    def _take(self) -> tuple[int, list[tuple[Any, ...]]] | None:
        for number, rows in self._groups:
            return number, list(rows)
        return None
