"""Reads a file of a scenario's pack that is no part of any scenario, such as the prompt of a judge. Named without a path."""

from __future__ import annotations

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import read_text
from am_studio.scenarios.scenario import Scenario

LARGEST = 256 * 1024
"""Bytes."""


def pack_file(scenario: Scenario, name: str) -> str:
    """The text of this file beside the scenario's own, or else in its pack, or else where it extends; StudioError when there is none."""
    here = scenario.directory.resolve()
    for own in (here, *(base.resolve() for base in scenario.parts.origins.bases.values())):
        for directory in (own, own.parent):
            path = (directory / name).resolve()
            if path.is_relative_to(own.parent) and path.is_file():
                return read_text(path, LARGEST)
    raise StudioError(
        f"there is no file '{name}' in {scenario.ref} or its pack", hint=f"looked in {here} and {here.parent}"
    )
