"""Proves from a trace of system calls that a request's row is on the disk before the request leaves.

`python -m tests.soak.synced` carries out a small run with one request in flight under strace, and fails by exit code
when any request left without the journal having been synced since the one before. Without strace it says so and fails:
a proof that did not run is none.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.loopback import Provider, serving
from tests.soak.kills import COMMAND, STUDY

TRIALS = 40
_SYNC = re.compile(r"\b(?:fsync|fdatasync)\(")
_SEND = re.compile(r"\b(?:sendto|sendmsg|write|writev)\(.*\"POST /v1/chat/completions")


def unsynced(trace: str) -> tuple[int, int]:
    """(requests that left, those before which nothing was synced since the request before)."""
    sent = unproven = 0
    synced = False
    for line in trace.splitlines():
        if _SYNC.search(line):
            synced = True
        elif _SEND.search(line):
            sent += 1
            unproven += not synced
            synced = False
    return sent, unproven


def traced(directory: Path) -> str:
    """What strace saw of a whole run."""
    trace = directory / "trace"
    provider = Provider()
    provider.says({"content": "There is nothing that I need to do here."})
    with serving(provider):
        study = directory / "synced.yaml"
        study.write_text(STUDY.format(url=provider.url, per_arm=TRIALS // 2, baseline=TRIALS // 2))
        calls = "trace=fsync,fdatasync,sendto,sendmsg,write,writev"
        command = ["strace", "-f", "-qq", "-s", "64", "-e", calls, "-o", str(trace), *COMMAND]
        run = ["run", str(study), "--yes", "--concurrency", "1", "--out", str(directory / "synced.amrun")]
        done = subprocess.run([*command, *run], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the run failed: {done.stderr[-2000:]}")
    return trace.read_text(encoding="utf-8", errors="replace")


def main() -> int:
    """Trace a run and say what was found."""
    if shutil.which("strace") is None:
        print("strace is not installed: nothing was proved")
        return 1
    with tempfile.TemporaryDirectory(prefix="am-studio-synced-") as directory:
        sent, unproven = unsynced(traced(Path(directory)))
    print(f"{sent} requests left, {unproven} of them before their row was synced")
    return 0 if sent >= TRIALS and not unproven else 1


if __name__ == "__main__":
    sys.exit(main())
