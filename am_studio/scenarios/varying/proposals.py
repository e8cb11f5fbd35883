"""What a proposal is: files that would have other texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["names", "filler", "paraphrase", "mundane"]
KINDS: tuple[Kind, ...] = ("names", "filler", "paraphrase", "mundane")
MODEL_KINDS: tuple[Kind, ...] = ("paraphrase", "mundane")
"""What takes a model."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that an author may take."""

    kind: Kind
    title: str
    """In a few words, such as `050-stay in other words`."""
    texts: Mapping[str, str]
    """New texts by file, relative to the scenario; files that are not named stay."""
    source: str
    """Where it comes from: `built in`, or a model and the version of the prompt."""
