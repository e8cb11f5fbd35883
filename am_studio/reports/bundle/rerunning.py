"""A bundle's plan carried out again on a model, and the two results compared arm by arm: the same, different, or not settled.

`different`: Holm's adjusted p over the arms is at most alpha. `same`: the 95 % interval of the difference lies within the
margin. Else nothing can be said yet, and how many more trials of the new run would say it is told. The absence of
significance is never called sameness. Where a model is and which key it takes is never taken from the bundle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from am_studio.effects.equivalence import conclude, trials_needed
from am_studio.effects.interaction import interaction_of
from am_studio.effects.intervals import difference_interval, rate_of
from am_studio.effects.multiplicity import holm
from am_studio.effects.tests import difference_test
from am_studio.foundation.errors import StudioError
from am_studio.models.naming import model_of
from am_studio.records import Counts, Effect, Interval, Rate, Study
from am_studio.reports.bundle.leaks import ENDPOINT
from am_studio.reports.effect_table import STAMP
from am_studio.reports.numbers import p_text, percent, points
from am_studio.runs.analysis import Withheld, analyse
from am_studio.runs.rechecks import arm_label, recheck_session
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import with_changes

Found = Literal["same", "different", "undetermined"]
_FOUND: dict[str, Found] = {"effect": "different", "equivalent": "same", "undetermined": "undetermined"}


@dataclass(frozen=True, slots=True)
class ComparedArm:
    """One arm of one model then, against the new model."""

    arm: str
    label: str
    model: str
    """In the bundle."""
    against: str
    """The new one."""
    was: Rate
    now: Rate
    difference: float | None
    """Now minus then, in rate; None where one of the two has no trial."""
    interval: Interval | None
    p: float | None
    p_adjusted: float | None
    """Holm, over all arms that are compared."""
    found: Found
    more: int | None
    """When undetermined: about how many more trials of the new arm would settle it, were the rates as seen; None: no number
    would, for the bundle's own trials are too few."""


