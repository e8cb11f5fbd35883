"""Everything that is wrong in a pack or in one scenario of it, and what has changed below its overlays. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.foundation.errors import Problem, StudioError
from am_studio.foundation.locations import library_roots, shown_path
from am_studio.scenarios.finding import find_scenario, scenarios_of
from am_studio.scenarios.loading import read_texts
from am_studio.scenarios.overlay_base import extends_of
from am_studio.scenarios.publishing import publishing_problems
from am_studio.scenarios.references import check_pack

if TYPE_CHECKING:
    from am_studio.scenarios.overlay_pieces import Conflict


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found."""

    problems: tuple[Problem, ...]
    """Sorted; files are named as people are told of them."""
    conflicts: Mapping[Path, tuple[Conflict, ...]]
    """By the directories of overlays: what their bases have changed since; overlays without any are not in it."""

    @property
    def errors(self) -> int:
        """How many of the problems are errors."""
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def summary(self) -> str:
        """`1 error, 2 warnings`."""
        errors, warnings = self.errors, len(self.problems) - self.errors
        return f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"


def pack_named(given: Path) -> tuple[Path, Path | None]:
    """The pack that a path or a name means, and the one scenario of it when that was named; StudioError when there is none."""
    if (given / "pack.yaml").is_file():
        return given, None
    if given.name == "pack.yaml" and given.is_file():
        return given.parent, None
    if not given.exists():
        for root in library_roots():
            if (root / given / "pack.yaml").is_file():
                return root / given, None
        given = find_scenario(str(given))
    if (given / "scenario.yaml").is_file():
        directory = given.resolve()
        if (directory.parent / "pack.yaml").is_file():
            return directory.parent, directory
    raise StudioError(
        f"there is no pack in {given}", hint="a pack has a pack.yaml; 'am-studio pack new NAME' makes one"
    )


def checked(pack: Path, only: Path | None = None, *, publish: bool = False) -> Checked:
    """Check a pack, or one scenario of it; with `publish` also whether the pack may be published."""
    scenarios = [only] if only is not None else scenarios_of(pack)
    conflicts = {directory: found for directory in scenarios if (found := _conflicts(directory))}
    problems = check_pack(pack)
    if only is not None:
        problems = [problem for problem in problems if problem.place.file.startswith((f"{only.name}/", "/"))]
    if publish:
        problems += publishing_problems(pack)
    return Checked(tuple(_under(pack, problem) for problem in sorted(set(problems))), conflicts)


def overlays_of(scenarios: list[Path]) -> list[Path]:
    """Those of these scenarios that extend another one."""
    return [directory for directory in scenarios if extends_of(directory)]


def _conflicts(directory: Path) -> tuple[Conflict, ...]:
    if not extends_of(directory):
        return ()
    from am_studio.scenarios.overlays import resolve

    return resolve(directory, read_texts(directory)[0]).conflicts


def _under(pack: Path, problem: Problem) -> Problem:
    return replace(problem, place=replace(problem.place, file=shown_path(pack / problem.place.file)))
