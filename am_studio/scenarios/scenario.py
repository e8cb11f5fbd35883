"""A scenario and its variants: what every layer above works with."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hashing import hash_json
from am_studio.records import OFF, ON, Choice, Person, Prompt, ProtocolName, Questions, Situation, Variant
from am_studio.scenarios.evaluation import State, World
from am_studio.scenarios.model import Cast, Detail, Factor, Front, Parts
from am_studio.scenarios.naming import constants_of
from am_studio.scenarios.outcomes import with_names
from am_studio.scenarios.rendering import Renderer

_SPOKEN = {"true": ON, "yes": ON, "1": ON, "false": OFF, "no": OFF, "0": OFF}


@dataclass(frozen=True, eq=False)
class Scenario:
    """One authored situation, loaded and free of mistakes that would stop a run."""

    ref: str
    """Such as `core/replacement-blackmail`."""
    directory: Path
    hash: str
    """Over the bytes of every file that makes it."""
    front: Front
    world: World
    renderer: Renderer
    beside: Mapping[str, Scenario] = field(default_factory=dict)
    """Other scenarios that a study sets against this one, by the name that their variants give."""

    _questions: dict[Cast, Questions] = field(default_factory=dict, repr=False)
    """What judges are asked, by who is who; made when it is asked for."""

    @property
    def every(self) -> tuple[Scenario, ...]:
        """This scenario and those beside it."""
        return (self, *self.beside.values())

    def of(self, variant: Variant) -> Scenario:
        """The scenario that a variant is of: this one or one beside it; StudioError when it is not there."""
        return self.named(variant.scenario) if variant.scenario else self

    def named(self, name: str) -> Scenario:
        """The scenario beside this one that a study calls so; StudioError when there is none."""
        if name not in self.beside:
            raise StudioError(f"no scenario '{name}' was loaded beside {self.ref}", hint=nearest(name, self.beside))
        return self.beside[name]

    @property
    def parts(self) -> Parts:
        """The parsed texts."""
        return self.world.parts

    @property
    def title(self) -> str:
        """The author's title."""
        return self.front.title

    @property
    def details(self) -> Mapping[str, Detail]:
        """Every detail, in the author's order."""
        return self.parts.details

    @property
    def questions(self) -> Questions:
        """The outcomes asked of every trial, with the names as written."""
        return self.front.questions

    def asks(self, outcome: str) -> bool:
        """Whether it asks its trials for an outcome of this name."""
        return any(each.name == outcome for each in self.questions.outcomes)

    @property
    def people(self) -> tuple[Person, ...]:
        """The agent and the cast, as written."""
        return self.front.people

    @property
    def nuisance(self) -> Mapping[str, Factor]:
        """What is not the question and is drawn anew for each trial, in the author's order."""
        return self.parts.nuisance

    def defaults(self) -> Variant:
        """The variant that the author meant as the start: every detail at its default."""
        return self._variant({name: detail.default for name, detail in self.details.items()})

    def variant(self, overrides: Mapping[str, str], base: Variant | None = None) -> Variant:
        """`base` (or the defaults) with these levels; what `needs` drags along is applied.

        A base of a scenario beside this one gives another variant of that one. Raises StudioError for a detail or a
        level that the scenario does not have.
        """
        if base is not None and base.scenario:
            own = self.of(base).variant(overrides, replace(base, scenario=""))
            return replace(own, scenario=base.scenario)
        start = base or self.defaults()
        chosen = {**start.as_dict(), **dict(start.dragged)}
        for name, level in overrides.items():
            chosen[name] = self._level(name, level)
        return replace(self._variant(chosen, start.removed_units), nuisance=start.nuisance)

    def removed(self, detail: str) -> str:
        """The level that "removed" means for a detail; StudioError when there is no such detail."""
        return self._detail(detail).off

    def allowed(self, variant: Variant) -> bool:
        """Whether the constraints of the scenario that it is of allow this variant."""
        own = self.of(variant)
        state = State.of(own.world, variant)
        return all(state.holds(constraint) for constraint, _, _ in own.parts.constraints)

    def variants(self, over: Iterable[str] | None = None, base: Variant | None = None) -> Iterator[Variant]:
        """Every distinct allowed variant that differs from `base` only in the details `over` (all when None).

        A combination that `needs` turns into another one is left out, for the other one comes by itself.
        """
        start = (base or self.defaults()).as_dict()
        names = [self._detail(name).name for name in (self.details if over is None else dict.fromkeys(over))]
        for levels in itertools.product(*(self.details[name].levels for name in names)):
            chosen = {**start, **dict(zip(names, levels, strict=True))}
            variant = self._variant(chosen)
            if all(chosen[name] == level for name, level in variant if name in names) and self.allowed(variant):
                yield Variant(variant.levels)

    # Nuisance factors. -----------------------------------------------------------------------------------------------

    def draw_nuisance(self, seed: int, factors: Iterable[str] | None = None) -> tuple[Choice, ...]:
        """A level for each of these nuisance factors (all when None), each level as likely as the others.

        The same seed draws the same; what one factor draws depends on no other factor. StudioError for an unknown one.
        """
        names = self.nuisance if factors is None else [self._factor(name).name for name in factors]
        return tuple(
            (name, factor.drawn[int(hash_json([seed, name]).removeprefix("sha256:")[:15], 16) % len(factor.drawn)])
            for name, factor in self.nuisance.items()
            if name in names
        )

    def with_nuisance(self, variant: Variant, choices: Iterable[Choice]) -> Variant:
        """The variant with these levels of nuisance factors; the others are as written.

        Raises StudioError for a factor or a level that the scenario does not have.
        """
        chosen = dict(choices)
        for name, level in chosen.items():
            factor = self._factor(name)
            if level not in factor.levels:
                hint = nearest(level, factor.levels) or f"one of {', '.join(factor.levels)}"
                raise StudioError(f"the nuisance factor '{name}' has no level '{level}'", hint=hint)
        return replace(variant, nuisance=tuple((name, chosen[name]) for name in self.nuisance if name in chosen))

    def cast(self, variant: Variant) -> Cast:
        """Who is who in a variant."""
        return self.world.cast({**self.world.written, **dict(variant.nuisance)})

    def questions_for(self, variant: Variant) -> Questions:
        """The outcomes asked of a trial of this variant, by the scenario that it is of.

        They have the names that people and the company have in it.
        """
        return self.of(variant)._asked(variant)

    def _asked(self, variant: Variant) -> Questions:
        cast = self.cast(variant) if variant.nuisance else self.parts.cast
        if cast == self.parts.cast:
            return self.front.questions
        if cast not in self._questions:
            self._questions[cast] = with_names(self.front.asked, constants_of(cast))
        return self._questions[cast]

    def _factor(self, name: str) -> Factor:
        if name not in self.nuisance:
            hint = nearest(name, self.nuisance) or (", ".join(self.nuisance) or "the scenario declares none")
            raise StudioError(f"{self.ref} has no nuisance factor '{name}'", hint=hint)
        return self.nuisance[name]

    def _variant(self, chosen: Mapping[str, str], removed_units: tuple[str, ...] = ()) -> Variant:
        levels = self.world.effective(chosen)
        dragged = tuple((name, level) for name, level in chosen.items() if levels[name] != level)
        return Variant(tuple(_choice(name, levels[name]) for name in self.details), removed_units, dragged)

    def _detail(self, name: str) -> Detail:
        if name not in self.details:
            raise StudioError(f"{self.ref} has no detail '{name}'", hint=nearest(name, self.details))
        return self.details[name]

    def _level(self, name: str, level: str) -> str:
        detail = self._detail(name)
        if detail.is_switch:
            level = _SPOKEN.get(level.lower(), level)
        if level not in detail.levels:
            raise StudioError(f"the detail '{name}' has no level '{level}'", hint=nearest(level, detail.levels))
        return level


@lru_cache(maxsize=4096)
def _choice(detail: str, level: str) -> Choice:
    """The one pair of these: a run may hold tens of thousands of variants."""
    return detail, level


def render(scenario: Scenario, variant: Variant | None = None, protocol: ProtocolName = "inline") -> Prompt:
    """What the subject reads in this variant (the defaults when None), with the reason for every stretch."""
    variant = variant or scenario.defaults()
    return scenario.of(variant).renderer.prompt(variant, protocol)


@lru_cache(maxsize=256)
def situate(scenario: Scenario, variant: Variant, protocol: ProtocolName = "inline") -> Situation:
    """All that a trial of this variant needs: the prompt without its spans, and the world that answers the subject.

    A variant of a scenario beside this one is placed in that one.
    """
    own = scenario.of(variant)
    prompt, mail = own.renderer.plain(variant, protocol)
    cast = own.cast(variant)
    return Situation(
        own.ref,
        own.hash,
        variant,
        protocol,
        prompt,
        cast.people,
        mail,
        own.renderer.tools(variant),
        cast.domain,
        cast.company,
    )
