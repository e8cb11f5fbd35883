"""Carries out one command of the program as a process of its own, and tells what it said. No Textual here.

The studio so does exactly what a person would have typed, and what a stranger's file makes of a reader stays out of the
studio's process. No shell; nobody is asked anything: there is no terminal. Meant for a thread.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from am_studio.foundation.errors import StudioError
from am_studio.foundation.plainly import VARIABLE, plainly

# -P: a module that lies in the working directory, perhaps a stranger's, is never imported in place of the real one.
_COMMAND = (sys.executable, "-P", "-m", "am_studio.cli.main")
_LINE = "76"
_SOON = 0.05
_MOST_SAID = 64_000
"""Bytes of what a command says that are kept: the last ones."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a command."""

    code: int
    """Of its exit; 0: it did what it should."""
    result: str
    """What it wrote to stdout: the path that it made."""
    told: str
    """What it said to people."""


def carry_out(arguments: Sequence[str], given_up: Callable[[], bool] = lambda: False) -> Said | None:
    """Carry out `am-studio ARGUMENTS`; None when it was given up and ended. StudioError when it cannot be started."""
    environment = {
        **os.environ,
        VARIABLE: "1" if plainly() else "",
        "COLUMNS": _LINE,
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(  # noqa: S603 -- our own program, no shell
                (*_COMMAND, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise StudioError("the command cannot be started", error.strerror or str(error)) from error
        try:
            while process.poll() is None:
                if given_up():
                    return None
                time.sleep(_SOON)
        finally:
            if process.poll() is None:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                process.kill()
                process.wait()
        return Said(process.returncode, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    length = file.seek(0, os.SEEK_END)
    file.seek(max(length - _MOST_SAID, 0))
    return file.read().decode("utf-8", "replace").strip()
