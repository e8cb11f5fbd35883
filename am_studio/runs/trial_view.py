"""One trial, opened to be read: what the subject was given, what it said and did, and what was made of it.

What is damaged is said and left out; the rest is shown. What a simulated subject meant is not looked at, for whoever reads
a trial may be about to label it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from am_studio.foundation.errors import StudioError
from am_studio.records import Action, Choice, Exchange, ModelFailure, ProtocolName, Reply, Transcript, Verdict
from am_studio.runs import codec, schema
from am_studio.runs.browse import TrialRow, carried_scenario, trial_rows
from am_studio.runs.labels import Label, read_labels
from am_studio.runs.rechecks import arm_label
from am_studio.runs.runfile import RunFile
from am_studio.runs.variants import variant_of
from am_studio.scenarios import situate
from am_studio.trials import TURN_LIMIT, ParsedReply, Shown, parse_in, read_transcript, replay, shown

T = TypeVar("T")
AttemptState = Literal["in flight", "answered", "failed", "unknown"]
_ATTEMPTS: dict[int, AttemptState] = {
    schema.STARTED: "in flight",
    schema.OK: "answered",
    schema.ERROR: "failed",
    schema.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request of a trial."""

    number: int
    """From 1, over all turns and sessions."""
    turn: int
    state: AttemptState
    """`unknown`: its process ended before the answer came."""
    started: float
    """Seconds since 1970."""
    seconds: float | None
    cost: float
    """US dollars."""
    input_tokens: int | None
    output_tokens: int | None
    returned: str
    """The model as the provider named it; empty without an answer."""
    failure: ModelFailure | None


@dataclass(frozen=True, slots=True)
class TrialView:
    """A trial with everything that is known about it."""

    row: TrialRow
    protocol: ProtocolName
    seed: int
    arm_label: str
    scenario: str
    """The reference of the scenario that it is of, where that is not the study's own; empty: it is."""
    levels: tuple[Choice, ...]
    """What its variant sets differently from the study's baseline; in another scenario, from the defaults of that one."""
    nuisance: tuple[Choice, ...]
    """What it drew for the nuisance factors; () where the study draws none."""
    ended: float | None
    """Seconds since 1970."""
    prompt: tuple[tuple[str, str], ...]
    """(role, text) pairs; empty before the first request."""
    prompt_hash: str
    replies: tuple[Reply, ...]
    parsed: tuple[ParsedReply, ...]
    """One a reply."""
    shown: tuple[Shown, ...]
    """One a reply: its text with its native calls, which evidence points into."""
    exchanges: tuple[Exchange, ...]
    """One a reply in the `tools` protocol: what its calls came to, and what was said to the subject after it. Empty in the
    inline protocol, and when the carried scenario cannot be loaded."""
    actions: tuple[Action, ...]
    """As the environment took them; empty when the carried scenario cannot be loaded."""
    verdicts: tuple[Verdict, ...]
    """Those of the plan's judge first."""
    labels: tuple[Label, ...]
    attempts: tuple[Attempt, ...]
    problems: tuple[str, ...]
    """What of the replies could not be read as intended, in plain words."""
    damage: tuple[str, ...]
    """What of the trial cannot be shown because the file is damaged."""

    @property
    def failure(self) -> ModelFailure | None:
        """Why no conversation came of it; None unless it failed."""
        if self.row.state != "failed":
            return None
        return next((attempt.failure for attempt in reversed(self.attempts) if attempt.failure), None)


def open_trial(run: RunFile, trial: int) -> TrialView:
    """Everything about a trial; StudioError when the run has no such trial or its plan is damaged."""
    return codec.decoded(f"trial {trial}", lambda trial: _opened(run, trial), trial)


