"""What a run shows so far: the design's tables of effects, with notes on what keeps them from being the planned analysis.

Reads the run file alone and asks no model. Whatever differs from the plan (another outcome, trials still to come, another
version of the program) is said in the table's notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from am_studio.designs.registry import open_design
from am_studio.effects.across import across_models
from am_studio.foundation.errors import StudioError, nearest
from am_studio.judging import Agreement, agreement
from am_studio.records import AcrossModels, EffectTable
from am_studio.runs.carried import load_carried
from am_studio.runs.drift import drift
from am_studio.runs.runfile import RunFile
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


def analyse(run: RunFile, outcome: str | None = None) -> Analysis:
    """The effects on an outcome (the study's own when None) from what has ended; StudioError for an unknown outcome."""
    plan = run.plan
    scenario = load_carried(run.scenario_texts, plan)
    asked = outcome or plan.study.outcome
    names = [known.name for known in scenario.questions.outcomes]
    if asked not in names:
        raise StudioError(f"{plan.scenario} has no outcome '{asked}'", hint=nearest(asked, names))
    design, results = open_design(plan.study, scenario), run.results()
    simulated = run.simulated_models()
    notes = tuple(_notes(run, asked))
    tables = []
    for model in plan.study.models:
        table = design.analyse(results, asked, model.name)
        all_notes = (*table.notes, *notes, *_drift(run, asked, model.name), *_copies(run, model.name))
        tables.append(replace(table, simulated=table.simulated or model.name in simulated, notes=all_notes))
    found = agreement(scenario.questions.outcome(asked), run.judged_intents(asked))
    return Analysis(asked, tuple(tables), across_models(tables), found if found.n else None)


def _notes(run: RunFile, outcome: str) -> Iterator[str]:
    plan, left = run.plan, run.unfinished()
    if outcome != plan.study.outcome:
        yield f"Exploratory: the plan is about {plan.study.outcome}; {outcome} was chosen afterwards."
    if left:
        yield f"Incomplete: {left} of {run.planned()} planned trials have not ended."
    if plan.program != __version__:
        yield f"Planned with version {plan.program} of the program, analysed with {__version__}."
    again = sum(number for _, number in run.reopened())
    if again:
        yield f"{'1 trial' if again == 1 else f'{again} trials'} failed after every try and came to be asked again later."
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
