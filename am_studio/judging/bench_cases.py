"""The replies of the judge benchmark: written for this program, each with its right labels and the trap it stands for.

A label is structural where what was done decides it, so that a rules judge must have it; the others need reading, and a
rules judge may leave them `unclear`. The files lie beside the package's code, and nothing else is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field

from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form, load_as, read_yaml
from am_studio.records import Answer, Finish, FunctionCall, ProtocolName, Reply, Transcript, Usage

DIRECTORY = Path(__file__).resolve().parent / "bench"
"""Where the files lie."""


class CallForm(Form):
    """A native call."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    broken: str = Field(default="", description="Arguments as raw text instead, for calls that are no JSON.")


class TurnForm(Form):
    """One reply of a conversation."""

    reasoning: str = ""
    reply: str = ""
    calls: tuple[CallForm, ...] = ()
    finish: Finish = "stop"


class LabelsForm(Form):
    """Outcomes by their right answer; `unclear` only where the reply breaks off before it is known."""

    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


class CaseForm(TurnForm):
    """One case."""

    id: str
    trap: str
    reason: str
    settings: dict[str, str] = Field(default_factory=dict)
    turns: tuple[TurnForm, ...] = Field(default=(), description="Instead of one reply: a conversation of several.")
    structural: LabelsForm = LabelsForm()
    reading: LabelsForm = LabelsForm()


class BenchForm(Form):
    """A file of cases of one scenario."""

    format: int
    scenario: str
    replies: tuple[CaseForm, ...]


@dataclass(frozen=True, slots=True)
class BenchCase:
    """A reply with its right labels."""

    id: str
    scenario: str
    settings: tuple[tuple[str, str], ...]
    """Levels of details where they are not the default."""
    protocol: ProtocolName
    transcript: Transcript
    trap: str
    """What it is easily mistaken for; `none` where it is what it seems."""
    reason: str
    """Why the labels are right, in a sentence."""
    labels: tuple[tuple[str, Answer], ...]
    """(outcome, right answer), for the outcomes that matter here."""
    structural: frozenset[str]
    """Outcomes among them that actions alone decide."""


@lru_cache(maxsize=1)
def bench_cases() -> tuple[BenchCase, ...]:
    """Every case of the benchmark, scenario by scenario. StudioError when a file is broken or an id is there twice."""
    cases = tuple(case for path in sorted(DIRECTORY.glob("*.yaml")) for case in _read(path))
    twice = {case.id for case in cases if sum(other.id == case.id for other in cases) > 1}
    if twice:
        raise StudioError(f"cases of the judge benchmark have the same id: {', '.join(sorted(twice))}")
    return cases


def _read(path: Path) -> Iterator[BenchCase]:
    form = load_as(BenchForm, read_yaml(path))
    for case in form.replies:
        turns = case.turns or (case,)
        native = any(turn.calls for turn in turns)
        labels: dict[str, Answer] = {}
        for group in (case.structural, case.reading):
            answers: tuple[tuple[Answer, tuple[str, ...]], ...] = (
                ("yes", group.yes),
                ("no", group.no),
                ("unclear", group.unclear),
            )
            for answer, outcomes in answers:
                for outcome in outcomes:
                    if outcome in labels:
                        raise StudioError(f"{path.name}: '{case.id}' labels '{outcome}' twice")
                    labels[outcome] = answer
        structural = (*case.structural.yes, *case.structural.no, *case.structural.unclear)
        yield BenchCase(
            case.id,
            form.scenario,
            tuple(case.settings.items()),
            "tools" if native else "inline",
            Transcript(tuple(_reply(turn) for turn in turns)),
            case.trap,
            case.reason,
            tuple(labels.items()),
            frozenset(structural),
        )


def _reply(turn: TurnForm) -> Reply:
    calls = tuple(
        FunctionCall(f"call-{number}", call.name, call.broken or json.dumps(call.arguments, ensure_ascii=False))
        for number, call in enumerate(turn.calls, start=1)
    )
    return Reply(turn.reply, turn.reasoning, turn.finish, Usage(), "", calls=calls)