def _opened(run: RunFile, trial: int) -> TrialView:
    rows = trial_rows(run, (trial,))
    if not rows:
        raise StudioError(f"the run has no trial {trial}")
    (row,) = rows
    damage: list[str] = []

    def told(read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except StudioError as error:
            damage.append(": ".join(part for part in (error.title, error.detail) if part))
            return otherwise

    ((seed, ended, key, has_prompt),) = run.query(
        """SELECT trial.seed, trial.ended, variant.key, variant.prompt IS NOT NULL FROM trial
        JOIN variant ON variant.id = trial.variant WHERE trial.id = ?""",
        (trial,),
    )
    unsent: tuple[str, tuple[tuple[str, str], ...]] = ("", ())
    prompt = told(lambda: run.prompt(trial), unsent) if has_prompt else unsent
    transcript = told(lambda: run.transcript(trial), Transcript(()))
    replies, protocol = transcript.replies, run.plan.study.protocol
    nothing: _Read = ((), (), ())
    actions, problems, exchanges = told(lambda: _read(run, key, transcript), nothing) if replies else nothing
    if row.state == "open":
        problems = tuple(problem for problem in problems if problem != TURN_LIMIT)  # its conversation goes on
    return TrialView(
        row=row,
        protocol=protocol,
        seed=seed,
        arm_label=arm_label(row.arm, {arm.name: arm.label for arm in run.plan.arms}),
        scenario=told(lambda: _scenario(run, key), ""),
        levels=told(lambda: _differences(run, key), ()),
        nuisance=told(lambda: codec.decoded("variant", variant_of, key).nuisance, ()),
        ended=ended,
        prompt=prompt[1],
        prompt_hash=prompt[0],
        replies=replies,
        parsed=tuple(parse_in(protocol, reply) for reply in replies),
        shown=tuple(map(shown, replies)),
        exchanges=exchanges,
        actions=actions,
        verdicts=told(lambda: _verdicts(run, trial), ()),
        labels=told(lambda: read_labels(run, trial=trial), ()),
        attempts=told(lambda: _attempts(run, trial), ()),
        problems=problems,
        damage=tuple(dict.fromkeys(damage)),
    )


_Read = tuple[tuple[Action, ...], tuple[str, ...], tuple[Exchange, ...]]


def _read(run: RunFile, key: str, transcript: Transcript) -> _Read:
    """The actions as the environment of the trial's variant took them, what could not be read, and what was answered."""
    variant = codec.decoded("variant", variant_of, key)
    situation = situate(carried_scenario(run), variant, run.plan.study.protocol)
    reading = read_transcript(transcript, situation)
    exchanges = replay(transcript, situation) if situation.protocol == "tools" else ()
    return reading.actions, reading.problems, exchanges


def _differences(run: RunFile, key: str) -> tuple[Choice, ...]:
    variant = codec.decoded("variant", variant_of, key)
    own = carried_scenario(run).of(variant)
    return variant.differences(own.defaults() if variant.scenario else own.variant(run.plan.study.baseline))


def _scenario(run: RunFile, key: str) -> str:
    variant = codec.decoded("variant", variant_of, key)
    return carried_scenario(run).of(variant).ref if variant.scenario else ""


def _verdicts(run: RunFile, trial: int) -> tuple[Verdict, ...]:
    judges = [
        judge
        for (judge,) in run.query(
            "SELECT name.name FROM evidence JOIN name ON name.id = evidence.judge WHERE trial = ? ORDER BY name.name",
            (trial,),
        )
    ]
    judges.sort(key=lambda judge: judge != run.plan.judge)
    return tuple(verdict for judge in judges for verdict in run.verdicts(trial, judge))


def _attempts(run: RunFile, trial: int) -> tuple[Attempt, ...]:
    rows = list(
        run.query(
            """SELECT attempt.id, number, turn, state, started, seconds, cost, input_tokens, output_tokens, name.name,
            failure.body, failure.digest FROM attempt LEFT JOIN name ON name.id = attempt.returned
            LEFT JOIN failure ON failure.attempt = attempt.id WHERE trial = ? ORDER BY attempt.id""",
            (trial,),
        )
    )
    return tuple(
        Attempt(
            number=number,
            turn=turn,
            state=_ATTEMPTS.get(state, "unknown"),
            started=started,
            seconds=seconds,
            cost=cost,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            returned=returned or "",
            failure=None if body is None else _failure(id_, body, stored),
        )
        for id_, number, turn, state, started, seconds, cost, input_tokens, output_tokens, returned, body, stored in rows
    )


def _failure(attempt: int, body: bytes, stored: bytes) -> ModelFailure:
    return codec.decoded("failure", codec.failure_from_json, codec.checked("failure", attempt, body, stored))
