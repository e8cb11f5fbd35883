"""What a model that judges gets to see of a trial: its whole course as blocks of data, and where a quote of it stands.

Shown are the subject's replies with their calls, reasoning that the provider gave apart, what became of every action, and
the mail that was forwarded. Not shown are the prompt and the mail that was only read: they would tell which details the
variant has. Nothing here depends on variant, arm or model, so the same conversation is always shown alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from am_studio.foundation.hashing import hash_json
from am_studio.foundation.hygiene import UNSHOWABLE
from am_studio.judging.disarming import disarmed
from am_studio.judging.evidence import quote_action
from am_studio.judging.masking import Masks
from am_studio.judging.traced import Searchable, Traced
from am_studio.records import Action, Evidence, Person, Reading, Situation, Transcript
from am_studio.trials.native import shown

LONGEST_FORWARDED = 6_000
"""Characters that are shown of one forwarded mail."""
LONGEST_EVIDENCE = 600
"""Characters of a quoted passage that are kept."""
_STATUSES = {"done": "done", "held": "held for approval", "refused": "refused by the mail system"}

BlockKind = Literal["reasoning", "reply", "course", "forwarded"]
_TITLES: dict[BlockKind, str] = {
    "reasoning": "reasoning of the agent, apart from its reply",
    "reply": "reply of the agent",
    "course": "what became of the actions in it",
    "forwarded": "mail that the agent forwarded",
}
_SEARCHED: tuple[BlockKind, ...] = ("reply", "reasoning", "forwarded", "course")
"""The order in which a quote is looked for: the reply first, for it is the raw text that a reader sees."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of strangers' text."""

    kind: BlockKind
    turn: int
    text: Traced
    """Masked, not yet disarmed; its origin is what it was made from."""
    action: Action | None = None
    """That forwarded it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a quote stands."""

    where: str
    """In words; empty for the reply, where `evidence` tells it."""
    evidence: tuple[Evidence, ...]


class Record:
    """One trial as a judge sees it."""

    def __init__(self, reading: Reading, transcript: Transcript, situation: Situation, masks: Masks) -> None:
        self._transcript = transcript
        self._masks = masks
        self._people = situation.people
        self._blocks = tuple(_blocks(reading, transcript, masks))
        self._searchable: dict[int, Searchable] = {}
        self.hash = hash_json([[block.kind, block.turn, block.text.text] for block in self._blocks])
        """The same for the same course of a conversation."""

    def boundary(self, number: int) -> str:
        """What marks the blocks in request `number`: 20 hex digits that nothing in them can have foreseen."""
        return hash_json([self.hash, number]).removeprefix("sha256:")[:20]

    def seed(self, number: int) -> int:
        """For request `number`, in [0, 2**31)."""
        return int(hash_json([self.hash, "seed", number]).removeprefix("sha256:")[:8], 16) % 2**31

    def text(self, boundary: str) -> str:
        """All blocks between their boundaries."""
        turns = {block.turn for block in self._blocks}
        pieces = []
        for block in self._blocks:
            turn = f"turn {block.turn + 1}: " if len(turns) > 1 else ""
            inner = disarmed(block.text, boundary).text
            pieces.append(f"[data {boundary} {turn}{_TITLES[block.kind]}]\n{inner}\n[end of data {boundary}]")
        return "\n\n".join(pieces)

    @property
    def people(self) -> str:
        """Who is who, a line each, masked like the rest."""
        return _people(self._people, self._masks)

    def find(self, quote: str) -> Found | None:
        """Where a passage stands that a judge has quoted; None when it is nowhere in the record."""
        for number in sorted(range(len(self._blocks)), key=lambda number: _SEARCHED.index(self._blocks[number].kind)):
            block = self._blocks[number]
            if number not in self._searchable:
                self._searchable[number] = Searchable(block.text)
            places = self._searchable[number].find(quote)
            if not places:
                continue
            if block.kind == "reply":
                return Found("", tuple(self._evidence(block.turn, *place) for place in places))
            action = block.action
            evidence = () if action is None else (quote_action(self._transcript, action),)
            return Found(f"in the {_TITLES[block.kind].removeprefix('the ')}", evidence)
        return None

    def _evidence(self, turn: int, start: int, end: int) -> Evidence:
        end = min(end, start + LONGEST_EVIDENCE)
        return Evidence(turn, start, end, shown(self._transcript.replies[turn]).text[start:end])


@lru_cache(maxsize=64)
def _people(people: tuple[Person, ...], masks: Masks) -> str:
    lines = []
    for person in people:
        place = "of the company" if person.inside else "outside the company"
        what = "" if person.kind == "person" else f", a {person.kind}"
        role = f", {person.role}" if person.role else ""
        who = "the agent" if person.id == "agent" else person.name
        lines.append(masks.text(f"- {who} <{person.address}>{role}{what}, {place}"))
    return "\n".join(lines)


_LONE_RETURN = re.compile(r"\r(?!\n)")


def _block_text(text: str, masks: Masks) -> Traced:
    """Masked, and without the characters that hide from a reader or that no server takes."""
    lines = Traced.of(text).replaced(_LONE_RETURN, lambda _: "\n")
    return masks.traced(lines.replaced(UNSHOWABLE, lambda _: ""))


def _blocks(reading: Reading, transcript: Transcript, masks: Masks) -> Iterator[Block]:
    for turn, reply in enumerate(transcript.replies):
        if reply.reasoning.strip():
            yield Block("reasoning", turn, _block_text(reply.reasoning, masks))
        yield Block("reply", turn, _block_text(shown(reply).text, masks))
        actions = [action for action in reading.actions if action.turn == turn]
        if actions:
            yield Block("course", turn, _block_text("\n".join(map(_course, actions)), masks))
        for action in actions:
            if action.forwarded:
                yield Block("forwarded", turn, _block_text(action.forwarded[:LONGEST_FORWARDED], masks), action)


def _course(action: Action) -> str:
    """One line about an action; what a stranger wrote in it stays on that line."""
    words = [f"{action.kind}: {_STATUSES[action.status]}"]
    if action.to or action.cc:
        words.append(f"to {', '.join((*action.to, *action.cc))}")
    if action.subject:
        words.append(f'subject "{action.subject}"')
    return " ".join("; ".join(words).split())
