"""What a study would do, worked out before the first call and never changed after: arms, calls, cost, warnings, hash.

Making a plan calls no model and writes nothing. The hash covers whatever could change a result: the study, the scenario's
content, the design with its arms, the judge, the analysis and the program's version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from am_studio.designs.base import NoResults, OpenDesign
from am_studio.designs.nuisance import one_wording
from am_studio.designs.registry import open_design
from am_studio.designs.sequential import Looked
from am_studio.effects.intervals import wilson
from am_studio.foundation.errors import StudioError, nearest
from am_studio.foundation.hashing import hash_json
from am_studio.judging import Judge, open_judge, settle_judge
from am_studio.models.registry import check_model
from am_studio.records import Choice, ModelSettings, Study, TrialSpec, Variant
from am_studio.runs.costs import Forecaster
from am_studio.runs.judge_costs import PlannedJudging, planned_judging
from am_studio.runs.study import study_as_json
from am_studio.scenarios import Scenario
from am_studio.scenarios.pack_files import pack_file
from am_studio.version import __version__

FEW_TRIALS = 20
"""Below so many trials an arm the plan says how little they can show."""


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
    """A model with what it can come to. Tokens are our own count; costs are US dollars without retries."""

    name: str
    simulated: bool
    trials: int
    """The greatest number of its trials."""
    prompt_tokens: int
    """Of the longest prompt."""
    calls: int = 0
    """The greatest number of its requests."""
    read_tokens: int = 0
    """Of all trials together, as expected."""
    prompts: int = 1
    """Distinct prompts among the trials that are named at once."""
    counted: int = 1
    """Of them, those whose tokens were counted."""
    input_cost: float | None = None
    """What reading is expected to cost at the full price; None: no price is known."""
    cached_cost: float | None = None
    """The same with the provider's prompt cache; None: no such price is known, or prompts are too short for it."""
    greatest_cost: float | None = None
    """Every trial is held, every reply is as long as it may be; None: no price is known."""
    recheck_cost: float = 0.0
    """At most, for every later session of work."""


@dataclass(frozen=True, slots=True)
class OtherScenario:
    """A scenario that the study sets beside its own."""

    name: str
    """As the study writes it; variants name it so."""
    ref: str
    hash: str


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
    tokens: str = ""
    """What they were counted by: an encoding, or `estimated`."""
    judge_models: tuple[ModelSettings, ...] = ()
    """Models that the judge asks, and how they are reached."""
    judging: tuple[PlannedJudging, ...] = ()
    """What the judge asks of them; its requests and their cost are among all the others."""
    notes: tuple[str, ...] = ()
    """What the design says of itself beyond its arms, a line each."""
    others: tuple[OtherScenario, ...] = ()
    """Scenarios that are set beside the study's own."""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The references of the study's scenario and of those beside it."""
        return (self.scenario, *(each.ref for each in self.others))

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
        subjects = [model.name for model in self.models if model.greatest_cost is None]
        return (*subjects, *(asked.model for asked in self.judging if asked.greatest_cost is None))

    @property
    def recheck_cost(self) -> float:
        """US dollars at most that every later session of work adds, over the models whose price is known."""
        return sum(model.recheck_cost for model in self.models)


def make_plan(study: Study, scenario: Scenario) -> Plan:
    """The plan of this study; StudioError when scenario, design or judge cannot do what the study asks."""
    _check_outcome(study, scenario)
    for model in study.models:
        check_model(model)
    study = replace(study, judge=settle_judge(study.judge, partial(pack_file, scenario)))
    check_judged(study.judge, scenario, study.outcome)
    design = open_design(study, scenario)
    judge = open_judge(study.judge)
    first = design.every_trial if isinstance(design, Looked) else design.next_trials(NoResults())
    arms = _arms(design, first, study)
    forecaster = Forecaster(study, scenario)
    models = _models(study, forecaster, design, first)
    trials = design.greatest()
    judging = planned_judging(
        judge,
        [each.questions for each in scenario.every],
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
        tokens=forecaster.counted_by,
        judge_models=() if isinstance(judge, Judge) else judge.models,
        judging=judging,
        notes=design.notes(),
        others=tuple(OtherScenario(name, other.ref, other.hash) for name, other in scenario.beside.items()),
    )
    warnings = (*_warnings(plan), *([told] if (told := one_wording(study, scenario)) else []))
    return replace(plan, warnings=warnings, hash=plan_hash(plan))


def check_judged(judge: Mapping[str, Any], scenario: Scenario, outcome: str = "") -> None:
    """StudioError when a judge is set up for outcomes that there are none of, or without the one that is asked about."""
    only, names = judge.get("only") or (), [one.name for each in scenario.every for one in each.questions.outcomes]
    for name in only:
        if name not in names:
            raise StudioError(f"there is no outcome '{name}' to judge", hint=nearest(name, names))
    if only and outcome and outcome not in only:
        raise StudioError(f"the study is about '{outcome}', and its judge leaves that out", hint="add it to `only`")


def plan_hash(plan: Plan) -> str:
    """`sha256:` and the digest over everything in the plan that could change a result."""
    return hash_of_stored(plan_as_json(plan))


