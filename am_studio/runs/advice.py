"""What a pilot advises for a study: the design by policy, the trials that are needed, what they cost, YAML to paste.

Reads a pilot's run, or says how to run one; runs nothing itself. A pilot of another scenario, baseline or outcome than the
study's is refused: it would advise about something else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from am_studio.designs.base import BASELINE
from am_studio.designs.pilot import ALL_OFF, USUAL_TRIALS
from am_studio.designs.policy import Policy, policy
from am_studio.designs.space import Space, open_baseline, open_space
from am_studio.effects.intervals import rate_of
from am_studio.foundation.errors import StudioError
from am_studio.records import Rate, Study
from am_studio.runs.carry import plan_study
from am_studio.runs.plan import Plan
from am_studio.runs.runfile import RunFile
from am_studio.scenarios import Scenario
from am_studio.scenarios.yaml_style import in_flow


@dataclass(frozen=True, slots=True)
class ModelAdvice:
    """What the pilot says about one model."""

    model: str
    all_on: Rate
    all_off: Rate
    policy: Policy


@dataclass(frozen=True, slots=True)
class Advice:
    """What the pilot advises for the study, in all its models together."""

    study: str
    pilot: str
    """The pilot's file."""
    pilot_hash: str
    """Of its plan."""
    outcome: str
    details: tuple[str, ...]
    """Those that would be varied."""
    models: tuple[ModelAdvice, ...]
    design: str
    """The kind that is advised; empty: no study of these details."""
    block: str
    """`design:` and `trials:` as YAML, ready to paste; empty where no study is advised."""
    trials: int | None
    """Of the advised study, over all models."""
    greatest_cost: float | None
    """US dollars of the advised study; None: a price is unknown, or no study is advised."""
    simulated: bool
    notes: tuple[str, ...] = ()


def pilot_study(study: Study) -> Study:
    """The pilot of a study: the same in everything but design and trials, without stopping."""
    asked = study.design.get("details")
    design = {"kind": "pilot", **({"details": asked} if isinstance(asked, list) else {})}
    return replace(
        study,
        name=f"{study.name[:74]}-pilot",
        title=f"Pilot of {study.name}",
        design=design,
        trials={"per_arm": USUAL_TRIALS, "baseline": USUAL_TRIALS},
        stopping=None,
    )


def advise(study: Study, scenario: Scenario, run: RunFile, *, together: bool = False) -> Advice:
    """The advice of this pilot; StudioError when it is no pilot, not of this study, or has not ended."""
    pilot = run.plan
    _check(study, scenario, pilot)
    if run.unfinished():
        raise StudioError("the pilot has not ended", str(run.path), f"am-studio resume {run.path}")
    asked = study.design.get("details")
    baseline = open_baseline(scenario, study.baseline)
    space = open_space(asked if isinstance(asked, list) else None, baseline, scenario)
    details = space.details
    counts = run.counts(study.outcome)
    models = []
    for model in pilot.study.models:
        on, off = counts[BASELINE, model.name], counts[ALL_OFF, model.name]
        if not on.completed or not off.completed:
            raise StudioError(f"the pilot has no trial of {model.name} to go by", str(run.path))
        groups = (on.yes, on.completed), (off.yes, off.completed)
        found = policy(*groups, len(details), alpha=study.analysis.alpha, together=together)
        models.append(ModelAdvice(model.name, rate_of(*groups[0]), rate_of(*groups[1]), found))
    return _advice(study, space, run, models)


def _advice(study: Study, space: Space, run: RunFile, models: Sequence[ModelAdvice]) -> Advice:
    pilot, details = run.plan, space.details
    notes = []
    chosen = _over_models([model.policy for model in models])
    if len({(model.policy.design, model.policy.q) for model in models}) > 1:
        notes.append("The models differ: the design is the one that serves the most demanding of them.")
    block, trials, cost = "", None, None
    if chosen is not None:
        advised = _advised(study, chosen, space)
        block = _block(advised, chosen)
        if chosen.trials is None:
            notes.append(
                "No number of trials is advised: more than 2,000 a group would be needed, or the rates are equal."
            )
        try:
            plan, _ = plan_study(advised)
        except StudioError as error:
            chosen, block = None, ""
            notes.append(
                f"The scenario does not allow the design that the rates call for. {error.title}: {error.detail}."
            )
        else:
            trials, cost = (plan.trials, plan.greatest_cost) if chosen.trials is not None else (None, None)
    return Advice(
        study.name, str(run.path), pilot.hash, study.outcome, details, tuple(models),
        chosen.design if chosen else "", block, trials, cost, pilot.simulated, tuple(notes),
    )  # fmt: skip


def _over_models(policies: Sequence[Policy]) -> Policy | None:
    """One design for all models: removal where any model has something to remove, the greater q, the most trials."""
    removal = [each for each in policies if each.design == "random-subsets"]
    others = [each for each in policies if each.design == "add-one-in"]
    fitting = removal or others
    if not fitting:
        return None
    most = max(fitting, key=lambda each: (each.q or 0.0, each.trials or math.inf))
    needed = [each.trials for each in fitting]
    return replace(most, trials=None if None in needed else max(n for n in needed if n is not None))


def _advised(study: Study, chosen: Policy, space: Space) -> Study:
    """The study with the advised design and trials; where details are put in alone, with those that can stand alone."""
    design: dict[str, object] = {"kind": chosen.design}
    if isinstance(study.design.get("details"), list):
        alone = chosen.design == "add-one-in"
        design["details"] = [
            name for name in space.details if not alone or name in space.kept(space.with_only((name,)))
        ]
    if chosen.q is not None:
        design["q"] = chosen.q
    field = "total" if chosen.design == "random-subsets" else "per_arm"
    return replace(study, design=design, trials={field: chosen.trials or USUAL_TRIALS}, stopping=None)


def _block(advised: Study, chosen: Policy) -> str:
    lines = ["design:", *(f"  {name}: {_yaml(value)}" for name, value in advised.design.items())]
    if chosen.trials is not None:
        lines.append(f"trials: {_yaml(dict(advised.trials))}")
    return "\n".join(lines)


def _yaml(value: object) -> str:
    """A setting as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_yaml(inner)}" for name, inner in value.items()) + "}"
    return f"{value:g}" if isinstance(value, int | float) else in_flow(value)


def _check(study: Study, scenario: Scenario, pilot: Plan) -> None:
    if pilot.study.design.get("kind") != "pilot":
        raise StudioError(
            f"'{pilot.study.name}' is no pilot", hint="leave --pilot out to run one: am-studio plan STUDY --advise"
        )
    wrong = [
        what
        for what, fits in (
            ("scenario", pilot.scenario_hash == scenario.hash),
            ("baseline", dict(pilot.study.baseline) == dict(study.baseline)),
            ("outcome", pilot.study.outcome == study.outcome),
            ("details", pilot.study.design.get("details") == study.design.get("details")),
            ("protocol", pilot.study.protocol == study.protocol),
        )
        if not fits
    ]
    if wrong:
        raise StudioError(
            f"the pilot has another {' and another '.join(wrong)} than the study",
            "its advice would be about something else",
            "run a pilot of the study as it is: am-studio plan STUDY --advise",
        )
