"""How an analysis differs from the plan that was hashed before the first call; each difference makes it exploratory.

Says nothing about whether the difference was a good idea. Resuming a run that was stopped or killed is none: its trials
are those that were planned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from am_studio.runs.runfile import RunFile


@dataclass(frozen=True, slots=True)
class AnalysisChoices:
    """What an analysis is asked for, where that is not the plan's; None: as planned."""

    outcome: str | None = None
    judge: str | None = None
    """Its name with version, such as `rules/1`."""
    margin: float | None = None
    alpha: float | None = None
    peek: bool = False
    """Whether effects may be shown that the plan withholds until its end."""
    anyway: bool = False
    """Whether effects may be shown before the judge has shown what the study requires."""


def deviations(run: RunFile, asked: AnalysisChoices) -> tuple[str, ...]:
    """Every difference, in words; () where the analysis is the planned one."""
    return tuple(_deviations(run, asked))


def _deviations(run: RunFile, asked: AnalysisChoices) -> Iterator[str]:
    plan, settings = run.plan, run.plan.study.analysis
    if plan.imported is not None:
        yield "no plan was registered before these trials were made; they were imported"
    if asked.outcome not in (None, plan.study.outcome):
        yield f"the plan is about {plan.study.outcome}; {asked.outcome} was chosen afterwards"
    if asked.judge not in (None, plan.judge):
        yield f"the plan's judge is {plan.judge}; {asked.judge} was chosen afterwards"
    if asked.margin not in (None, settings.margin):
        yield f"the plan's margin is {settings.margin:g}; {asked.margin:g} was chosen afterwards"
    if asked.alpha not in (None, settings.alpha):
        yield f"the plan's alpha is {settings.alpha:g}; {asked.alpha:g} was chosen afterwards"
    left = run.unfinished()
    watched = plan.study.stopping is not None and plan.study.stopping.anytime
    if left and not watched:
        planned = run.planned()
        yield f"looked at before its end: {planned - left} of {planned} trials had ended"
    retried = _retried(run)
    if retried:
        trials = "1 trial that had failed was" if retried == 1 else f"{retried} trials that had failed were"
        yield f"{trials} asked again after their end"
    added = _added(run)
    if added:
        sessions = "a session of work was" if added == 1 else f"{added} sessions of work were"
        yield f"{sessions} added after the run had finished"


def _retried(run: RunFile) -> int:
    """Trials that had failed and were asked again afterwards, each as often as it was."""
    return sum(number for _, number in run.reopened())


def _added(run: RunFile) -> int:
    """Sessions after the first one that finished the run in which a subject was asked."""
    finished = _finished(run)
    if finished is None:
        return 0
    ((number,),) = run.query("SELECT count(DISTINCT session) FROM attempt WHERE session > ? AND judge = 0", (finished,))
    return int(number)


def _finished(run: RunFile) -> int | None:
    """The first session after which nothing was to do any more."""
    return next((session.id for session in run.sessions() if session.ending == "finished"), None)
