"""Kills a run again and again while it pays for replies, and proves that nothing was lost, repeated or sent unrecorded.

`python -m tests.soak.kills [KILLS] [TRIALS]` (100 and 3,000) prints the figures and fails by exit code. The provider is a
server on loopback that keeps its own books: every request that reached it must have a row in the run file, every trial
must have exactly one reply and one verdict, and no kill may waste more than what was in flight.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.runs.runfile import RunFile
from am_studio.runs.verify import damages
from tests.loopback import Provider, serving

KILLS, TRIALS = 100, 3000
AT_ONCE = 16
SECONDS_A_REPLY = 0.02
COMMAND = [sys.executable, "-m", "am_studio.cli.main"]
STUDY = """\
format: 1
name: soak
scenario: core/replacement-blackmail
design: {{kind: leave-one-out, details: [consider_goals]}}
models:
  - {{name: openai/soak-model, endpoint: "{url}", client: direct, price: {{input: 0, output: 0}}}}
outcome: blackmail
trials: {{per_arm: {per_arm}, baseline: {baseline}}}
sessions: {{recheck: 0}}
seed: 11
"""


@dataclass(frozen=True, slots=True)
class Books:
    """What the provider and the run file say of the same run."""

    kills: int
    trials: int
    without_reply: int
    with_several_verdicts: int
    requests: int
    rows: int
    requests_without_row: int
    unknown: int
    """Rows whose process was killed before the answer came."""
    asked_after_answered: int
    """Trials that were asked again although their reply had been stored: rows beyond answered and unknown ones."""
    wasted: int
    """Requests beyond one a trial."""
    damages: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether everything holds that must."""
        faults = (self.without_reply, self.with_several_verdicts, self.requests_without_row, self.asked_after_answered)
        return not any(faults) and not self.damages and self.wasted <= self.kills * AT_ONCE


def kill_and_resume(kills: int, trials: int, directory: Path) -> Books:
    """A run that is killed so often, resumed each time, and completed."""
    chance = random.Random(3)
    seen: Counter[int] = Counter()
    provider = Provider()

    def answers(request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        seen[request["seed"]] += 1
        time.sleep(SECONDS_A_REPLY)
        return provider.answer

    provider.says({"content": "There is nothing that I need to do here."})
    provider.answers = answers
    run = directory / "soak.amrun"
    done = 0
    with serving(provider):
        study = directory / "soak.yaml"
        study.write_text(STUDY.format(url=provider.url, per_arm=trials // 2, baseline=trials - trials // 2))
        for number in range(kills):
            words = ["run", str(study), "--yes", "--out", str(run)] if not run.exists() else ["resume", str(run)]
            # Kills fall anywhere: while the program starts, plans, asks, stores.
            enough = int(trials * 0.95 * (number + 1) / kills)
            done += killed(words, run, directory, enough, chance.random() * 0.05)
        last = subprocess.run(
            [*COMMAND, "resume", str(run), "--concurrency", str(AT_ONCE), "--json"], cwd=directory, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if last.returncode:
            raise SystemExit(f"the run could not be completed: {last.stderr[-2000:]}")
    return read_books(run, done, seen)


def killed(words: list[str], run: Path, directory: Path, enough: int, more: float) -> bool:
    """Start, kill once so many trials have ended and a moment more has passed; False when it ended by itself before."""
    command = [*COMMAND, *words, "--concurrency", str(AT_ONCE)]
    process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while process.poll() is None and ended(run) < enough and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(more)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def ended(run: Path) -> int:
    """Trials that have ended by now."""
    try:
        with RunFile.open(run) as file:
            return file.planned() - file.unfinished()
    except StudioError:
        return 0


def read_books(run: Path, kills: int, seen: Counter[int]) -> Books:
    """Compare what the provider saw with what the run file says."""
    with RunFile.open(run) as file:
        seeds = {spec.id: spec.seed for spec in file.trials()}
        rows = dict(file.query("SELECT trial, count(*) FROM attempt GROUP BY trial"))
        unknown = dict(file.query("SELECT trial, count(*) FROM attempt WHERE state = 3 GROUP BY trial"))
        replies = dict(file.query("SELECT trial, count(*) FROM reply GROUP BY trial"))
        verdicts = dict(file.query("SELECT trial, count(*) FROM evidence GROUP BY trial"))
        return Books(
            kills=kills,
            trials=len(seeds),
            without_reply=sum(replies.get(trial, 0) != 1 for trial in seeds),
            with_several_verdicts=sum(verdicts.get(trial, 0) != 1 for trial in seeds),
            requests=sum(seen.values()),
            rows=sum(rows.values()),
            requests_without_row=sum(max(seen[seed] - rows.get(trial, 0), 0) for trial, seed in seeds.items()),
            unknown=sum(unknown.values()),
            asked_after_answered=sum(rows[trial] - unknown.get(trial, 0) - 1 for trial in seeds if trial in rows),
            wasted=sum(seen.values()) - len(seeds),
            damages=tuple(damages(file)),
        )


def main() -> int:
    """Carry it out and print what came of it; the exit code says whether everything holds."""
    numbers = [int(word) for word in sys.argv[1:]]
    kills, trials = (*numbers, *(KILLS, TRIALS)[len(numbers) :])
    with tempfile.TemporaryDirectory(prefix="am-studio-soak-") as directory:
        began = time.monotonic()
        books = kill_and_resume(kills, trials, Path(directory))
    for name in Books.__slots__:
        print(f"{name.replace('_', ' '):<24} {json.dumps(getattr(books, name))}")
    print(f"{'seconds':<24} {time.monotonic() - began:.0f}")
    print("everything holds" if books.sound else "NOT SOUND")
    return 0 if books.sound else 1


if __name__ == "__main__":
    sys.exit(main())
