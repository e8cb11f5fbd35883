"""Finds the designs: every module of this package that binds `DESIGN`. Opens one for a study; knows none by name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from am_studio import designs
from am_studio.designs.base import Design, NamesScenarios, OpenDesign
from am_studio.designs.nuisance import drawing_nuisance
from am_studio.designs.sequential import looked_at
from am_studio.foundation.errors import StudioError, nearest
from am_studio.records import Study

if TYPE_CHECKING:
    from am_studio.scenarios import Scenario


@cache
def known_designs() -> dict[str, type[Design]]:
    """Every design by its kind, in alphabetical order."""
    found: dict[str, type[Design]] = {}
    for module in pkgutil.iter_modules(designs.__path__):
        design = getattr(importlib.import_module(f"{designs.__name__}.{module.name}"), "DESIGN", None)
        if design is not None:
            found[design.kind] = design
    return dict(sorted(found.items()))


@cache
def not_for_studies() -> dict[str, type[Design]]:
    """Designs that no study file may ask for, by their kind: of trials that were generated elsewhere, or are to be."""
    from am_studio.designs.imported import ImportedTrials
    from am_studio.designs.one_arm import OneArm

    return {ImportedTrials.kind: ImportedTrials, OneArm.kind: OneArm}


def _design(kind: str) -> type[Design] | None:
    """The design of this kind, without loading the others where its module is called as it is."""
    name = kind.replace("-", "_")
    if any(module.name == name for module in pkgutil.iter_modules(designs.__path__)):
        design: type[Design] | None = getattr(importlib.import_module(f"{designs.__name__}.{name}"), "DESIGN", None)
        if design is not None and design.kind == kind:
            return design
    return known_designs().get(kind)


def open_design(study: Study, scenario: Scenario) -> OpenDesign:
    """The design that the study asks for, ready to name trials, up to the next look where the study may stop early.

    Each trial draws the study's nuisance factors.

    StudioError when `design.kind` is missing or unknown (with the nearest spelling), or when the design refuses the
    study.
    """
    kind = study.design.get("kind")
    if kind is None:
        raise StudioError("The study names no design", hint=f"add `design: {{kind: {next(iter(known_designs()))}}}`")
    design = _design(str(kind)) or not_for_studies().get(str(kind))
    if design is None:
        raise StudioError(f"There is no design called '{kind}'", hint=nearest(str(kind), known_designs()))
    opened = drawing_nuisance(design, study, scenario)
    return opened if study.stopping is None else looked_at(opened, study)


def other_scenarios(study: Study) -> tuple[str, ...]:
    """The scenarios that the study's design sets beside its own, as the study writes them.

    `open_design` wants them loaded, as `Scenario.beside`.
    """
    design = _design(str(study.design.get("kind", "")))
    return design.other_scenarios(study) if isinstance(design, NamesScenarios) else ()
