"""Finding packs and scenarios by reference or path, and loading them once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from am_studio.foundation.errors import FileProblems, Place, Problem, StudioError, nearest
from am_studio.foundation.locations import library_roots
from am_studio.foundation.yamlfile import load_as, read_yaml
from am_studio.scenarios.checking import check_draft
from am_studio.scenarios.evaluation import World
from am_studio.scenarios.forms import PackForm
from am_studio.scenarios.loading import Draft, read_draft
from am_studio.scenarios.rendering import Renderer
from am_studio.scenarios.scenario import Scenario


def packs() -> Iterator[Path]:
    """The directories of every pack in the library, first match first."""
    for root in library_roots():
        for directory in sorted(root.iterdir()):
            if not directory.name.startswith(".") and (directory / "pack.yaml").is_file():
                yield directory


def scenarios_of(pack: Path) -> list[Path]:
    """The directories of a pack's scenarios, by name."""
    return sorted(path.parent for path in pack.glob("*/scenario.yaml"))


def all_references() -> list[str]:
    """Every scenario of the library as `pack/scenario`."""
    return list(dict.fromkeys(f"{pack.name}/{path.name}" for pack in packs() for path in scenarios_of(pack)))


def find_scenario(reference: str | Path, beside: Path | None = None) -> Path:
    """The directory of a scenario: a path (also relative to `beside`), or `pack/scenario` in the library.

    Raises StudioError, with the nearest spelling, when there is none.
    """
    for base in (Path(), *([beside] if beside else [])):
        # The second way leads through directories that do not exist yet, such as that of a study not saved so far.
        for directory in (base / reference, Path(os.path.normpath(base / reference))):
            if (directory / "scenario.yaml").is_file():
                return directory
    for root in library_roots():
        directory = root / reference
        if not Path(reference).is_absolute() and (directory / "scenario.yaml").is_file():
            return directory
    raise StudioError(f"there is no scenario '{reference}'", hint=nearest(str(reference), all_references()))


def reference_of(directory: Path) -> str:
    """How a scenario is called: `pack/scenario`, or its directory's name when it stands in no pack."""
    directory = directory.resolve()
    pack = directory.parent / "pack.yaml"
    return f"{directory.parent.name}/{directory.name}" if pack.is_file() else directory.name


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
    """What changes when a file of the scenario changes."""
    files = [*directory.glob("*.yaml"), *directory.glob("*.md"), *directory.glob("emails/*.md")]
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(files))


def check_scenario(directory: Path) -> list[Problem]:
    """Every problem of the scenario in this directory, files named relative to it."""
    return check_draft(read_draft(directory))


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
            place = Place(f"{path.name}/{problem.place.file}", problem.place.line, problem.place.column)
            problems.append(Problem(place, problem.message, problem.hint, problem.severity))
    return problems
