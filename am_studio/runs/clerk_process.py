"""What the clerk does: `python -m am_studio.runs.clerk_process RUN` reads and judges the conversations that come on its input.

Started by `clerk.py` alone, and ends with whoever started it. It only reads the run file, and prints nothing.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from am_studio.foundation.collector import calm_collector
from am_studio.foundation.errors import StudioError
from am_studio.judging import Judge, open_judge
from am_studio.records import Situation, Transcript
from am_studio.runs.carried import load_carried
from am_studio.runs.clerk import LENGTH, READY, framed
from am_studio.runs.codec import packed_verdicts, reply_from_json
from am_studio.runs.runfile import RunFile
from am_studio.runs.variants import variant_of
from am_studio.scenarios import situate
from am_studio.trials import read_transcript

_MOST_SITUATIONS = 256
"""Situations that are kept ready: where each trial is a variant of its own none comes twice."""


class Reader:
    """Scenario and judge of one run, at work."""

    def __init__(self, run: Path) -> None:
        """StudioError when the run cannot be read, or its judge is another one here or asks models."""
        with RunFile.open(run) as file:
            plan = file.plan
            scenario = load_carried(file.scenario_texts, plan, file.other_texts)
        judge = open_judge(plan.study.judge)
        if judge.name != plan.judge or not isinstance(judge, Judge):
            raise StudioError(f"the judge {plan.judge} is not here")
        self._judge, self._questions_for = judge, scenario.questions_for

        @lru_cache(maxsize=_MOST_SITUATIONS)
        def placed(key: str) -> Situation:
            return situate(scenario, variant_of(key), plan.study.protocol)

        self._placed = placed

    def judged(self, trial: int, variant: str, replies: list[Any]) -> tuple[Any, ...]:
        """What `Clerk` takes back of one conversation."""
        situation = self._placed(variant)
        transcript = Transcript(tuple(reply_from_json(reply, None) for reply in replies))
        reading = read_transcript(transcript, situation)
        questions = self._questions_for(situation.variant)
        packed = packed_verdicts(self._judge.judge(reading, transcript, situation, questions))
        return trial, reading.refused, reading.truncated, packed.judge, packed.answers, packed.body


def main() -> int:
    """Until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine hears it, and ends this process when it is done
    given, taken = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not come between the messages
    try:
        reader = Reader(Path(sys.argv[1]))
    except StudioError:
        return 1
    calm_collector()
    try:
        _tell(taken, READY)
        while head := given.read(LENGTH):
            group = marshal.loads(given.read(int.from_bytes(head, "little")))  # noqa: S302 -- the engine's own
            _tell(taken, [reader.judged(*each) for each in group])
    except BrokenPipeError:
        return 1
    return 0


def _tell(stream: IO[bytes], message: Any) -> None:
    stream.write(framed(message))
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
