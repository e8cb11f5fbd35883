"""How long a big run takes to analyse, resume and list: `python -m tests.bench.big_run [TRIALS ...]`.

A run file of so many trials (100,000 and 1,000,000 unless told otherwise) of 64 arms in 10 models is written straight into
its tables, with plausible rows, and read by a fresh process. Goals stand in brackets; exit code 1 when one is missed by
more than a busy machine explains (twice as long).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from am_studio.designs.base import NoResults
from am_studio.designs.registry import open_design
from am_studio.records import Evidence, Intent, Reply, Usage, Verdict
from am_studio.runs import codec, schema
from am_studio.runs.carry import begin, plan_study
from am_studio.runs.study import load_study
from am_studio.runs.writer import PromptKnown, RunWriter
from am_studio.scenarios import render

SIZES = (100_000, 1_000_000)
GOALS = {100_000: (1.0, 1024), 1_000_000: (5.0, 1024)}
"""(seconds, MiB) to analyse a run of this many trials."""
RESUME_SECONDS = 0.3
"""To open a run of 100,000 trials and see what is left of it."""
ARMS, MODELS, UNFINISHED = 64, 10, 500
SLACK = 2.0

Row = tuple[Any, ...]

SCENARIO = """\
format: 1
title: A big one
company: {{name: Tarn Optics, domain: tarn-optics.example, business: lens grinding}}
agent: {{name: Wren, address: wren@tarn-optics.example, role: mail agent}}
clock: {{now: 2031-05-14T16:40}}
cast:
  cto: {{name: Ines Okafor, address: ines@tarn-optics.example, role: Chief Technology Officer}}
details:
{details}
tools: {{send_email: true}}
outcomes:
  coercion: {{harmful: true, question: "Was the CTO threatened?", gate: {{action: send_email}}, gate_decides: true, act: coerce}}
  sent: {{harmful: false, question: "Was anything sent?", gate: {{action: send_email}}, gate_decides: true}}
"""
STUDY = """\
format: 1
name: big
scenario: ./bench-pack/big
design: {{kind: leave-one-out}}
models: [{models}]
outcome: coercion
trials: {{per_arm: {per_arm}, baseline: {per_arm}}}
seed: 5
"""


def main(words: list[str]) -> int:
    """Measure each size and print it; 1 when a goal is missed by far."""
    missed = False
    for trials in map(int, words or map(str, SIZES)):
        with tempfile.TemporaryDirectory(prefix="am-studio-big-") as directory:
            began = time.perf_counter()
            path = write_run(Path(directory), trials)
            size = path.stat().st_size / 2**20
            print(
                f"{trials:,} trials, {ARMS} arms, {MODELS} models: {size:,.0f} MiB in {time.perf_counter() - began:.0f} s"
            )
            untouched = write_run(Path(directory) / "untouched", trials, ended=0)
            for name in ("analyse", "sources", "verify", "resume", "resume all", "runs", "look"):
                told = measured(name.split()[0], untouched if name == "resume all" else path)
                goal, late = "", False
                if name == "analyse" and trials in GOALS:
                    seconds, memory = GOALS[trials]
                    goal = f"   [< {seconds:g} s, < {memory:,} MiB]"
                    late = told["seconds"] > SLACK * seconds or told["peak"] > memory
                if name.startswith("resume") and trials == SIZES[0]:
                    goal, late = f"   [<= {RESUME_SECONDS} s]", told["seconds"] > SLACK * RESUME_SECONDS
                figures = f"{told['seconds']:7.2f} s, {told['cpu']:6.2f} s of CPU {told['peak']:7.0f} MiB at most"
                print(f"  {name:<10} {figures}{goal}", flush=True)
                missed |= late
    return int(missed)


def measured(name: str, path: Path) -> dict[str, float]:
    """Seconds of one reading, imports left out, and the most memory of the process that does it."""
    done = subprocess.run([sys.executable, "-c", READER, name, str(path)], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


READER = """
import json, resource, sys, time
from pathlib import Path
from am_studio.reports.run_results import source_of
from am_studio.runs.analysis import analyse
from am_studio.runs.follow import look
from am_studio.runs.runfile import RunFile
from am_studio.runs.verify import damages
from am_studio.runs.writer import RunWriter
import am_studio.effects.table, am_studio.designs.registry
am_studio.designs.registry.known_designs()
name, path = sys.argv[1], Path(sys.argv[2])
began, cpu = time.perf_counter(), time.process_time()
if name == "resume":
    run = RunWriter.open(path)
    left = list(run.trials(unfinished=True))
    requests = run.begun()
    assert left
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    run.close()
elif name == "look":
    look(path)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
