"""Simulated subjects: a documented behavioural model that reads the rendered prompt and nothing else.

Made for trying the program out, for tests that know the true effects, and for proving the estimators. It is no evidence
about any real model. The tables are `cues.yaml`, `subjects.yaml` and `wordings.yaml` beside this file. What answers loads
when it is asked for: a plan needs the subjects' names alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from am_studio.models.simulated.client import SimulatedClient
    from am_studio.models.simulated.explanation import NO_CUE, Explanation, PartReading, explain

__all__ = ["NO_CUE", "Explanation", "PartReading", "SimulatedClient", "explain"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from am_studio.models.simulated import client, explanation

    return getattr(client if name == "SimulatedClient" else explanation, name)
