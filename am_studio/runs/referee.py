"""What a referee would ask of a run before believing its table: each question with its reason and a way out.

Reads the run file and the tables; changes neither and decides nothing: a run without a question may still be wrong.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from am_studio.effects.multiplicity import holm
from am_studio.effects.reach import detectable_difference
from am_studio.effects.tests import difference_test
from am_studio.records import Counts, Effect, EffectTable
from am_studio.runs.drift import drift
from am_studio.runs.plan import FEW_TRIALS
from am_studio.runs.runfile import RunFile
from am_studio.runs.variants import variant_of

QuestionKind = Literal[
    "copies", "temperature", "not-interleaved", "one-wording", "drift", "unclear-by-arm", "failed-by-arm", "ceiling",
    "floor", "few-trials", "model-changed", "several-models", "judge-unchecked", "judge-doubtful",
]  # fmt: skip

MOST_COPIES = 0.05
"""A larger share of word-for-word repeated replies is asked about."""
CEILING, FLOOR = 0.95, 0.1
"""A reference at or beyond these leaves a change hardly any room."""
ALPHA = 0.05
"""Differences between arms in what is unclear or failed are asked about at this level, adjusted by Holm."""
_UNMIXED = -3.7
"""So few runs of the same arm in a row, in standard deviations, come once in 10,000 random orders."""
_MOST_IN_ORDER = 50_000
"""Requests of the run whose order is looked at: its first ones."""
_FEWEST_IN_ORDER = 10
"""Trials below which an order says nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a referee would ask."""

    kind: QuestionKind
    text: str
    """What was seen, with its numbers."""
    why: str
    """What it does to the conclusion."""
    what_to_do: str


def referee(run: RunFile, tables: Sequence[EffectTable]) -> tuple[Question, ...]:
    """The questions about these tables of a run, each once a model where it is about one."""
    found, in_time = [*_of_plan(run), *_wording(run)], _in_time(run)
    for table in tables:
        model = table.model
        checks: tuple[Iterator[Question], ...] = (
            _copies(run, model), _order(model, in_time.get(model, ())), _names(run, model), _sessions(run, table), _range(table),
            _uneven(table), _few(table),
        )  # fmt: skip
        for questions in checks:
            found += questions
    return tuple(dict.fromkeys(found))


# Of the plan. --------------------------------------------------------------------------------------------------------


def _of_plan(run: RunFile) -> Iterator[Question]:
    study = run.plan.study
    cold = [model.name for model in study.models if model.sampling(study.sampling).temperature == 0]
    if cold:
        yield Question(
            "temperature",
            f"Temperature 0 for {', '.join(cold)}.",
            "Repeated trials of one prompt are near copies, so intervals are too narrow.",
            "Sample at the temperature the claim is about, usually 1.",
        )


def _wording(run: RunFile) -> Iterator[Question]:
    """Whether all trials of the run read one wording."""
    if not any(variant_of(key).nuisance for (key,) in run.query("SELECT key FROM variant")):
        yield Question(
            "one-wording",
            "One wording: nothing but the details differs between trials.",
            "The claim is about this exact text; a paraphrase may move the rates as much as a detail does.",
            "Declare names or wordings in the scenario, so that they are drawn per trial, or claim it of this text alone.",
        )


# Of the trials. ------------------------------------------------------------------------------------------------------


def _copies(run: RunFile, model: str) -> Iterator[Question]:
    replies, copies = run.copies(model)
    if copies > MOST_COPIES * replies:
        yield Question(
            "copies",
            f"{copies} of {replies} replies of {model} repeat another one to the same prompt word for word.",
            "Copies are no independent samples: intervals are too narrow and p too small.",
            "Raise the temperature, turn caches off, or count distinct replies.",
        )


def _order(model: str, batches: Iterable[Sequence[str]]) -> Iterator[Question]:
    """Wald and Wolfowitz's test of runs, of arms in the order of their first requests, within each batch."""
    seen = expected = variance = 0.0
    for arms in batches:
        if len(arms) >= _FEWEST_IN_ORDER and len(set(arms)) > 1:
            mean, spread = runs_expected(arms)
            seen, expected, variance = seen + runs_seen(arms), expected + mean, variance + spread
    if variance and (seen - expected) / math.sqrt(variance) < _UNMIXED:
        yield Question(
            "not-interleaved",
            f"The arms of {model} were not interleaved: {seen:.0f} runs of one arm in a row where a random order has "
            f"about {expected:.0f}.",
            "A provider that drifts while arms run one after another looks like an effect.",
            "Run all arms mixed in one session; the program's own runs are.",
        )


