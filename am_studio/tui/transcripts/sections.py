"""A trial as the parts that a reader folds: prompt, reasoning, reply, actions, verdicts, and where it failed.

Pure functions from a `TrialView` to plain records; they decide what is told of a trial and in which order. Nothing here wraps,
colours or draws.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from am_studio.records import Answer, Evidence, ModelFailure, Verdict
from am_studio.runs.browse import Asked
from am_studio.runs.trial_view import Attempt, TrialView
from am_studio.trials import ParsedReply
from am_studio.tui.transcripts.cards import block_actions, inner, native_calls, size
from am_studio.tui.transcripts.stretches import Passage, Section, Stretch, marked, searched

ANSWER_MARKS: Mapping[Answer | Literal[""], str] = {"yes": "▲", "no": "·", "unclear": "?", "": " "}
FINISHES = {
    "stop": "",
    "length": "cut off by the token limit",
    "content_filter": "stopped by the provider's filter",
    "refusal": "marked as a refusal by the provider",
}
LONGEST_RAW = 4000
"""Of what a provider sent instead of a reply, so many characters are shown."""
MOST_EVIDENCE = 100
"""Of one verdict, so many passages are marked."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def sections(view: TrialView, asked: Sequence[Asked], pattern: re.Pattern[str] | None = None) -> tuple[Section, ...]:
    """All parts of a trial, in the order in which they came to be; what `pattern` finds in the replies is marked."""
    letters = evidence_letters(view.verdicts)
    parts = [*_damage(view), *_prompt(view)]
    for turn, parsed in enumerate(view.parsed):
        said = _turn(view, turn, parsed, list(_passages(view.verdicts, letters, turn)))
        parts += [_searched(section, pattern) for section in said]
    parts += [*_failure(view), *_problems(view), *_verdicts(view, asked, letters), *_labels(view)]
    parts += [_searched(section, pattern) for section in _raw(view, letters)]
    return (*parts, _particulars(view))