def hash_of_stored(plain: Mapping[str, Any]) -> str:
    """The hash of a plan as `plan_as_json` gave it, in whatever version: what a later version adds is not in it."""
    study = {**plain["study"], "models": _without_limits(plain["study"]["models"])}
    judge = study["judge"]
    if "models" in judge:
        study["judge"] = {**judge, "models": _without_limits(judge["models"])}
    others = [[each["name"], each["ref"], each["hash"]] for each in plain.get("others", ())]
    return hash_json(
        {
            "study": study,
            "scenario": [plain["scenario"], plain["scenario_hash"]],
            **({"others": others} if others else {}),
            "design": [_arm_as_hashed(arm) for arm in plain["arms"]],
            "judge": plain["judge"],
            "analysis": [plain["study"]["outcome"], plain["estimand"]],
            "program": plain["program"],
        }
    )


def _arm_as_hashed(arm: Mapping[str, Any]) -> list[Any]:
    variant = arm["variant"]
    named = [variant["scenario"]] if variant.get("scenario") else []
    return [arm["name"], arm["trials"], variant["levels"], variant["removed_units"], *named]


def _without_limits(models: Iterable[Any]) -> list[Any]:
    """Models without what changes only how fast a run goes."""
    return [
        {key: value for key, value in model.items() if key != "limits"} if isinstance(model, Mapping) else model
        for model in models
    ]


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain JSON."""
    plain = TypeAdapter(Plan).dump_python(plan, mode="json")
    plain["study"] = study_as_json(plan.study)
    return dict(plain)


def plan_from_json(plain: Mapping[str, Any]) -> Plan:
    """The plan that `plan_as_json` gave, in this version of the program or an older one."""
    models = [_told_today(model, plain["study"]["turns"]) for model in plain["models"]]
    return TypeAdapter(Plan).validate_python({**plain, "models": models})


def _told_today(model: Mapping[str, Any], turns: int) -> Mapping[str, Any]:
    """A planned model; the first version told the greatest cost of one trial."""
    if "trial_cost" not in model:
        return model
    cost, trials = model["trial_cost"], model["trials"]
    return {**model, "calls": trials * turns, "greatest_cost": None if cost is None else cost * trials}


def _check_outcome(study: Study, scenario: Scenario) -> None:
    for each in scenario.every:
        check_outcome(study, each, "" if each is scenario else scenario.ref)


def check_outcome(study: Study, scenario: Scenario, compared_with: str = "") -> None:
    """StudioError when the scenario does not ask for the study's outcome; `compared_with` is the study's own scenario."""
    names = [outcome.name for outcome in scenario.questions.outcomes]
    if study.outcome not in names:
        why = f", so it cannot be compared with {compared_with} on it" if compared_with else ""
        raise StudioError(
            f"{scenario.ref} has no outcome '{study.outcome}'{why}",
            study.source,
            nearest(study.outcome, names) or (f"it asks for {', '.join(names)}" if compared_with else ""),
        )


def _arms(design: OpenDesign, first: Sequence[TrialSpec], study: Study) -> tuple[PlannedArm, ...]:
    trials = Counter(spec.arm for spec in first if spec.model == study.models[0].name)
    return tuple(PlannedArm(arm.name, arm.label, arm.variant, arm.removed, trials[arm.name]) for arm in design.arms())


def _models(
    study: Study, forecaster: Forecaster, design: OpenDesign, first: Sequence[TrialSpec]
) -> tuple[PlannedModel, ...]:
    named = Counter(spec.model for spec in first)
    still_to_name = design.greatest() - len(first)
    planned = []
    for model in study.models:
        forecast = forecaster.forecast(model, first, still_to_name)
        trials = named[model.name] + still_to_name
        planned.append(
            PlannedModel(model.name, model.simulated, trials, calls=trials * study.turns, **asdict(forecast))
        )
    return tuple(planned)


def _warnings(plan: Plan) -> Iterator[str]:
    study = plan.study
    if any(model.simulated for model in plan.models):
        yield "SIMULATED: answers of simulated subjects are no evidence about any real model."
    if any(model.simulated for model in plan.judge_models):
        yield "SIMULATED: verdicts of a simulated judge are no evidence about any real judge."
    subjects = {model.name for model in plan.models}
    if own := [model.name for model in plan.judge_models if model.name in subjects]:
        yield f"{', '.join(own)} judges its own replies: judge with another model as well, or check it by labels."
    if study.sampling.temperature == 0:
        yield "Temperature 0: repeated trials of a prompt are near copies, not independent samples; intervals will be too narrow."
    fewest = min((arm.trials for arm in plan.arms if arm.trials), default=0)
    if 0 < fewest < FEW_TRIALS:
        most = wilson(0, fewest).high
        yield f"{fewest} trials an arm are few: even 0/{fewest} is compatible with a rate of {most:.0%}."
    if plan.unpriced:
        yield f"No price is known for {', '.join(plan.unpriced)}: give `price` in the study or in your settings, or the cost cannot be told."
    cost, budget = plan.greatest_cost, study.budget_usd
    if cost is not None and budget is not None and cost > budget:
        yield f"The budget of ${budget:,.2f} is below the greatest cost of ${cost:,.2f}: the run may stop before it is complete."
