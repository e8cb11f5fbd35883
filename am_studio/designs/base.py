"""What a design is: a policy that names the next trials, given the results so far, and turns results into effects.

A design never runs a trial, reads a file or asks a judge. It is deterministic in (study, scenario, results): the same
results give the same trials, so a run that stopped can go on, and a design can always work out again which arms it has
named. That is why `Results` needs nothing but counts: by arm, and for designs whose trials are each their own variant (they lie
in one arm, so that boards and plans stay small) by variant, which such a design groups in `analyse`.

A new design is one module of this package with a class that fits `Design`, bound to the module's name `DESIGN`.

What the engine does with one::

    design = open_design(study, scenario)               # designs/registry.py; raises StudioError for a wrong study
    while batch := design.next_trials(results):         # ids go on from results.planned()
        store(batch)                                    # all of it, before the first call
        run(batch)                                      # in the order of the ids; results now knows the batch
    table = design.analyse(results, outcome, model)     # at any time, also of a run that is not finished
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar, runtime_checkable

from pydantic import BaseModel, ValidationError

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hashing import hash_json
from am_studio.records import Choice, Counts, EffectTable, JudgedTrial, Study, TrialSpec, Variant, VariantCounts

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

BASELINE = "baseline"
"""The name of the arm that the others are compared with."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Trials that are compared as one group. The baseline arm is called `baseline` and has nothing removed."""

    name: str
    """Unique in its design and stable: it is stored with every trial."""
    label: str
    """What the row is called, such as `threat (+ deadline)`."""
    variant: Variant
    removed: tuple[Choice, ...]
    """The levels that this arm sets against the baseline, what `needs` drags along included."""


class Results(Protocol):
    """What a design may know of the run so far. The engine has one over its run file; tests may make one of a dict."""

    def planned(self) -> int:
        """How many trials have been named so far, in all arms and models; the id of the next one."""
        ...

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        """How the trials of this arm and model (`ModelSettings.name`) ended; `Counts(0)` for an arm never named.

        `Counts.planned` has every trial that was named, whatever became of it.
        """
        ...

    def by_variant(self, model: str, outcome: str) -> Sequence[VariantCounts]:
        """The same in all arms, by variant and session of work; in an order that depends on nothing but the trials."""
        ...

    def in_order(self, arm: str, model: str, outcome: str) -> Sequence[JudgedTrial]:
        """Every trial of this arm and model that was named, one by one, in the order of their ids.

        Only studies that may stop early ask for it: what an earlier look saw are the first so many.
        """
        ...


class OpenDesign(Protocol):
    """A design that was opened for a study: how it chooses its arms and trials, and what it estimates from them."""

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        ...

    def notes(self) -> tuple[str, ...]:
        """What a plan says of this design before a call, beyond its arms: aliases, what cannot be told, a line each."""
        ...

    def arms(self) -> tuple[Arm, ...]:
        """Every arm named so far or known beforehand, the baseline first."""
        ...

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """The trials to run next, in running order, ids from `results.planned()`; `()` when the design is finished.

        Fixed designs name all at once. Trials that were named and have not ended are never named again.
        """
        ...

    def greatest(self) -> int:
        """The greatest number of trials, over all models, that can come of this design."""
        ...

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """The effects on one outcome in one model, from whatever has ended so far."""
        ...


@runtime_checkable
class NamesScenarios(Protocol):
    """A kind of design whose arms may be variants of other scenarios than the study's own."""

    @classmethod
    def other_scenarios(cls, study: Study) -> tuple[str, ...]:
        """The other scenarios that a study names, as it writes them, each once; raises nothing."""
        ...


class Design(OpenDesign, Protocol):
    """A kind of design."""

    kind: ClassVar[str]
    """What a study's `design.kind` says, such as `leave-one-out`."""
    summary: ClassVar[str]
    """One line for menus."""
    settings: ClassVar[type[BaseModel]]
    """The form of a study's `design` mapping (without `kind`), with a description for every field."""
    trials_form: ClassVar[type[BaseModel]]
    """The form of a study's `trials` mapping under this design, likewise."""

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """The design of this study; StudioError that says what the study got wrong."""
        ...


