"""A longer job in a thread: it tells its steps and what it came to, and ends at its next step when nobody waits any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump
from textual.worker import get_current_worker

from am_studio.foundation.errors import StudioError
from am_studio.scenarios.sharing.steps import GivenUp, Step


@dataclass
class Stepped(Message):
    """The job has come to something else."""

    doing: str


@dataclass
class Done(Message):
    """It has ended well."""

    result: Any


@dataclass
class Failed(Message):
    """It has not."""

    error: StudioError


def carry_out(job: Callable[[Step], object], told: MessagePump) -> None:
    """Do it, in a thread worker; `told` gets the messages above, and none after the worker was cancelled."""
    worker = get_current_worker()

    def step(doing: str) -> None:
        if worker.is_cancelled:
            raise GivenUp
        told.post_message(Stepped(doing))

    message: Message
    try:
        message = Done(job(step))
    except GivenUp:
        return
    except StudioError as error:
        message = Failed(error)
    except OSError as error:
        message = Failed(StudioError("it could not be done", str(error)))
    if not worker.is_cancelled:
        told.post_message(message)
