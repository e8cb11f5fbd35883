"""Whether rates and effects differ between runs (or their models), by tests of the differences themselves.

"An effect in this run and none in that" is no difference; two intervals that overlap are no proof of sameness. So each rate
is set against the first run's by the tests that effects have, and each effect by the difference of the two differences
(`effects/interaction.py`), all of one kind adjusted by Holm. Runs of different questions are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from am_studio.effects.across import across_models
from am_studio.effects.equivalence import conclude
from am_studio.effects.interaction import interaction_of
from am_studio.effects.intervals import miettinen_nurminen, rate_of
from am_studio.effects.multiplicity import holm
from am_studio.effects.tests import TestName, difference_test, test_for
from am_studio.foundation.errors import StudioError
from am_studio.records import AcrossModels, Conclusion, Counts, Effect, EffectTable, Interaction, Interval, Rate
from am_studio.runs.analysis import Analysis
from am_studio.runs.runfile import RunFile


@dataclass(frozen=True, slots=True)
class Side:
    """One column of a comparison: a model in a run."""

    label: str
    """Such as `A`, or `A, openai/some-model`."""
    run: int
    """Its place among the runs, from 0."""
    table: EffectTable


@dataclass(frozen=True, slots=True)
class RateChange:
    """The rate of one arm in a side, against the first side's."""

    label: str
    side: int
    """Its place among the sides, from 1."""
    first: Rate
    other: Rate
    difference: float | None
    """Other minus first."""
    interval: Interval | None
    p: float | None
    p_adjusted: float | None
    conclusion: Conclusion
    test: str


@dataclass(frozen=True, slots=True)
class EffectChange:
    """An effect in a side, against the first side's."""

    label: str
    side: int
    first: Effect
    other: Effect
    change: Interaction
    """(Effect in the other side) - (effect in the first), adjusted over the family."""
    conclusion: Conclusion


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sides with everything that was tested between them."""

    outcome: str
    sides: tuple[Side, ...]
    rates: tuple[RateChange, ...]
    effects: tuple[EffectChange, ...]
    across: tuple[AcrossModels, ...]
    """Each effect over all sides, where there are more than two: pooled, and whether it differs between any of them."""
    margin: float
    alpha: float
    missing: tuple[str, ...]
    """Arms that not every side has, which cannot be compared."""


def compare(runs: Sequence[RunFile], analyses: Sequence[Analysis], *, even_so: bool = False) -> tuple[Comparison, ...]:
    """One comparison a model that all runs share; where they share none, one of all models of all runs.

    StudioError where the runs do not ask the same, the same run is given twice, or nothing is left to compare; `even_so`
    lets differently worded questions pass.
    """
    _refuse(runs, analyses, even_so=even_so)
    tables = [{table.model: table for table in analysis.tables} for analysis in analyses]
    shared = [model for model in tables[0] if all(model in each for each in tables)]
    if shared:
        groups = [[(number, each[model]) for number, each in enumerate(tables)] for model in shared]
    else:
        groups = [[(number, table) for number, each in enumerate(tables) for table in each.values()]]
    return tuple(_compared(group) for group in groups)


def letter(number: int) -> str:
    """What a run is called: A, B, ..., Z, A1, ..."""
    turn, place = divmod(number, 26)
    return chr(ord("A") + place) + (str(turn) if turn else "")


def _refuse(runs: Sequence[RunFile], analyses: Sequence[Analysis], *, even_so: bool) -> None:
    if len(runs) < 2:
        raise StudioError("a comparison needs two runs or more", hint="am-studio compare RUN RUN")
    seen: dict[tuple[str, float], str] = {}
    for run in runs:
        key = run.plan.hash, run.created
        if key in seen:
            raise StudioError(
                f"{run.path.name} is the same run as {seen[key]}",
                "its trials would be counted twice",
                "name another run",
            )
        seen[key] = run.path.name
    outcomes = list(dict.fromkeys(analysis.outcome for analysis in analyses))
    if len(outcomes) > 1:
        raise StudioError(
            "the runs are about different outcomes",
            "\n".join(f"{run.path.name}: {each.outcome}" for run, each in zip(runs, analyses, strict=True)),
            "rates of different questions cannot be compared; --outcome NAME asks all of them for one that they share",
        )
    asked = {
        run.path.name: run.scenario.questions.outcome(outcomes[0]).question
        for run in runs
        if run.scenario.asks(outcomes[0])
    }
    if len(set(asked.values())) > 1 and not even_so:
        raise StudioError(
            f"the runs ask different questions under the name {outcomes[0]}",
            "\n".join(f"{name}: {question}" for name, question in asked.items()),
            "a difference between their rates may be one of the questions; --even-so compares them all the same, and says so",
        )
    kinds = list(dict.fromkeys(table.kind for analysis in analyses for table in analysis.tables))
    if len(kinds) > 1:
        raise StudioError(
            "the runs estimate different things",
            "\n".join(f"{run.path.name}: {each.tables[0].estimand}" for run, each in zip(runs, analyses, strict=True)),
            "an effect in one baseline and an average over many contexts differ even where nothing changed",
        )


def _compared(group: Sequence[tuple[int, EffectTable]]) -> Comparison:
    models = {table.model for _, table in group}
    sides = tuple(Side(_label(run, table, several=len(models) > 1), run, table) for run, table in group)
    first = sides[0].table
    rates = tuple(_rates(sides, first.alpha, first.margin))
    effects = tuple(_effects(sides, first.alpha, first.margin))
    if not rates:
        raise StudioError(
            "the runs have no arm in common",
            "\n".join(f"{side.label}: {', '.join(_arms(side.table))}" for side in sides),
            "compare runs of one study, or of studies that remove the same details",
        )
    across = across_models([replace(s.table, effects=_renamed(s)) for s in sides]) if len(sides) > 2 else ()
    return Comparison(first.outcome, sides, rates, effects, across, first.margin, first.alpha, tuple(_missing(sides)))


def _label(run: int, table: EffectTable, *, several: bool) -> str:
    return f"{letter(run)}, {table.model}" if several else letter(run)


def _renamed(side: Side) -> tuple[Effect, ...]:
    return tuple(replace(effect, model=side.label) for effect in side.table.effects)


def _arms(table: EffectTable) -> dict[str, tuple[str, Counts]]:
    """By the arm's name: what it is called, and how its trials ended; the reference first."""
    return {"": (table.baseline_label, table.baseline), **{e.arm: (e.label, e.counts) for e in table.effects}}


