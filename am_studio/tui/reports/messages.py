"""What the report screen's threads tell it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from am_studio.foundation.errors import StudioError

if TYPE_CHECKING:
    from am_studio.reports.document.blocks import Report


@dataclass
class Built(Message):
    """The report is there."""

    report: Report


@dataclass
class NotBuilt(Message):
    """It cannot be built, for a reason that people can understand."""

    error: StudioError


@dataclass
class PageWritten(Message):
    """It was written as a page."""

    path: Path


@dataclass
class NotWritten(Message):
    """It cannot be written."""

    error: StudioError
