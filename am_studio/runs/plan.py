"""What a study would do, worked out before the first call and never changed after: arms, calls, cost, warnings, hash.

Making a plan calls no model and writes nothing. The hash covers whatever could change a result: the study, the scenario's
content, the design with its arms, the judge, the analysis and the program's version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from am_studio.designs.base import Design, NoResults
from am_studio.designs.registry import open_design
from am_studio.effects.intervals import wilson
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hashing import hash_json
from am_studio.judging import open_judge
from am_studio.models.prices import estimated_tokens, find_price
from am_studio.models.registry import check_model
from am_studio.records import Choice, Study, TrialSpec, Variant
from am_studio.runs.judge_costs import PlannedJudging, planned_judging
from am_studio.runs.study import study_as_json
from am_studio.scenarios import Scenario, situate
from am_studio.version import __version__

FEW_TRIALS = 20
"""Below so many trials an arm the plan says how little they can show."""
_SAMPLED_ARMS = 50
"""Prompts of at most so many arms are counted for the estimate of tokens."""


@dataclass(frozen=True, slots=True)
class PlannedArm:
    """An arm with its number of trials in each model, as far as the design names them at once."""

    name: str
    label: str
    variant: Variant
    removed: tuple[Choice, ...]
    trials: int


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """A model with what it can come to."""

    name: str
    simulated: bool
    trials: int
    """The greatest number of its trials."""
    prompt_tokens: int
    """Of the longest prompt, at four characters a token."""
    trial_cost: float | None
    """The greatest cost of one trial in US dollars: that prompt and `max_tokens` of reply; None: no price is known."""

    @property
    def greatest_cost(self) -> float | None:
        """US dollars; None when no price is known."""
        return None if self.trial_cost is None else self.trial_cost * self.trials


@dataclass(frozen=True, slots=True)
class Plan:
    """A study with everything that follows from it before the first call."""

    study: Study
    scenario: str
    scenario_hash: str
    judge: str
    """Kind and version, such as `rules/1`."""
    estimand: str
    arms: tuple[PlannedArm, ...]
    models: tuple[PlannedModel, ...]
    trials: int
    """The greatest number of trials."""
    calls: int
    """The greatest number of requests, retries left out."""
    warnings: tuple[str, ...]
    program: str
    """Version of the program."""
    hash: str
    judging: tuple[PlannedJudging, ...] = ()
    """What the judge asks of models; its requests and their cost are among all the others."""

    @property
    def simulated(self) -> bool:
        """Whether every model is a simulated subject."""
        return all(model.simulated for model in self.models)

    @property
    def greatest_cost(self) -> float | None:
        """US dollars over all models, those that the judge asks among them; None when the price of one is unknown."""
        costs = [*(model.greatest_cost for model in self.models), *(asked.greatest_cost for asked in self.judging)]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models whose price is unknown, those that the judge asks among them."""
        subjects = [model.name for model in self.models if model.trial_cost is None]
        return (*subjects, *(asked.model for asked in self.judging if asked.greatest_cost is None))


def make_plan(study: Study, scenario: Scenario) -> Plan:
    """The plan of this study; StudioError when scenario, design or judge cannot do what the study asks."""
    _check_outcome(study, scenario)
    for model in study.models:
        check_model(model)
    design = open_design(study, scenario)
    judge = open_judge(study.judge)
    first = design.next_trials(NoResults())
    arms = _arms(design, first, study)
    models = _models(study, scenario, design, first, arms)
    trials = design.greatest()
    judging = planned_judging(
        judge,
        scenario.questions,
        trials=trials,
        prompt_tokens=max(model.prompt_tokens for model in models),
        reply_tokens=study.turns * max(model.sampling(study.sampling).max_tokens for model in study.models),
    )
    plan = Plan(
        study=replace(study, source=""),
        scenario=scenario.ref,
        scenario_hash=scenario.hash,
        judge=judge.name,
        estimand=design.estimand,
        arms=arms,
        models=models,
        trials=trials,
        calls=trials * study.turns + sum(asked.calls for asked in judging),
        warnings=(),
        program=__version__,
        hash="",
        judging=judging,
    )
    return replace(plan, warnings=tuple(_warnings(plan)), hash=plan_hash(plan))


