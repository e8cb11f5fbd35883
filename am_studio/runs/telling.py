"""What a run tells about itself: events made from its plan, its file and what was committed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from am_studio.designs.base import OpenDesign
from am_studio.records import TrialSpec
from am_studio.runs.events import Cell, Ended, RunStarted, TrialsEnded, TrialsPlanned
from am_studio.runs.rechecks import arm_label
from am_studio.runs.writer import AttemptEnded, Operation, RunWriter, TrialEnded


class Telling:
    """Events of one session."""

    def __init__(self, run: RunWriter, design: OpenDesign) -> None:
        self._run = run
        self._design = design
        self._outcome = run.plan.study.outcome

    def started(self, session: int) -> RunStarted:
        """What is planned and what has been done before."""
        labels, plan = self._labels(), self._run.plan
        cells = tuple(
            Cell(
                arm, arm_label(arm, labels), model, counts.planned, counts.yes, counts.no, counts.unclear, counts.failed,
                counts.refused, counts.truncated,
            )
            for (arm, model), counts in self._run.counts(self._outcome).items()
        )  # fmt: skip
        cost = self._run.tally().cost
        return RunStarted(time.monotonic(), plan.study.name, self._outcome, plan.simulated, cells, cost, session)

    def planned(self, specs: Sequence[TrialSpec]) -> TrialsPlanned:
        """Trials that were named."""
        labels, numbers = self._labels(), Counter((spec.arm, spec.model) for spec in specs)
        trials = tuple((arm, arm_label(arm, labels), model, number) for (arm, model), number in numbers.items())
        return TrialsPlanned(time.monotonic(), trials)

    def committed(self, operations: Sequence[Operation]) -> TrialsEnded | None:
        """What ended, and what was spent, with a commit; None when neither."""
        ended, cost = [], 0.0
        for operation in operations:
            if isinstance(operation, TrialEnded):
                ended.append(self._ended(operation))
            elif isinstance(operation, AttemptEnded):
                cost += operation.cost
        return TrialsEnded(time.monotonic(), tuple(ended), cost) if ended or cost else None

    def _ended(self, trial: TrialEnded) -> Ended:
        spec, outcome = trial.spec, self._outcome
        given = trial.verdicts.answers if trial.verdicts else ()
        answer = next((answer for name, answer in given if name == outcome), None)
        return Ended(spec.id, spec.arm, spec.model, answer, trial.refused, trial.truncated)

    def _labels(self) -> dict[str, str]:
        return {arm.name: arm.label for arm in self._design.arms()}
