"""How a long job says where it is and is stopped: now and then it calls one function, which may raise `GivenUp`."""

from __future__ import annotations

from collections.abc import Callable

Step = Callable[[str], None]
"""Takes what is being done, in a few words. What it raises ends the job, which leaves nothing behind."""


class GivenUp(Exception):
    """Whoever asked does not want it any more."""


def silent(_: str) -> None:
    """For those who wait without looking."""
