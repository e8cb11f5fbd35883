"""Nuisance factors in any design: every trial draws them, and the analysis holds them apart.

The draw of a trial depends on the study's seed and on its index in its arm, and on nothing else: factors cross with arms, and
trials of the same index have the same draw in every arm and model, so that arms of one size are equally mixed. A design sees
neither draws nor levels; what it estimates, it estimates over all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from am_studio.designs.base import Arm, Design, OpenDesign, Results, trial_seed
from am_studio.designs.strata import apart, as_written, counting_design
from am_studio.effects.nuisance import share_of
from am_studio.foundation.errors import StudioError, nearest
from am_studio.records import (
    Choice,
    Counts,
    EffectTable,
    JudgedTrial,
    NuisanceShare,
    Study,
    TrialSpec,
    VariantCounts,
)

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario
    from am_studio.scenarios.model import Factor

TRIALS_A_STRATUM = 4
"""Factors are held apart one after another as long as the smaller group has so many trials for each combination."""
_CUTS_TEXTS = ("lines",)
"""Designs that number the units of a text as written; another wording of it would have others."""
_WORDS = ("levels", "wording")


def drawing_nuisance(kind: type[Design], study: Study, scenario: Scenario) -> OpenDesign:
    """The design of this kind whose trials draw the study's nuisance factors; the plain one where there are none.

    StudioError when the design refuses the study, for a factor that the scenario does not have, or that a design of lines
    cannot have.
    """
    factors = drawn_factors(study, scenario)
    design = kind.open(study, scenario)
    if not factors:
        return design
    return NuisanceDrawn(design, counting_design(kind, study, scenario), study, scenario, factors)


def drawn_factors(study: Study, scenario: Scenario) -> tuple[str, ...]:
    """The nuisance factors that trials of the study draw, in the order of the scenarios; StudioError as `drawing_nuisance`."""
    known = _known(scenario)
    cuts = study.design.get("kind") in _CUTS_TEXTS
    if study.nuisance == "all":
        return tuple(name for name, factor in known.items() if not (cuts and factor.kind in _WORDS))
    for name in study.nuisance:
        if name not in known:
            hint = nearest(name, known) or (f"one of {', '.join(known)}" if known else "it declares none")
            raise StudioError(f"{scenario.ref} has no nuisance factor '{name}'", study.source, hint)
        if cuts and known[name].kind in _WORDS:
            raise StudioError(
                f"the nuisance factor '{name}' gives texts other lines, which this design takes out by number",
                study.source,
                "leave it out of `nuisance`",
            )
    return tuple(name for name in known if name in study.nuisance)


def _known(scenario: Scenario) -> dict[str, Factor]:
    """The factors of a scenario and those beside it; of one name, the first."""
    found: dict[str, Factor] = {}
    for each in scenario.every:
        for name, factor in each.nuisance.items():
            found.setdefault(name, factor)
    return found


def with_draws(
    specs: Iterable[TrialSpec], study: Study, scenario: Scenario, already: Mapping[tuple[str, str], int] | None = None
) -> tuple[TrialSpec, ...]:
    """These trials, each with the draw of its index in its arm and model; `already` is how many of these came before.

    A trial draws what the scenario declares that its variant is of.
    """
    factors = drawn_factors(study, scenario)
    upcoming = Counter(already or {})
    draws: dict[tuple[int, str], tuple[Choice, ...]] = {}
    drawn = []
    for spec in specs:
        index = upcoming[spec.arm, spec.model]
        upcoming[spec.arm, spec.model] += 1
        own, key = scenario.of(spec.variant), (index, spec.variant.scenario)
        if key not in draws:
            seed = trial_seed(study.seed, "nuisance", "", index)
            draws[key] = own.draw_nuisance(seed, [name for name in factors if name in own.nuisance])
        drawn.append(replace(spec, variant=own.with_nuisance(spec.variant, draws[key])))
    return tuple(drawn)


def one_wording(study: Study, scenario: Scenario) -> str:
    """What must be said of a study in which every arm has one wording; empty where wordings are drawn."""
    known = _known(scenario)
    if any(known[name].kind in _WORDS for name in drawn_factors(study, scenario)):
        return ""
    return "One wording: the claim is about this exact text."


@dataclass(frozen=True, slots=True)
class NuisanceDrawn:
    """A design whose trials draw nuisance factors."""

    design: OpenDesign
    counting: OpenDesign
    """The same, opened to be asked for the counts of single strata."""
    study: Study
    scenario: Scenario
    factors: tuple[str, ...]

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return f"{self.design.estimand}, on average over {_listed(self.factors)}"

    def notes(self) -> tuple[str, ...]:
        """What the design says of itself, and what the trials draw."""
        known = _known(self.scenario)
        levels = [f"{name} ({len(known[name].drawn)} levels)" for name in self.factors]
        told = f"Every trial draws nuisance factors, the same in every arm and model: {', '.join(levels)}."
        left_out = [name for name in known if name not in self.factors]
        if self.study.nuisance == "all" and left_out:
            told += f" As written, for their lines would be counted otherwise: {', '.join(left_out)}."
        return (*self.design.notes(), told)

    def arms(self) -> tuple[Arm, ...]:
        """The design's arms, their variants as written."""
        return self.design.arms()

    def greatest(self) -> int:
        """The design's greatest number of trials."""
        return self.design.greatest()

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """The design's next trials, each with its draw."""
        specs = self.design.next_trials(_AsWritten(results))
        keys = {(spec.arm, spec.model) for spec in specs}
        already = {key: results.counts(*key, self.study.outcome).planned for key in keys}
        return with_draws(specs, self.study, self.scenario, already)

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """The design's table; beside each effect the one with factors held apart, and what each factor does."""
        table = self.design.analyse(_AsWritten(results), outcome, model)
        found = results.by_variant(model, outcome)
        shares = tuple(_share(name, found) for name in self.factors)
        table = replace(
            table,
            estimand=f"{table.estimand}, on average over {_listed(self.factors)}",
            nuisance=shares,
            notes=(*table.notes, *(told for share in shares if (told := _told(share)))),
        )
        return self._stratified(table, found, outcome, model)

    def _stratified(self, table: EffectTable, found: Sequence[VariantCounts], outcome: str, model: str) -> EffectTable:
        """The table with every effect over the strata of the factors."""
        groups = [(effect.counts.completed, effect.against.completed) for effect in table.effects]
        smallest = min((min(pair) for pair in groups if all(pair)), default=0)
        names = self._held_apart(smallest)
        if not names:
            return table
        strata: dict[tuple[str, ...], list[VariantCounts]] = {}
        for each in found:
            drawn = dict(each.variant.nuisance)
            strata.setdefault(tuple(drawn.get(name, "") for name in names), []).append(each)
        within = [rows for _, rows in sorted(strata.items())]
        found_apart = apart(table.effects, within, self.counting, outcome, model, factors=names)
        pairs = zip(table.effects, found_apart, strict=True)
        return replace(table, effects=tuple(replace(effect, stratified=each) for effect, each in pairs))

    def _held_apart(self, smallest: int) -> tuple[str, ...]:
        """The factors that can be held apart together; decided by numbers of trials alone, never by outcomes."""
        names: list[str] = []
        strata = 1
        for name in self.factors:
            strata *= len(_known(self.scenario)[name].drawn)
            if names and strata * TRIALS_A_STRATUM > smallest:
                break
            names.append(name)
        return tuple(names)