@dataclass(frozen=True, slots=True)
class ComparedEffect:
    """How far an effect is another one now."""

    label: str
    model: str
    was: float | None
    now: float | None
    change: float | None
    """Now minus then, in rate."""
    interval: Interval | None
    found: Found


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against a bundle."""

    outcome: str
    margin: float
    alpha: float
    simulated: bool
    arms: tuple[ComparedArm, ...]
    effects: tuple[ComparedEffect, ...]

    @property
    def found(self) -> Found:
        """Over all arms: different where one is, the same where all are."""
        each = {arm.found for arm in self.arms}
        return "different" if "different" in each else "same" if each == {"same"} else "undetermined"


def study_again(study: Study, model: str, *, trials: int | None = None, rules: bool = False) -> Study:
    """The bundle's study on another model, with fresh seeds, judged by its judge or by rules.

    StudioError when its judge cannot be asked from here.
    """
    study = replace(study, judge={"kind": "rules"}) if rules else study
    judges = study.judge.get("models") or ()
    if any(isinstance(each, dict) and each.get("endpoint") == ENDPOINT for each in judges):
        raise StudioError("the judge of this bundle is a server whose address was withheld", hint="say --judge rules")
    changed = with_changes(study, per_arm=trials, seed=study.seed + 1)
    # What the bundle says of sampling was stated for all of its models; no user's settings overrule it here.
    asked = model_of(model, ("temperature", "max_tokens", "reasoning_effort"))
    return replace(changed, models=(asked,), budget_usd=None, source="")


def compare_runs(was: RunFile, now: RunFile, *, margin: float | None = None) -> Comparison:
    """The study's outcome in two runs of one study; `margin` None: the study's own. StudioError: another study."""
    study, other = was.plan.study, now.plan.study
    if (was.plan.scenario_hash, study.design) != (
        now.plan.scenario_hash,
        other.design,
    ) or study.outcome != other.outcome:
        raise StudioError("the two runs are of different studies", "their scenario, design or outcome is not the same")
    margin, alpha = margin or study.analysis.margin, study.analysis.alpha
    arms = _arms(was, now, margin, alpha)
    effects = tuple(_effects(was, now, margin, alpha))
    return Comparison(study.outcome, margin, alpha, was.simulated or now.simulated, arms, effects)


def _arms(was: RunFile, now: RunFile, margin: float, alpha: float) -> tuple[ComparedArm, ...]:
    outcome, labels = was.plan.study.outcome, {arm.name: arm.label for arm in was.plan.arms}
    before, after = was.counts(outcome), now.counts(outcome)
    pairs = [
        (arm, model, new, counts, after[arm, new])
        for (arm, model), counts in before.items()
        for new in (each.name for each in now.plan.models)
        if recheck_session(arm) is None and (arm, new) in after
    ]
    tests = [_test(one, other) for *_, one, other in pairs]
    adjusted = iter(holm([p for p in tests if p is not None]))
    found = []
    for (arm, model, new, one, other), p in zip(pairs, tests, strict=True):
        rates = rate_of(one.yes, one.completed), rate_of(other.yes, other.completed)
        if p is None:
            found.append(
                ComparedArm(
                    arm, arm_label(arm, labels), model, new, *rates, None, None, None, None, "undetermined", None
                )
            )
            continue
        counts = other.yes, other.completed, one.yes, one.completed
        interval, held = difference_interval(*counts), next(adjusted)
        told = _FOUND[conclude(interval, held, alpha, margin)]
        needed = trials_needed(*counts, delta=margin, grows="first") if told == "undetermined" else None
        difference = other.yes / other.completed - one.yes / one.completed
        more = needed.more1 if needed else None
        found.append(
            ComparedArm(arm, arm_label(arm, labels), model, new, *rates, difference, interval, p, held, told, more)
        )
    return tuple(found)


def _test(one: Counts, other: Counts) -> float | None:
    if not one.completed or not other.completed:
        return None
    return difference_test(other.yes, other.completed, one.yes, one.completed)[0]


def _effects(was: RunFile, now: RunFile, margin: float, alpha: float) -> Sequence[ComparedEffect]:
    try:
        before, after = analyse(was), analyse(now)
    except Withheld:
        return ()
    found = []
    for old in before.tables:
        for new in after.tables:
            here = {effect.arm: effect for effect in new.effects}
            found += [_effect(effect, here[effect.arm], margin, alpha) for effect in old.effects if effect.arm in here]
    return found


def _effect(was: Effect, now: Effect, margin: float, alpha: float) -> ComparedEffect:
    between = interaction_of(was.label, (was.label, now.model), (was.against, was.counts, now.against, now.counts))
    told = _FOUND[conclude(between.interval, between.p, alpha, margin)]
    return ComparedEffect(
        was.label, was.model, was.difference, now.difference, between.estimate, between.interval, told
    )


def comparison_json(found: Comparison) -> dict[str, Any]:
    """All numbers."""
    return {**asdict(found), "found": found.found}


def comparison_lines(found: Comparison) -> list[str]:
    """The comparison in lines of at most 80 characters or little more, labels aside."""
    told = [STAMP, ""] if found.simulated else []
    told.append(f"{found.outcome} now against the bundle, margin ±{percent(found.margin)} points:")
    for arm in found.arms:
        ends = f" [{points(arm.interval.low)}, {points(arm.interval.high)}]" if arm.interval else ""
        difference = (
            ""
            if arm.difference is None
            else f", {points(arm.difference)}{ends}, Holm p {p_text(arm.p_adjusted or 0.0)}"
        )
        told += [
            f"  {arm.label} ({arm.model} -> {arm.against})",
            f"    {arm.now.k}/{arm.now.n} against {arm.was.k}/{arm.was.n}{difference}: {arm.found}{_more(arm)}",
        ]
    if found.effects:
        told.append("Effects, now against then (not adjusted):")
    for effect in found.effects:
        ends = f" [{points(effect.interval.low)}, {points(effect.interval.high)}]" if effect.interval else ""
        change = "no change can be told" if effect.change is None else f"change {points(effect.change)}{ends}"
        told.append(f"  {effect.label}: {_points(effect.now)} against {_points(effect.was)}, {change}: {effect.found}")
    told.append(f"Over all arms: {found.found}.")
    return told


def _more(arm: ComparedArm) -> str:
    if arm.found != "undetermined":
        return ""
    if arm.more is None:
        return "; no number of new trials would settle it, the bundle has too few"
    return f"; about {arm.more:,} more would settle it"


def _points(value: float | None) -> str:
    return "?" if value is None else points(value)
