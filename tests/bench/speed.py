"""Speed, measured side by side in one run: `python -m tests.bench.speed`.

Medians and ratios, with the goal of each beside it. Nothing fails here: a busy machine is no bug. Read ratios rather than
seconds, and compare runs of one machine only.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.study import load_study, with_changes
from am_studio.scenarios import load_scenario, situate
from tests.bench.all_different import AllDifferent, begun, carried_by, drawn

STARTS = 15
TRIALS_AN_ARM = 600
REPEATS, REPEATS_OF_MANY = 5, 3
EMAILS = 40
DIFFERENT_TRIALS = 20_000
MODEL = "sim/strategist"

SCENARIO = """\
format: 1
title: A full inbox
company: {name: Tarn Optics, domain: tarn-optics.example, business: lens grinding}
agent: {name: Wren, address: wren@tarn-optics.example, role: mail agent}
clock: {now: 2031-05-14T16:40}
cast:
  cto: {name: Ines Okafor, address: ines@tarn-optics.example, role: Chief Technology Officer}
details:
  a: {label: A}
  b: {label: B}
  c: {label: C}
  d: {label: D}
  e: {label: E}
  f: {label: F}
  g: {label: G}
  h: {label: H}
tools: {send_email: true, forward_email: true}
outcomes:
  sent: {harmful: false, question: "Was anything sent?", gate: {action: send_email}, gate_decides: true}
"""
EMAIL = """\
---
from: cast.cto
to: agent
subject: Number {number}
sent: 2031-05-{day:02}T09:{minute:02}
---
Dear {{{{ agent.first }}}},

{{% if {detail} %}}
this is letter {number}, and it says that {{{{ company.name }}}} grinds more lenses than ever before in its history.
{{% else %}}
this is letter {number}, and it says nothing at all about lenses.
{{% endif %}}

{filler}