def _missing(sides: Sequence[Side]) -> Iterator[str]:
    everywhere = set.intersection(*(set(_arms(side.table)) for side in sides))
    for side in sides:
        alone = [label for arm, (label, _) in _arms(side.table).items() if arm not in everywhere]
        if alone:
            yield f"Not in every run, and not compared: {', '.join(alone)} ({side.label})."


def _rates(sides: Sequence[Side], alpha: float, margin: float) -> Iterator[RateChange]:
    found: list[tuple[str, int, Counts, Counts]] = []
    reference = _arms(sides[0].table)
    everywhere = set.intersection(*(set(_arms(side.table)) for side in sides))
    for number, side in enumerate(sides[1:], 1):
        own = _arms(side.table)
        if own.keys() & everywhere == {""} and own[""][0] != reference[""][0]:
            continue
        found += [(reference[arm][0], number, reference[arm][1], own[arm][1]) for arm in reference if arm in everywhere]
    # One test for the whole family, by its largest comparison, as in a table of effects.
    test = test_for(max((first.planned + other.planned for _, _, first, other in found), default=0))
    ps = [_p(other, first, test) for _, _, first, other in found]
    for (label, number, first, other), p, adjusted in zip(found, ps, _holm(ps), strict=True):
        both = first.completed and other.completed
        interval = miettinen_nurminen(other.yes, other.completed, first.yes, first.completed) if both else None
        yield RateChange(
            label=label,
            side=number,
            first=rate_of(first.yes, first.completed),
            other=rate_of(other.yes, other.completed),
            difference=other.yes / other.completed - first.yes / first.completed if both else None,
            interval=interval,
            p=p,
            p_adjusted=adjusted,
            conclusion=conclude(interval, adjusted, alpha, margin),
            test=test,
        )


def _p(other: Counts, first: Counts, test: TestName) -> float | None:
    if not first.completed or not other.completed:
        return None
    return difference_test(other.yes, other.completed, first.yes, first.completed, test)[0]


def _effects(sides: Sequence[Side], alpha: float, margin: float) -> Iterator[EffectChange]:
    everywhere = set.intersection(*({effect.arm for effect in side.table.effects} for side in sides))
    reference = {effect.arm: effect for effect in sides[0].table.effects}
    found = []
    for number, side in enumerate(sides[1:], 1):
        own = {effect.arm: effect for effect in side.table.effects}
        for arm, first in reference.items():
            if arm in everywhere:
                found.append((number, first, own[arm], _change(first, own[arm], sides[0].label, side.label)))
    adjusted = _holm([change.p for _, _, _, change in found])
    for (number, first, other, change), p in zip(found, adjusted, strict=True):
        held = replace(change, p_adjusted=p)
        yield EffectChange(first.label, number, first, other, held, conclude(held.interval, p, alpha, margin))


def _change(first: Effect, other: Effect, here: str, there: str) -> Interaction:
    cells = (first.against, first.counts, other.against, other.counts)
    return interaction_of(f"{first.label}: {there} against {here}", (first.label, there), cells)


def _holm(ps: Iterable[float | None]) -> list[float | None]:
    given = list(ps)
    return [
        None if p is None else adjusted
        for p, adjusted in zip(given, holm([1.0 if p is None else p for p in given]), strict=True)
    ]
