"""What somebody has seen of the studio: the offer of the tour, the news of a version, the hints they have followed.

One small file for all working directories, changed under a lock. What cannot be read counts as seen, so that a broken
file or a home that cannot be written never has the same offer made at every start.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.locations import state_directory
from am_studio.version import __version__

_LARGEST = 64 * 1024
"""Bytes that are read back."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What has been seen."""

    tour: bool = False
    """The tour was offered."""
    news: str = ""
    """The version whose news were offered last, or that was the first one used."""
    followed: frozenset[str] = field(default_factory=frozenset)
    """Hints that are known by now."""


def seen_file() -> Path:
    """Where it is kept."""
    return state_directory() / "seen.json"


def read_seen() -> Seen | None:
    """What has been seen; None at the first start ever."""
    file = seen_file()
    try:
        if file.stat().st_size > _LARGEST:
            return Seen(tour=True, news=__version__)
        kept = json.loads(file.read_bytes())
        return Seen(kept["tour"] is True, str(kept["news"]), frozenset(map(str, kept["followed"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return Seen(tour=True, news=__version__)


def mark_seen(change: Callable[[Seen], Seen]) -> bool:
    """Change what has been seen, nobody else at the same time; False when it cannot be kept."""
    file = seen_file()
    with suppress(StudioError, OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(file.with_suffix(".lock"), os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            seen = change(read_seen() or Seen())
            told = {"format": 1, "tour": seen.tour, "news": seen.news, "followed": sorted(seen.followed)}
            write_atomic(file, json.dumps(told).encode())
        finally:
            os.close(lock)
        return True
    return False


def mark_followed(hints: frozenset[str]) -> None:
    """These hints are known."""
    mark_seen(lambda seen: replace(seen, followed=seen.followed | hints))


def know_everything(hints: frozenset[str]) -> None:
    """As somebody who has used this version for long: nothing is offered, no hint is given."""
    mark_seen(lambda _: Seen(tour=True, news=__version__, followed=hints))