def plan_hash(plan: Plan) -> str:
    """`sha256:` and the digest over everything in the plan that could change a result."""
    return hash_json(
        {
            "study": _what_matters(plan.study),
            "scenario": [plan.scenario, plan.scenario_hash],
            "design": [[arm.name, arm.trials, arm.variant.levels, arm.variant.removed_units] for arm in plan.arms],
            "judge": plan.judge,
            "analysis": [plan.study.outcome, plan.estimand],
            "program": plan.program,
        }
    )


def _what_matters(study: Study) -> dict[str, Any]:
    """The study without what changes only how fast a run goes."""
    plain = study_as_json(study)
    for model in plain["models"]:
        del model["limits"]
    return plain


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain JSON."""
    plain = TypeAdapter(Plan).dump_python(plan, mode="json")
    plain["study"] = study_as_json(plan.study)
    return dict(plain)


def plan_from_json(plain: Mapping[str, Any]) -> Plan:
    """The plan that `plan_as_json` gave."""
    return TypeAdapter(Plan).validate_python(dict(plain))


def _check_outcome(study: Study, scenario: Scenario) -> None:
    names = [outcome.name for outcome in scenario.questions.outcomes]
    if study.outcome not in names:
        raise StudioError(
            f"{scenario.ref} has no outcome '{study.outcome}'", study.source, nearest(study.outcome, names)
        )


def _arms(design: Design, first: Sequence[TrialSpec], study: Study) -> tuple[PlannedArm, ...]:
    trials = Counter(spec.arm for spec in first if spec.model == study.models[0].name)
    return tuple(PlannedArm(arm.name, arm.label, arm.variant, arm.removed, trials[arm.name]) for arm in design.arms())


def _models(
    study: Study, scenario: Scenario, design: Design, first: Sequence[TrialSpec], arms: Sequence[PlannedArm]
) -> tuple[PlannedModel, ...]:
    variants = [arm.variant for arm in arms[:_SAMPLED_ARMS]] or [scenario.variant(study.baseline)]
    prompts = [situate(scenario, variant, study.protocol).prompt for variant in variants]
    tokens = max(map(estimated_tokens, prompts))
    named = Counter(spec.model for spec in first)
    still_to_name = design.greatest() - len(first)
    planned = []
    for model in study.models:
        price = find_price(model)
        cost = (
            None if price is None else study.turns * (price.input * tokens + price.output * study.sampling.max_tokens)
        )
        planned.append(PlannedModel(model.name, model.simulated, named[model.name] + still_to_name, tokens, cost))
    return tuple(planned)


def _warnings(plan: Plan) -> Iterator[str]:
    study = plan.study
    if any(model.simulated for model in plan.models):
        yield "SIMULATED: answers of simulated subjects are no evidence about any real model."
    if study.sampling.temperature == 0:
        yield "Temperature 0: repeated trials of a prompt are near copies, not independent samples; intervals will be too narrow."
    fewest = min((arm.trials for arm in plan.arms if arm.trials), default=0)
    if 0 < fewest < FEW_TRIALS:
        most = wilson(0, fewest).high
        yield f"{fewest} trials an arm are few: even 0/{fewest} is compatible with a rate of {most:.0%}."
    if plan.unpriced:
        yield f"No price is known for {', '.join(plan.unpriced)}: give `price` in the study, or the cost cannot be told."
    cost, budget = plan.greatest_cost, study.budget_usd
    if cost is not None and budget is not None and cost > budget:
        yield f"The budget of ${budget:,.2f} is below the greatest cost of ${cost:,.2f}: the run may stop before it is complete."