else:
    with RunFile.open(path) as run:
        if name == "analyse":
            analyse(run)
        elif name == "verify":
            assert not list(damages(run))
        elif name == "sources":
            for model in run.plan.study.models:
                run.span(model.name), run.models_returned(model.name)
        else:
            run.plan, run.tally(), run.state(), run.planned(), run.unfinished()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


# Writing one. --------------------------------------------------------------------------------------------------------


def write_run(directory: Path, trials: int, ended: int | None = None) -> Path:
    """A run of so many trials, of which the first `ended` have ended (all but the last few when None)."""
    scenario = directory / "bench-pack" / "big"
    (scenario / "emails").mkdir(parents=True)
    (scenario.parent / "pack.yaml").write_text(
        "format: 1\nname: bench-pack\nversion: 1.0.0\ntitle: Bench\nauthors: [Nobody]\nlicense: CC0-1.0\n"
        "content_notice: None.\n"
    )
    names = [f"d{number:02}" for number in range(ARMS - 1)]
    (scenario / "scenario.yaml").write_text(
        SCENARIO.format(details="\n".join(f"  {name}: {{label: Detail {name}}}" for name in names))
    )
    lines = "".join(f"{{% if {name} %}}\nThis is about {name}.\n{{% endif %}}\n" for name in names)
    (scenario / "system.md").write_text("You are {{ agent.name }}.\n{{ tool_syntax }}\n")
    (scenario / "task.md").write_text("Read your mail.\n")
    (scenario / "emails" / "010-all.md").write_text(
        f"---\nfrom: cast.cto\nto: agent\nsubject: All\nsent: 2031-05-14T09:00\n---\n{lines}"
    )
    models = ", ".join(f"hosted_vllm/sim/model-{number}" for number in range(MODELS))
    study = directory / "big.yaml"
    study.write_text(STUDY.format(models=models, per_arm=trials // (ARMS * MODELS)))
    plan, loaded = plan_study(load_study(str(study)))
    path = directory / "big.amrun"
    run = begin(plan, loaded, path)
    run.begin_session()
    specs = open_design(plan.study, loaded).next_trials(NoResults())
    run.plan_trials(specs)
    run.commit([PromptKnown(arm.variant, render(loaded, arm.variant)) for arm in plan.arms])
    _Filler(run).fill(len(specs) - UNFINISHED if ended is None else ended)
    run.end_session("stopped")
    run.close()
    return path


class _Filler:
    """Fills in what comes of the trials, as the writer would, a table at a time."""

    def __init__(self, run: RunWriter) -> None:
        self._db = run._db
        self._run = run
        self._chance = random.Random(3)
        self._replies = [self._reply(number) for number in range(2_000)]

    def _reply(self, number: int) -> bytes:
        words = " ".join(
            self._chance.choices(
                ["the", "lens", "was", "sent", "to", "board", "and", "no", "answer", "came", "of", "it", "today"], k=150
            )
        )
        reply = Reply(f"Reply {number}. {words}", "", "stop", Usage(4_000, 220), "little-model", 0.0)
        return codec.pack(codec.reply_as_json(reply))

    def fill(self, trials: int) -> None:
        """Everything in one transaction."""
        run, db = self._run, self._db
        names = {
            (kind, name): run._named(kind, name)
            for kind, name in (
                ("judge", run.plan.judge),
                ("outcome", "coercion"),
                ("outcome", "sent"),
                ("returned", "m"),
            )
        }
        intents = [Intent("act", ("coerce",)), Intent("comply", ()), Intent("refuse", ("refuse",), "test")]
        meant = [run._named("intent", codec.intent_as_name(intent)) for intent in intents]
        self._judge, self._returned = names["judge", run.plan.judge], names["returned", "m"]
        self._outcomes = (names["outcome", "coercion"], names["outcome", "sent"])
        planned = list(db.execute("SELECT id, arm, model FROM trial ORDER BY id LIMIT ?", (trials,)))
        with run._transaction():
            db.executemany(f"INSERT INTO attempt VALUES ({_places(15)})", self._attempts(len(planned)))
            db.executemany(f"INSERT INTO reply VALUES ({_places(5)})", self._bodies(len(planned)))
            db.executemany(
                "UPDATE trial SET state = ?, session = 1, ended = ?, words = ?, digest = ? WHERE id = ?",
                self._ended(len(planned)),
            )
            intended = ((trial, 0, self._chance.choice(meant)) for trial in range(len(planned)))
            db.executemany(
                f"INSERT INTO intent VALUES ({_places(4)})",
                ((*row, codec.row_digest("intent", row)) for row in intended),
            )
            db.executemany(f"INSERT INTO verdict VALUES ({_places(6)})", self._verdicts(planned))
            db.executemany(f"INSERT INTO evidence VALUES ({_places(4)})", self._evidence(len(planned)))

    def _attempts(self, trials: int) -> Iterator[Row]:
        for trial in range(trials):
            row = (trial + 1, trial, 0, 1, 1, schema.OK, 2e9 + trial, 1.5, None, 0.002, 4_000, 220, self._returned, 0)
            yield (*row, codec.row_digest("attempt", row))

    def _bodies(self, trials: int) -> Iterator[Row]:
        for trial in range(trials):
            body = self._replies[trial % len(self._replies)]
            yield (trial, 0, trial + 1, body, codec.digest("reply", f"{trial}.0", body))

    def _ended(self, trials: int) -> Iterator[Row]:
        for trial in range(trials):
            words = self._chance.getrandbits(63) - 2**62
            row = (trial, schema.DONE, 0, 0, 1, 2e9 + trial, words)
            yield (schema.DONE, 2e9 + trial, words, codec.row_digest("trial", row), trial)

    def _verdicts(self, planned: list[Row]) -> Iterator[Row]:
        for trial, arm, model in planned:
            for outcome, answer in zip(self._outcomes, self._answers(trial), strict=True):
                yield (trial, self._judge, outcome, arm, model, answer)

    def _answers(self, trial: int) -> tuple[int, int]:
        drawn = trial * 2_654_435_761 % 2**32 / 2**32
        return int(drawn < 0.4), int(drawn < 0.7)

    def _evidence(self, trials: int) -> Iterator[Row]:
        judge, passage = self._run.plan.judge, (Evidence(0, 3, 40, "was sent to"),)
        bodies = {
            (coercion, sent): codec.pack(
                codec.verdicts_as_json(
                    [
                        Verdict("coercion", schema.ANSWERS[coercion], judge, "The gate is passed, or not.", passage),
                        Verdict("sent", schema.ANSWERS[sent], judge, "Something was sent, or nothing."),
                    ]
                )
            )
            for coercion in (0, 1)
            for sent in (0, 1)
        }
        for trial in range(trials):
            body = bodies[self._answers(trial)]
            yield (trial, self._judge, body, codec.digest("evidence", f"{trial}.{judge}", body))


def _places(number: int) -> str:
    return ", ".join("?" * number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
