"""Trials to read behind each claim, drawn at random by a stated seed: one with each answer in each arm.

Nobody chooses them, so that the most telling ones are not picked; how many there were to draw from is said.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from am_studio.foundation.hygiene import one_line
from am_studio.records import Action, EffectTable, Verdict
from am_studio.reports.document.blocks import Block, Example, Examples, Piece, Text, Turn
from am_studio.reports.document.groups import Group, answers, groups_of
from am_studio.runs.runfile import RunFile
from am_studio.runs.trial_view import TrialView, open_trial
from am_studio.trials import Shown

LONGEST = 12_000
"""Characters of one reply, or of its reasoning, that are shown."""
LONGEST_TRIAL = 30_000
"""Characters of all replies of one trial together; each has its share."""
MOST_GROUPS = 5
"""Arms beside the reference that have examples; effects first, the greatest first."""


def example_blocks(run: RunFile, table: EffectTable, judge: str, *, seed: int, each: int) -> tuple[Block, ...]:
    """Examples of a table: `each` trials with a yes and as many with a no for each group."""
    order = sorted(table.effects, key=lambda effect: (effect.conclusion != "effect", -abs(effect.difference or 0.0)))[
        :MOST_GROUPS
    ]
    groups = groups_of(run, table, order)
    answered = answers(run, judge, table.model).get(table.outcome, {})
    items = tuple(_examples(run, table, judge, groups, answered, random.Random(f"{seed} {table.model}"), each))
    if not items:
        return (Text(("No trial has been judged yet.",), "note"),)
    told = (
        f"Drawn at random with seed {seed} from the judged trials of each group, {each} with a yes and {each} with a no; "
        f"nobody chose them. Marked: what {judge} rests its answer about {table.outcome} on."
    )
    return (Examples(told, items),)


def _examples(  # noqa: PLR0917
    run: RunFile,
    table: EffectTable,
    judge: str,
    groups: Sequence[Group],
    answered: dict[int, str],
    chance: random.Random,
    each: int,
) -> Iterator[Example]:
    for group in groups:
        judged = sorted(trial for trial in group.trials if trial in answered)
        for answer in ("yes", "no"):
            fitting = [trial for trial in judged if answered[trial] == answer]
            for trial in sorted(chance.sample(fitting, min(each, len(fitting)))):
                drawn = f"one of {len(fitting)} with {answer}, of {len(judged)} judged in this group"
                yield _example(open_trial(run, trial), group.label, table.outcome, judge, drawn)


def _example(view: TrialView, label: str, outcome: str, judge: str, drawn: str) -> Example:
    verdict = next((v for v in view.verdicts if v.outcome == outcome and v.judge == judge), None)
    answer = verdict.answer if verdict else "not judged"
    share = min(LONGEST, LONGEST_TRIAL // max(len(view.replies), 1))
    turns = tuple(
        Turn(_cut(reply.reasoning, share), tuple(_pieces(shown, number, verdict, share)))
        for number, (reply, shown) in enumerate(zip(view.replies, view.shown, strict=True))
    )
    return Example(
        title=f"{label}: trial {view.row.id}, {outcome} {answer}",
        drawn=drawn,
        verdict=f"{judge} says {answer}: {verdict.reason}" if verdict else "",
        turns=turns,
        actions=tuple(_action(action) for action in view.actions),
        problems=(*view.problems, *view.damage),
    )


def _pieces(shown: Shown, turn: int, verdict: Verdict | None, share: int) -> Iterator[Piece]:
    """The text of a turn in pieces, those that the verdict quotes marked; cut to a readable length."""
    text = shown.text
    marks = sorted((e.start, e.end) for e in (verdict.evidence if verdict else ()) if e.turn == turn)
    last = max((end for _, end in marks), default=0)
    limit = max(share, min(last + 500, 2 * LONGEST))
    at = 0
    for first, end in marks:
        start, stop = max(first, at), min(end, limit, len(text))
        if stop <= start:
            continue
        if start > at:
            yield Piece(text[at:start])
        yield Piece(text[start:stop], marked=True)
        at = stop
    if at < len(text):
        yield Piece(_cut(text[at:], limit - at))


def _cut(text: str, limit: int) -> str:
    left = len(text) - max(limit, 0)
    return text if left <= 0 else f"{text[: max(limit, 0)]} […{left:,} more characters are in the run file]"


def _action(action: Action) -> str:
    to = ", ".join((*action.to, *action.cc))
    about = action.subject or (f"email {action.email}" if action.email else "")
    parts = [action.kind, *([f"to {to}"] if to else []), *([f"“{about}”"] if about else []), f"({action.status})"]
    return one_line(" ".join(parts), 300)
