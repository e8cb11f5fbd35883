"""Reads every conversation of a bundle again, holds those of simulated subjects again, and gives every verdict again.

What was redacted cannot be checked, and is counted as that. No model is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.judging import AskingJudge, Judge, open_judge
from am_studio.records import Outcome, Reply, Situation, Transcript, TrialSpec, Verdict
from am_studio.reports.bundle.findings import Check, Difference
from am_studio.reports.bundle.rebuilding import BundledRun
from am_studio.reports.bundle.redaction import FILLER, blanked
from am_studio.reports.bundle.replaying import Missing, Subjects, judge_answers, judged_again
from am_studio.reports.bundle.rows import replies_hash
from am_studio.reports.bundle.source import Source, rows_of
from am_studio.runs import codec
from am_studio.scenarios import Scenario, situate
from am_studio.trials import read_transcript

REDACTED = "what was said is redacted"


class Conversations:
    """Replies, simulated subjects and verdicts, in one pass over the trials."""

    def __init__(self, source: Source, redacted: str, run: BundledRun, scenario: Scenario, notes: list[str]) -> None:
        """`notes` is told what may stand behind a difference."""
        study = run.plan.study
        self._source = source
        self._redacted = redacted
        self._run = run
        self._scenario = scenario
        self._study = study
        self._subjects = Subjects(study.models, study.sampling, study.turns)
        self._notes = notes
        self._replies = Check("replies", "conversations read again")
        self._subject = Check("subject", "conversations of simulated subjects held again")
        self._verdicts = Check("verdicts", "verdicts given again")
        self._judges: dict[str, Judge | AskingJudge | None] = {}

    async def checked(self) -> tuple[Check, ...]:
        """The three checks."""
        specs = self._run.trials()
        for row in rows_of(self._source, "trials.jsonl"):
            spec = next(specs, None)
            while spec is not None and spec.id < row["trial"]:
                spec = next(specs, None)
            if spec is None or row["state"] != "done":
                continue
            transcript = self._run.transcript(spec.id)
            situation = situate(self._scenario, spec.variant, self._study.protocol)
            await self._trial(spec, row, transcript, situation, row["variant"])
        return self._replies, self._subject, self._verdicts

    async def _trial(
        self, spec: TrialSpec, row: Mapping[str, Any], transcript: Transcript, situation: Situation, variant: int
    ) -> None:
        if self._redacted == "transcripts":
            self._replies.unseen[REDACTED] += 1
        else:
            self._read(spec, row, transcript, situation, variant)
        if self._run.plan.imported is None and self._subjects.knows(spec.model):
            await self._ask(spec, row, transcript, situation)
        await self._judge(spec, transcript, situation)

    def _read(
        self, spec: TrialSpec, row: Mapping[str, Any], transcript: Transcript, situation: Situation, variant: int
    ) -> None:
        check, reading = self._replies, read_transcript(transcript, situation)
        if any(
            "text" in [out["field"] for out in reply.get("redacted", ())] and _all_out(reply)
            for reply in row["replies"]
        ):
            check.unseen[REDACTED] += 1
            return
        check.done += 1
        for what in ("refused", "truncated"):
            check.compare("trials.jsonl", what, row[what], getattr(reading, what), trial=spec.id)
        if not self._redacted:
            said = codec.words((codec.said(reply) for reply in transcript.replies), variant)
            check.compare(
                "trials.jsonl", "replies (SHA-256)", row["sha256"], replies_hash(transcript.replies), trial=spec.id
            )
            check.compare("trials.jsonl", "digest of the words", row["words"], said, trial=spec.id)

    async def _ask(self, spec: TrialSpec, row: Mapping[str, Any], transcript: Transcript, situation: Situation) -> None:
        check = self._subject
        try:
            came = await self._subjects.answer(spec.model, situation, spec.seed)
        except StudioError:
            check.unseen[f"of {spec.model}, which this program does not have"] += 1
            return
        check.done += 1
        if not isinstance(came, Transcript) or len(came.replies) != len(transcript.replies):
            now = len(came.replies) if isinstance(came, Transcript) else came.message
            check.differs(Difference("trials.jsonl", "replies", len(transcript.replies), now, trial=spec.id))
            return
        for turn, (given, again) in enumerate(zip(transcript.replies, came.replies, strict=True)):
            for field in ("text", "reasoning", "finish", "calls"):
                one, other = getattr(given, field), getattr(again, field)
                if self._redacted and FILLER in str(one):
                    one, other = (_blanked(value) for value in (one, other))
                if one != other:
                    was_, now_ = _around(str(one), str(other))
                    check.differs(Difference("trials.jsonl", f"{field} of turn {turn + 1}", was_, now_, trial=spec.id))
            self._compare_intent(spec, row, turn, again)

    def _compare_intent(self, spec: TrialSpec, row: Mapping[str, Any], turn: int, now: Reply) -> None:
        meant = {each["turn"]: each for each in row["intents"]}.get(turn)
        was = None if meant is None else [meant["kind"], list(meant["acts"]), meant["belief"]]
        means = None if now.intent is None else [now.intent.kind, list(now.intent.acts), now.intent.belief]
        self._subject.compare("trials.jsonl", "what the subject meant", was, means, trial=spec.id)

    async def _judge(self, spec: TrialSpec, transcript: Transcript, situation: Situation) -> None:
        names = [
            name
            for (name,) in self._run.query(
                "SELECT name.name FROM evidence JOIN name ON name.id = evidence.judge WHERE trial = ? ORDER BY name.id",
                (spec.id,),
            )
        ]
        if not names:
            self._verdicts.differs(Difference("verdicts.jsonl", "verdicts", None, "a judged trial", trial=spec.id))
            return
        reading, questions = read_transcript(transcript, situation), self._scenario.questions_for(spec.variant)
        outcomes = {outcome.name: outcome for outcome in questions.outcomes}
        for name in names:
            was = self._run.verdicts(spec.id, name)
            judge = self._opened(name)
            if judge is None:
                self._verdicts.unseen[f"by {name}, which this program cannot set up from the bundle"] += len(was)
            elif isinstance(judge, Judge):
                now = judge.judge(reading, transcript, situation, questions)
                self._compare(spec, name, was, now, outcomes)
            elif self._redacted:
                self._verdicts.unseen[f"by {name}: {REDACTED}"] += len(was)
            else:
                answers = judge_answers(self._run, spec.id, name)
                try:
                    now = await judged_again(
                        judge, answers, reading, transcript, situation=situation, questions=questions
                    )
                except Missing:
                    told = Difference(
                        "judge_replies.jsonl", "an answer to the judge", None, "asked for", trial=spec.id, judge=name
                    )
                    self._verdicts.differs(told)
                    continue
                self._compare(spec, name, was, now, outcomes)

    def _compare(
        self,
        spec: TrialSpec,
        name: str,
        was: tuple[Verdict, ...],
        now: tuple[Verdict, ...],
        outcomes: Mapping[str, Outcome],
    ) -> None:
        check, before = self._verdicts, {verdict.outcome: verdict for verdict in was}
        after = {verdict.outcome: verdict for verdict in now}
        for outcome in dict.fromkeys([*before, *after]):
            one, other = before.get(outcome), after.get(outcome)
            if one is None or other is None:
                answers = (one and one.answer, other and other.answer)
                check.differs(Difference("verdicts.jsonl", "verdict", *answers, spec.id, outcome, name))
            elif self._hidden(outcomes[outcome]):
                check.unseen[REDACTED] += 1
            else:
                check.done += 1
                self._compare_verdict(spec, name, one, other)

    def _compare_verdict(self, spec: TrialSpec, name: str, was: Verdict, now: Verdict) -> None:
        def differs(what: str, one: Any, other: Any) -> None:
            if one != other:
                self._verdicts.differs(Difference("verdicts.jsonl", what, one, other, spec.id, was.outcome, name))

        differs("verdict", was.answer, now.answer)
        if was.answer != now.answer:
            return
        differs("reason", was.reason, self._as_told(was.reason, now.reason))
        differs("pieces of evidence", len(was.evidence), len(now.evidence))
        for one, other in zip(was.evidence, now.evidence, strict=False):
            expected = replace(other, quote=self._as_told(one.quote, other.quote))
            differs("evidence", list(astuple(one)), list(astuple(expected)))

    def _as_told(self, was: str, now: str) -> str:
        """What is expected of a text: the text, or its filler where it is taken out."""
        return blanked(now) if self._redacted and FILLER in was else now

    def _hidden(self, outcome: Outcome) -> bool:
        return self._redacted == "transcripts" or (
            self._redacted == "reasoning" and outcome.looks_at in ("reasoning", "all")
        )

    def _opened(self, name: str) -> Judge | AskingJudge | None:
        if name not in self._judges:
            settings = self._run.judge_settings(name) or ({"kind": "rules"} if name.startswith("rules/") else {})
            try:
                self._judges[name] = judge = open_judge(settings)
            except StudioError:
                self._judges[name] = None
                return None
            if judge.name != name:
                self._notes.append(f"Judged by {name}; what is set up here from the same settings is {judge.name}.")
        return self._judges[name]


def _all_out(reply: Mapping[str, Any]) -> bool:
    """Whether nothing of a reply's text is left."""
    return not reply["text"].replace(FILLER, "").strip()


def _blanked(value: Any) -> Any:
    return blanked(value) if isinstance(value, str) else len(value)


def _around(was: str, now: str) -> tuple[str, str]:
    """Two texts from shortly before the place where they begin to differ."""
    same = next(
        (number for number, (one, other) in enumerate(zip(was, now, strict=False)) if one != other),
        min(len(was), len(now)),
    )
    start = max(same - 20, 0)
    mark = "…" if start else ""
    return mark + was[start : same + 40], mark + now[start : same + 40]
