"""Finding packs and scenarios by reference or path, and loading them once."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from am_studio.foundation.errors import FileProblems, Place, Problem
from am_studio.foundation.yamlfile import load_as, read_yaml
from am_studio.scenarios.checking import check_draft
from am_studio.scenarios.evaluation import World
from am_studio.scenarios.finding import all_references, find_scenario, packs, reference_of, scenarios_of
from am_studio.scenarios.forms import PackForm
from am_studio.scenarios.loading import Draft, read_draft
from am_studio.scenarios.overlay_base import extends_of
from am_studio.scenarios.rendering import Renderer
from am_studio.scenarios.scenario import Scenario

__all__ = [
    "all_references", "check_pack", "check_scenario", "find_scenario", "load_scenario", "packs", "reference_of",
    "scenario_of", "scenarios_of",
]  # fmt: skip


def load_scenario(reference: str | Path, beside: Path | None = None) -> Scenario:
    """The scenario of a reference or path.

    Raises StudioError when there is none, FileProblems with every error when it cannot be used.
    """
    directory = find_scenario(reference, beside).resolve()
    return _load(directory, _stamp(directory))


def scenario_of(draft: Draft, *, reach: bool = True) -> Scenario:
    """The scenario of a draft; FileProblems with every error when it has any. `reach` as in `check_draft`."""
    errors = [problem for problem in check_draft(draft, reach=reach) if problem.severity == "error"]
    if errors or draft.parts is None or draft.front is None:
        raise FileProblems(errors)
    world = World(draft.parts)
    reference = reference_of(draft.directory)
    return Scenario(reference, draft.directory, draft.hash, draft.front, world, Renderer(world))


@lru_cache(maxsize=64)
def _load(directory: Path, stamp: tuple[tuple[str, int, int], ...]) -> Scenario:
    return scenario_of(read_draft(directory))


def _stamp(directory: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a file of the scenario changes, or one of a scenario that it extends."""
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(_files(directory)))


def _files(directory: Path) -> list[Path]:
    if extends_of(directory):
        from am_studio.scenarios.overlays import files_of

        return list(files_of(directory))
    return [*directory.glob("*.yaml"), *directory.glob("*.md"), *directory.glob("emails/*.md")]


def check_scenario(directory: Path) -> list[Problem]:
    """Every problem of the scenario in this directory, files named relative to it; those of a base by their whole path."""
    draft = read_draft(directory)
    return [replace(problem, place=draft.origins.on_disk(problem.place)) for problem in check_draft(draft)]


def check_pack(directory: Path) -> list[Problem]:
    """Every problem of a pack: of pack.yaml, and of each scenario."""
    problems: list[Problem] = []
    try:
        form = load_as(PackForm, read_yaml(directory / "pack.yaml", "pack.yaml"))
        if form.name != directory.resolve().name:
            hint = f"rename the directory or write 'name: {directory.resolve().name}'"
            problems.append(Problem(Place("pack.yaml", 1, 1), f"the pack is named '{form.name}'", hint))
    except FileProblems as error:
        problems += error.problems
    found = scenarios_of(directory)
    if not found:
        problems.append(Problem(Place("pack.yaml"), "the pack has no scenario", "add a directory with a scenario.yaml"))
    for path in found:
        for problem in check_scenario(path):
            inside = not Path(problem.place.file).is_absolute()
            place = replace(problem.place, file=f"{path.name}/{problem.place.file}") if inside else problem.place
            problems.append(replace(problem, place=place))
    return problems
