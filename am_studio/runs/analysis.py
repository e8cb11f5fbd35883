"""What a run shows so far: the design's tables of effects, with notes on what keeps them from being the planned analysis.

Reads the run file alone and asks no model. Whatever differs from the plan (another outcome or judge, trials still to come,
another version of the program) is said in the table's notes, and makes it exploratory. Refuses to show effects before their
time where the plan set one, and while the judge is not known to be as right as the study requires.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from am_studio.designs.base import BASELINE
from am_studio.designs.registry import known_designs, open_design
from am_studio.designs.strata import by_session, counting_design
from am_studio.effects.across import across_models
from am_studio.foundation.errors import StudioError, nearest
from am_studio.judging import Agreement, agreement, together
from am_studio.records import AcrossModels, EffectTable
from am_studio.runs.carried import load_carried
from am_studio.runs.deviations import AnalysisChoices, deviations
from am_studio.runs.drift import drift
from am_studio.runs.follow import withholds_effects
from am_studio.runs.judging_plan import judges_seen, unjudged
from am_studio.runs.rechecks import recheck_session
from am_studio.runs.referee import Question, referee
from am_studio.runs.referee_judge import judge_questions
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
    judge: str = ""
    """Whose verdicts it is about, such as `rules/1`."""
    exploratory: tuple[str, ...] = ()
    """How it differs from the plan; (): it is the planned analysis."""
    questions: tuple[Question, ...] = ()
    """What a referee would ask."""
    trust: Trust | None = None
    """The judge against human labels; None where there are none, nor a second judge."""


class Withheld(StudioError):
    """The plan looks at its effects at set times, and the last of them has not come; counts may be shown."""


class Unproven(Withheld):
    """The study requires more of its judge than labels have shown; counts may be shown."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(
            "the judge is not yet known to be as right as the study requires",
            "; ".join(missing),
            "`am-studio label RUN`, or l in the studio's transcripts, asks for the labels; --anyway shows the effects, marked "
            "exploratory",
        )
        self.missing = missing
        """A sentence each."""


def analyse(run: RunFile, outcome: str | None = None, choices: AnalysisChoices | None = None) -> Analysis:
    """The effects on an outcome (the study's own when None) from what has ended, as planned or as `choices` says.

    StudioError for an unknown outcome or judge. Withheld where the plan allows no look yet, unless `choices.peek`; Unproven
    where the judge has not shown what the study requires, unless `choices.anyway`.
    """
    plan = run.plan
    choices = replace(choices or AnalysisChoices(), outcome=outcome or plan.study.outcome)
    scenario = load_carried(run.scenario_texts, plan, run.other_texts)
    if choices.judge is not None:
        choices = replace(choices, judge=judge_meant(run, choices.judge))
    asked, judge = outcome or plan.study.outcome, choices.judge or plan.judge
    names = [known.name for each in scenario.every for known in each.questions.outcomes]
    if asked not in names:
        raise StudioError(f"{plan.scenario} has no outcome '{asked}'", hint=nearest(asked, names))
    settings = plan.study.analysis
    settings = replace(settings, margin=choices.margin or settings.margin, alpha=choices.alpha or settings.alpha)
    design = open_design(replace(plan.study, analysis=settings), scenario)
    results, simulated = run.results(choices.judge), run.simulated_models()
    if withholds_effects(plan) and not choices.peek and not is_over(run, scenario):
        raise Withheld(
            "the plan looks at its effects at set times only",
            "a look in between would make chance findings likelier",
            "the counts are shown; --peek shows the effects, marked exploratory",
        )
    missing = lacking(trust(run, asked, judge), settings.require)
    if missing and not choices.anyway:
        raise Unproven(missing)
    exploratory = (*deviations(run, choices), *missing)
    notes = (*_notes(run, exploratory), *_judge_notes(run, judge), *_not_asked(scenario, asked))
    tables, judge_made_up = [], run.simulated_judge(judge)
    for model in plan.study.models:
        table = design.analyse(results, asked, model.name)
        if not model.embedded:
            table = _sessions_apart(table, run, scenario, choices.judge)
        told = (*table.notes, *notes, *_drift(run, asked, model.name, judge), *_copies(run, model.name))
        made_up = table.simulated or model.name in simulated or judge_made_up
        tables.append(replace(table, simulated=made_up, notes=told, exploratory=exploratory))
    found = _agreement(run, scenario, asked, choices.judge)
    known = trust(run, asked, judge, tables=tables)
    own = next(each.questions for each in scenario.every if each.asks(asked)).outcome(asked)
    about_judge = judge_questions(own, judge, known, settings.require, meant=found.n > 0)
    return Analysis(
        asked,
        tuple(tables),
        across_models(tables),
        found if found.n else None,
        judge,
        exploratory,
        (*referee(run, tables), *about_judge),
        known,
    )


