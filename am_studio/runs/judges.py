"""Has finished conversations judged: at once by a judge that asks nobody, beside the trials to come by one that asks models.

A judge that asks does so under the same rules as the subject: a durable row before each request, the budget, the limits of
the provider, tries. Its trial ends when the last verdict is in; until then it stays planned, and whatever replies are stored
are given again in a later session. Of trials that wait for their judge only so many are held in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from am_studio.judging import AskingJudge, Judge
from am_studio.records import Reading, Situation, Transcript, TrialSpec, Verdict
from am_studio.runs.codec import packed_verdicts
from am_studio.runs.conversation import Before, Conversation, Desk
from am_studio.runs.crew import Crew
from am_studio.runs.flow import Halt
from am_studio.runs.operations import Operation, TrialEnded
from am_studio.scenarios import Scenario


@dataclass(frozen=True, slots=True)
class Finished:
    """A conversation that came to its end."""

    spec: TrialSpec
    order: int
    """Its trial's place in what is asked next."""
    situation: Situation
    transcript: Transcript
    reading: Reading
    begun: bool
    """Whether an earlier session may have asked the judge about it."""


Ended = Callable[[Finished, tuple[Verdict, ...]], Operation]


def trial_ended(finished: Finished, verdicts: tuple[Verdict, ...]) -> Operation:
    """The trial is over with these verdicts."""
    return TrialEnded(
        finished.spec, time.time(), packed_verdicts(verdicts), finished.reading.refused, finished.reading.truncated
    )


class Judging:
    """The judge of a run at work."""

    def __init__(
        self,
        judge: Judge | AskingJudge,
        scenario: Scenario,
        desk: Desk,
        crew: Crew,
        *,
        most: int,
        ended: Ended = trial_ended,
    ) -> None:
        """`ended`: what is stored when the verdicts on a conversation are in."""
        self._asks = None if isinstance(judge, Judge) else judge
        self._judge = judge if isinstance(judge, Judge) else None
        self._scenario = scenario
        self._desk = desk
        self._crew = crew
        self._ended = ended
        self._room = asyncio.Semaphore(most)

    async def take(self, finished: Finished) -> None:
        """Have it judged; returns when it is, or when there is room for it to wait."""
        if self._judge is not None:
            questions = self._scenario.questions_for(finished.spec.variant)
            verdicts = self._judge.judge(finished.reading, finished.transcript, finished.situation, questions)
            self._end(finished, verdicts)
            return
        await self._room.acquire()
        self._crew.start(self._ask(finished))

    async def _ask(self, finished: Finished) -> None:
        try:
            if self._asks is not None:
                conversation = self._conversation(finished, self._asks.name)
                questions = self._scenario.questions_for(finished.spec.variant)
                verdicts = await self._asks.judge_by_asking(
                    finished.reading, finished.transcript, finished.situation, questions, conversation.ask
                )
                self._end(finished, verdicts)
        except Halt:
            return
        finally:
            self._room.release()

    def _conversation(self, finished: Finished, judge: str) -> Conversation:
        run, trial = self._desk.run, finished.spec.id
        before = Before(run.judge_turns(trial, judge), run.asked(trial, judge)) if finished.begun else Before()
        return Conversation(self._desk, trial, finished.order, finished.situation, before, judge=judge)

    def _end(self, finished: Finished, verdicts: tuple[Verdict, ...]) -> None:
        self._desk.recorder.note(self._ended(finished, verdicts))
