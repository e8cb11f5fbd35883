"""Where things lie: the scenario library, the studies, the runs.

A library that stands in the working directory comes first, then the user's own, then the one that came with the program.
"""

from __future__ import annotations

import os
from pathlib import Path

SETTINGS_VARIABLE = "AM_STUDIO_CONFIG"
"""Environment variable that names another settings file."""
_PACKAGE = Path(__file__).resolve().parent.parent


def _bundled(name: str) -> Path:
    """The directory inside an installed wheel, or beside the package in a checkout."""
    installed = _PACKAGE / "_bundled" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def user_directory() -> Path:
    """The user's own data directory, where installed packs live."""
    import platformdirs

    return Path(platformdirs.user_data_dir("am-studio", appauthor=False))


def state_directory() -> Path:
    """Where the program keeps what it remembers of its own: drafts, crash reports, where one was."""
    import platformdirs

    return Path(platformdirs.user_state_dir("am-studio", appauthor=False))


def installed_packs() -> Path:
    """Where packs lie that were installed from somewhere else."""
    return user_directory() / "packs"


def bundled_library() -> Path:
    """The packs that came with the program."""
    return _bundled("scenario_library")


def settings_file() -> Path:
    """The user's own settings file, which need not be there; never one of the working directory unless it is named."""
    named = os.environ.get(SETTINGS_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_config_dir("am-studio", appauthor=False)) / "config.yaml"


def library_roots() -> tuple[Path, ...]:
    """Directories that hold packs, first match first."""
    return _existing(Path.cwd() / "scenario_library", installed_packs(), _bundled("scenario_library"))


def came_with_program(directory: Path) -> bool:
    """Whether this lies in the library that came with the program, and not in a checkout one works in."""
    place = directory.resolve()
    return place.is_relative_to(_bundled("scenario_library")) and not place.is_relative_to(Path.cwd())


def ablations_roots() -> tuple[Path, ...]:
    """Directories that hold studies, first match first."""
    return _existing(Path.cwd() / "ablations", _bundled("ablations"))


def runs_directory() -> Path:
    """Where run files go unless told otherwise: `runs/` in the working directory."""
    return Path.cwd() / "runs"


def shown_path(path: Path) -> str:
    """How a path is told to people: relative to the working directory where it lies under it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _existing(*candidates: Path) -> tuple[Path, ...]:
    seen: dict[Path, None] = {}
    for candidate in candidates:
        if candidate.is_dir():
            seen.setdefault(candidate.resolve())
    return tuple(seen)
