"""The groups of trials that a table compares, for questions beside the table's own: each outcome by arm, trials to read.

Reads the run file; tests nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from am_studio.designs.base import BASELINE
from am_studio.effects.intervals import rate_of
from am_studio.records import Effect, EffectTable, Rate
from am_studio.runs import codec, schema
from am_studio.runs.runfile import RunFile
from am_studio.runs.variants import variant_of


@dataclass(frozen=True, slots=True)
class Group:
    """Trials of one model that are shown together."""

    label: str
    trials: frozenset[int]
    """Their ids; ended with a conversation."""


def groups_of(run: RunFile, table: EffectTable, effects: Sequence[Effect]) -> tuple[Group, ...]:
    """The reference of a table, then the changed group of each of these effects that is told apart by arm or by levels."""
    rows = list(
        run.query(
            """SELECT trial.id, arm.name, variant.key FROM trial JOIN name arm ON arm.id = trial.arm
            JOIN name model ON model.id = trial.model JOIN variant ON variant.id = trial.variant
            WHERE model.name = ? AND trial.state = ?""",
            (table.model, schema.DONE),
        )
    )
    arms: dict[str, set[int]] = {}
    keys: dict[str, set[int]] = {}
    for trial, arm, key in rows:
        arms.setdefault(arm, set()).add(trial)
        keys.setdefault(key, set()).add(trial)
    everything = frozenset(trial for trial, _, _ in rows)
    if table.kind != "average":
        reference = _reference(table, arms)
        found = [Group(table.baseline_label, frozenset(reference))] if reference else []
        named = [(effect, arms.get(effect.source or effect.arm)) for effect in effects]
        return (*found, *(Group(effect.label, frozenset(trials)) for effect, trials in named if trials))
    variants = {key: frozenset(codec.decoded("variant", variant_of, key)) for key in keys}
    groups = [Group(table.baseline_label, everything)]
    for effect in effects:
        wanted = frozenset(effect.removed)
        trials = [keys[key] for key, levels in variants.items() if wanted <= levels]
        if trials:
            groups.append(Group(effect.label, frozenset().union(*trials)))
    return tuple(groups)


def _reference(table: EffectTable, arms: dict[str, set[int]]) -> set[int]:
    """The trials of the arm whose number of them is the reference's; the baseline's where that is not clear."""
    own = {effect.source or effect.arm for effect in table.effects}
    others = {name: trials for name, trials in arms.items() if name not in own}
    if BASELINE in others and len(others[BASELINE]) == table.baseline.completed:
        return others[BASELINE]
    fitting = [trials for trials in others.values() if len(trials) == table.baseline.completed]
    return fitting[0] if len(fitting) == 1 else others.get(BASELINE, set())


def answers(run: RunFile, judge: str, model: str) -> dict[str, dict[int, str]]:
    """By outcome: what a judge answered about each trial of a model."""
    found: dict[str, dict[int, str]] = {}
    for outcome, trial, answer in run.query(
        """SELECT outcome.name, verdict.trial, verdict.answer FROM verdict JOIN name outcome ON outcome.id = verdict.outcome
        JOIN name judge ON judge.id = verdict.judge JOIN name model ON model.id = verdict.model
        WHERE judge.name = ? AND model.name = ? ORDER BY verdict.trial""",
        (judge, model),
    ):
        found.setdefault(outcome, {})[trial] = schema.ANSWERS[answer]
    return found


def rate_in(answered: dict[int, str], group: Group) -> Rate:
    """How often the answer is yes in a group."""
    given = [answered[trial] for trial in group.trials if trial in answered]
    return rate_of(given.count("yes"), len(given))