def evidence_letters(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """A letter for each verdict that quotes evidence, in their order; empty for the others."""
    letters, number = [], 0
    for verdict in verdicts:
        letters.append(_LETTERS[number % len(_LETTERS)] if verdict.evidence else "")
        number += bool(verdict.evidence)
    return tuple(letters)


def _searched(section: Section, pattern: re.Pattern[str] | None) -> Section:
    return section if pattern is None else replace(section, stretches=searched(section.stretches, pattern))


def _passages(verdicts: Sequence[Verdict], letters: Sequence[str], turn: int) -> Iterator[Passage]:
    for verdict, letter in zip(verdicts, letters, strict=True):
        for evidence in verdict.evidence[:MOST_EVIDENCE]:
            if evidence.turn == turn:
                yield Passage(evidence.start, evidence.end, letter)


# What the subject was given. -----------------------------------------------------------------------------------------


def _prompt(view: TrialView) -> Iterator[Section]:
    task = "Prompt: task and inbox" if view.protocol == "inline" else "Prompt: task"
    kinds = {"system": ("system", "Prompt: system"), "user": ("inbox", task)}
    for role, text in view.prompt:
        kind, title = kinds.get(role, (role, "Prompt"))
        yield Section(kind, title, size(text), (Stretch(text),), text)


# What it said and did. -----------------------------------------------------------------------------------------------


def _turn(view: TrialView, turn: int, parsed: ParsedReply, passages: Sequence[Passage]) -> Iterator[Section]:
    native = view.protocol == "tools"
    which = f", turn {turn + 1}" if len(view.parsed) > 1 or native else ""
    reasoning = [Stretch(parsed.native_reasoning)] if parsed.native_reasoning.strip() else []
    reasoning += inner(parsed, "reasoning", passages, follows=bool(reasoning))
    if reasoning:
        yield Section("reasoning", f"Reasoning{which}", size(parsed.reasoning), tuple(reasoning), parsed.reasoning)
    said = tuple(inner(parsed, "visible", passages, follows=False))
    finish = FINISHES.get(view.replies[turn].finish, view.replies[turn].finish)
    note = ", ".join(part for part in (size(parsed.visible) if said else "nothing said", finish) if part)
    if said or finish or not view.shown[turn].calls:
        yield Section("reply", f"Reply{which}", note, said, parsed.visible)
    if native:
        yield from native_calls(view, turn, passages)
    else:
        yield block_actions(view, turn, passages, which)


def _raw(view: TrialView, letters: Sequence[str]) -> Iterator[Section]:
    """The replies exactly as they came, with every passage of evidence in its place."""
    for turn in range(len(view.replies)):
        which = f", turn {turn + 1}" if len(view.replies) > 1 else ""
        passages = list(_passages(view.verdicts, letters, turn))
        text = view.shown[turn].text
        yield Section("raw", f"As it came{which}", size(text), marked(text, 0, passages), text)


def _failure(view: TrialView) -> Iterator[Section]:
    failure = view.failure
    if view.row.state != "failed":
        return
    asked = len(view.attempts)
    note = f"no conversation came of {asked} request{'' if asked == 1 else 's'}"
    stretches = tuple(_told_failure(failure)) if failure else (Stretch("No reason is stored.", "bad"),)
    copied = f"{failure.kind}: {failure.message}\n\n{failure.raw}".strip() if failure else ""
    yield Section("failure", "✗ Failed here", note, stretches, copied)


def _told_failure(failure: ModelFailure) -> Iterator[Stretch]:
    yield Stretch(f"{failure.kind}: ", "bad")
    yield Stretch(failure.message)
    if failure.raw.strip():
        yield Stretch("\nThe provider sent:\n", "name")
        yield Stretch(failure.raw[:LONGEST_RAW])


# What was made of it. ------------------------------------------------------------------------------------------------


def _damage(view: TrialView) -> Iterator[Section]:
    if view.damage:
        told = "\n".join(view.damage)
        yield Section("damage", "✗ Not all of this trial can be shown", "", (Stretch(told, "bad"),), told)


def _problems(view: TrialView) -> Iterator[Section]:
    if view.problems:
        told = "\n".join(view.problems)
        yield Section("problems", "Could not be read as intended", str(len(view.problems)), (Stretch(told),), told)


def _verdicts(view: TrialView, asked: Sequence[Asked], letters: Sequence[str]) -> Iterator[Section]:
    if not view.verdicts:
        return
    harmful = {outcome.name for outcome in asked if outcome.harmful}
    stretches: list[Stretch] = []
    for verdict, letter in zip(view.verdicts, letters, strict=True):
        stretches += [Stretch("\n")] if stretches else []
        stretches += _told_verdict(verdict, letter, harmful=verdict.outcome in harmful)
    yes = [verdict.outcome for verdict in view.verdicts if verdict.answer == "yes"]
    copied = "".join(stretch.text for stretch in stretches)
    yield Section("verdicts", "Verdicts", f"yes to {', '.join(yes)}" if yes else "no yes", tuple(stretches), copied)


def _told_verdict(verdict: Verdict, letter: str, *, harmful: bool) -> Iterator[Stretch]:
    kind = " (harmful)" if harmful and verdict.answer == "yes" else ""
    yield Stretch(f"{ANSWER_MARKS.get(verdict.answer, '?')} {verdict.outcome}: {verdict.answer}{kind}", "title", letter)
    yield Stretch(f"  {verdict.judge}\n  {verdict.reason}", "muted")
    for evidence in verdict.evidence[:MOST_EVIDENCE]:
        yield Stretch("\n  ", "muted")
        yield Stretch(_quoted(evidence), "text", letter)


def _quoted(evidence: Evidence) -> str:
    return f"“{' '.join(evidence.quote.split())}”"


def _labels(view: TrialView) -> Iterator[Section]:
    if not view.labels:
        return
    lines = [
        f"{ANSWER_MARKS[label.answer]} {label.outcome}: {label.answer}  {label.rater}, {moment(label.at)}"
        + (f"\n  {label.note}" if label.note else "")
        for label in view.labels
    ]
    told = "\n".join(lines)
    yield Section("labels", "Labels", str(len(view.labels)), (Stretch(told),), told)


def _particulars(view: TrialView) -> Section:
    facts = [
        ("arm", view.arm_label if view.arm_label == view.row.arm else f"{view.row.arm}: {view.arm_label}"),
        *([("scenario", view.scenario)] if view.scenario else []),
        (
            f"differs from {'its defaults' if view.scenario else 'the baseline'}",
            ", ".join(f"{name} = {level}" for name, level in view.levels) or "in nothing",
        ),
        *([("drawn", ", ".join(f"{name} = {level}" for name, level in view.nuisance))] if view.nuisance else []),
        ("model", view.row.model),
        ("seed", str(view.seed)),
        ("prompt", view.prompt_hash or "not sent yet"),
        ("ended", moment(view.ended) if view.ended else "not yet"),
        *((f"request {attempt.number}", told_attempt(attempt)) for attempt in view.attempts),
    ]
    stretches: list[Stretch] = []
    for name, value in facts:
        stretches += [Stretch(f"{chr(10) if stretches else ''}{name}: ", "name"), Stretch(value)]
    number = len(view.attempts)
    note = f"seed {view.seed}, {number} request{'' if number == 1 else 's'}"
    copied = "".join(stretch.text for stretch in stretches)
    return Section("particulars", "Particulars", note, tuple(stretches), copied)


def told_attempt(attempt: Attempt) -> str:
    """A request on one line."""
    parts = [
        attempt.state if attempt.failure is None else f"{attempt.failure.kind}: {attempt.failure.message}",
        moment(attempt.started),
        "" if attempt.seconds is None else f"{attempt.seconds:,.1f} s",
        "" if attempt.input_tokens is None else f"{attempt.input_tokens:,} tokens in",
        "" if attempt.output_tokens is None else f"{attempt.output_tokens:,} out",
        f"${attempt.cost:,.4f}" if attempt.cost else "",
        f"by {attempt.returned}" if attempt.returned else "",
    ]
    return ", ".join(part for part in parts if part)


def moment(seconds: float) -> str:
    """A time by the reader's own clock; what no calendar holds, as it is."""
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return f"{seconds}"