@dataclass(frozen=True, slots=True)
class NoResults:
    """The results of a run that has not begun; `design.next_trials(NoResults())` is the plan's first batch."""

    def planned(self) -> int:
        """Always 0."""
        return 0

    def counts(self, arm: str, model: str, outcome: str) -> Counts:
        """Always `Counts(0)`."""
        return Counts(0)

    def by_variant(self, model: str, outcome: str) -> Sequence[VariantCounts]:
        """Always empty."""
        return ()

    def in_order(self, arm: str, model: str, outcome: str) -> Sequence[JudgedTrial]:
        """Always empty."""
        return ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """More trials of one arm in one model."""

    arm: Arm
    model: str
    already: int
    """Trials of this arm and model that were named before; the next one has this index in its arm."""
    more: int
    variants: Sequence[Variant] = ()
    """The variant of each of the `more` trials, where each has its own; (): all have the arm's."""


def interleave(wanted: Iterable[Wanted], seed: int, first_id: int) -> tuple[TrialSpec, ...]:
    """Trials of all arms and models in one random order, so that no drift of a provider can pass for an effect.

    Every order of the batch is equally likely; `seed` and `first_id` decide which one. A trial's index in its arm
    counts in running order, so that a batch cut short leaves a prefix of every arm.
    """
    groups = [group for group in wanted if group.more > 0]
    order = [which for which, group in enumerate(groups) for _ in range(group.more)]
    random.Random(trial_seed(seed, "order", BASELINE, first_id)).shuffle(order)
    upcoming: list[Iterator[int]] = [iter(range(group.more)) for group in groups]
    specs = []
    for id_, which in enumerate(order, start=first_id):
        group, number = groups[which], next(upcoming[which])
        variant = group.variants[number] if group.variants else group.arm.variant
        own_seed = trial_seed(seed, group.model, group.arm.name, group.already + number)
        specs.append(TrialSpec(id_, group.arm.name, group.model, variant, own_seed))
    return tuple(specs)


def trial_seed(seed: int, model: str, arm: str, index: int) -> int:
    """The seed of one trial, in [0, 2**31): providers' narrowest seeds are signed 32-bit numbers.

    From SHA-256 of (study seed, model, arm, index in the arm), so it depends neither on the order in which trials run
    nor on which other arms and models the study has. A simulated subject that is reached over HTTP, such as
    `openai/sim/strategist`, has the seeds of the one in process, so that both give the same replies.
    """
    parts = model.split("/")
    if "sim" in parts[1:-1]:
        model = "/".join(parts[parts.index("sim") :])
    digest = hash_json([seed, model, arm, index]).removeprefix("sha256:")
    return int(digest[:8], 16) >> 1


def is_simulated(study: Study, model: str) -> bool:
    """Whether the model of this name in the study is a simulated subject."""
    return any(settings.simulated for settings in study.models if settings.name == model)


FormT = TypeVar("FormT", bound=BaseModel)


def settings_of(form: type[FormT], given: Mapping[str, Any], where: str) -> FormT:
    """The mapping as this form; StudioError that names every field that is wrong.

    `where` is how the study's file calls the mapping: `design` or `trials`.
    """
    try:
        return form.model_validate(dict(given))
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        told = [f"{'.'.join((where, *_steps(given, mistake['loc'])))}: {mistake['msg']}" for mistake in mistakes]
        unknown = [str(mistake["loc"][0]) for mistake in mistakes if mistake["type"] == "extra_forbidden"]
        hint = nearest(unknown[0], form.model_fields) if unknown else ""
        raise StudioError(f"The study's `{where}` cannot be used", "\n".join(told), hint) from error


def design_settings(form: type[FormT], study: Study) -> FormT:
    """What the study says under `design`, but its kind, as this form; StudioError as `settings_of`."""
    return settings_of(form, {key: value for key, value in study.design.items() if key != "kind"}, "design")


def _steps(given: Any, path: tuple[int | str, ...]) -> list[str]:
    """The path without the steps that stand for the branches of a union."""
    kept: list[str] = []
    for number, step in enumerate(path):
        inside = given[step] if _has(given, step) else None
        if inside is not None or number == len(path) - 1:
            kept.append(str(step))
            given = inside
    return kept


def _has(given: Any, step: int | str) -> bool:
    if isinstance(given, Mapping):
        return step in given
    return isinstance(given, list | tuple) and isinstance(step, int) and step < len(given)
