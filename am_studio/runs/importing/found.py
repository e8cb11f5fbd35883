"""What an import found, before it becomes a run: trials with replies or failures, and where each of them came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from am_studio.records import Answer, ModelFailure, ProtocolName, Reply

SourceKind = Literal["transcripts", "inspect-log"]


@dataclass(frozen=True, slots=True)
class FoundVerdict:
    """What the source says of a trial, as one of our answers."""

    judge: str
    outcome: str
    answer: Answer
    reason: str
    """How it came to be this answer: the value as the source has it, and what the source says of it."""


@dataclass(frozen=True, slots=True)
class FoundTrial:
    """One trial of a source."""

    where: str
    """Such as `replies.jsonl: line 3`."""
    model: str
    replies: tuple[Reply, ...]
    """() where it failed."""
    failure: ModelFailure | None = None
    prompt: tuple[tuple[str, str], ...] = ()
    """(role, text) pairs; () where the source does not have it."""
    arm: str = ""
    """The condition, where the source names it."""
    details: tuple[tuple[str, str], ...] = ()
    """(name, value as written) pairs."""
    nuisance: tuple[tuple[str, str], ...] = ()
    """What was drawn for the scenario's nuisance factors, where the source says so; used where the scenario has them."""
    removed_units: tuple[str, ...] = ()
    """Units of the prompt that were taken out, where the source says so."""
    verdicts: tuple[FoundVerdict, ...] = ()
    ended: float | None = None
    """Seconds since 1970."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """All that an import found in its files."""

    kind: SourceKind
    files: tuple[tuple[str, str], ...]
    """(name, `sha256:` and the digest of its bytes) pairs."""
    generator: str
    """Who or what generated the trials; empty: the source does not say."""
    trials: tuple[FoundTrial, ...]
    protocol: ProtocolName = "inline"
    notes: tuple[str, ...] = ()
    """What was understood in which way, and what was left out; a sentence each."""
    judges: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is known of each judge that the source's verdicts are by."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an import came to."""

    path: Path
    trials: int
    failed: int
    arms: tuple[str, ...]
    details: tuple[str, ...]
    models: tuple[str, ...]
    outcomes: tuple[str, ...]
    judges: tuple[str, ...]
    with_prompt: int
    duplicates: int
    """Trials that repeat another one of the same condition and model word for word."""
    notes: tuple[str, ...]
