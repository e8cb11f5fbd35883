"""A design that may stop early: it names trials up to the next planned look, and leaves out what has been decided there.

Wraps a design that names all its trials at once. Between looks nobody sees a p; at a look each comparison's p is held
against the boundary of its own spending function at alpha / k, k being the comparisons of an outcome and model, so that
the chance of any false effect over all looks and comparisons is at most alpha (Bonferroni over group-sequential tests:
Lan and DeMets 1983, Biometrika 70:659; Maurer and Bretz 2013, Stat. Biopharm. Res. 5:311). Giving up for futility is
non-binding, so it costs no error. The other rule is an e-process, whose evidence may be watched at any time.

Everything is worked out from the results: what an earlier look saw are the first so many trials of each arm, and an arm
that was left out has fewer trials than the ones that went on. A killed run so comes to the same decisions. A comparison that
was left out is never taken up again, even where its trials have been changed since.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel

from am_studio.designs.base import BASELINE, Arm, NoResults, OpenDesign, Results, Wanted, interleave
from am_studio.designs.course import AsOf, effect_at, settled_effect
from am_studio.effects.evalue import e_process
from am_studio.effects.sequential import Look, group_sequential, sequential_p
from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form
from am_studio.records import Effect, EffectTable, JudgedTrial, Stop, Stopping, StopReason, Stops, Study, TrialSpec

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario

APART = ("leave-one-out", "add-one-in", "levels", "compare")
"""Designs whose every effect is one arm against the baseline, so that an arm can be left out."""
TOGETHER = ("random-subsets",)
"""Designs whose trials serve every effect, so that they go on until all are decided."""
NAMES = {"obrien-fleming": "O'Brien and Fleming's", "pocock": "Pocock's"}


def looked_at(design: OpenDesign, study: Study) -> Looked:
    """The design, stopping early as the study says; StudioError where it cannot."""
    stopping = study.stopping
    if stopping is None:
        raise ValueError("the study says nothing of stopping")
    kind = str(study.design.get("kind"))
    if kind not in (*APART, *TOGETHER):
        raise StudioError(
            f"a study of kind '{kind}' cannot stop early",
            f"looks are planned for designs whose comparisons are fixed beforehand: {', '.join((*APART, *TOGETHER))}",
            "take `stopping` out of the study",
        )
    if stopping.anytime and kind not in APART:
        raise StudioError(
            f"an e-process compares two groups of trials, which a study of kind '{kind}' does not have",
            hint="use `stopping: {kind: obrien-fleming}`",
        )
    opened = Looked(design, study, stopping)
    fewest = min(opened.most.values())
    if fewest < opened.looks:
        raise StudioError(
            f"{fewest} trials of an arm cannot be looked at {opened.looks} times",
            hint="more trials, or fewer looks",
        )
    return opened


@dataclass(frozen=True)
class Looked:
    """A fixed design that is looked at on the way."""

    inner: OpenDesign
    study: Study
    stopping: Stopping

    kind: ClassVar[str] = "sequential"
    summary: ClassVar[str] = "Another design that may stop early."
    settings: ClassVar[type[BaseModel]] = Form
    trials_form: ClassVar[type[BaseModel]] = Form

    @classmethod
    def open(cls, study: Study, scenario: Scenario) -> Self:
        """Refused: it is opened around another design, by `looked_at`."""
        raise StudioError(f"'{cls.kind}' is no design of its own", scenario.ref, "say `stopping` beside `design`")

    @property
    def estimand(self) -> str:
        """What the effects estimate, in words."""
        return self.inner.estimand

    def arms(self) -> tuple[Arm, ...]:
        """Those of the design."""
        return self.inner.arms()

    def greatest(self) -> int:
        """The number of trials over all models, should nothing stop early."""
        return self.inner.greatest()

    def notes(self) -> tuple[str, ...]:
        """Those of the design, and when it is looked at with which boundaries."""
        return (*self.inner.notes(), self.rule, *self._schedule())

    # What was planned. -----------------------------------------------------------------------------------------------

    @cached_property
    def every_trial(self) -> tuple[TrialSpec, ...]:
        """All trials that there would be without stopping."""
        return self.inner.next_trials(NoResults())

    @cached_property
    def _of_arm(self) -> dict[tuple[str, str], list[TrialSpec]]:
        found: dict[tuple[str, str], list[TrialSpec]] = {}
        for spec in self.every_trial:
            found.setdefault((spec.arm, spec.model), []).append(spec)
        return found

    @cached_property
    def most(self) -> dict[str, int]:
        """Trials of each arm in one model, should nothing stop early."""
        return {arm: len(specs) for (arm, model), specs in self._of_arm.items() if model == self.study.models[0].name}

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The comparisons of one outcome and model, by the names of their rows."""
        empty = self.inner.analyse(NoResults(), self.study.outcome, self.study.models[0].name)
        return tuple(effect.arm for effect in empty.effects)

    @cached_property
    def looks(self) -> int:
        """How often it is looked at, the last time at all trials."""
        if not self.stopping.anytime:
            return self.stopping.looks
        return math.ceil(min(self.most[arm] for arm in self.rows) / self.stopping.every)

    @cached_property
    def alpha(self) -> float:
        """The level of one comparison."""
        return self.study.analysis.alpha / len(self.rows)

    @cached_property
    def plan(self) -> tuple[Look, ...]:
        """The looks with their boundaries; () for an e-process."""
        kind = self.stopping.kind
        if kind == "e-process":
            return ()
        if self.stopping.futility:
            return group_sequential(self.looks, alpha=self.alpha, spending=kind)
        return group_sequential(self.looks, alpha=self.alpha, spending=kind, futile_below=None)

    def sizes(self, look: int) -> dict[str, int]:
        """Trials of each arm in one model up to a look, from 1; none at look 0."""
        if self.stopping.anytime:
            every = self.stopping.every
            arms = min(self.most[arm] for arm in self.rows)
            return {arm: math.ceil(min(look * every, arms) / arms * most - 1e-9) for arm, most in self.most.items()}
        return {arm: math.ceil(look / self.looks * most - 1e-9) for arm, most in self.most.items()}

    @property
    def rule(self) -> str:
        """When a comparison stops, in words, with its source."""
        alpha, k = self.study.analysis.alpha, len(self.rows)
        if self.stopping.anytime:
            return (
                f"Stopping: after every {self.stopping.every} trials of an arm, a comparison ends with an effect when its "
                f"e-value reaches {k / alpha:,.0f} (k / alpha, k = {k}; Turner, Ly and Grünwald 2024). It may be watched at "
                "any time."
            )
        futility = ", or is given up when an effect is hardly possible any more (non-binding)"
        return (
            f"Stopping: {self.looks} looks; a comparison ends with an effect when its p is within the boundary of the look: "
            f"alpha / k = {alpha:g} / {k}, spent by {NAMES[self.stopping.kind]} function (Lan and DeMets 1983)"
            f"{futility if self.stopping.futility else ''}. Between looks no p is shown."
        )

    def _schedule(self) -> tuple[str, ...]:
        """A line a look."""
        first = self.rows[0] if self.rows[0] in self.most else self._reference
        told = []
        for number, look in enumerate(self.plan, start=1):
            sizes = self.sizes(number)
            against = f" against {sizes[BASELINE]}" if first != self._reference else ""
            futile = "" if look.futility is None else f", futile above {look.futility:.3f}"
            told.append(f"Look {number}: {sizes[first]}{against} trials, effect at p <= {look.p_nominal:.2g}{futile}.")
        return tuple(told)

    @cached_property
    def _reference(self) -> str:
        """The arm that every comparison needs."""
        return self.inner.arms()[0].name

    # What comes next. ------------------------------------------------------------------------------------------------

    def next_trials(self, results: Results) -> tuple[TrialSpec, ...]:
        """In each model whose trials have ended: those up to the next look, of the comparisons that go on."""
        wanted = []
        for model in self.study.models:
            named = self._named(results, model.name)
            if any(_to_come(trials) for trials in named.values()):
                continue
            look = self._looked(named)
            going = [stop.arm for stop in self.course(results, model.name) if stop.reason == "going on"]
            if look < self.looks and going:
                wanted += self._wanted(going, self.sizes(look + 1), named, model.name)
        return interleave(wanted, self.study.seed, results.planned())

    def _wanted(
        self, going: Sequence[str], sizes: dict[str, int], named: dict[str, Sequence[JudgedTrial]], model: str
    ) -> list[Wanted]:
        found = []
        for arm in self.inner.arms():
            if arm.name != self._reference and arm.name not in going:
                continue
            already = len(named[arm.name])
            variants = [spec.variant for spec in self._of_arm[arm.name, model][already : sizes[arm.name]]]
            found.append(Wanted(arm, model, already, len(variants), variants))
        return found

    def _named(self, results: Results, model: str) -> dict[str, Sequence[JudgedTrial]]:
        return {arm: results.in_order(arm, model, self.study.outcome) for arm in self.most}

    def _looked(self, named: dict[str, Sequence[JudgedTrial]], arm: str = "") -> int:
        """Up to which look the trials of this arm (the one that all need when empty) have been named."""
        arm = arm or self._reference
        known = len(named[arm])
        return max(look for look in range(self.looks + 1) if self.sizes(look)[arm] <= known)

    # What was decided. -----------------------------------------------------------------------------------------------

    def course(self, results: Results, model: str) -> tuple[Stop, ...]:
        """How far each comparison has come, by the study's own outcome."""
        named = self._named(results, model)
        front = self._looked(named)
        through = all(not _to_come(trials) for trials in named.values())
        last = front if through else front - 1
        tables: dict[int, EffectTable] = {}

        def table(look: int) -> EffectTable:
            if look not in tables:
                asof = AsOf(results, self.sizes(look), self.most)
                tables[look] = self.inner.analyse(asof, self.study.outcome, model)
            return tables[look]

        found = []
        for row, arm in enumerate(self.rows):
            apart = arm in self.most
            own = min(self._looked(named, arm), front) if apart else front
            left = own < front
            ends = own if left else max(last, 0)
            if self.stopping.anytime:
                found.append(self._watched(table(0).effects[row], named, ends, left=left))
                continue
            seen = range(ends, ends + 1) if apart else range(1, ends + 1)
            ps = ((look, table(look).effects[row].p) for look in seen if look)
            found.append(self._stop(table(0).effects[row], ps, left=left))
        return tuple(found)

    def _stop(self, effect: Effect, ps: Iterable[tuple[int, float | None]], *, left: bool) -> Stop:
        """The comparison after these looks with their p; `left`: it has been left out after the last of them."""
        stop = self._at(effect, 0, "going on")
        for number, p in ps:
            look = self.plan[number - 1]
            advice = look.advise(1.0 if p is None else p)
            if advice != "continue":
                return self._at(effect, number, advice, p=p, boundary=look.p_nominal)
            stop = self._at(effect, number, "undone" if left else "going on", p=p, boundary=look.p_nominal)
        return stop

    def _watched(self, effect: Effect, named: dict[str, Sequence[JudgedTrial]], look: int, *, left: bool) -> Stop:
        """The comparison by its e-process."""
        needed = 1 / self.alpha
        if not look:
            return self._at(effect, 0, "going on", e_needed=needed)
        sizes = self.sizes(look)
        changed, reference = (
            [trial.answer == "yes" for trial in named[arm][: sizes[arm]] if trial.answer is not None]
            for arm in (effect.arm, self._reference)
        )
        state = e_process(
            [*((1, yes) for yes in changed), *((0, yes) for yes in reference)],
            _block(self.most[effect.arm], self.most[self._reference]),
        )
        reason: StopReason = "effect" if state.rejects(self.alpha) else "end" if look == self.looks else "going on"
        if left and reason == "going on":
            reason = "undone"
        e = math.exp(min(state.greatest_log_e, 700.0))
        return self._at(effect, look, reason, p=state.p, e=e, e_needed=needed)

    def _at(self, effect: Effect, look: int, reason: StopReason, **evidence: float | None) -> Stop:
        sizes = self.sizes(look)
        trials = sizes.get(effect.arm, sizes[self._reference]), sizes[self._reference] if effect.arm in sizes else 0
        return Stop(effect.arm, effect.label, look, self.looks, trials, reason, **evidence)

    # What came of it. ------------------------------------------------------------------------------------------------

    def analyse(self, results: Results, outcome: str, model: str) -> EffectTable:
        """Each comparison by the trials of the look at which it stopped, Bonferroni over comparisons.

        One that goes on is shown by all its trials, without an adjusted p. Another outcome than the study's own is shown
        by all trials as if their number had been fixed, which it was not.
        """
        table = self.inner.analyse(results, outcome, model)
        if outcome != self.study.outcome:
            note = f"Trials were stopped by what {self.study.outcome} showed: tests of {outcome} do not know of that."
            return replace(table, notes=(*table.notes, note))
        stops = self.course(results, model)
        named = sum(len(trials) for trials in self._named(results, model).values())
        told = Stops(self.rule, stops, named, sum(self.most.values()))
        effects = [
            effect if stop.reason == "going on" and not stop.e_needed else self._shown(stop, results, model)
            for effect, stop in zip(table.effects, stops, strict=True)
        ]
        settled = [
            settled_effect(effect, stop, self._adjusted(stop, results, model), self.study.analysis, self.alpha)
            for effect, stop in zip(effects, stops, strict=True)
        ]
        return replace(
            table,
            effects=tuple(settled),
            adjustment="bonferroni",
            stops=told,
            notes=(*table.notes, *_notes(told)),
        )

    def _shown(self, stop: Stop, results: Results, model: str) -> Effect:
        """The comparison by the trials of its last look."""
        asof = AsOf(results, self.sizes(stop.look), self.most)
        return effect_at(self.inner.analyse(asof, self.study.outcome, model), stop, asof)

    def _adjusted(self, stop: Stop, results: Results, model: str) -> float | None:
        """The p of the whole course, times the comparisons; None before a look, or where it goes on between looks."""
        k, kind = len(self.rows), self.stopping.kind
        if not stop.look or stop.p is None:
            return None
        if kind == "e-process":
            return min(k * stop.p, 1.0)
        if stop.reason == "going on":
            return None
        ps = []
        for look in range(1, stop.look + 1):
            asof = AsOf(results, self.sizes(look), self.most)
            table = self.inner.analyse(asof, self.study.outcome, model)
            p = next(effect.p for effect in table.effects if effect.arm == stop.arm)
            ps.append(1.0 if p is None else p)
        return min(k * sequential_p(ps, self.looks, kind), 1.0)


def _to_come(trials: Iterable[JudgedTrial]) -> bool:
    return any(trial.answer is None and not trial.failed for trial in trials)


def _block(changed: int, reference: int) -> tuple[int, int]:
    """Trials of a block of the e-process, near to how both groups are sampled."""
    return (1, round(reference / changed)) if reference >= changed else (round(changed / reference), 1)


def _notes(stops: Stops) -> tuple[str, ...]:
    stopped = any(stop.reason in ("effect", "futile") and stop.look < stop.looks for stop in stops.each)
    told = []
    if stopped:
        told.append(
            "Intervals are those of a study of fixed size, not adjusted for stopping early: after an early stop the "
            "difference leans towards the extreme."
        )
        if any(stop.trials[1] for stop in stops.each):
            told.append(
                "Each row is held against the reference's trials up to its own last look, not against all of them."
            )
    if stops.over:
        told.append(f"Trials saved by stopping: {stops.saved:,} of {stops.most:,}.")
    return tuple(told)
