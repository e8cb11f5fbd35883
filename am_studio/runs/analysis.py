"""What a run shows so far: the design's tables of effects, with notes on what keeps them from being the planned analysis.

Reads the run file alone and asks no model. Whatever differs from the plan (another outcome, trials still to come, another
version of the program) is said in the table's notes. Refuses to show effects while the judge is not known to be as right as
the study requires.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from am_studio.designs.base import BASELINE
from am_studio.designs.registry import open_design
from am_studio.effects.across import across_models
from am_studio.foundation.errors import StudioError, nearest
from am_studio.judging import Agreement, agreement, together
from am_studio.records import AcrossModels, EffectTable
from am_studio.runs.carried import load_carried
from am_studio.runs.drift import drift
from am_studio.runs.rechecks import recheck_session
from am_studio.runs.runfile import RunFile
from am_studio.runs.trust import Trust, lacking, trust
from am_studio.scenarios import Scenario
from am_studio.version import __version__

MOST_COPIES = 0.05
"""A larger share of word-for-word repeated replies is said in the notes."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer of a run for one outcome."""

    outcome: str
    tables: tuple[EffectTable, ...]
    """One a model, in the study's order."""
    across: tuple[AcrossModels, ...]
    """Each effect over all models of the study; () where there is one model."""
    agreement: Agreement | None
    """The judge against what simulated subjects meant; None where nobody's intent is known."""
    trust: Trust | None = None
    """The judge against human labels; None where there are none, nor a second judge."""


class Unproven(StudioError):
    """The study requires more of its judge than labels have shown."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(
            "the judge is not yet known to be as right as the study requires",
            "; ".join(missing),
            "`am-studio label RUN`, or l in the studio's transcripts, asks for the labels; --anyway shows the effects, marked exploratory",
        )
        self.missing = missing
        """A sentence each."""


def analyse(run: RunFile, outcome: str | None = None, *, anyway: bool = False) -> Analysis:
    """The effects on an outcome (the study's own when None) from what has ended; StudioError for an unknown outcome.

    Unproven where the judge has not shown what the study requires, unless `anyway`: everything is exploratory then.
    """
    plan = run.plan
    scenario = load_carried(run.scenario_texts, plan, run.other_texts)
    asked = outcome or plan.study.outcome
    names = [known.name for each in scenario.every for known in each.questions.outcomes]
    if asked not in names:
        raise StudioError(f"{plan.scenario} has no outcome '{asked}'", hint=nearest(asked, names))
    design, results = open_design(plan.study, scenario), run.results()
    simulated = run.simulated_models()
    missing = lacking(trust(run, asked), plan.study.analysis.require)
    if missing and not anyway:
        raise Unproven(missing)
    notes = (*(f"Exploratory: {reason}." for reason in missing), *_notes(run, asked), *_not_asked(scenario, asked))
    tables = []
    for model in plan.study.models:
        table = design.analyse(results, asked, model.name)
        all_notes = (*table.notes, *notes, *_drift(run, asked, model.name), *_copies(run, model.name))
        tables.append(replace(table, simulated=table.simulated or model.name in simulated, notes=all_notes))
    found = _agreement(run, scenario, asked)
    known = trust(run, asked, tables=tables)
    return Analysis(asked, tuple(tables), across_models(tables), found if found.n else None, known)


def _agreement(run: RunFile, scenario: Scenario, outcome: str) -> Agreement:
    """The judge against what was meant; each scenario says itself which act its outcome is about."""
    if not scenario.beside:
        return agreement(scenario.questions.outcome(outcome), run.judged_intents(outcome))
    arms: dict[Scenario, list[str]] = {}
    of = {arm.name: scenario.of(arm.variant) for arm in run.plan.arms}
    for (arm, _), _counts in run.counts(outcome).items():
        arms.setdefault(of[arm if recheck_session(arm) is None else BASELINE], []).append(arm)
    return together(
        outcome,
        [
            agreement(own.questions.outcome(outcome), run.judged_intents(outcome, arms=names))
            for own, names in arms.items()
            if own.asks(outcome)
        ],
    )


def _not_asked(scenario: Scenario, outcome: str) -> Iterator[str]:
    without = [each.ref for each in scenario.every if not each.asks(outcome)]
    if without:
        yield f"Trials of {', '.join(without)} are not asked for {outcome}: their arms have no rate."


def _notes(run: RunFile, outcome: str) -> Iterator[str]:
    plan, left = run.plan, run.unfinished()
    if outcome != plan.study.outcome:
        yield f"Exploratory: the plan is about {plan.study.outcome}; {outcome} was chosen afterwards."
    if left:
        yield f"Incomplete: {left} of {run.planned()} planned trials have not ended."
    if plan.program != __version__:
        yield f"Planned with version {plan.program} of the program, analysed with {__version__}."
    unknown = run.tally().unknown
    if unknown:
        requests = "1 request" if unknown == 1 else f"{unknown} requests"
        yield f"{requests} ended with a killed process; the answers are unknown, and the trials were asked again."


def _drift(run: RunFile, outcome: str, model: str) -> Iterator[str]:
    found = drift(run, outcome, model)
    if found is not None:
        yield found.told


def _copies(run: RunFile, model: str) -> Iterator[str]:
    replies, copies = run.copies(model)
    if copies > MOST_COPIES * replies:
        yield (
            f"{copies} of {replies} replies repeat another one to the same prompt word for word: they are no independent "
            "samples (temperature 0? a cache?), and the intervals are too narrow."
        )
