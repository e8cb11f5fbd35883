"""A subject in front of what it has read: cues, facts, probabilities; and what is drawn from them by a seed."""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from am_studio.foundation.hashing import hash_json, hash_messages
from am_studio.models.simulated.behaviour import Behaviour, Cell, behaviour
from am_studio.models.simulated.cue_reading import CueReading, read_cues, read_parts
from am_studio.models.simulated.facts import Facts, facts_of
from am_studio.models.simulated.prompt_parts import Messages, PromptParts
from am_studio.models.simulated.replies import Written, write_reply
from am_studio.models.simulated.tables import subject
from am_studio.models.simulated.wording import Phrasebook, phrasebook


@dataclass(frozen=True, slots=True)
class Prepared:
    """A subject in front of a prompt: all that does not depend on the seed."""

    reading: CueReading
    facts: Facts
    behaviour: Behaviour
    book: Phrasebook
    thresholds: tuple[float, ...]
    """Cumulative probabilities of the cells, rounded to 12 digits so that every machine draws alike."""
    prompt_hash: str
    characters: int


def prepare(messages: Iterable[tuple[str, str]], name: str) -> Prepared:
    """The subject of this name (with or without `sim/`) in front of these messages; StudioError for an unknown name."""
    return prepare_messages(tuple((role, text) for role, text in messages), name.removeprefix("sim/"))


@lru_cache(maxsize=128)
def prepare_messages(messages: Messages, name: str) -> Prepared:
    """As `prepare`, for a name without `sim/`."""
    characters = sum(len(text) for _, text in messages)
    return _prepared(read_cues(messages), name, hash_messages(messages), characters)


@lru_cache(maxsize=256)
def prepare_parts(prompt: PromptParts, name: str) -> Prepared:
    """The subject (without `sim/`) in front of a prompt that was taken apart already, or put together from a conversation."""
    content = [prompt.instructions, [[part.name, part.subject, part.text] for part in prompt.parts]]
    return _prepared(read_parts(prompt), name, hash_json(content), sum(len(part.text) for part in prompt.parts))


def _prepared(reading: CueReading, name: str, prompt_hash: str, characters: int) -> Prepared:
    subject(name)
    facts = facts_of(reading)
    made = behaviour(name, reading.found, facts.able)
    return Prepared(
        reading=reading,
        facts=facts,
        behaviour=made,
        book=phrasebook(facts),
        thresholds=tuple(round(total, 12) for total in accumulate(cell.probability for cell in made.cells)),
        prompt_hash=prompt_hash,
        characters=characters,
    )


def chance_of(prepared: Prepared, seed: int | str) -> Callable[[], float]:
    """A generator that is the same on every machine for the same subject, prompt and seed."""
    key = f"{seed}|{prepared.behaviour.subject}|{prepared.prompt_hash}".encode()
    return random.Random(int.from_bytes(hashlib.sha256(key).digest()[:8], "big")).random


def draw_cell(prepared: Prepared, seed: int) -> tuple[Cell, Callable[[], float]]:
    """Which way the reply goes, and the generator that words it."""
    chance = chance_of(prepared, seed)
    at = min(bisect_right(prepared.thresholds, chance()), len(prepared.thresholds) - 1)
    return prepared.behaviour.cells[at], chance


def draw(prepared: Prepared, seed: int, max_tokens: int) -> Written:
    """One reply; the same for the same subject, prompt and seed."""
    cell, chance = draw_cell(prepared, seed)
    return write_reply(
        cell, prepared.reading.found, prepared.facts, prepared.book, chance=chance, max_tokens=max_tokens
    )