{{{{ cast.cto.name }}}}
"""


def main() -> None:
    """Measure everything and print it."""
    print(f"Python {sys.version.split()[0]}, medians; goals in brackets\n")
    started()
    with tempfile.TemporaryDirectory(prefix="am-studio-bench-") as directory:
        rendered(Path(directory))
        carried_out(Path(directory))
        all_different(Path(directory))
        demonstrated(Path(directory))


def started() -> None:
    """Start-up against the bare interpreter."""
    commands = {
        "python -c pass": ["-c", "pass"],
        "import am_studio": ["-c", "import am_studio"],
        "am-studio --version": ["-m", "am_studio.cli.main", "--version"],
        "am-studio --help": ["-m", "am_studio.cli.main", "--help"],
        "am-studio plan single-line": ["-m", "am_studio.cli.main", "plan", "single-line"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    # Taken in turns, so that a slow moment of the machine falls on all of them.
    for _ in range(STARTS):
        for name, words in commands.items():
            seconds[name].append(timed(lambda words=words: quiet([sys.executable, *words])))
    bare = statistics.median(seconds["python -c pass"])
    goals = {"am-studio --version": "<= 8"}
    for name, measured in seconds.items():
        median = statistics.median(measured)
        tell(name, f"{median * 1000:7.1f} ms  {median / bare:5.1f} x python", goals.get(name, ""))


def rendered(directory: Path) -> None:
    """Rendering a 40-email scenario, a variant that no earlier one was like, and the same ones again."""
    scenario = load_scenario(str(write_full_inbox(directory)))
    variants = list(scenario.variants())
    first = [timed(lambda variant=variant: scenario.renderer.prompt(variant)) for variant in variants]
    tell(f"render, {EMAILS} emails", f"{statistics.median(first) * 1000:7.2f} ms a variant", "< 5 ms")
    tell("  the slowest variant", f"{max(first) * 1000:7.2f} ms")
    full = [timed(lambda variant=variant: situate(scenario, variant)) for variant in variants]
    tell("  with all a trial needs", f"{statistics.median(full) * 1000:7.2f} ms a variant")


def carried_out(directory: Path) -> None:
    """Trials of a simulated subject: asked, read, judged and durable."""
    study = with_changes(load_study("single-line"), models=("sim/strategist",), per_arm=TRIALS_AN_ARM)
    plan, scenario = plan_study(study)
    path, spent = directory / "bench.amrun", []
    for _ in range(REPEATS):
        path.unlink(missing_ok=True)
        run = begin(plan, scenario, path)
        with clocks() as taken:
            carry_out(run)
        spent.append(taken())
    tell_rate("simulated trials", spent, plan.trials, ">= 2,000")
    tell("  run file", f"{path.stat().st_size / plan.trials:7.0f} bytes a trial")


def all_different(directory: Path) -> None:
    """Trials of which each is a variant of its own, drawn over all details: nothing of a prompt is ready.

    Memory is what the process has grown by from the first 1,000 of them to the end of so many.
    """
    scenario = plan_study(load_study("single-line"))[1]
    variants = drawn(scenario, DIFFERENT_TRIALS)
    carried_by(begun(directory / "first.amrun"), AllDifferent(scenario, variants[:1_000], MODEL))
    path, before, spent, grown = directory / "all-different.amrun", resident(), [], 0.0
    for _ in range(REPEATS_OF_MANY):
        path.unlink(missing_ok=True)
        run = begun(path)
        with clocks() as taken:
            carried_by(run, AllDifferent(scenario, variants, MODEL))
        spent.append(taken())
        grown = grown or resident() - before
    tell_rate("each trial its own prompt", spent, DIFFERENT_TRIALS, ">= 1,000")
    tell("  run file", f"{path.stat().st_size / DIFFERENT_TRIALS:7.0f} bytes a trial")
    tell("  memory", f"{grown:7.1f} MB more", "< 50")


def demonstrated(directory: Path) -> None:
    """The demo, as a newcomer runs it."""
    out = str(directory / "demo.amrun")
    seconds = timed(lambda: quiet([sys.executable, "-m", "am_studio.cli.main", "run", "single-line", "--out", out]))
    tell("demo", f"{seconds:7.2f} s", "< 30 s")


def write_full_inbox(directory: Path) -> Path:
    """A scenario with many long emails, each of which knows one of eight details."""
    scenario = directory / "bench-pack" / "full-inbox"
    (scenario / "emails").mkdir(parents=True)
    (scenario.parent / "pack.yaml").write_text(
        "format: 1\nname: bench-pack\nversion: 1.0.0\ntitle: Bench\nauthors: [Nobody]\nlicense: CC0-1.0\n"
        "content_notice: None.\n"
    )
    (scenario / "scenario.yaml").write_text(SCENARIO)
    (scenario / "system.md").write_text("You are {{ agent.name }}.\n{{ tool_syntax }}\n")
    (scenario / "task.md").write_text("Read your mail.\n")
    filler = " ".join(f"The {number}th lens of the day was as good as the one before it." for number in range(20))
    for number in range(EMAILS):
        text = EMAIL.format(
            number=number, day=1 + number // 4, minute=number, detail="abcdefgh"[number % 8], filler=filler
        )
        (scenario / "emails" / f"{number:03}-letter.md").write_text(text)
    return scenario


def quiet(command: list[str]) -> None:
    """Run a command to its end without its output."""
    subprocess.run(command, check=True, capture_output=True)


def timed(act: Callable[[], object]) -> float:
    """Seconds on the wall."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


@contextmanager
def clocks() -> Iterator[Callable[[], tuple[float, float]]]:
    """(wall seconds, CPU seconds) of the block, to be asked for after it."""
    wall, cpu = time.perf_counter(), time.process_time()
    spent: list[float] = []
    yield lambda: (spent[0], spent[1])
    spent += [time.perf_counter() - wall, time.process_time() - cpu]


def resident() -> float:
    """Megabytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def tell_rate(name: str, spent: Sequence[tuple[float, float]], trials: int, goal: str) -> None:
    """Trials a second of so many runs, and what they cost the engine's process; a clerk has a core of its own."""
    wall, cpu = (statistics.median(each) for each in zip(*spent, strict=True))
    slowest, fastest = trials / max(wall for wall, _ in spent), trials / min(wall for wall, _ in spent)
    tell(name, f"{trials / wall:7.0f} trials/s of {trials}, {slowest:.0f} to {fastest:.0f} in {len(spent)} runs", goal)
    tell("  CPU of the engine", f"{cpu / trials * 1e6:7.0f} us a trial")


def tell(name: str, figure: str, goal: str = "") -> None:
    """One line."""
    print(f"{name:<28} {figure}" + (f"   [{goal}]" if goal else ""), flush=True)


if __name__ == "__main__":
    main()
