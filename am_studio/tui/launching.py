"""Starts, resumes and stops runs as processes of their own, so that leaving the studio loses nothing.

A run is carried out by the same command that a person would type, in a session of its own, without a shell. Beside the
run file lie `RUN.log` (what the command says) and `RUN.pid` (which process it is). A process is signalled only when its
command line shows that it carries out this very run. No Textual here, and nothing blocks: whoever waits asks again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.locations import runs_directory
from am_studio.runs.lock import is_held
from am_studio.runs.runfile import SUFFIX, RunFile

_MODULE = "am_studio.cli.main"
# -P: a module that lies in the working directory, perhaps a stranger's, is never imported in place of the real one.
_COMMAND = (sys.executable, "-P", "-m", _MODULE)
_LOG_BYTES = 64_000
"""Of a log, at most so much of its end is read."""
_WORDS_LINES = 12
"""Of a failure without a sentence of the program's own, so many of the last lines are told."""
_REFUSED = 2
"""Exit code of a command that could not begin."""


@dataclass(frozen=True, slots=True)
class Launched:
    """A process that was started to carry out a run."""

    run: Path
    """Absolute."""
    pid: int
    log: Path
    log_start: int
    """Where in the log this process begins to write, in bytes."""
    process: subprocess.Popen[bytes] = field(repr=False, compare=False)


_lock = threading.Lock()
_children: dict[Path, Launched] = {}
"""Processes of ours that have not been seen to end: somebody has to take note when they do, or they stay zombies."""


def log_path(run: Path) -> Path:
    """Where the command that carries the run out says what it does."""
    return run.with_name(run.name + ".log")


def pid_path(run: Path) -> Path:
    """Where the number of the process stands that carries the run out."""
    return run.with_name(run.name + ".pid")


def new_run_path(study: str) -> Path:
    """A path that no run has yet, in the runs directory, named after the study and the time."""
    stem = f"{study}-{datetime.now():%Y%m%d-%H%M%S}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, sys.maxsize))
    return next(path for name in names if not (path := runs_directory() / f"{name}{SUFFIX}").exists())


def launch(study_path: Path, run_path: Path) -> Launched:
    """Start carrying out the study in this file; the run file comes into being shortly after: see `begun`.

    Nobody is asked again: the caller has shown the plan and its greatest cost. StudioError when the run exists already
    or its directory cannot be written.
    """
    run = run_path.absolute()
    if run.exists():
        raise StudioError(f"{run} exists already", hint="choose another name, or resume it")
    return _start(run, "run", str(study_path.absolute()), "--yes", "--out", str(run))


def launch_pilot(study_path: Path, run_path: Path) -> Launched:
    """Start a pilot of the study in this file; as `launch`."""
    run = run_path.absolute()
    if run.exists():
        raise StudioError(f"{run} exists already", hint="choose another name, or resume it")
    return _start(run, "plan", str(study_path.absolute()), "--advise", "--yes", "--out", str(run))


def resume(run_path: Path) -> Launched:
    """Start completing a run; StudioError when there is no such run, or a process is at work on it.

    Nobody is asked again: the caller has asked where there was a reason to.
    """
    run = run_path.absolute()
    RunFile.open(run).close()
    if is_running(run):
        raise StudioError(f"{run.name} is being carried out already")
    return _start(run, "resume", str(run), "--yes")


def begun(launched: Launched) -> bool:
    """Whether the run can be opened and is being carried out, or has been; False: not yet, ask again.

    StudioError with the command's own words when it ended without beginning.
    """
    code = launched.process.poll()
    readable = _readable(launched.run)
    if code is None:
        return readable and is_held(launched.run)
    _take_note()
    if not readable or code == _REFUSED:
        raise _failure(launched, code)
    return True


def is_running(run_path: Path) -> bool:
    """Whether a process carries the run out, or has been launched to and is about to."""
    run = run_path.absolute()
    return is_held(run) or _process_of(run) is not None


def stop(run_path: Path) -> None:
    """Have the run send nothing more; what is in flight is stored, and it can be resumed. Again: leave that as well.

    Returns at once: the process ends when it is through. StudioError when nobody carries the run out, or a process that
    was not launched from a studio does.
    """
    run = run_path.absolute()
    pid = _process_of(run)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    elif is_held(run):
        raise StudioError(
            f"{run.name} was not started from a studio",
            "only the terminal that it runs in can stop it",
            "press Ctrl-C there",
        )
    else:
        raise StudioError(f"{run.name} is not running")


def last_words(launched: Launched) -> str:
    """What the process said last: its error when it told one, else its last lines."""
    with suppress(OSError), launched.log.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(launched.log_start, end - _LOG_BYTES))
        lines = log.read().decode("utf-8", "replace").rstrip().splitlines()
        told = [number for number, line in enumerate(lines) if line.startswith("am-studio: ")]
        words = lines[told[-1] :] if told else lines[-_WORDS_LINES:]
        return "\n".join(words).removeprefix("am-studio: ")
    return ""


def _start(run: Path, *words: str) -> Launched:
    log = log_path(run)
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            start = output.tell()
            process = subprocess.Popen(  # noqa: S603 - our own program, with paths as words of their own
                [*_COMMAND, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
            )
        pid_path(run).write_text(f"{process.pid}\n", encoding="ascii")
    except OSError as error:
        raise StudioError(f"{run.name} cannot be started", str(error)) from error
    launched = Launched(run, process.pid, log, start, process)
    with _lock:
        _children[run] = launched
    return launched


def _process_of(run: Path) -> int | None:
    """The process that was launched for this run and still lives; None when there is none."""
    _take_note()
    with _lock:
        own = _children.get(run)
    if own is not None:
        return own.pid
    try:
        pid = int(pid_path(run).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    words = _command_line(pid) if pid > 1 else ()
    return pid if _MODULE in words and str(run) in words else None


def _take_note() -> None:
    """Take note of children that have ended, and remove what says which process they were."""
    with _lock:
        for run, launched in list(_children.items()):
            if launched.process.poll() is not None:
                del _children[run]
                pid_path(run).unlink(missing_ok=True)


def _command_line(pid: int) -> tuple[str, ...]:
    """The words that a process was started with; () when there is no such process."""
    if Path("/proc/self/cmdline").exists():
        try:
            return tuple(os.fsdecode(word) for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
        except OSError:
            return ()
    # Systems without /proc: `ps` joins the words by blanks, so only paths without blanks are recognised.
    asked = subprocess.run(  # noqa: S603
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
    )
    return tuple(os.fsdecode(asked.stdout).split())


def _readable(run: Path) -> bool:
    try:
        RunFile.open(run).close()
    except StudioError:
        return False
    return True


def _failure(launched: Launched, code: int) -> StudioError:
    title, _, rest = last_words(launched).partition("\n")
    if not title:
        return StudioError("the run could not be started", f"its process ended with code {code} and said nothing")
    return StudioError(title, "\n".join(line.strip() for line in rest.splitlines()))