def _sessions_apart(table: EffectTable, run: RunFile, scenario: Scenario, judge: str | None) -> EffectTable:
    """The table with each effect over the sessions of work beside it, where there were several: a model may change between them."""
    if len(run.sessions()) < 2:
        return table
    study = run.plan.study
    counting = counting_design(known_designs()[str(study.design["kind"])], study, scenario)
    found = run.results(judge).by_variant(table.model, table.outcome)
    sessions = by_session(table.effects, found, counting, table.outcome, table.model)
    pairs = zip(table.effects, sessions, strict=True)
    return replace(table, effects=tuple(replace(effect, by_session=each) for effect, each in pairs))


def _agreement(run: RunFile, scenario: Scenario, outcome: str, judge: str | None) -> Agreement:
    """The judge against what was meant; each scenario says itself which act its outcome is about."""
    if not scenario.beside:
        return agreement(scenario.questions.outcome(outcome), run.judged_intents(outcome, judge))
    arms: dict[Scenario, list[str]] = {}
    of = {arm.name: scenario.of(arm.variant) for arm in run.plan.arms}
    for (arm, _), _counts in run.counts(outcome).items():
        arms.setdefault(of[arm if recheck_session(arm) is None else BASELINE], []).append(arm)
    return together(
        outcome,
        [
            agreement(own.questions.outcome(outcome), run.judged_intents(outcome, judge, arms=names))
            for own, names in arms.items()
            if own.asks(outcome)
        ],
    )


def _not_asked(scenario: Scenario, outcome: str) -> Iterator[str]:
    without = [each.ref for each in scenario.every if not each.asks(outcome)]
    if without:
        yield f"Trials of {', '.join(without)} are not asked for {outcome}: their arms have no rate."


def is_over(run: RunFile, scenario: Scenario) -> bool:
    """Whether all trials have ended and the planned design wants no more."""
    return not run.unfinished() and not open_design(run.plan.study, scenario).next_trials(run.results())


def _notes(run: RunFile, exploratory: tuple[str, ...]) -> Iterator[str]:
    plan, left = run.plan, run.unfinished()
    for reason in exploratory:
        yield f"Exploratory: {reason}."
    if plan.imported is not None:
        yield plan.imported.told
        yield from plan.imported.notes
    if left:
        yield f"Incomplete: {left} of {run.planned()} planned trials have not ended."
    if plan.program != __version__:
        yield f"Planned with version {plan.program} of the program, analysed with {__version__}."
    unknown = run.tally().unknown
    if unknown:
        requests = "1 request" if unknown == 1 else f"{unknown} requests"
        yield f"{requests} ended with a killed process; the answers are unknown, and the trials were asked again."


def judge_meant(run: RunFile, given: str) -> str:
    """The judge of the run that is named so, or the only one with this in its name; StudioError when there is none."""
    names = list(dict.fromkeys((run.plan.judge, *(judge.name for judge in judges_seen(run)))))
    found = [name for name in names if name == given] or [name for name in names if given and given in name]
    if len(found) > 1:
        raise StudioError(f"several judges of this run have '{given}' in their name", "\n".join(found))
    if not found:
        raise StudioError(f"no judge '{given}' has judged this run", hint=nearest(given, names))
    return found[0]


def _judge_notes(run: RunFile, judge: str) -> Iterator[str]:
    if judge != run.plan.judge:
        left = sum(1 for _ in unjudged(run, judge))
        if left:
            yield f"Incomplete: {left} trials have ended and are not judged by {judge}; complete it with `am-studio judge`."
    if run.simulated_judge(judge):
        yield "SIMULATED: verdicts of a simulated judge are no evidence about any real judge."


def _drift(run: RunFile, outcome: str, model: str, judge: str) -> Iterator[str]:
    found = drift(run, outcome, model, judge)
    if found is not None:
        yield found.told


def _copies(run: RunFile, model: str) -> Iterator[str]:
    replies, copies = run.copies(model)
    if copies > MOST_COPIES * replies:
        yield (
            f"{copies} of {replies} replies repeat another one to the same prompt word for word: they are no independent "
            "samples (temperature 0? a cache?), and the intervals are too narrow."
        )
