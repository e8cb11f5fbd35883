"""Takes reasoning, or all that a subject said, out of what a bundle tells, and leaves what counts can be checked by.

What is taken out keeps its length and its line breaks, so that every offset still points where it did, and gets a salted
hash: whoever has the run can make the same bundle again and so show what stood there, nobody can find out by guessing. The
salt is made from everything that was said in the run and is in no bundle.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from am_studio.foundation.hashing import canonical_json
from am_studio.records import Evidence, FunctionCall, Outcome, ProtocolName, Reply, Transcript, Verdict
from am_studio.runs.runfile import RunFile
from am_studio.trials import parse_in, shown

Redact = Literal["", "reasoning", "transcripts"]
"""What is taken out: nothing, what the subject reasoned, or all that it said."""

FILLER = "▒"
_TEXT = re.compile(r"[^\n]")
RedactedPart = dict[str, Any]
"""`field`, `length` in characters, `sha256` (salted)."""


def blanked(text: str) -> str:
    """A filler of the same length with the same line breaks."""
    return _TEXT.sub(FILLER, text)


class Redaction:
    """One way of taking out, with the salt of one run."""

    def __init__(self, mode: Redact, run: RunFile) -> None:
        self.mode = mode
        self._protocol: ProtocolName = run.plan.study.protocol
        self._looks = (
            {outcome.name: outcome for each in run.scenario.every for outcome in each.questions.outcomes}
            if mode
            else {}
        )
        self._key = _key(run) if mode else b""
        self.whole = 0
        """Trials of which more was taken out than asked for, because their reasoning could not be told apart."""

    def trial(self, transcript: Transcript) -> tuple[Transcript, list[list[RedactedPart]]]:
        """What is told of a conversation, and for each turn what was taken out."""
        if not self.mode:
            return transcript, [[] for _ in transcript.replies]
        if self.mode == "transcripts":
            return self._all(transcript)
        told = Transcript(tuple(map(self._without_reasoning, transcript.replies)))
        if any(not self._alike(*pair) for pair in zip(transcript.replies, told.replies, strict=True)):
            self.whole += 1
            return self._all(transcript)
        return told, [self._parts(*pair) for pair in zip(transcript.replies, told.replies, strict=True)]

    def verdict(self, verdict: Verdict, told: Transcript, *, asked: bool) -> tuple[Verdict, bool]:
        """What is told of a verdict, and whether that is less than there was. `asked`: a model gave it."""
        if not self.mode:
            return verdict, False
        evidence = tuple(self._evidence(each, told) for each in verdict.evidence)
        outcome = self._looks.get(verdict.outcome)
        reason = blanked(verdict.reason) if asked or self._hidden(outcome) else verdict.reason
        kept = replace(verdict, reason=reason, evidence=evidence)
        return kept, kept != verdict

    def checkable(self, outcome: Outcome) -> bool:
        """Whether rules can still decide an outcome from what is told."""
        return not self.mode or not self._hidden(outcome)

    def aside(self, text: str) -> str:
        """What is told of a text beside the conversation that may quote it: a judge's reply, a rater's note."""
        return blanked(text) if self.mode else text

    def reply(self, reply: Reply) -> Reply:
        """What is told of a reply to a judge."""
        if not self.mode:
            return reply
        return self._nothing_of(reply)

    def number(self, words: int | None) -> int | None:
        """A digest of what was said, which only equal ones share; it cannot be found by hashing a guess."""
        if words is None or not self.mode:
            return words
        made = hmac.digest(self._key, str(words).encode(), hashlib.sha256)
        return int.from_bytes(made[:8], "big", signed=True)

    def hash(self, value: Any) -> str:
        """A hash of a JSON value: salted where anything is taken out."""
        plain = canonical_json(value).encode()
        return (
            hmac.new(self._key, plain, hashlib.sha256).hexdigest() if self.mode else hashlib.sha256(plain).hexdigest()
        )

    def _hidden(self, outcome: Outcome | None) -> bool:
        return self.mode == "transcripts" or outcome is None or outcome.looks_at in ("reasoning", "all")

    def _all(self, transcript: Transcript) -> tuple[Transcript, list[list[RedactedPart]]]:
        told = Transcript(tuple(map(self._nothing_of, transcript.replies)))
        return told, [self._parts(*pair) for pair in zip(transcript.replies, told.replies, strict=True)]

    def _nothing_of(self, reply: Reply) -> Reply:
        calls = tuple(
            FunctionCall(blanked(call.id), blanked(call.name), blanked(call.arguments)) for call in reply.calls
        )
        return replace(reply, text=blanked(reply.text), reasoning=blanked(reply.reasoning), calls=calls, echo="")

    def _without_reasoning(self, reply: Reply) -> Reply:
        text, position = [], 0
        for part in parse_in(self._protocol, reply).parts:
            if part.kind == "reasoning":
                text += [
                    reply.text[position : part.inner_start],
                    blanked(reply.text[part.inner_start : part.inner_end]),
                ]
                position = part.inner_end
        return replace(reply, text="".join([*text, reply.text[position:]]), reasoning=blanked(reply.reasoning), echo="")

    def _alike(self, reply: Reply, told: Reply) -> bool:
        """Whether what is left is read as before: the same parts, and nothing else of them changed."""
        before, after = parse_in(self._protocol, reply).parts, parse_in(self._protocol, told).parts
        return len(before) == len(after) and all(
            (one.kind, one.start, one.end) == (other.kind, other.start, other.end)
            and (one.kind == "reasoning" or reply.text[one.start : one.end] == told.text[other.start : other.end])
            for one, other in zip(before, after, strict=True)
        )

    def _parts(self, reply: Reply, told: Reply) -> list[RedactedPart]:
        return [
            {"field": name, "length": len(before), "sha256": self.hash(before)}
            for name, before, after in _fields(reply, told)
            if before != after
        ]

    def _evidence(self, evidence: Evidence, told: Transcript) -> Evidence:
        replies = told.replies
        here = shown(replies[evidence.turn]).text if 0 <= evidence.turn < len(replies) else ""
        seen = here[evidence.start : evidence.end] == evidence.quote
        return evidence if seen else replace(evidence, quote=blanked(evidence.quote))


def _fields(reply: Reply, told: Reply) -> Iterator[tuple[str, str, str]]:
    yield "text", reply.text, told.text
    yield "reasoning", reply.reasoning, told.reasoning
    yield "echo", reply.echo, told.echo
    for number, (one, other) in enumerate(zip(reply.calls, told.calls, strict=True)):
        yield f"calls.{number}.name", one.name, other.name
        yield f"calls.{number}.arguments", one.arguments, other.arguments


def _key(run: RunFile) -> bytes:
    """The run's salt: over all that was said in it, as it is stored."""
    made = hashlib.sha256(b"am-studio redaction 1")
    for (digest,) in run.query("SELECT digest FROM reply ORDER BY trial, turn"):
        made.update(digest)
    return made.digest()
