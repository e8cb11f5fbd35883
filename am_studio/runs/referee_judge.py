"""What a referee would ask of a run's judge: whether people have checked it, and whether they agree with it.

Nothing is asked where actions alone decide and a rules judge looked at them, nor where what simulated subjects meant is
stored, for there the judge is compared with that.
"""

from __future__ import annotations

from collections.abc import Iterator

from am_studio.records import Outcome, TrustGate
from am_studio.runs.referee import Question
from am_studio.runs.trust import Trust

ENOUGH_LABELS = 20
"""Fewer labelled trials of the drawn sample are asked about, where the study requires no number of its own."""
ENOUGH_KAPPA = 0.6
"""Where the study requires none of its own: below it agreement is at most moderate (Landis and Koch 1977)."""


def judge_questions(
    outcome: Outcome, judge: str, known: Trust | None, gate: TrustGate | None, *, meant: bool
) -> Iterator[Question]:
    """The questions about this judge for this outcome. `meant`: its verdicts are compared with what subjects meant."""
    if meant or (judge.startswith("rules/") and outcome.gate_decides):
        return
    labelled, needed = known.labelled if known else 0, gate.labels if gate else ENOUGH_LABELS
    if labelled < needed:
        told = (
            "no drawn trial has a label" if not labelled else f"{labelled} drawn trials have a label, {needed} would do"
        )
        yield Question(
            "judge-unchecked",
            f"Nobody knows how often {judge} errs on {outcome.name}: {told}.",
            "A judge that errs moves every rate, and one that errs more in one arm than in another makes an effect of its own.",
            "Check it: `am-studio label RUN` draws a sample with known chances and asks; `--trust` shows what comes of it.",
        )
    kappa = known.kappa.value if known and known.kappa else None
    wanted = gate.kappa if gate else ENOUGH_KAPPA
    if kappa is not None and kappa < wanted:
        yield Question(
            "judge-doubtful",
            f"People and {judge} agree poorly on {outcome.name}: Cohen's kappa {kappa:.2f}, {wanted:g} is wanted.",
            "The rates as judged are not those that people would give.",
            "Read the corrected rates (`--trust`), sharpen the rubric, or judge again with another judge.",
        )