def _in_time(run: RunFile) -> dict[str, list[list[str]]]:
    """By model: the arms of each batch's trials in the order in which they were first asked; one query for all."""
    firsts = [first for (first,) in run.query("SELECT first FROM batch ORDER BY first")]
    names = dict(run.query("SELECT id, name FROM name"))
    rows = run.query(
        """SELECT trial.id, trial.arm, trial.model FROM (
          SELECT trial, min(started) AS asked FROM attempt WHERE judge = 0 AND id <= ? GROUP BY trial
        ) first JOIN trial ON trial.id = first.trial ORDER BY first.asked, trial.id""",
        (_MOST_IN_ORDER,),
    )
    found: dict[str, dict[int, list[str]]] = {}
    for trial, arm, model in rows:
        batch = bisect_right(firsts, trial)
        found.setdefault(names[model], {}).setdefault(batch, []).append(names[arm])
    return {model: list(batches.values()) for model, batches in found.items()}


def runs_seen(arms: Sequence[str]) -> int:
    """How many stretches of one arm in a row there are."""
    return 1 + sum(one != other for one, other in pairwise(arms))


def runs_expected(arms: Sequence[str]) -> tuple[float, float]:
    """Mean and variance of that number in a random order (Wald and Wolfowitz 1940; several kinds: Mood 1940)."""
    n, sizes = len(arms), Counter(arms).values()
    squares, cubes = sum(size**2 for size in sizes), sum(size**3 for size in sizes)
    mean = n + 1 - squares / n
    variance = (squares * (squares + n * (n + 1)) - 2 * n * cubes - n**3) / (n**2 * (n - 1))
    return mean, max(variance, 0.0)


def _names(run: RunFile, model: str) -> Iterator[Question]:
    """The names under which the provider answered, and whether one came after the other."""
    if len(run.models_returned(model)) < 2:
        return
    rows = list(
        run.query(
            """SELECT name.name FROM attempt JOIN trial ON trial.id = attempt.trial JOIN name ON name.id = attempt.returned
            JOIN name model ON model.id = trial.model WHERE model.name = ? AND attempt.judge = 0 ORDER BY attempt.id""",
            (model,),
        )
    )
    names = [name for (name,) in rows if name]
    known = list(dict.fromkeys(names))
    told = ", ".join(f"{name} ({names.count(name)} replies)" for name in known)
    if runs_seen(names) == len(known):
        yield Question(
            "model-changed",
            f"The provider's model changed within the run of {model}: {told}, one after the other.",
            "Trials before and after the change are of two models.",
            "Pin a dated model name, or run the study again with one.",
        )
    else:
        yield Question(
            "several-models",
            f"The provider answered for {model} under several names: {told}.",
            "The rates are those of a mixture that nobody can ask for again.",
            "Pin a dated model name; an aggregator may have to be told which provider to use.",
        )


def _sessions(run: RunFile, table: EffectTable) -> Iterator[Question]:
    """Whether the baseline differs between sessions of work."""
    found = drift(run, table.outcome, table.model)
    if found is not None and found.found:
        yield Question(
            "drift",
            f"The baseline of {table.model} differs between sessions of work. {found.told}",
            "The model, or how it is served, may have changed while the study ran.",
            "Compare arms within sessions, or run the study again in one.",
        )


# Of the table. -------------------------------------------------------------------------------------------------------


def _range(table: EffectTable) -> Iterator[Question]:
    rate = table.baseline_rate
    if rate.value is None or table.kind not in ("local", "level", "contrast"):
        return
    told = f"{rate.k}/{rate.n} in {table.model}"
    if rate.value >= CEILING:
        yield Question(
            "ceiling",
            f"The reference is at the ceiling: {table.outcome} {told}.",
            "Where two details each suffice, removing either changes nothing: no effect here does not mean that it "
            "carries nothing.",
            "Ask with random-subsets, or add-one-in from a scenario without the details.",
        )
    elif rate.value <= FLOOR:
        yield Question(
            "floor",
            f"The reference is at the floor: {table.outcome} {told}.",
            "A removal has nothing to lower: no effect here says little.",
            "Raise the baseline's rate, or ask with add-one-in.",
        )