def _share(factor: str, found: Iterable[VariantCounts]) -> NuisanceShare:
    arms: dict[str, dict[str, tuple[int, int]]] = {}
    for each in found:
        level = dict(each.variant.nuisance).get(factor)
        if level is not None and each.counts.completed:
            cells = arms.setdefault(each.arm, {})
            k, n = cells.get(level, (0, 0))
            cells[level] = k + each.counts.yes, n + each.counts.completed
    return share_of(factor, [dict(sorted(cells.items())) for _, cells in sorted(arms.items())])


def _told(share: NuisanceShare) -> str:
    """What a factor does, in a sentence; empty before there is something to say."""
    if share.sd is None or share.share is None:
        return ""
    bounds = f" ({share.interval.low:.2f} to {share.interval.high:.2f})" if share.interval else ""
    return (
        f"Nuisance factor {share.factor}: {len(share.rates)} levels, between-level SD of the rate {share.sd:.2f}{bounds}, "
        f"{share.share:.1%} of the variance within arms."
    )


def _listed(factors: Sequence[str]) -> str:
    return " and ".join([", ".join(factors[:-1]), factors[-1]] if len(factors) > 1 else factors)


class _AsWritten:
    """Results as a design sees them that knows no draws."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def planned(self) -> int:
        """As in the results."""
        return self._results.planned()

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        """As in the results."""
        return self._results.counts(arm, model, outcome)

    def by_variant(self, model: str, outcome: str) -> Sequence[VariantCounts]:
        """Trials of one variant together, whatever they drew."""
        return as_written(self._results.by_variant(model, outcome))

    def in_order(self, arm: str, model: str, outcome: str) -> Sequence[JudgedTrial]:
        """As in the results, without the draws."""
        found = self._results.in_order(arm, model, outcome)
        return [replace(trial, variant=replace(trial.variant, nuisance=())) for trial in found]
