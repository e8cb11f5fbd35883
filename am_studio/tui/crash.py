"""A report of a crash in plain text: what happened where, without local variables and without keys, for its owner alone."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.hygiene import visible
from am_studio.foundation.locations import state_directory
from am_studio.version import __version__

MOST_REPORTS = 20
"""Older ones are removed."""


def write_report(trace: str, screens: Sequence[str]) -> Path | None:
    """The file with the report; None when it cannot be written: what is on the terminal has to do then."""
    from am_studio.models.keys import without_keys

    told = [
        f"AM Studio {__version__} ended by an error of its own.",
        f"Python {platform.python_version()} on {platform.system()}, terminal {os.environ.get('TERM', 'unknown')}",
        f"screens: {' > '.join(screens)}",
        f"at {time.strftime('%Y-%m-%d %H:%M:%S')}",
        "",
        trace,
    ]
    directory = state_directory() / "crashes"
    path = directory / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    with suppress(OSError, StudioError):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomic(path, visible(without_keys("\n".join(told))).encode("utf-8", "replace"))
        path.chmod(0o600)
        for old in sorted(directory.glob("*.txt"))[:-MOST_REPORTS]:
            old.unlink(missing_ok=True)
        return path
    print("am-studio: no crash report could be written", file=sys.stderr)
    return None