def _uneven(table: EffectTable) -> Iterator[Question]:
    """Arms that differ from their reference in what is unclear, or has failed."""
    yield from _compared(
        table, "unclear-by-arm", "unclear", lambda counts: (counts.unclear, counts.completed),
        "An unclear trial counts as not yes: where arms differ in them, part of a difference may be the judge's.",
        "Read the unclear trials, sharpen the rubric, or have them labelled by hand; the bounds say how far it could go.",
    )  # fmt: skip
    yield from _compared(
        table, "failed-by-arm", "failed", lambda counts: (counts.failed, counts.completed + counts.failed),
        "Failed trials are in no rate: where arms lose different ones, what is left is no fair sample.",
        "Find out why they failed, and ask them again with `am-studio retry`; the bounds say how far it could go.",
    )  # fmt: skip


def _compared(  # noqa: PLR0917
    table: EffectTable,
    kind: QuestionKind,
    what: str,
    part: Callable[[Counts], tuple[int, int]],
    why: str,
    what_to_do: str,
) -> Iterator[Question]:
    rows = [(effect, part(effect.counts), part(effect.against)) for effect in table.effects]
    rows = [row for row in rows if row[1][1] and row[2][1]]
    # Fisher's mid-p at any size: there may be hundreds of rows, and Boschloo's test takes its time.
    ps = holm([difference_test(*changed, *reference, "fisher-mid-p")[0] for _, changed, reference in rows])
    uneven = [row for row, p in zip(rows, ps, strict=True) if p <= ALPHA]
    if uneven:
        told = "; ".join(f"{effect.label} {k}/{n} against {k0}/{n0}" for effect, (k, n), (k0, n0) in uneven)
        yield Question(
            kind, f"More trials are {what} in one arm than in another, in {table.model}: {told}.", why, what_to_do
        )


def _few(table: EffectTable) -> Iterator[Question]:
    """Too few trials for what is claimed, or for what was seen."""
    claimed = [effect for effect in table.effects if effect.conclusion == "effect" and _smaller(effect) < FEW_TRIALS]
    unseen = [effect for effect in table.effects if _out_of_reach(effect, table.margin)]
    told = [f"{effect.label}: an effect from {_smaller(effect)} trials" for effect in claimed]
    told += [
        f"{effect.label}: {100 * (effect.difference or 0):+.0f} points seen, {_reach(effect, table)} would be found"
        for effect in unseen
    ]
    if told:
        yield Question(
            "few-trials",
            f"Too few trials for the claim in {table.model}: {'; '.join(told)}.",
            "A difference that few trials find is likely overstated; one that they cannot find is not absent.",
            _more(unseen),
        )


def _smaller(effect: Effect) -> int:
    return min(effect.counts.completed, effect.against.completed)


def _out_of_reach(effect: Effect, margin: float) -> bool:
    """Whether a difference that would matter was seen and could not be told from chance with so many trials."""
    return effect.conclusion == "undetermined" and abs(effect.difference or 0.0) >= margin


def _reach(effect: Effect, table: EffectTable) -> str:
    """The smallest change to that side which so many trials find, about."""
    reference, rate = effect.against, (effect.against.yes + 0.5) / (effect.against.completed + 1)
    falls, single = (effect.difference or 0.0) < 0, table.alpha / len(table.effects)
    size = detectable_difference(rate, effect.counts.completed, reference.completed, single, falls=falls)
    return "no change" if size is None else f"about {100 * size:.0f}"


def _more(unseen: Sequence[Effect]) -> str:
    needed = [effect.more_trials for effect in unseen if effect.more_trials is not None]
    if not needed:
        return "Repeat it with more trials: `am-studio power` says how many."
    return (
        f"About {max(needed):,} more trials of both groups would settle it, were the rates as seen: plan a new study."
    )
