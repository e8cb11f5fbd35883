"""The engine over HTTP, side by side with bare client loops and with Inspect on the same work: `python -m tests.bench.engine`.

Every figure is a median over rounds in which all are measured in turn, against one loopback server that answers at once.
Ratios are what counts; the goal of each stands beside it. Nothing fails here: a busy machine is no bug. Inspect has an
environment of its own (`make bench` sets it up), for its pins and ours conflict; without it its rows are left out.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.drivers import prompt

INSPECT = Path(".venv-inspect/bin/python")
TASK = Path(__file__).with_name("peers") / "inspect_task.py"
ROUNDS = 5
AGAINST_INSPECT = 3
"""Rounds with Inspect, whose long evaluation takes most of a minute."""
FEW, MANY = 60, 1000
"""Samples of Inspect's two evaluations: their difference leaves its start-up out. Ours have as many as the longer one, for
memory is what so many took at their peak, on both sides."""
SLOW_SECONDS = 12.0

Measured = dict[str, Any]


@contextmanager
def server(*words: str) -> Iterator[str]:
    """The benchmarks' server, by its base URL."""
    command = [sys.executable, "-m", "tests.bench.chat_server", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()  # type: ignore[union-attr]
    finally:
        process.kill()
        process.wait()


def measure(*words: str) -> Measured:
    """What one process of `drivers.py` says."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.drivers", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def tell(name: str, figure: str, goal: str = "") -> None:
    """One line."""
    print(f"{name:<46} {figure}" + (f"   [{goal}]" if goal else ""), flush=True)


def rates(kinds: dict[str, list[str]], number: int) -> dict[str, float]:
    """Calls or trials a second of each kind: the median of rounds in which all take their turn."""
    found: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, words in kinds.items():
            found[name].append(number / measure(*words, "--number", str(number))["seconds"])
    return {name: statistics.median(values) for name, values in found.items()}


def against_bare_loops() -> None:
    """One subject call a trial, beside the same calls without an engine."""
    with server() as url:
        for at_once in (32, 256):
            common = ["--url", url, "--at-once", str(at_once)]
            found = rates(
                {"litellm": ["litellm", *common], "engine": ["engine", *common]}, number=600
            ) | rates(
                {"sdk": ["sdk", *common], "direct": ["engine", "--client", "direct", *common]}, number=1500
            )  # fmt: skip
            tell(f"at {at_once}: bare litellm.acompletion", f"{found['litellm']:7.0f} calls/s")
            ratio = found["engine"] / found["litellm"]
            tell("  engine over litellm", f"{found['engine']:7.0f} trials/s  {ratio:5.2f} x", ">= .85")
            tell(f"at {at_once}: bare openai SDK", f"{found['sdk']:7.0f} calls/s")
            ratio = found["direct"] / found["sdk"]
            tell("  engine over the direct client", f"{found['direct']:7.0f} trials/s  {ratio:5.2f} x", ">= .8")


def against_inspect() -> None:
    """One subject and one judge call a trial."""
    if not INSPECT.exists():
        tell("Inspect", f"left out: there is no {INSPECT} (make bench makes it)")
        return
    ours = {
        "openai/ through litellm": (["--model", "openai/bench-model"], ">= 3.3"),
        "hosted_vllm/ through litellm": (["--model", "hosted_vllm/bench-model"], ">= 5"),
        "direct": (["--model", "openai/bench-model", "--client", "direct"], ">= 8"),
    }
    found: dict[str, list[Measured]] = {name: [] for name in ours}
    theirs: list[float] = []
    memory: list[float] = []
    with server() as url, tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "prompt.json"
        file.write_text(json.dumps([[message["role"], message["content"]] for message in prompt()]))
        for _ in range(AGAINST_INSPECT):
            few, many = (inspect(file, url, number) for number in (FEW, MANY))
            theirs.append((MANY - FEW) / (many["seconds"] - few["seconds"]))
            memory.append(many["mebibytes"])
            for name, (words, _) in ours.items():
                found[name].append(measure("engine", "--judge", "--url", url, "--number", str(MANY), *words))
    rate = statistics.median(theirs)
    tell("Inspect, start-up left out", f"{rate:7.1f} samples/s  {statistics.median(memory):5.0f} MiB at {MANY}")
    for name, (_, goal) in ours.items():
        own = statistics.median(MANY / one["seconds"] for one in found[name])
        mebibytes = statistics.median(one["mebibytes"] for one in found[name])
        tell(f"  {name}", f"{own:7.1f} trials/s   {own / rate:5.1f} x  {mebibytes:5.0f} MiB at {MANY}", goal)


def inspect(file: Path, url: str, samples: int) -> Measured:
    """What Inspect takes for so many samples."""
    command = [str(INSPECT), str(TASK), str(file), url, str(samples), "32"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Inspect: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def waiting() -> None:
    """What 500 requests cost that all wait for a slow server."""
    with server(str(SLOW_SECONDS)) as url:
        for client in ("litellm", "direct"):
            words = [
                "--url",
                url,
                "--number",
                "500",
                "--at-once",
                "500",
                "--slow",
                str(SLOW_SECONDS),
                "--client",
                client,
            ]
            found = measure("idle", *words)
            tell(f"waiting on 500 requests, {client}", f"{found['seconds']:7.1%} of a core", "< 5 %")


if __name__ == "__main__":
    against_bare_loops()
    against_inspect()
    waiting()
