"""How long, and in how much memory, a big run becomes tables and a bundle: `python -m tests.bench.tables [TRIALS]`.

The run is that of `big_run.py`. Each export is a process of its own; exit code 1 when one needs more than 512 MiB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.big_run import write_run

MOST_MIB = 512


def main(words: list[str]) -> int:
    """Measure each export and print it; 1 when one needs too much memory."""
    trials, missed = int(words[0]) if words else 100_000, False
    with tempfile.TemporaryDirectory(prefix="am-studio-tables-") as directory:
        run = write_run(Path(directory), trials)
        for name, arguments in {
            "csv": ["--csv", f"{directory}/csv"],
            "jsonl": ["--jsonl", f"{directory}/jsonl"],
            "parquet": ["--parquet", f"{directory}/parquet"],
        }.items():
            began = time.perf_counter()
            ran = subprocess.run(
                [sys.executable, "-m", "tests.bench.tables", "--child", str(run), *arguments],
                check=False,
                capture_output=True,
                text=True,
            )
            mib = float(ran.stdout.split()[-1])
            missed |= mib > MOST_MIB or ran.returncode != 0
            print(f"{name:8} {trials:,} trials: {time.perf_counter() - began:6.1f} s, {mib:,.0f} MiB at most")
    return int(missed)


def child(words: list[str]) -> int:
    """One export, and the most memory that it had."""
    from am_studio.cli.main import main as command

    code = command(["export", *words])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return code


if __name__ == "__main__":
    sys.exit(child(sys.argv[2:]) if sys.argv[1:2] == ["--child"] else main(sys.argv[1:]))
