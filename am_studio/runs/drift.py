"""Whether a model changed between the sessions of a run: the baseline's outcome, session against the ones before.

The design's own baseline trials and the extra ones of later sessions count together, by the session in which they ended.
Each session is tested against all earlier ones with the two-sided test that effects have, adjusted by Holm over the
sessions. A model inside this process cannot change and is not tested. No sign of drift is no proof of none: few trials
show only large changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from am_studio.designs.base import BASELINE
from am_studio.effects.multiplicity import holm
from am_studio.effects.tests import difference_test
from am_studio.runs import schema
from am_studio.runs.rechecks import recheck_session
from am_studio.runs.runfile import RunFile

ALPHA = 0.05
"""An adjusted p below this is a sign of drift."""


@dataclass(frozen=True, slots=True)
class SessionBaseline:
    """The baseline trials that ended in one session."""

    session: int
    k: int
    """Of them with the outcome."""
    n: int
    """With a verdict."""
    p: float | None = None
    """Against all earlier sessions together, not adjusted; None for the first."""
    p_adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """The baseline of one model and outcome over the sessions of a run."""

    model: str
    outcome: str
    sessions: tuple[SessionBaseline, ...]
    """Those with a baseline trial, oldest first; always two or more."""

    @property
    def found(self) -> bool:
        """Whether a session differs from those before it by more than chance."""
        return any(each.p_adjusted is not None and each.p_adjusted < ALPHA for each in self.sessions)

    @property
    def told(self) -> str:
        """In one sentence."""
        parts = [f"baseline {self.sessions[0].k}/{self.sessions[0].n} in session {self.sessions[0].session}"]
        parts += [f"{each.k}/{each.n} in session {each.session} (p {_p(each)})" for each in self.sessions[1:]]
        adjusted = ", adjusted for the number of sessions" if len(self.sessions) > 2 else ""
        judged = "the model may have changed between them" if self.found else "no sign that the model changed"
        return f"Sessions: {', '.join(parts)}{adjusted}: {judged}."


def drift(run: RunFile, outcome: str, model: str, judge: str | None = None) -> Drift | None:
    """What the sessions of this run show of one model, by this judge (the plan's when None); None with fewer than two sessions that have baseline trials."""
    settings = next((known for known in run.plan.study.models if known.name == model), None)
    if settings is None or settings.embedded:
        return None
    found = _sessions(run, outcome, model, judge or run.plan.judge)
    if len(found) < 2:
        return None
    k, n, ps = found[0].k, found[0].n, list[float]()
    for each in found[1:]:
        ps.append(difference_test(each.k, each.n, k, n)[0])
        k, n = k + each.k, n + each.n
    tested = (
        SessionBaseline(each.session, each.k, each.n, p, adjusted)
        for each, p, adjusted in zip(found[1:], ps, holm(ps), strict=True)
    )
    return Drift(model, outcome, (found[0], *tested))


def _sessions(run: RunFile, outcome: str, model: str, judge: str) -> tuple[SessionBaseline, ...]:
    names = {name: number for number, name in run.query("SELECT id, name FROM name WHERE kind = 'arm'")}
    arms = [number for name, number in names.items() if name == BASELINE or recheck_session(name) is not None]
    rows = run.query(
        f"""SELECT trial.session, sum(verdict.answer = ?), count(*) FROM trial
        CROSS JOIN verdict ON verdict.trial = trial.id
        WHERE trial.arm IN ({", ".join("?" * len(arms))}) AND trial.model = (SELECT id FROM name WHERE kind = 'model' AND name = ?)
        AND verdict.judge = (SELECT id FROM name WHERE kind = 'judge' AND name = ?)
        AND verdict.outcome = (SELECT id FROM name WHERE kind = 'outcome' AND name = ?)
        GROUP BY trial.session ORDER BY trial.session""",  # noqa: S608 - nothing but question marks is put in
        (schema.ANSWERS.index("yes"), *arms, model, judge, outcome),
    )
    return tuple(SessionBaseline(int(session), int(k), int(n)) for session, k, n in rows if session is not None)


def _p(session: SessionBaseline) -> str:
    p = 1.0 if session.p_adjusted is None else session.p_adjusted
    return "< .001" if p < 0.001 else "= " + f"{p:.3f}".removeprefix("0")
